"""What the commands of the command line share: arguments, running, the client, reading JSON."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import TypeAdapter, ValidationError

from casework.starter.cli import completion
from casework.starter.cli.printing import is_terminal, note
from casework.starter.client import NUMBER, CaseClient, CaseHandle
from casework.starter.errors import InvalidCase, NotFound
from casework.starter.open_records import open_records
from casework.workflows import errors, names
from casework.workflows.messages.people import Actor

T = TypeVar("T")
JsonFlag = Annotated[bool, typer.Option("--json", help="Print JSON with stable keys instead of text.")]
FileArgument = Annotated[str | None, typer.Argument(metavar="[FILE|-]", help="JSON file, or - for standard input.")]
ServiceArgument = Annotated[
    str,
    typer.Argument(
        metavar="SERVICE",
        help="information_request, forward, one_stop, or one that is installed beside them.",
        autocompletion=completion.services,
    ),
]
ServiceOption = Annotated[str | None, typer.Option(help="Only this service.", autocompletion=completion.services)]
StageOption = Annotated[str | None, typer.Option(help="Only this stage.", autocompletion=completion.stages)]
CaseArgument = Annotated[
    str,
    typer.Argument(
        metavar="CASE", help="Case id or number: forward-7K3QX9M2TD, JSC-2569-00042.", autocompletion=completion.cases
    ),
]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the work of one command."""
    try:
        return asyncio.run(work)
    except KeyboardInterrupt:
        raise typer.Exit(130) from None


def actor_said(said: str) -> Actor:
    """Who somebody says they are: ID:ROLE or ID:ROLE:UNIT. Raises InvalidCase."""
    parts = said.split(":")
    if len(parts) not in (2, 3):
        raise InvalidCase("--as takes ID:ROLE or ID:ROLE:UNIT, such as somying:centre_officer")
    actor: Actor = validated(TypeAdapter(Actor), dict(zip(("id", "role", "unit"), parts, strict=False)), "--as")
    return actor


async def found(name: str) -> CaseHandle:
    """A case by its id or registry number; one that Temporal has forgotten is looked up in the records, if they are set."""
    client = await connected()
    try:
        return await client.find(name)
    except NotFound:
        if not NUMBER.fullmatch(name) or not os.environ.get("CASEWORK_DATABASE_URL"):
            raise
        async with open_records() as records:
            known = await records.case_of(name)
        if known is None:
            raise NotFound(f"there is no case with the number {name}") from None
        return client.case(known)


async def connected() -> CaseClient:
    """The client of every command, on the task queue that the settings name."""
    return await CaseClient.connect(task_queue=os.environ.get("CASEWORK_TASK_QUEUE", names.TASK_QUEUE))


def read_json(file: str | None) -> Any:
    """What a FILE or standard input says. Raises InvalidCase."""
    if file in (None, "-"):
        if is_terminal():
            note("reading JSON from standard input; end with Ctrl-D")
        text = sys.stdin.read().removeprefix("\ufeff")
        if not text.strip():
            raise InvalidCase("nothing came on standard input; give a JSON FILE, or - and JSON on standard input")
    else:
        try:
            text = Path(str(file)).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidCase(
                f"{file}: cannot be read ({error.strerror if isinstance(error, OSError) else 'not UTF-8'})"
            ) from error
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidCase(f"not valid JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except (ValueError, RecursionError) as error:
        raise InvalidCase("not JSON that anybody means: too deep, or a number too long") from error


def validated(model: TypeAdapter[Any], data: Any, what: str) -> Any:
    """Data as a model takes it. Raises InvalidCase with a line for each wrong field."""
    try:
        return model.validate_python(data)
    except ValidationError as error:
        found = errors.problems(error)
        raise InvalidCase(f"{what} is not valid:\n" + "\n".join(f"  {line}" for line in found), found) from None
