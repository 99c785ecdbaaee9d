"""The calendar of one centre as plain data: everything that counting needs, with the closed days of some years.

A case carries it, so that it counts without asking anybody, and every replay says the same. Names of holidays stay behind:
they are for explaining, not for counting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from casework.standards.counting.calendar_rules import Calendar
from casework.standards.counting.office_calendar import OfficeCalendar
from casework.standards.counting.opening_times import CalendarError
from casework.standards.limits import Frozen, Named

UNNAMED = Named(th="", en="")


class WorkingCalendar(Frozen):
    """Hours, breaks, special days and rules of counting, and for each year its closed days as MMDD ("0101 0413 0414").

    `revision` is how many changes of the calendar it has; `warning` says why it may be incomplete.
    """

    rules: Calendar
    closed: dict[int, str]
    revision: int = 0
    verified_through: date | None = None
    warning: str | None = None

    @property
    def zone(self) -> ZoneInfo:
        """The office's time zone."""
        return ZoneInfo(self.rules.timezone)

    def office(self) -> OfficeCalendar:
        """The calendar to count on. Counting beyond its years raises CalendarError."""
        return OfficeCalendar(self.rules, self._closed_days)

    def _closed_days(self, year: int) -> Mapping[date, Named]:
        if year not in self.closed:
            raise CalendarError(f"the holidays of {year} are not known here")
        return {date(year, int(day[:2]), int(day[2:])): UNNAMED for day in self.closed[year].split()}

    def caution(self, due_at: datetime) -> str | None:
        """What to know about a due time: how sure its holidays are."""
        if self.warning:
            return self.warning
        if self.verified_through is None or due_at.date() <= self.verified_through:
            return None
        return f"holidays are verified through {self.verified_through.isoformat()} only; this date may still move"


def calendar_digest(rules: Calendar, office: OfficeCalendar, years: range) -> str:
    """Tells apart calendars on which something in these years may be counted differently."""
    said = [rules.model_dump_json(), *(f"{year} {closed}" for year, closed in closed_days(office, years).items())]
    return sha256("\n".join(said).encode()).hexdigest()[:12]


def closed_days(office: OfficeCalendar, years: Iterable[int]) -> dict[int, str]:
    """The holidays of some years, as a working calendar keeps them."""
    return {
        year: " ".join(f"{day:%m%d}" for day in sorted(office.holidays_of(year)) if office.is_working_weekday(day))
        for year in years
    }
