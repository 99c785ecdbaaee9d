"""Improvement: what went wrong opens one task a month, whoever saw it first; it is taken, done and measured."""

from __future__ import annotations

from uuid import uuid4

import pytest

from casework.adapters.postgres.reports import improvements
from casework.starter.errors import CaseRefused
from casework.workflows.messages.commands import Rate, RecordCallBack
from casework.workflows.messages.complaint import AcknowledgeComplaint, AnswerComplaint
from casework.workflows.messages.improvement import DeclineTask, ImprovementRequest, RecordEffect, ReportImprovement, TakeTask
from casework.workflows.messages.one_stop import BeginPublications, GivePublications
from casework.workflows.messages.people import Officer
from tests.office import CITIZEN, COMPLAINTS, OFFICER, SOMYING, SUPERVISOR, Office, PlayedCase
from tests.test_one_stop import at_triage

UNHAPPY = Rate(actor=CITIZEN, scores={"overall": 1}, dissatisfaction="รอนาน")


async def given(office: Office) -> PlayedCase:
    case = await at_triage(office)
    await case.act(BeginPublications(actor=OFFICER, wanted=["คู่มือ"]))
    await case.act(GivePublications(actor=OFFICER, given=["คู่มือ"]))
    return case


def task_of(office: Office, case_id: str) -> PlayedCase:
    handle = office.client.case(case_id)
    office.opened.append(handle)
    return PlayedCase(office, handle, "")


async def opened_by(case: PlayedCase) -> str:
    [event] = [event for event in (await case.view()).events if event.type == "improvement_task_opened"]
    task: str = event.data["task"]
    return task


async def test_bad_ratings_of_a_month_are_one_task_that_knows_its_cases(office: Office) -> None:
    cases = [await given(office) for _ in range(2)]
    for case in cases:
        await case.act(UNHAPPY)
        await case.act(RecordCallBack(actor=SUPERVISOR, reached=True))
        await case.handle.result()
    first, second = [await opened_by(case) for case in cases]
    assert first == second
    task = task_of(office, first)
    view = await task.handle.wait(lambda view: view.stage == "proposed")
    assert view.case_no is not None
    assert view.case_no.startswith("JSC-I-")
    assert view.case_id in [link.case_id for link in (await cases[0].view()).links]
    await task.handle.recorded(await task.act(TakeTask(actor=SUPERVISOR, owner=SOMYING, plan="เพิ่มจุดบริการ")))
    [row] = [row for row in await improvements(office.records) if row["case_id"] == first]
    assert (row["cause"], row["about_service"], row["plan"]) == ("ratings", "one_stop", "เพิ่มจุดบริการ")
    assert row["cases"] >= 2
    assert any(view.case_no in mail["Subject"] for mail in office.mailbox.to("supervisor@jsc.example"))


async def test_a_complaint_that_was_right_has_a_task_of_its_own(office: Office) -> None:
    tasks = set()
    for upheld in ("yes", "partly", "no"):
        case = await office.complaint()
        await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=Officer(id="wanida")))
        put_right = {} if upheld == "no" else {"put_right": "แก้ไขแล้ว"}
        await case.act(AnswerComplaint.model_validate({"actor": COMPLAINTS, "upheld": upheld, "answer": "ตรวจแล้ว", **put_right}))
        if upheld == "no":
            assert "improvement_task_opened" not in await case.types()
        else:
            tasks.add(await opened_by(case))
    assert len(tasks) == 2


async def test_whoever_had_an_idea_hears_what_became_of_it(office: Office) -> None:
    for declined in (False, True):
        requester = office.requester()
        said = {"centre": "JSC", "request_id": uuid4().hex, "requester": requester, "subject": "ป้ายบอกทาง"}
        task = await office.open(ImprovementRequest.model_validate({**said, "cause": "idea_of_public", "channel": "web"}))
        if declined:
            await task.act(DeclineTask(actor=SUPERVISOR, reason="มีป้ายอยู่แล้ว"))
        else:
            await task.act(TakeTask(actor=SUPERVISOR, owner=SOMYING, plan="ทำป้าย"))
            with pytest.raises(CaseRefused, match="record_effect is not possible in the stage working"):
                await task.act(RecordEffect(actor=SUPERVISOR, effect="better", figures="–"))
            await task.act(ReportImprovement(actor=OFFICER, done="ติดป้ายแล้ว", standard="moe-jsc@2570.1"))
            await task.act(RecordEffect(actor=SUPERVISOR, effect="same", figures="ถามทาง 20 คน เป็น 20 คน"))
        assert (await task.handle.result()).outcome == ("declined" if declined else "no_effect")
        said_last = task.mails()[-1].get_content()
        assert ("มีป้ายอยู่แล้ว" if declined else "ติดป้ายแล้ว") in said_last
        assert len(task.mails()) == 2


async def test_nobody_is_told_about_a_task_that_nobody_outside_asked_for(office: Office) -> None:
    said = {"centre": "JSC", "request_id": uuid4().hex, "requester": {"name": "–"}, "subject": "ลดขั้นตอน"}
    task = await office.open(ImprovementRequest.model_validate({**said, "cause": "idea_of_staff"}))
    await task.act(DeclineTask(actor=SUPERVISOR, reason="ทำแล้ว"))
    await task.handle.result()
    assert [notice["recipient"] for notice in await office.records.notices(task.case_id)] == ["centre_supervisor"]
