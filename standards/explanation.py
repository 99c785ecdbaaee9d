"""A due time, shown day by day: what was counted, what was skipped and why.

    for entry in explain(clockwork, "forward", "owner_act", started_at).entries:
        print(entry.words("en"))

The totals agree with the due time that `Clockwork.plan` gives; tests hold the two to each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from casework.standards.clock import Clockwork
from casework.standards.limits import Frozen, Limit, Unit, later
from casework.standards.model import Named
from casework.standards.plan import Plan
from casework.standards.thai_dates import format_day

DAY = timedelta(days=1)


class Why(StrEnum):
    """What a day was to a limit."""

    COUNTED = "counted"
    FIRST_DAY = "first_day"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    AFTER_HOURS = "after_hours"
    MOVED = "moved"


class Entry(Frozen):
    """One day. `ordinal` is its number in a limit of days; `amount` the opening time used of a limit of minutes."""

    day: date
    why: Why
    name: Named | None = None
    ordinal: int | None = None
    amount: timedelta | None = None
    closed: bool = False

    def words(self, language: Literal["th", "en"]) -> str:
        """The day in a line of Thai or English."""
        return f"{format_day(self.day, language)}  {self._reason(language)}"

    def _reason(self, language: Literal["th", "en"]) -> str:
        thai = language == "th"
        holiday = (self.name.th if thai else self.name.en) if self.name else ""
        if self.why is Why.COUNTED and self.amount is not None:
            minutes = f"{self.amount.total_seconds() / 60:g}"
            return f"นับ {minutes} นาที" if thai else f"{minutes} min counted"
        if self.why is Why.COUNTED:
            closed = f" ({holiday or ('วันหยุด' if thai else 'closed day')})" if self.closed else ""
            return f"นับเป็นวันที่ {self.ordinal}{closed}" if thai else f"day {self.ordinal}{closed}"
        return {
            Why.FIRST_DAY: "วันแรก ไม่นับ" if thai else "first day, not counted",
            Why.WEEKEND: "วันหยุดประจำสัปดาห์ ไม่นับ" if thai else "weekend, not counted",
            Why.HOLIDAY: f"{holiday} ไม่นับ" if thai else f"{holiday}, not counted",
            Why.AFTER_HOURS: "นอกเวลาทำการ ไม่นับ" if thai else "after hours, not counted",
            Why.MOVED: "เลื่อนเป็นวันทำการถัดไป" if thai else "moved to the next working day",
        }[self.why]


class Explanation(Frozen):
    """A plan and the days it is made of."""

    plan: Plan
    entries: list[Entry]

    @property
    def counted_days(self) -> int:
        """How many days were counted."""
        return sum(entry.ordinal is not None for entry in self.entries)

    @property
    def counted_time(self) -> timedelta:
        """How much opening time was counted."""
        return sum((entry.amount for entry in self.entries if entry.amount), timedelta())


def explain(clockwork: Clockwork, service: str, step: str, started_at: datetime, extra: int = 0) -> Explanation:
    """Count a step that starts at `started_at` (aware) day by day; `extra` lengthens it, in its own unit.

    Raises what `Clockwork.plan` raises, and ValueError for a chain of limits in different units.
    """
    plan = clockwork.plan(service, step, started_at, extra)
    days = _Days(clockwork)
    limits = clockwork.limits(service, step)
    if len({limit.unit for limit in limits}) > 1:
        raise ValueError(f"{step} chains limits of different units; explain {' and '.join(step.split('+'))} one by one")
    if plan.limit.unit.seconds:
        entries = list(days.of_time(plan))
    elif plan.limit.unit is Unit.WORKING_DAY:
        entries = [*days.until_receipt(plan), *days.working(plan)]
    else:
        entries = [*days.until_receipt(plan), *days.calendar_days(plan, plan.limit)]
    return Explanation(plan=plan, entries=entries)


class _Days:
    def __init__(self, clockwork: Clockwork) -> None:
        self._calendar = clockwork.calendar
        self._clockwork = clockwork

    def until_receipt(self, plan: Plan) -> Iterator[Entry]:
        """The days between what was received out of hours and the next opening, and the first day itself."""
        received = self._clockwork.receipt_date(plan.started_at)
        opened = self._calendar.working_date(plan.effective_start)
        day = plan.started_at.astimezone(self._calendar.zone).date()
        while day < opened:
            yield self._closed(day) or Entry(day=day, why=Why.AFTER_HOURS)
            day += DAY
        if received == opened:
            yield Entry(day=opened, why=Why.FIRST_DAY)

    def working(self, plan: Plan) -> Iterator[Entry]:
        day, ordinal = self._clockwork.receipt_date(plan.started_at), 0
        last = self._calendar.day_of(plan.due_at - timedelta(microseconds=1))
        while day < last:
            day += DAY
            closed = self._closed(day)
            if closed:
                yield closed
            else:
                ordinal += 1
                yield Entry(day=day, why=Why.COUNTED, ordinal=ordinal)

    def calendar_days(self, plan: Plan, limit: Limit) -> Iterator[Entry]:
        received = self._clockwork.receipt_date(plan.started_at)
        end = later(received, limit)
        for ordinal in range(1, (end - received).days + 1):
            day = received + ordinal * DAY
            name = self._calendar.holiday(day)
            yield Entry(day=day, why=Why.COUNTED, ordinal=ordinal, name=name, closed=not self._calendar.is_working_day(day))
        last = self._calendar.day_of(plan.due_at - timedelta(microseconds=1))
        day = end
        while day < last:
            day += DAY
            yield self._closed(day) or Entry(day=day, why=Why.MOVED)

    def of_time(self, plan: Plan) -> Iterator[Entry]:
        day = plan.started_at.astimezone(self._calendar.zone).date()
        last = plan.due_at.astimezone(self._calendar.zone).date()
        while day <= last:
            begin, end = self._calendar.midnight(day), self._calendar.midnight(day + DAY)
            amount = self._calendar.working_time_between(max(begin, plan.started_at), min(end, plan.due_at))
            if amount:
                yield Entry(day=day, why=Why.COUNTED, amount=amount)
            else:
                yield self._closed(day) or Entry(day=day, why=Why.AFTER_HOURS)
            day += DAY

    def _closed(self, day: date) -> Entry | None:
        holiday = self._calendar.holiday(day)
        if holiday:
            return Entry(day=day, why=Why.HOLIDAY, name=holiday, closed=True)
        return None if self._calendar.is_working_day(day) else Entry(day=day, why=Why.WEEKEND, closed=True)
