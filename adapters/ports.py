"""What activities need of the outside world. An agency may bring its own records or its own way to send.

class TheirRecords:            # any class with these methods
    async def write(self, batch): ...
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from pydantic import AwareDatetime, JsonValue

from casework.standards.counting.calendar_rules import CalendarChange
from casework.standards.limits import Frozen
from casework.workflows.messages.people import Officer, Requester
from casework.workflows.messages.queue import QueueEvent
from casework.workflows.ports import Batch, CaseState, NoticeFate, NoticeOrder
from casework.workflows.queue.ports import QueueBatch, QueueWritten
from casework.workflows.queue.roster import Duty
from casework.workflows.queue.waits import Measured


class OfficerCard(Frozen):
    """What the records know of an officer; while they are away, who stands in for them."""

    name: str
    position: str | None = None
    email: str | None = None
    away_from: date | None = None
    away_until: date | None = None
    stand_in: OfficerCard | None = None

    def present(self, day: date) -> OfficerCard:
        """Who acts on that day: the officer, or who stands in."""
        away = self.away_from is not None and self.away_until is not None and self.away_from <= day <= self.away_until
        return self.stand_in if away and self.stand_in else self


class About(Protocol):
    """What the records keep of a case for its notices; the founding of its first batch has it."""

    @property
    def service(self) -> str: ...  # noqa: D102 - as in Founding

    @property
    def centre(self) -> str: ...  # noqa: D102

    @property
    def subject(self) -> str: ...  # noqa: D102

    @property
    def received_at(self) -> datetime: ...  # noqa: D102

    @property
    def requester(self) -> Requester: ...  # noqa: D102


class OwedNotice(Frozen):
    """A notice whose sending is ours now, with everything that its text says: what the case said when it was decided
    (`values`, `state`), and what the records keep of the request."""

    id: str
    case_id: str
    case_no: str
    service: str
    centre: str
    template: str
    to: str
    values: dict[str, JsonValue]
    ordered_at: AwareDatetime
    received_at: AwareDatetime
    subject: str = ""  # of the matter
    requester: Requester
    state: CaseState
    officer: OfficerCard | None = None  # who answers for the matter, as the records know them

    @classmethod
    def of(cls, batch: Batch, notice: NoticeOrder, case_no: str, about: About, officer: OfficerCard | None = None) -> OwedNotice:
        """A notice of a batch, with what the records keep of the case."""
        return cls(
            id=notice.id,
            case_id=batch.case_id,
            case_no=case_no,
            service=about.service,
            centre=about.centre,
            template=notice.template,
            to=notice.to,
            values=notice.values,
            ordered_at=batch.at,
            received_at=about.received_at,
            subject=about.subject,
            requester=about.requester,
            state=batch.state,
            officer=officer,
        )

    @property
    def standard_id(self) -> str:
        """The pack that has its text."""
        return self.state.standard_id

    @property
    def standard_version(self) -> str:
        """The version of that pack."""
        return self.state.standard_version


class Written(NamedTuple):
    """What the records answer to a batch: the registry number, the notices whose sending is now ours, the number of the
    latest change of the calendar of the case's standard (0: there was none), and the keys under which they hold something
    else (which they keep)."""

    case_no: str
    claimed: Sequence[OwedNotice]
    calendar: int = 0
    conflicts: Sequence[str] = ()


class Records(Protocol):
    """Keeps cases, events, documents, notices and answers. Every method may be called again with the same data."""

    async def write(self, batch: Batch) -> Written:
        """Write a batch in one transaction; nothing that is already there is written again. Batches may come in any order,
        except that the one with the founding comes first: before it, raises."""

    async def fates(self, case_id: str, notice_ids: Sequence[str]) -> list[NoticeFate]:
        """How these notices stand."""

    async def claim(self, case_id: str, notice_id: str) -> OwedNotice | None:
        """Take an owed notice to send it; None while somebody else has it, or when it is settled."""

    async def settle(
        self,
        case_id: str,
        fates: Sequence[NoticeFate],
        letters: Mapping[str, Letter] | None = None,
        ways: Mapping[str, str] | None = None,
    ) -> None:
        """Write down how sending went; an owed notice is given back. By notice, `letters` are the full text of those to be
        served by hand, `ways` by which channel it went, and what was tried before."""

    async def handlers(self, case: str) -> list[str]:
        """The ids of the officers who answered for a case or acted on it, by its id or registry number; none if it is unknown."""

    async def calendar_changes(self) -> list[CalendarChange]:
        """Every change of the calendar that was made, of every standard, oldest first."""


class TicketRecords(Protocol):
    """Keeps what happens in the queues of the centres."""

    async def hold(
        self, queue_id: str, holder: str, since: datetime, after: int, limit: int
    ) -> tuple[datetime, list[QueueEvent]]:
        """From now on only this holder writes to a queue, unless one does since later: since when whoever holds it does. And so
        many of the events after this one."""

    async def write_queue(self, batch: QueueBatch) -> QueueWritten:
        """Write events, each once; nothing if another holds the queue."""

    async def duties(self, centre: str, day: date) -> list[Duty]:
        """Who is on duty at the points of a centre on a day, in the order in which it was entered; stand-ins for who is away."""

    async def officer(self, officer_id: str) -> Officer | None:
        """An officer as requesters see them; None if unknown."""

    async def service_times(self, centre: str, day: date, days: int) -> dict[str, Measured]:
        """How long service took at a centre in so many days before one, by service."""


class Page(Frozen):
    """A letter in one language: letterhead, what it is about, the text, who signs and how to reach them."""

    language: str
    head: str = ""
    about: str
    text: str
    foot: str = ""


class Letter(Frozen):
    """A notice in words that goes to nobody by itself: it is printed, and if `serve`, counts as told when it was served."""

    pages: list[Page]
    serve: bool = False
    postal: str | None = None  # where it goes, if the requester said


class WaitingLetter(NamedTuple):
    """A letter that nobody has dealt with so far. One that could not be put in words has no text but an error; of a case that
    has ended from outside nobody says any more that it was served."""

    case_id: str
    case_no: str
    centre: str
    notice_id: str
    template: str
    ordered_at: datetime
    printed_at: datetime | None
    letter: Letter | None
    error: str | None = None
    ended: bool = False

    @property
    def serve(self) -> bool:
        """Whether it counts as told only when the case hears that it was served."""
        return not self.ended and (self.letter is None or self.letter.serve)


class Message(NamedTuple):
    """A notice in words, to one recipient. `key` (32 hexadecimal digits) is the same each time the same notice is sent.

    `addresses` are where the recipient can be reached by kind (email, line, phone, postal), `prefers` the kind they wish. The
    text is composed; who would rather fill in a template of their own has its name and its `values` too.
    """

    key: str
    to: str  # the role
    addresses: Mapping[str, str]
    subject: str
    body: str
    language: str = "th"
    prefers: str | None = None
    template: str = ""
    values: Mapping[str, object] = {}
    in_writing: bool = False  # it has consequences: not by a channel that reads out

    @property
    def address(self) -> str:
        """The recipient's e-mail address. Raises UndeliverableError if there is none."""
        return self.at("email")

    def at(self, kind: str) -> str:
        """The recipient's address of a kind. Raises UndeliverableError if there is none."""
        if kind not in self.addresses:
            raise UndeliverableError(f"no {kind} address")
        return self.addresses[kind]


class Notifier(Protocol):
    """Carries messages. Raises UndeliverableError when the other side refuses for good; anything else is tried again."""

    async def send(self, message: Message) -> str | None:
        """Deliver one message. What it answers, if anything, stands with the notice in the records: by which way it went."""


class Channel(Notifier, Protocol):
    """A notifier for one kind of address."""

    takes: str


class UndeliverableError(Exception):
    """The other side will never take this message. The text must not name the recipient."""
