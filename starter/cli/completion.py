"""What the shell offers when TAB is pressed (`casework --install-completion`): services, stages, commands, open cases.

Whatever cannot be found out at once is not offered: a TAB must never hang or complain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

import typer

PATIENCE = 1.5  # seconds for Temporal to say which cases are open
OFFERED = 50


def services(incomplete: str) -> list[str]:
    """The services that are installed or in the packs at hand."""
    from casework.starter.services import services as known

    with suppress(Exception):
        return _beginning(incomplete, known())
    return []


def stages(ctx: typer.Context, incomplete: str) -> list[str]:
    """The stages of the service that was named, else of every one."""
    from casework.starter.services import services as known

    with suppress(Exception):
        named = ctx.params.get("service")
        found = [process.definition for name, process in known().items() if named in (None, name)]
        return _beginning(incomplete, [stage.value for definition in found for stage in definition.stages])
    return []


def commands(ctx: typer.Context, incomplete: str) -> list[str]:
    """The commands of the case that was named, by the service in its id; of every service for a registry number."""
    from casework.starter.services import service_of
    from casework.starter.services import services as known
    from casework.workflows.processes import every_command

    with suppress(Exception):
        named = service_of(str(ctx.params.get("case_id")))
        processes = {named: known()[named]} if named in known() else known()
        return _beginning(incomplete, every_command(processes))
    return []


def cases(incomplete: str) -> list[str]:
    """Open cases, by id or by registry number."""
    with suppress(Exception):
        return asyncio.run(asyncio.wait_for(_open_cases(incomplete), PATIENCE))
    return []


async def _open_cases(incomplete: str) -> list[str]:
    from casework.starter.cli.shared import connected

    said = incomplete.replace("'", "")
    begins = [f"WorkflowId STARTS_WITH '{said}'", f"CaseNumber STARTS_WITH '{said}'"] if said else ["CaseService IS NOT NULL"]
    client, found = await connected(), list[str]()
    async for row in client.list(f"ExecutionStatus = 'Running' AND ({' OR '.join(begins)})", OFFERED):
        found += [each for each in (row.case_no, row.case_id) if each]
    return _beginning(incomplete, found)


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return sorted({name for name in names if name.startswith(incomplete)})
