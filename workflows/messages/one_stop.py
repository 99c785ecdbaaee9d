"""What people say at the one-stop service (standard 1.3)."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from casework.workflows.messages.commands import Command
from casework.workflows.messages.fields import CitizenId, Code, Line, Prose
from casework.workflows.messages.people import Document
from casework.workflows.messages.request import CaseRequest


class OneStopRequest(CaseRequest):
    """Come in person for advice or publications on energy (standard 1.3)."""

    service: Literal["one_stop"] = "one_stop"


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
    into: Code  # the service, one of those that the standard names
    subject: Line | None = None
    documents: list[Document] = Field(default=[], max_length=100)
    citizen_id: CitizenId | None = None
