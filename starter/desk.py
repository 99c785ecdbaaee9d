"""A person's day: what waits for them, what is theirs, what is due next, what is late and with whom.

It is made of what Temporal lists of open cases and of the permissions in the packs at hand; no case is woken for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from casework.standards.counting.plan import COUNTER, OWNER
from casework.standards.pack.loader import StandardsLibrary
from casework.standards.pack.model import ServiceStandards
from casework.starter.client import CaseClient, CaseRow
from casework.starter.services import services
from casework.workflows.case.command_desk import commands_of
from casework.workflows.messages.people import Actor
from casework.workflows.process import Process

MOST = 5_000  # open cases looked at
WAYS_OUT = {"withdraw", "refuse", "redirect", "settle", "rate", "reopen"}  # nobody waits for these


@dataclass
class Desk:
    """The open cases that concern somebody. A case may stand in several lists; the earliest due comes first."""

    waiting: list[CaseRow] = field(default_factory=list)  # for anybody in their role
    mine: list[CaseRow] = field(default_factory=list)
    late: list[CaseRow] = field(default_factory=list)
    seen: int = 0

    @property
    def due_next(self) -> list[CaseRow]:
        """What is theirs or waits for them and is not late, the earliest due first."""
        return by_due([row for row in {row.case_id: row for row in (*self.mine, *self.waiting)}.values() if not row.overdue])


async def desk_of(client: CaseClient, library: StandardsLibrary, actor: Actor, centre: str | None = None) -> Desk:
    """Look at every open case. Raises Unreachable."""
    deciding = _deciding(library, actor.role)
    where = "ExecutionStatus = 'Running'" + (f" AND CaseCentre = '{centre}'" if centre else "")
    desk = Desk()
    async for row in client.list(where, MOST):
        desk.seen += 1
        if actor.role.startswith(OWNER) and row.unit != actor.unit:
            continue
        may = (row.service or "", row.stage or "") in deciding
        own = row.assignee == actor.id
        if own:
            desk.mine.append(row)
        elif may and (row.assignee is None or actor.role != COUNTER):
            desk.waiting.append(row)
        if row.overdue and (own or may):
            desk.late.append(row)
    desk.waiting, desk.mine, desk.late = by_due(desk.waiting), by_due(desk.mine), by_due(desk.late)
    return desk


def _deciding(library: StandardsLibrary, role: str) -> set[tuple[str, str]]:
    """Service and stage that wait for somebody of this role."""
    known = [(pack, name, services()[name]) for pack in library.packs for name in pack.services if name in services()]
    return {
        (name, stage.value)
        for pack, name, process in known
        for stage in process.definition.stages
        if any(role in _roles(pack, name, stage.value, command) for command in _ways_on(process, stage.value))
    }


def _ways_on(process: type[Process[Any]], stage: str) -> list[str]:
    """The commands that are the work of a stage."""
    declared = commands_of(process)
    return [name for name, one in declared.items() if one.act is None and name not in WAYS_OUT and stage in one.stages(process)]


def _roles(pack: ServiceStandards, service: str, stage: str, command: str) -> list[str]:
    given = pack.permissions(service)
    return {**given.get("any", {}), **given.get(stage, {})}.get(command, [])


def by_due(rows: Sequence[CaseRow]) -> list[CaseRow]:
    """The earliest due first; what has no due time last, the oldest first."""
    never = datetime.max.replace(tzinfo=UTC)
    return sorted(rows, key=lambda row: (row.due_at or never, row.opened_at))
