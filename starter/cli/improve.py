"""casework improve."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated
from uuid import uuid4

import typer
from pydantic import TypeAdapter

from casework.adapters.postgres.reports import improvements
from casework.starter.cli.printing import console, note, table
from casework.starter.cli.shared import CaseArgument, JsonFlag, actor_said, connected, found, run, validated
from casework.starter.open_records import open_records
from casework.starter.services import library_of
from casework.workflows.messages.commands import Command
from casework.workflows.messages.improvement import (
    DeclineTask,
    ImprovementRequest,
    RecordEffect,
    ReportImprovement,
    TakeTask,
)

app = typer.Typer(
    help="Improvement tasks: what should be better, who answers for it, and whether it has helped.",
    no_args_is_help=True,
    add_completion=False,
)
AsOption = Annotated[str, typer.Option("--as", metavar="ID:ROLE", help="Who says so, such as prasert:centre_supervisor.")]


class Effect(StrEnum):
    """What became of an improvement."""

    BETTER = "better"
    SAME = "same"
    WORSE = "worse"


class Whose(StrEnum):
    """Who had an idea."""

    PUBLIC = "public"
    STAFF = "staff"


@app.command("list")
def list_tasks(
    centre: Annotated[str | None, typer.Option(help="Only tasks of this centre.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that have ended.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """List improvement tasks, the earliest due first: cause, how many cases gave rise to it, who answers for it. What they are
    about in full: casework show CASE. Needs CASEWORK_DATABASE_URL."""

    async def go() -> None:
        async with open_records() as records:
            tasks = await improvements(records, centre, everything)
        if as_json:
            for task in tasks:
                print(json.dumps(task, ensure_ascii=False, default=str))
            return
        shown = table("number", "cause", "about", "month", "cases", "owner", "due", "stage")
        for task in tasks:
            about = " · ".join(part for part in (task["about_service"], task["about_step"]) if part) or task["subject"]
            stage = task["outcome"] or task["stage"]
            due = f"{task['due_at']:%Y-%m-%d}" if task["due_at"] else "–"
            late = " [red]late[/]" if task["overdue"] else ""
            shown.add_row(
                task["case_no"], task["cause"], about, task["month"] or "–", str(task["cases"]), task["owner"] or "–",
                f"{due}{late}", stage,
            )  # fmt: skip
        console.print(shown)
        if not tasks:
            note("no improvement task is open")

    run(go())


@app.command("take")
def take(
    case: CaseArgument,
    owner: Annotated[str, typer.Option(metavar="ID", help="The officer who answers for it.")],
    plan: Annotated[str, typer.Option(help="What they will do.")],
    actor: AsOption,
) -> None:
    """Take a task: name who answers for it, and what they will do."""
    _give(case, {"owner": {"id": owner}, "plan": plan}, TakeTask, actor)


@app.command("decline")
def decline(case: CaseArgument, reason: Annotated[str, typer.Option(help="Why nothing is done.")], actor: AsOption) -> None:
    """Say that nothing is done about it, and why; whoever had the idea reads it."""
    _give(case, {"reason": reason}, DeclineTask, actor)


@app.command("done")
def done(
    case: CaseArgument,
    what: Annotated[str, typer.Option(help="What was done.")],
    actor: AsOption,
    standard: Annotated[
        str | None, typer.Option(metavar="ID@VERSION", help="The version of the standard that came of it.")
    ] = None,
) -> None:
    """Say what was done; its effect is measured after some time (casework improve effect)."""
    _give(case, {"done": what, "standard": standard}, ReportImprovement, actor)


@app.command("effect")
def effect(
    case: CaseArgument,
    is_now: Annotated[Effect, typer.Argument(help="How it is now.")],
    figures: Annotated[str, typer.Option(help="By what figures, before and after.")],
    actor: AsOption,
    again: Annotated[bool, typer.Option("--again", help="The task goes on: something else is tried.")] = False,
) -> None:
    """Record whether an improvement has helped, and end the task, or let it go on."""
    _give(case, {"effect": is_now.value, "figures": figures, "again": again}, RecordEffect, actor)


@app.command("idea")
def idea(
    subject: Annotated[str, typer.Argument(help="The idea in a line.")],
    details: Annotated[str, typer.Option(help="All of it.")] = "",
    whose: Annotated[Whose, typer.Option(help="Who had it.")] = Whose.STAFF,
    name: Annotated[str, typer.Option(help="Their name, if they said it.")] = "–",
    email: Annotated[str | None, typer.Option(help="Where they are told what has become of it.")] = None,
    service: Annotated[str | None, typer.Option(help="The service that it is about.")] = None,
    centre: Annotated[str | None, typer.Option(help="The centre; else the organisation's own.")] = None,
    request_id: Annotated[str | None, typer.Option(help="The same id again finds the same task.")] = None,
) -> None:
    """Enter an idea of staff or of the public; it becomes a task, and whoever left an address hears what became of it."""
    said = {
        "request_id": request_id or uuid4().hex,
        "centre": centre or library_of(None).current().organisation.centre.code,
        "requester": {"name": name, "email": email},
        "subject": subject,
        "details": details,
        "cause": f"idea_of_{whose.value}",
        "about_service": service,
    }
    request = validated(TypeAdapter(ImprovementRequest), said, "the idea")

    async def go() -> None:
        task = await (await connected()).open(request)
        print(task.case_id)

    run(go())


def _give(case_id: str, said: dict[str, object], message: type[Command], actor: str) -> None:
    given = {key: value for key, value in said.items() if value is not None} | {"actor": actor_said(actor)}
    command = validated(TypeAdapter(message), given, message.command_name())

    async def go() -> None:
        task = await found(case_id)
        reply = await task.act(command)
        print(f"{reply.case_id}: {reply.stage} (event {reply.event})")

    run(go())
