"""Letters: notices that no electronic address takes, and that count as told only when somebody has served them.

A text of the pack says whether it must be served (`serve: true`). Such a letter is a task with a ladder of its own (step
`serve_letters`); `record_service` says how and when it was served, and steps that wait for it begin on that day. What was sent
by post is served on the day that the law deems it to be (Administrative Procedure Act s.71; the days are in the pack).
"""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from casework.standards.counting.due_calculator import UNCOUNTABLE
from casework.standards.counting.plan import LETTERS, REQUESTER
from casework.standards.limits import later
from casework.workflows import errors
from casework.workflows.case.breaches import stop
from casework.workflows.case.counting import Counting
from casework.workflows.case.file import CaseFile, UnservedLetter
from casework.workflows.case.journal import Journal
from casework.workflows.case.receipts import CLOCKS_DIFFER
from casework.workflows.messages.commands import RecordService
from casework.workflows.messages.events import EventType
from casework.workflows.ports import NoticeFate, NoticeStatus

NOT_TOLD = (NoticeStatus.BY_HAND, NoticeStatus.FAILED, NoticeStatus.MOOT)  # moot: on a way that a reset abandoned


class Letters:
    """The letters of one case, and the steps that wait for them."""

    def __init__(self, file: CaseFile, counting: Counting, journal: Journal) -> None:
        self._file = file
        self._counting = counting
        self._journal = journal
        self.no_more = False  # the case was cancelled: nobody waits for a letter any more

    def met(self, fate: NoticeFate, template: str, to: str) -> None:
        """A notice has met its fate: it was told, or somebody has to serve it."""
        file, now = self._file, workflow.now()
        if fate.status not in NOT_TOLD or to != REQUESTER or file.terms is None or template not in file.terms.serve:
            file.moot = [other for other in file.moot if other != fate.id]
            self._told(fate.id, fate.at if fate.status is NoticeStatus.SERVED else now)
        elif fate.id in file.moot or self.no_more:
            file.moot = [other for other in file.moot if other != fate.id]
            self._note(fate.id, NoticeStatus.MOOT, now)
        else:
            if fate.status is NoticeStatus.MOOT:
                self._note(fate.id, NoticeStatus.BY_HAND, now)
            file.letters[fate.id] = UnservedLetter(template=template, since=now)
            self._journal.record(EventType.LETTER_TO_SERVE, notice=template)
            if LETTERS not in file.clocks or not file.clocks[LETTERS].running:
                self._begin(LETTERS, now)

    def record(self, message: RecordService) -> None:
        """A letter was served, or given to the post. Refused, with nothing changed, if the day cannot be counted on which it
        counts as served."""
        file, letter_id = self._file, _which(self._file, message)
        assert file.terms is not None
        assert letter_id is not None
        letter, at = file.letters[letter_id], min(message.on or workflow.now(), workflow.now())
        days = file.terms.deemed.get(message.how)
        try:
            office = self._counting.calculator.office
            day = later(at.astimezone(office.zone).date(), days) if days else None
            deemed_at = office.opening_of(office.on_or_after(day)) if day else None
        except UNCOUNTABLE as error:
            raise errors.refused(f"{message.command_name()} cannot be counted: {errors.words(error)}") from None
        told = message.model_dump(mode="json", include={"how", "receipt"}, exclude_none=True)
        self._journal.record(message.event, message.actor, notice=letter.template, on=at.isoformat(), **told)
        if deemed_at is None:
            self._served(letter_id, at)
            return
        letter.deemed_at = deemed_at
        self._on_the_desk(at)
        if file.ending is not None and letter_id in file.ending.notices:
            file.ending.told[letter_id] = at  # whose duty it is to tell has done its part; the requester's time begins later
        if deemed_at <= workflow.now():
            self.deem(letter_id)

    def deem(self, letter_id: str) -> None:
        """The day has come on which the law deems a posted letter to be served."""
        letter = self._file.letters[letter_id]
        assert letter.deemed_at is not None
        self._journal.record(EventType.DEEMED_SERVED, notice=letter.template)
        self._served(letter_id, letter.deemed_at)

    def drop(self) -> None:
        """The stage ends: a step that waited for its letter does not begin any more, and what the letter asked for is moot."""
        file = self._file
        waited, file.starts_when_told = file.starts_when_told, {}
        file.moot = [*file.moot, *(notice_id for notice_id in waited if notice_id not in file.letters)]
        for letter_id in waited:
            self._moot(letter_id)
        reminder = file.terms.rung_notices["remind"] if file.terms else ""
        for view in file.notices:  # reminders that nobody has printed are not sent after the papers
            if view.template == reminder and view.to == REQUESTER and view.status == NoticeStatus.BY_HAND:
                self._note(view.id, NoticeStatus.MOOT, workflow.now())

    def end(self) -> None:
        """The case was cancelled: nobody waits for its letters any more."""
        self.no_more = True
        for letter_id in list(self._file.letters):
            self._moot(letter_id)

    def _moot(self, letter_id: str) -> None:
        letter = self._file.letters.pop(letter_id, None)
        if letter is not None:
            self._journal.record(EventType.LETTER_MOOT, notice=letter.template)
            self._note(letter_id, NoticeStatus.MOOT, workflow.now())
            self._on_the_desk(workflow.now())

    def _served(self, letter_id: str, at: datetime) -> None:
        del self._file.letters[letter_id]
        self._on_the_desk(at)
        self._note(letter_id, NoticeStatus.SERVED, at)
        self._told(letter_id, at)

    def _told(self, notice_id: str, at: datetime) -> None:
        """A notice was told then: what waited for it begins."""
        ending, step = self._file.ending, self._file.starts_when_told.pop(notice_id, None)
        if ending is not None and notice_id in ending.notices:
            ending.told.setdefault(notice_id, at)
        if step is not None:
            self._begin(step, at)

    def _note(self, notice_id: str, status: NoticeStatus, at: datetime) -> None:
        self._journal.note(NoticeFate(id=notice_id, status=status, at=at), tell=True)

    def _on_the_desk(self, at: datetime) -> None:
        """A letter left the desk then: the clock stops, or goes on for the oldest that is still there."""
        clock = self._file.clocks.get(LETTERS)
        left = [letter.since for letter in self._file.letters.values() if letter.deemed_at is None]
        if clock is None or (left and min(left) == clock.started_at):
            return
        stop(self._file, self._journal, clock, at)
        if left:
            self._begin(LETTERS, min(left))

    def _begin(self, step: str, since: datetime) -> None:
        try:
            self._counting.start(step, since)
        except UNCOUNTABLE as error:  # the case goes on without this clock, and everybody sees why
            self._journal.record(EventType.CLOCK_NOT_STARTED, step=step, problem=errors.words(error))


