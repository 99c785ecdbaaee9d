"""The office calendar: when the centre is open, and working time counted on it.

    calendar = OfficeCalendar(pack.calendar, holiday_source(pack.calendar.holidays))
    calendar.add_working_time(start, timedelta(minutes=15))

Opening intervals are half-open, [open, close). They are built from local wall-clock times and compared in UTC, so
overnight hours and changes of daylight saving come out right.

The pauses of a clock are to that clock as if the office were closed: `calendar.without(pauses)` is the same calendar with
the paused time cut out of its hours. A day counts as worked if the clock ran when it closed, so a pause costs as many days
as there were closings in it, whatever hour it began or ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from casework.standards.calendar_rules import Calendar, Hours
from casework.standards.ledger import PauseEntry
from casework.standards.limits import Named

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
SEARCH_DAYS = 3660  # no office is closed for ten years; past that a calendar is wrong and must say so

Interval = tuple[datetime, datetime]
HolidaySource = Callable[[int], Mapping[date, Named]]  # the holidays of a year by date


class CalendarError(ValueError):
    """The calendar never opens, so no limit can be counted on it."""


class OfficeCalendar:
    """Opening hours, breaks, working days and holidays of one office."""

    def __init__(self, rules: Calendar, holidays: HolidaySource) -> None:
        self.rules = rules
        self.zone = ZoneInfo(rules.timezone)
        self._holidays = holidays
        self._weekdays = {WEEKDAYS.index(day) for day in rules.working_weekdays}
        self._special: dict[date, list[Hours]] = {day.date: day.hours for day in rules.special_days}
        self._intervals = lru_cache(maxsize=4096)(self._build_intervals)
        self._pauses: tuple[PauseEntry, ...] = ()

    def without(self, pauses: Iterable[PauseEntry]) -> OfficeCalendar:
        """This calendar as a clock with these pauses sees it."""
        theirs = copy(self)
        theirs._pauses = tuple(pause for pause in pauses if pause.end > pause.begun)
        return theirs

    def holidays_of(self, year: int) -> list[date]:
        """The dates of a year that are holidays, and have no hours of their own."""
        return [day for day in self._holidays(year) if day not in self._special]

    def is_working_weekday(self, day: date) -> bool:
        """Whether the office would open on this date if it were no holiday."""
        return day.weekday() in self._weekdays

    def holiday(self, day: date) -> Named | None:
        """The holiday on this date, if it is one."""
        return None if day in self._special else self._holidays(day.year).get(day)

    def opens_on(self, day: date) -> bool:
        """Whether the office opens on this date."""
        return day in self._special or (day.weekday() in self._weekdays and self.holiday(day) is None)

    def is_working_day(self, day: date) -> bool:
        """Whether this date counts as a working day: the office opens, and the clock runs when it closes."""
        return self.opens_on(day) and self.pause_at_close(day) is None

    def pause_at_close(self, day: date) -> PauseEntry | None:
        """The pause that stands when this date closes. One that begins at closing takes nothing from the day."""
        if not self._pauses:
            return None
        close = self._intervals(day)[-1][1]
        return next((pause for pause in self._pauses if pause.begun < close <= pause.end), None)

    def opening_intervals(self, day: date) -> list[Interval]:
        """The open intervals that belong to this working day, in UTC, without pauses; empty on a closed day."""
        if not self.opens_on(day):
            return []
        return _cut(self._intervals(day), [(pause.begun, pause.end) for pause in self._pauses])

    def is_open(self, at: datetime) -> bool:
        """Whether the office is open then. The moment of closing is still one to be told something."""
        return any(
            start <= at <= end
            for offset in (0, -1)
            for start, end in self.opening_intervals(at.astimezone(self.zone).date() + offset * DAY)
        )

    def opening_of(self, day: date) -> datetime:
        """When the office opens on this date, or would if it were a working day."""
        return self._intervals(day)[0][0].astimezone(self.zone)

    def close_of(self, day: date) -> datetime:
        """When the office closes on this date, or would if it were a working day."""
        return self._intervals(day)[-1][1].astimezone(self.zone)

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself while the office is open, else the moment it next opens (the effective receipt)."""
        for start, end in self._from(at):
            if at < end:
                return max(at.astimezone(UTC), start).astimezone(self.zone)
        raise CalendarError("the calendar has no opening hours")

    def working_date(self, at: datetime) -> date:
        """The working day that a moment inside opening hours belongs to (an overnight shift keeps its first date)."""
        for offset in (0, -1):
            day = at.astimezone(self.zone).date() + offset * DAY
            if any(start <= at < end for start, end in self.opening_intervals(day)):
                return day
        return at.astimezone(self.zone).date()

    def day_of(self, at: datetime) -> date:
        """The day whose opening hours a moment lies in, whether or not the office works on it."""
        local = at.astimezone(self.zone).date()
        return next((day for day in (local, local - DAY) if any(s <= at < e for s, e in self._intervals(day))), local)

    def midnight(self, day: date) -> datetime:
        """When this date begins, by the office's wall clock."""
        return self._wall(day, "00:00").astimezone(self.zone)

    def add_working_time(self, at: datetime, amount: timedelta) -> datetime:
        """The moment when `amount` of opening time has run since `at`; an end exactly at closing stays there."""
        left = amount
        for start, end in self._from(at):
            begin = max(at.astimezone(UTC), start)
            if begin >= end:
                continue
            if left <= end - begin:
                return (begin + left).astimezone(self.zone)
            left -= end - begin
        raise CalendarError("the calendar has no opening hours")

    def subtract_working_time(self, at: datetime, amount: timedelta) -> datetime:
        """The moment from which `amount` of opening time runs until `at`."""
        left = amount
        day = at.astimezone(self.zone).date() + DAY
        for _ in range(SEARCH_DAYS):
            for start, end in reversed(self.opening_intervals(day)):
                finish = min(at.astimezone(UTC), end)
                if finish <= start:
                    continue
                if left <= finish - start:
                    return (finish - left).astimezone(self.zone)
                left -= finish - start
            day -= DAY
        raise CalendarError("the calendar has no opening hours")

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Opening time between two moments; zero if `end` is not after `start`."""
        total = timedelta()
        for opens, closes in self._from(start, end):
            total += max(timedelta(), min(closes, end.astimezone(UTC)) - max(opens, start.astimezone(UTC)))
        return total

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` lies before `start`."""
        if end < start:
            return -self.working_days_between(end, start)
        return sum(self.is_working_day(start + n * DAY) for n in range(1, (end - start).days + 1))

    def nth_working_day_after(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which itself is not counted (CCC s.193/3); n < 0 counts backwards."""
        step = DAY if n > 0 else -DAY
        left = abs(n)
        for _ in range(SEARCH_DAYS):
            if not left:
                return day
            day += step
            left -= self.is_working_day(day)
        if not left:
            return day
        raise CalendarError("the calendar has no working days")

    def on_or_after(self, day: date) -> date:
        """`day` if the office works on it, else the next working day."""
        return day if self.is_working_day(day) else self.nth_working_day_after(day, 1)

    def on_or_before(self, day: date) -> date:
        """`day` if the office works on it, else the working day before."""
        return day if self.is_working_day(day) else self.nth_working_day_after(day, -1)

    def _from(self, at: datetime, until: datetime | None = None) -> Iterator[Interval]:
        day = at.astimezone(self.zone).date() - DAY
        for _ in range(SEARCH_DAYS):
            if until is not None and day > until.astimezone(self.zone).date():
                return
            yield from self.opening_intervals(day)
            day += DAY
        if until is not None and day <= until.astimezone(self.zone).date():
            raise CalendarError("the time between is longer than this calendar counts")

    def _build_intervals(self, day: date) -> list[Interval]:
        pieces = sorted(self._span(day, hours.open, hours.close) for hours in self._special.get(day, self.rules.hours))
        # A break after midnight belongs to the shift that began the day before.
        pieces = _cut(
            pieces, [self._span(day + shift * DAY, rest.from_, rest.to) for rest in self.rules.breaks for shift in (0, 1)]
        )
        if not pieces:
            raise CalendarError("the breaks leave no opening hours")
        return pieces

    def _span(self, day: date, start: str, end: str) -> Interval:
        begins, ends = self._wall(day, start), self._wall(day, end)
        return begins, ends if ends > begins else self._wall(day + DAY, end)

    def _wall(self, day: date, clock: str) -> datetime:
        hour, minute = (int(part) for part in clock.split(":"))
        midnight = day + DAY if hour == 24 else day
        local = datetime(midnight.year, midnight.month, midnight.day, hour % 24, minute, tzinfo=self.zone)
        return local.astimezone(UTC)


def _cut(pieces: list[Interval], gaps: Iterable[Interval]) -> list[Interval]:
    """The pieces without the gaps."""
    for begin, end in gaps:
        pieces = [
            part
            for opens, closes in pieces
            for part in ((opens, min(closes, begin.astimezone(UTC))), (max(opens, end.astimezone(UTC)), closes))
            if part[0] < part[1]
        ]
    return pieces
