"""Reading what a workflow was started with: a request, or the file that an earlier run carried over.

Workflows take `Any` and read it here, so that a bad request sent with plain Temporal fails the case with a list of what
is wrong, instead of failing its tasks for ever.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from casework.workflows import errors
    from casework.workflows.case_file import CaseFile
    from casework.workflows.contracts import Link, Request, Stage
    from casework.workflows.ports import Terms

    CLOCKS_DIFFER = timedelta(minutes=1)  # a counter's clock may run ahead of the server's by so much
    REQUESTS: TypeAdapter[Request] = TypeAdapter(Request)


class CarriedOver(BaseModel):
    """What continue-as-new hands to the next run."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    carried_over: CaseFile


def read(service: str, first_stage: Stage, start: Any) -> tuple[CaseFile, ApplicationError | None]:
    """The file of a new or continued case, and why it cannot be opened if it cannot."""
    problem: ApplicationError | None = None
    if workflow.info().continued_run_id and isinstance(start, dict) and "carried_over" in start:
        # Not a failure of the case if it cannot be read: the task is tried again until a worker understands it.
        return CarriedOver.model_validate(start).carried_over, None
    try:
        request = REQUESTS.validate_python({"service": service, **start} if isinstance(start, dict) else start)
        if request.service != service:
            problem = errors.invalid_request([f"service: this is the process {service}, not {request.service}"])
    except ValidationError as error:
        problem = errors.invalid_request(errors.problems(error))
    if problem:
        request = _placeholder(service)
    now = workflow.now()
    documents = getattr(request, "documents", [])
    file = CaseFile(
        case_id=workflow.info().workflow_id,
        request=request,
        opened_at=now,
        received_at=request.received_at or now,
        stage=first_stage,
        stage_since=now,
        documents=documents,
        links=[Link(relation="from", case_id=request.linked_from)] if request.linked_from else [],
    )
    return file, problem


def unfit(file: CaseFile, terms: Terms) -> list[str]:
    """Why a well-formed request does not fit the standard it would be opened under; empty if it does."""
    request, found = file.request, []
    offered = terms.channels[request.service]
    if request.channel not in offered:
        found.append(f"channel: {request.channel} is not offered; this service has {', '.join(offered)}")
    if request.requester.segment not in terms.segments:
        found.append(f"requester.segment: unknown {request.requester.segment}; known are {', '.join(terms.segments)}")
    if request.service in terms.identity_required_for and not request.requester.identified:
        found.append("requester.citizen_id: this service needs the requester's identity (citizen_id or other_identity)")
    if file.received_at > file.opened_at + CLOCKS_DIFFER:
        found.append("received_at: lies in the future")
    return found


def _placeholder(service: str) -> Request:
    """Stands in the file of a case whose request cannot be read, until the workflow fails with the reason."""
    request = {"service": service, "request_id": "unreadable", "requester": {"name": "unreadable"}, "subject": "unreadable"}
    return REQUESTS.validate_python({**request, **({"documents": []} if service == "forward" else {})})
