"""Asking the standard: terms, due times and rungs, by local activities that take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from casework.workflows import options

with workflow.unsafe.imports_passed_through():
    from casework.standards.ledger import Ledger
    from casework.standards.plan import PROMISE, PausePlan, PlannedRung
    from casework.workflows import errors
    from casework.workflows.case_file import CaseFile, Clock
    from casework.workflows.ports import (
        LateOrder,
        LateRung,
        Opening,
        OpeningOrder,
        PauseOrder,
        PlanOrder,
        Plans,
        RepeatOrder,
        StandardPort,
        StepRun,
    )

Order = TypeVar("Order")
Answer = TypeVar("Answer")


class Planner:
    """Plans the steps of one case on the version of the standard it was opened under."""

    def __init__(self, file: CaseFile, turn: asyncio.Lock) -> None:
        self._file = file
        self._turn = turn

    async def terms(self, *steps: str) -> Opening:
        """The terms of a new case, its promise, and the plans of the steps that begin with the receipt."""
        request = self._file.request
        order = OpeningOrder(
            service=request.service,
            standard=request.standard,
            centre=request.centre,
            received_at=self._file.received_at,
            steps=[PROMISE, *steps],
        )
        return await self._ask(StandardPort.open_terms, order)

    async def plan(self, runs: list[StepRun], now: datetime, revision: int = 0, since: int | None = None) -> Plans:
        """The plans of running steps as of now, on a calendar at least as new as `revision`. Raises CannotPlan."""
        return await self._ask(StandardPort.plan_steps, PlanOrder(**self._standard(revision), runs=runs, now=now, since=since))

    async def under(self, standard_id: str, version: str, runs: list[StepRun], now: datetime) -> Opening:
        """The terms of another version of the standard, and the plans of running steps under it."""
        other = {**self._standard(), "standard_id": standard_id, "standard_version": version}
        return await self._ask(StandardPort.plan_standard, PlanOrder(**other, runs=runs, now=now))

    async def pause(self, reason: str, begun: datetime) -> PausePlan:
        """When a pause must end, and when somebody is reminded."""
        return await self._ask(StandardPort.plan_pause, PauseOrder(**self._standard(), reason=reason, begun=begun))

    async def late(self, clock: Clock, rung: PlannedRung, now: datetime) -> LateRung:
        """What becomes of a rung whose moment passed while nobody was there."""
        return await self._ask(StandardPort.plan_late, LateOrder(**self._standard(), ledger=clock.ledger, rung=rung, now=now))

    async def repeat(
        self,
        step: str,
        ledger: Ledger,
        due_at: datetime,
        rung: PlannedRung,
        after: datetime,
        standard: tuple[str, str] | None = None,
    ) -> PlannedRung:
        """When a repeating rung comes next; under another version of the standard, if one is named."""
        order = RepeatOrder(**self._standard(), step=step, ledger=ledger, rung=rung, due_at=due_at, after=after)
        if standard:
            order = order.model_copy(update={"standard_id": standard[0], "standard_version": standard[1]})
        return await self._ask(StandardPort.plan_repeat, order)

    async def _ask(self, question: Callable[[Any, Order], Awaitable[Answer]], order: Order) -> Answer:
        try:
            async with self._turn:
                return await workflow.execute_local_activity_method(
                    question,
                    order,
                    start_to_close_timeout=options.PLAN_TIMEOUT,
                    retry_policy=options.PLAN_RETRY,
                )
        except ApplicationError as error:
            raise errors.CannotPlan(error.message) from error

    def _standard(self, revision: int = 0) -> dict[str, Any]:
        terms = self._file.terms
        assert terms is not None, "nothing is planned before the case has its terms"
        return {
            "standard_id": terms.standard_id,
            "standard_version": terms.standard_version,
            "service": self._file.request.service,
            "centre": self._file.request.centre,
            "revision": max(revision, self._file.calendar_known, 0),
        }
