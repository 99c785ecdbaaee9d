"""What activities need of the outside world. An agency may bring its own records or its own way to send.

class TheirRecords:            # any class with these methods
    async def write(self, batch, be_year): ...
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from casework.standards.calendar_rules import CalendarChange
from casework.workflows.ports import Batch, NoticeFate


class Written(NamedTuple):
    """What the records answer to a batch: the registry number, the notices whose sending is now ours, and the number of the
    latest change of the calendar of the case's standard (0: there was none)."""

    case_no: str
    claimed: frozenset[str]
    calendar: int = 0


class Records(Protocol):
    """Keeps cases, events, documents, notices and answers. Every method may be called again with the same data."""

    async def write(self, batch: Batch, be_year: int) -> Written:
        """Write a batch in one transaction; nothing that is already there is written again."""

    async def fates(self, case_id: str, notice_ids: Sequence[str]) -> list[NoticeFate]:
        """How these notices stand."""

    async def claim(self, case_id: str, notice_id: str) -> bool:
        """Take an owed notice to send it; False while somebody else has it, or when it is settled."""

    async def settle(self, case_id: str, fates: Sequence[NoticeFate]) -> None:
        """Write down how sending went; an owed notice is given back."""

    async def calendar_changes(self) -> list[CalendarChange]:
        """Every change of the calendar that was made, of every standard, oldest first."""


class Message(NamedTuple):
    """A notice in words, to one address. `key` is the same each time the same notice is sent."""

    key: str
    address: str
    subject: str
    body: str


class Notifier(Protocol):
    """Carries messages. Raises UndeliverableError when the other side refuses for good; anything else is tried again."""

    async def send(self, message: Message) -> None:
        """Deliver one message."""


class UndeliverableError(Exception):
    """The other side will never take this message. The text must not name the recipient."""
