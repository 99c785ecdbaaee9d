"""The line of the queue, without servers: order, fairness, nobody called twice, waits against an independent count."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from casework.standards.pack.loader import default_pack
from casework.workflows.messages import queue as said
from casework.workflows.messages.people import Actor, Officer
from casework.workflows.messages.queue import CarriedTicket, QueueEvent, TicketEvent
from casework.workflows.queue.day import QueueDay
from casework.workflows.queue.decisions import Decisions
from casework.workflows.queue.file import QueueFile, QueueStart
from casework.workflows.queue.journal import QueueJournal
from casework.workflows.queue.line import Impossible, Line, Point
from casework.workflows.queue.ports import QueueTerms
from casework.workflows.queue.roster import Duty, on_duty, shifts
from casework.workflows.queue.waits import Measured, interval

PACK = default_pack()
OPENS = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
OFFICER = Actor(id="o", role="centre_officer")
SERVICES = list(PACK.queue.ticket_prefix)
MINUTE = timedelta(minutes=1)


class Played:
    """A line with a clock, and everything that happened in it."""

    def __init__(self, closes: timedelta = timedelta(hours=8), **rules: Any) -> None:
        self.rules = PACK.queue.model_copy(update=rules)
        self.terms = QueueTerms(
            standard=PACK.id, centre_name=PACK.organisation.centre.model_dump(include={"th", "en"}), timezone="Asia/Bangkok",
            opens_at=OPENS, closes_at=OPENS + closes, rules=self.rules, points=PACK.service_points, services={},
        )  # fmt: skip
        self.line = Line(points={p.no: Point(no=p.no, services=p.services) for p in PACK.service_points})
        self.now = OPENS
        self.events: list[QueueEvent] = []
        for point in self.line.points:
            self.do(said.OpenPoint(actor=OFFICER, point=point, officer=Officer(id=f"officer{point}")))

    def do(self, command: said.QueueCommand) -> str | None:
        decided = Decisions(self.line, self.terms).of(command.command_name())(command, self.now)
        event = QueueEvent(
            seq=self.line.seq + 1, key="k", type=decided.type, at=self.now, actor=command.actor, ticket=decided.ticket,
            point=decided.point, data=decided.data,
        )  # fmt: skip
        self.line.apply(event)
        self.events.append(event)
        return decided.ticket

    def take(self, service: str, **fields: Any) -> str:
        number = self.do(said.TakeTicket(actor=OFFICER, service=service, **fields))
        assert number is not None
        return number

    def at(self, command: type[said.QueueCommand], point: int, **fields: Any) -> str | None:
        return self.do(command.model_validate({"actor": OFFICER, "point": point, **fields}))


def test_priority_is_a_rule_every_second_call_at_most() -> None:
    played = Played()
    ordinary = [played.take("forward") for _ in range(4)]
    first, second, third = (played.take("forward", priority="elderly") for _ in range(3))
    called = []
    for _ in range(7):
        called.append(played.at(said.CallNext, 4))
        played.at(said.Serve, 4)
        played.at(said.Finish, 4)
    assert called == [first, ordinary[0], second, ordinary[1], third, ordinary[2], ordinary[3]]


def test_an_appointment_counts_a_little_before_its_time_and_late_like_everybody() -> None:
    played = Played()
    played.now = OPENS + timedelta(hours=1)
    walked_in = played.take("forward")
    played.now += MINUTE
    expected = played.take("forward", appointment_at=played.now + 5 * MINUTE)
    late = played.take("forward", appointment_at=played.now - 5 * MINUTE)
    assert [ticket.number for ticket in played.line.waiting("forward")] == [expected, walked_in, late]


def test_a_number_that_was_carried_over_is_not_given_again() -> None:
    played = Played()
    carried = {"service": "forward", "arrived_at": (OPENS - timedelta(days=1)).isoformat(), "from_day": "2026-11-22"}
    played.line.apply(QueueEvent(seq=8, key="k", type=TicketEvent.TAKEN, at=OPENS, ticket="B002", data=dict(carried)))
    assert played.take("forward") == "B001"
    assert played.at(said.CallNext, 4) == "B002"
    played.at(said.Serve, 4)
    played.at(said.Finish, 4)
    assert played.take("forward") == "B003"


def test_who_steps_aside_or_needs_another_service_keeps_the_time_of_arrival() -> None:
    played = Played()
    first = played.take("information_request")
    played.now += MINUTE
    other = played.take("one_stop")
    second = played.take("information_request")
    assert played.at(said.CallNext, 2) == first
    played.at(said.Hold, 2)
    assert played.at(said.CallNext, 2) == second
    played.do(said.BringBack(actor=OFFICER, ticket=first))
    assert played.at(said.CallNext, 3) == first
    played.at(said.Transfer, 3, service="one_stop", case_id="one-stop-1")
    assert [ticket.number for ticket in played.line.waiting("one_stop")] == [first, other]
    assert played.line.tickets[first].case_id == "one-stop-1"


def test_nobody_is_given_up_before_their_time() -> None:
    played = Played()
    number = played.take("forward")
    played.at(said.CallNext, 4)
    with pytest.raises(Impossible, match="5 minutes from the last call"):
        played.at(said.RecordNoShow, 4)
    for _ in range(3):
        played.at(said.Recall, 4)
    with pytest.raises(Impossible, match=f"{number} was called 4 times"):
        played.at(said.Recall, 4)
    played.at(said.RecordNoShow, 4)
    assert number not in played.line.tickets


def test_a_full_day_and_a_closed_door() -> None:
    played = Played(tickets_a_day=2)
    played.take("forward")
    played.take("forward")
    with pytest.raises(Impossible, match="the day is full: 2 tickets"):
        played.take("forward")
    played.now = OPENS + timedelta(hours=8)
    with pytest.raises(Impossible, match="the counter closed at 16:30"):
        played.take("one_stop")


ACTIONS = ["take", "take", "take", "call", "call", "call", "serve", "serve", "finish", "finish", "recall", "hold", "back",
           "transfer", "no_show", "close", "open"]  # fmt: skip


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**9))
def test_whatever_seven_points_do_with_2000_tickets_nobody_is_at_two_and_nobody_is_lost(seed: int) -> None:
    chance, played = random.Random(seed), Played(closes=timedelta(hours=400))
    commands: dict[str, type[said.QueueCommand]] = {
        "call": said.CallNext, "serve": said.Serve, "finish": said.Finish, "recall": said.Recall, "hold": said.Hold,
        "no_show": said.RecordNoShow, "close": said.ClosePoint,
    }  # fmt: skip
    given_out: set[str] = set()
    gone: set[str | None] = set()
    while len(given_out) < 2000:
        played.now += timedelta(seconds=chance.randrange(120))
        action, point = chance.choice(ACTIONS), chance.randrange(1, 8)
        try:
            match action:
                case "take":
                    priority = chance.choice(["ordinary", "ordinary", "elderly", "monk"])
                    given_out.add(played.take(chance.choice(SERVICES), priority=priority))
                case "back":
                    held = [ticket.number for ticket in played.line.tickets.values() if ticket.state == "held"]
                    played.do(said.BringBack(actor=OFFICER, ticket=chance.choice(held or ["A999"])))
                case "transfer":
                    played.at(said.Transfer, point, service=chance.choice(SERVICES))
                case "open":
                    played.at(said.OpenPoint, point, officer={"id": f"officer{point}"})
                case other:
                    played.at(commands[other], point)
        except Impossible:
            continue
        sitting = [each.ticket for each in played.line.points.values() if each.ticket]
        assert len(sitting) == len(set(sitting)), "nobody is at two points"
        if played.events[-1].type in (TicketEvent.FINISHED, TicketEvent.NO_SHOW):
            assert played.events[-1].ticket not in gone, "nobody is served or given up twice"
            gone.add(played.events[-1].ticket)
        assert len(played.line.tickets) + len(gone) == len(given_out), "nobody is lost"
    assert set(played.line.tickets) | gone == given_out
    again = Line(points={p.no: Point(no=p.no, services=p.services) for p in PACK.service_points})
    for event in played.events:
        again.apply(QueueEvent.model_validate_json(event.model_dump_json()))
    assert again == played.line, "what happened makes the same line again"


def _day(seed: int) -> Played:
    """A thousand visitors over eight hours at seven points with three breaks, each point calling as soon as it is free."""
    chance, played = random.Random(seed), Played(wait_warn_minutes=600, priority_classes={})
    arrivals = sorted((chance.random() * 8 * 3600, chance.choice(SERVICES)) for _ in range(1000))
    breaks = [(2 * 3600, 2.25 * 3600), (4 * 3600, 4.5 * 3600), (6 * 3600, 6.25 * 3600)]
    busy: dict[int, float] = {}
    at, coming = 0.0, list(arrivals)
    while coming or played.line.tickets:
        at = min(
            [*busy.values(), *([coming[0][0]] if coming else []), *(end for begin, end in breaks if begin <= at < end)] or [at]
        )
        played.now = OPENS + timedelta(seconds=at)
        for point in [point for point, until in busy.items() if until <= at]:
            played.at(said.Finish, point)
            del busy[point]
        while coming and coming[0][0] <= at:
            if played.now < OPENS + timedelta(hours=8):
                played.take(coming[0][1])
            coming.pop(0)
        pausing = any(begin <= at < end for begin, end in breaks)
        for point in range(2, 8) if not pausing else ():
            if point not in busy:
                try:
                    played.at(said.CallNext, point)
                except Impossible:
                    continue
                played.at(said.Serve, point)
                busy[point] = at + chance.gammavariate(4, 40)
        if pausing and not busy and not (coming and coming[0][0] <= at):
            at = next(end for begin, end in breaks if begin <= at < end)
    return played


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_day_of_a_thousand_visitors_against_an_independent_count(seed: int) -> None:
    played = _day(seed)
    arrived, called, began, ended = ({e.ticket: e for e in played.events if e.type is kind} for kind in (
        TicketEvent.TAKEN, TicketEvent.CALLED, TicketEvent.BEGAN, TicketEvent.FINISHED))  # fmt: skip
    assert len(arrived) == len(called) == len(ended) >= 990
    assert max(Counter(e.ticket for e in played.events if e.type is TicketEvent.CALLED).values()) == 1
    for service in SERVICES:  # first come, first served within a service
        order = [e.ticket for e in played.events if e.type is TicketEvent.CALLED and arrived[e.ticket].data["service"] == service]
        assert all(arrived[one].at <= arrived[other].at for one, other in pairwise(order))
    for service in SERVICES:
        minutes = [(ended[t].at - began[t].at) / MINUTE for t in ended if arrived[t].data["service"] == service]
        measured = played.line.measured[service]
        assert measured.n == len(minutes)
        assert measured.mean == pytest.approx(sum(minutes) / len(minutes))
        hits = [
            low <= (called[t].at - arrived[t].at) / MINUTE <= high
            for t in called
            if arrived[t].data["service"] == service
            for low, high in [cast("tuple[int, int]", arrived[t].data["wait"])]
        ]
        assert (measured.told, measured.came_true) == (len(hits), sum(hits))
        assert sum(hits) / len(hits) > 0.4, "the interval means something"


def test_the_state_of_the_day_does_not_grow() -> None:
    """What the queue carries at the end of a thousand tickets is no more than at the start."""
    played = _day(1)
    assert len(played.line.model_dump_json()) < 4_000


def test_an_interval_is_in_steps_and_never_empty() -> None:
    measured = Measured(n=20, total=200, squares=20 * 125)
    told = PACK.queue.wait_told
    for before in range(40):
        for points in range(4):
            busy = min(points, before)
            low, high = interval(before, points - busy, busy, float(points), measured, told)
            assert 0 <= low < high
            assert low % 5 == high % 5 == 0


def test_a_point_that_others_wait_for_too_counts_in_part() -> None:
    played = Played()
    played.line.points[4].services = ["forward", "one_stop"]
    for _ in range(7):
        played.take("forward")
    decisions = Decisions(played.line, played.terms)
    alone = decisions.wait_of("forward", 7, played.now)
    for point in (4, 5, 6, 7):
        played.at(said.CallNext, point) if point < 6 else played.at(said.ClosePoint, point)
    played.take("one_stop")
    shared = Decisions(played.line, played.terms).wait_of("forward", 5, played.now)
    assert sum(shared) > sum(alone) * 5 / 7


def test_who_is_called_before_others_is_told_so() -> None:
    played = Played()
    for point in (4, 5):
        played.take("forward")
        played.at(said.CallNext, point)
    for _ in range(10):
        played.take("forward")
    first, second = (played.line.tickets[played.take("forward", priority="elderly")] for _ in range(2))
    decisions = Decisions(played.line, played.terms)
    assert first.told is not None
    assert first.told[1] < decisions.wait_of("forward", 10, played.now)[1]
    assert (decisions.before(first), decisions.before(second)) == (0, 2)
    played.at(said.Serve, 4)
    played.at(said.Finish, 4)
    assert played.at(said.CallNext, 4) == first.number
    assert decisions.before(second) == 1, "one of the others is called between them"


def test_the_roster_is_what_was_entered_last() -> None:
    nok, tik = Officer(id="nok", name="นก"), Officer(id="tik", name="ติ๊ก")
    entered = [
        Duty(point=2, officer=nok, from_minute=510, until_minute=990),
        Duty(point=2, officer=tik, from_minute=720, until_minute=780),
        Duty(point=2, officer=None, from_minute=900, until_minute=930),
        Duty(point=4, officer=tik, from_minute=510, until_minute=720),
    ]
    assert [(shift.point, shift.officer.id, shift.from_minute, shift.until_minute) for shift in shifts(entered)] == [
        (2, "nok", 510, 720), (2, "tik", 720, 780), (2, "nok", 780, 900), (2, "nok", 930, 990), (4, "tik", 510, 720),
    ]  # fmt: skip
    assert on_duty(entered, 2, 915) is None


def test_several_classes_do_not_keep_the_others_waiting() -> None:
    played = Played()
    ordinary = [played.take("forward") for _ in range(5)]
    for priority in ("elderly", "monk", "disabled", "pregnant"):
        for _ in range(3):
            played.take("forward", priority=priority)
    called = []
    for _ in range(10):
        called.append(played.at(said.CallNext, 4))
        played.at(said.Serve, 4)
        played.at(said.Finish, 4)
    assert [number for number in called if number in ordinary] == ordinary, "every second call is of who came first"


def test_a_ticket_that_is_handed_over_twice_has_one_place() -> None:
    """A signal may come again after a reset; a number that is taken here already becomes the next free one."""
    came = OPENS - timedelta(days=1)
    tickets = [
        CarriedTicket(number=number, from_day="2026-11-22", service="forward", arrived_at=came)
        for number in ("B001", "B002", "B999")
    ]
    day = QueueDay.__new__(QueueDay)
    day.file = QueueFile(queue_id="q", start=QueueStart(centre="JSC", day="2026-11-23"))
    played = Played()
    played.take("forward")
    day.file.line = played.line

    class Noted:
        def record(self, kind: TicketEvent, ticket: str, *_: object, **said_data: Any) -> None:
            played.line.apply(QueueEvent(seq=played.line.seq + 1, key="k", type=kind, at=OPENS, ticket=ticket, data=said_data))

    day.journal = cast("QueueJournal", Noted())
    day.take_over(tickets)
    day.take_over(tickets)
    assert played.line.carried == {"B002": "2026-11-22/B001", "B003": "2026-11-22/B002", "B999": "2026-11-22/B999"}


def test_an_appointment_is_of_the_day_and_never_makes_it_worse() -> None:
    played = Played()
    with pytest.raises(Impossible, match="the appointment is on another day"):
        played.take("forward", appointment_at=OPENS + timedelta(days=1))
    early = played.take("forward", appointment_at=OPENS + timedelta(hours=3))
    played.now += MINUTE
    assert [ticket.number for ticket in played.line.waiting("forward")] == [early]
    played.take("forward")
    assert played.at(said.CallNext, 4) == early, "who comes early is not worse off than without an appointment"


def test_who_steps_aside_waits_anew_and_a_late_answer_of_another_case_changes_nothing() -> None:
    played = Played()
    number = played.take("one_stop")
    ticket = played.line.tickets[number]
    ticket.warned = True
    played.at(said.CallNext, 6)
    played.at(said.Transfer, 6, service="forward", case_id="forward-1")
    assert not ticket.warned
    late = {"because": "closed", "service": "one_stop"}
    played.line.apply(QueueEvent(seq=99, key="k", type=TicketEvent.CASE_REFUSED, at=OPENS, ticket=number, data=dict(late)))
    assert ticket.case_id == "forward-1"
