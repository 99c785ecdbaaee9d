"""From a limit and a calendar to a due time and the rungs of its ladder.

    clock = Clockwork(pack)
    plan = clock.plan("forward", "check_forward", submitted_at)
    plan.due_at, plan.rungs

Every rule of counting is here once; scenarios with the dates that must come out are in tests/scenarios.json.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from casework.standards.government_holidays import holiday_source
from casework.standards.limits import Action, AfterDue, BeforeDue, ClosedDay, Limit, Moment, Unit, later
from casework.standards.model import Rung, Service, ServiceStandards, Step
from casework.standards.office_calendar import OfficeCalendar
from casework.standards.plan import OFFICER, PROMISE, REQUESTER, SATISFACTION, Plan, PlannedRung


class Clockwork:
    """Counts limits on the calendar of one pack."""

    def __init__(self, pack: ServiceStandards) -> None:
        self.pack = pack
        self.rules = pack.calendar.counting
        self.calendar = OfficeCalendar(pack.calendar, holiday_source(pack.calendar.holidays))

    def plan(self, service: str, step: str, started_at: datetime, extra: int = 0) -> Plan:
        """Due time and rungs of a step that starts at `started_at` (aware).

        `extra` lengthens the limit, in the limit's own unit (an extension). Steps joined by + are chained by date; the
        step "promise" is the service's own chain, its promise to the requester. Raises KeyError for an unknown service
        or step, ValueError for a naive time or a step without a limit ("no time limit" is a promise too).
        """
        if started_at.tzinfo is None:
            raise ValueError("the start must carry a UTC offset, such as 2026-03-04T10:00:00+07:00")
        offered = self.pack.service(service)
        chain = self._chained(offered, step)
        if chain:
            return self._chain(step, [offered.step(name) for name in chain], started_at, extra)
        published = offered.step(step)
        agreed = self._limit(published)
        if agreed is None:
            raise ValueError(f"{step} has no time limit")
        limit = Limit(n=agreed.n + extra, unit=agreed.unit)
        due_at, target = self.due(limit, started_at, requester_duty=published.actor == REQUESTER)
        rungs = [
            self._rung(f"{published.escalation or 'default'}/{index}", rung, started_at, due_at)
            for index, rung in enumerate(self._ladder(published))
        ]
        rungs += self._progress(offered, published, started_at)
        return self._made(step, limit, started_at, due_at, target, rungs)

    def limits(self, service: str, step: str) -> list[Limit]:
        """The limits that a step, or a chain of them, is made of."""
        offered = self.pack.service(service)
        names = self._chained(offered, step) or [step]
        return [limit for name in names if (limit := self._limit(offered.step(name)))]

    def due(self, limit: Limit, started_at: datetime, requester_duty: bool = False) -> tuple[datetime, datetime | None]:
        """The due time, inclusive, and the earlier internal target when a duty of ours ends on a closed day."""
        if limit.unit not in (Unit.CALENDAR_DAY, Unit.MONTH):
            return self._moment_after_start(limit, started_at), None
        last = later(self.receipt_date(started_at), limit)
        rollover = self.rules.calendar_day_rollover
        if (rollover.requester_duty if requester_duty else rollover.agency_duty) == "next_working_day":
            last = self.calendar.on_or_after(last)
        target = None if self.calendar.is_working_day(last) else self.calendar.close_of(self.calendar.on_or_before(last))
        return self.calendar.close_of(last), target

    def repeat(self, service: str, step: str, rung: PlannedRung, due_at: datetime, after: datetime) -> PlannedRung:
        """The next moment of a repeating rung that lies after `after`, counted from the due date.

        Moments that passed while nobody could fire them are not made up for: one notice says the same as three.
        """
        base, _, fired = rung.key.partition("#")
        published = self._ladder(self.pack.service(service).step(step))[int(base.rpartition("/")[2])]
        every, first = published.repeat_every, published.at
        if every is None or not isinstance(first, AfterDue):
            raise ValueError(f"{rung.key} does not repeat")
        times = int(fired or 0)
        while True:
            times += 1
            # Built without the bound of a published limit: a repeat may go on for years.
            distance = Limit.model_construct(n=first.due_plus + times * every.n, unit=every.unit)
            at = self._closed_day(self._after(due_at, distance), distance.unit, published.on_closed_day)
            if at > after:
                return rung.model_copy(update={"key": f"{base}#{times}", "at": at})

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

    def _progress(self, service: Service, step: Step, started_at: datetime) -> list[PlannedRung]:
        if service.progress_notice is None or "requester_notified_of_result" not in step.stop_on:
            return []
        return [
            PlannedRung(
                key=f"progress/{days}",
                at=self._moment_after_start(Limit(n=days, unit=Unit.WORKING_DAY), started_at),
                action=Action.PROGRESS,
                to=[REQUESTER],
            )
            for days in service.progress_notice.at_working_days
        ]

    def _chain(self, name: str, steps: list[Step], started_at: datetime, extra: int) -> Plan:
        """Limits chained by their dates: a 16:30 due time is never fed back in as an arrival (it would add a day)."""
        first, *rest = [step.limit for step in steps if step.limit]
        first = Limit(n=first.n + extra, unit=first.unit)
        due_at, target = self.due(first, started_at, requester_duty=steps[0].actor == REQUESTER)
        for limit in rest:
            # What ends on a closed day is received on the next working day, and that day is not counted.
            due_at = self._after(self.calendar.close_of(self.calendar.on_or_after(self._date(due_at))), limit)
        same_unit = all(limit.unit == first.unit for limit in rest)
        total = Limit(n=first.n + sum(limit.n for limit in rest), unit=first.unit) if same_unit else first
        return self._made(name, total, started_at, due_at, target if not rest else None, [])

    def _made(
        self, step: str, limit: Limit, started_at: datetime, due_at: datetime, target: datetime | None, rungs: list[PlannedRung]
    ) -> Plan:
        return Plan(
            step=step,
            limit=limit,
            started_at=started_at,
            effective_start=self.calendar.next_opening(started_at),
            due_at=due_at,
            internal_target=target,
            rungs=sorted(rungs, key=lambda rung: rung.at),
            calendar=f"{self.pack.id} {self.pack.version}",
            warning=self._warning(due_at),
        )

    def _rung(self, key: str, rung: Rung, started_at: datetime, due_at: datetime) -> PlannedRung:
        at = self._moment(rung.at, started_at, due_at)
        unit = None if rung.at == "due" else rung.at.unit
        if unit:
            at = self._closed_day(at, unit, rung.on_closed_day)
        return PlannedRung(
            key=key,
            at=at,
            action=rung.do,
            to=rung.to,
            notify_requester=rung.notify_requester,
            after_due=isinstance(rung.at, AfterDue),
            repeat_every=rung.repeat_every,
        )

    def _moment(self, moment: Moment, started_at: datetime, due_at: datetime) -> datetime:
        if moment == "due":
            return due_at
        if isinstance(moment, Limit):
            return self._moment_after_start(moment, started_at, ladder=True)
        if isinstance(moment, AfterDue):
            return self._after(due_at, moment.limit)
        return self._before(due_at, moment)

    def _moment_after_start(self, limit: Limit, started_at: datetime, ladder: bool = False) -> datetime:
        if limit.unit.seconds:
            return self.calendar.add_working_time(started_at, timedelta(seconds=limit.n * limit.unit.seconds))
        received = self.receipt_date(started_at)
        if limit.unit is Unit.WORKING_DAY:
            last = self.calendar.nth_working_day_after(received, limit.n)
        else:
            last = later(received, limit)
        at_open = ladder and self.rules.ladder_fires_at == "open"
        return self.calendar.opening_of(last) if at_open else self.calendar.close_of(last)

    def _after(self, due_at: datetime, limit: Limit) -> datetime:
        if limit.unit.seconds:
            return self.calendar.add_working_time(due_at, timedelta(seconds=limit.n * limit.unit.seconds))
        due = self._date(due_at)
        if limit.unit is Unit.WORKING_DAY:
            return self.calendar.close_of(self.calendar.nth_working_day_after(due, limit.n))
        return self.calendar.close_of(later(due, limit))

    def _before(self, due_at: datetime, moment: BeforeDue) -> datetime:
        limit = moment.limit
        if limit.unit.seconds:
            return self.calendar.subtract_working_time(due_at, timedelta(seconds=limit.n * limit.unit.seconds))
        due = self._date(due_at)
        if limit.unit is Unit.WORKING_DAY:
            return self.calendar.close_of(self.calendar.nth_working_day_after(due, -limit.n))
        return self.calendar.close_of(later(due, limit, -1))

    def _closed_day(self, at: datetime, unit: Unit, rule: ClosedDay) -> datetime:
        day = self._date(at)
        if unit.seconds or rule is ClosedDay.AS_IS or self.calendar.is_working_day(day):
            return at
        back = rule is ClosedDay.PREVIOUS_WORKING_DAY
        return self.calendar.close_of(self.calendar.on_or_before(day) if back else self.calendar.on_or_after(day))

    def receipt_date(self, started_at: datetime) -> date:
        """The day that is not counted: of receipt, or of the next opening for what came outside hours."""
        effective = self.calendar.next_opening(started_at)
        day = self.calendar.working_date(effective)
        if self.rules.first_day == "counts_if_received_at_open" and effective == self.calendar.opening_of(day):
            return day - timedelta(days=1)
        return day

    def _date(self, due_at: datetime) -> date:
        """The day a closing time belongs to: 16:30 its own, 24:00 or an overnight close the day that opened."""
        return self.calendar.day_of(due_at - timedelta(microseconds=1))

    def _warning(self, due_at: datetime) -> str | None:
        verified = self.pack.calendar.holidays.verified_through
        if verified is None or due_at.date() <= verified:
            return None
        return f"holidays are verified through {verified.isoformat()} only; this date may still move"
