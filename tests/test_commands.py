"""Commands: who may do what and when, what happens twice happens once, and bad input is told clearly and changes nothing,
also from those who go past our client with plain Temporal."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError
from temporalio.api.common.v1 import Payload, Payloads, WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import StartWorkflowExecutionRequest
from temporalio.client import WithStartWorkflowOperation, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError

from casework.starter.errors import CaseExists, CaseRefused, InvalidCase, NotFound
from casework.workflows import names
from casework.workflows.messages.commands import AddDocument, AddNote, Rate, Reassign, StartService, Withdraw
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication, ForwardRequest
from casework.workflows.messages.people import Actor, Document, Requester
from tests.office import CITIZEN, CITIZEN_ID, COMPLAINTS, OFFICER, OWNER, SOMYING, SUPERVISOR, Office


async def test_a_command_out_of_stage_is_refused_and_says_what_is_possible(office: Office) -> None:
    case = await office.forward()
    with pytest.raises(CaseRefused, match="not possible in the stage submitted") as refused:
        await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    assert "forward_application (centre_officer)" in refused.value.details
    assert await case.types() == ["opened"]


async def test_a_command_by_the_wrong_role_is_refused_and_names_the_role_it_takes(office: Office) -> None:
    case = await office.forward()
    with pytest.raises(CaseRefused, match="takes centre_officer, not requester"):
        await case.act(ForwardApplication(actor=CITIZEN))
    assert await case.types() == ["opened"]


async def test_an_unknown_owner_agency_is_refused(office: Office) -> None:
    case = await office.forward()
    with pytest.raises(CaseRefused, match="unknown owner agency; the standard has DEDE"):
        await case.act(ForwardApplication(actor=OFFICER, agency="NASA"))


async def test_the_same_command_id_acts_once_and_gets_the_first_answer(office: Office) -> None:
    case = await office.forward()
    command = AddNote(actor=OFFICER, text="โทรแจ้งแล้ว")
    first = await case.act(command, command_id="note-1")
    await case.act(AddNote(actor=OFFICER, text="อีกเรื่อง"))
    assert await case.act(command, command_id="note-1") == first
    assert (await case.types()).count("note_added") == 2


async def test_a_command_on_a_closed_case_is_refused_for_good(office: Office) -> None:
    case = await office.forward()
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()
    with pytest.raises(CaseRefused, match=r"is closed \(withdrawn\)"):
        await case.act(AddNote(actor=OFFICER, text="สาย"))


async def test_the_same_request_is_the_same_case_open_or_closed(office: Office) -> None:
    request = ForwardRequest(
        centre="JSC", request_id=uuid4().hex, requester=office.requester(), subject="ก", documents=[Document(name="คำขอ")]
    )
    first = await office.open(request)
    assert (await office.open(request)).case_id == first.case_id
    await first.act(Withdraw(actor=CITIZEN))
    await first.handle.result()
    assert (await office.open(request)).case_id == first.case_id
    assert (await first.types()).count("opened") == 1


async def test_the_same_request_id_with_another_content_is_refused_open_or_closed(office: Office) -> None:
    request = ForwardRequest(
        centre="JSC", request_id=uuid4().hex, requester=office.requester(), subject="ก", documents=[Document(name="คำขอ")]
    )
    case = await office.open(request)
    assert not case.handle.existed
    assert (await office.open(request)).handle.existed
    other = request.model_copy(update={"subject": "ข"})
    length = (await case.handle.workflow.describe()).history_length
    with pytest.raises(CaseExists, match="another request"):
        await office.open(other)
    assert (await case.handle.workflow.describe()).history_length == length, "a refusal leaves nothing in history"
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()
    with pytest.raises(CaseExists, match="another request"):
        await office.open(other)


async def test_a_case_that_is_not_there_is_not_found(office: Office) -> None:
    handle = office.client.case("forward-0000000000")
    with pytest.raises(NotFound):
        await handle.view()
    with pytest.raises(NotFound):
        await handle.act(AddNote(actor=OFFICER, text="?"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"channel": "pigeon"}, "channel: pigeon is not offered"),
        ({"received_at": datetime.now(UTC) + timedelta(days=2)}, "received_at: lies in the future"),
        ({"standard": "nobody"}, "no standard nobody is loaded"),
    ],
)
async def test_a_request_the_standard_cannot_take_is_told_why_and_may_be_sent_again(
    office: Office, changes: dict[str, Any], reason: str
) -> None:
    request = ForwardRequest(
        centre="JSC", request_id=uuid4().hex, requester=office.requester(), subject="ก", documents=[Document(name="คำขอ")]
    )
    with pytest.raises(InvalidCase, match=reason):
        await office.open(request.model_copy(update=changes))
    assert (await (await office.open(request)).view()).stage == "submitted"


async def test_forwarding_needs_to_know_who_asks(office: Office) -> None:
    with pytest.raises(InvalidCase, match=r"requester\.citizen_id"):
        await office.forward(requester=office.requester(citizen_id=None))


def test_a_citizen_id_is_checked_and_masked_before_it_goes_anywhere() -> None:
    requester = Requester(name="ก", citizen_id=CITIZEN_ID)
    assert requester.citizen_id == "x-xxxx-xxxx0-70-8"
    assert Requester.model_validate_json(requester.model_dump_json()) == requester
    with pytest.raises(ValidationError, match="check digit") as wrong:
        Requester(name="ก", citizen_id="1101700230709")
    assert "1101700230709" not in str(wrong.value)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"documents": None}, "documents"),
        ({"subject": "ก" * 1_000_000}, "subject"),
        ({"received_at": "2026-03-02T11:00:00"}, "received_at"),
        ({"requester": {"name": ""}}, "requester.name"),
        ({"colour": "red"}, "colour"),
        ({"received_at": "9999-12-31T00:00:00+07:00"}, "received_at"),
        ({"received_at": 5}, "received_at"),
        ({"linked_from": "a\x00b"}, "linked_from"),
        ({"subject": "a\x00b"}, "subject"),
        ({"requester": {"name": "ก", "email": "(a@home.example"}}, "requester.email"),
        ({"requester": {"name": "ก", "email": "a@home.example,b@home.example"}}, "requester.email"),
    ],
)
def test_a_request_with_a_wrong_field_is_refused_by_its_model(change: dict[str, Any], path: str) -> None:
    data = {"centre": "JSC", "request_id": "1", "requester": {"name": "ก"}, "subject": "ก", "documents": [], **change}
    with pytest.raises(ValidationError) as wrong:
        ForwardRequest.model_validate(data)
    assert ".".join(str(part) for part in wrong.value.errors()[0]["loc"]) == path
    assert "กกกก" not in str(wrong.value)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({}, "actor: Field required"),
        ({"actor": {"id": "x", "role": 5}}, r"actor\.role"),
        ("just text", "message: Input should be a valid dictionary"),
        (None, "message: Input should be a valid dictionary"),
        (
            {"actor": {"id": "x", "role": "centre_officer"}, "missing": ["ก" * 1_000]},
            r"missing\.0: String should have at most 500",
        ),
    ],
)
async def test_a_bad_command_past_our_client_is_told_each_wrong_field(office: Office, payload: Any, reason: str) -> None:
    case = await office.forward()
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await case.handle.workflow.execute_update("issue_deficiency_list", payload)
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "InvalidInput"
    assert re.search(reason, cause.message)
    assert await case.types() == ["opened"]


async def test_a_command_without_any_payload_past_our_client_is_told_so(office: Office) -> None:
    case = await office.forward()
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await case.handle.workflow.execute_update("add_note")
    assert "add_note is not valid" in str(failed.value.cause)


async def test_an_unknown_command_past_our_client_hears_the_known_ones(office: Office) -> None:
    case = await office.forward()
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await case.handle.workflow.execute_update("launch_rocket", {})
    assert "forward_application" in str(failed.value.cause)


@pytest.mark.parametrize(
    ("service", "payload", "reason"),
    [
        ("forward", {"request_id": "x"}, "requester: Field required"),
        ("forward", "text", "valid dictionary"),
        ("forward", None, "valid dictionary"),
        (
            "one_stop",
            {
                "service": "forward",
                "centre": "JSC",
                "request_id": "x",
                "requester": {"name": "a"},
                "subject": "b",
                "documents": [],
            },
            "process one_stop",
        ),
        (
            "information_request",
            {"centre": "JSC", "request_id": "x", "requester": {"name": "a"}, "subject": "b", "received_at": "2026-01-01T10:00"},
            "received_at",
        ),
    ],
)
async def test_a_bad_request_past_our_client_fails_the_case_with_the_reason(
    office: Office, service: str, payload: Any, reason: str
) -> None:
    handle = await office.temporal.client.start_workflow(service, payload, id=f"raw-{uuid4().hex}", task_queue=names.TASK_QUEUE)
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert isinstance(failed.value.cause, ApplicationError)
    assert failed.value.cause.type == "InvalidRequest"
    assert reason in failed.value.cause.message


async def test_a_good_request_past_our_client_opens_a_case(office: Office) -> None:
    payload = {"centre": "JSC", "request_id": uuid4().hex, "requester": {"name": "ก"}, "subject": "ข"}
    case_id = names.case_id("information_request", "JSC", str(payload["request_id"]))
    with office.temporal.with_time_skipping_disabled():
        handle = await office.temporal.client.start_workflow(
            "information_request", payload, id=case_id, task_queue=names.TASK_QUEUE
        )
    await handle.execute_update(
        "start_service", {"actor": {"id": "a", "role": "centre_officer"}, "officer": {"id": "a", "name": "ก"}}
    )
    assert (await office.client.case(handle.id).view()).stage == "serving"


async def test_a_request_under_another_workflow_id_does_not_become_a_second_case(office: Office) -> None:
    payload = {"centre": "JSC", "request_id": "x", "requester": {"name": "ก"}, "subject": "ข"}
    handle = await office.temporal.client.start_workflow(
        "information_request", payload, id=f"raw-{uuid4().hex}", task_queue=names.TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await handle.result()
    assert names.case_id("information_request", "JSC", "x") in str(failed.value.cause)


def _payload(data: bytes, encoding: str = "json/plain", **metadata: bytes) -> Payload:
    return Payload(metadata={"encoding": encoding.encode(), **metadata}, data=data)


POISON: dict[str, list[Payload]] = {
    "nothing": [],
    "two arguments": [_payload(b"{}"), _payload(b"{}")],
    "two arguments, one broken": [_payload(b"{}"), _payload(b"{")],
    "half of a character": [_payload(b'{"subject": "\\ud800"}')],
    "half of a character in the id": [
        _payload(b'{"request_id": "\\udfff", "requester": {"name": "a"}, "subject": "b", "documents": []}')
    ],
    "not UTF-8": [_payload(b'{"subject": "\xff\xfe"}')],
    "malformed": [_payload(b'{"subject": ')],
    "empty": [_payload(b"")],
    "500 deep": [_payload(b"[" * 500 + b"]" * 500)],
    "a number of 5,000 digits": [_payload(b'{"request_id": ' + b"9" * 5_000 + b"}")],
    "an unknown encoding": [_payload(b"{}", "binary/encrypted")],
    "protobuf": [_payload(b"\x08\x01", "binary/protobuf", messageType=b"temporal.api.common.v1.Payload")],
    "protobuf as JSON": [_payload(b"{}", "json/protobuf", messageType=b"nobody.knows.This")],
    "bytes": [_payload(b"\x00\x01", "binary/plain")],
    "no encoding": [Payload(data=b"{}")],
    "null": [_payload(b"", "binary/null")],
}


@pytest.mark.parametrize("poison", POISON)
async def test_nothing_that_a_case_is_started_with_fails_its_tasks_for_ever(office: Office, poison: str) -> None:
    case_id = f"poison-{uuid4().hex[:8]}"
    client = office.temporal.client
    await client.workflow_service.start_workflow_execution(
        StartWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_id=case_id,
            workflow_type=WorkflowType(name="forward"),
            task_queue=TaskQueue(name=names.TASK_QUEUE),
            request_id=uuid4().hex,
            input=Payloads(payloads=POISON[poison]),
        )
    )
    with pytest.raises(WorkflowFailureError) as failed:
        await asyncio.wait_for(client.get_workflow_handle(case_id).result(), 20)
    cause = failed.value.cause
    assert isinstance(cause, ApplicationError)
    assert cause.type == "InvalidRequest"
    assert cause.message.startswith("the case cannot be opened: ")
    assert not [e async for e in client.get_workflow_handle(case_id).fetch_history_events() if "TASK_FAILED" in str(e)]


async def test_a_nul_in_a_workflow_id_fails_the_case_with_the_reason(office: Office) -> None:
    handle = await office.temporal.client.start_workflow(
        "forward", {"request_id": "x"}, id=f"forward-\x00{uuid4().hex[:6]}", task_queue=names.TASK_QUEUE
    )
    with pytest.raises(WorkflowFailureError):
        await asyncio.wait_for(handle.result(), 20)


async def test_a_command_that_comes_with_the_start_is_checked_once_the_standard_is_known(office: Office) -> None:
    def start() -> WithStartWorkflowOperation[Any, Any]:
        request_id = uuid4().hex
        return WithStartWorkflowOperation(
            "information_request",
            {"centre": "JSC", "request_id": request_id, "requester": {"name": "ก"}, "subject": "ข"},
            id=names.case_id("information_request", "JSC", request_id),
            task_queue=names.TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.FAIL,
        )

    with office.temporal.with_time_skipping_disabled():
        good = StartService(actor=OFFICER, officer=SOMYING)
        reply = await office.temporal.client.execute_update_with_start_workflow(
            "start_service", good, start_workflow_operation=start()
        )
        assert reply["stage"] == "serving"
        with pytest.raises(WorkflowUpdateFailedError) as failed:
            bad = StartService(actor=CITIZEN, officer=SOMYING)
            await office.temporal.client.execute_update_with_start_workflow(
                "start_service", bad, start_workflow_operation=start()
            )
    assert "takes centre_officer" in str(failed.value.cause)


async def test_reassigning_needs_a_reason(office: Office) -> None:
    case = await office.forward()
    with pytest.raises(ValidationError, match="reason"):
        Reassign.model_validate({"actor": SUPERVISOR, "to": SOMYING})
    with pytest.raises(CaseRefused, match="takes centre_supervisor or centre_head"):
        await case.act(Reassign(actor=OFFICER, to=SOMYING, reason="แลกเวร"))


async def test_a_rating_is_for_the_items_asked_about_and_says_something(office: Office) -> None:
    case = await office.one_stop()
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.handle.send("begin_advice", {"actor": OFFICER.model_dump(), "matter": "ก"})
    await case.handle.send("complete_advice", {"actor": OFFICER.model_dump(), "advice": "ข"})
    with pytest.raises(CaseRefused, match="unknown survey item"):
        await case.act(Rate(actor=CITIZEN, scores={"parking": 1}))
    with pytest.raises(CaseRefused, match="scores are 1, 2, 3, 4, 5"):
        await case.act(Rate(actor=CITIZEN, scores={"overall": 6}))
    with pytest.raises(CaseRefused, match="silence is not an answer"):
        await case.act(Rate(actor=CITIZEN))
    await case.act(Rate(actor=CITIZEN, scores={"overall": 4}))
    assert (await case.handle.result()).outcome == "advised"


async def test_notes_and_documents_never_move_a_clock(office: Office) -> None:
    case = await office.forward()
    before = (await case.view()).clocks
    await case.act(AddNote(actor=OWNER, text="กำลังตรวจ"))
    await case.act(AddDocument(actor=CITIZEN, document=Document(name="รูปถ่าย", kind="photo")))
    view = await case.view()
    assert view.clocks == before
    assert view.documents[-1].name == "รูปถ่าย"


async def test_two_decisions_at_once_one_is_taken_the_other_refused(office: Office) -> None:
    case = await office.forward()
    answers = await asyncio.gather(
        case.act(ForwardApplication(actor=OFFICER)),
        case.act(Withdraw(actor=CITIZEN)),
        case.act(ForwardApplication(actor=Actor(id="other", role="centre_officer"))),
        return_exceptions=True,
    )
    assert (await case.types()).count("forwarded") <= 1
    assert any(isinstance(answer, CaseRefused) for answer in answers)
