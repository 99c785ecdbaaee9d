"""The standard, as workflows ask for it: terms of a new case, due times, rungs."""

from __future__ import annotations

from functools import cache

from temporalio import activity
from temporalio.exceptions import ApplicationError

from casework.standards.clock import Clockwork
from casework.standards.loader import StandardsLibrary, UnknownStandard
from casework.standards.model import ServiceStandards
from casework.standards.plan import SATISFACTION, PlannedRung
from casework.workflows.errors import CANNOT_PLAN
from casework.workflows.ports import (
    ExtensionTerms,
    Opening,
    OpeningOrder,
    PlanOrder,
    Plans,
    RepeatOrder,
    StandardPort,
    Terms,
)


class StandardActivities(StandardPort):
    """Answers from the packs that this worker serves."""

    def __init__(self, library: StandardsLibrary) -> None:
        self._library = library
        self._clockwork = cache(lambda pack_id, version: Clockwork(library.get(pack_id, version)))

    @activity.defn(name="open_terms")
    async def open_terms(self, order: OpeningOrder) -> Opening:
        """The terms and first plans of a new case, or why there are none."""
        try:
            pack = self._library.current(order.standard, order.received_at.date())
            clockwork = self._clockwork(pack.id, pack.version)
            terms = _terms(pack, order.service)
        except UnknownStandard as error:
            return Opening(terms=None, plans=[], problem=f"standard: {error}")
        except KeyError as error:
            return Opening(terms=None, plans=[], problem=f"service: {error.args[0]}")
        try:
            plans = [clockwork.plan(order.service, step, order.received_at) for step in order.steps]
        except (KeyError, ValueError, OverflowError) as error:
            return Opening(terms=None, plans=[], problem=f"received_at or standard: nothing can be planned ({error})")
        return Opening(terms=terms, plans=plans)

    @activity.defn(name="plan_steps")
    async def plan_steps(self, order: PlanOrder) -> Plans:
        """Due times and rungs of steps."""
        clockwork = self._clockwork(order.standard_id, order.standard_version)
        try:
            return Plans(plans=[clockwork.plan(order.service, step, order.started_at, order.extra) for step in order.steps])
        except (KeyError, ValueError, OverflowError) as error:  # trying again would say the same
            raise ApplicationError(str(error), type=CANNOT_PLAN, non_retryable=True) from error

    @activity.defn(name="plan_repeat")
    async def plan_repeat(self, order: RepeatOrder) -> PlannedRung:
        """The next moment of a repeating rung."""
        clockwork = self._clockwork(order.standard_id, order.standard_version)
        return clockwork.repeat(order.service, order.step, order.rung, order.due_at, order.after)


def _terms(pack: ServiceStandards, service_name: str) -> Terms:
    service = pack.service(service_name)
    commands = next((by_stage for name, by_stage in pack.commands.items() if name.value == service_name), {})
    asked = pack.satisfaction
    return Terms(
        standard_id=pack.id,
        standard_version=pack.version,
        channels={name.value: other.channels for name, other in pack.services.items()},
        segments=pack.segments,
        identity_required_for=[name.value for name, other in pack.services.items() if other.identity_required],
        commands=commands,
        agencies=sorted(pack.agencies),
        deficiency_lists_allowed=service.deficiency_lists_allowed,
        extensions={s.id: ExtensionTerms(times=s.extend.times, up_to=s.extend.up_to) for s in service.steps if s.extend},
        expiring=[s.id for s in service.steps if s.on_expiry or s.id == SATISFACTION],
        rung_notices=pack.rung_notices.model_dump(),
        ask_after=[outcome for outcome in asked.ask_after if outcome in service.outcomes],
        survey_items=[item.id for item in asked.items],
        scale=sorted(asked.scale),
        low_score=asked.dissatisfaction.low_score,
        open_improvement_task=asked.dissatisfaction.open_improvement_task,
    )
