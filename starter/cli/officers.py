"""casework officers."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic import TypeAdapter, ValidationError

from casework.adapters.postgres.tickets import NewDuty, PostgresTickets
from casework.standards.pack.model import LATEST_YEAR, ServiceStandards
from casework.starter.cli.printing import console, note, table
from casework.starter.cli.shared import JsonFlag, actor_said, run
from casework.starter.errors import InvalidCase, NotFound
from casework.starter.open_records import open_records
from casework.starter.services import library_of
from casework.workflows.messages.fields import Code, Email, Line
from casework.workflows.queue.roster import shifts

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS = re.compile(r"(?P<begins>(?:[01]\d|2[0-3]):[0-5]\d)-(?P<ends>(?:[01]\d|2[0-3]):[0-5]\d|24:00)")

app = typer.Typer(
    help="Who answers for matters: names on notices, and who stands in.", no_args_is_help=True, add_completion=False
)
OfficerArgument = Annotated[str, typer.Argument(metavar="ID", help="The officer's id, as commands give it.")]


@app.command("list")
def list_officers(as_json: JsonFlag = False) -> None:
    """List the officers that the records know."""

    async def go() -> None:
        async with open_records() as records:
            known = await records.officers()
        if as_json:
            for row in known:
                print(TypeAdapter(dict).dump_json(row).decode())
            return
        found = table("id", "name", "position", "e-mail", "away", "stand-in")
        for row in known:
            away = f"{row['away_from']} – {row['away_until']}" if row["away_from"] else "–"
            found.add_row(
                row["officer_id"], row["name"], row["position"] or "–", row["email"] or "–", away, row["stand_in"] or "–"
            )
        console.print(found)

    run(go())


@app.command("set")
def set_officer(
    officer: OfficerArgument,
    name: Annotated[str, typer.Option(help="As requesters read it.")],
    position: Annotated[str | None, typer.Option(help="As it stands under a letter.")] = None,
    email: Annotated[str | None, typer.Option(help="Where warnings go.")] = None,
) -> None:
    """Enter an officer, or correct what is known of one."""
    for what, kind, value in (
        ("ID", Code, officer),
        ("--name", Line, name),
        ("--position", Line, position),
        ("--email", Email, email),
    ):
        try:
            TypeAdapter(kind).validate_python(value) if value is not None else None
        except ValidationError as error:
            raise InvalidCase(f"{what}: {error.errors(include_input=False)[0]['msg']}") from None

    async def go() -> None:
        async with open_records() as records:
            await records.set_officer(officer, name, position, email)

    run(go())
    note(f"{officer} is known")


@app.command("away")
def away(
    officer: OfficerArgument,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day away, such as 2026-12-01.")],
    last: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day away.")],
    stand_in: Annotated[
        str, typer.Option("--stand-in", metavar="ID", help="Who stands in: gets the warnings, is named on notices.")
    ],
) -> None:
    """Say that an officer is away, and who stands in for them meanwhile."""
    days = _days(first, last)
    if stand_in == officer:
        raise InvalidCase("nobody stands in for themselves")
    _set(officer, *days, stand_in)
    note(f"{stand_in} stands in for {officer} from {first} until {last}")


@app.command("back")
def back(officer: OfficerArgument) -> None:
    """Say that an officer is back."""
    _set(officer, None, None, None)
    note(f"{officer} is back")


@app.command("duty")
def duty(
    point: Annotated[int, typer.Argument(metavar="POINT", help="Number of the service point.", min=1, max=99)],
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day, such as 2026-12-01.")],
    as_: Annotated[str, typer.Option("--as", metavar="ID:ROLE", envvar="CASEWORK_AS", help="Who enters it.")],
    officer: Annotated[str | None, typer.Argument(metavar="[ID]", help="The officer's id; without it nobody is there.")] = None,
    last: Annotated[str | None, typer.Option("--until", metavar="DATE", help="The last day; without it the first alone.")] = None,
    hours: Annotated[str, typer.Option(metavar="HH:MM-HH:MM", help="Of the office's clock.")] = "00:00-24:00",
    weekdays: Annotated[str | None, typer.Option(metavar="mon,tue,…", help="Only on these.")] = None,
    centre: Annotated[str | None, typer.Option(help="The centre; without it the organisation's own.")] = None,
) -> None:
    """Enter who is on duty at a service point, and when; what is entered later goes before what was entered earlier.

    Example: casework officers duty 2 somying --from 2026-12-01 --until 2026-12-31 --hours 08:30-12:00
    """
    days = _days(first, last or first)
    times = HOURS.fullmatch(hours)
    if times is None or times["begins"] >= times["ends"]:
        raise InvalidCase(f"--hours {hours}: takes hours such as 08:30-12:00; 24:00 ends a day")
    named = [each.strip().lower() for each in weekdays.split(",")] if weekdays else []
    if unknown := sorted(set(named) - set(WEEKDAYS)):
        raise InvalidCase(f"--weekdays: unknown {', '.join(unknown)}; they are {', '.join(WEEKDAYS)}")
    pack = library_of(None).current()
    here = _known_centre(pack, centre)
    if point not in (numbers := [each.no for each in pack.service_points]):
        raise InvalidCase(f"there is no point {point}; points are {', '.join(map(str, numbers))}")
    on = [WEEKDAYS.index(each) + 1 for each in named] or None
    entered = NewDuty(here, point, officer, *days, on, times["begins"], times["ends"], actor_said(as_).id)

    async def go() -> None:
        async with open_records() as records:
            _must_know(officer, {row["officer_id"] for row in await records.officers()})
            await PostgresTickets(records).enter_duty(entered)

    run(go())
    who = f"{officer} is on duty" if officer else "nobody is on duty"
    note(f"{who} at point {point} of {here} from {days[0]} until {days[1]}, {hours}")


@app.command("roster")
def roster(
    day: Annotated[str | None, typer.Argument(metavar="[DATE]", help="Without it today, in the office's time.")] = None,
    centre: Annotated[str | None, typer.Option(help="The centre; without it the organisation's own.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Who is on duty at which point on a day, stand-ins for who is away included."""
    pack = library_of(None).current()
    today = datetime.now(ZoneInfo(pack.calendar.timezone)).date().isoformat()
    on, _ = _days(day or today, day or today)
    here = _known_centre(pack, centre)

    async def go() -> None:
        async with open_records() as records:
            entered = await PostgresTickets(records).duties(here, on)
        found = table("point", "time", "officer", "instead of")
        for shift in shifts(entered):
            begins, ends = (f"{each // 60:02}:{each % 60:02}" for each in (shift.from_minute, shift.until_minute))
            if as_json:
                row = {"point": shift.point, "from": begins, "until": ends, "officer": shift.officer.id,
                       "name": shift.officer.name, "instead_of": shift.instead_of}  # fmt: skip
                print(TypeAdapter(dict).dump_json(row).decode())
            else:
                name = f"{shift.officer.name} ({shift.officer.id})"
                found.add_row(str(shift.point), f"{begins}–{ends}", name, shift.instead_of or "–")
        if not as_json:
            console.print(found)

    run(go())


