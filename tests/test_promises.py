"""What the requester was promised: it never becomes later in silence, and a promise that is not kept is said."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.starter.errors import CaseRefused
from casework.starter.explaining import Explainer, moves
from casework.workflows.messages.commands import Extend, Pause, Rate, Reopen, StartService, Withdraw
from casework.workflows.messages.forward import (
    AssignToOwner,
    CompleteDocuments,
    ForwardApplication,
    IssueDeficiencyList,
    ReportResult,
)
from casework.workflows.messages.information_request import RecordOwnerReply, RecordSelection, ReferToOwner, ReportHeld
from casework.workflows.messages.people import Document
from tests.office import CITIZEN, COMPLAINTS, HEAD, OFFICER, OWNER, SOMYING, SUPERVISOR, Office, PlayedCase


async def promised(case: PlayedCase) -> datetime:
    found = (await case.view()).promised_at
    assert found is not None
    return found


async def test_forwarding_late_leaves_the_promise_where_it_was(office: Office) -> None:
    case = await office.forward()
    before = await promised(case)
    await case.pass_time(timedelta(days=8))
    await case.act(ForwardApplication(actor=OFFICER))
    view = await case.view()
    owner = next(clock for clock in view.clocks if clock.step == "owner_act")
    assert view.promised_at == before < owner.due_at
    assert moves(view.events) == []
    told = next(mail.get_content() for mail in case.mails() if "ได้ส่งเรื่อง" in mail.get_content())
    assert f"{before.day} " in told


async def test_a_promise_that_is_not_kept_is_said_while_the_owner_is_in_time(office: Office) -> None:
    case = await office.forward()
    before = await promised(case)
    await case.pass_time(timedelta(days=8))
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.pass_time(before + timedelta(minutes=5))
    view = await case.view()
    owner = next(clock for clock in view.clocks if clock.step == "owner_act")
    assert not owner.breached
    assert view.overdue
    [late] = [event for event in view.events if event.type == "promise_breached"]
    assert datetime.fromisoformat(late.data["due_at"]) == before
    assert [notice.to for notice in view.notices if notice.template == "promise_breached"] == ["requester"]


async def test_who_was_told_by_the_ladder_is_not_told_twice_of_the_same_lateness(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.pass_time(await promised(case) + timedelta(minutes=5))
    view = await case.view()
    assert [event.type for event in view.events if event.type in ("breached", "promise_breached")] == [
        "breached",
        "promise_breached",
    ]
    assert [notice.template for notice in view.notices if notice.to == "requester"][-1] == "delay_notice"
    assert "promise_breached" not in [notice.template for notice in view.notices]


async def test_more_time_for_a_step_of_the_promise_is_more_time_for_the_promise(office: Office) -> None:
    case = await office.forward()
    await case.pass_time(timedelta(days=8))
    await case.act(ForwardApplication(actor=OFFICER))
    before = await promised(case)
    await case.act(Extend(actor=HEAD, step="owner_act", by=3, reason="ผลตรวจจากห้องปฏิบัติการ"))
    [move] = moves((await case.view()).events)
    assert datetime.fromisoformat(move["old_due_at"]) == before < await promised(case)
    assert (move["reason_th"], move["told"]) == ("ผลตรวจจากห้องปฏิบัติการ", "due_date_changed")


async def test_the_requesters_own_time_makes_another_promise_and_says_so(office: Office) -> None:
    case = await office.forward()
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    before = await promised(case)
    await case.pass_time(timedelta(days=5))
    await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="สำเนาโฉนด")]))
    view = await case.view()
    [move] = moves(view.events)
    assert datetime.fromisoformat(move["old_due_at"]) == before < await promised(case)
    assert (move["reason_en"], move["told"]) == ("the requester completed the papers", "progress_update")
    explained = Explainer(StandardsLibrary([default_pack()]), await office.records.calendar_changes()).promise(view)
    assert explained is not None
    assert explained.plan.due_at == view.promised_at


async def test_the_requesters_own_time_breaks_no_promise(office: Office) -> None:
    case = await office.forward()
    await case.pass_time(timedelta(days=44))
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    await case.pass_time(await promised(case) + timedelta(days=1))
    assert "promise_breached" not in await case.types()


async def test_a_request_by_letter_is_promised_working_days_from_the_receipt(office: Office) -> None:
    case = await office.information(channel="letter")
    view = await case.view()
    assert [(clock.step, clock.limit) for clock in view.clocks] == [("respond", "3 working days")]
    assert view.promised_at == view.clocks[0].due_at
    await case.pass_time(timedelta(days=6))
    late = await case.view()
    assert late.overdue, "somebody is warned although nobody took it up"
    assert {"warned", "breached", "promise_breached"} <= {event.type for event in late.events}
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(ReportHeld(actor=OFFICER, explanation="มีข้อมูล"))
    await case.act(RecordSelection(actor=OFFICER, documents=[]))
    view = await case.view()
    assert view.stage == "provided"
    assert not view.overdue


async def test_not_held_is_another_promise_and_who_comes_to_the_counter_gets_none_while_waiting(office: Office) -> None:
    case = await office.information()
    assert (await case.view()).promised_at is None
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    served = await case.view()
    assert served.promised_at == served.clocks[0].due_at
    await case.act(ReferToOwner(actor=OFFICER, agency="DOEB", question="จำนวนสถานี"))
    [move] = moves((await case.view()).events)
    assert move["told"] == "info_referred"
    await case.act(RecordOwnerReply(actor=OWNER, answer="14 สถานี"))
    assert (await case.view()).stage == "telling"


async def test_nothing_is_said_of_the_promise_after_the_end(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.act(Pause(actor=OWNER, reason="awaiting_third_party"))
    await case.pass_time(timedelta(days=2))
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()
    assert [event.type for event in (await case.view()).events][-2:] == ["withdrawn", "closed"]


async def test_a_pause_of_a_request_by_letter_pauses_its_promise(office: Office) -> None:
    case = await office.information(channel="email")
    before = await promised(case)
    await case.act(Pause(actor=OFFICER, reason="awaiting_requester"))
    assert await promised(case) > before
    await case.pass_time(before + timedelta(hours=1))
    assert "promise_breached" not in await case.types()


async def test_a_matter_taken_up_again_may_be_rated_again_and_goes_back_to_its_agency(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    for score in (1, 5):
        await case.act(ReportResult(actor=OWNER, result="ผล"))
        await case.handle.wait(lambda view: view.stage == "completed")
        await case.act(Rate(actor=CITIZEN, scores={"overall": score}))
        if score == 1:
            await case.act(Reopen(actor=SUPERVISOR, reason="ยังไม่ครบ"))
            with pytest.raises(CaseRefused, match="needs a reason"):
                await case.act(AssignToOwner(actor=COMPLAINTS, agency="DEDE"))
            await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.handle.result()
    view = await case.view()
    assert "case_passed_on" not in [notice.template for notice in view.notices]
    assert [event.data["scores"] for event in view.events if event.type == "rated"] == [{"overall": 1}, {"overall": 5}]
