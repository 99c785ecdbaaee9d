"""One-stop service: service standard 1.3, points 6 and 7. Read it beside the published text (quoted at each step)."""

from __future__ import annotations

from enum import StrEnum

from temporalio import workflow
from temporalio.common import RawValue

from casework.workflows.messages.one_stop import (
    BeginAdvice,
    BeginPublications,
    CompleteAdvice,
    Convert,
    GivePublications,
    OneStopRequest,
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
    SharedStage,
    Stages,
    StartService,
    can_go_on,
    command,
    go_on_as,
    knows_point,
    knows_survey_items,
)


class Stage(Stages):
    """The steps of the published procedure."""

    QUEUED = "queued", "รอเรียกคิว", "queued"
    TRIAGE = "triage", "วิเคราะห์เรื่อง", "triage"
    ADVISING = "advising", "ให้คำปรึกษา", "advising"
    GIVING = "giving", "ให้เอกสารเผยแพร่", "giving publications"
    ADVISED = "advised", "ให้คำปรึกษาแล้ว", "advised"
    GIVEN = "given", "ให้เอกสารแล้ว", "publications given"


class Outcome(Outcomes):
    """How it ends."""

    ADVISED = "advised", "ให้คำปรึกษาแล้ว", "advised"
    PUBLICATIONS_GIVEN = "publications_given", "ให้เอกสารแล้ว", "publications given"
    CONVERTED = "converted", "ดำเนินการต่อเป็นบริการอื่น", "went on as another service"
    REDIRECTED = "redirected", "แนะนำให้ติดต่อหน่วยงานอื่น", "redirected"
    WITHDRAWN = "withdrawn", "ผู้รับบริการขอถอนเรื่อง", "withdrawn"
    NO_SHOW = "no_show", "ผู้รับบริการไม่มาตามคิว", "no show"


class Notice(StrEnum):
    """What the requester, the owner agency and the centre are told."""

    SERVICE_BEGUN = "service_begun"  # by which officer, at which point
    CASE_CONVERTED = "case_converted"


@workflow.defn(name="one_stop")
class OneStopProcess(Process[OwnState]):
    """ขั้นตอนการให้บริการเบ็ดเสร็จ · One-stop service."""

    definition = ProcessDefinition(
        service="one_stop",
        label=Named(th="บริการเบ็ดเสร็จ", en="one-stop service"),
        request=OneStopRequest,
        stages=Stage,
        outcomes=Outcome,
        steps={
            "triage": Named(th="วิเคราะห์เรื่อง", en="triage"),
            "advise": Named(th="ให้คำปรึกษา", en="advise"),
            "publications": Named(th="ให้เอกสารเผยแพร่", en="give publications"),
        },
        notices=Notice,
    )

    start_service = command(StartService, Stage.QUEUED, check=knows_point)
    record_no_show = command(RecordNoShow, Stage.QUEUED)
    begin_advice = command(BeginAdvice, Stage.TRIAGE)
    begin_publications = command(BeginPublications, Stage.TRIAGE)
    convert = command(Convert, Stage.TRIAGE, check=can_go_on)
    complete_advice = command(CompleteAdvice, Stage.ADVISING)
    give_publications = command(GivePublications, Stage.GIVING)
    redirect = command(Redirect, Stage.TRIAGE, Stage.ADVISING, Stage.GIVING)
    rate = command(Rate, Stage.ADVISED, Stage.GIVEN, SharedStage.ASKED, check=knows_survey_items)

    @workflow.init
    def __init__(self, request: RawValue = NO_REQUEST) -> None:
        self.case = Case(self, request)

    @workflow.run
    async def run(self, request: RawValue = NO_REQUEST) -> CaseResult:
        """Takes a OneStopRequest; returns how the case ended."""
        await self.case.open()
        return await self.case.walk(
            {
                Stage.QUEUED: self.queued,
                Stage.TRIAGE: self.triage,
                Stage.ADVISING: self.advise,
                Stage.GIVING: self.give,
                Stage.ADVISED: self.case.endings.ask_satisfaction,
                Stage.GIVEN: self.case.endings.ask_satisfaction,
            }
        )

    async def queued(self) -> None:
        """1) ผู้รับบริการเดินทางมาขอรับคำปรึกษา/ขอรับเอกสารเผยแพร่ด้านพลังงาน — the requester comes for advice or publications.
        2) เจ้าหน้าที่จัดระบบคิว — the officer runs the queue."""
        self.case.begin()
        match await self.case.decision():
            case StartService() as it:
                self.case.file.officer = it.officer_at_point
                self.case.move(Stage.TRIAGE)
            case RecordNoShow():
                self.case.endings.conclude(Outcome.NO_SHOW)
            case ending:
                self.case.endings.end(ending)

    async def triage(self) -> None:
        """3) เจ้าหน้าที่วิเคราะห์เรื่องที่ประชาชนมาขอรับบริการ — the officer analyses what is asked: advice, publications, or anything else,
        which goes on as one of the other two services."""
        if self.case.begin("triage", promise="triage"):
            self.case.tell_at_once(Notice.SERVICE_BEGUN)
        match await self.case.decision():
            case BeginAdvice():
                self.case.move(Stage.ADVISING)
            case BeginPublications():
                self.case.move(Stage.GIVING)
            case Convert() as it:
                await go_on_as(self.case, it)
                self.case.notify(Notice.CASE_CONVERTED, REQUESTER, service=it.into)
                self.case.endings.conclude(Outcome.CONVERTED)
            case ending:
                self.case.endings.end(ending)

    async def advise(self) -> None:
        """หากเป็นการรับการปรึกษาด้านพลังงานเบื้องต้น เจ้าหน้าที่สามารถให้คำปรึกษาแก่ประชาชนตามที่ร้องขอได้เลย — preliminary advice on energy is
        given at once."""
        self.case.begin("advise")
        match await self.case.decision():
            case CompleteAdvice():
                self.case.endings.conclude(Outcome.ADVISED, Stage.ADVISED)
            case ending:
                self.case.endings.end(ending)

    async def give(self) -> None:
        """หากเป็นการขอรับเอกสารเผยแพร่ … ประชาชนสามารถขอรับได้ ณ ศูนย์บริการร่วม — publications are handed out at the centre."""
        self.case.begin("publications")
        match await self.case.decision():
            case GivePublications():
                self.case.endings.conclude(Outcome.PUBLICATIONS_GIVEN, Stage.GIVEN)
            case ending:
                self.case.endings.end(ending)
