"""What the queue asks of the outside world."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime, timedelta, tzinfo
from typing import Literal

from pydantic import AwareDatetime
from temporalio import activity

from casework.standards.counting.wall_clock import zone_named
from casework.standards.limits import Named
from casework.standards.pack.queue import Queue, ServicePoint
from casework.workflows.messages.people import Document, Officer, Requester
from casework.workflows.messages.queue import QueueEvent
from casework.workflows.ports import Compact
from casework.workflows.queue.waits import Measured


class QueueQuery(Compact):
    """Ask for the rules and the hours of one day at one centre, on a calendar at least as new as `revision`. A run that begins
    names itself as the `holder` since then: it is given what the records know of its queue, and nobody who held it before
    writes to it any more."""

    queue_id: str
    centre: str
    day: str  # ISO 8601
    revision: int = 0
    holder: str | None = None
    since: AwareDatetime | None = None
    after: int = 0  # what is known of the queue comes in pages: those after this event


class QueueTerms(Compact):
    """How the queue of a day is run. `opens_at` and `closes_at` are None on a day on which the centre is closed."""

    standard: str
    revision: int = 0  # of the calendar
    centre_name: Named
    timezone: str
    opens_at: AwareDatetime | None = None
    closes_at: AwareDatetime | None = None
    opens_next: AwareDatetime | None = None
    rules: Queue
    points: list[ServicePoint]
    services: dict[str, Named]
    begun_by_service: list[str] = []  # services whose case waits until service begins (start_service)
    past: dict[str, Measured] = {}  # service times of the last weeks, and how often the wait that was told came true

    @property
    def zone(self) -> tzinfo:
        """The office's time zone."""
        return zone_named(self.timezone)

    @property
    def ends_at(self) -> datetime | None:
        """When nobody is called any more."""
        return self.closes_at + timedelta(minutes=self.rules.runs_over_minutes) if self.closes_at else None


class QueueAnswer(Compact):
    """The terms of a day, or the problem with them; and a page of what the records have of its queue."""

    terms: QueueTerms | None = None
    kept: list[QueueEvent] = []
    more: bool = False
    held_since: AwareDatetime | None = None  # by whoever holds the queue now, if that is not who asks
    problem: str | None = None


class QueueBatch(Compact):
    """What happened in a queue, for the records."""

    queue_id: str
    holder: str
    standard: str
    centre: str
    day: str
    events: list[QueueEvent]


class QueueWritten(Compact):
    """The last event that the records have, and how new the calendar is. `superseded`: another run holds this queue, and nothing
    was written."""

    last: int
    calendar: int = 0
    superseded: bool = False


class OfficerQuery(Compact):
    """Ask for an officer by id, or for whoever is on duty at a point at this moment."""

    centre: str
    point: int
    at: AwareDatetime
    timezone: str
    officer_id: str | None = None


class OfficerAnswer(Compact):
    """The officer with the name in the records; None if nobody is on duty."""

    officer: Officer | None = None


class CaseToBegin(Compact):
    """The case of a ticket whose service begins: one that is there, or one to be opened."""

    service: str
    centre: str
    case_id: str
    opened: bool  # it is there already
    begins: bool  # it waits for start_service
    request_id: str
    ticket: str
    received_at: AwareDatetime  # when the requester came
    officer: Officer
    point: int
    subject: str | None = None
    requester: Requester | None = None
    documents: list[Document] = []


class CaseBegun(Compact):
    """The case, or why there is none."""

    problem: str | None = None


class LongWait(Compact):
    """Somebody waits longer than the standard says."""

    queue_id: str
    centre: str
    standard: str
    tickets: list[str]
    longest: int  # minutes
    at: AwareDatetime


class VisitorMessage(Compact):
    """Something that a visitor with an address is told: they are called, or the day ended before they were."""

    queue_id: str
    event: int
    centre: str
    standard: str
    template: str
    ticket: str
    point: int | None = None
    officer: Officer | None = None
    opens_at: AwareDatetime | None = None  # the centre, on its next day
    addresses: dict[str, str]
    prefers: str | None = None
    language: Literal["th", "en"] = "th"
    at: AwareDatetime


class QueuePort(ABC):
    """The outside world of a queue. Everything is safe to run again."""

    @activity.defn(name="read_queue")
    @abstractmethod
    async def read_queue(self, query: QueueQuery) -> QueueAnswer:
        """The rules of a day; for a run that begins, the queue is its own from now on."""

    @activity.defn(name="record_queue")
    @abstractmethod
    async def record_queue(self, batch: QueueBatch) -> QueueWritten:
        """Write events."""

    @activity.defn(name="find_officer")
    @abstractmethod
    async def find_officer(self, query: OfficerQuery) -> OfficerAnswer:
        """Who sits at a point."""

    @activity.defn(name="begin_case")
    @abstractmethod
    async def begin_case(self, case: CaseToBegin) -> CaseBegun:
        """Open a ticket's case if it is not there, and tell it that service begins."""

    @activity.defn(name="tell_visitor")
    @abstractmethod
    async def tell_visitor(self, said: VisitorMessage) -> None:
        """Tell a visitor, where they left an address."""

    @activity.defn(name="tell_long_wait")
    @abstractmethod
    async def tell_long_wait(self, wait: LongWait) -> None:
        """Tell the centre's supervisor."""
