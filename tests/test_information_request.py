"""Information request (standard 1.1): every stage, branch and outcome, on a real Temporal whose time passes at will."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from casework.starter.errors import CaseRefused
from casework.workflows.messages.commands import (
    Extend,
    Rate,
    RecordCallBack,
    RecordNoShow,
    Redirect,
    Refuse,
    StartService,
    Withdraw,
)
from casework.workflows.messages.information_request import (
    RecordOwnerReply,
    RecordSelection,
    ReferToOwner,
    ReportHeld,
    TellRequester,
)
from tests.office import CITIZEN, HEAD, OFFICER, OWNER, SOMYING, SUPERVISOR, Office, PlayedCase


async def served(office: Office, **changes: object) -> PlayedCase:
    """A case whose service has started."""
    case = await office.information(**changes)
    await case.act(StartService(actor=OFFICER, officer=SOMYING, point=2))
    return case


async def referred(office: Office) -> PlayedCase:
    """A case that the centre could not answer."""
    case = await served(office)
    await case.act(ReferToOwner(actor=OFFICER, agency="DOEB", question="จำนวนสถานี", papers=["แบบคำขอ"]))
    return case


async def test_held_information_is_handed_over_picked_without_limit_and_rated__provided(office: Office) -> None:
    case = await served(office)
    await case.act(ReportHeld(actor=OFFICER, explanation="แผ่นพับ"))
    view = await case.view()
    assert (view.stage, [clock.step for clock in view.clocks if clock.stopped_at is None]) == ("selecting", [])
    await case.act(RecordSelection(actor=CITIZEN, documents=["แผ่นพับ LPG"]))
    assert (await case.view()).stage == "provided"
    await case.act(Rate(actor=CITIZEN, scores={"overall": 5}))
    assert (await case.handle.result()).outcome == "provided"
    assert await case.types() == ["opened", "service_started", "info_found", "documents_selected", "rated", "closed"]


async def test_not_held_the_owner_is_asked_the_requester_told_twice__referred_answered(office: Office) -> None:
    case = await referred(office)
    view = await case.view()
    assert (view.stage, view.agency) == ("referred", "DOEB")
    assert view.clocks[-1].limit == "15 calendar days"
    await case.act(RecordOwnerReply(actor=OWNER, answer="14 สถานี"))
    assert (await case.view()).stage == "telling"
    await case.act(TellRequester(actor=OFFICER))
    assert (await case.view()).stage == "answered"
    await case.act(Rate(actor=CITIZEN, scores={"overall": 4}))
    assert (await case.handle.result()).outcome == "referred_answered"
    bodies = [mail.get_content() for mail in case.mails()]
    assert "เป็นผู้ให้บริการ" in bodies[0], "who serves, said when service begins"
    assert "กรมธุรกิจพลังงาน" in bodies[1]
    assert any("14 สถานี" in body for body in bodies)
    assert "papers_handed_to_owner" in await case.types()


async def test_the_fifteen_minutes_warn_breach_and_reach_the_head_each_once(office: Office) -> None:
    case = await served(office)
    clock = (await case.view()).clocks[0]
    await case.pass_time(clock.due_at)
    assert (await case.view()).overdue
    await case.pass_time((await case.view()).clocks[0].next_rung_at or clock.due_at)
    types = await case.types()
    told = ["warned", "breached", "improvement_task_opened", "promise_breached", "escalated"]
    assert types == ["opened", "service_started", *told]
    view = await case.view()
    assert [notice.to for notice in view.notices] == ["requester", "assigned_officer", "centre_supervisor", "centre_head"]
    await case.act(ReportHeld(actor=OFFICER, explanation="พบแล้ว"))
    after = await case.view()
    assert (after.stage, after.overdue, after.clocks[0].breached) == ("selecting", False, True)


async def test_the_owner_agency_is_chased_on_days_7_and_12_and_the_requester_hears_of_the_delay(office: Office) -> None:
    case = await referred(office)
    await case.pass_time((await case.view()).clocks[-1].due_at)
    events = (await case.view()).events
    assert [event.type for event in events][-4:] == ["chased", "chased", "breached", "improvement_task_opened"]
    assert [event.data["to"] for event in events if event.type == "chased"] == [
        ["owner_agency"],
        ["owner_agency", "owner_supervisor"],
    ]
    assert sum("ยังไม่แล้วเสร็จ" in mail.get_content() for mail in case.mails()) == 1


async def test_refused_with_a_reason_and_the_way_to_appeal__refused(office: Office) -> None:
    case = await served(office)
    await case.act(Refuse(actor=OFFICER, reason="ข้อมูลลับตามกฎหมาย"))
    assert (await case.handle.result()).outcome == "refused"
    assert "อุทธรณ์" in case.mails()[-1].get_content()


async def test_the_owner_agency_refuses__refused(office: Office) -> None:
    case = await referred(office)
    await case.act(Refuse(actor=OWNER, reason="อยู่ระหว่างคดี"))
    assert (await case.handle.result()).outcome == "refused"


async def test_another_agency_has_it__redirected(office: Office) -> None:
    case = await served(office)
    await case.act(Redirect(actor=OFFICER, to="กรมการขนส่งทางบก", contact="1584"))
    assert (await case.handle.result()).outcome == "redirected"
    assert "1584" in case.mails()[-1].get_content()


@pytest.mark.parametrize("stage", ["queued", "serving", "referred"])
async def test_the_requester_withdraws_at_any_stage__withdrawn(office: Office, stage: str) -> None:
    if stage == "queued":
        case = await office.information()
    else:
        case = await (served(office) if stage == "serving" else referred(office))
    await case.act(Withdraw(actor=CITIZEN))
    assert (await case.handle.result()).outcome == "withdrawn"


async def test_nobody_comes_when_called__no_show(office: Office) -> None:
    case = await office.information()
    await case.act(RecordNoShow(actor=OFFICER))
    assert (await case.handle.result()).outcome == "no_show"


async def test_silence_is_never_satisfaction_and_never_blocks(office: Office) -> None:
    case = await served(office)
    await case.act(ReportHeld(actor=OFFICER, explanation="แผ่นพับ"))
    await case.act(RecordSelection(actor=CITIZEN))
    await case.expire()
    assert (await case.handle.result()).outcome == "provided"
    assert (await case.types())[-2:] == ["satisfaction_not_answered", "closed"]


async def test_a_low_score_opens_an_improvement_task_and_tells_the_supervisor(office: Office) -> None:
    case = await served(office)
    await case.act(ReportHeld(actor=OFFICER, explanation="แผ่นพับ"))
    await case.act(RecordSelection(actor=CITIZEN))
    await case.act(Rate(actor=CITIZEN, scores={"overall": 2}, dissatisfaction="รอนาน", praise="สถานที่ดี"))
    with pytest.raises(CaseRefused, match="takes centre_supervisor or centre_head, not centre_officer"):
        await case.act(RecordCallBack(actor=OFFICER, reached=True))
    await case.act(RecordCallBack(actor=SUPERVISOR, reached=False))
    with pytest.raises(ValidationError, match="who was reached is not given up"):
        RecordCallBack(actor=SUPERVISOR, reached=True, given_up="ไม่มีที่อยู่")
    await case.act(RecordCallBack(actor=SUPERVISOR, reached=False, given_up="ผู้รับบริการไม่ได้ให้ที่อยู่ไว้"))
    await case.handle.result()
    with pytest.raises(CaseRefused, match="is closed"):
        await case.act(RecordCallBack(actor=SUPERVISOR, reached=True))
    assert "improvement_task_opened" in await case.types()
    assert any("รอนาน" in mail.get_content() for mail in office.mailbox.to("supervisor@jsc.example"))


async def test_a_request_by_e_mail_is_acknowledged_at_once_a_walk_in_is_not(office: Office) -> None:
    by_mail, walked_in = await office.information(channel="email"), await office.information()
    assert len(by_mail.mails()) == 1
    assert walked_in.mails() == []


async def test_selecting_has_no_clock_and_its_time_never_ends(office: Office) -> None:
    case = await served(office)
    await case.act(ReportHeld(actor=OFFICER, explanation="แผ่นพับ"))
    with pytest.raises(CaseRefused, match="record_selection"):
        await case.act(ReportHeld(actor=OFFICER, explanation="อีกครั้ง"))
    assert (await case.view()).clocks[-1].next_rung_at is None


async def test_extending_the_owners_time_moves_the_promise_that_is_made_of_it(office: Office) -> None:
    case = await referred(office)
    before = await case.view()
    await case.act(Extend(actor=HEAD, step="owner_gather", by=10, reason="รวบรวมหลายจังหวัด"))
    after = await case.view()
    assert before.promised_at is not None
    assert after.promised_at is not None
    assert after.promised_at - before.promised_at >= timedelta(days=7)
    assert after.promised_at > after.clocks[-1].due_at
