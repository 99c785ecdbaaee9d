"""docs/protocol.md is true: its commands are those of the code, its ids come out, and plain Temporal can do what it says."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from temporalio.client import Client, WithStartWorkflowOperation, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy
from temporalio.exceptions import ApplicationError
from temporalio.testing import WorkflowEnvironment

from casework.workflows.names import TASK_QUEUE
from tests.office import Office
from tests.protocol_tables import FILE, with_table

TEXT = FILE.read_text(encoding="utf-8")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def made(service: str, centre: str, request_id: str) -> str:
    """The id, made from what the document says and nothing of ours."""
    from hashlib import sha256

    number = int(sha256(f"{service}/{centre}/{request_id}".encode()).hexdigest()[:16], 16)
    letters = [ALPHABET[number // 32**place % 32] for place in range(9, -1, -1)]
    return f"{service.replace('_', '-')}-{''.join(letters)}"


def test_the_table_of_commands_is_that_of_the_code() -> None:
    assert with_table(TEXT) == TEXT, "python -m tests.protocol_tables"


def test_the_worked_examples_come_out() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| `(.+?)` \| .*? \| `(.+?)` \|$", TEXT, re.MULTILINE)
    assert len(rows) == 2
    for service, centre, request_id, case_id in rows:
        assert made(service, centre, request_id) == case_id


async def test_plain_temporal_opens_acts_and_looks(temporal: WorkflowEnvironment, office: Office) -> None:
    client = await Client.connect(str(temporal.client.service_client.config.target_host))  # no casework in it: plain JSON
    request_id = uuid4().hex
    request: dict[str, object] = {
        "request_id": request_id,
        "centre": "JSC",
        "requester": {"name": "สมชาย", "citizen_id": "x-xxxx-xxxx0-70-8", "email": f"{request_id}@home.example"},
        "subject": "ขอขยายสถานี",
        "documents": [{"name": "คำขอ"}],
    }

    def start(said: dict[str, object]) -> WithStartWorkflowOperation[object, object]:
        return WithStartWorkflowOperation(
            "forward",
            said,
            id=made("forward", "JSC", str(said["request_id"])),
            task_queue=TASK_QUEUE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        )

    with temporal.with_time_skipping_disabled():
        opened = await client.execute_update_with_start_workflow("opened", None, start_workflow_operation=start(request))
        again = await client.execute_update_with_start_workflow("opened", None, start_workflow_operation=start(request))
    assert (opened["stage"], again["existed"]) == ("submitted", True)
    case = client.get_workflow_handle(opened["case_id"])
    officer = {"id": "somying", "role": "centre_officer"}
    answer = await case.execute_update("forward_application", {"actor": officer}, id="once")
    assert answer == await case.execute_update("forward_application", {"actor": officer}, id="once")
    view = await case.query("case")
    assert view["stage"] == "with_owner"
    assert "assign_to_owner" in {each["name"] for each in view["allowed_commands"]}
    for payload, kind in (({"actor": officer}, "Refused"), ({"actor": officer, "colour": "red"}, "InvalidInput")):
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await case.execute_update("forward_application", payload)
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.type == kind
    bad = start({**request, "request_id": uuid4().hex, "documents": []})
    with pytest.raises(WorkflowUpdateFailedError) as unfit, temporal.with_time_skipping_disabled():
        await client.execute_update_with_start_workflow("opened", None, start_workflow_operation=bad)
    assert isinstance(unfit.value.cause, ApplicationError)
    assert unfit.value.cause.type == "InvalidRequest"
    await case.terminate()
