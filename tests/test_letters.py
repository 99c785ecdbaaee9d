"""Told means told: without an electronic address somebody serves a letter, and what waits for it begins on that day."""

from __future__ import annotations

import contextlib
import re
import zlib
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowFailureError

from casework.standards.thai_fonts import THAI_FONTS
from casework.starter.errors import CaseRefused
from casework.starter.letter_pdf import LetterPrinter
from casework.workflows.messages.commands import Pause, RecordService, Refuse, Reopen, StartService, Withdraw
from casework.workflows.messages.forward import CompleteDocuments, ForwardApplication, IssueDeficiencyList, ReportResult
from casework.workflows.messages.information_request import ReferToOwner
from casework.workflows.messages.views import CaseView
from tests.mailbox import Mailbox
from tests.office import CITIZEN, OFFICER, OWNER, SOMYING, SUPERVISOR, Office, PlayedCase

FONTS = Path(__file__).parent.parent / ".tools/fonts"  # where `make` puts one if the system has none


def unpacked(part: bytes) -> bytes:
    """A compressed stream of a PDF, or nothing."""
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj().decompress(part)
    return b""


def steps(view: CaseView) -> list[str]:
    return [clock.step for clock in view.clocks if clock.stopped_at is None]


async def on_paper(office: Office) -> PlayedCase:
    """An application of somebody whom no mail reaches, with a list of what is missing that nobody has handed over."""
    case = await office.forward(requester=office.requester(email=None))
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    return case


async def test_a_list_that_nobody_handed_over_ends_no_application(office: Office) -> None:
    case = await on_paper(office)
    view = await case.view()
    assert steps(view) == ["serve_letters"]
    assert [letter.notice for letter in view.letters] == ["documents_incomplete"]
    await case.pass_time(timedelta(days=60))
    view = await case.view()
    assert view.stage == "awaiting_documents"
    chased = [(event.type, event.data["step"]) for event in view.events if event.type in ("warned", "breached", "escalated")]
    assert chased[:3] == [("warned", "serve_letters"), ("breached", "serve_letters"), ("escalated", "serve_letters")]
    assert len(chased) > 10  # the head of the centre hears of it every working day
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_the_time_of_the_requester_runs_from_the_day_of_service(office: Office) -> None:
    case = await on_paper(office)
    written = await case.now()
    await case.pass_time(timedelta(days=2))
    handed = written + timedelta(days=1)
    await case.act(RecordService(actor=OFFICER, how="handed_over", on=handed))
    view = await case.view()
    clock = next(clock for clock in view.clocks if clock.step == "requester_complete")
    assert (clock.started_at, view.letters) == (handed, [])
    assert next(notice.status for notice in view.notices if notice.template == "documents_incomplete") == "served"
    row = next(n for n in await office.records.notices(case.case_id) if n["template"] == "documents_incomplete")
    assert (row["status"], row["settled_at"]) == ("served", handed)
    await case.expire()
    assert (await case.view()).outcome == "returned_incomplete"
    with pytest.raises(CaseRefused, match="needs the number of the post's receipt"):
        await case.act(RecordService(actor=OFFICER, how="posted"))
    with pytest.raises(CaseRefused, match="application_returned is served in writing: handed_over or posted"):
        await case.act(RecordService(actor=OFFICER, how="read_out"))
    await case.act(RecordService(actor=OFFICER, how="handed_over"))  # that it was returned must be told too
    assert (await case.handle.result()).outcome == "returned_incomplete"


