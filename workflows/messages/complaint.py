"""What people say about complaints (service quality, source 002: every complaint is followed up and put right fast)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from casework.workflows.messages.commands import Command, FromOutside, Reopen
from casework.workflows.messages.fields import Code, Line, Prose
from casework.workflows.messages.people import Officer
from casework.workflows.messages.request import CaseRequest

Upheld = Literal["yes", "partly", "no"]


class ComplaintRequest(CaseRequest):
    """Complain: about anything, or about how a case was handled (`about_case`, its id or number). `identity`: `protected` keeps
    who complains from the unit complained of and from whoever looks at the case; `anonymous` says that nobody knows."""

    service: Literal["complaint"] = "complaint"
    about_case: Code | None = None
    about_unit: Line | None = None
    identity: Literal["named", "protected", "anonymous"] = "named"

    @model_validator(mode="after")
    def _nobody_is_known(self) -> Self:
        if self.identity == "anonymous" and self.requester.identified:
            raise ValueError("identity: who is anonymous has not shown who they are; say protected")
        return self

    @property
    def hides_requester(self) -> bool:
        """Whether nobody who looks at the case reads who complains."""
        return self.identity != "named"

    @property
    def nobody_to_tell(self) -> bool:
        """Whether an anonymous complainant left no address."""
        return self.identity == "anonymous" and not self.requester.addresses


class AcknowledgeComplaint(Command):
    """The complaint is read: who reviews it, and whether it is serious (else as the standard has its matter)."""

    event: ClassVar[str] = "complaint_acknowledged"
    reviewer: Officer
    serious: bool | None = None
    handled_by: Annotated[list[Code], Field(max_length=20)] = []  # officers complained of, who therefore do not review it


class AskUnit(Command):
    """The unit complained of is asked for its statement: an owner agency, or without one the centre's head. It reads this
    question, and not who complains."""

    event: ClassVar[str] = "unit_asked"
    agency: Code | None = None
    question: Prose


class RecordStatement(FromOutside):
    """What the unit complained of says."""

    event: ClassVar[str] = "statement_recorded"
    statement: Prose


class AnswerComplaint(Command):
    """The answer, with its reason: whether the complaint is right, what was put right, and an apology where one is due."""

    event: ClassVar[str] = "complaint_answered"
    upheld: Upheld
    answer: Prose
    put_right: Prose | None = None
    apology: bool = False

    @model_validator(mode="after")
    def _right_is_put_right(self) -> Self:
        if self.upheld != "no" and self.put_right is None:
            raise ValueError("put_right: a complaint that is right takes what was put right")
        return self


class RedirectComplaint(Command):
    """Another body answers this complaint; it has said that it took it (`acknowledged_by`, `reference`)."""

    event: ClassVar[str] = "complaint_redirected"
    to: Line
    contact: Line
    reason: Prose
    acknowledged_by: Line
    reference: Line | None = None


class Contest(Reopen):
    """The complainant does not accept the answer: the next level answers."""

    event: ClassVar[str] = "contested"
