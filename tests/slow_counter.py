"""A second way of counting, written without looking at the first: minute by minute, day by day. Slow and obvious.

Shares no code with casework.standards: opening hours are a function from a local minute to open or closed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Spans = list[tuple[int, int]]  # minutes of the day [from, to), to may exceed 1440 for the night after
Pauses = list[tuple[datetime, datetime]]


class SlowOffice:
    """An office described by plain numbers."""

    def __init__(self, zone: str, weekdays: set[int], spans: Spans, breaks: Spans, holidays: set[date]) -> None:
        self.zone = ZoneInfo(zone)
        self.weekdays, self.spans, self.breaks, self.holidays = weekdays, spans, breaks, holidays
        self.special: dict[date, Spans] = {}  # half-days and make-up days, with spans of their own
        self.known: dict[int, bool] = {}

    def works_on(self, day: date) -> bool:
        return day in self.special or (day.weekday() in self.weekdays and day not in self.holidays)

    def spans_of(self, day: date) -> Spans:
        return self.special.get(day, self.spans)

    def is_open(self, at: datetime) -> bool:
        """Whether the minute that begins at `at` is worked, by the wall clock."""
        minute = int(at.timestamp() // 60)
        if minute not in self.known:
            self.known[minute] = self._is_open(at)
        return self.known[minute]

    def change(self, day: date, closed: bool, hours: Spans | None = None) -> None:
        """A holiday comes, or goes, or a day gets hours of its own."""
        (self.holidays.add if closed else self.holidays.discard)(day)
        self.special.pop(day, None)
        if hours:
            self.special[day] = hours
        self.known.clear()

    def _is_open(self, at: datetime) -> bool:
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        if any(begin <= minute < end for begin, end in self.breaks):
            return False
        today = self.works_on(local.date()) and any(begin <= minute < end for begin, end in self.spans_of(local.date()))
        yesterday = local.date() - timedelta(days=1)
        night = self.works_on(yesterday) and any(begin <= minute + 1440 < end for begin, end in self.spans_of(yesterday))
        return today or night

    def next_opening(self, at: datetime) -> datetime:
        while not self.is_open(at):
            at = at.replace(second=0, microsecond=0) + MINUTE
        return at

    def after_minutes(self, at: datetime, minutes: int) -> datetime:
        """When so many open minutes have run; `at` must be on a full minute."""
        while minutes:
            if self.is_open(at):
                minutes -= 1
            at += MINUTE
        return at

    def open_minutes(self, start: datetime, end: datetime) -> int:
        count = 0
        while start < end:
            count += self.is_open(start)
            start += MINUTE
        return count

    def nth_working_day(self, day: date, n: int) -> date:
        while n:
            day += timedelta(days=1)
            n -= self.works_on(day)
        return day

    def last_minute_of(self, day: date) -> datetime:
        """The end of the last open minute that belongs to a working day without night hours."""
        found = datetime(day.year, day.month, day.day, tzinfo=self.zone)
        last = None
        for _ in range(1440):
            if self.is_open(found):
                last = found + MINUTE
            found += MINUTE
        assert last is not None
        return last

    def close_of(self, day: date) -> datetime:
        """The end of the last worked minute of a day, or of what would be one if the office worked on it."""
        minute = max(end for _, end in self.spans_of(day))
        while any(begin < minute <= end for begin, end in self.breaks):
            minute -= 1
        return datetime(day.year, day.month, day.day, tzinfo=self.zone) + timedelta(minutes=minute)

    def minutes_before(self, at: datetime, minutes: int) -> datetime:
        """The moment from which so many open minutes run until `at`."""
        while minutes:
            at -= MINUTE
            minutes -= self.is_open(at)
        return at

    # A clock with pauses: (begun, end) pairs on full minutes. A day counts if the clock ran in its last open minute.

    def runs(self, at: datetime, pauses: Pauses) -> bool:
        return self.is_open(at) and not any(begun <= at < end for begun, end in pauses)

    def due_by_minutes(self, at: datetime, minutes: int, pauses: Pauses) -> datetime:
        while minutes:
            minutes -= self.runs(at, pauses)
            at += MINUTE
        return at

    def minutes_run(self, start: datetime, end: datetime, pauses: Pauses) -> int:
        count = 0
        while start < end:
            count += self.runs(start, pauses)
            start += MINUTE
        return count

    def counts(self, day: date, pauses: Pauses, working: bool) -> bool:
        last = self.close_of(day) - MINUTE
        return (self.works_on(day) or not working) and not any(begun <= last < end for begun, end in pauses)

    def due_by_days(self, received: date, days: int, pauses: Pauses, working: bool) -> date:
        while days:
            received += timedelta(days=1)
            days -= self.counts(received, pauses, working)
        return received

    def days_run(self, received: date, until: datetime, pauses: Pauses, working: bool) -> int:
        count = 0
        while self.close_of(received + timedelta(days=1)) <= until:
            received += timedelta(days=1)
            count += self.counts(received, pauses, working)
        return count
