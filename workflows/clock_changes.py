"""What may change the clocks of a case while it is open: an extension, a pause, the calendar, the standard. One at a time.

Each makes entries in ledgers and counts again; nobody sets a date. The promise to the requester runs above the clocks: more
time for a step of its chain is more time for it, but nothing starts it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from temporalio import workflow

from casework.workflows.journal import Journal
from casework.workflows.planner import Planner
from casework.workflows.timekeeper import Timekeeper

with workflow.unsafe.imports_passed_through():
    from casework.standards.ledger import ExtensionEntry, Ledger, PauseEntry
    from casework.standards.limits import Named
    from casework.standards.plan import PROMISE, REQUESTER, Plan, PlannedRung
    from casework.workflows import errors
    from casework.workflows.case_file import CaseFile, Clock, Promise, StandingPause, ended
    from casework.workflows.clock_checks import may_change_standard, may_extend, may_pause, may_resume
    from casework.workflows.contracts import Actor, Stage
    from casework.workflows.messages import ChangeStandard, Extend, Pause, Recount, Resume
    from casework.workflows.ports import StepRun

Check = Callable[[CaseFile, Any], str | None]
THE_CALENDAR = Named(th="วันทำการเปลี่ยนแปลง", en="the working days changed")


Turn = Callable[[Clock, Plan, datetime], None]  # what becomes of the rungs that have fired
Entry = Callable[[Ledger], Ledger]
TRY_AGAIN, AT_LEAST_EVERY = timedelta(minutes=1), timedelta(hours=1)


class _Next(NamedTuple):
    """What a clock is to become: everything asked for, nothing changed yet."""

    clock: Clock
    plan: Plan
    repeats: list[PlannedRung]
    turn: Turn | None = None


class ClockChanges:
    """Changes the clocks of one case."""

    def __init__(self, file: CaseFile, planner: Planner, journal: Journal, timekeeper: Timekeeper) -> None:
        self._file = file
        self._planner = planner
        self._journal = journal
        self._timekeeper = timekeeper
        self.changing = asyncio.Lock()  # held by whoever asks the standard and then changes clocks by the answer

    async def extend(self, message: Extend) -> None:
        """A step gets more time; the requester hears the old and the new date."""
        async with self._change(may_extend, message) as now:
            file, clock = self._file, self._file.clocks[message.step]
            given = ExtensionEntry(at=now, n=message.by, unit=clock.limit.unit, by=message.actor.id, reason=message.reason)
            promised = file.promise is not None and file.promise.chain.split("+")[0] == clock.step
            run = StepRun(step=clock.step, ledger=_extended(clock.ledger, given))
            [next_], promise = await self._plan(
                [(clock, run)], (lambda ledger: _extended(ledger, given)) if promised else None, now, Clock.next_round
            )
            old = clock.due_at
            self._take([next_], promise, now)
            dates = {"old_due_at": old.isoformat(), "new_due_at": clock.due_at.isoformat()}
            self._journal.record(message.event, message.actor, step=message.step, by=message.by, reason=message.reason, **dates)
            self._journal.notify("due_date_changed", REQUESTER, reason=message.reason, **dates)

    async def pause(self, message: Pause) -> None:
        """Clocks stand still for a reason of the standard, at most as long as it says; the requester is told."""
        async with self._change(may_pause, message) as now:
            file, terms = self._file, self._file.terms
            assert terms is not None
            rule = terms.pauses[message.reason]
            clocks = [clock for clock in file.running if clock.step in rule.steps]
            planned = await self._planner.pause(message.reason, now)
            self._still_running(clocks)
            entry = PauseEntry(reason=message.reason, by=message.actor.id, begun=now, until=planned.until, then=rule.then)
            # The promise goes on where it stood, also when a step begins anew: it never starts again.
            of_promise = entry.model_copy(update={"then": "continue"})
            promised = file.promise is not None and any(file.promise.is_made_of(clock.step) for clock in clocks)
            taken, promise = await self._plan(
                [(clock, StepRun(step=clock.step, ledger=_paused(clock.ledger, entry))) for clock in clocks],
                (lambda ledger: _paused(ledger, of_promise)) if promised else None,
                now,
                _anew if rule.then == "restart" else None,
            )
            self._take(taken, promise, now)
            file.pause = StandingPause(
                reason=message.reason,
                by=message.actor.id,
                begun=now,
                until=planned.until,
                remind_at=planned.remind_at if rule.remind and planned.remind_at > now else None,
                steps=[clock.step for clock in clocks],
            )
            told = {"reason": message.reason, "steps": file.pause.steps, "until": _iso(planned.until)}
            self._journal.record(message.event, message.actor, **told, **({"note": message.note} if message.note else {}))
            self._journal.notify(terms.pause_notices["begun"], REQUESTER, **self._timekeeper.pause_values())

    async def resume(self, message: Resume) -> None:
        """The clocks that stood still run again, from where they stood or anew; the requester hears the date."""
        async with self._change(may_resume, message) as now:
            file, terms, paused = self._file, self._file.terms, self._file.pause
            assert terms is not None
            assert paused is not None
            clocks = [clock for clock in file.running if clock.step in paused.steps]
            promised = file.promise is not None and any(file.promise.is_made_of(clock.step) for clock in clocks)
            taken, promise = await self._plan(
                [(clock, StepRun(step=clock.step, ledger=ended(clock.ledger, now))) for clock in clocks],
                (lambda ledger: ended(ledger, now)) if promised else None,
                now,
            )
            if file.pause is not paused:
                raise errors.refused("the pause ended meanwhile")
            self._take(taken, promise, now)
            file.pause = None
            told = {"reason": paused.reason, "steps": paused.steps, "paused_since": _iso(paused.begun)}
            self._journal.record(message.event, message.actor, **told, **({"note": message.note} if message.note else {}))
            self._journal.notify(terms.pause_notices["resumed"], REQUESTER, **self._timekeeper.pause_values(paused))

    async def recount(self, message: Recount) -> None:
        """Count every running clock and the promise again on the calendar of now. What moves is recorded, old and new,
        and the requester told once; fired rungs stay fired, and nothing moves into the past."""
        async with self._change(_nothing_against, message):
            self._file.calendar_known = max(self._file.calendar_known, message.revision)
            await self._recount(message.revision, message.actor)
            if self._is_behind(message.revision):
                raise errors.refused("the worker could not read the calendar's latest change; the case follows when it can")

    async def change_standard(self, message: ChangeStandard) -> None:
        """Move the case to another version of its standard; what moves is recorded and told as for a recount."""
        async with self._change(may_change_standard, message) as now:
            file, clocks, promise = self._file, self._file.running, self._file.promise
            other = (message.standard_id, message.standard_version)
            answer = await self._planner.under(*other, self._runs(None), now)
            if answer.terms is None:
                raise errors.refused(f"the case does not fit {message.standard_id} {message.standard_version}: {answer.problem}")
            taken = [
                await self._next(clock, plan, now, Clock.other_ladder, other)
                for clock, plan in zip(clocks, answer.plans, strict=False)
            ]
            self._still_running(clocks)
            assert file.terms is not None
            before = f"{file.terms.standard_id} {file.terms.standard_version}"
            file.terms = answer.terms
            moved = self._move(taken, promise, answer.plans[len(clocks) :], now)
            for clock in clocks:
                clock.expires = clock.step in answer.terms.expiring
            after = f"{answer.terms.standard_id} {answer.terms.standard_version}"
            told = {"before": before, "after": after, "reason": message.reason, "moved": moved}
            self._journal.record(message.event, message.actor, **told)
            self._tell(moved, Named(th=message.reason, en=message.reason))

    async def count_what_stopped(self) -> None:
        """What stopped in a pause was planned for the longest it could be: count it as it was."""
        async with self.changing:
            await self._count_what_stopped()

    async def _count_what_stopped(self) -> None:
        stopped = [clock for clock in self._file.clocks.values() if clock.uncounted]
        promise = self._file.promise if self._file.promise and self._file.promise.uncounted else None
        runs = [StepRun(step=clock.step, ledger=clock.ledger) for clock in stopped]
        runs += [StepRun(step=promise.chain, ledger=promise.ledger)] if promise else []
        if not runs:
            return
        plans = (await self._planner.plan(runs, workflow.now())).plans
        for clock, plan in zip(stopped, plans, strict=False):
            clock.due_at, clock.balance, clock.uncounted = plan.due_at, plan.balance, False
        if promise:
            promise.replan(plans[-1])

    async def keep(self) -> None:
        """Follow the calendar: when the records tell of a change that this case was not counted with, count again. Whoever
        changes the calendar tells the cases it knows of; this finds those that were opened or counted beside it."""
        again = TRY_AGAIN
        while True:
            await workflow.wait_condition(lambda: self._is_behind(self._file.calendar_known))
            try:
                async with self.changing:
                    await self._timekeeper.catch_up(workflow.now())
                    await self._recount(self._file.calendar_known, None)
            except errors.CannotPlan:
                pass  # the change is not one that can be counted with; the dates told stand until it is corrected
            if self._is_behind(self._file.calendar_known):
                await workflow.sleep(again, summary="the calendar has changed and could not be counted with yet")
                again = min(2 * again, AT_LEAST_EVERY)
            else:
                again = TRY_AGAIN

    # Helpers

    @asynccontextmanager
    async def _change(self, check: Check, message: Any) -> AsyncIterator[datetime]:
        """One change at a time, after the clocks have said what came due before it; refused if it is not possible then."""
        async with self.changing:
            await self._timekeeper.catch_up(workflow.now())
            now = workflow.now()
            reason = check(self._file, message)
            if reason:
                raise errors.refused(reason)
            try:
                yield now
            except errors.CannotPlan as error:
                raise errors.refused(f"{message.command_name()} cannot be counted: {error}") from None

    async def _plan(
        self, entries: list[tuple[Clock, StepRun]], of_promise: Entry | None, now: datetime, turn: Turn | None = None
    ) -> tuple[list[_Next], Plan | None]:
        """What follows from these entries: the next state of each clock, and the promise's plan if they move it. Nothing is
        changed yet; what is asked is asked here, so that the change itself is made in one piece."""
        promise = self._file.promise
        runs = [run for _, run in entries]
        if of_promise is not None and promise is not None:
            runs.append(StepRun(step=promise.chain, ledger=of_promise(promise.ledger)))
        plans = (await self._planner.plan(runs, now)).plans
        clocks = [clock for clock, _ in entries]
        taken = [await self._next(clock, plan, now, turn) for clock, plan in zip(clocks, plans, strict=False)]
        self._still_running(clocks)
        return taken, plans[len(clocks)] if of_promise is not None else None

    async def _next(
        self, clock: Clock, plan: Plan, now: datetime, turn: Turn | None = None, standard: tuple[str, str] | None = None
    ) -> _Next:
        """A clock's next plan, and when what repeats comes again."""
        draft = clock.model_copy(deep=True)
        if turn is not None:
            turn(draft, plan, now)
        repeats = [
            await self._planner.repeat(clock.step, plan.ledger, plan.due_at, draft.last_repeat(rung), now, standard)
            for rung in plan.rungs
            if rung.repeat_every and rung.key in draft.fired
        ]
        return _Next(clock, plan, repeats, turn)

    def _take(self, taken: list[_Next], promise: Plan | None, now: datetime) -> None:
        for each in taken:
            if each.turn is not None:
                each.turn(each.clock, each.plan, now)
            each.clock.replan(each.plan, now, each.repeats)
        if promise is not None and self._file.promise is not None:
            self._file.promise.replan(promise)

    def _still_running(self, clocks: list[Clock]) -> None:
        done = [clock.step for clock in clocks if not clock.running]
        if done:
            raise errors.refused(f"{', '.join(done)} was finished meanwhile")

    def _is_behind(self, revision: int) -> bool:
        file = self._file
        promise = [file.promise.revision] if file.promise and file.outcome is None else []
        return any(known < revision for known in (*promise, *(clock.revision for clock in file.running)))

    def _runs(self, until: datetime | None) -> list[StepRun]:
        """Everything that runs, with the due times told; a standing pause ends then at the latest."""
        file = self._file
        runs = [StepRun(step=c.step, ledger=_until(c.ledger, until), standing=c.due_at) for c in file.running]
        if file.promise is not None and file.outcome is None:
            ledger = _until(file.promise.ledger, until)
            runs.append(StepRun(step=file.promise.chain, ledger=ledger, standing=file.promise.due_at))
        return runs

    async def _recount(self, revision: int, actor: Actor | None) -> None:
        file, now, paused = self._file, workflow.now(), self._file.pause
        # The longest pause is counted on the calendar too.
        pausing = await self._planner.pause(paused.reason, paused.begun) if paused else None
        until = (pausing.until if pausing.until > now else paused.until) if pausing and paused else None
        clocks, promise, runs = file.running, file.promise, self._runs(until)
        if not runs:
            return
        since = min([clock.revision for clock in clocks] + ([promise.revision] if promise else []))
        answer = await self._planner.plan(runs, now, revision, since)
        taken = [await self._next(clock, plan, now) for clock, plan in zip(clocks, answer.plans[: len(clocks)], strict=True)]
        if file.pause is not paused or file.promise is not promise:
            return  # a stage or a pause ended meanwhile: what runs now is found behind, or was counted just now
        if paused is not None and pausing is not None and until is not None:
            paused.until, paused.remind_at = until, paused.remind_at and max(pausing.remind_at, now)
        moved = self._move([each for each in taken if each.clock.running], promise, answer.plans[len(clocks) :], now)
        if moved:
            because = answer.because or THE_CALENDAR
            newest = max(plan.revision for plan in answer.plans)
            self._journal.record("calendar_changed", actor, revision=newest, because=because.th, moved=moved)
            self._tell(moved, because)

    def _move(self, taken: list[_Next], promise: Promise | None, of_promise: list[Plan], now: datetime) -> list[dict[str, str]]:
        """Take plans, and say which dates they moved."""
        moved = []
        for each in taken:
            clock = each.clock
            before, rungs = clock.due_at, {rung.key: rung.at for rung in clock.rungs}
            self._take([each], None, now)
            if clock.due_at != before or {rung.key: rung.at for rung in clock.rungs} != rungs:
                moved.append({"step": clock.step, "old_due_at": _iso(before), "new_due_at": _iso(clock.due_at)})
        for plan in of_promise:
            if promise is not None and promise is self._file.promise:
                before = promise.due_at
                promise.replan(plan)
                if promise.due_at != before:
                    moved.append({"step": PROMISE, "old_due_at": _iso(before), "new_due_at": _iso(promise.due_at)})
        return moved

    def _tell(self, moved: list[dict[str, str]], because: Named) -> None:
        """One notice, of the date that binds or concerns the requester: their own step's, else the promise."""
        terms = self._file.terms
        assert terms is not None
        dates = {move["step"]: move for move in moved if move["old_due_at"] != move["new_due_at"]}
        own = [step for step in terms.requester_steps if step in dates]
        step = own[0] if own else PROMISE if self._file.stage is not Stage.AWAITING_DOCUMENTS else ""
        if step in dates:
            old, new = dates[step]["old_due_at"], dates[step]["new_due_at"]
            values = {"reason_th": because.th, "reason_en": because.en, "old_due_at": old, "new_due_at": new}
            self._journal.notify("due_date_changed", REQUESTER, **values)


def _nothing_against(_: CaseFile, __: Recount) -> None:
    """A recount is always possible: it changes only what the calendar changes."""


def _extended(ledger: Ledger, given: ExtensionEntry) -> Ledger:
    return ledger.model_copy(update={"extensions": [*ledger.extensions, given]})


def _paused(ledger: Ledger, entry: PauseEntry) -> Ledger:
    return ledger.model_copy(update={"pauses": [*ledger.pauses, entry]})


def _until(ledger: Ledger, until: datetime | None) -> Ledger:
    if until is None:
        return ledger
    return ledger.model_copy(update={"pauses": [p if p.ended else p.model_copy(update={"until": until}) for p in ledger.pauses]})


def _anew(clock: Clock, plan: Plan, now: datetime) -> None:
    clock.next_round(plan, now, anew=True)


def _iso(at: datetime) -> str:
    return at.isoformat()
