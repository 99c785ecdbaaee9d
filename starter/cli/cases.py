"""casework open, do, show, list, watch, commands."""

from __future__ import annotations

import inspect
import json
import os
from contextlib import suppress
from typing import Annotated, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import typer
from pydantic import TypeAdapter

from casework.starter.cli import completion
from casework.starter.cli.printing import console, local, note, print_case, print_events, table, zone_of
from casework.starter.cli.shared import (
    CaseArgument,
    FileArgument,
    JsonFlag,
    ServiceArgument,
    ServiceOption,
    StageOption,
    actor_said,
    connected,
    found,
    read_json,
    run,
    validated,
)
from casework.starter.client import CaseHandle
from casework.starter.errors import InvalidCase, NotFound, Unreachable
from casework.starter.executions import Ended
from casework.starter.explaining import Explainer
from casework.starter.explaining import as_json as explanation_json
from casework.starter.open_records import known_changes, open_records
from casework.starter.schemas import protocol_schema
from casework.starter.services import all_stages, library_of, process_of, service_of, services, unknown
from casework.workflows.case.command_desk import commands_of
from casework.workflows.declared import CommandOfPack
from casework.workflows.messages.request import CaseRequest
from casework.workflows.messages.views import CaseView
from casework.workflows.processes import every_command


def open_case(
    service: ServiceArgument,
    file: FileArgument = "-",
    as_json: JsonFlag = False,
) -> None:
    """Open a case from a JSON request and print its id. The same request_id again gives the same case.

    See the fields with: casework commands SERVICE --json
    """
    model = process_of(service).definition.request
    data = read_json(file)
    if isinstance(data, dict) and "request_id" not in data:
        data["request_id"] = uuid4().hex
        note(f"no request_id given; this one was made: {data['request_id']} (send it again to find the same case)")
    if isinstance(data, dict) and data.setdefault("service", service) != service:
        raise InvalidCase(f"the request is for the service {data['service']}, not {service}")
    if isinstance(data, dict) and "centre" not in data:
        data["centre"] = library_of(None).current().organisation.centre.code
    request: CaseRequest = validated(TypeAdapter(model), data, "the request")

    async def go() -> None:
        client = await connected()
        case = await client.open(request)
        if case.existed:
            ended = await case.ended()
            note(f"this request was sent before; its case has ended: {ended.words}" if ended else "already open: sent before")
        if as_json:
            print((await case.view()).model_dump_json())
        else:
            print(case.case_id)

    run(go())


