"""Information request: service standard 1.1, points 2 and 3. Read it beside the published text (quoted at each step)."""

from __future__ import annotations

from enum import StrEnum

from temporalio import workflow
from temporalio.common import RawValue

from casework.workflows.messages.information_request import (
    InformationRequest,
    RecordOwnerReply,
    RecordSelection,
    ReferToOwner,
    ReportHeld,
    TellRequester,
)
from casework.workflows.process import (
    NO_REQUEST,
    REQUESTER,
    Case,
    CaseResult,
    Named,
    Outcomes,
    OwnState,
    Process,
    ProcessDefinition,
    Rate,
    RecordNoShow,
    Redirect,
    Refuse,
    ReportDelay,
    SharedStage,
    Stages,
    StartService,
    command,
    explain_delay,
    knows_agency,
    knows_point,
    knows_survey_items,
)


class Stage(Stages):
    """The steps of the published procedure."""

    QUEUED = "queued", "รอเรียกคิว", "queued"
    SERVING = "serving", "กำลังให้บริการ", "serving"
    SELECTING = "selecting", "ผู้รับบริการคัดเลือกเอกสาร", "requester selects documents"
    REFERRED = "referred", "สอบถามส่วนราชการเจ้าของเรื่อง", "referred to the owner agency"
    TELLING = "telling", "แจ้งคำตอบผู้รับบริการ", "telling the requester"
    PROVIDED = "provided", "ให้ข้อมูลแล้ว", "provided"
    ANSWERED = "answered", "แจ้งคำตอบแล้ว", "answered"


class Outcome(Outcomes):
    """How it ends."""

    PROVIDED = "provided", "ให้ข้อมูลแล้ว", "provided"
    REFERRED_ANSWERED = "referred_answered", "แจ้งคำตอบของเจ้าของเรื่องแล้ว", "answered by the owner agency"
    REFUSED = "refused", "ปฏิเสธ", "refused"
    REDIRECTED = "redirected", "แนะนำให้ติดต่อหน่วยงานอื่น", "redirected"
    WITHDRAWN = "withdrawn", "ผู้รับบริการขอถอนเรื่อง", "withdrawn"
    NO_SHOW = "no_show", "ผู้รับบริการไม่มาตามคิว", "no show"


class Notice(StrEnum):
    """What the requester, the owner agency and the centre are told."""

    CASE_RECEIVED = "case_received"
    SERVICE_BEGUN = "service_begun"  # to who came to the counter: by which officer, at which point
    CASE_GOES_ON = "case_goes_on"
    OWNER_NEW_CASE = "owner_new_case"
    INFO_REFERRED = "info_referred"
    INFO_READY = "info_ready"
    RESULT_NOTICE = "result_notice"
    INFORMATION_REFUSED = "information_refused"


class Inquiry(OwnState):
    """What is asked of the owner agency."""

    question: str | None = None
    papers: list[str] = []  # handed to it beside the documents
    answer: str | None = None


NOT_HELD = Named(
    th="ศูนย์บริการร่วมไม่มีข้อมูลที่ขอ จึงสอบถามส่วนราชการเจ้าของเรื่อง", en="the centre does not hold it; the owner agency is asked"
)


