"""The rules of counting, once each: from a limit and a start to a moment, on the calendar of one clock.

The clock's pauses are to it as if the office were closed. Scenarios with the dates that must come out are in tests/.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from casework.standards.counting.calendar_rules import Counting
from casework.standards.counting.ledger import Balance, PauseEntry
from casework.standards.counting.office_calendar import OfficeCalendar
from casework.standards.counting.opening_times import DAY
from casework.standards.limits import AtPercent, ClosedDay, Limit, OutsideHours, Unit, later

MOMENT = timedelta(microseconds=1)


class DueCounter:
    """Counts for one clock: its office, its pauses, the rules of its standard."""

    def __init__(self, office: OfficeCalendar, rules: Counting, pauses: Sequence[PauseEntry] = ()) -> None:
        self.office = office
        self.running = office.without(pauses) if pauses else office
        self.rules = rules

    def due(self, limit: Limit, started_at: datetime, requester_duty: bool = False) -> tuple[datetime, datetime | None]:
        """The due time, inclusive, and the earlier internal target when a duty of ours ends on a closed day."""
        if limit.unit not in (Unit.CALENDAR_DAY, Unit.MONTH):
            return self.after_start(limit, started_at), None
        last = self.later(self.receipt_date(started_at), limit)
        rollover = self.rules.calendar_day_rollover
        if (rollover.requester_duty if requester_duty else rollover.agency_duty) == "next_working_day":
            last = self.running.on_or_after(last)
        if self.running.is_working_day(last):
            return self.office.close_of(last), None
        target = self.office.close_of(self.running.on_or_before(last))
        return self.office.close_of(last), target if target > started_at else None

    def after_start(self, limit: Limit, started_at: datetime, at_open: bool = False) -> datetime:
        """When so much of it has run since the start: a moment of opening time, or the end (the opening) of a day."""
        if limit.unit.seconds:
            return self.running.add_working_time(started_at, _time(limit))
        received = self.receipt_date(started_at)
        if limit.unit is Unit.WORKING_DAY:
            last = self.running.nth_working_day_after(received, limit.n)
        else:
            last = self.later(received, limit)
        return self.office.opening_of(last) if at_open else self.office.close_of(last)

    def at_percent(self, part: AtPercent, limit: Limit, started_at: datetime, at_open: bool = False) -> datetime:
        """When that part of a limit has run; of days, the first at whose end it has."""
        if limit.unit.seconds:
            return self.running.add_working_time(started_at, _time(limit) * part.percent / 100)
        n, unit = limit.n, limit.unit
        if unit is Unit.MONTH:
            received = self.receipt_date(started_at)
            n, unit = (later(received, limit) - received).days, Unit.CALENDAR_DAY
        return self.after_start(Limit(n=part.of(n), unit=unit), started_at, at_open)

    def after(self, due_at: datetime, limit: Limit) -> datetime:
        """So long after a due time."""
        if limit.unit.seconds:
            return self.running.add_working_time(due_at, _time(limit))
        due = self.date_of(due_at)
        if limit.unit is Unit.WORKING_DAY:
            return self.office.close_of(self.running.nth_working_day_after(due, limit.n))
        return self.office.close_of(self.later(due, limit))

    def before(self, due_at: datetime, limit: Limit) -> datetime:
        """So long before a due time."""
        if limit.unit.seconds:
            return self.running.subtract_working_time(due_at, _time(limit))
        due = self.date_of(due_at)
        if limit.unit is Unit.WORKING_DAY:
            return self.office.close_of(self.running.nth_working_day_after(due, -limit.n))
        return self.office.close_of(self.later(due, limit, -1))

    def later(self, day: date, limit: Limit, times: int = 1) -> date:
        """The date so many calendar days or months later (times = -1: earlier), days that the clock was paused not counted."""
        return self.running.calendar_days_after(day, (later(day, limit, times) - day).days)

    def closed_day(self, at: datetime, unit: Unit, rule: ClosedDay) -> datetime:
        """Where a moment goes that falls on a day the office is closed."""
        day = self.date_of(at)
        if unit.seconds or rule is ClosedDay.AS_IS or self.running.is_working_day(day):
            return at
        back = rule is ClosedDay.PREVIOUS_WORKING_DAY
        return self.office.close_of(self.running.on_or_before(day) if back else self.running.on_or_after(day))

    def outside_hours(self, at: datetime, rule: OutsideHours, late: bool = False) -> datetime | None:
        """When a rung of that moment fires, or None if not at all. `late`: its time has passed while nobody was there."""
        if rule is OutsideHours.FIRE or (rule is OutsideHours.PLANNED and not late) or self.running.is_open(at):
            return at
        return None if rule is OutsideHours.SKIP else self.running.next_opening(at)

    def receipt_date(self, started_at: datetime) -> date:
        """The day that is not counted: of receipt, or of the next opening for what came outside hours."""
        effective = self.office.next_opening(started_at)
        day = self.office.working_date(effective)
        if self.rules.first_day == "counts_if_received_at_open" and effective == self.office.opening_of(day):
            return day - DAY
        return day

    def date_of(self, due_at: datetime) -> date:
        """The day a closing time belongs to: 16:30 its own, 24:00 or an overnight close the day that opened."""
        return self.office.day_of(due_at - MOMENT)

    def balance(self, limit: Limit, started_at: datetime, as_of: datetime, due_at: datetime) -> Balance:
        """How much of a limit was used by then. A day is used when it closes; until the due time no more is used than there
        was (the days by which a due time was moved are nobody's)."""
        balance = self._used(limit, started_at, as_of)
        if as_of <= due_at and balance.consumed > balance.budget:
            return balance.model_copy(update={"consumed": balance.budget})
        return balance

    def _used(self, limit: Limit, started_at: datetime, as_of: datetime) -> Balance:
        if limit.unit.seconds:
            used = self.running.working_time_between(started_at, max(started_at, as_of))
            return Balance(unit=limit.unit, budget=limit.n, consumed=used.total_seconds() / limit.unit.seconds, as_of=as_of)
        received = self.receipt_date(started_at)
        if limit.unit is Unit.WORKING_DAY:
            consumed = self.running.working_days_run(received, as_of)
            return Balance(unit=limit.unit, budget=limit.n, consumed=consumed, as_of=as_of)
        budget = (later(received, limit) - received).days
        consumed = self.running.calendar_days_run(received, as_of)
        return Balance(unit=Unit.CALENDAR_DAY, budget=budget, consumed=consumed, as_of=as_of)


def _time(limit: Limit) -> timedelta:
    assert limit.unit.seconds is not None
    return timedelta(seconds=limit.n * limit.unit.seconds)
