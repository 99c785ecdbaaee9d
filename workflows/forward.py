"""Receive and forward: service standard 1.2, points 4 and 5. Read it beside the published text (quoted at each step)."""

from __future__ import annotations

from enum import StrEnum

from pydantic import AwareDatetime
from temporalio import workflow
from temporalio.common import RawValue

from casework.workflows.messages.forward import (
    AssignToOwner,
    CompleteDocuments,
    ForwardApplication,
    ForwardRequest,
    IssueDeficiencyList,
    ReportProgress,
    ReportResult,
)
from casework.workflows.process import (
    NO_REQUEST,
    REQUESTER,
    Case,
    CaseFile,
    CaseResult,
    EventType,
    Expired,
    Named,
    Outcomes,
    OwnState,
    Process,
    ProcessDefinition,
    Rate,
    Redirect,
    Refuse,
    Reopen,
    ReportDelay,
    Settle,
    SharedStage,
    Stages,
    acts_as,
    command,
    explain_delay,
    knows_agency,
    knows_survey_items,
    not_asked_for,
    still_missing,
)


class Stage(Stages):
    """The steps of the published procedure."""

    SUBMITTED = "submitted", "ตรวจสอบเอกสาร", "checking the application"
    AWAITING_DOCUMENTS = "awaiting_documents", "รอเอกสารเพิ่มเติม", "awaiting documents"
    WITH_OWNER = "with_owner", "ส่วนราชการเจ้าของเรื่องดำเนินการ", "with the owner agency"
    COMPLETED = "completed", "ดำเนินการแล้วเสร็จ", "completed"


class Outcome(Outcomes):
    """How it ends."""

    COMPLETED = "completed", "ดำเนินการแล้วเสร็จ", "completed"
    REFUSED_WITH_REASON = "refused_with_reason", "ไม่อาจดำเนินการตามคำขอ", "refused with reason"
    RETURNED_INCOMPLETE = "returned_incomplete", "คืนคำขอ เอกสารไม่ครบ", "returned incomplete"
    REDIRECTED = "redirected", "แนะนำให้ติดต่อหน่วยงานอื่น", "redirected"
    WITHDRAWN = "withdrawn", "ผู้รับบริการขอถอนเรื่อง", "withdrawn"
    SETTLED = "settled", "ได้ข้อยุติ", "settled"


class Notice(StrEnum):
    """What the requester, the owner agency and the centre are told."""

    CASE_RECEIVED = "case_received"
    PROGRESS_UPDATE = "progress_update"
    DOCUMENTS_INCOMPLETE = "documents_incomplete"
    DOCUMENTS_REMINDER = "documents_reminder"
    APPLICATION_RETURNED = "application_returned"
    CASE_FORWARDED = "case_forwarded"
    CASE_REOPENED = "case_reopened"
    CASE_PASSED_ON = "case_passed_on"
    OWNER_NEW_CASE = "owner_new_case"
    RESULT_NOTICE = "result_notice"
    RESULT_NOTICE_CENTRE = "result_notice_centre"
    APPLICATION_REFUSED = "application_refused"
    CASE_SETTLED = "case_settled"


class Application(OwnState):
    """What the procedure keeps of an application."""

    deficiency_lists: int = 0
    missing: list[str] = []
    last_paper_at: AwareDatetime | None = None  # when the last paper of the list so far reached the centre
    passed_on: int = 0  # from one owner agency to another
    reopened: int = 0


COMPLETED = Named(th="ผู้รับบริการยื่นเอกสารเพิ่มเติมแล้ว", en="the requester completed the papers")
HEAD = "complaint_centre_head"
PASSED_ON_FREELY = 2  # from agency to agency; after that the head of the complaint centre answers for it
REOPENED = Named(th="นำเรื่องกลับมาพิจารณาอีกครั้ง", en="the matter was taken up again")


