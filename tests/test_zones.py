"""Counting holds in every time zone: around its jumps, its repeated hours and the days it left out, compared with a second
counter that reads the wall clock minute by minute on the UTC line."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

from casework.standards.counting.calendar_rules import WEEKDAYS, Calendar, Counting
from casework.standards.counting.due_counter import DueCounter
from casework.standards.counting.office_calendar import OfficeCalendar
from casework.standards.counting.wall_clock import local, moment, never_was
from casework.standards.limits import Limit, Unit
from tests.slow_counter import SlowOffice
from tests.test_counting import span

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
STEP = 4 * DAY  # no zone jumps twice in so short a time, but some in a month
PARTS = 8  # the zones are shared out, so that two workers take their turns


def jumps(zone: ZoneInfo) -> list[datetime]:
    """Every change of a zone's offset from 2000 to 2035, to the minute."""
    found, at = [], datetime(2000, 1, 1, tzinfo=UTC)
    while at.year <= 2035:
        if at.astimezone(zone).utcoffset() != (at + STEP).astimezone(zone).utcoffset():
            early = at
            while early.astimezone(zone).utcoffset() == (early + HOUR).astimezone(zone).utcoffset():
                early += HOUR
            while early.astimezone(zone).utcoffset() == at.astimezone(zone).utcoffset():
                early += MINUTE
            found.append(early)
        at += STEP
    return found


def zones() -> dict[str, list[datetime]]:
    """A zone of each kind: those that jump at the same moments by as much are one."""
    kinds: dict[object, tuple[str, list[datetime]]] = {}
    for name in sorted(available_timezones() - {"localtime", "posixrules", "Factory"}):
        found = jumps(ZoneInfo(name))
        if found:
            shifts = tuple((at, at.astimezone(ZoneInfo(name)).utcoffset()) for at in found)
            kinds.setdefault(shifts, (name, found))
    return dict(kinds.values())


ZONES = zones()


def offices(zone: str, at: datetime, dice: random.Random) -> tuple[OfficeCalendar, SlowOffice]:
    """An office whose hours, break or night shift lie in the hours that a jump skips or repeats."""
    shown = [(at + n * timedelta(minutes=30)).astimezone(ZoneInfo(zone)) for n in (-3, -2, -1, 0, 1, 2)]
    clocks = sorted({f"{each:%H:%M}" for each in shown} | {f"{shown[2] + timedelta(minutes=10):%H:%M}"})
    begin, end = dice.sample(clocks, 2)
    hours = dice.choice([[(begin, end)], [("00:00", "24:00")], [("22:00", "06:00")], [("08:00", "24:00")], [("18:00", "03:00")]])
    rest = [clock for clock in clocks[:2] if clock[:2] != "23"]  # two that lie close together
    breaks = [(rest[0], rest[1])] if len(rest) == 2 and dice.random() < 0.5 and hours[0] != (begin, end) else []
    rules = Calendar.model_validate(
        {
            "timezone": zone,
            "working_weekdays": list(WEEKDAYS),
            "hours": [{"open": opens, "close": closes} for opens, closes in hours],
            "breaks": [{"from": opens, "to": closes} for opens, closes in breaks],
            "holidays": {"provider": "none"},
        }
    )
    slow = SlowOffice(zone, set(range(7)), [span(*each) for each in hours], [span(*each) for each in breaks], set())
    return OfficeCalendar(rules, lambda _: {}), slow


@pytest.mark.parametrize("part", range(PARTS))
def test_every_zone_counts_on_the_utc_line(part: int) -> None:
    for zone, found in list(ZONES.items())[part::PARTS]:
        dice = random.Random(zone)
        for jump in dice.sample(found, min(2, len(found))):
            fast, slow = offices(zone, jump, dice)
            what = (zone, jump, fast.rules.hours, fast.rules.breaks)
            at = jump + dice.randrange(-180, 180) * MINUTE
            amount = dice.randrange(1, 300)
            assert fast.next_opening(at) == slow.next_opening(at), what
            assert fast.add_working_time(at, amount * MINUTE) == slow.after_minutes(at, amount), what
            end = at + dice.randrange(1, 600) * MINUTE
            assert fast.working_time_between(at, end) == slow.open_minutes(at, end) * MINUTE, what
            day = jump.astimezone(ZoneInfo(zone)).date() - DAY
            for each in (day, day + DAY):
                assert fast.close_of(each) == slow.close_of(each), what
            n = dice.randrange(1, 5)
            assert fast.nth_working_day_after(day, n) == slow.nth_working_day(day, n), what


