"""One order, cold or warm: a timer that fired and a command that came while nobody worked arrive in one workflow task, and
what follows replays. Without `OrderedRunner` it does not; when that stops being so, the runner may go (see casework.runner)."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.runner import OrderedRunner, sandboxed
from casework.standards.pack.loader import StandardsLibrary, default_pack, parse_pack
from casework.starter.client import CaseClient
from casework.workflows.messages.commands import AddNote, StartService
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication
from casework.workflows.messages.information_request import ReportHeld
from casework.workflows.processes import installed
from tests.mailbox import Mailbox
from tests.office import COMPLAINTS, OFFICER, SOMYING, Office, PlayedCase, replay
from tests.record_histories import FOLDER, save

QUICK = (
    (Path(__file__).parent.parent / "standards/packs/demo.yaml")
    .read_text(encoding="utf-8")
    .replace(
        "provide: {limit: {n: 15, unit: second}}",
        "provide: {limit: {n: 2, unit: second}}",
    )
)


def plugin_of(records: Any, notifier: Any) -> CaseworkPlugin:
    pack = parse_pack(QUICK, "quick")
    assert str(pack.service("information_request").step("provide").limit) == "2 seconds"
    return CaseworkPlugin(StandardsLibrary([pack]), records, notifier)


async def replay_without_order(history: WorkflowHistory) -> None:
    nothing: Any = None
    plugin = CaseworkPlugin(StandardsLibrary([default_pack()]), nothing, nothing)
    processes = list(installed().values())
    config = Replayer(workflows=processes, data_converter=plugin.data_converter(None), workflow_runner=sandboxed())  # type: ignore[misc, operator]
    await config.replay_workflow(history)


async def late_answer(temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox) -> PlayedCase:
    """A case whose limit passes, and whose officer answers, while no worker runs."""
    queue = f"cold-{uuid4().hex[:6]}"
    config = temporal.client.config()
    config["plugins"] = [plugin_of(records, SmtpNotifier(mailbox.url, "casework@jsc.example"))]
    office = Office(temporal, records, mailbox)
    office.client = CaseClient(temporal.client, queue)
    async with Worker(type(temporal.client)(**config), task_queue=queue):
        case = await office.information()
        await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await asyncio.sleep(3)
    answering = [
        asyncio.create_task(case.handle.act(AddNote(actor=OFFICER, text="กำลังค้น"))),
        asyncio.create_task(case.handle.act(ReportHeld(actor=OFFICER, explanation="พบแล้ว"))),
    ]
    await asyncio.sleep(0.5)
    async with Worker(type(temporal.client)(**config), task_queue=queue):
        await asyncio.gather(*answering)
        await case.handle.recorded(await answering[1])
    return case


async def test_a_timer_and_commands_that_meet_a_cold_worker_replay(
    temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox
) -> None:
    case = await late_answer(temporal, records, mailbox)
    history = await case.handle.workflow.fetch_history()
    await replay(history)
    types = [event.type for event in await records.events(case.case_id)]
    assert types.index("breached") < types.index("info_found"), "what happened comes before what was commanded"
    if os.environ.get("RECORD_HISTORIES"):
        save(history, "information_late_answer_cold", case.case_id)


async def test_two_commands_of_one_task_are_two_transitions(
    temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox
) -> None:
    """The second is only possible because of the first; both came while no worker ran."""
    queue = f"cold-{uuid4().hex[:6]}"
    config = temporal.client.config()
    config["plugins"] = [CaseworkPlugin(StandardsLibrary([default_pack()]), records, SmtpNotifier(mailbox.url, "c@jsc.example"))]
    office = Office(temporal, records, mailbox)
    office.client = CaseClient(temporal.client, queue)
    async with Worker(type(temporal.client)(**config), task_queue=queue):
        case = await office.forward()
    first = asyncio.create_task(case.handle.act(ForwardApplication(actor=OFFICER)))
    await asyncio.sleep(0.3)
    second = asyncio.create_task(case.handle.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB")))
    await asyncio.sleep(0.3)
    async with Worker(type(temporal.client)(**config), task_queue=queue):
        await first
        await case.handle.recorded(await second)
        types = await case.types()
    assert types == ["opened", "forwarded", "assigned_to_owner"]
    history = await case.handle.workflow.fetch_history()
    await replay(history)
    if os.environ.get("RECORD_HISTORIES"):
        save(history, "forward_two_commands_in_one_task", case.case_id)


async def test_without_the_runner_the_sdk_takes_another_order_on_replay() -> None:
    [file] = FOLDER.glob("information_late_answer_cold@*.json")
    history = WorkflowHistory.from_json(file.stem.partition("@")[2], file.read_text(encoding="utf-8"))
    await replay(history)
    with pytest.raises(Exception, match=r"(?i)nondetermin"):
        await replay_without_order(history)


def test_the_runner_is_put_around_the_sandbox_once() -> None:
    nothing: Any = None
    plugin = CaseworkPlugin(StandardsLibrary([default_pack()]), nothing, nothing)
    make: Any = plugin.workflow_runner
    made = make(None)
    assert isinstance(made, OrderedRunner)
    assert make(made) is made
    assert isinstance(make(SandboxedWorkflowRunner()), OrderedRunner)