def only_one_list(file: CaseFile, _: IssueDeficiencyList) -> str | None:
    """One complete list: the centre may not come back for more (Licensing Facilitation Act s.8)."""
    assert file.terms is not None
    if may_still_list(file):
        return None
    return f"a deficiency list was already issued; the standard allows {file.terms.deficiency_lists_allowed}"


def may_still_list(file: CaseFile) -> bool:
    """Whether a list may still be issued."""
    own: Application = file.own
    return file.terms is not None and own.deficiency_lists < file.terms.deficiency_lists_allowed


def on_the_list(file: CaseFile, message: CompleteDocuments) -> str | None:
    """Papers are compared by name with the one list that was issued; others are added with add_document."""
    own: Application = file.own
    return not_asked_for(own.missing, message.documents)


def passes_on(file: CaseFile, message: AssignToOwner) -> bool:
    """Whether the matter leaves an owner agency that has been told of it, for another one."""
    return file.owner_told and message.agency != file.agency


def may_assign(file: CaseFile, message: AssignToOwner) -> str | None:
    """An owner is told once; another agency needs a reason (no dodging), and gets no new limit."""
    own: Application = file.own
    if message.agency == file.agency and "relay" in file.clocks and not file.clocks["relay"].running:
        return f"the case is with {file.agency} already"
    if passes_on(file, message) and not message.reason:
        return f"the case is with {file.agency}; passing it on to {message.agency} needs a reason"
    if passes_on(file, message) and own.passed_on >= PASSED_ON_FREELY and not acts_as(file, message.actor, [HEAD]):
        return f"the case was passed on {own.passed_on} times already; once more takes {HEAD}"
    return knows_agency(file, message)