@pytest.mark.parametrize("part", range(PARTS))
def test_every_due_time_of_days_ends_with_its_day(part: int) -> None:
    """Days around a jump are counted one by one, and what ends at their closing belongs to them."""
    for zone, found in list(ZONES.items())[part::PARTS]:
        dice = random.Random(zone)
        for jump in dice.sample(found, min(3, len(found))):
            fast, slow = offices(zone, jump, dice)
            counter = DueCounter(fast, Counting())
            start = fast.next_opening(jump - dice.randrange(24, 90) * HOUR)
            n, unit = dice.randrange(1, 6), dice.choice([Unit.WORKING_DAY, Unit.CALENDAR_DAY])
            received = counter.receipt_date(start)
            last = received
            for _ in range(n):
                last += DAY
                while not slow.exists(last):
                    last += DAY
            due, _ = counter.due(Limit(n=n, unit=unit), start)
            what = (zone, jump, fast.rules.hours, fast.rules.breaks, start, n, unit)
            assert due == slow.close_of(last), what
            if slow.is_open(due - MINUTE) and not slow.is_open(due):
                assert counter.date_of(due) == last, what


def test_a_day_that_a_zone_never_had_is_not_counted() -> None:
    apia = ZoneInfo("Pacific/Apia")
    assert never_was(apia, date(2011, 12, 30))
    rules = {"timezone": "Pacific/Apia", "working_weekdays": list(WEEKDAYS), "hours": [{"open": "09:00", "close": "17:00"}]}
    office = OfficeCalendar(Calendar.model_validate({**rules, "holidays": {"provider": "none"}}), lambda _: {})
    assert not office.is_working_day(date(2011, 12, 30))
    assert office.nth_working_day_after(date(2011, 12, 28), 2) == date(2011, 12, 31)
    assert office.calendar_days_after(date(2011, 12, 28), 2) == date(2011, 12, 31)
    assert office.calendar_days_after(date(2011, 12, 31), -2) == date(2011, 12, 28)


def test_a_break_in_the_hour_that_is_skipped_is_no_break() -> None:
    rules = {
        "timezone": "Europe/Berlin",
        "working_weekdays": list(WEEKDAYS),
        "hours": [{"open": "00:00", "close": "24:00"}],
        "breaks": [{"from": "02:00", "to": "03:00"}],
        "holidays": {"provider": "none"},
    }
    office = OfficeCalendar(Calendar.model_validate(rules), lambda _: {})
    midnight = office.midnight(date(2026, 3, 29))
    assert office.working_time_between(midnight, office.midnight(date(2026, 3, 30))) == 23 * HOUR
    assert office.working_time_between(office.midnight(date(2026, 3, 28)), midnight) == 23 * HOUR


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Africa/Cairo", "Asia/Beirut", "America/Santiago", "America/Havana"])
def test_a_closing_at_the_end_of_a_jump_belongs_to_the_day_before_it(zone: str) -> None:
    hours = ("22:00", "03:00") if zone == "Europe/Berlin" else ("08:00", "24:00")
    rules = {
        "timezone": zone,
        "working_weekdays": list(WEEKDAYS),
        "hours": [{"open": hours[0], "close": hours[1]}],
        "holidays": {"provider": "none"},
    }
    office = OfficeCalendar(Calendar.model_validate(rules), lambda _: {})
    counter = DueCounter(office, Counting())
    forward = [at for at in ZONES.get(zone) or jumps(ZoneInfo(zone)) if at.astimezone(ZoneInfo(zone)).date() >= date(2020, 1, 1)]
    for jump in forward:
        day = (jump - HOUR).astimezone(ZoneInfo(zone)).date()
        for each in (day - DAY, day, day + DAY):
            assert counter.date_of(office.close_of(each)) == each, (jump, each)


def test_times_of_the_repeated_hour_stand_in_their_order() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first, second = datetime(2026, 10, 25, 0, 45, tzinfo=UTC), datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert local(berlin, first) < local(berlin, second)
    assert local(berlin, second) - local(berlin, first) == 30 * MINUTE
    assert moment(berlin, date(2026, 10, 25), "02:30") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