async def test_what_was_posted_is_served_on_the_day_that_the_law_deems(office: Office) -> None:
    case = await on_paper(office)
    posted = await case.now()
    await case.act(RecordService(actor=OFFICER, how="posted", receipt="EE 1234 5678 9 TH"))
    [letter] = (await case.view()).letters
    assert letter.deemed_at is not None
    assert letter.deemed_at.date() >= (posted.astimezone(letter.deemed_at.tzinfo) + timedelta(days=7)).date()
    await case.act(RecordService(actor=OFFICER, how="posted_abroad", receipt="1"))  # it was abroad
    await case.act(RecordService(actor=OFFICER, how="posted", receipt="1"))  # no, it was not
    assert (await case.view()).letters == [letter]
    await case.pass_time(letter.deemed_at)
    view = await case.view()
    clock = next(clock for clock in view.clocks if clock.step == "requester_complete")
    assert clock.started_at == letter.deemed_at
    assert "deemed_served" in [event.type for event in view.events]
    assert not any(event.type == "breached" for event in view.events)  # the centre had done its part in time
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_papers_that_come_before_the_list_was_served_make_it_moot(office: Office) -> None:
    case = await on_paper(office)
    await case.act(CompleteDocuments.model_validate({"actor": CITIZEN, "documents": [{"name": "สำเนาโฉนด"}]}))
    view = await case.view()
    assert (view.stage, view.letters) == ("submitted", [])
    assert steps(view) == ["check_forward"]
    assert "letter_moot" in [event.type for event in view.events]
    await office.records.letters()
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_the_owners_clock_stops_when_the_result_was_served(office: Office) -> None:
    case = await office.forward(requester=office.requester(email=None))
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    await case.act(ReportResult(actor=OWNER, result="แล้วเสร็จ"))
    await case.pass_time(timedelta(days=3))
    view = await case.view()
    assert (view.stage, "owner_act" in steps(view)) == ("with_owner", True)
    handed = await case.now() - timedelta(days=1)
    await case.act(RecordService(actor=OFFICER, how="handed_over", on=handed))
    view = await case.handle.wait(lambda view: view.stage == "completed")
    assert next(clock.stopped_at for clock in view.clocks if clock.step == "owner_act") == handed
    await case.expire()
    await case.handle.result()


async def test_a_result_that_was_posted_in_time_is_in_time(office: Office) -> None:
    case = await office.forward(requester=office.requester(email=None))
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    due = next(clock.due_at for clock in (await case.view()).clocks if clock.step == "owner_act")
    await case.pass_time(due - timedelta(hours=5))
    await case.act(ReportResult(actor=OWNER, result="แล้วเสร็จ"))
    with pytest.raises(CaseRefused, match="the result was reported and is being told"):
        await case.act(Pause(actor=OWNER, reason="awaiting_requester"))
    await case.act(RecordService(actor=OFFICER, how="posted", receipt="EE 1"))
    view = await case.handle.wait(lambda view: view.stage == "completed")
    clock = next(clock for clock in view.clocks if clock.step == "owner_act")
    assert (clock.breached, [letter.notice for letter in view.letters]) == (False, ["result_notice"])
    assert clock.stopped_at is not None
    assert clock.stopped_at < due
    await case.expire()
    await case.handle.result()


async def test_a_refusal_by_the_owner_ends_its_time_when_the_requester_knows(office: Office) -> None:
    case = await office.information(requester=office.requester(email=None))
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(ReferToOwner(actor=OFFICER, agency="DOEB", question="?"))
    await case.act(Refuse(actor=OWNER, reason="ม.15"))
    view = await case.view()
    assert (view.stage, steps(view)) == ("referred", ["owner_gather", "serve_letters"])
    await case.act(RecordService(actor=OFFICER, letter="information_refused", how="handed_over"))
    assert (await case.handle.result()).outcome == "refused"


async def test_a_mailbox_that_refuses_makes_a_letter_of_it(office: Office, mailbox: Mailbox) -> None:
    requester = office.requester()
    mailbox.answers[str(requester.email)] = "550 no such user"
    case = await office.forward(requester=requester)
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    view = await case.handle.wait(lambda view: bool(view.letters))
    assert steps(view) == ["serve_letters"]
    mine = [letter for letter in await office.records.letters() if letter.case_id == case.case_id]
    assert [letter.template for letter in mine] == ["case_received", "documents_incomplete"]
    assert mine[-1].letter is not None
    [thai, english] = mine[-1].letter.pages
    assert "ภายใน 15 วันนับแต่วันที่ท่านได้รับหนังสือฉบับนี้" in thai.text
    assert "by the end of 15 calendar days after you receive this letter" in english.text
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_service_is_neither_in_the_future_nor_before_the_letter(office: Office) -> None:
    case = await on_paper(office)
    now = await case.now()
    for on, said in (
        (now + timedelta(hours=1), "lies in the future"),
        (now - timedelta(days=1), "before the letter was written"),
    ):
        with pytest.raises(CaseRefused, match=said):
            await case.act(RecordService(actor=OFFICER, how="handed_over", on=on))
    with pytest.raises(CaseRefused, match=r"which letter\? these wait: documents_incomplete"):
        await case.act(RecordService(actor=OFFICER, letter="result_notice", how="handed_over"))
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_a_letter_that_waits_longer_than_the_case_remembers_notices_is_served_all_the_same(office: Office) -> None:
    case = await on_paper(office)
    for _ in range(4):  # every working day the head of the centre hears of it
        await case.pass_time(timedelta(days=25))
    view = await case.view()
    assert "documents_incomplete" not in [notice.template for notice in view.notices]
    await case.act(RecordService(actor=OFFICER, how="posted", receipt="EE 1"))
    [letter] = (await case.view()).letters
    assert letter.deemed_at is not None
    await case.pass_time(letter.deemed_at)
    view = await case.view()
    assert (view.letters, steps(view)) == ([], ["requester_complete"])
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_a_list_that_was_still_on_its_way_when_the_papers_came_asks_for_nothing(office: Office, mailbox: Mailbox) -> None:
    requester = office.requester()
    mailbox.answers[str(requester.email)] = "451 later"
    case = await office.forward(requester=requester)
    await case.act(IssueDeficiencyList(actor=OFFICER, missing=["สำเนาโฉนด"]))
    await case.act(CompleteDocuments.model_validate({"actor": CITIZEN, "documents": [{"name": "สำเนาโฉนด"}]}))
    mailbox.answers[str(requester.email)] = "550 no such user"
    view = await case.handle.wait(lambda view: any(notice.status == "moot" for notice in view.notices))
    assert (view.letters, steps(view)) == ([], ["check_forward"])
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()


