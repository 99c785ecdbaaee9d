"""The clocks of a case under anything in any order: time passes, pause, resume, extend, the calendar changes, a step is
finished. The engine's own timekeeper, journal and clock changes run here without Temporal; a slow counter that shares no code
says what must be so after each step.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from casework.activities.calendar_book import CalendarBook
from casework.activities.standard import StandardActivities
from casework.standards.counting.calendar_rules import (
    WEEKDAYS,
    AddedHoliday,
    Break,
    Calendar,
    CalendarChange,
    ChangeKind,
    Holidays,
    Hours,
)
from casework.standards.counting.ledger import Ledger
from casework.standards.counting.plan import Plan
from casework.standards.limits import Action, Unit
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.workflows.case import (
    calendar_follower,
    clock_changes,
    clock_checks,
    improvements,
    journal,
    letters,
    promises,
    receipts,
    timekeeper,
)
from casework.workflows.case.clock import Clock
from casework.workflows.case.counting import Counting
from casework.workflows.case.file import CaseFile, Promise
from casework.workflows.messages.commands import Extend, Pause, Recount, Resume
from casework.workflows.messages.forward import ForwardRequest
from casework.workflows.messages.information_request import InformationRequest
from casework.workflows.messages.people import Actor
from casework.workflows.ports import StandardAnswer, StandardQuery
from casework.workflows.processes import installed
from tests.slow_counter import SlowOffice
from tests.test_counting import span

T = TypeVar("T")
PACK = default_pack()
ACTOR = Actor(id="somying", role="centre_officer")
OFFICES: list[tuple[str, set[int], list[tuple[str, str]], list[tuple[str, str]]]] = [
    ("Asia/Bangkok", {0, 1, 2, 3, 4}, [("08:30", "16:30")], []),
    ("Asia/Bangkok", {0, 1, 2, 3, 4, 5}, [("08:00", "12:00"), ("13:00", "17:00")], [("10:00", "10:20")]),
    ("Asia/Bangkok", {0, 1, 2, 3, 4}, [("22:00", "06:00")], []),
    ("Europe/Berlin", {0, 2, 3, 5, 6}, [("00:30", "12:00"), ("20:00", "24:00")], [("11:00", "11:30")]),
    ("America/New_York", set(range(7)), [("00:00", "24:00")], []),
]
HALF_DAY = ("08:00", "11:45")  # on any day, also one on which the office never opens
STEPS = {"provide": "information_request", "owner_gather": "information_request", "owner_act": "forward"}
REASONS = {
    "provide": ["awaiting_requester", "system_down"],
    "owner_gather": ["awaiting_third_party"],
    "owner_act": ["force_majeure"],
}
# Around the changes of daylight saving, the end of a leap February is in 2028, the end of a year in the third.
STARTS = [datetime(2026, 3, 5, tzinfo=UTC), datetime(2028, 2, 25, tzinfo=UTC), datetime(2026, 12, 20, tzinfo=UTC)]


class DirectFollower(calendar_follower.CalendarFollower):
    """Asks the activities themselves, without a server between."""

    activities: StandardActivities

    async def _read(self, query: StandardQuery, summary: str) -> StandardAnswer:
        return await self.activities.read_standard(query)


class Changes:
    """The records, as far as the calendar goes."""

    def __init__(self) -> None:
        self.made: list[CalendarChange] = []

    async def calendar_changes(self) -> list[CalendarChange]:
        return list(self.made)


class ClockMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.patch = pytest.MonkeyPatch()
        stub = SimpleNamespace(now=lambda: self.now)
        for module in (
            clock_changes,
            clock_checks,
            journal,
            improvements,
            calendar_follower,
            letters,
            promises,
            receipts,
            timekeeper,
        ):
            self.patch.setattr(module, "workflow", stub)

    def teardown(self) -> None:
        self.patch.undo()
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    @initialize(
        office=st.sampled_from(OFFICES),
        step=st.sampled_from(sorted(STEPS)),
        start=st.sampled_from(STARTS),
        minutes=st.integers(0, 20_000),
        holidays=st.sets(st.integers(0, 50), min_size=4, max_size=16),
    )
    def open(self, office: Any, step: str, start: datetime, minutes: int, holidays: set[int]) -> None:
        zone, weekdays, hours, breaks = office
        days = {start.date() + timedelta(days=n) for n in holidays}
        calendar = Calendar(
            timezone=zone,
            working_weekdays=[WEEKDAYS[day] for day in sorted(weekdays)],
            hours=[Hours(open=begin, close=end) for begin, end in hours],
            breaks=[Break.model_validate({"from": begin, "to": end}) for begin, end in breaks],
            holidays=Holidays(provider="none", add=[AddedHoliday(date=day, name_th="หยุด") for day in days]),
        )
        self.slow = SlowOffice(zone, weekdays, [span(*h) for h in hours], [span(*b) for b in breaks], days)
        self.step, self.service = step, STEPS[step]
        self.now = self.start = start + timedelta(minutes=minutes)
        self.changes = Changes()
        pack = PACK.model_copy(update={"calendar": calendar})
        book = CalendarBook(StandardsLibrary([pack]), self.changes)  # type: ignore[arg-type]  # all it reads
        activities = StandardActivities(book)
        asked = {"centre": "JSC", "request_id": "x", "requester": {"name": "ก"}, "subject": "ก", "channel": "email"}
        request: InformationRequest | ForwardRequest
        if self.service == "forward":
            request = ForwardRequest.model_validate({**asked, "documents": []})
        else:
            request = InformationRequest.model_validate(asked)
        self.file = CaseFile(
            case_id="x", request=request, opened_at=self.now, received_at=self.now, stage="serving", stage_since=self.now
        )
        answer = self.run(
            activities.read_standard(
                StandardQuery(
                    service=self.service, centre="JSC", on=self.now, counted_from=self.now, now=self.now, segment="citizen"
                )
            )
        )
        assert answer.terms is not None, answer.problem
        self.file.terms, self.file.calendar = answer.terms, answer.calendar
        self.counting = Counting(self.file)
        self.journal = journal.Journal(self.file, lambda: None, lambda fate, template, to: None)
        self.timekeeper = timekeeper.Timekeeper(
            self.file,
            self.counting,
            self.journal,
            letters.Letters(self.file, self.counting, self.journal),
            improvements.Improvements(self.file, installed()[self.service].definition, self.journal),
        )
        told = promises.Promises(self.file, self.counting, self.journal)
        self.clocks = clock_changes.ClockChanges(self.file, self.counting, self.journal, self.timekeeper, told)
        self.follower = DirectFollower(self.file, self.clocks, self.journal, self.timekeeper)
        self.follower.activities = activities
        plan = self.counting.calculator.plan(step, Ledger(started_at=self.now), self.now)
        self.file.clocks[step] = Clock.planned(plan)
        self.file.promise = Promise.planned(step, plan)
        self.paused_at: list[tuple[datetime, datetime | None]] = []
        self.restarted = False
        self.kept_due = False

    @property
    def clock(self) -> Clock:
        return self.file.clocks[self.step]

    @property
    def limit(self) -> tuple[int, Unit]:
        return self.clock.limit.n, self.clock.limit.unit

    # What may happen

    @rule(minutes=st.one_of(st.integers(1, 40), st.integers(60, 4_000), st.integers(5_000, 30_000)))
    def time_passes(self, minutes: int) -> None:
        if self.step == "provide":  # the slow counter counts every minute
            minutes = min(minutes, 3_000)
        until = self.now + timedelta(minutes=minutes)
        for _ in range(500):
            alarm = self.timekeeper.next_alarm()
            if alarm is None or alarm.at > until:
                break
            self.now = max(self.now, alarm.at)
            self.timekeeper.catch_up()
        else:
            raise AssertionError("the timekeeper does not come to rest")
        self.now = until
        self.same_pause()

    @rule(after=st.sampled_from([-2_000, -1, 0, 1, 90, 1_500, 3_000, 12_000, 25_000]))
    def the_due_time_comes(self, after: int) -> None:
        minutes = (self.clock.due_at - self.now) // timedelta(minutes=1) + after
        if minutes > 0:
            self.time_passes(minutes)

    @precondition(lambda self: self.file.pause is None and self.clock.running)
    @rule(number=st.integers(0, 5))
    def pause(self, number: int) -> None:
        reasons = REASONS[self.step]
        reason = reasons[number % len(reasons)]
        self.timekeeper.catch_up()
        self.clocks.pause(Pause(actor=ACTOR, reason=reason))
        self.restarted = self.restarted or reason == "system_down"
        self.same_pause()

    @precondition(lambda self: self.file.pause is not None)
    @rule()
    def resume(self) -> None:
        before = self.clock.due_at
        self.timekeeper.catch_up()
        if self.file.pause is None:
            return  # it ended in this very moment
        self.clocks.resume(Resume(actor=ACTOR))
        assert self.clock.due_at <= before, "what was said at the pause was the latest it could be"
        self.same_pause()

    @precondition(lambda self: self.clock.running and len(self.clock.ledger.extensions) < 1 and self.step != "provide")
    @rule(n=st.integers(1, 15))
    def extend(self, n: int) -> None:
        self.timekeeper.catch_up()
        self.clocks.extend(Extend(actor=ACTOR, step=self.step, by=n, reason="ผลตรวจ"))
        breach = any(rung.action is Action.BREACH for rung in self.clock.rungs)
        assert breach == (self.clock.due_at > self.now or not self.clock.breached_at), "a new due time may be breached anew"

    @precondition(lambda self: self.clock.running)
    @rule(ahead=st.integers(-10, 40), kind=st.sampled_from(list(ChangeKind)))
    def the_calendar_changes(self, ahead: int, kind: ChangeKind) -> None:
        day = self.now.astimezone(self.slow.zone).date() + timedelta(days=ahead)
        if kind is ChangeKind.WITHDRAWN:  # one that is there, the nearest
            day = min(self.slow.holidays, key=lambda other: abs(other - day), default=day)
        hours = [HALF_DAY] if kind is ChangeKind.HOURS else []
        self.slow.change(day, kind is ChangeKind.HOLIDAY, [span(*each) for each in hours])
        revision = len(self.changes.made) + 1
        self.changes.made.append(
            CalendarChange(
                standard=PACK.id,
                date=day,
                kind=kind,
                reason="มติ",
                by="somying",
                revision=revision,
                at=self.now,
                name_th="หยุด",
                hours=[Hours(open=begin, close=end) for begin, end in hours],
            )
        )
        before, overdue, fired = self.clock.due_at, self.clock.overdue, self.count_fired()
        pending = {rung.key for rung in self.clock.rungs}
        self.run(self.follower.recount(Recount(actor=ACTOR, revision=revision)))
        self.same_pause()
        assert self.clock.revision == revision
        assert self.clock.due_at >= min(before, self.now), "nothing moves into the past"
        assert all(rung.at >= self.now for rung in self.clock.rungs)
        assert {rung.key for rung in self.clock.rungs} >= pending, "no rung is lost"
        assert not overdue or self.clock.breached_at
        assert self.count_fired() == fired, "a change of the calendar fires nothing by itself"
        self.kept_due = self.clock.ledger.not_before is not None

    # What must be so

    @invariant()
    def the_due_time_is_what_the_slow_counter_finds(self) -> None:
        if self.kept_due:
            assert self.clock.due_at >= self.slow_due()
        else:
            assert self.clock.due_at == self.slow_due()
            if not self.restarted and self.file.promise is not None:
                assert self.file.promise.due_at == self.clock.due_at, "the promise runs above the clock"

    @invariant()
    def what_is_left_is_the_budget_less_what_was_consumed(self) -> None:
        n, unit = self.limit
        begun, pauses = self.counted()
        balance = self.plan().balance
        if unit.seconds:
            consumed = self.slow.minutes_run(begun, self.now, pauses)
            left = self.slow.minutes_run(max(self.now, begun), self.clock.due_at, pauses)
            elapsed = self.slow.minutes_run(begun, self.now, [])
        else:
            working = unit is Unit.WORKING_DAY
            received = self.received(begun)
            consumed = self.slow.days_run(received, self.now, pauses, working)
            left = self.slow.days_run(received, self.clock.due_at, pauses, working) - consumed
            elapsed = self.slow.days_run(received, self.now, [], working)
        used = min(consumed, balance.budget) if self.now <= self.clock.due_at else consumed
        assert balance.consumed == used <= elapsed, "never more than there was, unless it is overdue"
        if self.now <= self.clock.due_at and not self.kept_due:
            assert left == n - consumed

    @invariant()
    def no_rung_fires_twice_and_none_is_left_behind(self) -> None:
        fired = [(event.data.get("round", 1), event.data["rung"]) for event in self.facts()]
        assert max(Counter(fired).values(), default=0) <= 1
        assert not {rung.key for rung in self.clock.rungs} & set(self.clock.fired)
        if self.clock.running and self.file.pause is None:
            assert all(rung.at >= self.now or rung.action is Action.BREACH for rung in self.clock.rungs)
        ladder = {rung.key for rung in self.plan().rungs}
        standing = {key.partition("#")[0] for key in (*self.clock.fired, *(rung.key for rung in self.clock.rungs))}
        assert ladder <= standing, "every rung of the ladder stands or has fired"
        repeating = {rung.key for rung in self.plan().rungs if rung.repeat_every}
        pending = {rung.key.partition("#")[0] for rung in self.clock.rungs}
        assert repeating <= pending, "what repeats stands again"

    @invariant()
    def every_rung_stands_where_the_slow_counter_finds_it(self) -> None:
        if self.kept_due:
            return
        for rung in self.clock.rungs:
            if not rung.brought_forward and not rung.waited_since:
                assert rung.at == self.slow_moment(rung.key), rung.key

    @invariant()
    def history_only_grows(self) -> None:
        events = self.file.events
        assert [event.seq for event in events] == sorted({event.seq for event in events})
        assert all(a.at <= b.at for a, b in pairwise(events))

    @invariant()
    def nobody_is_chased_while_the_clock_stands_still(self) -> None:
        for event in self.facts():
            late_breach = event.type == "breached"
            for begun, end in self.paused_at:
                assert late_breach or not begun < event.at < (end or self.now), (event, begun, end)

    # Helpers

    def same_pause(self) -> None:
        entries = self.clock.ledger.pauses
        self.paused_at = [(entry.begun, entry.ended) for entry in entries]

    def counted(self) -> tuple[datetime, list[tuple[datetime, datetime]]]:
        ledger, begun = self.clock.ledger, self.start
        for entry in ledger.pauses:
            if entry.then == "restart":
                begun = entry.ended or entry.until
        return begun, [
            (entry.begun, entry.ended or entry.until) for entry in ledger.pauses if (entry.ended or entry.until) > begun
        ]

    def received(self, begun: datetime) -> date:
        first = self.slow.next_opening(begun)
        local = first.astimezone(self.slow.zone)
        minute = local.hour * 60 + local.minute
        today = self.slow.works_on(local.date()) and any(a <= minute < b for a, b in self.slow.spans_of(local.date()))
        return local.date() if today else local.date() - timedelta(days=1)

    def slow_due(self) -> datetime:
        n, unit = self.limit
        begun, pauses = self.counted()
        if unit.seconds:
            return self.slow.due_by_minutes(begun, n, pauses)
        last = self.slow.due_by_days(self.received(begun), n, pauses, unit is Unit.WORKING_DAY)
        return self.slow.close_of(last)

    def slow_moment(self, key: str) -> datetime:
        """Where the default pack's ladders put a rung, counted slowly."""
        begun, pauses = self.counted()
        ladder, _, index = key.partition("#")[0].partition("/")
        due, repeats = self.slow_due(), int(key.partition("#")[2] or 0)
        if ladder == "counter_15m":
            minutes = {"0": 10, "1": self.limit[0]}
            if index in minutes:
                return self.slow.due_by_minutes(begun, minutes[index], pauses)
            return self.slow.due_by_minutes(due, 15, pauses)
        received = self.received(begun)
        working = ladder != "owner_15d"
        if (ladder, index) in (("owner_30wd", "4"), ("owner_15d", "3")):
            # every 7 calendar days after the due date, on the working day before
            last = self.slow.due_by_days(received, self.limit[0], pauses, working)
            day = self.slow.due_by_days(last, 7 * (repeats + 1), pauses, False)
            while not self.slow.counts(day, pauses, True):
                day -= timedelta(days=1)
            return self.slow.close_of(day)
        if ladder == "owner_15d":
            days = {"0": 7, "1": 12, "2": self.limit[0]}[index]
            return self.slow.close_of(self.slow.due_by_days(received, days, pauses, False))
        days = int(index) if ladder == "progress" else {"0": 15, "1": 24, "2": 27, "3": self.limit[0]}[index]
        return self.slow.close_of(self.slow.due_by_days(received, days, pauses, True))

    def facts(self) -> list[Any]:
        return [event for event in self.file.events if "rung" in event.data]

    def count_fired(self) -> int:
        return len(self.facts())

    def plan(self) -> Plan:
        return self.counting.calculator.plan(self.step, self.clock.ledger, self.now)


ClockMachine.TestCase.settings = settings(
    max_examples=60, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestClocks = ClockMachine.TestCase
