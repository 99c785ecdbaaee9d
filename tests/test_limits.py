"""Due times and rungs of every published step, on random calendars, against the slow counter that shares no code."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from casework.standards.counting.calendar_rules import WEEKDAYS, AddedHoliday, Break, Calendar, Holidays, Hours
from casework.standards.counting.ledger import ExtensionEntry, Ledger
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.limits import Unit
from casework.standards.pack.loader import default_pack
from tests.slow_counter import SlowOffice
from tests.test_counting import span

PACK = default_pack()
HOURS = [[("08:30", "16:30")], [("08:00", "12:00"), ("13:00", "17:00")], [("00:00", "24:00")], [("09:00", "15:15")]]
BREAKS: list[list[tuple[str, str]]] = [[], [("12:00", "13:00")], [("10:00", "10:20"), ("14:00", "14:05")]]
starts = st.datetimes(datetime(2026, 2, 25), datetime(2026, 4, 20)).map(
    lambda at: at.replace(second=0, microsecond=0, tzinfo=UTC)
)


@st.composite
def centres(draw: st.DrawFn) -> tuple[PackCalculator, SlowOffice]:
    """The default pack on a random calendar, and the same calendar in plain numbers."""
    weekdays = draw(st.sets(st.integers(0, 6), min_size=2))
    hours, breaks = draw(st.sampled_from(HOURS)), draw(st.sampled_from(BREAKS))
    holidays = draw(st.sets(st.dates(date(2026, 2, 25), date(2026, 5, 20)), max_size=20))
    calendar = Calendar(
        timezone="Asia/Bangkok",
        working_weekdays=[WEEKDAYS[day] for day in sorted(weekdays)],
        hours=[Hours(open=begin, close=end) for begin, end in hours],
        breaks=[Break.model_validate({"from": begin, "to": end}) for begin, end in breaks],
        holidays=Holidays(provider="none", add=[AddedHoliday(date=day, name_th="หยุด") for day in holidays]),
    )
    slow = SlowOffice("Asia/Bangkok", weekdays, [span(*h) for h in hours], [span(*b) for b in breaks], holidays)
    return PackCalculator(PACK.model_copy(update={"calendar": calendar})), slow


def extended(start: datetime, n: int, unit: Unit = Unit.WORKING_DAY) -> Ledger:
    """The ledger of a step that got so much more time."""
    given = [ExtensionEntry(at=start, n=n, unit=unit, by="prasert", reason="ผลตรวจ")] if n else []
    return Ledger(started_at=start, extensions=given)


def receipt(slow: SlowOffice, start: datetime) -> date:
    return slow.next_opening(start).astimezone(slow.zone).date()


@given(centres(), starts)
@settings(max_examples=60, deadline=None)
def test_minutes_at_the_counter(centre: tuple[PackCalculator, SlowOffice], start: datetime) -> None:
    clock, slow = centre
    plan = clock.plan("information_request", "provide", start)
    assert plan.due_at == slow.after_minutes(start, 15)
    assert [rung.at for rung in plan.rungs] == [slow.after_minutes(start, n) for n in (10, 15, 30)]


@given(centres(), starts)
@settings(max_examples=60, deadline=None)
def test_one_working_day_to_check_and_forward(centre: tuple[PackCalculator, SlowOffice], start: datetime) -> None:
    clock, slow = centre
    plan = clock.plan("forward", "check_forward", start)
    last = slow.nth_working_day(receipt(slow, start), 1)
    assert plan.due_at == slow.close_of(last)
    assert {rung.action.value: rung.at for rung in plan.rungs} == {
        "warn": slow.minutes_before(plan.due_at, 120),
        "breach": plan.due_at,
        "escalate": slow.close_of(slow.nth_working_day(last, 1)),
    }


@given(centres(), starts)
@settings(max_examples=60, deadline=None)
def test_thirty_working_days_and_every_rung_on_the_way(centre: tuple[PackCalculator, SlowOffice], start: datetime) -> None:
    clock, slow = centre
    plan = clock.plan("forward", "owner_act", start)
    day = receipt(slow, start)
    ends = {n: slow.close_of(slow.nth_working_day(day, n)) for n in (10, 15, 20, 24, 27, 30)}
    week_after = slow.nth_working_day(day, 30) + timedelta(days=7)
    while not slow.works_on(week_after):
        week_after -= timedelta(days=1)
    assert plan.due_at == ends[30]
    moments = sorted(rung.at for rung in plan.rungs)
    assert moments == sorted([*ends.values(), slow.close_of(week_after)])


@given(centres(), starts, st.integers(1, 40))
@settings(max_examples=60, deadline=None)
def test_the_promise_is_the_sum_of_its_working_days_never_one_more(
    centre: tuple[PackCalculator, SlowOffice], start: datetime, extra: int
) -> None:
    clock, slow = centre
    day = receipt(slow, start)
    assert clock.plan("forward", "promise", start).due_at == slow.close_of(slow.nth_working_day(day, 31))
    longer = clock.plan("forward", "owner_act", extended(start, extra))
    assert longer.due_at == slow.close_of(slow.nth_working_day(day, 30 + extra))


@given(centres(), starts)
@settings(max_examples=60, deadline=None)
def test_fifteen_calendar_days_end_differently_for_an_agency_and_a_requester(
    centre: tuple[PackCalculator, SlowOffice], start: datetime
) -> None:
    clock, slow = centre
    last = receipt(slow, start) + timedelta(days=15)
    agency = clock.plan("information_request", "owner_gather", start)
    assert agency.due_at == slow.close_of(last)
    before = last
    while not slow.works_on(before):
        before -= timedelta(days=1)
    assert agency.internal_target == (None if before == last else slow.close_of(before))
    while not slow.works_on(last):
        last += timedelta(days=1)
    assert clock.plan("forward", "requester_complete", start).due_at == slow.close_of(last)