def do(
    case_id: CaseArgument,
    command: Annotated[
        str,
        typer.Argument(
            metavar="COMMAND",
            help="Command name; casework show CASE lists what is possible now.",
            autocompletion=completion.commands,
        ),
    ],
    file: FileArgument = None,
    actor: Annotated[
        str | None, typer.Option("--as", metavar="ID:ROLE[:UNIT]", help="Who gives it, if the JSON does not say.")
    ] = None,
    command_id: Annotated[str | None, typer.Option(help="The same id again gets the first answer, and acts once.")] = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the records have it; it is decided before that.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Give a command to a case, from JSON if it needs any.

    Example: echo '{"agency": "DOEB"}' | casework do forward-7K3QX9M2TD assign_to_owner - --as malee:complaint_centre
    """
    data = read_json(file) if file is not None else {}
    if actor and isinstance(data, dict):
        data["actor"] = actor_said(actor).model_dump(exclude_none=True)

    async def go() -> None:
        case = await found(case_id)
        process = services().get(service_of(case.case_id))
        known = every_command({process.definition.service: process} if process else services())
        if command not in known:
            raise InvalidCase(unknown("command", command, known))
        if isinstance(known[command], CommandOfPack):  # the case checks it, as its own version of the pack says
            reply = await case.send(command, data, command_id)
        else:
            reply = await case.act(validated(TypeAdapter(known[command].message), data, command), command_id)
        if wait:
            await case.recorded(reply)
        print(reply.model_dump_json() if as_json else f"{reply.case_id}: {reply.stage} (event {reply.event})")

    run(go())


def show(case_id: CaseArgument, as_json: JsonFlag = False) -> None:
    """Show a case: stage, clocks, events, notices, what is possible now and by whom.

    A closed case comes from the records if CASEWORK_DATABASE_URL is set, also when Temporal has forgotten it.
    """

    async def go() -> None:
        case = await found(case_id)
        view, ended, recorded = await _shown(case, await case.ended())
        if as_json:
            execution = {**ended._asdict(), "at": ended.at and ended.at.isoformat()} if ended else None
            explanations = [] if recorded else await _explanations(view)
            shown = {**view.model_dump(mode="json"), "explanations": explanations, "execution": execution}
            print(json.dumps(shown, ensure_ascii=False))
        else:
            print_case(view, ended)

    run(go())


async def _shown(case: CaseHandle, ended: Ended | None) -> tuple[CaseView, Ended | None, bool]:
    """The case as it is while it runs, else as the records have it; how it ended; and whether it came from the records."""
    if ended and ended.status == "failed" and "cannot be opened" in ended.why:
        raise InvalidCase(f"{case.case_id} was never opened: {ended.why}")
    running = ended is None and await case.is_running()
    if not running and os.environ.get("CASEWORK_DATABASE_URL"):
        with suppress(Unreachable):  # then Temporal is asked
            async with open_records() as records:
                recorded, told = await records.case(case.case_id), await records.ended(case.case_id)
            if recorded is not None:
                recorded = recorded.model_copy(update={"timezone": library_of(None).current().calendar.timezone})
                if ended and ended.status == "forgotten":
                    ended = Ended(told[0], None, "", told[1]) if told else None
                return recorded, ended, True
    if ended and ended.status == "forgotten":
        raise NotFound(f"there is no case {case.case_id}")
    view = await case.view()
    return (view.model_copy(update={"allowed_commands": []}) if ended else view), ended, False


def list_cases(
    query: Annotated[str | None, typer.Option(help="Temporal list filter, such as \"CaseUnit = 'DOEB'\".")] = None,
    service: ServiceOption = None,
    stage: StageOption = None,
    overdue: Annotated[bool, typer.Option("--overdue", help="Only cases with a step past its due time.")] = False,
    paused: Annotated[bool, typer.Option("--paused", help="Only cases whose clocks stand still.")] = False,
    closed: Annotated[bool, typer.Option("--closed", help="Only cases that are closed, or ended from outside.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Open and closed cases.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    as_json: JsonFlag = False,
) -> None:
    """List open cases, newest first."""
    for name, value, known in (("service", service, services()), ("stage", stage, all_stages())):
        if value is not None and value not in known:
            raise InvalidCase(unknown(name, value, known))
    filters = [
        query,
        "ExecutionStatus != 'ContinuedAsNew'",
        None if everything else "ExecutionStatus != 'Running'" if closed else "ExecutionStatus = 'Running'",
        service and f"CaseService = '{service}'",
        stage and f"CaseStage = '{stage}'",
        "CaseOverdue = true" if overdue else None,
        "CasePaused IS NOT NULL" if paused else None,
    ]
    zone = ZoneInfo(library_of(None).current().calendar.timezone)
    wanted = " AND ".join(f"({part})" for part in filters if part)

    async def go() -> None:
        client = await connected()
        rows = [row async for row in client.list(wanted or None, limit)]
        if as_json:
            for row in rows:
                print(json.dumps(row.__dict__, default=lambda at: at.isoformat(), ensure_ascii=False))
            return
        found = table("case", "number", "service", "stage", "unit", "officer", f"due ({zone.key})", "")
        for row in rows:
            late = "[red]overdue[/]" if row.overdue else ""
            late += f" [yellow]paused: {row.paused}[/]" if row.paused else ""
            if row.status not in ("running", "completed", "continued_as_new"):
                late = "[red]opening refused[/]" if row.refused else f"[red]{row.status}[/]"
            found.add_row(
                row.case_id, row.case_no or "–", row.service or "–", row.stage or "–", row.unit or "–", row.assignee or "–",
                local(row.due_at, zone), late,
            )  # fmt: skip
        console.print(found)
        note(f"{len(rows)} case(s)")

    run(go())


def watch(case_id: CaseArgument, as_json: JsonFlag = False) -> None:
    """Follow a case until it closes: every event as it happens. Ctrl-C stops watching, never the case."""

    async def go() -> None:
        seen = 0
        async for view in (await found(case_id)).changes():
            fresh = [event for event in view.events if event.seq > seen]
            seen = fresh[-1].seq if fresh else seen
            if as_json:
                for event in fresh:
                    print(event.model_dump_json(), flush=True)
            else:
                print_events(fresh, zone_of(view))

    run(go())


def commands(
    service: Annotated[
        str | None,
        typer.Argument(metavar="SERVICE", help="Its commands; not with --json-schema.", autocompletion=completion.services),
    ] = None,
    as_json: JsonFlag = False,
    schema: Annotated[bool, typer.Option("--json-schema", help="One JSON Schema of everything, of all services.")] = False,
) -> None:
    """List a service's commands, each with its JSON schema; `open` is the request that opens a case."""
    if schema:
        print(json.dumps(protocol_schema(services()), ensure_ascii=False, indent=1))
        return
    if service is None:
        raise InvalidCase(f"SERVICE is missing; services are {', '.join(sorted(services()))}")
    process = process_of(service)
    request = process.definition.form or process.definition.request
    declared = commands_of(process)
    if as_json:
        print(json.dumps({"command": "open", "schema": request.model_json_schema()}, ensure_ascii=False))
        for name, one in declared.items():
            line = {"command": name, "stages": one.stages(process), "schema": one.message.model_json_schema()}
            print(json.dumps(line, ensure_ascii=False))
        return
    found = table("command", "what it does", "fields (* needed)")
    found.add_row("open", inspect.getdoc(request), _fields(request))
    for name, one in declared.items():
        found.add_row(name, inspect.getdoc(one.message), _fields(one.message))
    console.print(found)
    note("stages and schemas: add --json; who may give a command in which stage: the pack's section `commands`")


async def _explanations(view: CaseView) -> list[dict[str, object]]:
    """Every clock day by day; a clock whose pack or calendar is not at hand says so instead."""
    found: list[dict[str, object]] = []
    explainer = Explainer(library_of(None), await known_changes())
    for clock in view.clocks:
        try:
            found.append(explanation_json(clock.step, clock.due_at, explainer.clock(view, clock)))
        except InvalidCase as missing:
            found.append({"step": clock.step, "due_at": clock.due_at.isoformat(), "unexplained": str(missing)})
    return found


def _fields(model: type[Any]) -> str:
    return ", ".join(
        f"{name}{'*' if field.is_required() else ''}"
        for name, field in model.model_fields.items()
        if name not in ("actor", "service")
    )
