"""The commands: what people and programs may say to an open case, one frozen model each.

The update that carries a command is named after its class (forward_application); `event` is what the case records once
the command is taken. Who may give it, and in which stage, the standard says.
"""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from casework.standards.limits import Frozen
from casework.workflows.contracts import Actor, CitizenId, Code, Document, Line, Moment, Officer, Prose


class Command(Frozen):
    """Base of every command: who gives it. The update's name is the class name in snake_case."""

    event: ClassVar[str]  # what the case records once the command is taken
    actor: Actor

    @classmethod
    def command_name(cls) -> str:
        """forward_application for ForwardApplication."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class FromOutside(Command):
    """Base of commands that carry something which reached the centre from outside, often before somebody entered it.

    `received_at` is when it did (aware): it counts from then, and the record keeps both times. Only who enters it for
    somebody else says so; what requesters and owner agencies do themselves counts when they do it.
    """

    received_at: Moment | None = None


class AddNote(Command):
    """Put a note on the case."""

    event: ClassVar[str] = "note_added"
    text: Prose


class AddDocument(Command):
    """Add a paper or file to the case."""

    event: ClassVar[str] = "document_added"
    document: Document


class RecordService(Command):
    """Say how and when a letter was served that no electronic address took: handed over, posted (with the number of the
    receipt), read out by telephone. `letter` names it (casework letters lists them); one alone needs no name."""

    event: ClassVar[str] = "service_recorded"
    letter: Line | None = None
    how: Literal["handed_over", "posted", "posted_abroad", "read_out"]
    on: Moment | None = None  # when; now if it is not given
    receipt: Line | None = None


class Reassign(Command):
    """Give the case to another officer; the reason is kept (no dodging)."""

    event: ClassVar[str] = "reassigned"
    to: Officer
    reason: Line


class Extend(Command):
    """Extend a running step by `by` of its own unit; the requester is told the old and the new date."""

    event: ClassVar[str] = "extended"
    step: Code
    by: int = Field(gt=0, le=10_000)
    reason: Line


class Pause(Command):
    """Let clocks stand still for a reason that the standard lists (waiting for the requester's documents, force majeure…)."""

    event: ClassVar[str] = "paused"
    reason: Code
    note: Line | None = None


class Resume(FromOutside):
    """Let the clocks that stand still run again, before the longest pause has passed."""

    event: ClassVar[str] = "resumed"
    note: Line | None = None


class Recount(Command):
    """Count the running clocks again on the calendar, which has changed up to `revision` at least."""

    event: ClassVar[str] = "calendar_changed"
    revision: int = Field(default=0, ge=0)


class ChangeStandard(Command):
    """Move the case to another version of its standard; the requester is told if a date moves."""

    event: ClassVar[str] = "standard_changed"
    from_id: Code
    from_version: Code
    standard_id: Code
    standard_version: Code
    reason: Line


class Withdraw(FromOutside):
    """End the case at the requester's wish."""

    event: ClassVar[str] = "withdrawn"
    reason: Line = "requester's wish"
    how: Line | None = None  # how the requester said so, when somebody else enters it: on paper, by telephone


class StartService(Command):
    """Call the requester to a service point and begin; the limit runs from here."""

    event: ClassVar[str] = "service_started"
    officer: Officer
    point: int | None = Field(default=None, ge=1, le=99)


class RecordNoShow(Command):
    """The requester was called and did not come."""

    event: ClassVar[str] = "no_show"


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


class Refuse(Command):
    """Refuse, with the reason and the way to appeal."""

    event: ClassVar[str] = "refused"
    reason: Prose


class Redirect(Command):
    """The matter belongs to another agency: send the requester there."""

    event: ClassVar[str] = "redirected"
    to: Line
    contact: Line
    reason: Line | None = None


class Settle(Command):
    """The matter is settled between those concerned."""

    event: ClassVar[str] = "settled"
    terms: Prose


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


class ReportDelay(Command):
    """Say why the matter takes longer than its time; the requester reads it in every delay notice from now on."""

    event: ClassVar[str] = "delay_explained"
    reason: Line


class ReportResult(Command):
    """The owner agency has acted: the requester and the centre are told the result."""

    event: ClassVar[str] = "result_reported"
    result: Prose
    adverse: bool = False  # against the requester: how to appeal is told with it


class Reopen(FromOutside):
    """Take a completed matter up again."""

    event: ClassVar[str] = "reopened"
    reason: Line


class BeginAdvice(Command):
    """The matter is preliminary advice on energy: give it now."""

    event: ClassVar[str] = "classified_as_advice"
    matter: Line


class CompleteAdvice(Command):
    """The advice was given."""

    event: ClassVar[str] = "advice_given"
    advice: Prose


class BeginPublications(Command):
    """The requester wants publications: hand them out here."""

    event: ClassVar[str] = "classified_as_publications"
    wanted: list[Line] = Field(min_length=1, max_length=100)


class GivePublications(Command):
    """The publications were handed over."""

    event: ClassVar[str] = "publications_given"
    given: list[Line] = Field(min_length=1, max_length=100)


class Convert(Command):
    """The matter is something else: go on as one of the other two services, linked both ways."""

    event: ClassVar[str] = "converted"
    into: Literal["information_request", "forward"]
    subject: Line | None = None
    documents: list[Document] = Field(default=[], max_length=100)
    citizen_id: CitizenId | None = None


class Rate(FromOutside):
    """The requester's satisfaction by item, on the standard's scale; dissatisfaction and praise are kept apart from it."""

    event: ClassVar[str] = "rated"
    scores: dict[Code, Annotated[int, Field(ge=0, le=100)]] = Field(default={}, max_length=20)
    dissatisfaction: Prose | None = None
    praise: Prose | None = None
    how: Line | None = None  # how the requester said so, when somebody else enters it
