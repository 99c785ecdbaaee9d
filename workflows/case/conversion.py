"""Going on as another service: a new case of its own, linked both ways."""

from __future__ import annotations

from contextlib import suppress
from typing import Protocol

from temporalio import workflow
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from casework.workflows import names
from casework.workflows.case.case import Case
from casework.workflows.case.file import CaseFile
from casework.workflows.case.opening import without_papers
from casework.workflows.messages.events import EventType, Link
from casework.workflows.messages.people import Document
from casework.workflows.messages.request import CaseRequest


class GoesOn(Protocol):
    """What a command says that lets a case go on as another service; one_stop's Convert is such a one."""

    @property
    def into(self) -> str: ...  # noqa: D102
    @property
    def subject(self) -> str | None: ...  # noqa: D102
    @property
    def citizen_id(self) -> str | None: ...  # noqa: D102
    @property
    def documents(self) -> list[Document]: ...  # noqa: D102


def can_go_on(file: CaseFile, convert: GoesOn) -> str | None:
    """The other service must be able to open: some need to know who the requester is."""
    assert file.terms is not None
    others = sorted(set(file.terms.channels) - {file.request.service})
    if convert.into not in others:
        return f"it cannot go on as {convert.into}; the standard has {', '.join(others) or 'no other service for it'}"
    if convert.into in file.terms.identity_required_for and not (convert.citizen_id or file.request.requester.identified):
        return f"{convert.into} needs the requester's identity: give citizen_id with the command"
    if file.request.channel not in file.terms.channels.get(convert.into, []):
        return f"{convert.into} is not offered on the channel {file.request.channel}"
    missing = without_papers(file.terms, convert.into, None, convert.documents)
    return missing[0] if missing else None


async def go_on_as(case: Case, convert: GoesOn) -> None:
    """Start the other service's case for the same requester; it outlives this one."""
    file = case.file
    request = _request(case, convert)
    new_id = names.case_id(convert.into, request.centre, request.request_id)
    with suppress(WorkflowAlreadyStartedError):  # this case was reset to before the conversion: it is the same matter
        await workflow.start_child_workflow(
            convert.into,
            request,
            id=new_id,
            parent_close_policy=ParentClosePolicy.ABANDON,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
            static_summary=names.summary(request.service, request.centre, request.channel),
            static_details=names.HOW_TO_ACT,
            search_attributes=names.first_attributes(request.service, request.centre, None),
        )
    file.links = [*file.links, Link(relation="to", case_id=new_id)]
    case.record(EventType.WENT_ON_AS, case_id=new_id, service=convert.into)


def _request(case: Case, convert: GoesOn) -> CaseRequest:
    asked, officer = case.file.request, case.file.officer
    elsewhere = officer.model_copy(update={"point": None}) if officer else None  # the other service has points of its own
    requester = asked.requester
    if convert.citizen_id:
        requester = requester.model_copy(update={"citizen_id": convert.citizen_id})
    return CaseRequest(
        service=convert.into,
        request_id=case.file.case_id,
        centre=asked.centre,
        channel=asked.channel,
        requester=requester,
        subject=convert.subject or asked.subject,
        details=asked.details,
        standard=asked.standard,
        received_at=case.file.received_at,  # who has waited keeps their place
        linked_from=case.file.case_id,
        officer=elsewhere,
        documents=convert.documents,
    )
