"""A second way of counting, written without looking at the first: minute by minute, day by day. Slow and obvious.

Shares no code with casework.standards: opening hours are a function from a local minute to open or closed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
Spans = list[tuple[int, int]]  # minutes of the day [from, to), to may exceed 1440 for the night after


class SlowOffice:
    """An office described by plain numbers."""

    def __init__(self, zone: str, weekdays: set[int], spans: Spans, breaks: Spans, holidays: set[date]) -> None:
        self.zone = ZoneInfo(zone)
        self.weekdays, self.spans, self.breaks, self.holidays = weekdays, spans, breaks, holidays

    def works_on(self, day: date) -> bool:
        return day.weekday() in self.weekdays and day not in self.holidays

    def is_open(self, at: datetime) -> bool:
        """Whether the minute that begins at `at` is worked, by the wall clock."""
        local = at.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        if any(begin <= minute < end for begin, end in self.breaks):
            return False
        today = self.works_on(local.date()) and any(begin <= minute < end for begin, end in self.spans)
        yesterday = local.date() - timedelta(days=1)
        night = self.works_on(yesterday) and any(begin <= minute + 1440 < end for begin, end in self.spans)
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
        minute = max(end for _, end in self.spans)
        while any(begin < minute <= end for begin, end in self.breaks):
            minute -= 1
        return datetime(day.year, day.month, day.day, tzinfo=self.zone) + timedelta(minutes=minute)

    def minutes_before(self, at: datetime, minutes: int) -> datetime:
        """The moment from which so many open minutes run until `at`."""
        while minutes:
            at -= MINUTE
            minutes -= self.is_open(at)
        return at