def may_serve(file: CaseFile, message: RecordService) -> str | None:
    """Whether a letter waits that this can be about, and was served after it was written and not in the future."""
    waiting = ", ".join(sorted({letter.template for letter in file.letters.values()}))
    letter_id, now = _which(file, message), workflow.now()
    if letter_id is None:
        return f"which letter? these wait: {waiting}" if waiting else "no letter of this case waits to be served"
    letter = file.letters[letter_id]
    assert file.terms is not None
    if message.on is not None and message.on > now + CLOCKS_DIFFER:
        return "`on` lies in the future"
    if message.on is not None and message.on < letter.since - CLOCKS_DIFFER:
        return f"`on` lies before the letter was written ({letter.since.astimezone(file.zone):%Y-%m-%d %H:%M})"
    if message.how == "read_out" and letter.template in file.terms.in_writing:
        return f"{letter.template} is served in writing: handed_over or posted"
    if message.how.startswith("posted") and not message.receipt:
        return f"{message.how} needs the number of the post's receipt"
    if message.how.startswith("posted") and message.how not in file.terms.deemed:
        return f"the standard does not say when what is {message.how} counts as served (letters.deemed)"
    return None


def letters_wait(file: CaseFile) -> bool:
    """Whether a letter of this case waits to be served."""
    return bool(file.letters)


def _which(file: CaseFile, message: RecordService) -> str | None:
    if message.letter is None:
        return next(iter(file.letters)) if len(file.letters) == 1 else None
    if message.letter in file.letters:
        return message.letter
    named = [letter_id for letter_id, letter in file.letters.items() if letter.template == message.letter]
    return named[0] if len(named) == 1 else None
