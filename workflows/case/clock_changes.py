"""What may change the clocks of a case while it is open: an extension, a pause, the calendar, the standard.

Each makes entries in ledgers and counts again; nobody sets a date. The promise to the requester runs above the clocks: more
time for a step of its chain is more time for it, but nothing starts it anew. A change is made in one piece, without awaits:
everything is worked out first, and nothing is changed if it cannot be counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from temporalio import workflow

from casework.standards.counting.due_calculator import UNCOUNTABLE, DueCalculator
from casework.standards.counting.ledger import ExtensionEntry, Ledger, PauseEntry
from casework.standards.counting.plan import OWNER, PROMISE, REQUESTER, Plan
from casework.standards.counting.working_calendar import WorkingCalendar
from casework.standards.limits import Named
from casework.workflows import errors
from casework.workflows.case.clock import Clock, ended
from casework.workflows.case.clock_checks import owner_pause_left
from casework.workflows.case.counting import Counting
from casework.workflows.case.file import CaseFile, Promise, StandingPause
from casework.workflows.case.journal import Journal
from casework.workflows.case.promises import Promises
from casework.workflows.case.receipts import counted_at
from casework.workflows.case.recount import Fired, moved, pause_end, paused_until, recounted, replanned
from casework.workflows.case.timekeeper import Timekeeper
from casework.workflows.case.views import pause_view
from casework.workflows.messages.commands import ChangeStandard, Extend, Pause, Resume
from casework.workflows.messages.events import EventType
from casework.workflows.messages.notices import NoticeType
from casework.workflows.messages.people import Actor
from casework.workflows.ports import CalendarNews, Terms

RESUMED = Named(th="เริ่มนับเวลาต่อก่อนครบระยะที่หยุดได้", en="the time runs again, sooner than it had to")
THE_CALENDAR = Named(th="วันทำการเปลี่ยนแปลง", en="the working days changed")


class ClockChanges:
    """Changes the clocks of one case."""

    def __init__(self, file: CaseFile, counting: Counting, journal: Journal, timekeeper: Timekeeper, promises: Promises) -> None:
        self._promises = promises
        self._file = file
        self._counting = counting
        self._journal = journal
        self._timekeeper = timekeeper

    def extend(self, message: Extend) -> None:
        """A step gets more time; the requester hears the old and the new date."""
        file, clock, now = self._file, self._file.clocks[message.step], workflow.now()
        given = ExtensionEntry(at=now, n=message.by, unit=clock.limit.unit, by=message.actor.id, reason=message.reason)
        promised = file.promise is not None and self._extends_promise(file.promise, clock)
        old, before = clock.due_at, file.promised_at
        self._count(
            message.command_name(),
            [(clock, _extended(clock.ledger, given))],
            _extended(file.promise.ledger, given) if file.promise and promised else None,
            Clock.next_round,
        )
        dates = {"old_due_at": old.isoformat(), "new_due_at": file.clocks[message.step].due_at.isoformat()}
        self._journal.record(message.event, message.actor, step=message.step, by=message.by, reason=message.reason, **dates)
        if before is not None and file.promised_at is not None and before != file.promised_at:  # the date that was told
            dates = {"old_due_at": before.isoformat(), "new_due_at": file.promised_at.isoformat()}
        self._journal.notify(NoticeType.DUE_DATE_CHANGED, REQUESTER, reason=message.reason, **dates)
        self._promises.moved(before, Named(th=message.reason, en=message.reason), "due_date_changed")

    def pause(self, message: Pause) -> None:
        """Clocks stand still for a reason of the standard, at most as long as it says; the requester is told."""
        file, terms, now = self._file, self._file.terms, workflow.now()
        assert terms is not None
        rule, before = terms.rules.pauses[message.reason], file.promised_at
        clocks = [clock for clock in file.running if clock.step in rule.steps]
        try:
            left = owner_pause_left(file) if message.actor.role.startswith(OWNER) else None
            cap = now + left if left is not None else None
            planned = self._counting.calculator.pause(message.reason, now, cap)
        except UNCOUNTABLE as error:
            raise errors.refused(f"{message.command_name()} cannot be counted: {error}") from None
        then = "restart" if rule.restarts else "continue"
        entry = PauseEntry.model_validate(
            {
                "reason": message.reason,
                "by": message.actor.id,
                "role": message.actor.role,
                "begun": now,
                "until": planned.until,
                "then": then,
            }
        )
        # The promise goes on where it stood, also when a step begins anew: it never starts again.
        of_promise = entry.model_copy(update={"then": "continue"})
        promised = file.promise is not None and any(file.promise.is_made_of(clock.step) for clock in clocks)
        self._count(
            message.command_name(),
            [(clock, _paused(clock.ledger, entry)) for clock in clocks],
            _paused(file.promise.ledger, of_promise) if file.promise and promised else None,
            _anew if rule.restarts else None,
        )
        file.pause = StandingPause(
            reason=message.reason,
            by=message.actor.id,
            begun=now,
            until=planned.until,
            cap=cap,
            ends_at=planned.entry_closes_at if rule.outcome else planned.until,
            remind_at=planned.remind_at if rule.remind and planned.remind_at > now else None,
            steps=[clock.step for clock in clocks],
        )
        told = {"reason": message.reason, "steps": file.pause.steps, "until": planned.until.isoformat()}
        self._journal.record(message.event, message.actor, **told, **({"note": message.note} if message.note else {}))
        self._promises.moved(before, Named(th=rule.th, en=rule.en), terms.pause_notices["begun"])
        values = self._timekeeper.pause_values()
        if message.note:  # which paper is waited for, for example
            values |= {
                f"waiting_for_{language}": f"{values[f'waiting_for_{language}']} ({message.note})" for language in ("th", "en")
            }
        self._journal.notify(terms.pause_notices["begun"], REQUESTER, **values)

    def resume(self, message: Resume) -> None:
        """The clocks that stood still run again, from where they stood or anew; the requester hears the date."""
        file, terms, paused, at = self._file, self._file.terms, self._file.pause, counted_at(message)
        assert terms is not None
        assert paused is not None
        before = file.promised_at
        clocks = [clock for clock in file.running if clock.step in paused.steps]
        promised = file.promise is not None and any(file.promise.is_made_of(clock.step) for clock in clocks)
        self._count(
            message.command_name(),
            [(clock, ended(clock.ledger, at)) for clock in clocks],
            ended(file.promise.ledger, at) if file.promise and promised else None,
        )
        file.pause = None
        told = {"reason": paused.reason, "steps": paused.steps, "paused_since": paused.begun.isoformat()}
        said = message.model_dump(mode="json", include={"note", "received_at"}, exclude_none=True)
        self._journal.record(message.event, message.actor, **told, **said)
        self._promises.moved(before, RESUMED, terms.pause_notices["resumed"])
        self._journal.notify(terms.pause_notices["resumed"], REQUESTER, **self._timekeeper.pause_values(paused))

    def take_calendar(self, calendar: WorkingCalendar, news: Sequence[CalendarNews], actor: Actor | None) -> None:
        """Count every running clock and the promise again on another calendar. What moves is recorded, old and new, and
        the requester told once; fired rungs stay fired, and nothing moves into the past. Raises one of UNCOUNTABLE, with
        nothing changed, if it cannot be counted with."""
        file, now, paused = self._file, workflow.now(), self._file.pause
        before, file.calendar = file.calendar, calendar
        try:
            calculator = self._counting.calculator
            standing = pause_view(paused)
            pause = pause_end(calculator, standing, now) if standing else None
            until = pause.until if pause else None
            taken = [replanned(calculator, clock, until, now) for clock in file.running]
            promise = self._promise_replanned(calculator, until, now)
        except UNCOUNTABLE:
            file.calendar = before
            raise
        if paused is not None and pause is not None:
            paused.ends_at = pause.entry_closes_at if paused.ends_at > paused.until else pause.until
            paused.until, paused.remind_at = pause.until, paused.remind_at and max(pause.remind_at, now)
        promised = file.promised_at
        moves = self._move(taken, promise)
        if moves:
            because = self._because(news, moves)
            self._journal.record(EventType.CALENDAR_CHANGED, actor, revision=calendar.revision, because=because.th, moved=moves)
            self._promises.moved(promised, because, self._tell(moves, because))

    def take_standard(self, message: ChangeStandard, terms: Terms, calendar: WorkingCalendar) -> None:
        """Go on under another version of the standard; what moves is recorded and told as for a recount. Raises one of
        UNCOUNTABLE, with nothing changed, if the case does not fit it."""
        file, now = self._file, workflow.now()
        assert file.terms is not None
        before, kept = f"{file.terms.standard_id} {file.terms.standard_version}", (file.terms, file.calendar)
        file.terms, file.calendar = terms, calendar
        try:
            calculator = self._counting.calculator
            taken = [replanned(calculator, clock, None, now, Clock.other_ladder) for clock in file.running]
            promise = self._promise_replanned(calculator, None, now)
        except UNCOUNTABLE:
            file.terms, file.calendar = kept
            raise
        promised = file.promised_at
        moves = self._move(taken, promise)
        file.calendar_known = calendar.revision
        after = f"{terms.standard_id} {terms.standard_version}"
        told = {"before": before, "after": after, "reason": message.reason, "moved": moves}
        self._journal.record(message.event, message.actor, **told)
        because = Named(th=message.reason, en=message.reason)
        self._promises.moved(promised, because, self._tell(moves, because))

    def count_what_stopped(self) -> None:
        """What stopped in a pause was planned for the longest it could be: count it as it was."""
        file, now = self._file, workflow.now()
        stopped = [clock for clock in file.clocks.values() if clock.uncounted]
        promise = file.promise if file.promise and file.promise.uncounted else None
        if not stopped and promise is None:
            return
        calculator = self._counting.calculator
        with suppress(*UNCOUNTABLE):  # else the dates told stand
            for clock in stopped:
                plan = calculator.plan(clock.step, clock.ledger, now)
                clock.due_at, clock.balance, clock.uncounted = plan.due_at, plan.balance, False
            if promise:
                before = promise.due_at
                promise.replan(calculator.plan(promise.chain, promise.ledger, now))
                if file.promise_stands:
                    self._promises.moved(before, RESUMED, None)

    # Helpers

    def _count(
        self, command: str, entries: list[tuple[Clock, Ledger]], promise: Ledger | None, fired: Fired | None = None
    ) -> None:
        """Count clocks, and the promise if it is given one, with new ledgers; refused if that cannot be counted."""
        file, now, calculator = self._file, workflow.now(), self._counting.calculator
        try:
            taken = [
                recounted(calculator, clock, calculator.plan(clock.step, ledger, now), now, fired) for clock, ledger in entries
            ]
            of_promise = calculator.plan(file.promise.chain, promise, now) if file.promise and promise else None
        except UNCOUNTABLE as error:
            raise errors.refused(f"{command} cannot be counted: {errors.words(error)}") from None
        file.clocks |= {clock.step: clock for clock in taken}
        if of_promise is not None and file.promise is not None:
            file.promise.replan(of_promise)

    def _promise_replanned(self, calculator: DueCalculator, until: datetime | None, now: datetime) -> Plan | None:
        promise = self._file.promise
        if promise is None or not self._file.promise_stands:
            return None  # it was kept, or is over: nobody is told another date for what they have
        return calculator.replan(promise.chain, paused_until(promise.ledger, until), promise.due_at, now)

    def _move(self, taken: list[Clock], of_promise: Plan | None) -> list[dict[str, str]]:
        """Take what was counted, and say which dates it moved."""
        found = []
        for clock in taken:
            before, self._file.clocks[clock.step] = self._file.clocks[clock.step], clock
            if moved(before, clock):
                found.append(
                    {"step": clock.step, "old_due_at": before.due_at.isoformat(), "new_due_at": clock.due_at.isoformat()}
                )
        promise = self._file.promise
        if of_promise is not None and promise is not None:
            told = promise.due_at
            promise.replan(of_promise)
            if promise.due_at != told:
                found.append({"step": PROMISE, "old_due_at": told.isoformat(), "new_due_at": promise.due_at.isoformat()})
        return found

    def _because(self, news: Sequence[CalendarNews], moved: list[dict[str, str]]) -> Named:
        """The names of the changes that lie where the moved dates count."""
        file = self._file
        starts = [clock.started_at for clock in file.running] + ([file.promise.ledger.started_at] if file.promise else [])
        first = min(start for start in starts).date().isoformat()
        last = max(max(move["old_due_at"], move["new_due_at"]) for move in moved)[:10]
        names = [each.name for each in news if first <= each.day <= last]
        if not names:
            return THE_CALENDAR
        return Named(th=", ".join(dict.fromkeys(n.th for n in names)), en=", ".join(dict.fromkeys(n.en for n in names)))

    def _extends_promise(self, promise: Promise, clock: Clock) -> bool:
        """Whether more time for a step is more time for the promise: it is one of its steps, and counted alike."""
        limits = self._counting.calculator.limits(promise.chain)
        return promise.is_made_of(clock.step) and all(limit.unit is clock.limit.unit for limit in limits[:1])

    def _tell(self, moved: list[dict[str, str]], because: Named) -> str | None:
        """One notice, of the date that binds or concerns the requester: their own step's, else the promise. Its name, if it
        tells of the promise."""
        terms = self._file.terms
        assert terms is not None
        dates = {move["step"]: move for move in moved if move["old_due_at"] != move["new_due_at"]}
        own = [step for step in terms.requester_steps if step in dates]
        step = own[0] if own else PROMISE if not self._file.in_requesters_time else ""
        if step in dates:
            old, new = dates[step]["old_due_at"], dates[step]["new_due_at"]
            values = {"reason_th": because.th, "reason_en": because.en, "old_due_at": old, "new_due_at": new}
            self._journal.notify(NoticeType.DUE_DATE_CHANGED, REQUESTER, **values)
        return "due_date_changed" if step == PROMISE in dates else None


def _extended(ledger: Ledger, given: ExtensionEntry) -> Ledger:
    return ledger.model_copy(update={"extensions": [*ledger.extensions, given]})


def _paused(ledger: Ledger, entry: PauseEntry) -> Ledger:
    return ledger.model_copy(update={"pauses": [*ledger.pauses, entry]})


def _anew(clock: Clock, plan: Plan, now: datetime) -> None:
    clock.next_round(plan, now, anew=True)
