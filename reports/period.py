"""The period of a report: a month, a quarter, a half or a year, by the calendar of the office."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from casework.standards.pack.model import EARLIEST_YEAR, LATEST_YEAR

MONTHS = 12
BUDDHIST = 543
FISCAL_BEGINS = 10  # October; the fiscal year B.E. 2570 is October 2026 to September 2027
THAI_MONTHS = (
    "มกราคม", "กุมภาพันธ์", "มีนาคม", "เมษายน", "พฤษภาคม", "มิถุนายน",
    "กรกฎาคม", "สิงหาคม", "กันยายน", "ตุลาคม", "พฤศจิกายน", "ธันวาคม",
)  # fmt: skip
KINDS = {"month": 1, "quarter": 3, "half": 6, "year": 12, "fiscal_year": 12}
PATTERNS = {
    "month": r"(?P<year>\d{4})-(?P<part>0[1-9]|1[0-2])",
    "quarter": r"(?P<year>\d{4})-Q(?P<part>[1-4])",
    "half": r"(?P<year>\d{4})-H(?P<part>[12])",
    "year": r"(?P<year>\d{4})",
    "fiscal_year": r"(?P<year>\d{4})",
}
EXAMPLES = {"month": "2026-11", "quarter": "2026-Q4", "half": "2026-H2", "year": "2026", "fiscal_year": "2570"}


class Period(NamedTuple):
    """From the first moment of one day until before the first moment of another."""

    kind: str
    said: str  # as it was asked for: 2026-11, 2026-Q4
    begins: datetime
    ends: datetime

    @property
    def months(self) -> int:
        """How many months it has."""
        return KINDS[self.kind]

    @property
    def before(self) -> Period:
        """The period of the same length that ends where this one begins."""
        return self._shifted(-self.months)

    @property
    def a_year_ago(self) -> Period:
        """The same period of the year before."""
        return self._shifted(-MONTHS)

    def _shifted(self, months: int) -> Period:
        begins, ends = _plus(self.begins, months), _plus(self.ends, months)
        return Period(self.kind, f"{begins:%Y-%m}", begins, ends)

    @property
    def th(self) -> str:
        """As the title says it."""
        last = self.ends - timedelta(days=1)
        return _thai(self.begins) if self.months == 1 else f"{_thai(self.begins)} ถึง {_thai(last)}"

    @property
    def en(self) -> str:
        """As the title says it."""
        last = self.ends - timedelta(days=1)
        return f"{self.begins:%B %Y}" if self.months == 1 else f"{self.begins:%B %Y} to {last:%B %Y}"


def period(kind: str, said: str, zone: tzinfo) -> Period:
    """The period that somebody named: a month 2026-11, a quarter 2026-Q4, a half 2026-H2, a year 2026, or the fiscal year of the
    Thai government by its Buddhist number, 2570 (October 2026 to September 2027 is 2570). Raises ValueError."""
    found = re.fullmatch(PATTERNS[kind], said)
    if not found:
        raise ValueError(f"{said}: a {kind.replace('_', ' ')} is said like {EXAMPLES[kind]}")
    year, part = int(found["year"]), int(found.groupdict().get("part") or 1)
    common = year - BUDDHIST if kind == "fiscal_year" else year
    if not EARLIEST_YEAR <= common <= LATEST_YEAR:
        like = "looks like a Buddhist year; --fiscal-year takes those" if year > LATEST_YEAR else "is not a year of any record"
        raise ValueError(f"{said}: {year} {like}")
    if kind == "fiscal_year":
        begins = datetime(year - BUDDHIST - 1, FISCAL_BEGINS, 1, tzinfo=zone)
    else:
        begins = datetime(year, (part - 1) * KINDS[kind] + 1, 1, tzinfo=zone)
    return Period(kind, said, begins, _plus(begins, KINDS[kind]))


def last_half(now: datetime) -> Period:
    """The half of a year that has ended last: what is reported every half year (source 001, at least twice a year)."""
    year, half = (now.year, 1) if now.month > MONTHS // 2 else (now.year - 1, 2)
    assert now.tzinfo is not None, "a moment has its zone"
    return period("half", f"{year}-H{half}", now.tzinfo)


def _plus(at: datetime, months: int) -> datetime:
    index = at.year * MONTHS + at.month - 1 + months
    return at.replace(year=index // MONTHS, month=index % MONTHS + 1)


def _thai(day: datetime) -> str:
    return f"{THAI_MONTHS[day.month - 1]} {day.year + BUDDHIST}"
