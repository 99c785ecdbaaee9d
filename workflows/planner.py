"""Asking the standard: terms, due times and rungs, by local activities that take turns."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from casework.workflows import options

with workflow.unsafe.imports_passed_through():
    from casework.standards.plan import PROMISE, Plan, PlannedRung
    from casework.workflows import errors
    from casework.workflows.case_file import CaseFile, Clock
    from casework.workflows.ports import Opening, OpeningOrder, PlanOrder, RepeatOrder, StandardPort


class Planner:
    """Plans the steps of one case on the version of the standard it was opened under."""

    def __init__(self, file: CaseFile, turn: asyncio.Lock) -> None:
        self._file = file
        self._turn = turn

    async def terms(self, *steps: str) -> Opening:
        """The terms of a new case, its promise, and the plans of the steps that begin with the receipt."""
        request, received_at = self._file.request, self._file.received_at
        order = OpeningOrder(service=request.service, standard=request.standard, received_at=received_at, steps=[PROMISE, *steps])
        async with self._turn:
            return await workflow.execute_local_activity_method(
                StandardPort.open_terms,
                order,
                start_to_close_timeout=options.PLAN_TIMEOUT,
                retry_policy=options.PLAN_RETRY,
            )

    async def plan(self, steps: list[str], started_at: datetime, extra: int = 0) -> list[Plan]:
        """The plans of steps that start then; `extra` lengthens the limit in its own unit."""
        order = PlanOrder(**self._standard(), steps=steps, started_at=started_at, extra=extra)
        try:
            async with self._turn:
                planned = await workflow.execute_local_activity_method(
                    StandardPort.plan_steps,
                    order,
                    start_to_close_timeout=options.PLAN_TIMEOUT,
                    retry_policy=options.PLAN_RETRY,
                )
        except ApplicationError as error:
            raise errors.CannotPlan(error.message) from error
        return planned.plans

    async def repeat(self, clock: Clock, rung: PlannedRung, after: datetime) -> PlannedRung:
        """When a repeating rung comes next."""
        async with self._turn:
            order = RepeatOrder(**self._standard(), step=clock.step, rung=rung, due_at=clock.due_at, after=after)
            return await workflow.execute_local_activity_method(
                StandardPort.plan_repeat,
                order,
                start_to_close_timeout=options.PLAN_TIMEOUT,
                retry_policy=options.PLAN_RETRY,
            )

    def _standard(self) -> dict[str, Any]:
        terms = self._file.terms
        assert terms is not None, "nothing is planned before the case has its terms"
        return {
            "standard_id": terms.standard_id,
            "standard_version": terms.standard_version,
            "service": self._file.request.service,
        }
