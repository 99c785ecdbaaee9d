"""Receive and forward: service standard 1.2, points 4 and 5. Read it beside the published text (quoted at each step)."""

from __future__ import annotations

from unicodedata import category, normalize

from temporalio import workflow
from temporalio.common import RawValue

from casework.standards.counting.plan import REQUESTER, SATISFACTION
from casework.standards.limits import Named
from casework.workflows.case.case import Case
from casework.workflows.case.command_desk import command
from casework.workflows.case.endings import Expired
from casework.workflows.case.file import CaseFile
from casework.workflows.case.opening import NO_REQUEST
from casework.workflows.case.shared_commands import SharedCommands, explain_delay, knows_agency, knows_survey_items
from casework.workflows.contracts import CaseResult, Outcome, Stage
from casework.workflows.messages import (
    AssignToOwner,
    CompleteDocuments,
    ForwardApplication,
    IssueDeficiencyList,
    Rate,
    Redirect,
    Refuse,
    Reopen,
    ReportDelay,
    ReportProgress,
    ReportResult,
    Settle,
)

COMPLETED = Named(th="ผู้รับบริการยื่นเอกสารเพิ่มเติมแล้ว", en="the requester completed the papers")
HEAD = "complaint_centre_head"
PASSED_ON_FREELY = 2  # from agency to agency; after that the head of the complaint centre answers for it
REOPENED = Named(th="นำเรื่องกลับมาพิจารณาอีกครั้ง", en="the matter was taken up again")


def only_one_list(file: CaseFile, _: IssueDeficiencyList) -> str | None:
    """One complete list: the centre may not come back for more (Licensing Facilitation Act s.8)."""
    assert file.terms is not None
    if file.deficiency_lists < file.terms.deficiency_lists_allowed:
        return None
    return f"a deficiency list was already issued; the standard allows {file.terms.deficiency_lists_allowed}"


def may_still_list(file: CaseFile) -> bool:
    """Whether a list may still be issued."""
    return file.terms is not None and file.deficiency_lists < file.terms.deficiency_lists_allowed


def on_the_list(file: CaseFile, message: CompleteDocuments) -> str | None:
    """Papers are compared by name with the one list that was issued; others are added with add_document."""
    listed = {_name(paper) for paper in file.missing}
    strange = [document.name for document in message.documents if _name(document.name) not in listed]
    if strange:
        return f"not on the list: {'; '.join(strange)}. The list still asks for {'; '.join(file.missing)}"
    return None


def still_missing(file: CaseFile, message: CompleteDocuments) -> list[str]:
    """What of the list has not come yet."""
    came = {_name(document.name) for document in message.documents}
    return [paper for paper in file.missing if _name(paper) not in came]


def _name(paper: str) -> str:
    """A name as people compare it: whatever way its letters were typed (ำ is one letter or two), without what nobody sees."""
    seen = "".join(letter for letter in normalize("NFKC", paper) if category(letter) != "Cf")
    return " ".join(seen.casefold().split())


def passes_on(file: CaseFile, message: AssignToOwner) -> bool:
    """Whether the matter leaves an owner agency that has been told of it, for another one."""
    return file.owner_told and message.agency != file.agency


def may_assign(file: CaseFile, message: AssignToOwner) -> str | None:
    """An owner is told once; another agency needs a reason (no dodging), and gets no new limit."""
    if message.agency == file.agency and "relay" in file.clocks and not file.clocks["relay"].running:
        return f"the case is with {file.agency} already"
    if passes_on(file, message) and not message.reason:
        return f"the case is with {file.agency}; passing it on to {message.agency} needs a reason"
    if passes_on(file, message) and file.passed_on >= PASSED_ON_FREELY and message.actor.role != HEAD:
        return f"the case was passed on {file.passed_on} times already; once more takes {HEAD}"
    return knows_agency(file, message)


