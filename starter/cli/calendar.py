"""casework calendar: the days the cabinet adds, moves and withdraws, and every open case counted again on them."""

from __future__ import annotations

import getpass
import json
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from casework.standards.counting.calendar_rules import CalendarChange, ChangeKind, Hours, NewChange, is_so_already, minutes_open
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.pack.loader import StandardsLibrary, UnknownStandard
from casework.standards.pack.model import EARLIEST_YEAR, LATEST_YEAR, ServiceStandards
from casework.starter.cli.printing import console, note, table
from casework.starter.cli.recount import ApplyFlag, ByOption, apply_to, look, print_moving
from casework.starter.cli.shared import JsonFlag, connected, run
from casework.starter.errors import InvalidCase
from casework.starter.open_records import open_records
from casework.starter.recounting import Recounting, on_calendar
from casework.starter.services import library_of
from casework.workflows import errors
from casework.workflows.messages.commands import Recount
from casework.workflows.messages.people import Actor

app = typer.Typer(
    help="Holidays added, moved or withdrawn while cases are open. Without --apply nothing is changed: you see what would move.",
    no_args_is_help=True,
    add_completion=False,
)

DateArgument = Annotated[str, typer.Argument(metavar="DATE", help="ISO 8601, such as 2026-10-16.")]
ReasonOption = Annotated[
    str, typer.Option(help="Why, such as the number of the cabinet's resolution. Kept for good; requesters are told the name.")
]
NameOption = Annotated[str, typer.Option(help="What the day is called, in Thai; requesters are told it.")]
EnglishOption = Annotated[str, typer.Option("--name-en", help="The same in English.")]
RegionOption = Annotated[str | None, typer.Option(help="Only centres of this region (calendar.regions of the pack).")]
StandardOption = Annotated[str | None, typer.Option(help="The standard whose calendar it is; else that of new cases.")]


