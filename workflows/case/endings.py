"""How a case ends: the endings every process shares, the waiting until everybody has been told, satisfaction, closing."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from temporalio import workflow

from casework.standards.counting.plan import ASKED, CALL_BACK, REQUESTER, SATISFACTION
from casework.workflows.case.file import Ending
from casework.workflows.messages.commands import Command, Rate, RecordCallBack, Redirect, Refuse, Reopen, Settle, Withdraw
from casework.workflows.messages.events import EventType
from casework.workflows.messages.notices import NoticeType
from casework.workflows.messages.people import Actor
from casework.workflows.names import CLOSED
from casework.workflows.ports import NoticeStatus

if TYPE_CHECKING:
    from casework.workflows.case.case import Case


class Expired(Command):
    """Not a command anybody gives: what a stage gets when the limit it waits under passes."""

    event: ClassVar[str] = "expired"
    actor: Actor = Actor(id="clock", role="clock")


class Endings:
    """The ways out of one case."""

    def __init__(self, case: Case) -> None:
        self._case = case

    def end(
        self,
        message: Command,
        *,
        refused_as: str = "refused",
        refusal_notice: str = "application_refused",
        rating_stage: str | None = None,
        when_told: bool = False,
        centre_too: bool = False,
    ) -> None:
        """The endings every process shares: refused, redirected, settled, withdrawn, a pause that ran out. The requester is
        always told why. `when_told`: it ends when they have been told, as a result does (standard 1.2, step 3); `centre_too`:
        the centre hears of it as well. `rating_stage` is where satisfaction with a refusal is asked."""
        centre = self._tell_centre if centre_too else _nobody
        match message:
            case Refuse():
                told = [
                    self._case.notify(refusal_notice, REQUESTER, reason=message.reason),
                    *centre("ไม่อาจดำเนินการตามคำขอ เนื่องจาก", "refused:", message.reason),
                ]
                self.conclude(refused_as, rating_stage, told if when_told else None)
            case Redirect():
                told = [self._case.notify(NoticeType.REDIRECTED, REQUESTER, other_agency=message.to, contact=message.contact)]
                told += centre("แนะนำให้ผู้รับบริการติดต่อ", "sent to another body:", message.to)
                self.conclude("redirected", when_told=told if when_told else None)
            case Settle():
                told = [
                    self._case.notify(NoticeType.CASE_SETTLED, REQUESTER, result_text=message.terms),
                    *centre("ได้ข้อยุติ", "settled:", message.terms),
                ]
                self.conclude("settled", when_told=told if when_told else None)
            case Withdraw():
                self._case.notify(NoticeType.CASE_WITHDRAWN, REQUESTER)
                self.conclude("withdrawn")
            case Expired() if self._case.file.pause and self._case.file.terms:
                pause, terms = self._case.file.pause, self._case.file.terms
                rule = terms.rules.pauses[pause.reason]
                assert rule.outcome is not None, "a pause that ends the case has an outcome"
                self._case.record(EventType.PAUSE_RAN_OUT, reason=pause.reason, paused_since=pause.begun.isoformat())
                values = {"waiting_for_th": rule.th, "waiting_for_en": rule.en}
                self._case.notify(terms.pause_notices["ended"], REQUESTER, **values)
                centre("ยุติเรื่อง เนื่องจากพ้นระยะเวลา", "closed, the time has passed:", rule.th)
                self.conclude(rule.outcome)
            case _:
                raise AssertionError(f"{message.command_name()} ends nothing")

    def conclude(self, outcome: str, rating_stage: str | None = None, when_told: list[str] | None = None) -> None:
        """The outcome is known: ask for satisfaction if the standard asks after it (in `rating_stage`, if the process has one of
        its own for that), else close. Of the notices in `when_told` the case waits until everybody has them; until then its
        clocks run."""
        if when_told:
            self._case.file.ending = Ending(outcome=outcome, then=rating_stage, notices=when_told)
            return
        self.decided(outcome)
        assert self._case.file.terms is not None
        if outcome in self._case.file.terms.ask_after and not self._case.file.request.nobody_to_tell:
            self._case.move(rating_stage or ASKED)
        else:
            self.close()

    def decided(self, outcome: str) -> None:
        """The matter is done, whatever follows: it was when what decided it reached the centre."""
        file = self._case.file
        if file.outcome is None:
            file.concluded_at = self._case.came_at
        file.outcome = outcome

    async def ask_satisfaction(self, or_reopened: Callable[[Reopen], None] | None = None) -> None:
        """Ask for satisfaction, once, and close when it is given or its time passes. Silence is never satisfaction. Who is not
        content may still have the matter taken up again, and the case stays open until they have been called back."""
        self._case.file.counts_from = None  # the invitation goes out now, whenever the matter was done
        if self._case.begin(SATISFACTION):
            self._case.notify(NoticeType.SATISFACTION_INVITE, REQUESTER)
            if not self._case.file.request.requester.told_at_once:
                self._remind_nobody()  # no reminder is printed
        if self._case.due(SATISFACTION) is None and not self._case.file.rated:
            self._silent()  # it could not be counted, and nothing would ever end the wait
            return
        match await self._case.decision():
            case Rate() as rating:
                unhappy = self._rated(rating)
                if not (unhappy and or_reopened):
                    self._case.stop(SATISFACTION)
            case RecordCallBack() as call:
                if call.reached or call.given_up:
                    self._case.stop(CALL_BACK)
            case Reopen() as again if or_reopened:
                or_reopened(again)
                return
            case _:
                self._case.stop(SATISFACTION)
                if not self._case.file.rated:
                    self._silent()
                    return
        if self._case.due(SATISFACTION) is None and self._case.due(CALL_BACK) is None:
            self.close()

    def take_up_again(self) -> None:
        """What was concluded is open again; when it ends anew, satisfaction is asked anew."""
        file = self._case.file
        file.outcome, file.concluded_at, file.rated = None, None, False
        for step in (SATISFACTION, CALL_BACK):
            file.clocks.pop(step, None)

    def close(self) -> None:
        """Nothing more is done on this case."""
        self._case.move(CLOSED)
        self._case.file.closed_at = workflow.now()
        self._case.record(EventType.CLOSED, outcome=self._case.file.outcome)

    def _remind_nobody(self) -> None:
        """The time to answer stands."""
        if SATISFACTION in self._case.file.clocks:
            self._case.file.clocks[SATISFACTION].rungs = []

    def _silent(self) -> None:
        self._case.record(EventType.SATISFACTION_NOT_ANSWERED)
        self.close()

    def _rated(self, rating: Rate) -> bool:
        """What follows from a rating; whether it was a bad one."""
        terms = self._case.file.terms
        assert terms is not None
        self._case.file.rated = True
        self._remind_nobody()  # of what they have done
        low = any(score <= terms.low_score for score in rating.scores.values())
        if not (low or rating.dissatisfaction):
            return False
        why = {"reason": rating.dissatisfaction} if rating.dissatisfaction else {}
        if CALL_BACK in terms.rules.steps and self._case.start(CALL_BACK):
            self._case.notify(NoticeType.CALL_BACK, "centre_supervisor", reply_by=self._case.due(CALL_BACK), **why)
        self._case.improvements.open("ratings", because="low score" if low else "dissatisfaction")
        return True

    @property
    def owes(self) -> bool:
        """Whether somebody has not been told yet on whose knowing the case waits to end."""
        file, journal = self._case.file, self._case.journal
        waited = file.ending.notices if file.ending else []
        unserved = [letter_id for letter_id, letter in file.letters.items() if letter.deemed_at is None]
        return any(notice in unserved or journal.status(notice) is NoticeStatus.OWED for notice in waited)

    def told(self) -> None:
        """Everybody has been told: the clocks stop when the last of them was."""
        file, journal = self._case.file, self._case.journal
        assert file.ending is not None
        ending, file.ending = file.ending, None
        file.counts_from = max(ending.told.values(), default=None)  # the later of them
        self._case.record(EventType.EVERYBODY_TOLD, fates=[journal.status(notice).value for notice in ending.notices])
        self.conclude(ending.outcome, ending.then)

    def _tell_centre(self, thai: str, english: str, what: str) -> list[str]:
        """What ends with the owner is told to the requester and the centre (standard 1.2, step 3)."""
        said = {"result_text_th": f"{thai} {what}", "result_text_en": f"{english} {what}"}
        return [self._case.notify(NoticeType.RESULT_NOTICE_CENTRE, "centre", **said)]


def _nobody(thai: str, english: str, what: str) -> list[str]:
    return []
