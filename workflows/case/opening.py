"""Reading what a workflow was started with: a request, or the file that an earlier run carried over.

Workflows take the raw payload and read it here, so that whatever somebody sends with plain Temporal (nothing at all, broken
JSON, another encoding, a request with mistakes) fails the case with a list of what is wrong, instead of failing its tasks
for ever.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from casework.standards.counting.due_calculator import UNCOUNTABLE
from casework.standards.counting.plan import Plan
from casework.standards.pack.declared import DeclaredService
from casework.workflows import errors, names
from casework.workflows.case.counting import Counting
from casework.workflows.case.definition import ProcessDefinition
from casework.workflows.case.file import CaseFile, Promise
from casework.workflows.case.receipts import CLOCKS_DIFFER
from casework.workflows.messages.declared import DeclaredRequest, fields_of
from casework.workflows.messages.events import Link
from casework.workflows.messages.people import Document, Officer, Requester
from casework.workflows.messages.request import CaseRequest
from casework.workflows.ports import StandardAnswer, Terms

NO_REQUEST = RawValue(Payload())  # what a workflow gets that was started without an argument
SEVERAL_ARGUMENTS = "casework/several-arguments"  # the encoding under which the worker hands over more than one argument
READABLE = {"json/plain", "json/protobuf", "binary/null"}


class CarriedOver(BaseModel):
    """What continue-as-new hands to the next run."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    carried_over: CaseFile


def read(definition: ProcessDefinition, start: RawValue) -> tuple[CaseFile, ApplicationError | None]:
    """The file of a new or continued case, and why it cannot be opened if it cannot."""
    info = workflow.info()
    if info.continued_run_id and start.payload.data.startswith(b'{"carried_over"'):
        # Not a failure of the case if it cannot be read: the task is tried again until a worker understands it.
        return CarriedOver.model_validate_json(start.payload.data, context=definition).carried_over, None
    request, problem = _request(definition, start)
    if problem is None and info.workflow_id != (
        expected := names.case_id(definition.service, request.centre, request.request_id)
    ):
        # Under any other id the same request could become two cases.
        problem = errors.invalid_request([f"workflow id: the case of this request is {expected}; start it under that id"])
    received = info.workflow_start_time
    file = CaseFile(
        case_id=info.workflow_id,
        request=request,
        own=definition.own(),
        opened_at=received,
        received_at=request.received_at or received,
        stage=definition.first_stage,
        stage_since=received,
        officer=request.officer,
        documents=request.documents,
        links=[Link(relation="from", case_id=request.linked_from)] if request.linked_from else [],
    )
    return file, problem


def _request(definition: ProcessDefinition, start: RawValue) -> tuple[CaseRequest, ApplicationError | None]:
    service = definition.service
    try:
        given = decoded(start)
        if isinstance(given, dict) and isinstance(named := given.get("service", service), str) and named != service:
            problem = errors.invalid_request([f"service: this is the process {service}, not another"])
        else:
            return definition.request.model_validate({"service": service, **given} if isinstance(given, dict) else given), None
    except ValidationError as error:
        problem = errors.invalid_request(errors.problems(error))
    except (ValueError, RecursionError) as error:
        problem = errors.invalid_request([str(error) if type(error) is ValueError else "it cannot be read as JSON"])
    return _placeholder(service), problem


def decoded(start: RawValue) -> Any:
    """What the payload says. Raises ValueError with words that repeat nothing of it."""
    if start is NO_REQUEST:
        raise ValueError("the workflow was started without a request")
    encoding = start.payload.metadata.get("encoding", b"").decode("ascii", "replace")
    if encoding == SEVERAL_ARGUMENTS:
        raise ValueError("the workflow takes one argument, the request; it was started with several")
    if encoding not in READABLE:
        raise ValueError("the request must be JSON (encoding json/plain)")
    try:
        return workflow.payload_converter().from_payload(start.payload)
    except Exception:  # noqa: BLE001 - whatever a decoder does with bytes from outside, the case says that it cannot read them
        raise ValueError("the request cannot be read as JSON") from None


