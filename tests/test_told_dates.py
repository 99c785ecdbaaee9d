"""A date that was told never jumps: whatever changes and whenever, it comes to what a fresh count says, or stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from casework.standards.counting.calendar_rules import CalendarChange, ChangeKind
from casework.standards.counting.ledger import ExtensionEntry, Ledger, PauseEntry
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.counting.plan import PROMISE
from casework.standards.pack.loader import default_pack

PACK = default_pack()
CHAINS = [
    ("forward", PROMISE),
    ("forward", "owner_act"),
    ("forward", "check_forward+owner_act"),
    ("forward", "requester_complete"),
    ("information_request", "owner_gather+tell_requester"),
    ("information_request", "owner_gather"),
    ("one_stop", "triage"),
]
DAY = timedelta(days=1)
days = st.dates(date(2026, 2, 20), date(2026, 6, 30))


def calculator(changed: list[tuple[date, ChangeKind]]) -> PackCalculator:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    changes = [
        CalendarChange(standard=PACK.id, date=day, kind=kind, name_th="หยุด", reason="มติ", by="x", revision=n, at=at)
        for n, (day, kind) in enumerate(changed, 1)
    ]
    return PackCalculator(PACK, None, changes)


@st.composite
def ledgers(draw: st.DrawFn, service: str, step: str) -> Ledger:
    start = draw(st.datetimes(datetime(2026, 2, 20), datetime(2026, 4, 20))).replace(tzinfo=UTC)
    limit = PackCalculator(PACK).of(service).limits(step)[0]
    begun, pauses = start, []
    for gap, length in draw(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 300)), max_size=3)):
        begun += timedelta(hours=gap)
        ended = begun + timedelta(hours=length)
        pauses.append(PauseEntry(reason="force_majeure", by="x", begun=begun, until=ended, ended=ended))
        begun = ended
    given = draw(st.integers(0, 5))
    extensions = [ExtensionEntry(at=begun, n=given, unit=limit.unit, by="x", reason="y")] if given else []
    return Ledger(started_at=start, pauses=pauses, extensions=extensions)


changes = st.lists(st.tuples(days, st.sampled_from([ChangeKind.HOLIDAY, ChangeKind.WITHDRAWN])), max_size=6)


@given(st.data(), st.sampled_from(CHAINS), st.lists(st.tuples(changes, st.integers(0, 100 * 24)), min_size=1, max_size=3))
@settings(max_examples=250, deadline=None)
def test_a_date_that_was_told_is_counted_afresh_or_stands(
    data: st.DataObject, chain: tuple[str, str], happened: list[tuple[list[tuple[date, ChangeKind]], int]]
) -> None:
    service, step = chain
    ledger = data.draw(ledgers(service, step))
    told = PackCalculator(PACK).plan(service, step, ledger).due_at
    for changed, hours in happened:
        now = ledger.started_at + timedelta(hours=hours)
        clock = calculator(changed)
        fresh = clock.plan(service, step, ledger.model_copy(update={"not_before": None})).due_at
        plan = clock.of(service).replan(step, ledger, told, now)
        assert fresh <= plan.due_at <= max(told, fresh)
        assert plan.due_at >= min(told, now), "nothing moves into the past"
        assert plan.balance.consumed <= plan.balance.budget or plan.balance.as_of > plan.due_at
        ledger, told = plan.ledger, plan.due_at


def test_a_promise_does_not_jump_when_a_past_holiday_is_withdrawn_on_its_last_day() -> None:
    start = datetime.fromisoformat("2026-03-02T11:00:00+07:00")
    told = PackCalculator(PACK).plan("forward", PROMISE, start)
    assert told.due_at.isoformat() == "2026-04-21T16:30:00+07:00"
    now = datetime.fromisoformat("2026-04-21T09:00:00+07:00")
    moved = calculator([(date(2026, 4, 15), ChangeKind.WITHDRAWN)]).of("forward").replan(PROMISE, told.ledger, told.due_at, now)
    assert moved.due_at == told.due_at


def test_minutes_after_minutes_are_counted_through() -> None:
    one_stop = PACK.services["one_stop"]
    start = datetime.fromisoformat("2026-03-04T10:00:00+07:00")
    steps = [step.id for step in one_stop.steps][:2]
    assert PackCalculator(PACK).plan("one_stop", "+".join(steps), start).due_at == start + timedelta(minutes=35)
