"""Letters: notices that no electronic address takes, and that count as told only when somebody has served them.

A text of the pack says whether it must be served (`serve: true`). Such a letter is a task with a ladder of its own (step
`serve_letters`); `record_service` says how and when it was served, and steps that wait for it begin on that day. What was sent
by post is served on the day that the law deems it to be (Administrative Procedure Act s.71; the days are in the pack).
"""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from casework.standards.due_calculator import UNCOUNTABLE
from casework.standards.limits import later
from casework.standards.plan import LETTERS
from casework.workflows import errors
from casework.workflows.case.counting import Counting
from casework.workflows.case.file import CaseFile, UnservedLetter
from casework.workflows.case.journal import Journal
from casework.workflows.case.receipts import CLOCKS_DIFFER
from casework.workflows.messages import RecordService
from casework.workflows.ports import NoticeFate, NoticeStatus


class Letters:
    """The letters of one case, and the steps that wait for them."""

    def __init__(self, file: CaseFile, counting: Counting, journal: Journal) -> None:
        self._file = file
        self._counting = counting
        self._journal = journal

    def met(self, fate: NoticeFate, template: str) -> None:
        """A notice has met its fate: it was told, or somebody has to serve it."""
        file, now = self._file, workflow.now()
        assert file.terms is not None
        if fate.status in (NoticeStatus.BY_HAND, NoticeStatus.FAILED):
            if template in file.terms.serve:
                file.letters[fate.id] = UnservedLetter(template=template, since=now)
                self._journal.record("letter_to_serve", notice=template)
                if LETTERS not in file.clocks or not file.clocks[LETTERS].running:
                    self._begin(LETTERS, now)
                return
        elif fate.status is NoticeStatus.SERVED:
            file.letters.pop(fate.id, None)
            self._stop_if_none()
        if fate.id in file.starts_when_told:
            self._begin(file.starts_when_told.pop(fate.id), fate.at if fate.status is NoticeStatus.SERVED else now)

    def record(self, message: RecordService) -> None:
        """A letter was served, or given to the post."""
        file, letter_id = self._file, _which(self._file, message)
        assert file.terms is not None
        assert letter_id is not None
        letter, at = file.letters[letter_id], min(message.on or workflow.now(), workflow.now())
        self._journal.record(
            message.event,
            message.actor,
            notice=letter.template,
            how=message.how,
            on=at.isoformat(),
            **({"receipt": message.receipt} if message.receipt else {}),
        )
        days = file.terms.deemed.get(message.how)
        if days is None:
            self._served(letter_id, at)
            return
        office = self._counting.calculator.office
        day = later(at.astimezone(office.zone).date(), days)
        letter.how, letter.deemed_at = message.how, office.opening_of(office.on_or_after(day))
        if LETTERS in file.clocks and all(each.deemed_at for each in file.letters.values()):
            file.clocks[LETTERS].stop(workflow.now())  # the centre has done its part
        if letter.deemed_at <= workflow.now():
            self.deem(letter_id)

    def deem(self, letter_id: str) -> None:
        """The day has come on which the law deems a posted letter to be served."""
        letter = self._file.letters[letter_id]
        assert letter.deemed_at is not None
        self._journal.record("deemed_served", notice=letter.template)
        self._served(letter_id, letter.deemed_at)

    def drop(self) -> None:
        """The stage ends: a step that waited for its letter does not begin any more, and what the letter asked for is moot."""
        file = self._file
        waited, file.starts_when_told = file.starts_when_told, {}
        for letter_id in waited:
            if letter_id in file.letters:
                self._journal.record("letter_moot", notice=file.letters.pop(letter_id).template)
                self._journal.settle(NoticeFate(id=letter_id, status=NoticeStatus.MOOT, at=workflow.now()), tell=True)
        self._stop_if_none()

    def _served(self, letter_id: str, at: datetime) -> None:
        self._journal.settle(NoticeFate(id=letter_id, status=NoticeStatus.SERVED, at=at), tell=True)

    def _stop_if_none(self) -> None:
        if not self._file.letters and LETTERS in self._file.clocks:
            self._file.clocks[LETTERS].stop(workflow.now())

    def _begin(self, step: str, since: datetime) -> None:
        try:
            self._counting.start(step, since)
        except UNCOUNTABLE as error:  # the case goes on without this clock, and everybody sees why
            self._journal.record("clock_not_started", step=step, problem=errors.words(error))


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
    if message.how.startswith("posted") and not message.receipt:
        return f"{message.how} needs the number of the post's receipt"
    if message.how.startswith("posted") and message.how not in file.terms.deemed:
        return f"the standard does not say when what is {message.how} counts as served (letters.deemed)"
    if message.how.startswith("posted") and letter.deemed_at is not None:
        return f"it was posted already, and counts as served on {letter.deemed_at.astimezone(file.zone):%Y-%m-%d}"
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