def unfit(file: CaseFile, answer: StandardAnswer) -> list[str]:
    """Why a well-formed request does not fit the standard it would be opened under; empty if it does."""
    terms = answer.terms
    if terms is None or answer.calendar is None:
        return [answer.problem or "no standard"]
    request, found = file.request, []
    if terms.centres and request.centre not in terms.centres:
        found.append(f"centre: unknown {request.centre}; the standard has {', '.join(terms.centres)}")
    offered = terms.channels[request.service]
    if request.channel not in offered:
        found.append(f"channel: {request.channel} is not offered; this service has {', '.join(offered)}")
    if request.requester.segment not in terms.segments:
        found.append(f"requester.segment: unknown {request.requester.segment}; known are {', '.join(terms.segments)}")
    if request.officer is not None and (wrong := unknown_point(terms, request.officer)):
        found.append(f"officer.point: {wrong}")
    if request.service in terms.identity_required_for and not request.requester.identified:
        found.append("requester.citizen_id: this service needs the requester's identity (citizen_id or other_identity)")
    found += without_papers(terms, request.service, request.matter, request.documents)
    if (terms.declared is not None) != isinstance(request, DeclaredRequest):
        found.append(f"service: {terms.standard_id} and this worker differ in whether {request.service} is declared in the pack")
    elif terms.declared is not None and isinstance(request, DeclaredRequest):
        found += _unfit_fields(request, terms.declared)
    if file.received_at > file.opened_at + CLOCKS_DIFFER:
        found.append("received_at: lies in the future")
    return found


def _unfit_fields(request: DeclaredRequest, declared: DeclaredService) -> list[str]:
    try:
        fields_of(request.service, declared.request).model_validate(request.own_fields)
    except ValidationError as error:
        return errors.problems(error)
    return []


def unknown_point(terms: Terms, officer: Officer) -> str | None:
    """Why an officer does not give this service where they say, or None if they do."""
    if officer.point is None or officer.point in terms.points:
        return None
    return f"this service is not given at point {officer.point}; it has {', '.join(map(str, terms.points)) or 'none'}"


def without_papers(terms: Terms, service: str, matter: str | None, documents: Sequence[Document]) -> list[str]:
    """Why an application cannot be received as it is: an unknown matter, or none of the papers that its checklist asks for.
    (If only some are there, the one list of what is missing is issued.)"""
    matters = terms.checklists.get(service, {})
    if matter is not None and matter not in matters:
        return [f"matter: unknown {matter}; the standard has {', '.join(matters) or 'none'}"]
    papers = next((papers for name, papers in matters.items() if matter in (name, None)), [])
    if papers and not documents:
        return [f"documents: none came, and this matter asks for {'; '.join(papers)}"]
    return []


def planned(file: CaseFile, answer: StandardAnswer, counting: Counting, steps: Sequence[str]) -> tuple[list[Plan], list[str]]:
    """Take the terms and promise what they promise on receipt: the plans of the steps that begin with it, and why the case
    cannot be opened under these terms if it cannot."""
    found = unfit(file, answer)
    if found or answer.terms is None:
        return [], found
    file.terms, file.calendar = answer.terms, answer.calendar
    file.stage = answer.terms.declared.first_stage if answer.terms.declared else file.stage
    chain = answer.terms.rules.promised_on_receipt(file.request.channel)
    try:
        if chain is not None:
            file.promise = Promise.planned(chain, counting.calculator.plan(chain, file.received_at))
        return [counting.calculator.plan(step, file.received_at) for step in steps], []
    except UNCOUNTABLE as error:
        file.terms = file.calendar = file.promise = None
        return [], [f"received_at or standard: nothing can be planned ({errors.words(error)})"]


def account(file: CaseFile, counting: Counting) -> dict[str, Any]:
    """What the first event says."""
    request, terms = file.request, file.terms
    assert terms is not None, "a case is opened under its terms"
    origin = {"linked_from": request.linked_from} if request.linked_from else {}
    return {
        "standard": f"{terms.standard_id} {terms.standard_version}",
        "channel": request.channel,
        "received_at": file.received_at.isoformat(),
        "counted_from": counting.calculator.office.next_opening(file.received_at).isoformat(),
        **({"promised_at": file.promise.due_at.isoformat()} if file.promise else {}),
        **({"officer": request.officer.id} if request.officer else {}),
        "documents": [document.model_dump(mode="json", exclude_none=True) for document in file.documents],
        **origin,
    }


def _placeholder(service: str) -> CaseRequest:
    """Stands in the file of a case whose request cannot be read, until the workflow fails with the reason."""
    return CaseRequest(
        service=service,
        centre="unreadable",
        request_id="unreadable",
        requester=Requester(name="unreadable"),
        subject="unreadable",
    )
