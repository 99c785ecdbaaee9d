"""The line: tickets, points and their order, as what has happened leaves them.

A decision looks and says what happens, or raises Impossible; `apply` makes it so. The line of a day is what its events make of an
empty one, so it can be built again from the records.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, JsonValue

from casework.standards.pack.queue import ORDINARY, Queue
from casework.workflows.messages.people import Officer
from casework.workflows.messages.queue import QueueEvent
from casework.workflows.queue.waits import Measured

LAST_CALLED = 5  # on the board


class Impossible(Exception):
    """A command that cannot be carried out now; the message says why."""


class Ticket(BaseModel):
    """Somebody who came, until they are served or gone."""

    model_config = ConfigDict(extra="forbid")

    number: str
    service: str
    priority: str = ORDINARY
    arrived_at: AwareDatetime
    waits_since: AwareDatetime  # the arrival, or when they came back or needed another service
    place: AwareDatetime  # counts as come then: the arrival, or a little before an appointment
    order: int  # among those of one moment
    state: Literal["waiting", "called", "serving", "held"] = "waiting"
    point: int | None = None
    officer: Officer | None = None
    calls: int = 0
    called_at: AwareDatetime | None = None  # the last time
    began_at: AwareDatetime | None = None
    warned: bool = False
    told: tuple[int, int] | None = None  # the wait in minutes, as it was told
    case_id: str | None = None
    case_waits: bool = False  # service began, and the case does not know yet
    said_bytes: int = 0  # how much the visit says
    request: dict[str, JsonValue] = {}  # subject, requester, documents; the records have it too, and nobody else

    @property
    def turn(self) -> tuple[datetime, int]:
        """What orders those who wait."""
        return (self.place, self.order)


class Point(BaseModel):
    """A point at the counter."""

    model_config = ConfigDict(extra="forbid")

    no: int
    services: list[str]
    open: bool = False
    officer: Officer | None = None
    ticket: str | None = None


def origin(day: str, number: str) -> str:
    """What a ticket is known by that was carried over from another day."""
    return f"{day}/{number}"


class Line(BaseModel):
    """Everybody who is in the queue, and the points. Who was served leaves it: it does not grow with the day."""

    model_config = ConfigDict(extra="forbid")

    tickets: dict[str, Ticket] = {}
    points: dict[int, Point] = {}
    given: dict[str, int] = {}  # tickets of the day, by the letter of their numbers
    carried: dict[str, str] = {}  # number -> day and number that were carried over; not given again on this one
    since: dict[str, int] = {}  # service -> calls since somebody was called before others who came earlier
    last_called: list[Ticket] = []
    unbegun: dict[str, Ticket] = {}  # gone, and the case that was to begin does not know yet
    measured: dict[str, Measured] = {}  # of the day, by service
    seq: int = 0

    def apply(self, event: QueueEvent) -> None:
        """Make it so."""
        self.seq = max(self.seq, event.seq)
        getattr(self, f"_{event.type.value}")(event)

    def waiting(self, *services: str) -> list[Ticket]:
        """Who waits for these services (for any, if none is named), the first place first."""
        wait = [each for each in self.tickets.values() if each.state == "waiting" and (not services or each.service in services)]
        return sorted(wait, key=lambda ticket: ticket.turn)

    def next_of(self, rules: Queue, service: str) -> Ticket | None:
        """Who is next of a service: one of a class that goes before the others, if it is time for one, else who came first. All
        classes share that: several of them do not keep the others waiting for ever."""
        line = self.waiting(service)
        for ticket in line:
            rule = rules.priority_classes.get(ticket.priority)
            if rule is not None and self.since.get(service, rule.one_in) >= rule.one_in - 1:
                return ticket
        return line[0] if line else None

    def next_at(self, rules: Queue, point: Point) -> Ticket | None:
        """Who is next at a point: of the service whose line has waited longest."""
        heads = [line[0] for service in point.services if (line := self.waiting(service))]
        first = min(heads, key=lambda ticket: ticket.turn, default=None)
        return self.next_of(rules, first.service) if first is not None else None

    def point(self, number: int) -> Point:
        """A point of the pack. Raises Impossible for another."""
        if number not in self.points:
            raise Impossible(f"there is no point {number}; points are {', '.join(map(str, sorted(self.points)))}")
        return self.points[number]

    def at(self, number: int, *states: str) -> Ticket:
        """Whom a point has, if they are in one of these states. Raises Impossible."""
        point = self.point(number)
        ticket = self.tickets.get(point.ticket or "")
        if ticket is None:
            raise Impossible(f"point {number} has nobody")
        if states and ticket.state not in states:
            raise Impossible(f"{ticket.number} at point {number} is {ticket.state}, not {' or '.join(states)}")
        return ticket

    # What each event makes of it

    def _taken(self, event: QueueEvent) -> None:
        data: dict[str, Any] = {**event.data}
        number = str(event.ticket)
        told = data.pop("wait", None)
        from_day, from_number = data.pop("from_day", None), data.pop("from_number", number)
        if from_day is None:
            self.given[number[0]] = max(self.given.get(number[0], 0), int(number[1:]))
        else:
            self.carried[number] = origin(str(from_day), str(from_number))
        arrived = data.pop("arrived_at", event.at)
        said = {"place": arrived, **data, "number": number, "arrived_at": arrived, "waits_since": event.at}
        self.tickets[number] = Ticket.model_validate({**said, "order": event.seq, "told": told})
        self.tickets[number].said_bytes = _bytes(self.tickets[number].request)

    def _called(self, event: QueueEvent) -> None:
        point, ticket = self._point(event), self.tickets[str(event.ticket)]
        point.ticket = ticket.number
        ticket.state, ticket.point, ticket.officer = "called", point.no, point.officer
        ticket.calls, ticket.called_at = 1, event.at
        if any(each.turn < ticket.turn for each in self.waiting(ticket.service)):
            self.since[ticket.service] = 0
        elif ticket.service in self.since:
            self.since[ticket.service] += 1
        if ticket.told is not None:
            low, high = ticket.told
            waited = (event.at - ticket.arrived_at) / timedelta(minutes=1)
            self._measure(ticket.service).told_and_waited(low <= waited <= high)
            ticket.told = None
        others = [each for each in self.last_called if each.number != ticket.number]
        self.last_called = [ticket.model_copy(update={"request": {}}), *others][:LAST_CALLED]

    def _recalled(self, event: QueueEvent) -> None:
        ticket = self.tickets[str(event.ticket)]
        ticket.calls, ticket.called_at = ticket.calls + 1, event.at

    def _began(self, event: QueueEvent) -> None:
        ticket = self.tickets[str(event.ticket)]
        ticket.state, ticket.began_at = "serving", ticket.began_at or event.at
        ticket.request = {**ticket.request, **{key: value for key, value in event.data.items() if key != "case_id"}}
        ticket.case_id = str(event.data["case_id"]) if "case_id" in event.data else ticket.case_id
        ticket.case_waits = ticket.case_id is not None or "requester" in ticket.request
        ticket.said_bytes = _bytes(ticket.request)

    def _case_linked(self, event: QueueEvent) -> None:
        self.unbegun.pop(str(event.ticket), None)
        ticket = self.tickets.get(str(event.ticket))
        if ticket is not None and ticket.service == event.data["service"]:  # else it was transferred meanwhile
            ticket.case_id, ticket.case_waits = str(event.data["case_id"]), False

    def _case_refused(self, event: QueueEvent) -> None:
        """It is told, and the service goes on; another case may be named."""
        self.unbegun.pop(str(event.ticket), None)
        ticket = self.tickets.get(str(event.ticket))
        if ticket is not None and ticket.service == event.data["service"]:
            ticket.case_id, ticket.case_waits = None, False

    def _finished(self, event: QueueEvent) -> None:
        ticket = self._gone(event)
        if ticket.began_at is not None and "because" not in event.data:  # ended by an officer, not by the end of the day
            self._measure(ticket.service).add((event.at - ticket.began_at) / timedelta(minutes=1))

    def _no_show(self, event: QueueEvent) -> None:
        self._gone(event)

    def _sent_home(self, event: QueueEvent) -> None:
        self._gone(event)

    def _carried_over(self, event: QueueEvent) -> None:
        self._gone(event)

    def _held(self, event: QueueEvent) -> None:
        self._aside(event, "held")

    def _brought_back(self, event: QueueEvent) -> None:
        ticket = self.tickets[str(event.ticket)]
        ticket.state, ticket.waits_since = "waiting", event.at

    def _transferred(self, event: QueueEvent) -> None:
        ticket = self._aside(event, "waiting")
        ticket.service, ticket.waits_since = str(event.data["service"]), event.at
        ticket.case_id = str(event.data["case_id"]) if "case_id" in event.data else None  # what it was about is another matter

    def _began_again(self, event: QueueEvent) -> None:
        """The line is what the records made of it."""

    def _waited_long(self, event: QueueEvent) -> None:
        self.tickets[str(event.ticket)].warned = True

    def _point_opened(self, event: QueueEvent) -> None:
        point = self._point(event)
        point.open, point.officer = True, Officer.model_validate(event.data["officer"])

    def _point_closed(self, event: QueueEvent) -> None:
        self._point(event).open = False

    def _point(self, event: QueueEvent) -> Point:
        """The point of an event; one that the pack does not have any more gives no service."""
        number = int(event.point or 0)
        return self.points.setdefault(number, Point(no=number, services=[]))

    def _aside(self, event: QueueEvent, state: Literal["waiting", "held"]) -> Ticket:
        ticket = self.tickets[str(event.ticket)]
        self._free(ticket)
        ticket.state, ticket.point, ticket.officer, ticket.calls, ticket.began_at = state, None, None, 0, None
        ticket.case_waits = ticket.warned = False
        return ticket

    def _gone(self, event: QueueEvent) -> Ticket:
        ticket = self.tickets.pop(str(event.ticket))
        self._free(ticket)
        if ticket.case_waits:
            self.unbegun[ticket.number] = ticket
        return ticket

    def _free(self, ticket: Ticket) -> None:
        if ticket.point is not None and self.points[ticket.point].ticket == ticket.number:
            self.points[ticket.point].ticket = None

    def _measure(self, service: str) -> Measured:
        return self.measured.setdefault(service, Measured())


def _bytes(request: dict[str, JsonValue]) -> int:
    return len(json.dumps(request, ensure_ascii=False).encode()) if request else 0
