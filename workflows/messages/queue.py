"""What people say to the queue of a centre's day, what it answers, and what it records."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, JsonValue, StringConstraints, model_validator

from casework.standards.limits import Frozen
from casework.standards.pack.queue import ORDINARY
from casework.workflows.messages.commands import Command
from casework.workflows.messages.fields import Code, Line, Moment
from casework.workflows.messages.people import Actor, Document, Officer, Requester

TicketNumber = Annotated[str, StringConstraints(pattern=r"^[A-Z]\d{3}$")]
PointNumber = Annotated[int, Field(ge=1, le=99)]


class TicketEvent(StrEnum):
    """What happens in a queue; the records count from these, so none is ever renamed."""

    TAKEN = "taken"  # somebody came and has a number
    CALLED = "called"  # to a point, by the officer there
    RECALLED = "recalled"
    BEGAN = "began"  # service begins
    CASE_LINKED = "case_linked"  # the case that it is about
    CASE_REFUSED = "case_refused"  # no case could be begun, and why
    FINISHED = "finished"
    NO_SHOW = "no_show"  # called, and did not come
    HELD = "held"  # steps aside; the place is kept
    BROUGHT_BACK = "brought_back"
    TRANSFERRED = "transferred"  # to another service; the time of arrival is kept
    WAITED_LONG = "waited_long"  # past the standard's limit: the supervisor is told
    CARRIED_OVER = "carried_over"  # the day ended; the place is kept on the next
    SENT_HOME = "sent_home"  # the day ended; told to come back
    BEGAN_AGAIN = "began_again"  # from the records, after it was terminated or reset
    POINT_OPENED = "point_opened"
    POINT_CLOSED = "point_closed"


class QueueEvent(Frozen):
    """Something that happened, in order. `key` makes writing it twice harmless; what a command decided has the command's id in
    it. `data` has no personal data but the request's."""

    seq: int
    key: str
    type: TicketEvent
    at: Moment
    actor: Actor | None = None  # None: the clock
    ticket: TicketNumber | None = None
    point: PointNumber | None = None
    data: dict[str, JsonValue] = {}


class Visit(Frozen):
    """What a visit is about, where the ticket says it."""

    subject: Line
    requester: Requester
    documents: list[Document] = Field(default=[], max_length=20)


class CarriedTicket(Frozen):
    """A ticket of the day before that keeps its place."""

    number: TicketNumber
    from_day: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$")]
    service: Code
    priority: Code = ORDINARY
    arrived_at: Moment
    place: Moment | None = None
    case_id: Code | None = None
    request: Visit | None = None


class QueueCommand(Command):
    """Base of what is said to a queue; the update's name is the class name in snake_case."""

    event: ClassVar[str] = ""


CARRIES = 8_000  # bytes that a ticket says of the visit: the queue holds them while it stands there


class _SaysWhat(QueueCommand):
    """A command that may say what the visit is about: subject and requester together, or neither."""

    subject: Line | None = None
    requester: Requester | None = None
    documents: list[Document] = Field(default=[], max_length=20)

    @model_validator(mode="after")
    def _together(self) -> Self:
        if (self.subject is None) != (self.requester is None) or (self.documents and self.subject is None):
            raise ValueError("subject and requester are given together, and documents with them")
        if len(self.model_dump_json(include={"subject", "requester", "documents"}).encode()) > CARRIES:
            raise ValueError(f"a ticket carries at most {CARRIES} bytes; the rest is given to the case")
        return self


class TakeTicket(_SaysWhat):
    """Take a ticket. Subject and requester may come with it: then the case is begun when service begins, with the time of arrival
    as its receipt. `case_id` is a case that is there already. With an appointment one counts as come a little before it."""

    service: Code
    priority: Code = ORDINARY
    case_id: Code | None = None
    appointment_at: Moment | None = None


class OpenPoint(QueueCommand):
    """An officer opens a point; without a name the one in the records is taken, without an officer whoever is on duty there."""

    point: PointNumber
    officer: Officer | None = None


class ClosePoint(QueueCommand):
    """A point calls nobody any more; whoever is being served there is served to the end."""

    point: PointNumber


class CallNext(QueueCommand):
    """Call whoever is next to a point."""

    point: PointNumber


class Recall(QueueCommand):
    """Call again who was called to a point."""

    point: PointNumber


class RecordNoShow(QueueCommand):
    """Who was called to a point did not come."""

    point: PointNumber


class Hold(QueueCommand):
    """Who was called or is served steps aside (to fill in a form, to fetch a copy) and keeps the place."""

    point: PointNumber


class BringBack(QueueCommand):
    """Who was held waits again, at the old place."""

    ticket: TicketNumber


class Transfer(QueueCommand):
    """Who was called or is served needs another service: they wait for that, since when they came. `case_id` is the case that
    the matter goes on as."""

    point: PointNumber
    service: Code
    case_id: Code | None = None


class Serve(_SaysWhat):
    """Service begins: from now on the time of the service runs. The ticket's case is begun, or goes on; `subject`, `requester`
    and `documents` are given where the ticket does not have them."""

    point: PointNumber
    case_id: Code | None = None


class Finish(QueueCommand):
    """Service ends; the point is free for the next."""

    point: PointNumber


class TicketView(Frozen):
    """A ticket, and for who waits with it: how many come before, and about how long it takes (minutes from now)."""

    number: str
    service: str
    priority: str = ORDINARY
    state: Literal["waiting", "called", "serving", "held", "done"]
    arrived_at: Moment
    point: int | None = None
    officer: Officer | None = None
    calls: int = 0
    called_at: Moment | None = None
    began_at: Moment | None = None
    case_id: str | None = None
    before: int | None = None
    wait: tuple[int, int] | None = None


class PointView(Frozen):
    """A point: who sits there, and whom it has."""

    no: int
    services: list[str]
    open: bool = False
    officer: Officer | None = None
    ticket: str | None = None


class WaitView(Frozen):
    """A service's line: how many wait, since when the first, what is told to who comes now, and how often that came true (today
    and in the last weeks)."""

    service: str
    waiting: int = 0
    since: Moment | None = None
    wait: tuple[int, int] | None = None
    served: int = 0
    told: int = 0
    came_true: int = 0


class QueueView(Frozen):
    """The queue as its query answers."""

    queue_id: str
    centre: str
    day: str  # ISO 8601
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    ended: bool = False
    points: list[PointView] = []
    lines: list[WaitView] = []
    tickets: list[TicketView] = []  # who waits, is called, served, held; in the order of their places
    last_called: list[TicketView] = []
    last_event: int = 0
    recorded: int = 0  # the last event that the records have


class QueueReply(Frozen):
    """The answer to a command: the ticket it was about, and the last event."""

    queue_id: str
    event: int
    ticket: TicketView | None = None
    case_id: str | None = None
    point: PointView | None = None  # as it is now
    problem: str | None = None  # why no case was begun
