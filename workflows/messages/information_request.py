"""What people say about information requests (standard 1.1)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from casework.workflows.messages.commands import Command, FromOutside
from casework.workflows.messages.fields import Code, Line, Prose
from casework.workflows.messages.request import CaseRequest


class InformationRequest(CaseRequest):
    """Ask for information or publications (standard 1.1)."""

    service: Literal["information_request"] = "information_request"


class ReportHeld(Command):
    """The centre holds the information: it was explained or handed over."""

    event: ClassVar[str] = "info_found"
    explanation: Prose


class ReferToOwner(Command):
    """The centre does not hold it: ask the owner agency, tell the requester, hand the papers over."""

    event: ClassVar[str] = "info_not_found"
    agency: Code
    question: Prose
    papers: list[Line] = Field(default=[], max_length=100)


class RecordSelection(Command):
    """The requester has picked what they want (no time limit)."""

    event: ClassVar[str] = "documents_selected"
    documents: list[Line] = Field(default=[], max_length=100)


class RecordOwnerReply(FromOutside):
    """The owner agency answered."""

    event: ClassVar[str] = "owner_replied"
    answer: Prose
    requester_told: bool = False  # the agency has told the requester itself


class TellRequester(Command):
    """The requester is told the owner agency's answer."""

    event: ClassVar[str] = "requester_told"
    answer: Prose | None = None
