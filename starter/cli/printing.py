"""How things look on a terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from casework.starter.executions import Ended
from casework.starter.services import spoken
from casework.workflows.messages.commands import ChangeStandard, Extend, Pause
from casework.workflows.messages.events import Event, EventType
from casework.workflows.messages.people import Officer
from casework.workflows.messages.views import CaseView

# Lines are never folded, people copy them; a case is, to the width of the terminal or of COLUMNS (a pipe has none of its own).
FOLDS = sys.stdout.isatty() or "COLUMNS" in os.environ
console = Console(highlight=False, soft_wrap=True, width=None if FOLDS else 200)
stderr = Console(stderr=True, highlight=False, soft_wrap=True)

# What of an event's data is worth a line of the account; the rest is in --json.
SHOWN = (
    "step",
    "to",
    "agency",
    "reason",
    "result",
    "missing",
    "status_en",
    "into",
    "from_event",
    "case_id",
    "because",
    "outcome",
    "late",
    "text",
)


MOVES = {  # events that say from when to when something moved
    EventType.PROMISE_MOVED, EventType.CALENDAR_CHANGED, EventType.PAUSE_REMINDED, EventType.RESUMED,
    Extend.event, Pause.event, ChangeStandard.event,
}  # fmt: skip
TOLD_IN_FULL = set(EventType)  # events of the engine, whose data say more than a line has room for
QUIET = {"moved", "until", "received_at", "explanation"}

WHOLE = {"case", "number", "at", "due", "date", "started", "→"}  # columns that are copied, never folded


def complain(text: str) -> None:
    """Say on stderr what is wrong."""
    stderr.print(f"[red]✗[/] {escape(text)}")


def note(text: str) -> None:
    """Say something on stderr that is no result."""
    stderr.print(f"[dim]{escape(text)}[/]")


def local(at: datetime | None, zone: tzinfo | None) -> str:
    """A time as the office reads it."""
    if at is None:
        return "–"
    here = at.astimezone(zone)
    return here.strftime("%Y-%m-%d %H:%M:%S" if here.second else "%Y-%m-%d %H:%M")


def zone_of(view: CaseView) -> tzinfo | None:
    """The office's time zone; what the records alone know of a case carries its offset."""
    if view.timezone:
        return ZoneInfo(view.timezone)
    return view.promised_at.tzinfo if view.promised_at else None


def say(event: Event) -> str:
    """One event in a line."""
    who = f"{event.actor.id} ({event.actor.role})" if event.actor else "⏰ the clock" if event.data.get("rung") else "the case"
    known = SHOWN if event.type in TOLD_IN_FULL else [key for key in event.data if key not in QUIET]
    data = {key: event.data[key] for key in known if event.data.get(key) not in (None, [], "")}
    data |= _dates(event) if event.type in MOVES else {}
    told = ", ".join(f"{key}: {_short(value)}" for key, value in data.items())
    colour = {"breached": "red", "escalated": "yellow", "chased": "yellow", "warned": "yellow", "closed": "green"}.get(
        event.type, "cyan"
    )
    return f"[{colour}]{event.type}[/] [dim]{escape(who)}[/] {escape(told)}".rstrip()


def _officer(officer: Officer | None) -> str:
    if officer is None:
        return "–"
    return (
        " ".join([officer.id, officer.name or "", f"(point {officer.point})" if officer.point else ""]).replace("  ", " ").strip()
    )


def _short(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(each.get("name", each)) if isinstance(each, dict) else str(each) for each in value)
    text = "; ".join(f"{key} {each}" for key, each in value.items()) if isinstance(value, dict) else str(value)
    return f"{text[:60]}…" if len(text) > 60 else text


def _dates(event: Event) -> dict[str, str]:
    """By how much and from when to when something moved."""
    moved = event.data.get("moved") or ([event.data] if "new_due_at" in event.data else [])
    by = {"by": str(event.data["by"])} if "new_due_at" in event.data and "by" in event.data else {}
    moves = [
        f"{move.get('step', 'due')} {_day(move['old_due_at'])} → {_day(move['new_due_at'])}"
        for move in moved
        if move["old_due_at"] != move["new_due_at"]
    ]
    until = {"until": _day(event.data["until"])} if "until" in event.data else {}
    return {**by, **({"moved": "; ".join(moves)} if moves else {}), **until}


def _day(iso: str) -> str:
    return iso[:16].replace("T", " ")


def print_case(view: CaseView, ended: Ended | None = None) -> None:
    """A case in full, what is to be done next and by whom first; and how it ended if that was from outside."""
    zone = zone_of(view)
    console.print(f"[bold]{view.case_id}[/]  {view.case_no or 'no number yet'}  {spoken(view.service, view.service)}")
    _fold(_standing(view, ended, zone))
    if view.clocks:
        _fold(_clocks(view, zone))
    print_events(view.events, zone)
    if view.notices:
        told = table("notice", "to", "fate", "at")
        for notice in view.notices:
            told.add_row(notice.template, notice.to, notice.status, local(notice.at, zone))
        _fold(told)
    others = [command for command in view.allowed_commands if not command.decides]
    if others:
        possible = table("also possible", "by")
        for command in others:
            possible.add_row(command.name, ", ".join(command.roles))
        _fold(possible)