@workflow.defn(name="forward")
class ForwardProcess(Process[Application]):
    """ขั้นตอนการให้บริการรับเรื่อง-ส่งต่อ · Receive and forward."""

    definition = ProcessDefinition(
        service="forward",
        label=Named(th="บริการรับเรื่อง-ส่งต่อ", en="forward"),
        request=ForwardRequest,
        stages=Stage,
        outcomes=Outcome,
        own=Application,
        steps={
            "check_forward": Named(th="ตรวจสอบและส่งต่อ", en="check and forward"),
            "requester_complete": Named(th="ผู้รับบริการยื่นเอกสารเพิ่ม", en="the requester completes the papers"),
            "relay": Named(th="ส่งต่อส่วนราชการเจ้าของเรื่อง", en="relay to the owner agency"),
            "owner_act": Named(th="ดำเนินการและแจ้งผล", en="the owner agency acts and tells"),
        },
        expiring=["requester_complete"],
        events=["application_returned"],
        notices=Notice,
    )  # fmt: skip

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
    rate = command(Rate, Stage.COMPLETED, SharedStage.ASKED, check=knows_survey_items)
    reopen = command(Reopen, Stage.COMPLETED)

    @workflow.init
    def __init__(self, request: RawValue = NO_REQUEST) -> None:
        self.case = Case(self, request)

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
        completed = COMPLETED if self.own.deficiency_lists else None
        if self.case.begin("check_forward", promise="check_forward+owner_act", because=completed, told=Notice.PROGRESS_UPDATE):
            self.case.notify(Notice.PROGRESS_UPDATE if completed else Notice.CASE_RECEIVED, REQUESTER)
        match await self.case.decision():
            case ForwardApplication() as it:
                self.case.file.agency = it.agency
                self.case.file.officer = it.officer or self.case.file.officer
                self.case.move(Stage.WITH_OWNER)
            case IssueDeficiencyList() as it:
                self.own.deficiency_lists += 1
                self.own.missing, self.own.last_paper_at = it.missing, None
                self.case.remind_with("missing_list", it.missing)
                self.case.move(Stage.AWAITING_DOCUMENTS)
            case ending:
                self.case.endings.end(ending)

    async def await_documents(self) -> None:
        """The requester completes the papers (15 calendar days; then the application is returned). One list only."""
        missing = self.own.missing
        if self.case.begin():
            self.case.promise_waits()
            self.case.tell_and_start("requester_complete", Notice.DOCUMENTS_INCOMPLETE, missing_list=missing)
        match await self.case.decision():
            case CompleteDocuments() as it:
                self.case.add_documents(it.documents)
                came = max(self.case.came_at, self.own.last_paper_at or self.case.came_at)
                self.own.last_paper_at = came
                missing = self.own.missing = still_missing(missing, it.documents)
                self.case.remind_with("missing_list", missing)
                if missing:  # one may be brought before the other
                    reply_by = self.case.due("requester_complete")  # the list says it, until it was served
                    self.case.notify(Notice.DOCUMENTS_REMINDER, REQUESTER, missing_list=missing, reply_by=reply_by)
                else:
                    self.case.file.counts_from = came  # complete when the last of them came
                    self.case.record(EventType.DOCUMENTS_COMPLETED)
                    self.case.move(Stage.SUBMITTED)
            case Expired():
                self.case.record("application_returned", missing=missing)
                self.case.notify(Notice.APPLICATION_RETURNED, REQUESTER, missing_list=missing)
                self.case.endings.conclude(Outcome.RETURNED_INCOMPLETE)
            case ending:
                self.case.endings.end(ending)

    async def owner_acts(self) -> None:
        """3) ส่วนราชการเจ้าของเรื่องดำเนินการตามขั้นตอนแล้วแจ้งให้ผู้รับบริการและศูนย์บริการร่วมทราบ ภายใน 30 วันทำการ — the owner agency
        acts, then tells the requester and the centre, within 30 working days. The complaint centre relays first."""
        reopened = REOPENED if self.own.reopened else None
        told = Notice.CASE_REOPENED if reopened else Notice.CASE_FORWARDED
        if self.case.begin("relay", "owner_act", promise="owner_act", because=reopened, told=told):
            self.case.notify(told, REQUESTER)
            self.case.notify(Notice.OWNER_NEW_CASE, "complaint_centre", due_at=self.case.due("relay"), **self.case.papers())
        match await self.case.decision():
            case AssignToOwner() as it:
                on = passes_on(self.case.file, it)
                self.case.file.agency = it.agency
                if on:
                    self.own.passed_on += 1
                    self.case.notify(Notice.CASE_PASSED_ON, REQUESTER, reason=it.reason)
                self.case.stop("relay")
                self.case.notify(Notice.OWNER_NEW_CASE, "owner_agency", due_at=self.case.due("owner_act"), **self.case.papers())
            case ReportProgress() as it:
                status = {"status_th": it.status_th, "status_en": it.status_en or it.status_th}
                self.case.notify(Notice.PROGRESS_UPDATE, REQUESTER, **status)
            case ReportResult() as it:
                self.case.stop("relay")
                both = [  # แจ้งให้ผู้รับบริการและศูนย์บริการร่วมทราบ — the owner's clock stops when the later of the two has been told
                    self.case.notify(Notice.RESULT_NOTICE, REQUESTER, result_text=it.result, adverse=it.adverse),
                    self.case.notify(Notice.RESULT_NOTICE_CENTRE, "centre", result_text=it.result),
                ]
                self.case.endings.conclude(Outcome.COMPLETED, Stage.COMPLETED, when_told=both)
            case ending:
                self.case.endings.end(
                    ending,
                    refused_as=Outcome.REFUSED_WITH_REASON,
                    rating_stage=Stage.COMPLETED,
                    when_told=True,
                    centre_too=True,
                )

    async def ask_satisfaction(self) -> None:
        """Satisfaction is asked for; until it is given or 7 days pass, the matter may be taken up again."""
        await self.case.endings.ask_satisfaction(or_reopened=self.reopened)

    def reopened(self, _: Reopen) -> None:
        """The owner agency has the matter again, with its limit; the first result stays in the records."""
        self.case.endings.take_up_again()
        self.own.reopened += 1
        self.case.move(Stage.WITH_OWNER)
