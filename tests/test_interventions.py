"""What operators do past the case leaves a true story: terminate, cancel, reset; and what doctor finds and puts right."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import WorkflowFailureError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.starter.case_health import Kind, examine_cases, fill_in, repair
from casework.starter.client import CaseClient
from casework.starter.errors import CaseExists
from casework.workflows.messages.commands import AddNote, Rate, Withdraw
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication, ForwardRequest, ReportResult
from casework.workflows.messages.people import Document
from casework.workflows.names import case_id
from tests.mailbox import Mailbox
from tests.office import CITIZEN, COMPLAINTS, OFFICER, OWNER, Office, PlayedCase


async def troubles(office: Office, case: str) -> list[Any]:
    client = office.temporal.client
    return [found async for found in examine_cases(client, office.records) if found.case_id == case]


async def reset(office: Office, case: PlayedCase, before: str | None) -> None:
    """Reset a case to the task that accepted an update, or to its very first one."""
    history = await case.handle.workflow.fetch_history()
    tasks = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    accepted = [
        e.event_id
        for e in history.events
        if e.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_UPDATE_ACCEPTED
        and e.workflow_execution_update_accepted_event_attributes.accepted_request.input.name == before
    ]
    client = office.temporal.client
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case.case_id, run_id=history.run_id or ""),
            reason="test",
            workflow_task_finish_event_id=max(task for task in tasks if task < accepted[0]) if before else tasks[0],
            request_id=uuid4().hex,
        )
    )


async def test_a_terminated_case_is_what_it_is_everywhere(office: Office) -> None:
    case = await office.forward()
    await case.handle.workflow.terminate(reason="wrong person")
    ended = await case.handle.ended()
    assert ended is not None
    assert (ended.status, ended.why) == ("terminated", "wrong person")
    [found] = await troubles(office, case.case_id)
    assert found.kind is Kind.ENDED
    assert "terminated" in str(await repair(office.temporal.client, office.records, found))
    assert await troubles(office, case.case_id) == []
    [row] = await office.records.rows("SELECT ended_as, ended_why FROM casework.cases WHERE case_id = $1", case.case_id)
    assert row["ended_as"] == "terminated"
    assert "wrong person" in row["ended_why"]
    recorded = await office.records.case(case.case_id)
    assert recorded is not None
    assert (recorded.stage, recorded.allowed_commands) == ("submitted", [])


async def test_a_cancelled_case_says_why(office: Office) -> None:
    case = await office.forward()
    await case.handle.workflow.cancel(reason="sent twice by mistake")
    with pytest.raises(WorkflowFailureError):
        await case.handle.workflow.result()
    [event] = [e for e in await office.records.events(case.case_id) if e.type == "cancelled_by_operator"]
    assert event.data["reason"] == "sent twice by mistake"
    assert await troubles(office, case.case_id) == []


async def test_after_a_reset_the_commands_given_again_take_effect_and_nobody_is_told_twice(office: Office) -> None:
    case = await office.forward()
    before = await case.view()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    mails = len(case.mails())
    await reset(office, case, "forward_application")
    view = await asyncio.wait_for(case.handle.wait(lambda view: "assigned_to_owner" in [event.type for event in view.events]), 30)
    assert [event.type for event in view.events] == ["opened", "reset", "forwarded", "promise_moved", "assigned_to_owner"]
    assert (view.case_no, view.received_at) == (before.case_no, before.received_at)
    assert view.agency == "DOEB"
    await case.act(AddNote(actor=OFFICER, text="หลังย้อน"))
    recorded = await office.records.events(case.case_id)
    assert sum(event.type == "opened" for event in recorded) == 1
    assert "note_added" in [event.type for event in recorded]
    assert len(case.mails()) == mails, "what was told is not told again"
    assert await troubles(office, case.case_id) == []
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_a_command_that_a_reset_makes_impossible_is_refused_visibly(office: Office) -> None:
    case = await office.forward()
    await case.act(AddNote(actor=OFFICER, text="ก่อน"))
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()
    history = await case.handle.workflow.fetch_history()
    await reset(office, case, "add_note")
    view = await asyncio.wait_for(case.handle.wait(lambda view: view.stage == "closed"), 30)
    assert [event.type for event in view.events][:3] == ["opened", "reset", "note_added"]
    assert history.events[0].event_time == (await case.handle.workflow.fetch_history()).events[0].event_time


async def test_a_command_that_comes_too_early_after_a_reset_leaves_an_event(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.act(ReportResult(actor=OWNER, result="อนุญาต"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(AddNote(actor=OFFICER, text="ก่อนย้อน"))
    await case.act(Rate(actor=CITIZEN, scores={"overall": 4}))
    await case.handle.result()
    await reset(office, case, "report_result")
    view = await asyncio.wait_for(case.handle.wait(lambda view: view.stage == "completed"), 30)
    refused = [event for event in view.events if event.type == "command_not_reapplied"]
    assert [event.data["command"] for event in refused] == ["rate"]
    assert "not possible in the stage with_owner" in refused[0].data["because"]
    assert "note_added" in [event.type for event in view.events]


async def test_a_reset_to_the_very_first_task_takes_every_command_again_in_order(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await reset(office, case, None)
    view = await asyncio.wait_for(case.handle.wait(lambda view: "assigned_to_owner" in [event.type for event in view.events]), 30)
    assert sorted(event.type for event in view.events) == ["assigned_to_owner", "forwarded", "opened", "promise_moved", "reset"]
    assert (await office.records.case(case.case_id)) is not None
    await case.act(AddNote(actor=OFFICER, text="หลังย้อน"))
    assert [found.kind for found in await troubles(office, case.case_id)] == []


async def test_a_terminated_case_is_not_opened_again_by_its_request(office: Office) -> None:
    request = ForwardRequest(
        centre="JSC", request_id=uuid4().hex, requester=office.requester(), subject="ก", documents=[Document(name="คำขอ")]
    )
    case = await office.open(request)
    await case.handle.workflow.terminate(reason="opened twice by mistake")
    again = await office.client.open(request)
    assert again.existed
    assert (await again.ended()) is not None
    with pytest.raises(CaseExists):
        await office.client.open(request.model_copy(update={"subject": "ข"}))
    office.opened.remove(case.handle)


async def test_a_case_that_does_not_replay_is_found_and_healed(
    temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox
) -> None:
    queue = f"stuck-{uuid4().hex[:6]}"
    office = Office(temporal, records, mailbox)
    office.client = CaseClient(temporal.client, queue)
    request = ForwardRequest(
        centre="JSC", request_id=uuid4().hex, requester=office.requester(), subject="ก", documents=[Document(name="คำขอ")]
    )
    stuck = case_id("forward", "JSC", request.request_id)
    plain = temporal.client.config()
    plain["plugins"] = []
    async with Worker(type(temporal.client)(**plain), task_queue=queue, workflows=[OtherForward]):
        with temporal.with_time_skipping_disabled():
            handle = await temporal.client.start_workflow("forward", request, id=stuck, task_queue=queue)
        while (await handle.describe()).history_length < 5:
            await asyncio.sleep(0.05)
    config = temporal.client.config()
    config["plugins"] = [CaseworkPlugin(StandardsLibrary([default_pack()]), records, SmtpNotifier(mailbox.url, "c@jsc.example"))]
    async with Worker(type(temporal.client)(**config), task_queue=queue):
        await handle.signal("anything")  # wakes it
        for _ in range(200):
            found = await troubles(office, stuck)
            if found:
                break
            await asyncio.sleep(0.1)
        assert [trouble.kind for trouble in found] == [Kind.STUCK]
        assert "reset to before event" in str(await repair(temporal.client, records, found[0]))
        view = await asyncio.wait_for(
            office.client.case(stuck).wait(lambda view: view.stage == "submitted" and view.case_no is not None), 30
        )
        assert "reset" in [event.type for event in view.events]


async def test_what_the_records_lost_is_written_from_history(office: Office) -> None:
    case = await office.forward()
    await case.act(AddNote(actor=OFFICER, text="หาย"))
    await office.records.rows("ALTER TABLE casework.events DISABLE TRIGGER events_are_append_only")
    try:
        await office.records.rows("DELETE FROM casework.events WHERE case_id = $1 AND type = 'note_added'", case.case_id)
    finally:
        await office.records.rows("ALTER TABLE casework.events ENABLE TRIGGER events_are_append_only")
    assert [found.kind for found in await troubles(office, case.case_id)] == [Kind.MISSING]
    assert await fill_in(office.temporal.client, office.records, case.case_id) == 1
    assert await troubles(office, case.case_id) == []
    assert [event.type for event in await office.records.events(case.case_id)] == ["opened", "note_added"]


@workflow.defn(name="forward", sandboxed=False)
class OtherForward:
    """Something else under the same name: what a case looks like that no worker can replay."""

    @workflow.run
    async def run(self, request: Any) -> None:
        await workflow.sleep(timedelta(days=100))