@workflow.defn(name="information_request")
class InformationRequestProcess(Process[Inquiry]):
    """ขั้นตอนการให้บริการข้อมูลข่าวสาร/เอกสารเผยแพร่ต่างๆ · Information and publications."""

    definition = ProcessDefinition(
        service="information_request",
        label=Named(th="บริการข้อมูลข่าวสาร", en="information request"),
        request=InformationRequest,
        stages=Stage,
        outcomes=Outcome,
        own=Inquiry,
        steps={
            "respond": Named(th="ตอบผู้รับบริการ", en="answer the requester"),
            "provide": Named(th="จัดหาข้อมูล/เอกสาร", en="provide the information"),
            "owner_gather": Named(th="รวบรวมข้อมูล", en="the owner agency gathers"),
            "tell_requester": Named(th="แจ้งผู้รับบริการ", en="tell the requester"),
        },
        events=["papers_handed_to_owner"],
        notices=Notice,
    )  # fmt: skip

    start_service = command(StartService, Stage.QUEUED, check=knows_point)
    record_no_show = command(RecordNoShow, Stage.QUEUED)
    report_held = command(ReportHeld, Stage.SERVING)
    refer_to_owner = command(ReferToOwner, Stage.SERVING, check=knows_agency)
    record_selection = command(RecordSelection, Stage.SELECTING)
    report_delay = command(ReportDelay, Stage.REFERRED, act=explain_delay)
    record_owner_reply = command(RecordOwnerReply, Stage.REFERRED)
    tell_requester = command(TellRequester, Stage.TELLING)
    refuse = command(Refuse, Stage.SERVING, Stage.REFERRED, Stage.TELLING)
    redirect = command(Redirect, Stage.SERVING, Stage.REFERRED, Stage.TELLING)
    rate = command(Rate, Stage.PROVIDED, Stage.ANSWERED, SharedStage.ASKED, check=knows_survey_items)

    @workflow.init
    def __init__(self, request: RawValue = NO_REQUEST) -> None:
        self.case = Case(self, request)

    @workflow.run
    async def run(self, request: RawValue = NO_REQUEST) -> CaseResult:
        """Takes an InformationRequest; returns how the case ended."""
        await self.case.open(*self.answered_by_letter)
        return await self.case.walk(
            {
                Stage.QUEUED: self.queued,
                Stage.SERVING: self.provide,
                Stage.SELECTING: self.select_documents,
                Stage.REFERRED: self.owner_gathers,
                Stage.TELLING: self.tell,
                Stage.PROVIDED: self.case.endings.ask_satisfaction,
                Stage.ANSWERED: self.case.endings.ask_satisfaction,
            }
        )

    @property
    def answered_by_letter(self) -> list[str]:
        """Who does not stand at the counter is answered within working days, whoever finds it when."""
        return [] if self.case.walked_in else ["respond"]

    async def queued(self) -> None:
        """1) ประชาชนติดต่อเจ้าหน้าที่ แจ้งเรื่องข้อมูล/เอกสารที่ต้องการ — the citizen says what is wanted and waits to be called."""
        if self.case.begin(*self.answered_by_letter):
            if self.case.file.request.linked_from:
                self.case.notify(Notice.CASE_GOES_ON, REQUESTER)
            elif not self.case.walked_in:
                self.case.notify(Notice.CASE_RECEIVED, REQUESTER)
        match await self.case.decision():
            case StartService() as it:
                self.case.file.officer = it.officer_at_point
                self.case.move(Stage.SERVING, *self.answered_by_letter)
            case RecordNoShow():
                self.case.endings.conclude(Outcome.NO_SHOW)
            case ending:
                self.case.endings.end(ending)

    async def provide(self) -> None:
        """2) เจ้าหน้าที่จัดหาข้อมูล/เอกสารตามต้องการ ภายใน 15 นาที — the officer finds it within 15 minutes.
        3) ถ้ามีข้อมูล เจ้าหน้าที่อธิบายและ/หรือให้เอกสารประกอบ … ถ้าไม่มีข้อมูล สอบถามไปยังหน่วยงานเจ้าของเรื่อง — held: explained or handed
        over; not held: the owner agency is asked, the requester told, the papers handed to the owner."""
        if self.case.begin("provide", promise="provide" if self.case.walked_in else None) and self.case.walked_in:
            self.case.tell_at_once(Notice.SERVICE_BEGUN)
        match await self.case.decision():
            case ReportHeld():
                self.case.move(Stage.SELECTING)
            case ReferToOwner() as it:
                self.case.file.agency, self.own.question, self.own.papers = it.agency, it.question, it.papers
                if it.papers:
                    self.case.record("papers_handed_to_owner", agency=it.agency, papers=it.papers)
                self.case.move(Stage.REFERRED)
            case ending:
                self.case.endings.end(ending, refusal_notice=Notice.INFORMATION_REFUSED)

    async def select_documents(self) -> None:
        """โดยให้ผู้รับบริการคัดเลือกเอกสารด้วยตนเอง (ไม่จำกัดเวลา) — the requester picks documents; there is no time limit."""
        self.case.begin()
        match await self.case.decision():
            case RecordSelection():
                self.case.endings.conclude(Outcome.PROVIDED, Stage.PROVIDED)
            case ending:
                self.case.endings.end(ending)

    async def owner_gathers(self) -> None:
        """สอบถามไปยังหน่วยงานเจ้าของเรื่องรวบรวมข้อมูล แล้วแจ้งผู้รับบริการ และจัดส่งเอกสารให้ส่วนราชการเจ้าของเรื่องดำเนินการ — the
        owner agency gathers the information (15 calendar days), the requester has been told so."""
        if self.case.begin("owner_gather", promise="owner_gather+tell_requester", because=NOT_HELD, told=Notice.INFO_REFERRED):
            papers = self.case.papers(*self.own.papers)
            due = self.case.due("owner_gather")
            self.case.notify(Notice.OWNER_NEW_CASE, "owner_agency", due_at=due, question=self.own.question, **papers)
            self.case.notify(Notice.INFO_REFERRED, REQUESTER)
        match await self.case.decision():
            case RecordOwnerReply(requester_told=True):  # the text lets the owner agency tell the requester itself
                self.case.endings.conclude(Outcome.REFERRED_ANSWERED, Stage.ANSWERED)
            case RecordOwnerReply() as it:
                self.own.answer = it.answer
                self.case.move(Stage.TELLING)
            case ending:
                self.case.endings.end(ending, refusal_notice=Notice.INFORMATION_REFUSED, when_told=True)

    async def tell(self) -> None:
        """แล้วแจ้งผู้รับบริการ — the requester is told what the owner agency answered (1 working day)."""
        if self.case.begin("tell_requester"):
            self.case.notify(Notice.INFO_READY, REQUESTER)
        match await self.case.decision():
            case TellRequester() as it:
                answer = it.answer or self.own.answer
                told = [self.case.notify(Notice.RESULT_NOTICE, REQUESTER, result_text=answer, adverse=False)]
                self.case.endings.conclude(Outcome.REFERRED_ANSWERED, Stage.ANSWERED, when_told=told)
            case ending:
                self.case.endings.end(ending, refusal_notice=Notice.INFORMATION_REFUSED, when_told=True)

    # 4) ประเมินความพึงพอใจแก่ผู้รับบริการหลังได้รับบริการ ณ จุดให้บริการ — satisfaction is asked after the service: Case.ask_satisfaction.