async def test_the_days_to_reopen_begin_when_the_requester_is_asked_not_when_the_letter_was_served(office: Office) -> None:
    case = await office.forward(requester=office.requester(email=None))
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    await case.act(ReportResult(actor=OWNER, result="แล้วเสร็จ"))
    handed = await case.now()
    await case.pass_time(timedelta(days=12))
    await case.act(RecordService(actor=OFFICER, how="handed_over", on=handed))
    view = await case.handle.wait(lambda view: view.stage == "completed")
    assert next(clock.stopped_at for clock in view.clocks if clock.step == "owner_act") == handed
    asked = next(clock.started_at for clock in view.clocks if clock.step == "satisfaction")
    assert asked > handed + timedelta(days=11)
    assert not any(clock.breached for clock in view.clocks if clock.step == "serve_letters")  # it was not late after all
    await case.expire()
    await case.handle.result()


async def test_two_letters_each_have_the_time_of_a_letter(office: Office) -> None:
    case = await office.forward(requester=office.requester(email=None))
    await case.act(ForwardApplication(actor=OFFICER, agency="DOEB"))
    await case.act(ReportResult(actor=OWNER, result="แล้วเสร็จ"))
    first = next(iter((await case.view()).letters))
    await case.act(RecordService(actor=OFFICER, how="handed_over", letter=first.id))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.act(Reopen(actor=SUPERVISOR, reason="ยังไม่ครบ"))
    await case.act(Refuse(actor=OWNER, reason="ขัดต่อกฎกระทรวง"))
    view = await case.view()
    clock = next(clock for clock in view.clocks if clock.step == "serve_letters")
    assert clock.started_at == view.letters[0].since
    await case.act(RecordService(actor=OFFICER, how="handed_over"))
    await case.handle.wait(lambda view: view.stage == "completed")
    await case.expire()
    await case.handle.result()


async def test_a_cancelled_case_waits_for_no_letter(office: Office) -> None:
    case = await on_paper(office)
    await case.handle.workflow.cancel()
    with pytest.raises(WorkflowFailureError):
        await case.handle.workflow.result()
    rows = {row["template"]: row["status"] for row in await office.records.notices(case.case_id)}
    assert rows["documents_incomplete"] == "moot"


async def test_a_letter_is_a_page_of_paper_in_thai(office: Office) -> None:
    case = await on_paper(office)
    mine = [letter for letter in await office.records.letters() if letter.case_id == case.case_id]
    letter = mine[-1].letter
    assert letter is not None
    assert f"เลขที่ {mine[-1].case_no}" in letter.pages[0].head
    assert f"{(await case.now()).year + 543}" in letter.pages[0].head
    made = LetterPrinter(FONTS if FONTS.exists() else None).pdf(letter, "x")
    assert made.startswith(b"%PDF")
    inside = made + b"".join(unpacked(part) for part in re.split(rb"stream\r?\n", made))
    assert {family for family in THAI_FONTS if family.replace(" ", "").encode() in inside}, "no Thai font is in the PDF"
    await case.act(Withdraw(actor=CITIZEN))
    await case.handle.result()
