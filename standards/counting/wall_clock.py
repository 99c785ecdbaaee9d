"""From what a wall clock shows to a moment, where the clocks of a zone jump, stand back, or leave out a day.

A time that the clock never showed (it was put forward over it) is the moment of the jump; of one that it showed twice the
first is meant. Moments are compared and counted in UTC only: Python compares times of one zone by what the clock shows.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def zone_named(name: str) -> ZoneInfo:
    """A time zone of the IANA list. Raises ZoneInfoNotFoundError."""
    return ZoneInfo(name)


def moment(zone: ZoneInfo, day: date, clock: str) -> datetime:
    """When the clock of a zone shows this time ("08:30"; "24:00" ends the day), in UTC."""
    hour, minute = int(clock[:2]), int(clock[3:])
    if hour == 24:
        day, hour = day + DAY, 0
    shown = datetime(day.year, day.month, day.day, hour, minute)
    at = shown.replace(tzinfo=zone).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) == shown:
        return at
    before = shown.replace(tzinfo=zone, fold=1).astimezone(UTC)  # in a gap this is the earlier of the two
    return _jump(zone, min(before, at), max(before, at))


def local(zone: ZoneInfo, at: datetime) -> datetime:
    """A moment as the clock of a zone shows it, with the offset of then: it compares and counts as it does in UTC."""
    shown = at.astimezone(zone)
    offset = shown.utcoffset()
    assert offset is not None, "a zone always has an offset"
    return shown.replace(tzinfo=timezone(offset), fold=0)


def never_was(zone: ZoneInfo, day: date) -> bool:
    """Whether a zone left this date out (Samoa had no 30 December 2011)."""
    noon = datetime(day.year, day.month, day.day, 12)
    if noon.replace(tzinfo=zone).utcoffset() == noon.replace(tzinfo=zone, fold=1).utcoffset():
        return False  # the clock showed it
    return moment(zone, day, "00:00") == moment(zone, day, "24:00")


def _jump(zone: ZoneInfo, early: datetime, late: datetime) -> datetime:
    """The moment between the two at which the clock jumps, to the second."""
    offset = early.astimezone(zone).utcoffset()
    while late - early > SECOND:
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        if middle == early:
            break
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late