def _standing(view: CaseView, ended: Ended | None, zone: tzinfo | None) -> Table:
    """What it is about, where it stands, what is to be done next."""
    lines = Table.grid(padding=(0, 1))
    lines.add_column(no_wrap=True)
    lines.add_column()

    def say_that(name: str, text: str, colour: str = "") -> None:
        lines.add_row(f"  [{colour}]{name}[/]" if colour else f"  {name}", text)

    if view.subject:
        say_that("subject", f"{escape(view.subject)}{f'  ({escape(view.requester)})' if view.requester else ''}")
    for key, value in view.request.items():
        say_that("asked", f"{key}: {escape(_short(value))}")
    if ended:
        say_that("ended", f"[red]{escape(ended.words)}[/]", "red")
        say_that("", "[dim]it stood as follows, and nothing happens in it any more[/]")
    late = "   [red]OVERDUE[/]" if view.overdue else ""
    outcome = f"  outcome [bold]{view.outcome}[/]" if view.outcome else ""
    say_that("stage", f"{spoken(view.service, view.stage)} · [bold]{view.stage}[/]{outcome}{late}")
    for number, step in enumerate(_next(view, zone)):
        say_that("next" if number == 0 else "", step)
    promised = f"   promised [bold]{local(view.promised_at, zone)}[/]" if view.promised_at else ""
    say_that("received", f"{local(view.received_at, zone)}{promised}")
    say_that("officer", f"{_officer(view.officer)}   owner agency {view.agency or '–'}")
    say_that("standard", f"{view.standard_id} {view.standard_version}   escalated {view.escalation}×")
    if view.pause:
        since, until = local(view.pause.begun, zone), local(view.pause.until, zone)
        say_that("paused", f"since {since} ({view.pause.reason}, by {view.pause.by}), until {until} at the latest", "yellow")
        say_that("", "due times below are the latest they can be")
    running = [clock for clock in view.clocks if clock.warning and not clock.stopped_at]
    for warning in dict.fromkeys(f"{clock.step}: {clock.warning}" for clock in running):
        say_that("warning", warning, "yellow")
    for link in view.links:
        say_that("linked", f"{link.relation} {link.case_id}")
    for letter in view.letters:
        posted = f"posted, counts as served on {local(letter.deemed_at, zone)}" if letter.deemed_at else "to be served"
        say_that("letter", f"{letter.notice} since {local(letter.since, zone)}, {posted}; its time begins then", "yellow")
    for owed in [notice for notice in view.notices if notice.status == "owed"]:
        say_that("owed", f"{owed.template} to {owed.to}", "yellow")
    return lines


def _clocks(view: CaseView, zone: tzinfo | None) -> Table:
    clocks = table("step", "limit", "due", "and")
    for clock in view.clocks:
        late = ["[red]late[/]"] if clock.breached else []
        if clock.stopped_at:
            more = [f"done {local(clock.stopped_at, zone)}", *late]
        else:
            more = [*late, *(["paused"] if clock.paused else [])]
            more += [f"{clock.next_rung} {local(clock.next_rung_at, zone)}"] if clock.next_rung else []
        clocks.add_row(clock.step, clock.limit, local(clock.due_at, zone), ", ".join(more) or "–")
    return clocks


def _next(view: CaseView, zone: tzinfo | None) -> list[str]:
    """What takes the case further, who may do it, and by when."""
    ways = [command for command in view.allowed_commands if command.decides]
    running = [clock for clock in view.clocks if not clock.stopped_at and not clock.paused]
    due = min((clock.due_at for clock in running), default=None)
    by_roles: dict[str, list[str]] = {}
    for command in ways:
        by_roles.setdefault(", ".join(command.roles), []).append(command.name)
    until = f" by {local(due, zone)}" if due else ""
    lines = [f"[bold green]{', '.join(names)}[/] — {roles}" for roles, names in by_roles.items()]
    return [f"{line}{until if number == 0 else ''}" for number, line in enumerate(lines)]


def print_events(events: Iterable[Event], zone: tzinfo | None, title: str | None = None) -> None:
    """Events, one after the other."""
    if title:
        console.print(f"[bold]{title}[/]")
    lines = Table.grid(padding=(0, 1))
    lines.add_column(justify="right", min_width=5)
    lines.add_column(no_wrap=True)
    lines.add_column()
    for event in events:
        lines.add_row(str(event.seq), local(event.at, zone), say(event))
    _fold(lines)


def _fold(shown: Table) -> None:
    console.print(shown, soft_wrap=not FOLDS)


def table(*columns: str) -> Table:
    """A plain table with a dim head."""
    made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1))
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column.strip() in WHOLE)
    return made


def is_terminal() -> bool:
    """Whether somebody types into us."""
    return sys.stdin.isatty()
