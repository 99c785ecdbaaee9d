"""Open cases counted again: on a changed calendar, or under another version of their standard. First to see what would move,
then to move it.

    recounting = Recounting(client, records, "moe-jsc", on_calendar(library, changes))
    moving = [case async for case in recounting.moving()]        # changes nothing
    async for done in recounting.apply(moving, message): ...     # may be stopped and run again

The records say what every open case keeps, so thousands are looked at in seconds. A case that the records lag behind misses
nothing: when its next event is written it hears how new the calendar is, and counts again by itself. What has moved already
does not move again, so a run that was killed is finished by the same command.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar

from casework.adapters.postgres.records import PostgresRecords
from casework.standards.counting.calendar_rules import CalendarChange
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.counting.plan import PROMISE
from casework.standards.pack.declared import stranded
from casework.standards.pack.loader import StandardsLibrary
from casework.starter.client import CaseClient
from casework.starter.errors import CaseClosed, CaseworkError, NotFound, Unreachable
from casework.workflows.case.recount import as_kept, moved, pause_end, paused_until, replanned
from casework.workflows.messages.commands import ChangeStandard, Recount
from casework.workflows.messages.views import OpenCase

AT_ONCE = 40
T = TypeVar("T")
R = TypeVar("R")
# What a case would be counted with, or None if it does not concern it. Raises KeyError or ValueError if it does not fit.
Counted = Callable[[OpenCase], PackCalculator | None]


@dataclass(frozen=True)
class Move:
    """One date that moves; `step` may be "promise". Equal dates: only rungs of the ladder move."""

    step: str
    old: datetime
    new: datetime


@dataclass(frozen=True)
class Moving:
    """One open case that a change concerns: what moves in it, or why it cannot be counted."""

    case_id: str
    case_no: str | None
    service: str
    moves: list[Move] = field(default_factory=list)
    problem: str | None = None
    warning: str | None = None


@dataclass(frozen=True)
class Done:
    """What became of one case."""

    case: Moving
    error: str | None = None


def on_calendar(library: StandardsLibrary, changes: Sequence[CalendarChange], standard: str) -> Counted:
    """Each case of a standard under its own version, on the calendar with these changes."""

    @cache
    def made(version: str, centre: str) -> PackCalculator:
        return PackCalculator(library.get(standard, version), centre, [c for c in changes if c.standard == standard])

    return lambda case: made(case.standard_version, case.centre)


def under_version(
    library: StandardsLibrary,
    changes: Sequence[CalendarChange],
    before: tuple[str, str],
    after: tuple[str, str],
    service: str | None,
) -> Counted:
    """Each case under one version as it would be under another."""
    pack = library.get(*after)

    @cache
    def made(centre: str) -> PackCalculator:
        return PackCalculator(pack, centre, [c for c in changes if c.standard == pack.id])

    def counted(case: OpenCase) -> PackCalculator | None:
        if (case.standard_id, case.standard_version) != before or service not in (None, case.service):
            return None
        if case.pause is not None:
            raise ValueError(f"the clocks stand still ({case.pause.reason}); resume first")
        declared = [library.get(*version).service(case.service).declared for version in (before, after)]
        if reason := stranded(declared[0], declared[1], case.stage, [clock.step for clock in case.clocks]):
            raise ValueError(reason)
        return made(case.centre)

    return counted


class Recounting:
    """Counts the open cases of a standard again."""

    def __init__(
        self, client: CaseClient, records: PostgresRecords, standard: str, counted: Counted, every: bool = False
    ) -> None:
        """`every`: cases in which no date moves are concerned too."""
        self._client = client
        self._records = records
        self._standard = standard
        self._counted = counted
        self._every = every
        self.seen = 0

    async def count_open(self) -> int:
        """How many open cases there are."""
        return await self._records.count_open_cases(self._standard)

    async def moving(self) -> AsyncIterator[Moving | None]:
        """Every open case: what would move in it, or None if the change does not concern it. Nothing is changed."""
        async for case in self._records.open_cases(self._standard):
            self.seen += 1
            yield self._look(case)

    async def apply(self, cases: Sequence[Moving], message: Recount | ChangeStandard) -> AsyncIterator[Done]:
        """Tell these cases to count again. Each is done when the records have it too, so that a second look finds what is left;
        one that fails says why and stops nobody."""

        async def tell(case: Moving) -> Done:
            told = self._client.case(case.case_id)
            try:
                reply = await told.act(message)
                with suppress(Unreachable):  # it has counted; the records hear of it when they are back
                    await told.recorded(reply)
            except (NotFound, CaseClosed):
                return Done(case)  # closed meanwhile: nothing runs in it any more
            except CaseworkError as error:
                return Done(case, str(error))
            return Done(case)

        async for done in _side_by_side(cases, tell):
            yield done

    def _look(self, case: OpenCase) -> Moving | None:
        try:
            counted = self._counted(case)
            if counted is None:
                return None
            moves, warning = _moves(case, counted, datetime.now(UTC))
        except (KeyError, ValueError, LookupError) as error:
            reason = str(error.args[0]) if error.args else str(error)
            return Moving(case.case_id, case.case_no, case.service, problem=reason)
        if not moves and not self._every:
            return None
        return Moving(case.case_id, case.case_no, case.service, moves, warning=warning)


def _moves(case: OpenCase, counted: PackCalculator, now: datetime) -> tuple[list[Move], str | None]:
    """What the case itself would find: counted by the same function, from what the records keep of it."""
    calculator = counted.of(case.service)
    end = pause_end(calculator, case.pause, now) if case.pause else None
    until = end.until if end else None
    found: list[Move] = []
    warnings: list[str | None] = []
    for kept in case.clocks:
        before = as_kept(calculator, kept, now)
        after = replanned(calculator, before, until, now)
        warnings.append(after.warning)
        if moved(before, after):
            found.append(Move(kept.step, kept.due_at, after.due_at))
    promise = case.promise
    if promise is not None:
        plan = calculator.replan(promise.chain, paused_until(promise.ledger, until), promise.due_at, now)
        warnings.append(plan.warning)
        if plan.due_at != promise.due_at:
            found.append(Move(PROMISE, promise.due_at, plan.due_at))
    return found, next((warning for warning in warnings if warning), None)


async def _side_by_side(items: Sequence[T], work: Callable[[T], Awaitable[R]]) -> AsyncIterator[R]:
    """Results as they come, so many under way at once."""
    waiting = iter(items)
    under_way: set[asyncio.Future[R]] = set()
    try:
        while True:
            while len(under_way) < AT_ONCE and (item := next(waiting, None)) is not None:
                under_way.add(asyncio.ensure_future(work(item)))
            if not under_way:
                return
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                yield each.result()
    finally:
        for each in under_way:
            each.cancel()
