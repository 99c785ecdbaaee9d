"""casework queue: tickets, points, calls, the board."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from pydantic import TypeAdapter
from rich.markup import escape
from rich.table import Table

from casework.standards.pack.model import LATEST_YEAR
from casework.standards.pack.queue import ORDINARY
from casework.starter.cli import completion
from casework.starter.cli.lazy import PLAIN
from casework.starter.cli.printing import console, is_terminal, note, table
from casework.starter.cli.shared import FileArgument, JsonFlag, actor_said, connected, read_json, run, validated
from casework.starter.errors import CaseRefused, InvalidCase, NotFound
from casework.starter.queue import QueueClient, QueueHandle
from casework.starter.services import library_of
from casework.starter.slip import slip_of
from casework.workflows.messages import queue as said

app = typer.Typer(help="The counter's queue: tickets, points, calls, the board.", no_args_is_help=True, **PLAIN)

CentreOption = Annotated[str | None, typer.Option(help="The centre; without it the organisation's own.")]
DayOption = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="The day; without it today, in the office's time.")]
AsOption = Annotated[
    str, typer.Option("--as", metavar="ID:ROLE", envvar="CASEWORK_AS", help="Who does it; CASEWORK_AS says it once for all.")
]
PointArgument = Annotated[int, typer.Argument(metavar="POINT", help="Number of the service point.", min=1, max=99)]
ServiceOfTicket = Annotated[str, typer.Argument(metavar="SERVICE", autocompletion=completion.services)]
TicketArgument = Annotated[str, typer.Argument(metavar="TICKET", help="Number of the ticket: A012.")]
BOARD_EVERY = 2.0  # seconds


@app.command()
def take(
    service: ServiceOfTicket,
    file: FileArgument = None,
    as_: AsOption = "kiosk:requester",
    priority: Annotated[str, typer.Option(help="A class of the pack: elderly, disabled, monk, pregnant.")] = "ordinary",
    case: Annotated[str | None, typer.Option(help="The case that the visit is about.")] = None,
    appointment: Annotated[str | None, typer.Option(metavar="TIME", help="The time of the appointment, ISO 8601.")] = None,
    centre: CentreOption = None,
    as_json: JsonFlag = False,
) -> None:
    """Take a ticket. FILE may give subject, requester and documents: then the case is opened when service begins.

    Example: casework queue take forward --priority elderly
    """
    data = _said(file)
    data |= {"service": service, "priority": priority, "case_id": case, "appointment_at": appointment}
    _say(said.TakeTicket, data, as_, centre, as_json)


@app.command("open")
def open_(
    point: PointArgument, as_: AsOption,
    officer: Annotated[str | None, typer.Option(metavar="ID", help="Who sits there, if not who opens it.")] = None,
    on_duty: Annotated[bool, typer.Option("--on-duty", help="Whoever casework officers roster has there now.")] = False,
    name: Annotated[str | None, typer.Option(help="The name on the sign, if not the one in the records.")] = None,
    centre: CentreOption = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """Open a point; who opens it sits there, and the sign says the name (casework officers set)."""
    if on_duty and (officer or name):
        raise InvalidCase("--on-duty takes whoever the roster has; leave --officer and --name out")
    sits = None if on_duty else {"id": officer or actor_said(as_).id, **({"name": name} if name else {})}
    _say(said.OpenPoint, {"point": point, "officer": sits}, as_, centre, as_json)


@app.command()
def close(point: PointArgument, as_: AsOption, centre: CentreOption = None, as_json: JsonFlag = False) -> None:
    """Close a point: it calls nobody any more; whoever is served there is served to the end."""
    _say(said.ClosePoint, {"point": point}, as_, centre, as_json)


@app.command()
def call(point: PointArgument, as_: AsOption, centre: CentreOption = None, as_json: JsonFlag = False) -> None:
    """Call whoever is next."""
    _say(said.CallNext, {"point": point}, as_, centre, as_json)


@app.command()
def recall(point: PointArgument, as_: AsOption, centre: CentreOption = None, as_json: JsonFlag = False) -> None:
    """Call again who was called."""
    _say(said.Recall, {"point": point}, as_, centre, as_json)


@app.command("no-show")
def no_show(point: PointArgument, as_: AsOption, centre: CentreOption = None, as_json: JsonFlag = False) -> None:
    """Who was called did not come."""
    _say(said.RecordNoShow, {"point": point}, as_, centre, as_json)


@app.command()
def hold(point: PointArgument, as_: AsOption, centre: CentreOption = None, as_json: JsonFlag = False) -> None:
    """Who is at the point steps aside and keeps the place."""
    _say(said.Hold, {"point": point}, as_, centre, as_json)


@app.command()
def back(ticket: TicketArgument, as_: AsOption, centre: CentreOption = None, as_json: JsonFlag = False) -> None:
    """Who stepped aside waits again, at the old place."""
    _say(said.BringBack, {"ticket": ticket}, as_, centre, as_json)


@app.command()
def transfer(
    point: PointArgument, service: ServiceOfTicket, as_: AsOption,
    case: Annotated[str | None, typer.Option(help="The case that the matter goes on as.")] = None,
    centre: CentreOption = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """Who is at the point waits for another service, since when they came."""
    _say(said.Transfer, {"point": point, "service": service, "case_id": case}, as_, centre, as_json)


@app.command()
def serve(
    point: PointArgument, as_: AsOption, file: FileArgument = None,
    case: Annotated[str | None, typer.Option(help="The case that the visit is about.")] = None,
    centre: CentreOption = None, as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """Service begins, and with it the time of the service. FILE may give subject, requester and documents of the case."""
    data = _said(file)
    _say(said.Serve, {**data, "point": point, "case_id": case}, as_, centre, as_json)


@app.command()
def finish(point: PointArgument, as_: AsOption, centre: CentreOption = None, as_json: JsonFlag = False) -> None:
    """Service ends; the point is free."""
    _say(said.Finish, {"point": point}, as_, centre, as_json)


@app.command()
def board(
    centre: CentreOption = None, day: DayOption = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show it anew whenever it changes; Ctrl-C ends.")] = False,
    as_json: JsonFlag = False,
) -> None:  # fmt: skip
    """The display: which number at which point with whom, who was called last, how long one waits."""

    async def go() -> None:
        before = ""
        while True:
            view = await _view(await _queue(centre, day), begin=day is None)
            now = view.model_dump_json()
            if as_json and now != before:
                print(now, flush=True)
            elif now != before:
                if follow and is_terminal():
                    console.clear()
                _print_board(view)
            if not follow or (view.ended and day is not None):
                return
            before = now
            await asyncio.sleep(BOARD_EVERY)

    run(go())


@app.command()
def ticket(number: TicketArgument, centre: CentreOption = None, day: DayOption = None, as_json: JsonFlag = False) -> None:
    """How a ticket stands: how many are before it, and about when it is called."""

    async def go() -> None:
        found = await _ticket(await _queue(centre, day), number)
        print(found.model_dump_json()) if as_json else console.print(_words(found))

    run(go())


@app.command()
def slip(
    number: TicketArgument, centre: CentreOption = None, day: DayOption = None,
    pdf: Annotated[Path | None, typer.Option(metavar="FILE", help="Typeset it (extra casework\\[letters]).")] = None,
) -> None:  # fmt: skip
    """Print the slip that the visitor takes along: number, service, time, people before, about how long, what to have at hand."""

    async def go() -> None:
        queue = await _queue(centre, day)
        made = slip_of(library_of(None).current(), await _ticket(queue, number), queue.centre)
        if pdf is None:
            print(made.text)
        else:
            try:
                pdf.write_bytes(made.pdf())
            except OSError as error:
                raise InvalidCase(f"{pdf}: cannot be written ({error.strerror})") from error
            print(pdf)

    run(go())


def _said(file: str | None) -> dict[str, Any]:
    data = read_json(file) if file is not None else {}
    if not isinstance(data, dict):
        raise InvalidCase("FILE takes a JSON object with subject, requester and documents")
    return data


def _say(command: type[said.QueueCommand], data: dict[str, Any], who: str, centre: str | None, as_json: bool) -> None:
    given = {key: value for key, value in data.items() if value is not None}
    message = validated(TypeAdapter(command), {**given, "actor": actor_said(who).model_dump()}, command.command_name())

    async def go() -> None:
        reply = await (await _queue(centre, None)).act(message)
        if as_json:
            print(reply.model_dump_json())
            return
        console.print(_words(reply.ticket) if reply.ticket else _point(reply.point) if reply.point else "done")
        if reply.case_id:
            console.print(f"case {reply.case_id}" + ("" if reply.ticket else "; how it stands: casework show"))
        if reply.problem:
            note(f"no case was begun: {reply.problem}")
            raise typer.Exit(CaseRefused.exit_code)

    run(go())


async def _queue(centre: str | None, day: str | None) -> QueueHandle:
    pack = library_of(None).current()
    try:
        on = date.fromisoformat(day) if day else datetime.now(ZoneInfo(pack.calendar.timezone)).date()
    except ValueError as error:
        raise InvalidCase(f"{day}: is not a day such as 2026-11-23") from error
    if on.year > LATEST_YEAR:
        raise InvalidCase(f"{on.year} looks like a Buddhist year; write {on.year - 543}")
    client = await connected()
    return QueueClient(client.temporal, client.task_queue).queue(centre or pack.organisation.centre.code, on)


async def _view(queue: QueueHandle, begin: bool) -> said.QueueView:
    """A look at a queue writes nothing; only today's is begun by who looks first."""
    try:
        return await queue.view()
    except NotFound:
        if not begin:
            raise
    return await queue.begin()


