"""Complaint: service quality, source 002 — มีการติดตาม และแก้ไขกับทุกข้อร้องเรียนอย่างรวดเร็ว; การเรียกความเชื่อมั่นกลับคืนมา.

The sources ask that every complaint be followed up and put right fast, and trust won back; they publish no steps. These are
ours: received and acknowledged, examined by somebody who did not handle the matter, answered with a reason, contested at the
next level, and asked again after a while.
"""

from __future__ import annotations

from enum import StrEnum

from temporalio import workflow
from temporalio.common import RawValue

from casework.workflows.messages.complaint import (
    AcknowledgeComplaint,
    AnswerComplaint,
    AskUnit,
    ComplaintRequest,
    Contest,
    RecordStatement,
    RedirectComplaint,
)
from casework.workflows.process import (
    NO_REQUEST,
    REQUESTER,
    Actor,
    Case,
    CaseFile,
    CaseResult,
    Command,
    Expired,
    Named,
    Outcomes,
    OwnState,
    Process,
    ProcessDefinition,
    ReportDelay,
    Stages,
    Withdraw,
    acts_as,
    command,
    explain_delay,
    handlers_of,
    is_serious,
    knows_agency,
)

HEAD = "complaint_centre_head"
LEVELS = 2  # the complaint centre, and its head


class Stage(Stages):
    """The steps of a complaint."""

    RECEIVED = "received", "รับข้อร้องเรียน", "received"
    EXAMINING = "examining", "ตรวจสอบข้อเท็จจริง", "examining"
    ANSWERED = "answered", "แจ้งผลแล้ว", "answered"
    REGAINING = "regaining_trust", "ติดตามความเชื่อมั่น", "winning trust back"


class Outcome(Outcomes):
    """How it ends: never without an answer."""

    UPHELD = "upheld", "ข้อร้องเรียนมีมูล แก้ไขแล้ว", "right, and put right"
    PARTLY_UPHELD = "partly_upheld", "ข้อร้องเรียนมีมูลบางส่วน", "right in part"
    NOT_UPHELD = "not_upheld", "ข้อร้องเรียนไม่มีมูล", "not right"
    REDIRECTED = "redirected", "ส่งต่อหน่วยงานอื่น", "another body answers it"


OUTCOMES = {"yes": Outcome.UPHELD, "partly": Outcome.PARTLY_UPHELD, "no": Outcome.NOT_UPHELD}


class Notice(StrEnum):
    """What the complainant, the unit complained of and the next level are told."""

    COMPLAINT_RECEIVED = "complaint_received"
    COMPLAINT_ACKNOWLEDGED = "complaint_acknowledged"
    COMPLAINT_STATEMENT = "complaint_statement"  # to the unit complained of
    COMPLAINT_ANSWERED = "complaint_answered"
    COMPLAINT_REDIRECTED = "complaint_redirected"
    COMPLAINT_CONTESTED = "complaint_contested"  # to the next level


class Review(OwnState):
    """What is kept of a complaint."""

    handlers: list[str] = []  # who handled what is complained of: they do not review it
    reviewers: list[str] = []  # who has answered so far: they do not answer again
    level: int = 1
    serious: bool = False
    upheld: str | None = None
    answer: str = ""
    put_right: str | None = None


SERIOUS = Named(th="เป็นเรื่องร้ายแรง จึงเร่งดำเนินการ", en="it is serious, and goes faster")
CONTESTED = Named(th="ท่านขอให้พิจารณาใหม่", en="you asked for another review")


def not_whoever_handled_it(file: CaseFile, message: AcknowledgeComplaint) -> str | None:
    """Another reviewer than whoever handled the matter."""
    own: Review = file.own
    handled = {*own.handlers, *message.handled_by}
    if message.reviewer.id in handled:
        return f"{message.reviewer.id} handled what is complained of; somebody else reviews it"
    return None


