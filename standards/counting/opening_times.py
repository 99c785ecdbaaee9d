"""All opening time of an office on one line of UTC, made a year at a time as it is asked for.

On the line every question is a search: how much opening time lies before a moment, when so much has run, which is the n-th
working day. A line is never changed, only replaced by a longer one, so that many threads may count on it at once.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import accumulate
from typing import Generic, NamedTuple, TypeVar

Interval = tuple[datetime, datetime]

DAY = timedelta(days=1)
LONGEST_CLOSED = 10  # years: no office is closed for so long; past that a calendar is wrong and must say so


class CalendarError(ValueError):
    """The calendar never opens, or is not known so far, so that no limit can be counted on it."""


class Line(NamedTuple):
    """The opening time of some years, in order: intervals, and how much lies before each and its end; the working days, and
    when each of them closes."""

    years: range
    begins: list[datetime]
    ends: list[datetime]
    before: list[timedelta]
    after: list[timedelta]
    days: list[date]
    closes: list[datetime]

    def elapsed(self, at: datetime) -> timedelta:
        """The opening time of the line before a moment."""
        index = bisect_right(self.begins, at) - 1
        return self.before[index] + (min(at, self.ends[index]) - self.begins[index]) if index >= 0 else timedelta()

    def latest(self, elapsed: timedelta) -> datetime:
        """The last moment before which so much of the line's opening time lies: a beginning at an opening stays there."""
        index = bisect_right(self.before, elapsed) - 1
        return self.begins[index] + (elapsed - self.before[index])


class _Year(NamedTuple):
    intervals: list[Interval]
    days: list[date]
    closes: list[datetime]


class OpeningTimes:
    """The opening time of one office. Moments are given and returned in UTC."""

    def __init__(
        self,
        opens_on: Callable[[date], bool],
        intervals: Callable[[date], list[Interval]],
        close: Callable[[date], datetime],
    ) -> None:
        """Which dates are working days, the open intervals that belong to a date, and when it closes."""
        self._opens_on, self._intervals, self._close = opens_on, intervals, close
        self._years: dict[int, _Year] = {}
        self._line = _joined(range(0), [])

    def covering(self, first: date, last: date) -> Line:
        """A line that reaches over these dates and the night before. Raises CalendarError if one of their years is not
        known."""
        return self._reaching((first - DAY).year, last.year)

    def longer(self, line: Line, backwards: bool = False) -> Line:
        """A line of one year more. Raises CalendarError if it is not known, or the office does not open any more."""
        edge = line.years[0] if backwards else line.years[-1]
        opened = (line.days[0] if backwards else line.days[-1]).year if line.days else None
        empty = abs(edge - opened) if opened is not None else len(line.years)
        if empty >= LONGEST_CLOSED:
            raise CalendarError("the calendar has no opening hours")
        return self._over(range(line.years[0] - backwards, line.years[-1] + 1 + (not backwards)))

    def when(self, line: Line, elapsed: timedelta) -> datetime:
        """The first moment before which so much opening time of the line lies: an end exactly at closing stays there."""
        while not line.after or line.after[-1] < elapsed:
            line = self.longer(line)
        index = bisect_left(line.after, elapsed)
        return line.begins[index] + (elapsed - line.before[index])

    def next_opening(self, line: Line, at: datetime) -> datetime:
        """The moment itself while the office is open, else when it opens next."""
        index = bisect_right(line.begins, at) - 1
        if index >= 0 and at < line.ends[index]:
            return at
        while index + 1 >= len(line.begins):
            line = self.longer(line)
        return line.begins[index + 1]

    def _reaching(self, first: int, last: int) -> Line:
        line = self._line
        if line.years:
            first, last = min(first, line.years[0]), max(last, line.years[-1])
        if range(first, last + 1) != line.years:
            line = self._line = self._over(range(first, last + 1))
        return line

    def _over(self, years: range) -> Line:
        """A line of exactly these years: whoever counts on one goes on counting from where it begins."""
        return _joined(years, [self._year(year) for year in years])

    def _year(self, year: int) -> _Year:
        if year not in self._years:
            start = date(year, 1, 1)
            dates = (start + n * DAY for n in range((date(year, 12, 31) - start).days + 1))
            days = [day for day in dates if self._opens_on(day)]
            intervals = sorted(interval for day in days for interval in self._intervals(day))
            self._years[year] = _Year(intervals, days, [self._close(day) for day in days])
        return self._years[year]


def _joined(years: range, made: list[_Year]) -> Line:
    intervals = [interval for year in made for interval in year.intervals]
    after = list(accumulate(end - begin for begin, end in intervals))
    return Line(
        years=years,
        begins=[begin for begin, _ in intervals],
        ends=[end for _, end in intervals],
        before=[timedelta(), *after[:-1]] if after else [],
        after=after,
        days=[day for year in made for day in year.days],
        closes=list(accumulate((close for year in made for close in year.closes), max)),
    )


M = TypeVar("M", int, timedelta)  # a date's ordinal or the number of a working day; opening time


class Gaps(Generic[M]):
    """Where a clock stands still, on one measure: half-open, in order, none overlaps another."""

    def __init__(self, gaps: Iterable[tuple[M, M]]) -> None:
        kept = [(opens, closes) for opens, closes in gaps if opens < closes]
        self._opens: list[M] = [opens for opens, _ in kept]
        self._closes: list[M] = [closes for _, closes in kept]

    def end(self, begin: M, end: M) -> M:
        """The end of a stretch that begins there, moved on by the gaps in it."""
        for index in range(bisect_right(self._closes, begin), len(self._opens)):
            opens = max(self._opens[index], begin)
            if end <= opens:
                break
            end = end + (self._closes[index] - opens)
        return end

    def begin(self, begin: M, end: M) -> M:
        """The beginning of a stretch that ends there, moved back by the gaps in it."""
        for index in range(bisect_left(self._opens, end) - 1, -1, -1):
            closes = min(self._closes[index], end)
            if closes <= begin:
                break
            begin = begin - (closes - self._opens[index])
        return begin

    def within(self, begin: M, end: M) -> M:
        """How much of a stretch is gaps."""
        total = begin - begin
        for index in range(bisect_right(self._closes, begin), bisect_left(self._opens, end)):
            total = total + (min(self._closes[index], end) - max(self._opens[index], begin))
        return total