@app.command("add")
def add(
    day: DateArgument,
    name: NameOption,
    reason: ReasonOption,
    name_en: EnglishOption = "",
    region: RegionOption = None,
    hours: Annotated[
        str | None,
        typer.Option(help="Not a holiday but a day open at these hours: 08:30-12:00 (a half-day, a make-up Saturday)."),
    ] = None,
    standard: StandardOption = None,
    by: ByOption = None,
    apply: ApplyFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Add a holiday, or with --hours a day that is open at hours of its own.

    Example: casework calendar add 2026-10-16 --name "วันหยุดราชการกรณีพิเศษ" --reason "มติ ครม. 6 ต.ค. 2569"
    """
    pack = _standard(library_of(None), standard)
    kind = ChangeKind.HOLIDAY if hours is None else ChangeKind.HOURS
    change = _change(pack, day, kind, name, name_en, reason, region, by, _hours(pack, hours))
    _carry_out(pack, [change], by, apply, as_json)


@app.command("remove")
def remove(
    day: DateArgument,
    reason: ReasonOption,
    name: NameOption = "",
    name_en: EnglishOption = "",
    region: RegionOption = None,
    standard: StandardOption = None,
    by: ByOption = None,
    apply: ApplyFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Withdraw a holiday, or take back a day with hours of its own: an ordinary day of the week again.

    Example: casework calendar remove 2026-10-16 --reason "มติ ครม. 13 ต.ค. 2569 ยกเลิก"
    """
    pack = _standard(library_of(None), standard)
    change = _change(pack, day, ChangeKind.WITHDRAWN, name, name_en, reason, region, by, [])
    _carry_out(pack, [change], by, apply, as_json)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(metavar="FILE.ics", help="A calendar of whole-day events, one for each holiday.")],
    reason: ReasonOption,
    region: RegionOption = None,
    standard: StandardOption = None,
    by: ByOption = None,
    apply: ApplyFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Add every holiday of an iCalendar file; a cancelled event withdraws its day. Days that are holidays already stay.

    Example: casework calendar import holidays-2570.ics --reason "มติ ครม. 2 ธ.ค. 2569"
    """
    from casework.starter.holiday_files import read_ics  # its parser takes a tenth of a second to load

    pack = _standard(library_of(None), standard)
    changes = [_change(pack, each.day.isoformat(), each.kind, each.name, "", reason, region, by, []) for each in read_ics(file)]
    _carry_out(pack, changes, by, apply, as_json)


@app.command("recount")
def recount(standard: StandardOption = None, by: ByOption = None, apply: ApplyFlag = False, as_json: JsonFlag = False) -> None:
    """Count every open case again on the calendar of today: finishes a change that was stopped half way, and follows a newer
    list of holidays after an upgrade."""
    _carry_out(_standard(library_of(None), standard), [], by, apply, as_json)


@app.command("list")
def list_days(
    year: Annotated[int | None, typer.Option(help="Which year; else this one.")] = None,
    region: RegionOption = None,
    standard: StandardOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Every holiday of a year and every day with hours of its own, and the changes that were made, by whom and why."""
    pack = _standard(library_of(None), standard)
    _known_region(pack, region)
    centre = next((centre for centre, its in pack.regions.items() if its == region), None)

    async def go() -> list[CalendarChange]:
        async with open_records() as records:
            return [change for change in await records.calendar_changes() if change.standard == pack.id]

    changes = run(go())
    calendar = PackCalculator(pack, centre, changes).calendar
    wanted = year or datetime.now(calendar.zone).year
    if wanted > LATEST_YEAR:
        raise InvalidCase(f"{wanted} looks like a Buddhist year; write {wanted - 543}")
    if wanted < EARLIEST_YEAR:
        raise InvalidCase(f"--year takes {EARLIEST_YEAR} or later")
    days = [date.fromordinal(n) for n in range(date(wanted, 1, 1).toordinal(), date(wanted + 1, 1, 1).toordinal())]
    special = {each.date: each for each in calendar.rules.special_days}
    changed = {change.date: change for change in changes if change.region in (None, region)}
    found = table("date", "", "", "")
    for day in days:
        holiday, own = calendar.holiday(day), special.get(day)
        change = changed.get(day)
        if not (holiday or own or change):
            continue
        what = (
            f"{holiday.th} · {holiday.en}" if holiday else f"open {_spoken(own.hours)}: {own.name_th}" if own else "working day"
        )
        if as_json:
            line = {"date": day.isoformat(), "holiday": holiday.model_dump() if holiday else None}
            line["hours"] = [each.model_dump() for each in own.hours] if own else None  # type: ignore[assignment]
            line["change"] = change.model_dump(mode="json") if change else None
            print(json.dumps(line, ensure_ascii=False))
        else:
            told = f"change {change.revision}" if change else ""
            found.add_row(day.isoformat(), f"{day:%a}", what, told)
    if not as_json:
        console.print(found)
        if changes:
            history = table("change", "date", "", "made by", "at", "reason")
            for each in changes:
                what = f"{each.kind.value} {_spoken(each.hours)} {each.name_th}{f' ({each.region})' if each.region else ''}"
                made_at = f"{each.at.astimezone(calendar.zone):%Y-%m-%d %H:%M}"
                history.add_row(str(each.revision), each.date.isoformat(), what, each.by, made_at, each.reason)
            console.print(history)
        verified = pack.calendar.holidays.verified_through
        note(f"{pack.id}{f', region {region}' if region else ''}; the published list is verified through {verified or '–'}")


def _carry_out(pack: ServiceStandards, changes: Sequence[NewChange], by: str | None, apply: bool, as_json: bool) -> None:
    """Show what a change moves; with --apply, make it and tell the cases."""
    library = library_of(None)

    actor = Actor(id=actor_of(by), role="operator")

    async def go() -> int:
        async with open_records() as records:
            known = await records.calendar_changes()
            wanted = _wanted(pack, changes, known)
            client = await connected()
            proposed = [*known, *_numbered(wanted, known)]
            if apply:
                made = await records.change_calendar(wanted)
                note(f"{len(made)} change(s) of the calendar made" if made else "the calendar itself stays as it is")
                proposed = await records.calendar_changes()
            recounting = Recounting(client, records, pack.id, on_calendar(library, proposed, pack.id))
            moving = await look(recounting)
            print_moving(moving, recounting.seen, as_json)
            if not apply:
                note("nothing was changed; the same command with --apply changes it")
                return 0
            newest = max((change.revision for change in proposed if change.standard == pack.id), default=0)
            return await apply_to(recounting, moving, Recount(actor=actor, revision=newest))

    raise typer.Exit(run(go()))


def _wanted(pack: ServiceStandards, changes: Sequence[NewChange], known: Sequence[CalendarChange]) -> list[NewChange]:
    """The changes that change something, the rest named."""
    wanted = []
    ours = [change for change in known if change.standard == pack.id]
    for change in changes:
        centre = next((centre for centre, region in pack.regions.items() if region == change.region), None)
        calendar = PackCalculator(pack, centre, ours).calendar
        holiday = calendar.holiday(change.date)
        if is_so_already(change, known):
            note(f"{change.date}: this change was made before")
        elif change.kind is ChangeKind.HOLIDAY and holiday and change.region is None:
            note(f"{change.date}: is a holiday already ({holiday.th} · {holiday.en})")
        elif change.kind is ChangeKind.WITHDRAWN and not holiday and change.date not in _special(calendar.rules.special_days):
            raise InvalidCase(f"{change.date} is neither a holiday nor a day with hours of its own; there is nothing to withdraw")
        else:
            if change.kind is ChangeKind.HOLIDAY and not calendar.opens_on(change.date):
                note(f"{change.date}: the office is closed on this day of the week anyway")
            if change.date < datetime.now(calendar.zone).date():
                note(f"{change.date}: lies in the past; due times already told never move into the past")
            if change.kind is ChangeKind.WITHDRAWN and not change.name_th and holiday:
                # What requesters are told is the day, not the remark of whoever withdrew it.
                change = change.model_copy(update={"name_th": f"ยกเลิก{holiday.th}", "name_en": f"{holiday.en} withdrawn"})
            note(f"{change.date}: {change.kind.value} {_spoken(change.hours)} {change.name_th}".rstrip())
            wanted.append(change)
    return wanted


def _special(days: Sequence[object]) -> set[object]:
    return {getattr(day, "date", None) for day in days}


def _numbered(changes: Sequence[NewChange], known: Sequence[CalendarChange]) -> list[CalendarChange]:
    """What the changes will look like once they are made."""
    newest = max((change.revision for change in known), default=0)
    now = datetime.now(UTC)
    return [
        CalendarChange(**change.model_dump(), revision=newest + number, at=now) for number, change in enumerate(changes, start=1)
    ]


def _change(
    pack: ServiceStandards, day: str, kind: ChangeKind, name: str, name_en: str, reason: str, region: str | None,
    by: str | None, hours: list[Hours],
) -> NewChange:  # fmt: skip
    try:
        parsed = date.fromisoformat(day)
    except ValueError as error:
        raise InvalidCase(f"{day} is not a date in ISO 8601, such as 2026-10-16") from error
    if parsed.year > LATEST_YEAR:
        raise InvalidCase(f"{parsed.year} looks like a Buddhist year; write {parsed.year - 543}{day[4:]}")
    if not reason.strip():
        raise InvalidCase("a change of the calendar needs a reason")
    _known_region(pack, region)
    return NewChange(
        standard=pack.id, date=parsed, kind=kind, name_th=name.strip(), name_en=name_en.strip() or name.strip(), hours=hours,
        reason=reason.strip(), region=region, by=actor_of(by),
    )  # fmt: skip


def _known_region(pack: ServiceStandards, region: str | None) -> None:
    known = sorted(set(pack.regions.values()))
    if region is not None and region not in known:
        raise InvalidCase(f"no centre is in the region {region}; {pack.id} has {', '.join(known) or 'no regions'}")


def _hours(pack: ServiceStandards, text: str | None) -> list[Hours]:
    if text is None:
        return []
    try:
        found = [Hours(open=part.strip().partition("-")[0], close=part.strip().partition("-")[2]) for part in text.split(",")]
        if any(each.open == each.close for each in found):
            raise ValueError("a day does not close when it opens")
        if not minutes_open(found, pack.calendar.breaks):
            raise ValueError("the breaks leave nothing of these hours")
    except ValidationError as error:
        wrong = "; ".join(errors.problems(error))
        raise InvalidCase(f"--hours takes 08:30-12:00 or 08:30-12:00,13:00-16:30: {wrong}") from None
    except ValueError as error:
        raise InvalidCase(f"--hours {text}: {error}") from None
    return found


def _spoken(hours: Sequence[Hours]) -> str:
    return ", ".join(f"{each.open}-{each.close}" for each in hours)


def _standard(library: StandardsLibrary, standard: str | None) -> ServiceStandards:
    try:
        return library.current(standard)
    except UnknownStandard as error:
        raise InvalidCase(str(error)) from error


def actor_of(by: str | None) -> str:
    """Who makes the change: the id given, or whoever is logged in. Raises InvalidCase for what is no id."""
    if by is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", by):
        raise InvalidCase("--by takes an id such as somying or DOEB.0042, not a person's name")
    return by or re.sub(r"^[^A-Za-z0-9]+|[^A-Za-z0-9_.-]", "", getpass.getuser())[:64] or "operator"
