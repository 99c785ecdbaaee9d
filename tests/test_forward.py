"""Receive and forward (standard 1.2): every stage, branch and outcome, on a real Temporal whose time passes at will."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from temporalio.client import WorkflowFailureError

from casework.starter.errors import CaseRefused
from casework.workflows.messages.commands import (
    Extend,
    Rate,
    Reassign,
    RecordCallBack,
    Redirect,
    Refuse,
    Reopen,
    ReportDelay,
    Settle,
    Withdraw,
)
from casework.workflows.messages.forward import (
    AssignToOwner,
    CompleteDocuments,
    ForwardApplication,
    IssueDeficiencyList,
    ReportProgress,
    ReportResult,
)
from casework.workflows.messages.people import Actor, Document
from tests.office import CITIZEN, COMPLAINTS, HEAD, OFFICER, OWNER, SOMYING, SUPERVISOR, Office, PlayedCase


async def forwarded(office: Office, **changes: object) -> PlayedCase:
    """A case that is with its owner agency."""
    case = await office.forward(**changes)
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    return case


async def test_checked_forwarded_relayed_acted_on_both_told_and_rated__completed(office: Office) -> None:
    case = await forwarded(office)
    await case.act(ReportResult(actor=OWNER, result="อนุญาต"))
    view = await case.handle.wait(lambda view: view.stage == "completed")
    owner = next(c for c in view.clocks if c.step == "owner_act")
    assert owner.stopped_at is not None
    assert not owner.breached
    await case.act(Rate(actor=CITIZEN, scores={"overall": 5}))
    assert (await case.handle.result()).outcome == "completed"
    assert await case.types() == [
        "opened",
        "forwarded",
        "assigned_to_owner",
        "result_reported",
        "everybody_told",
        "rated",
        "closed",
    ]
    bodies = [mail.get_content() for mail in [*case.mails(), *office.mailbox.to("centre@jsc.example")]]
    assert sum("อนุญาต" in body and (view.case_no or "?") in body for body in bodies) == 2


async def test_thirty_working_days_of_silence_chase_escalate_breach_and_go_on(office: Office) -> None:
    case = await forwarded(office)
    due = next(c for c in (await case.view()).clocks if c.step == "owner_act").due_at
    await case.pass_time(due)
    view = await case.view()
    assert (view.stage, view.overdue) == ("with_owner", True)
    fired = [(event.type, event.data["to"]) for event in view.events if "rung" in event.data]
    assert fired == [
        ("progress_notified", ["requester"]),
        ("chased", ["owner_agency"]),
        ("progress_notified", ["requester"]),
        ("chased", ["owner_agency", "owner_supervisor"]),
        ("escalated", ["owner_director", "complaint_centre_head"]),
        ("breached", ["owner_director", "deputy_permanent_secretary"]),
    ]
    await case.act(ReportResult(actor=OWNER, result="ตรวจแล้ว"))
    view = await case.handle.wait(lambda view: view.stage == "completed")
    assert next(c for c in view.clocks if c.step == "owner_act").breached


async def test_a_delay_notice_goes_out_every_seven_days_on_working_days(office: Office) -> None:
    case = await forwarded(office)
    due = next(c for c in (await case.view()).clocks if c.step == "owner_act").due_at
    await case.pass_time(due + timedelta(days=22))
    escalated = [event for event in (await case.view()).events if str(event.data.get("rung")).startswith("owner_30wd/4")]
    assert [event.data["rung"] for event in escalated] == ["owner_30wd/4", "owner_30wd/4#1", "owner_30wd/4#2"]
    assert sum("ยังไม่แล้วเสร็จ" in mail.get_content() for mail in case.mails()) == 4  # at the breach and three times after


async def test_one_deficiency_list_then_complete_and_the_working_day_starts_again(office: Office) -> None:
    case = await office.forward()
    first, promised = (await case.view()).clocks[0], (await case.view()).promised_at
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด", "แผนที่"]))
    view = await case.view()
    assert view.stage == "awaiting_documents"
    assert view.clocks[-1].limit == "15 calendar days"
    assert "สำเนาโฉนด; แผนที่" in case.mails()[-1].get_content()
    await case.pass_time(timedelta(days=8))
    await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="สำเนาโฉนด"), Document(name="แผนที่")]))
    view = await case.view()
    assert view.stage == "submitted"
    again = next(c for c in view.clocks if c.step == "check_forward")
    assert again.stopped_at is None
    assert again.started_at > first.started_at
    assert view.promised_at is not None
    assert promised is not None
    assert view.promised_at > promised
    await case.pass_time(again.due_at)
    assert "breached" in await case.types()
    assert [document.name for document in view.documents] == ["คำขอ", "สำเนาโฉนด", "แผนที่"]


async def test_a_second_deficiency_list_is_refused(office: Office) -> None:
    case = await office.forward()
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="สำเนาโฉนด")]))
    with pytest.raises(CaseRefused, match="already issued"):
        await case.act(IssueDeficiencyList(actor=OFFICER, missing=["อีกฉบับ"]))


async def test_papers_that_never_come_are_reminded_of_then_returned__returned_incomplete(office: Office) -> None:
    case = await office.forward()
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    await case.expire()
    assert (await case.handle.result()).outcome == "returned_incomplete"
    assert (await case.types())[-3:] == ["reminded", "application_returned", "closed"]
    reminder = next(mail.get_content() for mail in case.mails() if "still lacks" in mail.get_content())
    assert "still lacks สำเนาโฉนด." in reminder
    assert re.search(r"by \d+ \w+ 20\d\d, \d\d:\d\d\.", reminder)
    assert "ขอส่งคืนคำขอ" in case.mails()[-1].get_content()


async def test_the_check_of_one_working_day_warns_the_officer_then_the_supervisor_then_the_head(office: Office) -> None:
    case = await office.forward()
    await case.act(Reassign(actor=SUPERVISOR, to=SOMYING, reason="เวรวันนี้"))
    await case.pass_time((await case.view()).clocks[0].due_at)
    view = await case.view()
    await case.pass_time(view.clocks[0].next_rung_at or view.clocks[0].due_at)
    fired = [(event.type, event.data["to"]) for event in (await case.view()).events if "rung" in event.data]
    assert fired == [("warned", ["assigned_officer"]), ("breached", ["centre_supervisor"]), ("escalated", ["centre_head"])]
    case_no = (await case.view()).case_no or ""
    assert any(case_no in mail["Subject"] for mail in office.mailbox.to("somying@jsc.example"))


async def test_relaying_late_is_the_complaint_centres_breach_not_the_owners(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    relay = next(c for c in (await case.view()).clocks if c.step == "relay")
    await case.pass_time(relay.due_at)
    view = await case.view()
    assert {c.step: c.breached for c in view.clocks} == {"check_forward": False, "relay": True, "owner_act": False}
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    assert not (await case.view()).overdue


async def test_a_chase_before_anybody_owns_the_case_goes_to_the_complaint_centre(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    while "chased" not in await case.types():
        rungs = [c.next_rung_at for c in (await case.view()).clocks if c.next_rung_at]
        await case.pass_time(min(rungs))
    chased = [notice.to for notice in (await case.view()).notices if notice.template == "owner_chase"]
    assert chased == ["complaint_centre"]


async def test_progress_is_told_to_the_requester(office: Office) -> None:
    case = await forwarded(office)
    await case.act(ReportProgress(actor=OWNER, status_th="ลงพื้นที่ตรวจสอบ", status_en="inspecting on site"))
    assert "ลงพื้นที่ตรวจสอบ" in case.mails()[-1].get_content()
    assert "inspecting on site" in case.mails()[-1].get_content()


async def test_the_owner_refuses_with_a_reason_and_satisfaction_is_asked__refused_with_reason(office: Office) -> None:
    case = await forwarded(office)
    await case.act(Refuse(actor=OWNER, reason="ขัดต่อกฎกระทรวง"))
    assert any("ขัดต่อกฎกระทรวง" in mail.get_content() for mail in office.mailbox.to("centre@jsc.example"))
    assert (await case.view()).stage == "completed"
    await case.expire()
    assert (await case.handle.result()).outcome == "refused_with_reason"


async def test_the_matter_belongs_elsewhere__redirected(office: Office) -> None:
    case = await forwarded(office)
    await case.act(Redirect(actor=COMPLAINTS, to="กรมที่ดิน", contact="02 141 5555"))
    assert (await case.handle.result()).outcome == "redirected"


async def test_the_parties_agree__settled(office: Office) -> None:
    case = await forwarded(office)
    await case.act(Settle(actor=OWNER, terms="คืนเงินค่าเสียหาย"))
    assert (await case.handle.result()).outcome == "settled"
    assert "คืนเงินค่าเสียหาย" in case.mails()[-1].get_content()


async def test_the_requester_withdraws__withdrawn(office: Office) -> None:
    case = await office.forward()
    await case.act(Withdraw(actor=CITIZEN, reason="ได้รับแล้ว"))
    assert (await case.handle.result()).outcome == "withdrawn"


async def test_a_completed_matter_may_be_reopened_and_completed_again(office: Office) -> None:
    case = await forwarded(office)
    await case.act(ReportResult(actor=OWNER, result="ครั้งแรก"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(Reopen(actor=SUPERVISOR, reason="ยังไม่ครบ"))
    assert "is considered once more" in case.mails()[-1].get_content()
    view = await case.view()
    assert (view.stage, view.outcome) == ("with_owner", None)
    await case.act(ReportResult(actor=OWNER, result="ครั้งที่สอง"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(Rate(actor=CITIZEN, scores={"overall": 3}))
    assert (await case.handle.result()).outcome == "completed"
    assert sum("ครั้งที่สอง" in mail.get_content() for mail in case.mails()) == 1


async def test_reassigning_never_moves_a_clock(office: Office) -> None:
    case = await office.forward()
    before = (await case.view()).clocks[0]
    await case.pass_time(timedelta(hours=2))
    await case.act(Reassign(actor=SUPERVISOR, to=SOMYING, reason="ลาป่วย"))
    after = await case.view()
    assert (after.clocks[0].started_at, after.clocks[0].due_at) == (before.started_at, before.due_at)
    assert after.events[-1].data["reason"] == "ลาป่วย"


async def test_an_extension_moves_what_is_pending_once_and_tells_both_dates(office: Office) -> None:
    case = await forwarded(office)
    old = next(c for c in (await case.view()).clocks if c.step == "owner_act")
    await case.pass_time(old.next_rung_at or old.due_at)
    await case.act(Extend(actor=HEAD, step="owner_act", by=5, reason="รอผลตรวจ"))
    view = await case.view()
    new = next(c for c in view.clocks if c.step == "owner_act")
    assert new.due_at > old.due_at
    assert view.promised_at == new.due_at
    assert "เปลี่ยนจาก" in case.mails()[-1].get_content()
    await case.pass_time(new.due_at)
    rungs = [event.data["rung"] for event in (await case.view()).events if "rung" in event.data]
    assert len(rungs) == len(set(rungs)) == 6
    with pytest.raises(CaseRefused, match="as often as the standard allows"):
        await case.act(Extend(actor=HEAD, step="owner_act", by=1, reason="อีก"))
    with pytest.raises(CaseRefused, match="not running"):
        await case.act(Extend(actor=HEAD, step="relay", by=1, reason="อีก"))


async def test_an_extension_after_the_breach_puts_what_lies_ahead_back_on_the_ladder(office: Office) -> None:
    case = await forwarded(office)
    due = next(c for c in (await case.view()).clocks if c.step == "owner_act").due_at
    await case.pass_time(due + timedelta(days=1))
    assert (await case.view()).overdue
    await case.act(Extend(actor=HEAD, step="owner_act", by=10, reason="รอผลตรวจ"))
    view = await case.view()
    clock = next(c for c in view.clocks if c.step == "owner_act")
    assert (view.overdue, clock.breached, clock.due_at > due) == (False, True, True)
    await case.pass_time(clock.due_at + timedelta(days=8))
    types = await case.types()
    assert types.count("breached") == 2
    assert types[-1] == "escalated"
    assert (await case.view()).overdue


async def test_an_operator_who_cancels_the_workflow_is_on_record_and_nobody_is_left_untold(office: Office) -> None:
    case = await forwarded(office)
    await case.handle.workflow.cancel()
    view = await case.handle.wait(lambda view: view.stage == "closed")
    assert view.events[-1].type == "cancelled_by_operator"
    assert {notice.status for notice in view.notices} == {"sent"}
    with pytest.raises(WorkflowFailureError):
        await case.handle.workflow.result()
    assert (await office.records.events(case.case_id))[-1].type == "cancelled_by_operator"


async def test_an_extension_too_short_to_help_does_not_silence_the_ladder(office: Office) -> None:
    case = await forwarded(office)
    due = next(c for c in (await case.view()).clocks if c.step == "owner_act").due_at
    await case.pass_time(due + timedelta(days=25))
    await case.act(Extend(actor=HEAD, step="owner_act", by=1, reason="รอลายเซ็น"))
    view = await case.view()
    clock = next(c for c in view.clocks if c.step == "owner_act")
    assert clock.due_at < await case.now()
    assert (view.overdue, clock.next_rung) == (True, "escalate deputy_permanent_secretary")
    before = (await case.types()).count("escalated")
    await case.pass_time(timedelta(days=8))
    assert (await case.types()).count("escalated") > before


async def test_the_officer_who_forwards_stands_on_what_the_requester_hears(office: Office) -> None:
    case = await office.forward(channel="web")
    await case.act(ForwardApplication(actor=OFFICER, officer=SOMYING))
    assert (await case.view()).officer == SOMYING


async def test_only_the_agency_that_has_the_case_reports_on_it(office: Office) -> None:
    case = await forwarded(office)
    stranger = Actor(id="anan", role="owner_agency", unit="EPPO")
    with pytest.raises(CaseRefused, match="the case is with DOEB; EPPO cannot give report_result"):
        await case.act(ReportResult(actor=stranger, result="ก"))


async def test_an_owner_is_told_once_and_passing_the_case_on_takes_a_reason(office: Office) -> None:
    case = await forwarded(office)
    before = next(c for c in (await case.view()).clocks if c.step == "owner_act")
    with pytest.raises(CaseRefused, match="is with DOEB already"):
        await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    with pytest.raises(CaseRefused, match="passing it on to DEDE needs a reason"):
        await case.act(AssignToOwner(actor=COMPLAINTS, agency="DEDE"))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DEDE", reason="อยู่ในอำนาจหน้าที่ของ พพ."))
    view = await case.view()
    assert view.agency == "DEDE"
    assert next(c for c in view.clocks if c.step == "owner_act") == before


async def test_an_owner_named_beforehand_is_not_chased_before_it_was_told(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    await case.pass_time(timedelta(days=30))
    view = await case.view()
    assert "chased" in await case.types()
    assert "owner_agency" not in [notice.to for notice in view.notices]
    late = [event for event in view.events if event.type == "breached" and event.data["step"] == "relay"]
    assert [event.data["to"] for event in late] == [["complaint_centre_head"]], "who relays late is the one that is late"


async def test_a_matter_is_passed_on_in_sight_and_not_for_ever(office: Office) -> None:
    case = await forwarded(office)
    before = (await case.view()).promised_at
    for agency in ("DEDE", "EPPO"):
        await case.act(AssignToOwner(actor=COMPLAINTS, agency=agency, reason="อยู่ในอำนาจหน้าที่ของหน่วยงานอื่น"))
    with pytest.raises(CaseRefused, match="passed on 2 times already; once more takes complaint_centre_head"):
        await case.act(AssignToOwner(actor=COMPLAINTS, agency="DMF", reason="อีกครั้ง"))
    head = Actor(id="prasit", role="complaint_centre_head", unit="CC")
    await case.act(AssignToOwner(actor=head, agency="DMF", reason="วินิจฉัยแล้ว"))
    view = await case.view()
    assert (view.agency, view.promised_at) == ("DMF", before)
    assert [notice.template for notice in view.notices if notice.to == "requester"].count("case_passed_on") == 3


async def test_who_is_not_content_may_still_have_the_matter_taken_up_again(office: Office) -> None:
    case = await forwarded(office)
    await case.act(ReportResult(actor=OWNER, result="ไม่อนุญาต"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(Rate(actor=CITIZEN, scores={"overall": 1}))
    assert (await case.view()).stage == "completed"
    with pytest.raises(CaseRefused, match="has rated already"):
        await case.act(Rate(actor=CITIZEN, scores={"overall": 5}))
    await case.pass_time(timedelta(days=10))
    assert (await case.view()).stage == "completed"  # nobody has called back
    await case.act(RecordCallBack(actor=SUPERVISOR, reached=True))
    await case.handle.result()
    assert "satisfaction_not_answered" not in await case.types()


async def test_nobody_speaks_in_the_requesters_name_without_saying_how_they_asked(office: Office) -> None:
    case = await office.forward()
    with pytest.raises(CaseRefused, match="withdraw in the requester's name needs `how`"):
        await case.act(Withdraw(actor=OFFICER))
    await case.act(Withdraw(actor=OFFICER, how="หนังสือลงวันที่ 21 พ.ย. 2569"))
    assert (await case.handle.result()).outcome == "withdrawn"


async def test_a_delay_notice_gives_the_reason_that_the_owner_gave(office: Office) -> None:
    case = await forwarded(office)
    due = next(c for c in (await case.view()).clocks if c.step == "owner_act").due_at
    await case.act(ReportDelay(actor=OWNER, reason="รอผลตรวจจากห้องปฏิบัติการ"))
    await case.pass_time(due + timedelta(days=1))
    late = next(mail.get_content() for mail in case.mails() if "ยังไม่แล้วเสร็จตามกำหนด" in mail.get_content())
    assert "เนื่องจากรอผลตรวจจากห้องปฏิบัติการ" in late
