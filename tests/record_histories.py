"""Records the histories that tests/test_replay.py replays: `make histories`, after a deliberate change of workflows.

A change that running cases cannot follow needs `workflow.patched`, not new histories; new ones are added beside the old.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory

from casework.standards.counting.calendar_rules import ChangeKind, NewChange
from casework.workflows.messages.commands import (
    Extend,
    Pause,
    Rate,
    RecordCallBack,
    RecordNoShow,
    RecordService,
    Recount,
    Refuse,
    Reopen,
    Resume,
    StartService,
    Withdraw,
)
from casework.workflows.messages.complaint import AcknowledgeComplaint, AnswerComplaint, Contest
from casework.workflows.messages.forward import (
    AssignToOwner,
    CompleteDocuments,
    ForwardApplication,
    IssueDeficiencyList,
    ReportProgress,
    ReportResult,
)
from casework.workflows.messages.improvement import ImprovementRequest, RecordEffect, ReportImprovement, TakeTask
from casework.workflows.messages.information_request import (
    RecordOwnerReply,
    RecordSelection,
    ReferToOwner,
    ReportHeld,
    TellRequester,
)
from casework.workflows.messages.one_stop import BeginAdvice, CompleteAdvice, Convert
from casework.workflows.messages.people import Actor, Document, Officer
from tests.office import CITIZEN, COMPLAINTS, HEAD, OFFICER, OWNER, SOMYING, SUPERVISOR, Office, PlayedCase

FOLDER = Path(__file__).parent / "histories"
COMPLAINT_HEAD = Actor(id="prasit", role="complaint_centre_head", unit="CC")


async def complaint_contested(office: Office) -> PlayedCase:
    handled = await office.forward()
    await handled.act(Withdraw(actor=CITIZEN))
    case = await office.complaint(about_case=handled.case_id)
    await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=Officer(id="wanida", name="วนิดา ตรงไป")))
    await case.act(AnswerComplaint(actor=COMPLAINTS, upheld="no", answer="ไม่พบ"))
    await case.act(Contest(actor=CITIZEN, reason="ไม่จริง"))
    answer = AnswerComplaint(actor=COMPLAINT_HEAD, upheld="yes", answer="พบ", put_right="แก้ไขแล้ว")
    await case.act(answer)
    await case.expire()
    await case.expire()
    await case.act(Rate(actor=CITIZEN, scores={"overall": 4}))
    return case


async def information_provided(office: Office) -> PlayedCase:
    case = await office.information(channel="email")
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(ReportHeld(actor=OFFICER, explanation="แผ่นพับ"))
    await case.act(RecordSelection(actor=CITIZEN))
    await case.act(Rate(actor=CITIZEN, scores={"overall": 2}, dissatisfaction="รอนาน"))
    await case.act(RecordCallBack(actor=SUPERVISOR, reached=False))
    await case.act(RecordCallBack(actor=SUPERVISOR, reached=True, said="ขอบคุณ"))
    return case


async def information_referred_late(office: Office) -> PlayedCase:
    case = await office.information()
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(ReferToOwner(actor=OFFICER, agency="DOEB", question="จำนวนสถานี", papers=["แบบ"]))
    await case.pass_time((await case.view()).clocks[-1].due_at)
    await case.act(RecordOwnerReply(actor=OWNER, answer="14"))
    await case.act(TellRequester(actor=OFFICER))
    await case.handle.wait(lambda view: view.stage == "answered")
    await case.expire()
    return case


async def forward_the_whole_way(office: Office) -> PlayedCase:
    case = await office.forward()
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["โฉนด"]))
    await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="โฉนด")]))
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.act(ReportProgress(actor=OWNER, status_th="ตรวจสอบ"))
    await case.act(ReportResult(actor=OWNER, result="อนุญาต"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(Reopen(actor=SUPERVISOR, reason="ยังไม่ครบ"))
    await case.act(ReportResult(actor=OWNER, result="ครบแล้ว"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(Rate(actor=CITIZEN, scores={"overall": 5}))
    return case


async def forward_in_silence(office: Office) -> PlayedCase:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    due = next(c for c in (await case.view()).clocks if c.step == "owner_act").due_at
    await case.pass_time(due + timedelta(days=16))
    await case.act(Extend(actor=HEAD, step="owner_act", by=15, reason="รอผล"))
    await case.act(Refuse(actor=OWNER, reason="ขัดกฎหมาย"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.expire()
    return case


async def forward_returned(office: Office) -> PlayedCase:
    case = await office.forward()
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["โฉนด"]))
    await case.expire()
    return case


async def forward_on_paper(office: Office) -> PlayedCase:
    case = await office.forward(requester=office.requester(email=None), officer=SOMYING)
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["โฉนด", "แผนที่"]))
    await case.act(RecordService(actor=OFFICER, how="posted", receipt="EE 1"))
    [letter] = (await case.view()).letters
    assert letter.deemed_at is not None
    await case.pass_time(letter.deemed_at)
    now = await case.now()
    await case.act(CompleteDocuments(actor=OFFICER, documents=[Document(name="โฉนด")], received_at=now - timedelta(minutes=5)))
    await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="แผนที่")]))
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    await case.act(ReportResult(actor=OWNER, result="อนุญาต"))
    await case.act(RecordService(actor=OFFICER, how="handed_over"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(Rate(actor=CITIZEN, scores={"overall": 5}))
    return case


async def forward_with_mail_down(office: Office) -> PlayedCase:
    requester = office.requester()
    office.mailbox.answers[str(requester.email)] = "451 later"
    case = await office.forward(requester=requester)
    await case.act(ForwardApplication(actor=OFFICER))
    del office.mailbox.answers[case.address]
    await case.act(Withdraw(actor=CITIZEN))
    return case


async def one_stop_advised(office: Office) -> PlayedCase:
    case = await office.one_stop()
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(BeginAdvice(actor=OFFICER, matter="ค่าไฟ"))
    await case.pass_time((await case.view()).clocks[-1].due_at)
    await case.act(CompleteAdvice(actor=OFFICER, advice="เบอร์ 5"))
    await case.act(Rate(actor=CITIZEN, scores={"overall": 4}))
    return case


async def one_stop_converted(office: Office) -> PlayedCase:
    case = await office.one_stop()
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(Convert(actor=OFFICER, into="forward", documents=[Document(name="คำขอ")]))
    return case


async def one_stop_no_show(office: Office) -> PlayedCase:
    case = await office.one_stop()
    await case.act(RecordNoShow(actor=OFFICER))
    return case


async def forward_paused_extended_and_recounted(office: Office) -> PlayedCase:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await case.act(Pause(actor=OWNER, reason="awaiting_requester"))
    await case.pass_time(timedelta(days=3))
    await case.act(Resume(actor=OWNER))
    day = (await case.view()).clocks[-1].due_at.date() - timedelta(days=1)
    asked = NewChange(standard="moe-jsc", date=day, kind=ChangeKind.HOLIDAY, name_th="วันหยุดพิเศษ", reason="มติ ครม.", by="prasert")
    made = await office.records.change_calendar([asked])
    await case.act(Recount(actor=HEAD, revision=made[0].revision))
    await case.act(Extend(actor=HEAD, step="owner_act", by=5, reason="รอผลตรวจ"))
    await case.act(Pause(actor=OWNER, reason="awaiting_third_party"))
    standing = (await case.view()).pause
    assert standing is not None
    await case.pass_time(standing.until)
    await case.act(Pause(actor=OWNER, reason="force_majeure"))
    await case.act(Withdraw(actor=CITIZEN))
    return case


async def improvement_measured(office: Office) -> PlayedCase:
    said = {"centre": "JSC", "request_id": "ป้าย", "requester": office.requester(), "subject": "ป้ายบอกทาง"}
    task = await office.open(ImprovementRequest.model_validate({**said, "cause": "idea_of_public", "channel": "web"}))
    await task.pass_time(timedelta(days=30))
    await task.act(TakeTask(actor=SUPERVISOR, owner=SOMYING, plan="ทำป้าย"))
    await task.act(ReportImprovement(actor=OFFICER, done="ติดป้ายแล้ว"))
    await task.act(RecordEffect(actor=SUPERVISOR, effect="same", figures="20 เป็น 20", again=True))
    await task.act(ReportImprovement(actor=OFFICER, done="ติดป้ายใหญ่ขึ้น"))
    await task.act(RecordEffect(actor=SUPERVISOR, effect="better", figures="20 เป็น 2"))
    return task


STORIES: list[Callable[[Office], Awaitable[PlayedCase]]] = [
    complaint_contested,
    information_provided,
    information_referred_late,
    forward_the_whole_way,
    forward_in_silence,
    forward_returned,
    forward_with_mail_down,
    forward_on_paper,
    forward_paused_extended_and_recounted,
    improvement_measured,
    one_stop_advised,
    one_stop_converted,
    one_stop_no_show,
]


@pytest.mark.parametrize("story", STORIES)
async def test_record(office: Office, story: Callable[[Office], Awaitable[PlayedCase]]) -> None:
    case = await story(office)
    await case.handle.result()
    save(await case.handle.workflow.fetch_history(), story.__name__, case.case_id)


def save(history: WorkflowHistory, name: str, case_id: str) -> None:
    """Keep a history in the place of an older one of this name."""
    for older in FOLDER.glob(f"{name}@*.json"):
        older.unlink()
    file = FOLDER / f"{name}@{case_id}.json"
    file.write_text(json.dumps(_anonymous(json.loads(history.to_json())), ensure_ascii=False), encoding="utf-8")


def _anonymous(value: Any) -> Any:
    """The same history without traces of the machine it was recorded on."""
    if isinstance(value, dict):
        return {key: _anonymous(item) for key, item in value.items() if key not in ("identity", "stackTrace", "buildId")}
    if isinstance(value, list):
        return [_anonymous(item) for item in value]
    return re.sub(r"^\d+@vm\S*$", "recorder", value) if isinstance(value, str) else value
