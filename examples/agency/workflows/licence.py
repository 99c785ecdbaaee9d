"""The agency's own service: a licence to store fuel. Received, inspected, decided."""

from typing import ClassVar, Literal

from temporalio import workflow
from temporalio.common import RawValue

from casework.workflows.process import (
    NO_REQUEST,
    REQUESTER,
    Case,
    CaseFile,
    CaseRequest,
    CaseResult,
    Command,
    Line,
    Named,
    Outcomes,
    OwnState,
    Process,
    ProcessDefinition,
    Prose,
    Rate,
    Refuse,
    SharedStage,
    Stages,
    command,
    knows_survey_items,
)


class Stage(Stages):
    RECEIVED = "received", "รับคำขอ รอตรวจสถานที่", "received, to be inspected"
    INSPECTED = "inspected", "ตรวจสถานที่แล้ว", "inspected"
    DECIDED = "decided", "มีคำสั่งแล้ว", "decided"


class Outcome(Outcomes):
    LICENSED = "licensed", "ออกใบอนุญาต", "licensed"
    REFUSED = "refused", "ไม่อนุญาต", "refused"
    WITHDRAWN = "withdrawn", "ผู้ขอถอนคำขอ", "withdrawn"


class LicenceRequest(CaseRequest):
    """Apply for a licence to store fuel on premises."""

    service: Literal["licence"] = "licence"
    premises: Line


class ReportInspection(Command):
    """The premises were inspected."""

    event: ClassVar[str] = "premises_inspected"
    fit: bool
    findings: Prose


class GrantLicence(Command):
    """Grant the licence, under its number."""

    event: ClassVar[str] = "licence_granted"
    number: Line


class Licence(OwnState):
    fit: bool = False


def only_if_fit(file: CaseFile, _: GrantLicence) -> str | None:
    """Nobody licenses premises that were found unfit."""
    return None if file.own.fit else "the premises were found unfit; refuse with the findings"


@workflow.defn(name="licence")
class LicenceProcess(Process[Licence]):
    """ใบอนุญาตสถานที่เก็บน้ำมัน · Licence to store fuel."""

    definition = ProcessDefinition(
        service="licence",
        label=Named(th="ใบอนุญาตสถานที่เก็บน้ำมัน", en="licence to store fuel"),
        request=LicenceRequest,
        stages=Stage,
        outcomes=Outcome,
        own=Licence,
        steps={"inspect": Named(th="ตรวจสถานที่", en="inspect"), "decide": Named(th="พิจารณา", en="decide")},
        notices=["case_received", "licence_granted", "application_refused"],
    )
    report_inspection = command(ReportInspection, Stage.RECEIVED)
    grant_licence = command(GrantLicence, Stage.INSPECTED, check=only_if_fit)
    refuse = command(Refuse, Stage.INSPECTED)
    rate = command(Rate, Stage.DECIDED, SharedStage.ASKED, check=knows_survey_items)

    @workflow.init
    def __init__(self, request: RawValue = NO_REQUEST) -> None:
        self.case = Case(self, request)

    @workflow.run
    async def run(self, request: RawValue = NO_REQUEST) -> CaseResult:
        await self.case.open("inspect")
        return await self.case.walk(
            {
                Stage.RECEIVED: self.inspect,
                Stage.INSPECTED: self.decide,
                Stage.DECIDED: self.case.endings.ask_satisfaction,
            }
        )

    async def inspect(self) -> None:
        if self.case.begin("inspect", promise="inspect+decide"):
            self.case.notify("case_received", REQUESTER)
        match await self.case.decision():
            case ReportInspection() as it:
                self.own.fit = it.fit
                self.case.move(Stage.INSPECTED)
            case ending:
                self.case.endings.end(ending)

    async def decide(self) -> None:
        self.case.begin("decide")
        match await self.case.decision():
            case GrantLicence() as it:
                told = [self.case.notify("licence_granted", REQUESTER, result_text=it.number)]
                self.case.endings.conclude(Outcome.LICENSED, Stage.DECIDED, when_told=told)
            case ending:
                self.case.endings.end(ending, rating_stage=Stage.DECIDED, when_told=True)