async def _ticket(queue: QueueHandle, number: str) -> said.TicketView:
    view = await queue.view()
    found = next((each for each in view.tickets if each.number == number.upper()), None)
    if found is None:
        raise NotFound(f"{number} is not in the queue of {view.day}: it was served, left, or never given")
    return found


def _point(point: said.PointView) -> str:
    officer = f"{escape(point.officer.name or point.officer.id)}, " if point.officer else ""
    has = f", still has {point.ticket}" if point.ticket else ""
    return f"point {point.no}: {officer}{'open' if point.open else 'closed'}{has}"


def _words(found: said.TicketView) -> str:
    priority = f" ({found.priority})" if found.priority != ORDINARY else ""
    line = f"[bold]{found.number}[/]  {found.service}{priority}, {found.state}"
    if found.point is not None:
        line += f" at point {found.point}" + (f" ({escape(found.officer.name or found.officer.id)})" if found.officer else "")
    if found.before is not None and found.wait is not None:
        line += f", {found.before} before, ประมาณ {found.wait[0]}–{found.wait[1]} นาที · about {found.wait[0]}–{found.wait[1]} min"
    return line


def _print_board(view: said.QueueView) -> None:
    console.print(f"[bold]{view.queue_id}[/]")
    if view.opens_at is None:
        console.print("ปิดทำการ · closed")
        return
    points: Table = table("จุด · point", "หมายเลข · number", "เจ้าหน้าที่ · officer")
    for point in view.points:
        here = point.officer is not None and (point.open or point.ticket is not None)
        officer = escape(point.officer.name or point.officer.id) if here and point.officer else "ปิด · closed"
        points.add_row(str(point.no), f"[bold]{point.ticket}[/]" if point.ticket else "–", officer)
    console.print(points)
    lines: Table = table("บริการ · service", "รอ · waiting", "ประมาณ · about", "จริง · came true")
    for line in view.lines:
        about = f"{line.wait[0]}–{line.wait[1]} min" if line.wait else "–"
        lines.add_row(line.service, str(line.waiting), about, f"{line.came_true} / {line.told}" if line.told else "–")
    console.print(lines)
    called = ", ".join(f"{each.number} → {each.point}" for each in view.last_called)
    console.print(f"เรียกล่าสุด · last called: {called or '–'}")