@workflow.defn(name="forward")
class ForwardProcess(SharedCommands):
    """ขั้นตอนการให้บริการรับเรื่อง-ส่งต่อ · Receive and forward."""

    forward_application = command(ForwardApplication, Stage.SUBMITTED, check=knows_agency)
    issue_deficiency_list = command(IssueDeficiencyList, Stage.SUBMITTED, check=only_one_list, offered=may_still_list)
    complete_documents = command(CompleteDocuments, Stage.AWAITING_DOCUMENTS, check=on_the_list)
    assign_to_owner = command(AssignToOwner, Stage.WITH_OWNER, check=may_assign)
    report_progress = command(ReportProgress, Stage.WITH_OWNER)
    report_delay = command(ReportDelay, Stage.WITH_OWNER, act=explain_delay)
    report_result = command(ReportResult, Stage.WITH_OWNER)
    refuse = command(Refuse, Stage.WITH_OWNER)  # on the merits: the counter only checks the papers and forwards
    redirect = command(Redirect, Stage.SUBMITTED, Stage.WITH_OWNER)
    settle = command(Settle, Stage.WITH_OWNER)
    rate = command(Rate, Stage.COMPLETED, check=knows_survey_items)
    reopen = command(Reopen, Stage.COMPLETED)

    @workflow.init
    def __init__(self, request: RawValue = NO_REQUEST) -> None:
        self.case = Case(ForwardProcess, "forward", Stage.SUBMITTED, request)

    @workflow.run
    async def run(self, request: RawValue = NO_REQUEST) -> CaseResult:
        """Takes a ForwardRequest; returns how the case ended."""
        await self.case.open("check_forward")
        return await self.case.walk(
            {
                Stage.SUBMITTED: self.check_and_forward,
                Stage.AWAITING_DOCUMENTS: self.await_documents,
                Stage.WITH_OWNER: self.owner_acts,
                Stage.COMPLETED: self.ask_satisfaction,
            }
        )

    async def check_and_forward(self) -> None:
        """1) ผู้รับบริการยื่นคำขอและเอกสารหลักฐานประกอบ — the requester files the application and its evidence.
        2) เจ้าหน้าที่ตรวจสอบความถูกต้องครบถ้วนของเอกสาร และทำเรื่องส่งต่อให้ศูนย์รับเรื่องร้องเรียน ภายใน 1 วันทำการ — the officer checks
        that the papers are correct and complete and forwards them within 1 working day."""
        completed = COMPLETED if self.case.file.deficiency_lists else None
        if self.case.begin("check_forward", promise="check_forward+owner_act", because=completed, told="progress_update"):
            self.case.notify("progress_update" if completed else "case_received", REQUESTER)
        match await self.case.decision():
            case ForwardApplication() as it:
                self.case.file.agency = it.agency
                self.case.file.officer = it.officer or self.case.file.officer
                self.case.move(Stage.WITH_OWNER)
            case IssueDeficiencyList() as it:
                self.case.file.deficiency_lists += 1
                self.case.file.missing, self.case.file.last_paper_at = it.missing, None
                self.case.move(Stage.AWAITING_DOCUMENTS)
            case ending:
                self.case.endings.end(ending)

    async def await_documents(self) -> None:
        """The requester completes the papers (15 calendar days; then the application is returned). One list only."""
        missing = self.case.file.missing
        if self.case.begin():
            self.case.tell_and_start("requester_complete", "documents_incomplete", missing_list=missing)
        match await self.case.decision():
            case CompleteDocuments() as it:
                self.case.add_documents(it.documents)
                came = max(self.case.came_at, self.case.file.last_paper_at or self.case.came_at)
                self.case.file.last_paper_at = came
                missing = self.case.file.missing = still_missing(self.case.file, it)
                if missing:  # one may be brought before the other
                    reply_by = self.case.due("requester_complete")  # the list says it, until it was served
                    self.case.notify("documents_reminder", REQUESTER, missing_list=missing, reply_by=reply_by)
                else:
                    self.case.file.counts_from = came  # complete when the last of them came
                    self.case.record("documents_completed")
                    self.case.move(Stage.SUBMITTED)
            case Expired():
                self.case.record("application_returned", missing=missing)
                self.case.notify("application_returned", REQUESTER, missing_list=missing)
                self.case.endings.conclude(Outcome.RETURNED_INCOMPLETE)
            case ending:
                self.case.endings.end(ending)

    async def owner_acts(self) -> None:
        """3) ส่วนราชการเจ้าของเรื่องดำเนินการตามขั้นตอนแล้วแจ้งให้ผู้รับบริการและศูนย์บริการร่วมทราบ ภายใน 30 วันทำการ — the owner agency
        acts, then tells the requester and the centre, within 30 working days. The complaint centre relays first."""
        reopened = REOPENED if self.case.file.reopened else None
        told = "case_reopened" if reopened else "case_forwarded"
        if self.case.begin("relay", "owner_act", promise="owner_act", because=reopened, told=told):
            self.case.notify(told, REQUESTER)
            self.case.notify("owner_new_case", "complaint_centre", due_at=self.case.due("relay"), **self.case.papers)
        match await self.case.decision():
            case AssignToOwner() as it:
                on = passes_on(self.case.file, it)
                self.case.file.agency = it.agency
                if on:
                    self.case.file.passed_on += 1
                    self.case.notify("case_passed_on", REQUESTER, reason=it.reason)
                self.case.stop("relay")
                self.case.notify("owner_new_case", "owner_agency", due_at=self.case.due("owner_act"), **self.case.papers)
            case ReportProgress() as it:
                self.case.notify("progress_update", REQUESTER, status_th=it.status_th, status_en=it.status_en or it.status_th)
            case ReportResult() as it:
                self.case.stop("relay")
                both = [  # แจ้งให้ผู้รับบริการและศูนย์บริการร่วมทราบ — the owner's clock stops when the later of the two has been told
                    self.case.notify("result_notice", REQUESTER, result_text=it.result, adverse=it.adverse),
                    self.case.notify("result_notice_centre", "centre", result_text=it.result),
                ]
                self.case.endings.conclude(Outcome.COMPLETED, Stage.COMPLETED, when_told=both)
            case ending:
                self.case.endings.end(ending, refusal=Outcome.REFUSED_WITH_REASON, rating_stage=Stage.COMPLETED)

    async def ask_satisfaction(self) -> None:
        """Satisfaction is asked for; until it is given or 7 days pass, the matter may be taken up again."""
        await self.case.endings.ask_satisfaction(or_reopened=self.reopened)

    def reopened(self) -> None:
        """The owner agency has the matter again, with its limit; the first result stays in the records."""
        self.case.file.outcome, self.case.file.rated = None, False
        self.case.file.clocks.pop(SATISFACTION, None)
        self.case.file.reopened += 1
        self.case.move(Stage.WITH_OWNER)
