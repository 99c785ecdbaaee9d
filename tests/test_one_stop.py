"""One-stop (standard 1.3): every stage, branch and outcome."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from casework.starter.errors import CaseRefused
from casework.workflows.messages.commands import Rate, RecordNoShow, Redirect, StartService, Withdraw
from casework.workflows.messages.information_request import InformationRequest
from casework.workflows.messages.one_stop import BeginAdvice, BeginPublications, CompleteAdvice, Convert, GivePublications
from casework.workflows.messages.people import Document
from casework.workflows.names import case_id
from tests.office import CITIZEN, CITIZEN_ID, OFFICER, SOMYING, Office, PlayedCase


async def at_triage(office: Office, **changes: object) -> PlayedCase:
    case = await office.one_stop(**changes)
    await case.act(StartService(actor=OFFICER, officer=SOMYING, point=6))
    return case


async def test_preliminary_advice_is_given_at_once__advised(office: Office) -> None:
    case = await at_triage(office)
    await case.act(BeginAdvice(actor=OFFICER, matter="ค่าไฟ"))
    assert (await case.view()).stage == "advising"
    await case.act(CompleteAdvice(actor=OFFICER, advice="ใช้อุปกรณ์เบอร์ 5"))
    await case.act(Rate(actor=CITIZEN, scores={"overall": 5}))
    assert (await case.handle.result()).outcome == "advised"


async def test_what_the_requester_says_is_not_entered_by_who_served_them(office: Office) -> None:
    case = await at_triage(office)
    await case.act(BeginAdvice(actor=OFFICER, matter="ค่าไฟ"))
    await case.act(CompleteAdvice(actor=OFFICER, advice="ใช้อุปกรณ์เบอร์ 5"))
    with pytest.raises(CaseRefused, match="rate in the requester's name needs `how`"):
        await case.act(Rate(actor=OFFICER, scores={"overall": 5}))
    with pytest.raises(CaseRefused, match="somying answers for this matter; somebody else enters"):
        await case.act(Rate(actor=OFFICER, scores={"overall": 5}, how="paper"))
    colleague = OFFICER.model_copy(update={"id": "preecha"})
    await case.act(Rate(actor=colleague, scores={"overall": 4}, how="paper"))
    assert (await case.handle.result()).outcome == "advised"


async def test_publications_are_handed_out__publications_given(office: Office) -> None:
    case = await at_triage(office)
    await case.act(BeginPublications(actor=OFFICER, wanted=["คู่มือ"]))
    assert (await case.view()).stage == "giving"
    await case.act(GivePublications(actor=OFFICER, given=["คู่มือ"]))
    await case.expire()
    assert (await case.handle.result()).outcome == "publications_given"


@pytest.mark.parametrize("service", ["information_request", "forward"])
async def test_anything_else_goes_on_as_another_service_linked_both_ways__converted(office: Office, service: str) -> None:
    case = await at_triage(office)
    await case.act(
        Convert.model_validate({"actor": OFFICER, "into": service, "subject": "ต่อเนื่อง", "documents": [Document(name="คำขอ")]})
    )
    assert (await case.handle.result()).outcome == "converted"
    [link] = (await case.view()).links
    other = await office.client.case(link.case_id).wait(lambda view: view.case_no is not None)
    assert (link.relation, other.service) == ("to", service)
    assert [(back.relation, back.case_id) for back in other.links] == [("from", case.case_id)]
    assert "went_on_as" in await case.types()


async def test_a_service_that_needs_an_identity_is_not_gone_on_to_without_one(office: Office) -> None:
    case = await at_triage(office, requester=office.requester(citizen_id=None))
    with pytest.raises(CaseRefused, match="identity"):
        await case.act(Convert(actor=OFFICER, into="forward"))
    with pytest.raises(CaseRefused, match="none came, and this matter asks for คำขอ"):
        await case.act(Convert(actor=OFFICER, into="forward", citizen_id=CITIZEN_ID))
    papers = [Document(name="คำขอ")]
    await case.act(Convert(actor=OFFICER, into="forward", citizen_id=CITIZEN_ID, documents=papers))
    [link] = (await case.view()).links
    assert (await office.client.case(link.case_id).wait(lambda view: view.case_no is not None)).stage == "submitted"


async def test_triage_is_soft_it_warns_and_never_breaches(office: Office) -> None:
    case = await at_triage(office)
    await case.pass_time((await case.view()).clocks[0].due_at)
    assert (await case.types())[-1] == "warned"
    assert not (await case.view()).overdue


async def test_advice_warns_at_thirty_minutes_and_goes_on(office: Office) -> None:
    case = await at_triage(office)
    await case.act(BeginAdvice(actor=OFFICER, matter="ค่าไฟ"))
    await case.pass_time((await case.view()).clocks[-1].due_at)
    assert [event.data["step"] for event in (await case.view()).events if event.type == "warned"] == ["advise"]


async def test_advice_that_was_forgotten_becomes_overdue_a_working_day_later(office: Office) -> None:
    case = await at_triage(office)
    await case.act(BeginAdvice(actor=OFFICER, matter="ค่าไฟ"))
    await case.pass_time(timedelta(days=5))
    view = await case.view()
    assert view.overdue
    assert [event.data["step"] for event in view.events if event.type == "breached"] == ["advise"]


async def test_giving_publications_breaches_after_fifteen_minutes(office: Office) -> None:
    case = await at_triage(office)
    await case.act(BeginPublications(actor=OFFICER, wanted=["คู่มือ"]))
    await case.pass_time((await case.view()).clocks[-1].due_at)
    assert (await case.view()).overdue


async def test_the_matter_is_another_agencys__redirected(office: Office) -> None:
    case = await at_triage(office)
    await case.act(Redirect(actor=OFFICER, to="การไฟฟ้านครหลวง", contact="1130"))
    assert (await case.handle.result()).outcome == "redirected"


async def test_the_requester_leaves__withdrawn(office: Office) -> None:
    case = await at_triage(office)
    await case.act(Withdraw(actor=CITIZEN))
    assert (await case.handle.result()).outcome == "withdrawn"


async def test_nobody_comes_when_called__no_show(office: Office) -> None:
    case = await office.one_stop()
    await case.act(RecordNoShow(actor=OFFICER))
    assert (await case.handle.result()).outcome == "no_show"


async def test_a_second_command_during_a_conversion_is_refused_and_the_case_closes(office: Office) -> None:
    case = await at_triage(office)
    answers = await asyncio.gather(
        case.act(Convert(actor=OFFICER, into="information_request")), case.act(Withdraw(actor=CITIZEN)), return_exceptions=True
    )
    assert sum(isinstance(answer, CaseRefused) for answer in answers) == 1
    assert (await asyncio.wait_for(case.handle.result(), 10)).outcome in ("converted", "withdrawn")


async def test_a_conversion_that_happened_before_a_reset_is_linked_not_failed(office: Office) -> None:
    case = await at_triage(office)
    taken = case_id("information_request", "JSC", case.case_id)
    await office.open(InformationRequest(centre="JSC", request_id=case.case_id, requester=office.requester(), subject="ก"))
    await case.act(Convert(actor=OFFICER, into="information_request"))
    assert (await case.handle.result()).outcome == "converted"
    assert [link.case_id for link in (await case.view()).links] == [taken]
