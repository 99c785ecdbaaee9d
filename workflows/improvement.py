"""Improvement: source 000 — นำข้อขัดข้องใดๆ ในการให้บริการ (ถ้ามี) ไปพัฒนาการ; source 002, dissatisfaction is turned into better service.

The sources ask for it and publish no steps. These are ours: a task is taken by somebody who answers for it, something is done,
and some time later it is measured whether it has helped.
"""

from __future__ import annotations

from enum import StrEnum

from temporalio import workflow
from temporalio.common import RawValue

from casework.workflows.messages.improvement import DeclineTask, ImprovementRequest, RecordEffect, ReportImprovement, TakeTask
from casework.workflows.process import (
    NO_REQUEST,
    OFFICER,
    REQUESTER,
    Case,
    CaseResult,
    Named,
    Outcomes,
    OwnState,
    Process,
    ProcessDefinition,
    Stages,
    command,
)


class Stage(Stages):
    """The steps of an improvement."""

    PROPOSED = "proposed", "เสนอให้ปรับปรุง", "proposed"
    WORKING = "working", "กำลังปรับปรุง", "being worked on"
    MEASURING = "measuring", "วัดผลการปรับปรุง", "being measured"


class Outcome(Outcomes):
    """How it ends."""

    IMPROVED = "improved", "ดีขึ้น", "improved"
    NO_EFFECT = "no_effect", "ไม่ดีขึ้น", "no effect"
    DECLINED = "declined", "ไม่ดำเนินการ", "declined"
    WITHDRAWN = "withdrawn", "ขอถอนเรื่อง", "withdrawn"


class Notice(StrEnum):
    """What the supervisor, the owner of the task and whoever had the idea are told."""

    IMPROVEMENT_TASK = "improvement_task"  # to the supervisor: somebody should take it
    IMPROVEMENT_TAKEN = "improvement_taken"  # to its owner
    IMPROVEMENT_MEASURE = "improvement_measure"  # to its owner: has it helped?
    IDEA_RECEIVED = "idea_received"
    IDEA_DECLINED = "idea_declined"
    IDEA_DONE = "idea_done"


class Work(OwnState):
    """What is kept of a task."""

    tries: int = 0


AGAIN = Named(th="ยังไม่ดีขึ้น จึงปรับปรุงต่อ", en="it has not helped yet, so the work goes on")


@workflow.defn(name="improvement")
class ImprovementProcess(Process[Work]):
    """การปรับปรุงบริการ · Improvement."""

    definition = ProcessDefinition(
        service="improvement",
        label=Named(th="การปรับปรุงบริการ", en="improvement"),
        request=ImprovementRequest,
        stages=Stage,
        outcomes=Outcome,
        own=Work,
        steps={
            "take_up": Named(th="มอบหมายผู้รับผิดชอบ", en="somebody takes it"),
            "improve": Named(th="ดำเนินการปรับปรุง", en="improve"),
            "measure": Named(th="วัดผล", en="measure the effect"),
        },
        notices=Notice,
    )

    take_task = command(TakeTask, Stage.PROPOSED)
    decline_task = command(DeclineTask, Stage.PROPOSED, Stage.WORKING)
    report_improvement = command(ReportImprovement, Stage.WORKING)
    record_effect = command(RecordEffect, Stage.MEASURING)

    @workflow.init
    def __init__(self, request: RawValue = NO_REQUEST) -> None:
        self.case = Case(self, request)

    @workflow.run
    async def run(self, request: RawValue = NO_REQUEST) -> CaseResult:
        """Takes an ImprovementRequest; returns how the task ended."""
        await self.case.open("take_up")
        return await self.case.walk(
            {Stage.PROPOSED: self.proposed, Stage.WORKING: self.work, Stage.MEASURING: self.measure},
        )

    async def proposed(self) -> None:
        """Somebody takes the task and says what they will do, or it is declined with a reason."""
        if self.case.begin("take_up", promise="take_up+improve"):
            self.case.notify(Notice.IMPROVEMENT_TASK, "centre_supervisor", due_at=self.case.due("take_up"))
            self.case.notify(Notice.IDEA_RECEIVED, REQUESTER)
        match await self.case.decision():
            case TakeTask() as it:
                self.case.file.officer = it.owner
                self.case.move(Stage.WORKING)
            case DeclineTask() as it:
                self.declined(it)
            case ending:
                self.case.endings.end(ending)

    async def work(self) -> None:
        """It is done within the time of the standard, which the head may extend."""
        if self.case.begin("improve", promise="improve", because=AGAIN if self.own.tries else None):
            self.case.notify(Notice.IMPROVEMENT_TAKEN, OFFICER, due_at=self.case.due("improve"))
        match await self.case.decision():
            case ReportImprovement() as it:
                self.case.notify(Notice.IDEA_DONE, REQUESTER, result_text=it.done)
                self.case.move(Stage.MEASURING)
            case DeclineTask() as it:
                self.declined(it)
            case ending:
                self.case.endings.end(ending)

    async def measure(self) -> None:
        """Some time later its effect is measured: better, or the task goes on, or it is said that it had none."""
        if self.case.begin("measure"):
            self.case.notify(Notice.IMPROVEMENT_MEASURE, OFFICER, reply_by=self.case.due("measure"))
        match await self.case.decision():
            case RecordEffect(again=True):
                self.own.tries += 1
                self.case.move(Stage.WORKING)
            case RecordEffect(effect="better"):
                self.case.endings.conclude(Outcome.IMPROVED)
            case RecordEffect():
                self.case.endings.conclude(Outcome.NO_EFFECT)
            case ending:
                self.case.endings.end(ending)

    def declined(self, it: DeclineTask) -> None:
        """Nothing is done; whoever had the idea reads why."""
        told = [self.case.notify(Notice.IDEA_DECLINED, REQUESTER, reason=it.reason)]
        self.case.endings.conclude(Outcome.DECLINED, when_told=told)
