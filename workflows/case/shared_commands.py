"""The commands every process shares, and the checks that several processes use."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar, cast

from temporalio import workflow

from casework.standards.counting.plan import CALL_BACK, OFFICER, REQUESTER
from casework.workflows.case.case import Case
from casework.workflows.case.clock_checks import (
    may_change_standard,
    may_extend,
    may_pause,
    may_resume,
    something_to_extend,
    something_to_pause,
    stands_still,
)
from casework.workflows.case.command_desk import Where, command
from casework.workflows.case.definition import OwnState, ProcessDefinition, SharedStage
from casework.workflows.case.file import DOCUMENTS_KEPT, CaseFile
from casework.workflows.case.letters import letters_wait, may_serve
from casework.workflows.case.opening import unknown_point
from casework.workflows.messages.commands import (
    AddDocument,
    AddNote,
    ChangeStandard,
    Extend,
    Pause,
    Rate,
    Reassign,
    RecordCallBack,
    RecordService,
    Recount,
    ReportDelay,
    Resume,
    StartService,
    Withdraw,
)
from casework.workflows.messages.notices import NoticeType
from casework.workflows.messages.views import CaseView, CommandReply
from casework.workflows.names import CASE_QUERY, OPENED_UPDATE


def take_note(case: Case, message: AddNote) -> None:
    """A note never moves a clock."""
    case.record(message.event, message.actor, text=message.text)


def take_document(case: Case, message: AddDocument) -> None:
    """Keep the document's metadata with the case."""
    case.add_documents([message.document])
    case.record(message.event, message.actor, documents=[message.document.model_dump(mode="json", exclude_none=True)])


def give_to(case: Case, message: Reassign) -> None:
    """Another officer takes the case; the clocks do not move, and the reason is kept (no dodging, source 000 L2)."""
    before = case.file.officer.id if case.file.officer else None
    case.file.officer = message.to
    case.record(message.event, message.actor, before=before, to=message.to.id, reason=message.reason)
    case.notify(NoticeType.CASE_REASSIGNED, OFFICER, reason=message.reason)
    case.notify(NoticeType.OFFICER_CHANGED, REQUESTER, reason=message.reason)


def explain_delay(case: Case, message: ReportDelay) -> None:
    """What delay notices say from now on; the dates do not move."""
    case.remind_with("delay_reason", message.reason)
    case.record(message.event, message.actor, reason=message.reason)


def has_room(file: CaseFile, message: Any) -> str | None:
    """A case holds a limited number of documents."""
    more = len(message.documents) if hasattr(message, "documents") else 1
    return f"a case holds at most {DOCUMENTS_KEPT} documents" if len(file.documents) + more > DOCUMENTS_KEPT else None


def knows_agency(file: CaseFile, message: Any) -> str | None:
    """The owner agency must be one that the standard lists (where it lists any)."""
    return unknown_agency(file, message.agency)


def unknown_agency(file: CaseFile, agency: str | None) -> str | None:
    """Why an owner agency cannot be the case's, or None if it can."""
    assert file.terms is not None
    known = file.terms.agencies
    if agency is None or not known or agency in known:
        return None
    return f"unknown owner agency; the standard has {', '.join(known)}"


def knows_point(file: CaseFile, message: StartService) -> str | None:
    """Service is given at a point of the pack that offers it."""
    assert file.terms is not None
    return unknown_point(file.terms, message.officer_at_point)


def in_the_requesters_name(_: CaseFile, message: Withdraw | Rate) -> str | None:
    """Nobody withdraws or rates in the requester's name without saying how they asked for it."""
    if message.actor.role == REQUESTER or message.how:
        return None
    such = "slip or paper" if isinstance(message, Rate) else "on paper, at the counter"
    return f"{message.command_name()} in the requester's name needs `how` they said so, such as: {such}"


