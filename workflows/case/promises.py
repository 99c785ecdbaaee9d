"""The promise to the requester: by when the result is told. It runs above the clocks of steps and units.

It may come earlier. It becomes later only by a pause, an extension, the calendar, the requester's own time, or where the
published procedure itself makes another (not held and asked of the owner agency; reopened). Whatever moves it is an event
that says from when to when, why, and which notice told the requester.
"""

from __future__ import annotations

from datetime import datetime

from temporalio import workflow

from casework.standards.counting.due_calculator import UNCOUNTABLE
from casework.standards.counting.ledger import Ledger
from casework.standards.limits import Named
from casework.workflows import errors
from casework.workflows.case.counting import Counting
from casework.workflows.case.file import CaseFile, Promise
from casework.workflows.case.journal import Journal
from casework.workflows.messages.events import EventType

EARLIER = Named(th="ดำเนินการก่อนกำหนด", en="the step before was done early")


class Promises:
    """Makes the promise of one case, and tells of each of its moves."""

    def __init__(self, file: CaseFile, counting: Counting, journal: Journal) -> None:
        self._file = file
        self._counting = counting
        self._journal = journal

    def begin(self, chain: str, since: datetime, because: Named | None, told: str | None) -> None:
        """A stage begins, `since` then, whose steps keep the promise. With `because` the procedure makes another promise, which
        may be later, and the notice `told` says so; without, the date that was promised stands if it is the earlier one."""
        file, now = self._file, workflow.now()
        try:
            plan = self._counting.calculator.plan(chain, Ledger(started_at=since), now)
        except UNCOUNTABLE as error:  # the case goes on, and everybody sees why
            self._journal.record(EventType.CLOCK_NOT_STARTED, step=chain, problem=errors.words(error))
            return
        before = file.promise
        if before is not None and because is None and plan.due_at >= before.due_at:
            return
        file.promise = Promise.planned(chain, plan)
        if before is not None:
            self.moved(before.due_at, because or EARLIER, told)

    def keeps(self, chain: str) -> bool:
        """Whether these steps are those that the promise is made of; it goes by their names from now on."""
        promise, terms = self._file.promise, self._file.terms
        if promise is None or terms is None:
            return False
        same = (terms.rules.chain(promise.chain) or [promise.chain]) == (terms.rules.chain(chain) or [chain])
        if same:
            promise.chain = chain
        return same

    def moved(self, before: datetime | None, because: Named, told: str | None) -> None:
        """Record that the promise moved, if it did. `told` names the notice that says so to the requester."""
        now = self._file.promised_at
        if before is not None and now is not None and before != now:
            self._file.moved_from = before
            self._journal.record(
                EventType.PROMISE_MOVED,
                old_due_at=before.isoformat(),
                new_due_at=now.isoformat(),
                reason_th=because.th,
                reason_en=because.en,
                told=told,
            )
