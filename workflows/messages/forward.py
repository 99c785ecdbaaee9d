"""What people say about applications that are received and forwarded (standard 1.2)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from casework.workflows.messages.commands import Command, FromOutside
from casework.workflows.messages.fields import Code, Line, Prose
from casework.workflows.messages.people import Document, Officer
from casework.workflows.messages.request import CaseRequest


class ForwardRequest(CaseRequest):
    """File an application, with its evidence, to be forwarded to its owner agency (standard 1.2)."""

    service: Literal["forward"] = "forward"
    documents: list[Document] = Field(max_length=100)


class ForwardApplication(Command):
    """The papers are correct and complete: forward to the complaint centre."""

    event: ClassVar[str] = "forwarded"
    agency: Code | None = None
    officer: Officer | None = None
    note: Prose | None = None


class IssueDeficiencyList(Command):
    """The papers are not complete: issue the one list of everything that is missing."""

    event: ClassVar[str] = "deficiency_list_issued"
    missing: list[Line] = Field(min_length=1, max_length=100)


class CompleteDocuments(FromOutside):
    """Papers of the list came, all or some of them; each is named as the list names it. The time goes on for the others."""

    event: ClassVar[str] = "documents_handed_in"
    documents: list[Document] = Field(min_length=1, max_length=100)


class AssignToOwner(Command):
    """The complaint centre relays the matter to its owner agency; passing it on to another takes a reason."""

    event: ClassVar[str] = "assigned_to_owner"
    agency: Code
    reason: Line | None = None


class ReportProgress(Command):
    """Report where the matter stands; the requester is told."""

    event: ClassVar[str] = "progress_reported"
    status_th: Line
    status_en: Line | None = None


class ReportResult(Command):
    """The owner agency has acted: the requester and the centre are told the result."""

    event: ClassVar[str] = "result_reported"
    result: Prose
    adverse: bool = False  # against the requester: how to appeal is told with it
