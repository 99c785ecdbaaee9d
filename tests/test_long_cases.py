"""A case that lives long continues as new with its file: nothing is forgotten, doubled or told twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.standards.pack.loader import StandardsLibrary, default_pack, load_pack
from casework.starter.client import CaseClient
from casework.starter.dev.embedded import temporal_binary
from casework.workflows.messages.commands import AddNote, Pause, Rate, Resume, Withdraw
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication, ReportProgress, ReportResult
from casework.workflows.names import CASE_NUMBER, SEARCH_ATTRIBUTES, TASK_QUEUE
from tests.mailbox import Mailbox
from tests.office import CITIZEN, COMPLAINTS, OFFICER, OWNER, Office


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def brief(records: PostgresRecords, mailbox: Mailbox) -> AsyncIterator[Office]:
    """An office on a server that suggests to continue as new after 60 events."""
    plugin = CaseworkPlugin(StandardsLibrary([default_pack()]), records, SmtpNotifier(mailbox.url, "casework@jsc.example"))
    environment = await WorkflowEnvironment.start_local(
        dev_server_existing_path=temporal_binary(),
        dev_server_log_level="error",
        search_attributes=list(SEARCH_ATTRIBUTES),
        plugins=[plugin],
        dev_server_extra_args=["--dynamic-config-value", "limit.historyCount.suggestContinueAsNew=60"],
    )
    async with environment, Worker(environment.client, task_queue=TASK_QUEUE):
        office = Office(environment, records, mailbox)
        yield office
        await office.replay_all()  # the last run of each, which began with a carried-over file


async def test_a_case_of_many_notes_goes_through_several_runs_and_stays_one_case(brief: Office) -> None:
    case = await brief.forward()
    first = await case.act(AddNote(actor=OFFICER, text="ครั้งแรก"), command_id="first")
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    before = await case.view()
    for n in range(12):
        await case.act(AddNote(actor=OFFICER, text=f"บันทึก {n}"))
        await case.act(ReportProgress(actor=OWNER, status_th=f"ขั้นที่ {n}"))
    after = await case.view()
    runs = {description.run_id async for description in brief.temporal.client.list_workflows(f"WorkflowId = '{case.case_id}'")}
    assert len(runs) >= 3
    assert [(c.step, c.started_at, c.due_at, c.next_rung_at) for c in after.clocks] == [
        (c.step, c.started_at, c.due_at, c.next_rung_at) for c in before.clocks
    ]
    # Temporal forgets update ids with the run; the file does not.
    assert await case.act(AddNote(actor=OFFICER, text="ครั้งแรก"), command_id="first") == first
    await case.act(ReportResult(actor=OWNER, result="เสร็จ"))
    await case.handle.wait(lambda view: view.stage == "completed")
    described = await case.handle.workflow.describe()
    assert described.typed_search_attributes.get(CASE_NUMBER) == after.case_no
    await case.act(Rate(actor=CITIZEN, scores={"overall": 5}))
    await case.handle.result()
    events = await brief.records.events(case.case_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert Counter(event.type for event in events)["note_added"] == 13
    assert set(Counter(mail.get_content() for mail in case.mails()).values()) == {1}
    assert len(case.mails()) == 2 + 12 + 2  # received, forwarded, 12 progress, result, satisfaction


async def test_a_pause_goes_on_in_the_next_run(brief: Office) -> None:
    case = await brief.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    before = await case.view()
    await case.act(Pause(actor=OWNER, reason="awaiting_requester"))
    standing = await case.view()
    first = (await case.handle.workflow.describe()).run_id
    for n in range(25):
        await case.act(AddNote(actor=OFFICER, text=f"บันทึก {n}"))
    assert (await case.handle.workflow.describe()).run_id != first
    later = await case.view()
    assert (later.pause, later.promise, later.clocks[-1]) == (standing.pause, standing.promise, standing.clocks[-1])
    await case.act(Resume(actor=OWNER))
    resumed = await case.view()
    assert resumed.pause is None
    assert resumed.promised_at == resumed.clocks[-1].due_at == before.clocks[-1].due_at
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_notices_still_owed_are_carried_into_the_next_run_and_sent_once(brief: Office, mailbox: Mailbox) -> None:
    requester = brief.requester()
    mailbox.answers[str(requester.email)] = "451 later"
    case = await brief.forward(requester=requester)
    for n in range(20):
        await case.act(AddNote(actor=OFFICER, text=f"บันทึก {n}"))
    runs = [one async for one in brief.temporal.client.list_workflows(f"WorkflowId = '{case.case_id}'")]
    assert len(runs) >= 2
    assert case.mails() == []
    del mailbox.answers[case.address]
    await case.handle.wait(lambda view: all(notice.status == "sent" for notice in view.notices))
    assert len(case.mails()) == 1


async def test_a_case_full_of_long_notes_stays_small_enough_for_temporal(brief: Office) -> None:
    case = await brief.forward()
    for _ in range(100):
        await case.act(AddNote(actor=OFFICER, text="ก" * 10_000))
    view = await case.view()
    assert len(view.model_dump_json().encode()) < 500_000
    events = await brief.records.events(case.case_id)
    assert {len(event.data["text"]) for event in events if event.type == "note_added"} == {10_000}


async def test_a_repeating_rung_survives_every_new_run(brief: Office, records: PostgresRecords, mailbox: Mailbox) -> None:
    # The demo pack: after the breach a delay notice every 4 seconds, on a server that wants a new run every 60 events.
    plugin = CaseworkPlugin(
        StandardsLibrary([load_pack(Path(__file__).parent.parent / "standards/packs/demo.yaml")]),
        records,
        SmtpNotifier(mailbox.url, "casework@jsc.example"),
    )
    config = brief.temporal.client.config()
    config["plugins"] = [plugin]
    async with Worker(Client(**config), task_queue="quick"):
        office = Office(brief.temporal, records, mailbox)
        office.client = CaseClient(brief.temporal.client, "quick")
        case = await office.forward()
        await case.act(ForwardApplication(actor=OFFICER))
        await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
        for n in range(30):
            await case.act(AddNote(actor=OFFICER, text=f"บันทึก {n}"))
            await asyncio.sleep(0.9)
        view = await case.view()
        runs = [one async for one in brief.temporal.client.list_workflows(f"WorkflowId = '{case.case_id}'")]
        assert len(runs) >= 3
        rungs = [event.data["rung"] for event in await records.events(case.case_id) if "rung" in event.data]
        assert len(rungs) == len(set(rungs))
        # How many depends on how long the thirty notes took on this machine; that none is missing and none is twice does not.
        chased = [rung for rung in rungs if rung.startswith("owner_30wd/4")]
        assert chased == ["owner_30wd/4", *(f"owner_30wd/4#{n}" for n in range(1, len(chased)))]
        assert len(chased) >= 3
        assert next(clock for clock in view.clocks if clock.step == "owner_act").next_rung_at is not None
        await case.act(Withdraw(actor=CITIZEN))
        await case.handle.result()
