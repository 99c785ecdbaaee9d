"""From a step of a service, a calendar and the ledger of a clock to its due time and the rungs of its ladder.

    calculator = DueCalculator(rules, calendar)
    plan = calculator.plan("check_forward", submitted_at)
    plan.due_at, plan.rungs

Pure functions of data: a case counts with it inside its workflow. How a limit is counted is in due_counter.py; which limits
and rungs a step has, here.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date, datetime
from typing import NamedTuple

from casework.standards.counting.due_counter import DueCounter
from casework.standards.counting.ledger import Ledger
from casework.standards.counting.office_calendar import OfficeCalendar
from casework.standards.counting.plan import REQUESTER, PausePlan, Plan, PlannedRung
from casework.standards.counting.service_rules import ServiceRules
from casework.standards.counting.working_calendar import WorkingCalendar, calendar_digest
from casework.standards.limits import Action, AfterDue, AtPercent, BeforeDue, Limit, RungMoment, Unit
from casework.standards.pack.model import Rung

MISSED = 1_000  # a ladder that finds no open moment in so many is wrong and must say so
UNCOUNTABLE = (KeyError, IndexError, ValueError, OverflowError)  # what counting raises when there is no answer


class _Run(NamedTuple):
    """What the rungs of a running step are counted from."""

    counter: DueCounter
    limit: Limit
    started_at: datetime
    due_at: datetime


class ChainLink(NamedTuple):
    """One limit of a chain: the day it is counted from, which itself is not counted, and when it is due."""

    limit: Limit
    received: date
    due_at: datetime
    internal_target: datetime | None = None


class DueCalculator:
    """Counts the limits of one service on the calendar of one centre."""

    def __init__(self, rules: ServiceRules, calendar: WorkingCalendar, office: OfficeCalendar | None = None) -> None:
        """`office` is the same calendar with names of holidays, where somebody explains."""
        self.rules = rules
        self.calendar = calendar
        self.office = office or calendar.office()
        self.counting = calendar.rules.counting
        self._digests: dict[tuple[int, int], str] = {}

    def plan(self, step: str, run: Ledger | datetime, as_of: datetime | None = None) -> Plan:
        """Due time and rungs of a step that started at `run` (aware), or that has this ledger; its balance `as_of`.

        Steps joined by + are chained by date; the step "promise" is the service's own chain, its promise to the
        requester. Raises KeyError for an unknown step, ValueError for a naive time, a step without a limit ("no
        time limit" is a promise too), or an extension in another unit than the limit's.
        """
        ledger = as_ledger(run)
        if self.rules.chain(step):
            return self._chain(step, ledger, as_of)
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
        plan = self._made(step, of, ledger, target, rungs, as_of)
        if not published.expires:
            return plan
        return plan.model_copy(update={"entry_closes_at": self._entry_closes_at(counter, of.due_at)})

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

    def pause(self, reason: str, begun: datetime, cap: datetime | None = None) -> PausePlan:
        """When a pause that begins then must end (at `cap` if that is earlier), and when somebody is reminded of it. KeyError
        for an unknown reason."""
        rule = self.rules.pauses[reason]
        counter = DueCounter(self.office, self.counting)
        until, _ = counter.due(rule.longest, begun, requester_duty=rule.waits_for_requester)
        until = min(until, cap) if cap else until
        remind_at = counter.before(until, rule.remind_before.limit)
        return PausePlan(until=until, remind_at=remind_at, entry_closes_at=self._entry_closes_at(counter, until))

    def late(self, ledger: Ledger, rung: PlannedRung, now: datetime) -> datetime | None:
        """When a rung fires whose moment has passed while nobody was there, or None if not at all any more."""
        return self.counter(ledger).outside_hours(now, rung.outside_hours, late=True)

    def repeat(
        self, step: str, rung: PlannedRung, due_at: datetime, after: datetime, ledger: Ledger | None = None
    ) -> PlannedRung:
        """The next moment of a repeating rung that lies after `after`, counted from the due date.

        Moments that passed while nobody could fire them are not made up for: one notice says the same as three.
        """
        base = rung.first
        published = self.rules.step(step).rungs[int(base.rpartition("/")[2])]
        every, first = published.repeat_every, published.at
        if every is None or not isinstance(first, AfterDue):
            raise ValueError(f"{rung.key} does not repeat")
        counter = self.counter(ledger or Ledger(started_at=due_at))

        def at(times: int) -> datetime:
            moment = counter.after(due_at, _limit(first.due_plus + times * every.n, every.unit))
            return counter.closed_day(moment, every.unit, published.on_closed_day)

        def fires_at(times: int) -> datetime | None:
            return counter.outside_hours(at(times), published.outside_hours)

        earliest = rung.times + 1
        reach = 1
        while at(earliest + reach) <= after:  # the moments come in order, so the first to come is searched for
            reach *= 2
        number = bisect_right(range(reach), after, key=lambda more: at(earliest + more)) + earliest
        while number > earliest and (fires_at(number - 1) or after) > after:  # it had to wait for the office to open
            number -= 1
        for times in range(number, number + MISSED):
            found = fires_at(times)
            if found is not None and found > after:
                return rung.model_copy(update={"key": f"{base}#{times}", "at": found})
        raise ValueError(f"{rung.key} finds no moment in opening hours any more")

    def _progress(self, days: int, of: _Run) -> PlannedRung:
        at = of.counter.after_start(Limit(n=days, unit=Unit.WORKING_DAY), of.started_at)
        return PlannedRung(key=f"progress/{days}", at=at, action=Action.PROGRESS, to=[REQUESTER])

    def links(self, step: str, ledger: Ledger) -> list[ChainLink]:
        """The limits that a step, or a chain of them, is made of, each with what it is counted from and comes to.

        A chain is chained by dates: a 16:30 due time is never fed back in as an arrival (it would add a day). Minutes after
        minutes are counted through.
        """
        first, *rest = [rules for name in self.rules.chain(step) or [step] if (rules := self.rules.step(name)).limit]
        assert first.limit is not None
        limit, counter, start = _extended(first.limit, ledger), self.counter(ledger), ledger.counted_from
        due_at, target = counter.due(limit, start, requester_duty=first.binds_requester)
        found = [ChainLink(limit, counter.receipt_date(start), due_at, target)]
        for limit in (rules.limit for rules in rest if rules.limit):
            # What ends on a closed day is received on the next working day, and that day is not counted.
            day = self.office.on_or_after(counter.date_of(due_at))
            through = limit.unit.seconds and found[-1].limit.unit.seconds
            due_at = counter.after(due_at if through else self.office.close_of(day), limit)
            found.append(ChainLink(limit, day, due_at))
        return found

    def _chain(self, name: str, ledger: Ledger, as_of: datetime | None) -> Plan:
        links = self.links(name, ledger)
        first, last = links[0], links[-1]
        same_unit = all(link.limit.unit is first.limit.unit for link in links)
        total = _limit(sum(link.limit.n for link in links), first.limit.unit) if same_unit else first.limit
        of = _Run(self.counter(ledger), total, ledger.counted_from, self._kept(last.due_at, ledger))
        return self._made(name, of, ledger, last.internal_target, [], as_of)

    def _entry_closes_at(self, counter: DueCounter, due_at: datetime) -> datetime:
        return counter.after(due_at, self.counting.entered_within)

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
            balance=of.counter.balance(of.limit, of.started_at, as_of or of.started_at, of.due_at),
            calendar=self.rules.standard,
            revision=self.calendar.revision,
            digest=self._digest(of.started_at.year, of.due_at.year),
            warning=self.calendar.caution(of.due_at),
        )

    def _digest(self, first: int, last: int) -> str:
        if (first, last) not in self._digests:
            self._digests[first, last] = calendar_digest(self.calendar.rules, self.office, range(first, last + 1))
        return self._digests[first, last]

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
            text=rung.text,
            after_due=isinstance(rung.at, AfterDue),
            from_due=rung.at == "due" or isinstance(rung.at, (AfterDue, BeforeDue)),
            repeat_every=rung.repeat_every,
            outside_hours=rung.outside_hours,
        )

    def _moment(self, moment: RungMoment, of: _Run) -> datetime:
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
    return _limit(limit.n + ledger.extended_by, limit.unit)


def _limit(n: int, unit: Unit) -> Limit:
    """A length of time without the bound of a published limit: it may be extended, or be a chain of several."""
    return Limit.model_construct(n=n, unit=unit)
