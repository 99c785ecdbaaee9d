"""Commands: what people and programs may say to an open case, one frozen model each. Here are those that several
processes take; what only one takes stands beside its request.

The update that carries a command is named after its class (forward_application); `event` is what the case records once
the command is taken. Who may give it, and in which stage, the standard says."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from casework.standards.limits import Frozen
from casework.workflows.messages.fields import Code, Line, Moment, Prose
from casework.workflows.messages.people import Actor, Document, Officer


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

    @property
    def officer_at_point(self) -> Officer:
        """Who serves, and where."""
        return self.officer.model_copy(update={"point": self.point}) if self.point else self.officer


class RecordNoShow(Command):
    """The requester was called and did not come."""

    event: ClassVar[str] = "no_show"


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


class ReportDelay(Command):
    """Say why the matter takes longer than its time; the requester reads it in every delay notice from now on."""

    event: ClassVar[str] = "delay_explained"
    reason: Line


class Reopen(FromOutside):
    """Take a completed matter up again."""

    event: ClassVar[str] = "reopened"
    reason: Line


class Rate(FromOutside):
    """The requester's satisfaction by item, on the standard's scale, and engagement by yes or no; dissatisfaction and praise are
    kept apart from it. `how` says how they were asked; a slip or a paper is entered by somebody who did not serve them."""

    event: ClassVar[str] = "rated"
    scores: dict[Code, Annotated[int, Field(ge=0, le=100)]] = Field(default={}, max_length=20)
    engagement: dict[Code, bool] = Field(default={}, max_length=10)
    dissatisfaction: Prose | None = None
    praise: Prose | None = None
    how: Literal["tablet", "slip", "link", "paper", "telephone"] | None = None


class RecordCallBack(Command):
    """Whoever was not content has been called back: whether they were reached, what they say now, and what was put right. If they
    were not, it is tried again, unless `given_up` says why not (they left no address, they do not wish it)."""

    event: ClassVar[str] = "called_back"
    reached: bool
    said: Prose | None = None
    put_right: Prose | None = None
    given_up: Prose | None = None

    @model_validator(mode="after")
    def _nobody_is_given_up_who_was_reached(self) -> Self:
        if self.reached and self.given_up:
            raise ValueError("given_up: who was reached is not given up")
        return self
