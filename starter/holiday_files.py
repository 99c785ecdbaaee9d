"""Holidays from iCalendar files (RFC 5545), as governments and groupware publish them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from icalendar import Calendar, Component

from casework.standards.counting.calendar_rules import ChangeKind
from casework.standards.pack.model import LATEST_YEAR
from casework.starter.errors import InvalidCase

LONGEST = 31  # days of one event; a longer one is a mistake


class HolidayEvent(NamedTuple):
    """One day of one event."""

    day: date
    name: str
    kind: ChangeKind


def read_ics(file: Path) -> list[HolidayEvent]:
    """The days of a file's whole-day events, in order; a cancelled event withdraws its days.

    Raises InvalidCase that names each event which cannot be read: one with hours, one that recurs, one without a name.
    """
    try:
        calendar = Calendar.from_ical(file.read_bytes())
    except OSError as error:
        raise InvalidCase(f"{file}: cannot be read ({error.strerror})") from error
    except (ValueError, IndexError, KeyError) as error:
        raise InvalidCase(f"{file}: is not an iCalendar file ({error})") from error
    found: list[HolidayEvent] = []
    problems: list[str] = []
    for number, event in enumerate(calendar.walk("VEVENT"), start=1):
        name = str(event.get("SUMMARY", "")).strip()
        where = f"event {number} ({name or 'without a name'})"
        begins, ends = _day(event, "DTSTART"), _day(event, "DTEND")
        if not name:
            problems.append(f"{where}: has no SUMMARY")
        elif "RRULE" in event or "RDATE" in event:
            problems.append(f"{where}: recurs; write each date out, no government promises holidays for ever")
        elif begins is not None and begins.year > LATEST_YEAR:
            problems.append(f"{where}: {begins.year} looks like a Buddhist year; write {begins.year - 543}")
        elif begins is None or (ends is None and "DTEND" in event):
            problems.append(f"{where}: is not a whole-day event (DTSTART;VALUE=DATE:20261016)")
        else:
            last = ends or begins + timedelta(days=1)
            if not 1 <= (last - begins).days <= LONGEST:
                problems.append(f"{where}: lasts {(last - begins).days} days")
                continue
            cancelled = str(event.get("STATUS", "")).upper() == "CANCELLED"
            kind = ChangeKind.WITHDRAWN if cancelled else ChangeKind.HOLIDAY
            found += [HolidayEvent(begins + timedelta(days=n), name, kind) for n in range((last - begins).days)]
    if not found and not problems:
        problems.append("has no events")
    if problems:
        raise InvalidCase("\n".join(f"{file}: {problem}" for problem in problems), problems)
    return sorted(found)


def _day(event: Component, key: str) -> date | None:
    value = getattr(event.get(key), "dt", None)
    return value if isinstance(value, date) and not isinstance(value, datetime) else None
