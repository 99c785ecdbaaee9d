"""What each command means in the queue of a day: a look at the line, and what happens, or why it cannot.

Nothing here changes anything: the queue applies what was decided and records it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import Any, NamedTuple

from casework.standards.pack.queue import ORDINARY
from casework.workflows.messages import queue as said
from casework.workflows.messages.queue import TicketEvent
from casework.workflows.queue.line import Impossible, Line, Point, Ticket
from casework.workflows.queue.ports import QueueTerms
from casework.workflows.queue.waits import Measured, interval

MINUTE = timedelta(minutes=1)


class Decided(NamedTuple):
    """Something that is to happen."""

    type: TicketEvent
    ticket: str | None = None
    point: int | None = None
    data: dict[str, Any] = {}


class Decisions:
    """Decides for one line under the terms of its day."""

    def __init__(self, line: Line, terms: QueueTerms) -> None:
        self._line, self._terms, self._rules = line, terms, terms.rules

    def take_ticket(self, it: said.TakeTicket, now: datetime) -> Decided:
        """A number in the line of a service, and about how long it will take."""
        line, rules = self._line, self._rules
        letter = rules.ticket_prefix.get(it.service)
        if letter is None:
            raise Impossible(f"there are no tickets for {it.service}; there are for {', '.join(rules.ticket_prefix)}")
        if it.priority != ORDINARY and it.priority not in rules.priority_classes:
            raise Impossible(f"unknown class {it.priority}; classes are {', '.join([ORDINARY, *rules.priority_classes])}")
        self._is_open(now)
        number = line.given.get(letter, 0) + 1
        while (name := f"{letter}{number:03}") in line.carried or name in line.tickets:
            number += 1
        if number > rules.tickets_a_day:
            raise Impossible(f"the day is full: {rules.tickets_a_day} tickets for {it.service} were given")
        place = now
        if it.appointment_at is not None:
            if it.actor.role not in rules.officers:
                raise Impossible(f"an appointment goes before others; it is entered by {' or '.join(rules.officers)}")
            if it.appointment_at.astimezone(self._zone).date() != now.astimezone(self._zone).date():
                raise Impossible("the appointment is on another day; take the ticket then")
            expected = max(it.appointment_at - timedelta(minutes=rules.appointment_ahead_minutes), self._terms.opens_at or now)
            place = min(now, expected) if now <= it.appointment_at else now  # too late for it, or early: like everybody
        given = it.model_dump(mode="json", include={"subject", "requester", "documents"}, exclude_defaults=True)
        wait = list(self.wait_of(it.service, self._ahead(it.service, it.priority, place), now))
        data: dict[str, Any] = {"service": it.service, "wait": wait}
        data |= {"priority": it.priority} if it.priority != ORDINARY else {}
        data |= {"place": place.isoformat()} if place != now else {}
        data |= {"case_id": it.case_id} if it.case_id else {}
        data |= {"request": given} if given else {}
        return Decided(TicketEvent.TAKEN, f"{letter}{number:03}", None, data)

    def open_point(self, it: said.OpenPoint, now: datetime) -> Decided:
        """A point begins to call."""
        point = self._line.point(it.point)
        if it.officer is None:
            raise Impossible(f"nobody is on duty at point {it.point}: say which officer opens it")
        if point.open and point.officer is not None and point.officer.id != it.officer.id:
            raise Impossible(f"{point.officer.id} sits at point {it.point}; close it first")
        if point.open and point.officer == it.officer:
            raise Impossible(f"point {it.point} is open already")
        if point.ticket is not None and point.officer is not None and point.officer.id != it.officer.id:
            raise Impossible(f"point {it.point} still has {point.ticket}")
        other = next((p.no for p in self._line.points.values() if p.open and p.officer and p.officer.id == it.officer.id), None)
        if other not in (None, it.point):
            raise Impossible(f"{it.officer.id} sits at point {other}; close that first")
        if self._terms.opens_at is None:
            raise Impossible(self._closed())
        return Decided(
            TicketEvent.POINT_OPENED,
            None,
            it.point,
            {"officer": it.officer.model_dump(mode="json", include={"id", "name"}, exclude_none=True)},
        )

    def close_point(self, it: said.ClosePoint, now: datetime) -> Decided:
        """A point calls nobody any more."""
        if not self._line.point(it.point).open:
            raise Impossible(f"point {it.point} is closed already")
        return Decided(TicketEvent.POINT_CLOSED, None, it.point)

    def call_next(self, it: said.CallNext, now: datetime) -> Decided:
        """Who is next, to a point that is free. Only now is a ticket bound to a point."""
        point = self._line.point(it.point)
        if not point.open or point.officer is None:
            raise Impossible(f"point {it.point} is closed; open it first")
        if point.ticket is not None:
            raise Impossible(f"point {it.point} has {point.ticket}: finish, hold, transfer or record that nobody came")
        ticket = self._line.next_at(self._rules, point)
        if ticket is None:
            raise Impossible(f"nobody waits for point {it.point} ({', '.join(point.services)})")
        return Decided(TicketEvent.CALLED, ticket.number, it.point, {"officer": point.officer.id, "service": ticket.service})

    def recall(self, it: said.Recall, now: datetime) -> Decided:
        """Called again, as often as the standard says."""
        ticket = self._line.at(it.point, "called")
        if ticket.calls > self._rules.recall_times:
            raise Impossible(f"{ticket.number} was called {ticket.calls} times; record that nobody came")
        return Decided(TicketEvent.RECALLED, ticket.number, it.point)

    def record_no_show(self, it: said.RecordNoShow, now: datetime) -> Decided:
        """Nobody came; not before the time that the standard gives them."""
        ticket = self._line.at(it.point, "called")
        until = (ticket.called_at or now) + timedelta(minutes=self._rules.no_show_after_minutes)
        if now < until and ticket.calls <= self._rules.recall_times:
            wait = f"{self._rules.no_show_after_minutes} minutes from the last call"
            raise Impossible(f"{ticket.number} has {wait}, until {until.astimezone(self._zone):%H:%M}; or recall")
        return Decided(TicketEvent.NO_SHOW, ticket.number, it.point)

    def hold(self, it: said.Hold, now: datetime) -> Decided:
        """Steps aside."""
        return Decided(TicketEvent.HELD, self._line.at(it.point).number, it.point)

    def bring_back(self, it: said.BringBack, now: datetime) -> Decided:
        """Waits again, at the old place."""
        ticket = self._line.tickets.get(it.ticket)
        if ticket is None or ticket.state != "held":
            raise Impossible(
                f"{it.ticket} {'is ' + ticket.state if ticket else 'is not in the queue'}; only who was held comes back"
            )
        return Decided(TicketEvent.BROUGHT_BACK, ticket.number)

    def transfer(self, it: said.Transfer, now: datetime) -> Decided:
        """Waits for another service, since they came."""
        ticket = self._line.at(it.point)
        if it.service not in self._rules.ticket_prefix:
            raise Impossible(f"there is no line for {it.service}; there are for {', '.join(self._rules.ticket_prefix)}")
        if it.service == ticket.service:
            raise Impossible(f"{ticket.number} waits for {it.service} already; hold keeps the place")
        case = {"case_id": it.case_id} if it.case_id else {}
        return Decided(TicketEvent.TRANSFERRED, ticket.number, it.point, {"service": it.service, "from": ticket.service, **case})

    def serve(self, it: said.Serve, now: datetime) -> Decided:
        """Service begins; once more where no case came of it, so that what was wrong can be said again."""
        ticket = self._line.at(it.point, "called", "serving")
        if ticket.state == "serving" and (ticket.case_waits or ticket.case_id is not None):
            raise Impossible(f"{ticket.number} is being served already" + (f", about {ticket.case_id}" if ticket.case_id else ""))
        given = it.model_dump(mode="json", include={"subject", "requester", "documents", "case_id"}, exclude_defaults=True)
        if "case_id" in given and ticket.case_id not in (None, given["case_id"]):
            raise Impossible(f"{ticket.number} is about {ticket.case_id}, not {given['case_id']}")
        return Decided(TicketEvent.BEGAN, ticket.number, it.point, given)

    def finish(self, it: said.Finish, now: datetime) -> Decided:
        """Service ends."""
        return Decided(TicketEvent.FINISHED, self._line.at(it.point, "serving").number, it.point)

    def of(self, name: str) -> Callable[[Any, datetime], Decided]:
        """The decision of a command."""
        decide: Callable[[Any, datetime], Decided] = getattr(self, name)
        return decide

    def wait_of(self, service: str, before: int, now: datetime) -> tuple[int, int]:
        """What somebody is told who waits for a service with so many before; until the doors open one waits for that too."""
        closed = max(timedelta(), (self._terms.opens_at or now) - now) // MINUTE
        open_for = [point for point in self._line.points.values() if point.open and service in point.services]
        past = self._terms.past.get(service, Measured()) + self._line.measured.get(service, Measured())
        measured = past.with_expected(self._rules.expected_minutes.get(service, 10))
        busy = sum(point.ticket is not None for point in open_for)
        share = sum(1 / self._wanted(point, service) for point in open_for)
        low, high = interval(before, len(open_for) - busy, busy, share, measured, self._rules.wait_told)
        return (low + closed, high + closed)

    def _wanted(self, point: Point, service: str) -> int:
        """For how many of its services people wait at a point, this one included."""
        return sum(each == service or each in self._awaited for each in point.services)

    @cached_property
    def _awaited(self) -> set[str]:
        return {ticket.service for ticket in self._line.tickets.values() if ticket.state == "waiting"}

    def before(self, ticket: Ticket) -> int:
        """How many are called before a ticket, as far as one knows."""
        return self._ahead(ticket.service, ticket.priority, ticket.place, ticket.order)

    def _ahead(self, service: str, priority: str, place: datetime, order: int | None = None) -> int:
        turn = (place, order if order is not None else self._line.seq + 1)
        before = [each for each in self._line.waiting(service) if each.turn < turn]
        return self.called_before(service, priority, len(before), sum(each.priority != ORDINARY for each in before))

    def called_before(self, service: str, priority: str, came: int, of_classes: int) -> int:
        """How many are called before somebody, if so many came before, and so many of them have a class that goes ahead: who has
        one waits for those, and for the others who are called between them."""
        rule = self._rules.priority_classes.get(priority)
        if rule is None:
            return came
        calls = self._line.since.get(service, rule.one_in)  # since somebody went ahead: so much of the turn has passed
        return min(came, rule.one_in * of_classes + max(0, rule.one_in - 1 - calls))

    def _is_open(self, now: datetime) -> None:
        opens, closes = self._terms.opens_at, self._terms.closes_at
        if opens is None or closes is None:
            raise Impossible(self._closed())
        begin = opens - timedelta(minutes=self._rules.opens_before_minutes)
        if now < begin:
            raise Impossible(f"tickets are given from {begin.astimezone(self._zone):%H:%M}")
        if now >= closes:
            raise Impossible(f"the counter closed at {closes.astimezone(self._zone):%H:%M}{self._next()}")

    def _closed(self) -> str:
        return f"the centre is closed on this day{self._next()}"

    def _next(self) -> str:
        opens = self._terms.opens_next
        return f"; it opens {opens.astimezone(self._zone):%Y-%m-%d %H:%M}" if opens else ""

    @property
    def _zone(self) -> tzinfo:
        return self._terms.zone
