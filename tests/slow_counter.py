"""A second way of counting, written without looking at the first: minute by minute on the UTC line, day by day. Slow and
obvious.

Shares no code with casework.standards: a wall clock is read minute by minute until it shows what was looked for.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
Spans = list[tuple[int, int]]  # minutes of the day [from, to), to may exceed 1440 for the night after
Pauses = list[tuple[datetime, datetime]]


class SlowOffice:
    """An office described by plain numbers."""

    def __init__(self, zone: str, weekdays: set[int], spans: Spans, breaks: Spans, holidays: set[date]) -> None:
        self.zone = ZoneInfo(zone)
        self.weekdays, self.spans, self.breaks, self.holidays = weekdays, spans, breaks, holidays
        self.special: dict[date, Spans] = {}  # half-days and make-up days, with spans of their own
        self.known: dict[int, bool] = {}
        self.in_utc: dict[tuple[date, str], Pauses] = {}
        self.closes: dict[date, datetime] = {}
        self.openings: dict[datetime, datetime] = {}
        self.shown: dict[tuple[date, int], datetime] = {}

    def works_on(self, day: date) -> bool:
        opens = day in self.special or (day.weekday() in self.weekdays and day not in self.holidays)
        return opens and self.exists(day)

    def exists(self, day: date) -> bool:
        """Whether the clock of the zone ever showed this date."""
        return self.shows(day, 0).astimezone(self.zone).date() == day

    def shows(self, day: date, minute: int) -> datetime:
        """The first minute in UTC in which the wall clock shows this minute of this day, or a later one."""
        day, minute = day + timedelta(days=minute // 1440), minute % 1440
        if (day, minute) not in self.shown:
            wanted = datetime(day.year, day.month, day.day, minute // 60, minute % 60)
            nearby = [wanted.replace(tzinfo=UTC) + timedelta(days=n) for n in (-1, 0, 1)]
            at = wanted.replace(tzinfo=UTC) - max(each.astimezone(self.zone).utcoffset() or timedelta() for each in nearby)
            while at.astimezone(self.zone).replace(tzinfo=None) < wanted:
                at += MINUTE
            self.shown[day, minute] = at
        return self.shown[day, minute]

    def spans_of(self, day: date) -> Spans:
        return self.special.get(day, self.spans)

    def is_open(self, at: datetime) -> bool:
        """Whether the minute that begins at `at` is worked."""
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
        for kept in (self.known, self.in_utc, self.closes, self.openings):
            kept.clear()

    def _is_open(self, at: datetime) -> bool:
        today = at.astimezone(self.zone).date()
        days = (today + timedelta(days=n) for n in (-2, -1, 0, 1))
        return any(self.works_on(day) and self._in_a_span(day, at) and not self._in_a_break(day, at) for day in days)

    def _in_a_break(self, day: date, at: datetime) -> bool:
        return any(begin <= at < end for each in (day, day + DAY) for begin, end in self._in_utc(each, "breaks", self.breaks))

    def _in_a_span(self, day: date, at: datetime) -> bool:
        return any(begin <= at < end for begin, end in self._in_utc(day, "spans", self.spans_of(day)))

    def _in_utc(self, day: date, kind: str, spans: Spans) -> Pauses:
        if (day, kind) not in self.in_utc:
            self.in_utc[day, kind] = [(self.shows(day, begin), self.shows(day, end)) for begin, end in spans]
        return self.in_utc[day, kind]

    def next_opening(self, at: datetime) -> datetime:
        if at not in self.openings:
            found = at
            while not self.is_open(found):
                found = found.replace(second=0, microsecond=0) + MINUTE
            self.openings[at] = found
        return self.openings[at]

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

    def close_of(self, day: date) -> datetime:
        """The end of the last worked minute of a day, or of what would be one if the office worked on it."""
        if day not in self.closes:
            spans = self._in_utc(day, "spans", self.spans_of(day))
            at, earliest = max(end for _, end in spans), min(begin for begin, _ in spans)
            while at > earliest and (self._in_a_break(day, at - MINUTE) or not self._in_a_span(day, at - MINUTE)):
                at -= MINUTE
            self.closes[day] = at
        return self.closes[day]

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
