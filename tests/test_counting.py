"""Counting holds for any office: compared with a second, slow way of counting that shares no code."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from casework.standards.counting.calendar_rules import WEEKDAYS, Calendar
from casework.standards.counting.office_calendar import OfficeCalendar
from casework.standards.limits import Named
from tests.slow_counter import SlowOffice

ZONES = ["Asia/Bangkok", "Europe/Berlin", "America/New_York", "UTC"]
HOURS = [
    [("08:30", "16:30")],
    [("08:00", "12:00"), ("13:00", "17:00")],
    [("22:00", "06:00")],
    [("00:00", "24:00")],
    [("07:15", "07:45"), ("09:00", "23:59")],
]
BREAKS: list[list[tuple[str, str]]] = [[], [("12:00", "13:00")], [("09:30", "09:45"), ("15:00", "15:20")]]


def minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def span(begin: str, end: str) -> tuple[int, int]:
    first, last = minutes(begin), minutes(end)
    return first, last if last > first else last + 1440


@st.composite
def offices(draw: st.DrawFn, night: bool = True) -> tuple[OfficeCalendar, SlowOffice]:
    """The same office for both ways of counting."""
    zone = draw(st.sampled_from(ZONES))
    weekdays = draw(st.sets(st.integers(0, 6), min_size=1))
    hours = draw(st.sampled_from(HOURS if night else [h for h in HOURS if h != [("22:00", "06:00")]]))
    breaks = draw(st.sampled_from(BREAKS))
    holidays = draw(st.sets(st.dates(date(2026, 2, 20), date(2026, 4, 20)), max_size=12))
    rules = Calendar.model_validate(
        {
            "timezone": zone,
            "working_weekdays": [WEEKDAYS[day] for day in sorted(weekdays)],
            "hours": [{"open": begin, "close": end} for begin, end in hours],
            "breaks": [{"from": begin, "to": end} for begin, end in breaks],
            "holidays": {"provider": "none"},
        }
    )
    name = Named(th="วันหยุด", en="holiday")
    fast = OfficeCalendar(rules, lambda year: {day: name for day in holidays if day.year == year})
    slow = SlowOffice(zone, weekdays, [span(*h) for h in hours], [span(*b) for b in breaks], holidays)
    return fast, slow


# Around the changes to daylight saving of 2026 in New York (8 March) and Berlin (29 March).
moments = st.datetimes(datetime(2026, 2, 25), datetime(2026, 4, 5)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
)


@given(offices(), moments)
@settings(max_examples=150, deadline=None)
def test_the_next_opening_is_the_first_open_minute(office: tuple[OfficeCalendar, SlowOffice], at: datetime) -> None:
    fast, slow = office
    assert fast.next_opening(at) == slow.next_opening(at)


@given(offices(), moments, st.integers(1, 900))
@settings(max_examples=150, deadline=None)
def test_minutes_run_in_opening_hours_only(office: tuple[OfficeCalendar, SlowOffice], at: datetime, amount: int) -> None:
    fast, slow = office
    assert fast.add_working_time(at, timedelta(minutes=amount)) == slow.after_minutes(at, amount)


@given(offices(), moments, st.integers(0, 20_000))
@settings(max_examples=100, deadline=None)
def test_working_time_between_two_moments_is_every_open_minute(
    office: tuple[OfficeCalendar, SlowOffice], start: datetime, length: int
) -> None:
    fast, slow = office
    end = start + timedelta(minutes=length)
    assert fast.working_time_between(start, end) == timedelta(minutes=slow.open_minutes(start, end))


@given(offices(), moments, st.integers(1, 900))
@settings(max_examples=100, deadline=None)
def test_going_back_undoes_going_forward(office: tuple[OfficeCalendar, SlowOffice], at: datetime, amount: int) -> None:
    fast, _ = office
    due = fast.add_working_time(at, timedelta(minutes=amount))
    back = fast.subtract_working_time(due, timedelta(minutes=amount))
    assert fast.next_opening(back) == fast.next_opening(at)
    assert fast.working_time_between(back, due) == timedelta(minutes=amount)


@given(offices(), st.dates(date(2026, 2, 20), date(2026, 4, 20)), st.integers(1, 40))
@settings(max_examples=150, deadline=None)
def test_the_nth_working_day_is_found_by_counting_days(office: tuple[OfficeCalendar, SlowOffice], day: date, n: int) -> None:
    fast, slow = office
    found = fast.nth_working_day_after(day, n)
    assert found == slow.nth_working_day(day, n)
    assert fast.working_days_between(day, found) == n


@given(offices(night=False), st.dates(date(2026, 2, 20), date(2026, 4, 20)))
@settings(max_examples=100, deadline=None)
def test_a_working_day_ends_with_its_last_open_minute(office: tuple[OfficeCalendar, SlowOffice], day: date) -> None:
    fast, slow = office
    day = fast.on_or_after(day)
    assert fast.close_of(day) == slow.close_of(day)


def test_a_line_grows_from_where_it_begins_whatever_others_count_on_meanwhile() -> None:
    rules = Calendar.model_validate(
        {"timezone": "Asia/Bangkok", "working_weekdays": list(WEEKDAYS[:5]), "hours": [{"open": "08:30", "close": "16:30"}]}
    )
    office = OfficeCalendar(rules.model_copy(update={"holidays": rules.holidays}), lambda _: {})
    line = office._times.covering(date(2026, 12, 1), date(2026, 12, 1))
    office.nth_working_day_after(date(2024, 5, 1), 3)  # another case, years before, on the same calendar
    assert office._times.longer(line).years == range(2026, 2028)
    assert office.nth_working_day_after(date(2026, 12, 1), 30) == date(2027, 1, 12)
