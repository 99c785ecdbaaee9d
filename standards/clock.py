"""From a step of the standard, a calendar and the ledger of a clock to its due time and the rungs of its ladder.

    clock = Clockwork(pack)
    plan = clock.plan("forward", "check_forward", submitted_at)
    plan.due_at, plan.rungs

How a limit is counted is in due_counter.py; which limits and rungs a step has, here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from casework.standards.calendar_rules import CalendarChange, calendar_for
from casework.standards.due_counter import DueCounter
from casework.standards.government_holidays import holiday_source
from casework.standards.ledger import Ledger
from casework.standards.limits import Action, AfterDue, AtPercent, BeforeDue, Limit, Moment, Unit
from casework.standards.model import Rung, Service, ServiceStandards, Step
from casework.standards.office_calendar import OfficeCalendar
from casework.standards.plan import OFFICER, PROMISE, REQUESTER, SATISFACTION, PausePlan, Plan, PlannedRung

MISSED = 1_000  # a ladder that finds no open moment in so many is wrong and must say so


class _Run(NamedTuple):
    """What the rungs of a running step are counted from."""

    counter: DueCounter
    limit: Limit
    started_at: datetime
    due_at: datetime


class Clockwork:
    """Counts limits on the calendar of one pack, as one centre keeps it, with the changes made since."""

    def __init__(self, pack: ServiceStandards, centre: str | None = None, changes: Sequence[CalendarChange] = ()) -> None:
        self.pack = pack
        self.rules = pack.calendar.counting
        self.revision = max((change.revision for change in changes), default=0)
        kept = calendar_for(pack.calendar, centre, changes)
        self.calendar = OfficeCalendar(kept, holiday_source(kept.holidays))

    def plan(self, service: str, step: str, run: Ledger | datetime, as_of: datetime | None = None) -> Plan:
        """Due time and rungs of a step that started at `run` (aware), or that has this ledger; its balance `as_of`.

        Steps joined by + are chained by date; the step "promise" is the service's own chain, its promise to the
        requester. Raises KeyError for an unknown service or step, ValueError for a naive time, a step without a limit ("no
        time limit" is a promise too), or an extension in another unit than the limit's.
        """
        ledger = self.ledger(run)
        offered = self.pack.service(service)
        chain = self._chained(offered, step)
        if chain:
            return self._chain(step, [offered.step(name) for name in chain], ledger, as_of)
        published = offered.step(step)
        agreed = self._limit(published)
        if agreed is None:
            raise ValueError(f"{step} has no time limit")
        limit = _extended(agreed, ledger)
        counter, start = self.counter(ledger), ledger.counted_from
        due_at, target = counter.due(limit, start, requester_duty=published.actor == REQUESTER)
        due_at = self._kept(due_at, ledger)
        of = _Run(counter, limit, start, due_at)
        rungs = [
            planned
            for index, rung in enumerate(self._ladder(published))
            if (planned := self._rung(f"{published.escalation or 'default'}/{index}", rung, of))
        ]
        rungs += self._progress(offered, published, of)
        return self._made(step, of, ledger, target, rungs, as_of)

    def replan(self, service: str, step: str, ledger: Ledger, standing: datetime, now: datetime) -> Plan:
        """Plan a running step again after a change of calendar or standard. Nothing moves into the past: if the count
        comes to an earlier time that is over already, the due time told before (`standing`) stays."""
        plan = self.plan(service, step, ledger, now)
        if plan.due_at < standing and plan.due_at < now:
            plan = self.plan(service, step, ledger.model_copy(update={"not_before": standing}), now)
        return plan

    def ledger(self, run: Ledger | datetime) -> Ledger:
        """A ledger as it is, or that of a step which started then. Raises ValueError for a time without an offset."""
        if isinstance(run, Ledger):
            return run
        if run.tzinfo is None:
            raise ValueError("the start must carry a UTC offset, such as 2026-03-04T10:00:00+07:00")
        return Ledger(started_at=run)

    def counter(self, ledger: Ledger) -> DueCounter:
        """The rules of counting with the pauses of a ledger."""
        return DueCounter(self.calendar, self.rules, ledger.counted_pauses)

    def limits(self, service: str, step: str) -> list[Limit]:
        """The limits that a step, or a chain of them, is made of."""
        offered = self.pack.service(service)
        names = self._chained(offered, step) or [step]
        return [limit for name in names if (limit := self._limit(offered.step(name)))]

    def pause(self, reason: str, begun: datetime) -> PausePlan:
        """When a pause that begins then must end, and when somebody is reminded of it. KeyError for an unknown reason."""
        rule = self.pack.pauses[reason]
        counter = DueCounter(self.calendar, self.rules)
        until, _ = counter.due(rule.longest, begun, requester_duty=rule.waits_for == REQUESTER)
        return PausePlan(until=until, remind_at=counter.before(until, rule.remind.limit.limit))

    def late(self, ledger: Ledger, rung: PlannedRung, now: datetime) -> datetime | None:
        """When a rung fires whose moment has passed while nobody was there, or None if not at all any more."""
        return self.counter(ledger).outside_hours(now, rung.outside_hours, late=True)

    def repeat(
        self, service: str, step: str, rung: PlannedRung, due_at: datetime, after: datetime, ledger: Ledger | None = None
    ) -> PlannedRung:
        """The next moment of a repeating rung that lies after `after`, counted from the due date.

        Moments that passed while nobody could fire them are not made up for: one notice says the same as three.
        """
        base, _, fired = rung.key.partition("#")
        published = self._ladder(self.pack.service(service).step(step))[int(base.rpartition("/")[2])]
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

    def _chained(self, service: Service, step: str) -> list[str]:
        if "+" in step:
            return step.split("+")
        if step == PROMISE:
            return service.promise or [next(s.id for s in service.steps if s.limit)]
        return []

    def _limit(self, step: Step) -> Limit | None:
        return step.limit or (self.pack.satisfaction.link_valid if step.id == SATISFACTION else None)

    def _ladder(self, step: Step) -> list[Rung]:
        if step.escalation:
            return self.pack.escalations[step.escalation]
        return [Rung(at="due", do=Action.WARN, to=[OFFICER])] if step.warn_only else []

    def _progress(self, service: Service, step: Step, of: _Run) -> list[PlannedRung]:
        if service.progress_notice is None or "requester_notified_of_result" not in step.stop_on:
            return []
        return [
            PlannedRung(
                key=f"progress/{days}",
                at=of.counter.after_start(Limit(n=days, unit=Unit.WORKING_DAY), of.started_at),
                action=Action.PROGRESS,
                to=[REQUESTER],
            )
            for days in service.progress_notice.at_working_days
        ]

    def _chain(self, name: str, steps: list[Step], ledger: Ledger, as_of: datetime | None) -> Plan:
        """Limits chained by their dates: a 16:30 due time is never fed back in as an arrival (it would add a day)."""
        first, *rest = [step.limit for step in steps if step.limit]
        first = _extended(first, ledger)
        counter, start = self.counter(ledger), ledger.counted_from
        due_at, target = counter.due(first, start, requester_duty=steps[0].actor == REQUESTER)
        due_at = self._kept(due_at, ledger)
        for limit in rest:
            # What ends on a closed day is received on the next working day, and that day is not counted.
            day = self.calendar.on_or_after(counter.date_of(due_at))
            due_at = counter.after(self.calendar.close_of(day), limit)
        same_unit = all(limit.unit == first.unit for limit in rest)
        total = Limit(n=first.n + sum(limit.n for limit in rest), unit=first.unit) if same_unit else first
        return self._made(name, _Run(counter, total, start, due_at), ledger, target if not rest else None, [], as_of)

    def _kept(self, due_at: datetime, ledger: Ledger) -> datetime:
        return max(due_at, ledger.not_before.astimezone(self.calendar.zone)) if ledger.not_before else due_at

    def _made(
        self, step: str, of: _Run, ledger: Ledger, target: datetime | None, rungs: list[PlannedRung], as_of: datetime | None
    ) -> Plan:
        return Plan(
            step=step,
            limit=of.limit,
            ledger=ledger,
            effective_start=self.calendar.next_opening(of.started_at),
            due_at=of.due_at,
            internal_target=target,
            rungs=sorted(rungs, key=lambda rung: rung.at),
            balance=of.counter.balance(of.limit, of.started_at, as_of or of.started_at),
            calendar=f"{self.pack.id} {self.pack.version}",
            revision=self.revision,
            warning=self._warning(of.due_at),
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
        at_open = self.rules.ladder_fires_at == "open"
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

    def _warning(self, due_at: datetime) -> str | None:
        verified = self.pack.calendar.holidays.verified_through
        if verified is None or due_at.date() <= verified:
            return None
        return f"holidays are verified through {verified.isoformat()} only; this date may still move"


def _extended(limit: Limit, ledger: Ledger) -> Limit:
    strange = next((entry for entry in ledger.extensions if entry.unit is not limit.unit), None)
    if strange is not None:
        raise ValueError(f"it was extended by {strange.n} {strange.unit.value}, and the limit is {limit}")
    return Limit(n=limit.n + ledger.extended_by, unit=limit.unit)
