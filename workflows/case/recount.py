"""A running clock counted again: one function for the case that changes and for the preview that only looks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from casework.standards.counting.due_calculator import DueCalculator
from casework.standards.counting.ledger import Ledger
from casework.standards.counting.plan import PausePlan, Plan, PlannedRung
from casework.workflows.case.clock import Clock
from casework.workflows.messages.views import PauseView, RunningClock

Fired = Callable[[Clock, Plan, datetime], None]  # what becomes of the rungs that have fired


def recounted(calculator: DueCalculator, clock: Clock, plan: Plan, now: datetime, fired: Fired | None = None) -> Clock:
    """The clock as it is with a new plan, and when what repeats comes again; the one given stays as it was. Raises one of
    UNCOUNTABLE."""
    draft = clock.model_copy(deep=True)
    if fired is not None:
        fired(draft, plan, now)
    repeats = [
        _not_lost(draft, calculator.repeat(clock.step, draft.last_repeat(rung), plan.due_at, now, plan.ledger), now)
        for rung in plan.rungs
        if rung.repeat_every and rung.key in draft.fired
    ]
    draft.replan(plan, now, repeats)
    return draft


def replanned(
    calculator: DueCalculator, clock: Clock, until: datetime | None, now: datetime, fired: Fired | None = None
) -> Clock:
    """The clock on another calendar or standard; `until` is when the pause that stands must end there. Nothing moves into the
    past. Raises one of UNCOUNTABLE."""
    plan = calculator.replan(clock.step, paused_until(clock.ledger, until), clock.due_at, now)
    return recounted(calculator, clock, plan, now, fired)


def moved(before: Clock, after: Clock) -> bool:
    """Whether the due time or a rung that stands is at another moment."""

    def rungs(clock: Clock) -> dict[str, datetime]:
        return {rung.key: rung.at for rung in clock.rungs}

    return before.due_at != after.due_at or rungs(before) != rungs(after)


def pause_end(calculator: DueCalculator, pause: PauseView, now: datetime) -> PausePlan | None:
    """When a pause must end on another calendar; None if that would be over already: what was told stands."""
    planned = calculator.pause(pause.reason, pause.begun, pause.cap)
    return planned if planned.until > now else None


def paused_until(ledger: Ledger, until: datetime | None) -> Ledger:
    """A ledger whose standing pause must end then."""
    if until is None:
        return ledger
    pauses = [pause if pause.ended else pause.model_copy(update={"until": until}) for pause in ledger.pauses]
    return ledger.model_copy(update={"pauses": pauses})


def as_kept(calculator: DueCalculator, kept: RunningClock, now: datetime) -> Clock:
    """A clock as the records have it. What its ladder has and does not stand any more has fired."""
    plan = calculator.plan(kept.step, kept.ledger, now)
    clock = Clock.planned(plan)
    clock.due_at, clock.rungs = kept.due_at, list(kept.rungs)
    standing = {rung.key for rung in kept.rungs}
    clock.fired = {rung.key: rung.says for rung in plan.rungs if rung.key not in standing}
    for rung in kept.rungs:
        clock.fired |= {f"{rung.first}#{number}": rung.says for number in range(1, rung.times)}
    return clock


def _not_lost(clock: Clock, found: PlannedRung, now: datetime) -> PlannedRung:
    """The next moment of what repeats; or the one that stood, if the change put its moment into the past: it comes now."""
    standing = next((rung for rung in clock.rungs if rung.first == found.first and "#" in rung.key), None)
    if standing is None or standing.times >= found.times:
        return found
    return standing.model_copy(update={"at": now, "waited_since": None})
