"""Every due time can be shown day by day, and the days add up to it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from casework.standards.counting.explanation import Why, explain
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.limits import Unit
from casework.standards.pack.loader import default_pack
from tests.test_limits import extended

CLOCK = PackCalculator(default_pack())
STEPS = [
    (service, step.id)
    for service, offered in CLOCK.pack.services.items()
    for step in offered.steps
    if step.limit or step.id == "satisfaction"
] + [("forward", "promise")]
starts = st.datetimes(datetime(2025, 2, 1), datetime(2027, 9, 1)).map(lambda at: at.replace(microsecond=0, tzinfo=UTC))


def test_thirty_working_days_over_songkran_name_every_day_that_was_skipped() -> None:
    start = datetime.fromisoformat("2026-03-02T11:00:00+07:00")
    explained = explain(CLOCK, "forward", "owner_act", start)
    skipped = [(entry.day, entry.name.en) for entry in explained.entries if entry.why is Why.HOLIDAY and entry.name]
    assert skipped == [
        (date(2026, 3, 3), "Makha Bucha"),
        (date(2026, 4, 6), "Chakri Memorial Day"),
        (date(2026, 4, 13), "Songkran Festival"),
        (date(2026, 4, 14), "Songkran Festival"),
        (date(2026, 4, 15), "Songkran Festival"),
    ]
    assert explained.entries[0].words("th") == "จ.  2 มีนาคม 2569  วันแรก ไม่นับ"
    assert explained.entries[1].words("th") == "อ.  3 มีนาคม 2569  วันมาฆบูชา ไม่นับ"
    assert explained.entries[-1].words("en") == "Mon 20 Apr 2026  day 30"


def test_what_came_on_a_saturday_night_says_so() -> None:
    start = datetime.fromisoformat("2026-10-10T22:15:00+07:00")
    words = [entry.words("en").split("  ")[1] for entry in explain(CLOCK, "forward", "check_forward", start).entries]
    assert words[:3] == ["weekend, not counted", "weekend, not counted", "first day, not counted"]
    assert words[-1] == "day 1"


def test_a_requesters_last_day_on_songkran_moves() -> None:
    start = datetime.fromisoformat("2026-03-30T10:00:00+07:00")
    entries = explain(CLOCK, "forward", "requester_complete", start).entries
    assert [entry.why for entry in entries[-3:]] == [Why.COUNTED, Why.HOLIDAY, Why.MOVED]
    assert entries[-3].closed


def test_a_chain_of_different_units_is_explained_link_by_link() -> None:
    start = datetime.fromisoformat("2026-10-30T10:00:00+07:00")  # 15 days end on a Saturday
    explained = explain(CLOCK, "information_request", "owner_gather+tell_requester", start)
    assert explained.plan.due_at.isoformat() == "2026-11-17T16:30:00+07:00"
    words = [entry.words("en") for entry in explained.entries]
    assert words[15:] == [
        "Sat 14 Nov 2026  day 15 (closed day)",
        "Sun 15 Nov 2026  weekend, not counted",
        "Mon 16 Nov 2026  received by the next, not counted",
        "Tue 17 Nov 2026  day 1",
    ]


@given(st.sampled_from(STEPS), starts, st.integers(0, 5))
@settings(max_examples=300, deadline=None)
def test_the_days_of_an_explanation_add_up_to_the_due_time(step: tuple[str, str], start: datetime, extra: int) -> None:
    explained = explain(CLOCK, *step, extended(start, extra, CLOCK.of(step[0]).limits(step[1])[0].unit))
    plan = explained.plan
    days = [entry.day for entry in explained.entries]
    assert days == [days[0] + timedelta(days=n) for n in range(len(days))], "every day is named, once, in order"
    assert days[0] == start.astimezone(CLOCK.calendar.zone).date()
    assert days[-1] == plan.due_at.date()
    if plan.limit.unit.seconds:
        assert explained.counted_time == timedelta(seconds=plan.limit.n * plan.limit.unit.seconds)
    else:
        assert explained.counted_days == plan.limit.n
    if plan.limit.unit is Unit.WORKING_DAY:
        assert all(
            CLOCK.calendar.is_working_day(entry.day) == (entry.ordinal is not None)
            for entry in explained.entries[1:]
            if entry.why not in (Why.FIRST_DAY, Why.AFTER_HOURS)
        )
