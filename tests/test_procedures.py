"""What the procedures let people do: who refuses, which papers count, where service is given, whose matter it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from casework.standards.counting.ledger import PauseEntry
from casework.starter.errors import CaseRefused, InvalidCase
from casework.workflows.messages.commands import Pause, Reassign, Refuse, Resume, Settle, StartService, Withdraw
from casework.workflows.messages.forward import CompleteDocuments, ForwardApplication, IssueDeficiencyList
from casework.workflows.messages.information_request import RecordOwnerReply, ReferToOwner
from casework.workflows.messages.one_stop import Convert
from casework.workflows.messages.people import Actor, Document, Officer
from casework.workflows.names import case_id
from tests.office import CITIZEN, CITIZEN_ID, COMPLAINTS, OFFICER, OWNER, SOMYING, SUPERVISOR, Office, PlayedCase

LISTED = ["สำเนาโฉนด", "แผนผังสถานี"]


async def with_owner(office: Office) -> PlayedCase:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    return case


async def close(case: PlayedCase) -> None:
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_the_counter_only_checks_and_forwards(office: Office) -> None:
    case = await office.forward()
    for command in (Refuse(actor=OFFICER, reason="ไม่อนุญาต"), Settle(actor=OFFICER, terms="ตกลง")):
        with pytest.raises(CaseRefused, match="not possible in the stage submitted"):
            await case.act(command)
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    await case.act(Refuse(actor=COMPLAINTS, reason="ขัดต่อกฎกระทรวง"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.expire()
    assert (await case.handle.result()).outcome == "refused_with_reason"


async def test_of_two_papers_one_may_be_brought_and_the_time_goes_on_for_the_other(office: Office) -> None:
    case = await office.forward()
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=LISTED))
    due = next(clock.due_at for clock in (await case.view()).clocks if clock.step == "requester_complete")
    with pytest.raises(CaseRefused, match=r"not on the list: ทะเบียนบ้าน\. The list still asks for สำเนาโฉนด; แผนผังสถานี"):
        await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="ทะเบียนบ้าน")]))
    typed_otherwise = "  ส\u0e4d\u0e32เนา\u200bโฉนด "  # the same letters, from another keyboard
    await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name=typed_otherwise)]))
    view = await case.view()
    clock = next(clock for clock in view.clocks if clock.step == "requester_complete")
    assert (view.stage, clock.stopped_at, clock.due_at) == ("awaiting_documents", None, due)
    assert "still lacks แผนผังสถานี." in case.mails()[-1].get_content()
    with pytest.raises(CaseRefused, match=r"not on the list: สำเนาโฉนด\. The list"):
        await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="สำเนาโฉนด")]))
    await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="แผนผังสถานี")]))
    assert (await case.view()).stage == "submitted"
    assert (await case.types()).count("documents_completed") == 1
    assert [document.name for document in (await case.view()).documents] == ["คำขอ", typed_otherwise.strip(), "แผนผังสถานี"]
    await close(case)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"documents": []}, "documents: none came, and this matter asks for คำขอ"),
        ({"documents": [], "matter": "petrol_station"}, "none came, and this matter asks for คำขอ; สำเนาโฉนดที่ดิน; แผนผังสถานี"),
        ({"matter": "wedding"}, "matter: unknown wedding; the standard has general, petrol_station"),
    ],
)
async def test_an_application_without_any_paper_of_its_checklist_is_not_received(
    office: Office, changes: dict[str, object], said: str
) -> None:
    with pytest.raises(InvalidCase, match=said):
        await office.forward(**changes)


async def test_the_owner_pauses_by_itself_only_so_long_in_all(office: Office) -> None:
    case = await with_owner(office)
    begun = await case.now()
    for reason in ("awaiting_requester", "awaiting_third_party"):
        await case.act(Pause(actor=OWNER, reason=reason))
        until = (await case.view()).pause
        assert until is not None
        await case.pass_time(until.until)
    await case.act(Pause(actor=OWNER, reason="awaiting_third_party"))
    standing = (await case.view()).pause
    assert standing is not None
    used = sum((pause.ended - pause.begun for pause in await own_pauses(case) if pause.ended), timedelta())
    assert standing.until == standing.begun + timedelta(days=60) - used  # cut where 60 days in all are reached
    assert standing.begun > begun
    assert standing.cap == standing.until
    await case.pass_time(standing.until)
    with pytest.raises(CaseRefused, match="for 60 calendar days, the most it may; more takes the centre"):
        await case.act(Pause(actor=OWNER, reason="awaiting_third_party"))
    await case.act(Pause(actor=COMPLAINTS, reason="awaiting_third_party"))
    await case.act(Resume(actor=COMPLAINTS))
    await close(case)


async def own_pauses(case: PlayedCase) -> list[PauseEntry]:
    view = await case.view()
    return list(next(clock for clock in view.clocks if clock.step == "owner_act").ledger.pauses)


async def test_service_is_given_at_the_points_of_the_pack(office: Office) -> None:
    case = await office.information()
    with pytest.raises(CaseRefused, match="not given at point 6; it has 2, 3"):
        await case.act(StartService(actor=OFFICER, officer=SOMYING, point=6))
    await case.act(StartService(actor=OFFICER, officer=SOMYING, point=3))
    await close(case)


async def test_the_owner_agency_may_tell_the_requester_itself(office: Office) -> None:
    case = await office.information()
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(ReferToOwner(actor=OFFICER, agency="DOEB", question="?"))
    await case.act(RecordOwnerReply(actor=OWNER, answer="14 แห่ง", requester_told=True))
    view = await case.view()
    assert (view.stage, view.outcome) == ("answered", "referred_answered")
    assert "result_notice" not in [notice.template for notice in view.notices]
    await case.expire()
    await case.handle.result()


async def test_what_a_visit_turns_into_keeps_its_place_and_is_told_its_number(office: Office) -> None:
    case = await office.one_stop()
    came = (await case.view()).received_at
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(Convert(actor=OFFICER, into="information_request"))
    await case.handle.result()
    other = office.client.case(case_id("information_request", "JSC", case.case_id))
    view = await other.wait(lambda view: any(notice.status == "sent" for notice in view.notices))
    assert (view.received_at, view.officer) == (came, SOMYING)
    said = case.mails()[-1].get_content()
    assert "as no." in said
    assert (view.case_no or "?") in said
    await other.act(Withdraw(actor=CITIZEN))
    await other.result()


async def test_one_officer_answers_for_a_matter_from_who_takes_it_on(office: Office) -> None:
    case = await office.forward()
    assert (await case.view()).officer is None
    await case.act(IssueDeficiencyList(actor=Actor(id="nok", role="centre_officer"), missing=LISTED))
    assert (await case.view()).officer == Officer(id="nok")
    await case.act(CompleteDocuments(actor=OFFICER, documents=[Document(name=name) for name in LISTED]))
    assert (await case.view()).officer == Officer(id="nok")  # who enters papers does not take the matter away
    await case.act(Reassign(actor=SUPERVISOR, to=SOMYING, reason="ย้ายหน่วยงาน"))
    assert "สมหญิง ใจดี now answers for your matter" in case.mails()[-1].get_content()
    await close(case)
    taken = await office.forward(officer=SOMYING, requester=office.requester(citizen_id=CITIZEN_ID))
    assert (await taken.view()).officer == SOMYING
    assert "สมหญิง ใจดี" in taken.mails()[0].get_content()
    await close(taken)
