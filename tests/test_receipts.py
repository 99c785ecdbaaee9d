"""What reached the centre in time is in time, whenever somebody entered it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from casework.starter.errors import CaseRefused
from casework.workflows.messages.commands import Pause, Reopen, Resume, StartService, Withdraw
from casework.workflows.messages.forward import CompleteDocuments, ForwardApplication, IssueDeficiencyList, ReportResult
from casework.workflows.messages.information_request import RecordOwnerReply, ReferToOwner
from casework.workflows.messages.people import Document
from casework.workflows.messages.views import ClockView
from tests.office import CITIZEN, COMPLAINTS, OFFICER, OWNER, SOMYING, SUPERVISOR, Office, PlayedCase

PAPERS = [Document(name="สำเนาโฉนด")]
TEN_MINUTES = timedelta(minutes=10)


async def clock(case: PlayedCase, step: str) -> ClockView:
    return next(each for each in (await case.view()).clocks if each.step == step)


async def awaiting_papers(office: Office) -> tuple[PlayedCase, datetime]:
    """A case whose requester had until then to bring a paper, a moment later."""
    case = await office.forward()
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    due = (await clock(case, "requester_complete")).due_at
    await case.pass_time(due)
    return case, due


async def test_papers_of_the_last_minutes_are_in_time_when_they_are_typed_later(office: Office) -> None:
    case, due = await awaiting_papers(office)
    received = due - TEN_MINUTES
    await case.act(CompleteDocuments(actor=OFFICER, documents=PAPERS, received_at=received))
    view = await case.view()
    assert view.stage == "submitted"
    assert (await clock(case, "requester_complete")).stopped_at == received
    assert (await clock(case, "check_forward")).started_at == received
    entered = next(event for event in view.events if event.type == "documents_handed_in")
    assert datetime.fromisoformat(entered.data["received_at"]) == received < entered.at


async def test_the_counter_has_the_next_working_day_to_enter_them_and_no_longer(office: Office) -> None:
    case, due = await awaiting_papers(office)
    with pytest.raises(CaseRefused, match=r"the time for this passed at .*entered with received_at"):
        await case.act(CompleteDocuments(actor=OFFICER, documents=PAPERS))
    with pytest.raises(CaseRefused, match="the time for this passed at"):
        await case.act(CompleteDocuments(actor=CITIZEN, documents=PAPERS))
    with pytest.raises(CaseRefused, match="the time for this passed at"):
        await case.act(CompleteDocuments(actor=OFFICER, documents=PAPERS, received_at=due + timedelta(seconds=1)))
    with pytest.raises(CaseRefused, match="the time of requester_complete has passed"):
        await case.act(Pause(actor=OFFICER, reason="force_majeure"))
    until = (await clock(case, "requester_complete")).entry_closes_at
    assert until is not None
    assert until.time() == due.time()
    assert until.date() > due.date()
    await case.pass_time(until - timedelta(minutes=5))
    assert (await case.view()).stage == "awaiting_documents"
    await case.pass_time(until)
    assert (await case.handle.result()).outcome == "returned_incomplete"


async def test_a_receipt_is_neither_in_the_future_nor_before_the_case_nor_the_givers_own_word(office: Office) -> None:
    case = await office.forward()
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    now, received = await case.now(), (await case.view()).received_at

    async def enter(at: datetime, actor: object = OFFICER) -> None:
        await case.act(CompleteDocuments.model_validate({"actor": actor, "documents": PAPERS, "received_at": at}))

    with pytest.raises(CaseRefused, match="received_at lies in the future"):
        await enter(now + timedelta(hours=1))
    with pytest.raises(CaseRefused, match="received_at lies before the case was received"):
        await enter(received - timedelta(seconds=1))
    with pytest.raises(CaseRefused, match="what requester does counts when it is done"):
        await enter(now, CITIZEN)
    await enter(now)
    assert (await clock(case, "requester_complete")).stopped_at is not None


async def test_an_answer_that_came_in_time_takes_the_breach_back(office: Office) -> None:
    case = await office.information()
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(ReferToOwner(actor=OFFICER, agency="DOEB", question="?"))
    due = (await clock(case, "owner_gather")).due_at
    await case.pass_time(due)
    assert (await case.view()).overdue
    with pytest.raises(CaseRefused, match="what owner_agency does counts when it is done"):
        await case.act(RecordOwnerReply(actor=OWNER, answer="…", received_at=due - TEN_MINUTES))
    await case.act(RecordOwnerReply(actor=OFFICER, answer="…", received_at=due - TEN_MINUTES))
    view = await case.view()
    assert (view.overdue, view.breached_at) == (False, None)
    assert not (await clock(case, "owner_gather")).breached
    assert (await clock(case, "tell_requester")).started_at == due - TEN_MINUTES
    taken_back = next(event for event in view.events if event.type == "was_in_time")
    assert taken_back.data["step"] == "owner_gather"
    row = await office.records.case(case.case_id)
    assert row is not None
    assert row.breached_at is None


async def test_a_clock_runs_again_from_when_the_papers_came(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    await case.act(Pause(actor=COMPLAINTS, reason="awaiting_requester"))
    begun = await case.now()
    await case.pass_time(timedelta(days=3))
    await case.act(Resume(actor=COMPLAINTS, received_at=begun + timedelta(hours=1)))
    [pause] = (await clock(case, "owner_act")).ledger.pauses
    assert pause.ended == begun + timedelta(hours=1)


async def test_a_request_to_reopen_of_the_last_day_may_be_entered_on_the_next(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    await case.act(ReportResult(actor=OWNER, result="แล้วเสร็จ"))
    await case.handle.wait(lambda view: view.stage == "completed")
    due = (await clock(case, "satisfaction")).due_at
    await case.pass_time(due)
    with pytest.raises(CaseRefused, match="the time for this passed"):
        await case.act(Reopen(actor=SUPERVISOR, reason="ยังไม่เรียบร้อย"))
    await case.act(Reopen(actor=SUPERVISOR, reason="ยังไม่เรียบร้อย", received_at=due - TEN_MINUTES))
    assert (await case.view()).stage == "with_owner"
    assert (await clock(case, "owner_act")).started_at == due - TEN_MINUTES
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_what_was_received_cannot_be_older_than_what_it_answers(office: Office) -> None:
    case = await office.information()
    came = (await case.view()).received_at
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.pass_time(timedelta(minutes=5))
    await case.act(ReferToOwner(actor=OFFICER, agency="DOEB", question="?"))
    with pytest.raises(CaseRefused, match="received_at lies before what it answers"):
        await case.act(RecordOwnerReply(actor=OFFICER, answer="…", received_at=came + timedelta(minutes=2)))
    await case.act(Withdraw(actor=OFFICER, how="เป็นหนังสือ", received_at=came + timedelta(minutes=2)))  # a wish may be
    await case.handle.result()