def knows_survey_items(file: CaseFile, message: Rate) -> str | None:
    """Scores are for the items that the standard asks about; they are given once, by the requester, and never entered by who
    served them."""
    assert file.terms is not None
    if file.rated:
        return "the requester has rated already"
    if unsaid := in_the_requesters_name(file, message):
        return unsaid
    if message.actor.role != REQUESTER and file.officer is not None and message.actor.id == file.officer.id:
        return f"{message.actor.id} answers for this matter; somebody else enters what the requester says of it"
    asked = (("survey item", message.scores, file.terms.survey_items), ("engagement", message.engagement, file.terms.engagement))
    for what, given, known in asked:
        if strange := sorted(set(given) - set(known)):
            return f"unknown {what} {', '.join(strange)}; the standard asks for {', '.join(known) or 'none'}"
    if not set(message.scores.values()) <= set(file.terms.scale):
        return f"scores are {', '.join(map(str, sorted(file.terms.scale)))}"
    if not (message.scores or message.engagement or message.dissatisfaction or message.praise):
        return "a rating needs a score, an engagement, a dissatisfaction or a praise; silence is not an answer"
    return None


def call_back_owed(file: CaseFile) -> bool:
    """Whether somebody who was not content waits for a call."""
    return CALL_BACK in file.clocks and file.clocks[CALL_BACK].running


def may_call_back(file: CaseFile, _: RecordCallBack) -> str | None:
    """Only who was not content is called back."""
    return None if call_back_owed(file) else "no call-back is owed: nobody said that they were not content"


Own = TypeVar("Own", bound=OwnState)


class Process(Generic[Own]):
    """Base of every process: what can be said to a case of any service. `own` is what the process keeps of a case. What a
    process adds: its `definition`, its commands, and `run` with the stages."""

    definition: ClassVar[ProcessDefinition]
    case: Case

    @property
    def own(self) -> Own:
        """What the process keeps of this case, as its definition says."""
        return cast(Own, self.case.file.own)

    add_note = command(AddNote, where=Where.OPEN_STAGES, act=take_note)
    add_document = command(AddDocument, where=Where.OPEN_STAGES, act=take_document, check=has_room)
    record_service = command(
        RecordService,
        where=Where.EVERY_STAGE,
        act=lambda case, it: case.letters.record(it),
        check=may_serve,
        offered=letters_wait,
    )
    reassign = command(Reassign, where=Where.OPEN_STAGES, act=give_to)
    extend = command(
        Extend,
        where=Where.OPEN_STAGES,
        act=lambda case, it: case.clocks.extend(it),
        check=may_extend,
        offered=something_to_extend,
    )
    pause = command(
        Pause, where=Where.OPEN_STAGES, act=lambda case, it: case.clocks.pause(it), check=may_pause, offered=something_to_pause
    )
    resume = command(
        Resume, where=Where.OPEN_STAGES, act=lambda case, it: case.clocks.resume(it), check=may_resume, offered=stands_still
    )
    recount = command(Recount, where=Where.OPEN_STAGES, act=lambda case, it: case.calendar.recount(it), by_operators=True)
    change_standard = command(
        ChangeStandard,
        where=Where.OPEN_STAGES,
        act=lambda case, it: case.calendar.change_standard(it),
        check=may_change_standard,
        by_operators=True,
    )
    withdraw = command(Withdraw, where=Where.BEFORE_THE_OUTCOME, check=in_the_requesters_name)
    rate = command(Rate, SharedStage.ASKED, check=knows_survey_items)
    record_call_back = command(RecordCallBack, where=Where.OPEN_STAGES, check=may_call_back, offered=call_back_owed)

    @workflow.update(name=OPENED_UPDATE, description="Wait until the case has been opened under its standard")
    async def opened(self, digest: Any = None) -> CommandReply:
        """Answer once the case is open, or fail with the reason if it cannot be. `digest` is that of the request as its
        sender has it; a case that another request opened refuses."""
        return await self.case.desk.opened()

    @opened.validator
    def may_wait(self, digest: Any = None) -> None:
        """The same request_id with another content is somebody else's case."""
        self.case.desk.admit_opened(digest)

    @workflow.query(name=CASE_QUERY, description="The case: stage, clocks, latest events, what may be done now")
    def show(self) -> CaseView:
        """The case as people see it."""
        return self.case.view()