def _known_centre(pack: ServiceStandards, centre: str | None) -> str:
    here, known = centre or pack.organisation.centre.code, pack.known_centres
    if here not in known:
        raise InvalidCase(f"--centre: unknown {here}; the standard has {', '.join(known)}")
    return here


def _days(first: str, last: str) -> tuple[date, date]:
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise InvalidCase("days are written such as 2026-12-01") from None
    if days[1] < days[0]:
        raise InvalidCase("--until lies before --from")
    if days[0].year > LATEST_YEAR:
        raise InvalidCase(f"{days[0].year} looks like a Buddhist year; write {days[0].year - 543}")
    return days


def _must_know(officer: str | None, known: Collection[str]) -> None:
    if officer is not None and officer not in known:
        raise NotFound(f"the records know no officer {officer}; enter one with: casework officers set {officer} --name …")


def _set(officer: str, first: date | None, last: date | None, stand_in: str | None) -> None:
    async def go() -> None:
        async with open_records() as records:
            rows = {row["officer_id"]: row for row in await records.officers()}
            known = set(rows)
            for each in (officer, stand_in):
                _must_know(each, known)
            other = rows[stand_in] if stand_in else None
            if other and first and last and other["away_from"] and other["away_from"] <= last and first <= other["away_until"]:
                raise InvalidCase(f"{stand_in} is away too, from {other['away_from']} until {other['away_until']}")
            await records.officer_away(officer, first, last, stand_in)

    run(go())
