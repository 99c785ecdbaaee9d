"""The office calendar: when the centre is open, and working time counted on it.

    calendar = OfficeCalendar(pack.calendar, holiday_source(pack.calendar.holidays))
    calendar.add_working_time(start, timedelta(minutes=15))

Opening intervals are half-open, [open, close). They are built from wall-clock times and live on the UTC line, so overnight
hours and changes of daylight saving come out right.

The pauses of a clock are to that clock as if the office were closed: `calendar.without(pauses)` is the same calendar with
the paused time cut out. A day counts as worked if the clock ran when it closed, so a pause costs as many days as there were
closings in it, whatever hour it began or ended.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import copy
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from casework.standards.counting.calendar_rules import WEEKDAYS, Calendar, Hours
from casework.standards.counting.ledger import PauseEntry
from casework.standards.counting.opening_times import (
    DAY,
    Gaps,
    Interval,
    Line,
    OpeningTimes,
)
from casework.standards.counting.wall_clock import local, moment, never_was
from casework.standards.limits import Named

HALF_A_DAY = timedelta(hours=12)
LAST = datetime.max.replace(tzinfo=UTC)

HolidaySource = Callable[[int], Mapping[date, Named]]  # the holidays of a year by date


class OfficeCalendar:
    """Opening hours, breaks, working days and holidays of one office."""

    def __init__(self, rules: Calendar, holidays: HolidaySource) -> None:
        self.rules = rules
        self.zone = ZoneInfo(rules.timezone)
        self._holidays = holidays
        self._weekdays = {WEEKDAYS.index(day) for day in rules.working_weekdays}
        self._special: dict[date, list[Hours]] = {day.date: day.hours for day in rules.special_days}
        self._hours = lru_cache(maxsize=4096)(self._build_hours)
        self._times = OpeningTimes(self.opens_on, self._own_hours, lambda day: self._hours(day)[-1][1])
        self._pauses: list[PauseEntry] = []
        self._gaps: list[Interval] = []  # the pauses in UTC, in order, those that touch as one
        self._time_made: tuple[Line, Gaps[timedelta]] | None = None
        self._days_made: tuple[Line, Gaps[int]] | None = None
        self._dates_made: list[tuple[int, int]] | None = None

    def without(self, pauses: Iterable[PauseEntry]) -> OfficeCalendar:
        """This calendar as a clock with these pauses sees it."""
        theirs = copy(self)
        theirs._pauses = sorted((pause for pause in pauses if pause.end > pause.begun), key=lambda pause: pause.begun)
        theirs._time_made = theirs._days_made = theirs._dates_made = None
        theirs._gaps = _merged((pause.begun.astimezone(UTC), pause.end.astimezone(UTC)) for pause in theirs._pauses)
        return theirs

    # Days

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
        opens = day in self._special or (day.weekday() in self._weekdays and self.holiday(day) is None)
        return opens and not never_was(self.zone, day)

    def is_working_day(self, day: date) -> bool:
        """Whether this date counts as a working day: the office opens, and the clock runs when it closes."""
        return self.opens_on(day) and self.pause_at_close(day) is None

    def pause_at_close(self, day: date) -> PauseEntry | None:
        """The pause that stands when this date closes. One that begins at closing takes nothing from the day."""
        if not self._gaps:
            return None
        close = self._hours(day)[-1][1]
        index = bisect_left(self._gaps, (close,)) - 1
        if index < 0 or self._gaps[index][1] < close:
            return None
        return next((pause for pause in self._pauses if pause.begun < close <= pause.end), None)

    def date_of(self, at: datetime) -> date:
        """The date of a moment, by the office's wall clock."""
        return at.astimezone(self.zone).date()

    def working_date(self, at: datetime) -> date:
        """The working day that a moment inside opening hours belongs to (an overnight shift keeps its first date)."""
        today = self.date_of(at)
        for day in (today, today - DAY):
            if any(start <= at < end for start, end in self.opening_intervals(day)):
                return day
        return today

    def day_of(self, at: datetime) -> date:
        """The day whose opening hours a moment lies in, whether or not the office works on it."""
        today = self.date_of(at)
        return next((day for day in (today, today - DAY) if any(s <= at < e for s, e in self._hours(day))), today)

    def nth_working_day_after(self, day: date, n: int) -> date:
        """The n-th working day after `day`, which itself is not counted (CCC s.193/3); n < 0 counts backwards."""
        if not n:
            return day
        line = self._reaching(day)
        if n > 0:
            first = bisect_right(line.days, day)
            found = self._in_days(line).end(first, first + n) - 1
            while found >= len(line.days):
                line = self._times.longer(line)
            return line.days[found]
        while (found := self._in_days(line).begin(bisect_left(line.days, day) + n, bisect_left(line.days, day))) < 0:
            line = self._times.longer(line, backwards=True)
        return line.days[found]

    def working_days_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` lies before `start`."""
        if end < start:
            return -self.working_days_between(end, start)
        line = self._reaching(start, end)
        first, last = bisect_right(line.days, start), bisect_right(line.days, end)
        return last - first - self._in_days(line).within(first, last)

    def calendar_days_after(self, day: date, n: int) -> date:
        """The date so many calendar days after (n < 0: before) `day`; days at whose close the clock stood still, and days
        that the zone left out, are not counted."""
        begin, end = day.toordinal(), day.toordinal() + n
        if n >= 0:
            return date.fromordinal(self._in_dates(begin, end).end(begin + 1, end + 1) - 1)
        return date.fromordinal(self._in_dates(end, begin).begin(end, begin))

    def calendar_days_run(self, day: date, until: datetime) -> int:
        """How many days after `day` have closed by then while the clock ran."""
        first, last = day.toordinal() + 1, self._closed_by(until) + 1
        return last - first - self._in_dates(first, last).within(first, last) if last > first else 0

    def working_days_run(self, day: date, until: datetime) -> int:
        """How many working days after `day` have closed by then while the clock ran."""
        return max(0, self.working_days_between(day, max(day, date.fromordinal(self._closed_by(until)))))

    def on_or_after(self, day: date) -> date:
        """`day` if the office works on it, else the next working day."""
        return day if self.is_working_day(day) else self.nth_working_day_after(day, 1)

    def on_or_before(self, day: date) -> date:
        """`day` if the office works on it, else the working day before."""
        return day if self.is_working_day(day) else self.nth_working_day_after(day, -1)

    # Hours

    def opening_intervals(self, day: date) -> list[Interval]:
        """The open intervals that belong to this working day, in UTC, without pauses; empty on a closed day."""
        if not self.opens_on(day):
            return []
        own = self._own_hours(day)
        return cut(own, self._gaps_in(own[0][0], own[-1][1])) if own and self._gaps else own

    def is_open(self, at: datetime) -> bool:
        """Whether the office is open then. The moment of closing is still one to be told something."""
        today = self.date_of(at)
        return any(start <= at <= end for day in (today, today - DAY) for start, end in self.opening_intervals(day))

    def opening_of(self, day: date) -> datetime:
        """When the office opens on this date, or would if it were a working day."""
        return local(self.zone, self._hours(day)[0][0])

    def close_of(self, day: date) -> datetime:
        """When the office closes on this date, or would if it were a working day."""
        return local(self.zone, self._hours(day)[-1][1])

    def midnight(self, day: date) -> datetime:
        """When this date begins, by the office's wall clock."""
        return local(self.zone, moment(self.zone, day, "00:00"))

    def next_opening(self, at: datetime) -> datetime:
        """`at` itself while the office is open, else the moment it next opens (the effective receipt)."""
        found, line = at.astimezone(UTC), self._reaching(self.date_of(at))
        while True:
            found = self._times.next_opening(line, found)
            index = bisect_right(self._gaps, (found, LAST)) - 1
            if index < 0 or self._gaps[index][1] <= found:
                return local(self.zone, found)
            found = self._gaps[index][1]

    def add_working_time(self, at: datetime, amount: timedelta) -> datetime:
        """The moment when `amount` of opening time has run since `at`; an end exactly at closing stays there."""
        if not amount:
            return self.next_opening(at)
        line = self._reaching(self.date_of(at))
        begin = line.elapsed(at.astimezone(UTC))
        return local(self.zone, self._times.when(line, self._in_time(line).end(begin, begin + amount)))

    def subtract_working_time(self, at: datetime, amount: timedelta) -> datetime:
        """The moment from which `amount` of opening time runs until `at`."""
        line = self._reaching(self.date_of(at))
        while True:
            end = line.elapsed(at.astimezone(UTC))
            begin = self._in_time(line).begin(end - amount, end)
            if begin >= timedelta():
                return local(self.zone, line.latest(begin))
            line = self._times.longer(line, backwards=True)

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Opening time between two moments; zero if `end` is not after `start`."""
        if end <= start:
            return timedelta()
        line = self._reaching(self.date_of(start), self.date_of(end))
        first, last = line.elapsed(start.astimezone(UTC)), line.elapsed(end.astimezone(UTC))
        return last - first - self._in_time(line).within(first, last)

    # Helpers

    def _reaching(self, first: date, last: date | None = None) -> Line:
        """A line over these dates and the pauses."""
        dates = [first, last or first, *(self.date_of(self._gaps[index][index]) for index in (0, -1) if self._gaps)]
        return self._times.covering(min(dates), max(dates))

    def _gaps_in(self, begin: datetime, end: datetime) -> list[Interval]:
        first = max(0, bisect_right(self._gaps, (begin, LAST)) - 1)
        return self._gaps[first : bisect_left(self._gaps, (end,))]

    # The pauses on each measure: opening time, numbers of working days, dates

    def _in_time(self, line: Line) -> Gaps[timedelta]:
        if self._time_made is None or self._time_made[0] is not line:
            self._time_made = (line, Gaps((line.elapsed(begin), line.elapsed(end)) for begin, end in self._gaps))
        return self._time_made[1]

    def _in_days(self, line: Line) -> Gaps[int]:
        if self._days_made is None or self._days_made[0] is not line:
            closes = line.closes
            gaps = Gaps((bisect_right(closes, begin), bisect_right(closes, end)) for begin, end in self._gaps)
            self._days_made = (line, gaps)
        return self._days_made[1]

    def _in_dates(self, first: int, last: int) -> Gaps[int]:
        if self._dates_made is None:
            self._dates_made = [(self._closed_by(begin) + 1, self._closed_by(end) + 1) for begin, end in self._gaps]
        left_out = [(day, day + 1) for day in self._left_out(date.fromordinal(first), date.fromordinal(last))]
        return Gaps(sorted([*self._dates_made, *left_out]) if left_out else self._dates_made)

    def _left_out(self, first: date, last: date) -> Iterator[int]:
        """The dates that the zone never had: only where its offset changed by about a day."""
        offsets = [self.midnight(day).utcoffset() or timedelta() for day in (first, last + DAY)]
        if abs(offsets[1] - offsets[0]) > HALF_A_DAY:
            dates = (date.fromordinal(number) for number in range(first.toordinal(), last.toordinal() + 1))
            yield from (day.toordinal() for day in dates if never_was(self.zone, day))

    def _closed_by(self, at: datetime) -> int:
        """The last date that has closed by then, by its ordinal, whether or not the office worked on it."""
        day = self.date_of(at)
        while self._hours(day)[-1][1] > at:
            day -= DAY
        return day.toordinal()

    def _own_hours(self, day: date) -> list[Interval]:
        """The hours of a date without those of a night shift that began the day before."""
        own, before = self._hours(day), day - DAY
        if self._hours(before)[-1][1] > own[0][0] and self.opens_on(before):
            own = cut(own, self._hours(before))
        return [(opens, closes) for opens, closes in own if opens < closes]

    def _build_hours(self, day: date) -> list[Interval]:
        pieces = sorted(self._span(day, hours.open, hours.close) for hours in self._special.get(day, self.rules.hours))
        # A break after midnight belongs to the shift that began the day before.
        breaks = [self._span(day + shift * DAY, rest.from_, rest.to) for rest in self.rules.breaks for shift in (0, 1)]
        # Hours that the clock jumped over are no time at all: such a day closes in the moment of the jump.
        return [piece for piece in cut(pieces, breaks) if piece[0] < piece[1]] or [(pieces[-1][1], pieces[-1][1])]

    def _span(self, day: date, start: str, end: str) -> Interval:
        overnight = end <= start
        return moment(self.zone, day, start), moment(self.zone, day + DAY if overnight else day, end)


def cut(pieces: list[Interval], gaps: Iterable[Interval]) -> list[Interval]:
    """The pieces without the gaps."""
    for begin, end in gaps:
        if begin < end:
            pieces = [
                part
                for opens, closes in pieces
                for part in ((opens, min(closes, begin)), (max(opens, end), closes))
                if part[0] < part[1]
            ]
    return pieces


def _merged(gaps: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for begin, end in gaps:
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged
