"""From a step of a service, a calendar and the ledger of a clock to its due time and the rungs of its ladder.

    calculator = DueCalculator(rules, calendar)
    plan = calculator.plan("check_forward", submitted_at)
    plan.due_at, plan.rungs

Pure functions of data: a case counts with it inside its workflow. How a limit is counted is in due_counter.py; which limits
and rungs a step has, here.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from casework.standards.due_counter import DueCounter
from casework.standards.ledger import Ledger
from casework.standards.limits import Action, AfterDue, AtPercent, BeforeDue, Limit, Moment, Unit
from casework.standards.model import Rung
from casework.standards.office_calendar import OfficeCalendar
from casework.standards.plan import REQUESTER, PausePlan, Plan, PlannedRung
from casework.standards.service_rules import ServiceRules, StepRules
from casework.standards.working_calendar import WorkingCalendar

MISSED = 1_000  # a ladder that finds no open moment in so many is wrong and must say so
UNCOUNTABLE = (KeyError, IndexError, ValueError, OverflowError)  # what counting raises when there is no answer


class _Run(NamedTuple):
    """What the rungs of a running step are counted from."""

    counter: DueCounter
    limit: Limit
    started_at: datetime
    due_at: datetime


class DueCalculator:
    """Counts the limits of one service on the calendar of one centre."""

    def __init__(self, rules: ServiceRules, calendar: WorkingCalendar, office: OfficeCalendar | None = None) -> None:
        """`office` is the same calendar with names of holidays, where somebody explains."""
        self.rules = rules
        self.calendar = calendar
        self.office = office or calendar.office()
        self.counting = calendar.rules.counting

    def plan(self, step: str, run: Ledger | datetime, as_of: datetime | None = None) -> Plan:
        """Due time and rungs of a step that started at `run` (aware), or that has this ledger; its balance `as_of`.

        Steps joined by + are chained by date; the step "promise" is the service's own chain, its promise to the
        requester. Raises KeyError for an unknown step, ValueError for a naive time, a step without a limit ("no
        time limit" is a promise too), or an extension in another unit than the limit's.
        """
        ledger = as_ledger(run)
        chain = self.rules.chain(step)
        if chain:
            return self._chain(step, [self.rules.step(name) for name in chain], ledger, as_of)
        published = self.rules.step(step)
        if published.limit is None:
            raise ValueError(f"{step} has no time limit")
        limit = _extended(published.limit, ledger)
        counter, start = self.counter(ledger), ledger.counted_from
        due_at, target = counter.due(limit, start, requester_duty=published.binds_requester)
        of = _Run(counter, limit, start, self._kept(due_at, ledger))
        rungs = [
            planned
            for index, rung in enumerate(published.rungs)
            if (planned := self._rung(f"{published.ladder}/{index}", rung, of))
        ]
        rungs += [self._progress(days, of) for days in published.progress]
        return self._made(step, of, ledger, target, rungs, as_of)

    def replan(self, step: str, ledger: Ledger, standing: datetime, now: datetime) -> Plan:
        """Plan a running step again after a change of calendar or standard. Nothing moves into the past: if the count
        comes to an earlier time that is over already, the due time told before (`standing`) stays."""
        plan = self.plan(step, ledger, now)
        if plan.due_at < standing and plan.due_at < now:
            plan = self.plan(step, ledger.model_copy(update={"not_before": standing}), now)
        return plan

    def counter(self, ledger: Ledger) -> DueCounter:
        """The rules of counting with the pauses of a ledger."""
        return DueCounter(self.office, self.counting, ledger.counted_pauses)

    def limits(self, step: str) -> list[Limit]:
        """The limits that a step, or a chain of them, is made of."""
        names = self.rules.chain(step) or [step]
        return [limit for name in names if (limit := self.rules.step(name).limit)]

    def pause(self, reason: str, begun: datetime) -> PausePlan:
        """When a pause that begins then must end, and when somebody is reminded of it. KeyError for an unknown reason."""
        rule = self.rules.pauses[reason]
        counter = DueCounter(self.office, self.counting)
        until, _ = counter.due(rule.longest, begun, requester_duty=rule.waits_for_requester)
        return PausePlan(until=until, remind_at=counter.before(until, rule.remind_before.limit))

    def late(self, ledger: Ledger, rung: PlannedRung, now: datetime) -> datetime | None:
        """When a rung fires whose moment has passed while nobody was there, or None if not at all any more."""
        return self.counter(ledger).outside_hours(now, rung.outside_hours, late=True)

    def repeat(
        self, step: str, rung: PlannedRung, due_at: datetime, after: datetime, ledger: Ledger | None = None
    ) -> PlannedRung:
        """The next moment of a repeating rung that lies after `after`, counted from the due date.

        Moments that passed while nobody could fire them are not made up for: one notice says the same as three.
        """
        base, _, fired = rung.key.partition("#")
        published = self.rules.step(step).rungs[int(base.rpartition("/")[2])]
        every, first = published.repeat_every, published.at
        if every is None or not isinstance(first, AfterDue):
            raise ValueError(f"{rung.key} does not repeat")
        times, missed = int(fired or 0), 0
        counter = self.counter(ledger or Ledger(started_at=due_at))
        while missed < MISSED:
            times += 1
            # Built without the bound of a published limit: a repeat may go on for years.
            distance = Limit.model_construct(n=first.due_plus + times * every.n, unit=every.unit)
            at = counter.closed_day(counter.after(due_at, distance), distance.unit, published.on_closed_day)
            fires_at = counter.outside_hours(at, published.outside_hours)
            if fires_at and fires_at > after:
                return rung.model_copy(update={"key": f"{base}#{times}", "at": fires_at})
            missed += fires_at is None
        raise ValueError(f"{rung.key} finds no moment in opening hours any more")

    def _progress(self, days: int, of: _Run) -> PlannedRung:
        at = of.counter.after_start(Limit(n=days, unit=Unit.WORKING_DAY), of.started_at)
        return PlannedRung(key=f"progress/{days}", at=at, action=Action.PROGRESS, to=[REQUESTER])

    def _chain(self, name: str, steps: list[StepRules], ledger: Ledger, as_of: datetime | None) -> Plan:
        """Limits chained by their dates: a 16:30 due time is never fed back in as an arrival (it would add a day)."""
        first, *rest = [step.limit for step in steps if step.limit]
        first = _extended(first, ledger)
        counter, start = self.counter(ledger), ledger.counted_from
        due_at, target = counter.due(first, start, requester_duty=steps[0].binds_requester)
        due_at = self._kept(due_at, ledger)
        for limit in rest:
            # What ends on a closed day is received on the next working day, and that day is not counted.
            day = self.office.on_or_after(counter.date_of(due_at))
            due_at = counter.after(self.office.close_of(day), limit)
        same_unit = all(limit.unit == first.unit for limit in rest)
        total = Limit(n=first.n + sum(limit.n for limit in rest), unit=first.unit) if same_unit else first
        return self._made(name, _Run(counter, total, start, due_at), ledger, target if not rest else None, [], as_of)

    def _kept(self, due_at: datetime, ledger: Ledger) -> datetime:
        return max(due_at, ledger.not_before.astimezone(self.office.zone)) if ledger.not_before else due_at

    def _made(
        self, step: str, of: _Run, ledger: Ledger, target: datetime | None, rungs: list[PlannedRung], as_of: datetime | None
    ) -> Plan:
        return Plan(
            step=step,
            limit=of.limit,
            ledger=ledger,
            effective_start=self.office.next_opening(of.started_at),
            due_at=of.due_at,
            internal_target=target,
            rungs=sorted(rungs, key=lambda rung: rung.at),
            balance=of.counter.balance(of.limit, of.started_at, as_of or of.started_at),
            calendar=self.rules.standard,
            revision=self.calendar.revision,
            warning=self.calendar.caution(of.due_at),
        )

    def _rung(self, key: str, rung: Rung, of: _Run) -> PlannedRung | None:
        at = self._moment(rung.at, of)
        if isinstance(rung.at, (Limit, BeforeDue, AfterDue)):
            at = of.counter.closed_day(at, rung.at.unit, rung.on_closed_day)
        elif isinstance(rung.at, AtPercent):
            at = of.counter.closed_day(at, of.limit.unit, rung.on_closed_day)
        fires_at = of.counter.outside_hours(at, rung.outside_hours)
        if fires_at is None:
            return None
        return PlannedRung(
            key=key,
            at=fires_at,
            action=rung.do,
            to=rung.to,
            notify_requester=rung.notify_requester,
            after_due=isinstance(rung.at, AfterDue),
            from_due=rung.at == "due" or isinstance(rung.at, (AfterDue, BeforeDue)),
            repeat_every=rung.repeat_every,
            outside_hours=rung.outside_hours,
        )

    def _moment(self, moment: Moment, of: _Run) -> datetime:
        at_open = self.counting.ladder_fires_at == "open"
        match moment:
            case Limit():
                return of.counter.after_start(moment, of.started_at, at_open)
            case AtPercent():
                return of.counter.at_percent(moment, of.limit, of.started_at, at_open)
            case AfterDue():
                return of.counter.after(of.due_at, moment.limit)
            case BeforeDue():
                return of.counter.before(of.due_at, moment.limit)
            case _:
                return of.due_at


def as_ledger(run: Ledger | datetime) -> Ledger:
    """A ledger as it is, or that of a step which started then. Raises ValueError for a time without an offset."""
    if isinstance(run, Ledger):
        return run
    if run.tzinfo is None:
        raise ValueError("the start must carry a UTC offset, such as 2026-03-04T10:00:00+07:00")
    return Ledger(started_at=run)


def _extended(limit: Limit, ledger: Ledger) -> Limit:
    strange = next((entry for entry in ledger.extensions if entry.unit is not limit.unit), None)
    if strange is not None:
        raise ValueError(f"it was extended by {strange.n} {strange.unit.value}, and the limit is {limit}")
    return Limit(n=limit.n + ledger.extended_by, unit=limit.unit)
