"""The standard, as workflows ask for it: terms of a new case, due times, rungs, pauses."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio import activity
from temporalio.exceptions import ApplicationError

from casework.activities.calendar_book import CalendarBook
from casework.standards.calendar_rules import CalendarChange
from casework.standards.clock import Clockwork
from casework.standards.limits import Named
from casework.standards.loader import UnknownStandard
from casework.standards.model import ServiceStandards
from casework.standards.plan import REQUESTER, SATISFACTION, PausePlan, Plan, PlannedRung
from casework.workflows.contracts import Outcome
from casework.workflows.errors import CANNOT_PLAN
from casework.workflows.ports import (
    ExtensionTerms,
    LateOrder,
    LateRung,
    Opening,
    OpeningOrder,
    PauseOrder,
    PauseTerms,
    PlanOrder,
    Plans,
    RepeatOrder,
    StandardOrder,
    StandardPort,
    StepRun,
    Terms,
)

UNREAD = "changes of the calendar could not be read; this date is counted on the published calendar alone"
NEVER_READ = -1  # older than any calendar: the case counts again as soon as the records answer
UNCOUNTABLE = (KeyError, IndexError, ValueError, OverflowError)


class StandardActivities(StandardPort):
    """Answers from the packs that this worker serves, on the calendar of today."""

    def __init__(self, book: CalendarBook) -> None:
        self._book = book

    @activity.defn(name="open_terms")
    async def open_terms(self, order: OpeningOrder) -> Opening:
        """The terms and first plans of a new case, or why there are none."""
        try:
            pack = self._book.packs.current(order.standard, order.received_at.date())
            clockwork = await self._book.clockwork(pack.id, pack.version, order.centre)
            terms = _terms(pack, order.service)
        except UnknownStandard as error:
            return Opening(terms=None, plans=[], problem=f"standard: {error}")
        except KeyError as error:
            return Opening(terms=None, plans=[], problem=f"service: {error.args[0]}")
        try:
            plans = [clockwork.plan(order.service, step, order.received_at) for step in order.steps]
        except UNCOUNTABLE as error:
            return Opening(terms=None, plans=[], problem=f"received_at or standard: nothing can be planned ({error})")
        return Opening(terms=terms, plans=self._marked(plans))

    @activity.defn(name="plan_steps")
    async def plan_steps(self, order: PlanOrder) -> Plans:
        """Due times and rungs of running steps."""
        clockwork = await self._clockwork(order)
        try:
            plans = [_planned(clockwork, order, run) for run in order.runs]
        except UNCOUNTABLE as error:  # trying again would say the same
            raise _cannot(error) from error
        return Plans(plans=self._marked(plans), because=await self._because(order, plans))

    @activity.defn(name="plan_standard")
    async def plan_standard(self, order: PlanOrder) -> Opening:
        """The terms of another version of the standard, and the plans of running steps under it."""
        try:
            clockwork = await self._clockwork(order)
            terms = _terms(clockwork.pack, order.service)
            plans = [_planned(clockwork, order, run) for run in order.runs]
        except (UnknownStandard, *UNCOUNTABLE) as error:
            return Opening(terms=None, plans=[], problem=_words(error))
        return Opening(terms=terms, plans=self._marked(plans))

    @activity.defn(name="plan_pause")
    async def plan_pause(self, order: PauseOrder) -> PausePlan:
        """When a pause must end, and when somebody is reminded of it."""
        clockwork = await self._clockwork(order)
        try:
            return clockwork.pause(order.reason, order.begun)
        except UNCOUNTABLE as error:
            raise _cannot(error) from error

    @activity.defn(name="plan_late")
    async def plan_late(self, order: LateOrder) -> LateRung:
        """What becomes of a rung that comes late: now, at the next opening, or not at all."""
        clockwork = await self._clockwork(order)
        try:
            at = clockwork.late(order.ledger, order.rung, order.now)
        except UNCOUNTABLE as error:
            raise _cannot(error) from error
        return LateRung(skip=at is None, wait_until=at if at and at > order.now else None)

    @activity.defn(name="plan_repeat")
    async def plan_repeat(self, order: RepeatOrder) -> PlannedRung:
        """The next moment of a repeating rung."""
        clockwork = await self._clockwork(order)
        try:
            return clockwork.repeat(order.service, order.step, order.rung, order.due_at, order.after, order.ledger)
        except UNCOUNTABLE as error:
            raise _cannot(error) from error

    async def _clockwork(self, order: StandardOrder) -> Clockwork:
        return await self._book.clockwork(order.standard_id, order.standard_version, order.centre, order.revision)

    def _marked(self, plans: Sequence[Plan]) -> list[Plan]:
        if self._book.was_read:
            return list(plans)
        return [plan.model_copy(update={"warning": UNREAD, "revision": NEVER_READ}) for plan in plans]

    async def _because(self, order: PlanOrder, plans: Sequence[Plan]) -> Named | None:
        """The changes since that lie where these plans count."""
        if order.since is None or not plans:
            return None
        changes = await self._book.changes_after(order.standard_id, order.standard_version, order.centre, order.since)
        ends = [plan.due_at for plan in plans] + [run.standing for run in order.runs if run.standing]
        first, last = min(plan.started_at for plan in plans).date(), max(ends).date()
        return _named([change for change in changes if first <= change.date <= last])


def _planned(clockwork: Clockwork, order: PlanOrder, run: StepRun) -> Plan:
    if run.standing is None:
        return clockwork.plan(order.service, run.step, run.ledger, order.now)
    return clockwork.replan(order.service, run.step, run.ledger, run.standing, order.now)


def _cannot(error: Exception) -> ApplicationError:
    return ApplicationError(_words(error), type=CANNOT_PLAN, non_retryable=True)


def _words(error: Exception) -> str:
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def _named(changes: Sequence[CalendarChange]) -> Named | None:
    """What changed, for the people who are told a new date."""
    if not changes:
        return None
    return Named(
        th=", ".join(dict.fromkeys(change.name_th or change.reason for change in changes)),
        en=", ".join(dict.fromkeys(change.name_en or change.name_th or change.reason for change in changes)),
    )


def _terms(pack: ServiceStandards, service_name: str) -> Terms:
    service = pack.service(service_name)
    commands = next((by_stage for name, by_stage in pack.commands.items() if name.value == service_name), {})
    asked = pack.satisfaction
    steps = {step.id for step in service.steps}
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
        pauses={
            reason: PauseTerms(
                th=rule.th,
                en=rule.en,
                steps=[step for step in rule.steps if step in steps],
                then=rule.then,
                remind=rule.remind.to,
                outcome=Outcome(rule.outcome) if rule.outcome else None,
                tell_at_end=rule.tell_at_end,
            )
            for reason, rule in pack.pauses.items()
            if steps & set(rule.steps)
        },
        pause_notices=pack.pause_notices.model_dump(),
        requester_steps=[step.id for step in service.steps if step.actor == REQUESTER and step.limit],
        expiring=[s.id for s in service.steps if s.on_expiry or s.id == SATISFACTION],
        rung_notices=pack.rung_notices.model_dump(),
        ask_after=[outcome for outcome in asked.ask_after if outcome in service.outcomes],
        survey_items=[item.id for item in asked.items],
        scale=sorted(asked.scale),
        low_score=asked.dissatisfaction.low_score,
        open_improvement_task=asked.dissatisfaction.open_improvement_task,
    )
