"""Complaints: another reviewer than whoever handled the matter, never closed without an answer, nobody known who must not be."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from pydantic import ValidationError

from casework.starter.errors import CaseRefused
from casework.workflows.messages.commands import Rate, Redirect, Withdraw
from casework.workflows.messages.complaint import (
    AcknowledgeComplaint,
    AnswerComplaint,
    AskUnit,
    ComplaintRequest,
    Contest,
    RedirectComplaint,
)
from casework.workflows.messages.people import Actor, Officer
from tests.office import CITIZEN, COMPLAINTS, OFFICER, SUPERVISOR, Office, PlayedCase

HEAD = Actor(id="prasit", role="complaint_centre_head", unit="CC")
WANIDA = Officer(id="wanida", name="วนิดา ตรงไป")


async def at_examining(office: Office, **changes: object) -> PlayedCase:
    case = await office.complaint(**changes)
    await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=WANIDA))
    return case


def upheld(actor: Actor = COMPLAINTS) -> AnswerComplaint:
    return AnswerComplaint(actor=actor, upheld="yes", answer="ล่าช้าจริง", put_right="เร่งดำเนินการแล้ว", apology=True)


async def test_whoever_handled_the_case_does_not_review_the_complaint_about_it(office: Office) -> None:
    handled = await office.forward()
    await handled.act(Redirect(actor=OFFICER, to="กรมที่ดิน", contact="02 141 5555"))
    number = (await handled.view()).case_no
    for about in (handled.case_id, number):
        case = await office.complaint(about_case=about)
        with pytest.raises(CaseRefused, match="somying handled what is complained of; somebody else reviews it"):
            await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=Officer(id="somying")))
        await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=WANIDA))
        with pytest.raises(CaseRefused, match="somying handled what is complained of; somebody else answers"):
            await case.act(upheld(Actor(id="somying", role="complaint_centre")))
        await case.act(upheld())
        assert (await case.view()).outcome == "upheld"


async def test_officers_complained_of_are_named_where_there_is_no_case(office: Office) -> None:
    case = await office.complaint(matter="conduct")
    with pytest.raises(CaseRefused, match="malee handled"):
        await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=Officer(id="malee"), handled_by=["malee"]))
    await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=WANIDA, handled_by=["malee"]))
    with pytest.raises(CaseRefused, match="malee handled"):
        await case.act(upheld())


@pytest.mark.parametrize("silent", [False, True])
async def test_a_complaint_is_never_closed_without_an_answer(office: Office, silent: bool) -> None:
    case = await office.complaint()
    await case.act(Withdraw(actor=CITIZEN))
    assert (await case.view()).stage == "received"
    await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=WANIDA))
    await case.act(Withdraw(actor=CITIZEN))
    if silent:
        await case.pass_time(timedelta(days=200))
    assert (await case.view()).stage == "examining"
    await case.act(upheld())
    await case.expire()
    assert (await case.view()).stage == "regaining_trust"
    await case.expire()
    await case.act(Rate(actor=CITIZEN, scores={"overall": 4}))
    assert (await case.handle.result()).outcome == "upheld"
    assert "complaint_answered" in await case.types()


async def test_a_contested_answer_is_the_next_levels_and_its_own_limit(office: Office) -> None:
    case = await at_examining(office)
    await case.act(AnswerComplaint(actor=COMPLAINTS, upheld="no", answer="ไม่พบความล่าช้า"))
    await case.act(Contest(actor=CITIZEN, reason="ไม่จริง"))
    with pytest.raises(CaseRefused, match="malee gave the answer that is contested"):
        await case.act(upheld())
    with pytest.raises(CaseRefused, match="now it takes complaint_centre_head"):
        await case.act(upheld(Actor(id="other", role="complaint_centre")))
    await case.act(upheld(HEAD))
    view = await case.view()
    assert (view.stage, view.outcome) == ("answered", "upheld")
    with pytest.raises(CaseRefused, match="level 2 of 2 has answered"):
        await case.act(Contest(actor=CITIZEN, reason="ยังไม่พอใจ"))


async def test_another_body_answers_only_when_it_has_taken_it(office: Office) -> None:
    with pytest.raises(ValidationError, match="acknowledged_by"):
        RedirectComplaint.model_validate({"actor": COMPLAINTS, "to": "กรมที่ดิน", "contact": "1111", "reason": "ไม่ใช่อำนาจ"})
    case = await office.complaint()
    await case.act(RedirectComplaint(actor=COMPLAINTS, to="กรมที่ดิน", contact="1111", reason="ไม่ใช่อำนาจ", acknowledged_by="ธุรการ"))
    assert (await case.handle.result()).outcome == "redirected"


async def test_a_right_complaint_takes_what_was_put_right() -> None:
    with pytest.raises(ValidationError, match="put_right"):
        AnswerComplaint.model_validate({"actor": COMPLAINTS, "upheld": "partly", "answer": "จริงบางส่วน"})


async def test_who_is_protected_is_known_neither_to_the_unit_nor_to_who_looks(office: Office) -> None:
    requester = office.requester(name="ผู้กล้า พูดจริง")
    case = await at_examining(office, identity="protected", requester=requester)
    await case.act(AskUnit(actor=COMPLAINTS, question="เหตุใดจึงล่าช้า"))
    number = (await case.view()).case_no
    [text] = [text for mail in office.mailbox.to("head@jsc.example") if number in (text := mail.get_content())]
    assert "เหตุใดจึงล่าช้า" in text
    assert "ผู้กล้า" not in text
    view = await case.view()
    assert view.requester is None
    assert "ผู้กล้า" not in view.model_dump_json()


async def test_an_anonymous_complaint_is_answered_in_the_records_and_nobody_is_written_to(office: Office) -> None:
    requester = office.requester(name="ไม่ประสงค์ออกนาม", email=None, citizen_id=None)
    case = await at_examining(office, identity="anonymous", requester=requester)
    await case.act(upheld())
    view = await case.view()
    assert (view.stage, view.letters) == ("answered", [])
    await case.expire()
    assert (await case.view()).stage == "regaining_trust"
    with pytest.raises(ValidationError, match="say protected"):
        ComplaintRequest.model_validate({**json.loads(_anonymous()), "requester": {"name": "ก", "citizen_id": "1101700230708"}})


async def test_the_matter_says_what_is_serious_and_the_complaint_centre_may_say_otherwise(office: Office) -> None:
    for matter, said, step in (
        ("corruption", None, "examine_serious"),
        ("corruption", False, "examine"),
        ("delay", True, "examine_serious"),
    ):
        case = await office.complaint(matter=matter)
        await case.act(AcknowledgeComplaint(actor=COMPLAINTS, reviewer=WANIDA, serious=said))
        assert [clock.step for clock in (await case.view()).clocks if not clock.stopped_at] == [step]


async def test_only_the_complaint_centre_answers(office: Office) -> None:
    case = await at_examining(office)
    with pytest.raises(CaseRefused, match="complaint_centre"):
        await case.act(upheld(SUPERVISOR))


def _anonymous() -> str:
    return json.dumps({"centre": "JSC", "request_id": "r", "subject": "ก", "identity": "anonymous"})