def may_answer(file: CaseFile, message: AnswerComplaint | RedirectComplaint) -> str | None:
    """Nobody answers for their own work, and a contested answer is another's at the next level."""
    own: Review = file.own
    who: Actor = message.actor
    if who.id in own.handlers:
        return f"{who.id} handled what is complained of; somebody else answers"
    if who.id in own.reviewers:
        return f"{who.id} gave the answer that is contested; somebody else answers"
    if own.level > 1 and not acts_as(file, who, [HEAD]):
        return f"the answer is contested; now it takes {HEAD}"
    return None


def may_contest(file: CaseFile, _: Contest) -> str | None:
    """There are so many levels here; beyond them are the courts and the Ombudsman."""
    own: Review = file.own
    beyond = f"level {own.level} of {LEVELS} has answered; beyond are the courts and the Ombudsman"
    return beyond if own.level >= LEVELS else None


@workflow.defn(name="complaint")
class ComplaintProcess(Process[Review]):
    """เรื่องร้องเรียน · Complaint."""

    definition = ProcessDefinition(
        service="complaint",
        label=Named(th="เรื่องร้องเรียน", en="complaint"),
        request=ComplaintRequest,
        stages=Stage,
        outcomes=Outcome,
        own=Review,
        steps={
            "acknowledge": Named(th="แจ้งผู้ตรวจสอบ", en="acknowledge"),
            "examine": Named(th="ตรวจสอบและแจ้งผล", en="examine and answer"),
            "examine_serious": Named(th="ตรวจสอบและแจ้งผล (เรื่องร้ายแรง)", en="examine and answer, serious"),
            "contest": Named(th="ผู้ร้องขอให้พิจารณาใหม่", en="the complainant may contest the answer"),
            "regain_trust": Named(th="ติดตามความเชื่อมั่น", en="winning trust back"),
        },
        expiring=["contest", "regain_trust"],
        events=["handlers_known"],
        notices=Notice,
    )  # fmt: skip

    acknowledge_complaint = command(AcknowledgeComplaint, Stage.RECEIVED, check=not_whoever_handled_it)
    ask_unit = command(AskUnit, Stage.EXAMINING, check=knows_agency)
    record_statement = command(RecordStatement, Stage.EXAMINING)
    report_delay = command(ReportDelay, Stage.EXAMINING, act=explain_delay)
    answer_complaint = command(AnswerComplaint, Stage.EXAMINING, check=may_answer)
    redirect_complaint = command(RedirectComplaint, Stage.RECEIVED, Stage.EXAMINING, check=may_answer)
    contest = command(Contest, Stage.ANSWERED, check=may_contest)

    @workflow.init
    def __init__(self, request: RawValue = NO_REQUEST) -> None:
        self.case = Case(self, request)

    @workflow.run
    async def run(self, request: RawValue = NO_REQUEST) -> CaseResult:
        """Takes a ComplaintRequest; returns how the case ended."""
        await self.case.open("acknowledge")
        return await self.case.walk(
            {
                Stage.RECEIVED: self.received,
                Stage.EXAMINING: self.examine,
                Stage.ANSWERED: self.answered,
                Stage.REGAINING: self.regain_trust,
            }
        )

    async def received(self) -> None:
        """Whoever complains hears at once that it has arrived, and within the acknowledgement's time who reviews it."""
        if self.case.begin("acknowledge", promise="acknowledge+examine"):
            self.case.notify(Notice.COMPLAINT_RECEIVED, REQUESTER)
            await self.know_the_handlers()
        match await self.case.decision():
            case AcknowledgeComplaint() as it:
                self.case.file.officer = it.reviewer
                self.own.handlers = [*self.own.handlers, *it.handled_by]
                self.own.serious = is_serious(self.case) if it.serious is None else it.serious
                self.case.move(Stage.EXAMINING)
            case RedirectComplaint() as it:
                self.redirected(it)
            case other:
                self.goes_on_all_the_same(other)

    async def examine(self) -> None:
        """Somebody who did not handle the matter finds out what happened, hears the unit complained of, and
        answers with the reason."""
        step = "examine_serious" if self.own.serious else "examine"
        because = CONTESTED if self.own.level > 1 else SERIOUS if self.own.serious else None
        if self.case.begin(step, promise=step, because=because, told=Notice.COMPLAINT_ACKNOWLEDGED):
            self.case.notify(Notice.COMPLAINT_ACKNOWLEDGED, REQUESTER)
            if self.own.level > 1:
                self.case.notify(Notice.COMPLAINT_CONTESTED, HEAD, due_at=self.case.due(step))
        match await self.case.decision():
            case AskUnit() as it:
                self.case.file.agency = it.agency or self.case.file.agency
                unit = "owner_agency" if it.agency else "centre_head"
                self.case.notify(Notice.COMPLAINT_STATEMENT, unit, question=it.question, due_at=self.case.due(step))
            case RecordStatement():
                pass  # it is in the records, for whoever answers
            case AnswerComplaint() as it:
                self.own.upheld, self.own.answer, self.own.put_right = it.upheld, it.answer, it.put_right
                self.own.reviewers = [*self.own.reviewers, it.actor.id]
                self.case.endings.decided(OUTCOMES[it.upheld])
                if it.upheld != "no":
                    self.case.improvements.open("complaint")
                self.case.move(Stage.ANSWERED)
            case RedirectComplaint() as it:
                self.redirected(it)
            case other:
                self.goes_on_all_the_same(other)

    async def answered(self) -> None:
        """The answer is told; until its time passes the complainant may have it reviewed at the next level."""
        if self.request.nobody_to_tell:
            self.case.begin("contest")
        elif self.case.begin():
            said = {"result_text": self.own.answer, "adverse": self.own.upheld != "yes", "put_right": self.own.put_right or ""}
            self.case.tell_and_start("contest", Notice.COMPLAINT_ANSWERED, **said)
        match await self.case.decision():
            case Contest():
                self.own.level += 1
                self.case.endings.take_up_again()
                self.case.move(Stage.EXAMINING)
            case Expired() if self.own.upheld != "no":
                self.case.move(Stage.REGAINING)
            case _:
                self.conclude()

    async def regain_trust(self) -> None:
        """การเรียกความเชื่อมั่นกลับคืนมา — after a complaint that was right some time passes before it is asked whether
        what was put right has lasted."""
        self.case.begin("regain_trust")
        await self.case.decision()
        self.conclude()

    def conclude(self) -> None:
        """It ends as it was answered; who left no address is not asked how content they are."""
        self.case.endings.conclude(OUTCOMES[self.own.upheld or "no"])

    async def know_the_handlers(self) -> None:
        """Who handled the case complained of, by its records; who they are is not told to anybody."""
        about = self.request.about_case
        if about is not None:
            self.own.handlers = await handlers_of(self.case, about)
            self.case.record("handlers_known", about=about, handlers=len(self.own.handlers))

    def redirected(self, it: RedirectComplaint) -> None:
        """Another body has taken it; that is told with the reason."""
        said = {"other_agency": it.to, "contact": it.contact, "reason": it.reason}
        told = self.case.notify(Notice.COMPLAINT_REDIRECTED, REQUESTER, **said)
        self.case.endings.conclude(Outcome.REDIRECTED, when_told=[told])

    def goes_on_all_the_same(self, message: Command) -> None:
        """No complaint is closed without a recorded answer: not when it is withdrawn, nor when the complainant keeps silent."""
        assert isinstance(message, (Withdraw, Expired)), f"{message.command_name()} is not a command of a complaint"

    @property
    def request(self) -> ComplaintRequest:
        """What was complained about."""
        request = self.case.file.request
        assert isinstance(request, ComplaintRequest)
        return request
