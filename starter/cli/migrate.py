"""casework standards migrate: open cases to another version of their standard."""

from __future__ import annotations

from typing import Annotated

import typer
from pydantic import ValidationError

from casework.adapters.postgres.records import PostgresRecords
from casework.standards.pack.loader import UnknownStandard
from casework.starter.cli.calendar import actor_of
from casework.starter.cli.printing import note
from casework.starter.cli.recount import ApplyFlag, ByOption, apply_to, look, print_moving
from casework.starter.cli.shared import JsonFlag, ServiceOption, connected, run
from casework.starter.errors import InvalidCase
from casework.starter.open_records import open_records
from casework.starter.recounting import Recounting, under_version
from casework.starter.services import library_of, process_of
from casework.workflows import errors
from casework.workflows.messages.commands import ChangeStandard
from casework.workflows.messages.people import Actor

REASON = "ปรับปรุงมาตรฐานการให้บริการ"


def migrate(
    before: Annotated[str, typer.Argument(metavar="FROM", help="The version that cases are under: ID@VERSION.")],
    after: Annotated[str, typer.Argument(metavar="TO", help="The version they go to: ID@VERSION. Workers must serve it.")],
    reason: Annotated[str, typer.Option(help="Why, in words for requesters: those whose date moves are told them.")] = REASON,
    service: ServiceOption = None,
    by: ByOption = None,
    apply: ApplyFlag = False,
    as_json: JsonFlag = False,
) -> None:
    """Move open cases from one version of the standard to another. Without --apply nothing is changed.

    Steps that run keep their ledger: their start, pauses and extensions. Fired rungs stay fired, nothing moves into the past.
    CASEWORK_PACKS must name both packs. Example: casework standards migrate moe-jsc@2569.1 moe-jsc@2570.1
    """
    if service is not None:
        process_of(service)
    from_, to = _version(before), _version(after)
    if from_ == to:
        raise InvalidCase("FROM and TO are the same version")
    library = library_of(None)
    try:
        library.get(*from_)
        library.get(*to)
    except UnknownStandard as error:
        raise InvalidCase(str(error)) from error

    given = {"actor": Actor(id=actor_of(by), role="operator"), "from_id": from_[0], "from_version": from_[1], "reason": reason}
    try:
        message = ChangeStandard.model_validate({**given, "standard_id": to[0], "standard_version": to[1]})
    except ValidationError as error:
        raise InvalidCase("; ".join(errors.problems(error))) from None

    async def go() -> int:
        async with open_records() as records:
            return await move(records)

    async def move(records: PostgresRecords) -> int:
        counted = under_version(library, await records.calendar_changes(), from_, to, service)
        recounting = Recounting(await connected(), records, from_[0], counted, every=True)
        concerned = await look(recounting)
        print_moving([case for case in concerned if case.moves or case.problem], recounting.seen, as_json)
        note(f"{len(concerned)} open case(s) are under {before}")
        if not apply:
            note("nothing was changed; the same command with --apply changes it")
            return 0
        return await apply_to(recounting, concerned, message)

    raise typer.Exit(run(go()))


def _version(text: str) -> tuple[str, str]:
    standard, at, version = text.partition("@")
    if not (standard and at and version):
        raise InvalidCase(f"{text}: write ID@VERSION, such as moe-jsc@2569.1")
    return standard, version
