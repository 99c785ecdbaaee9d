"""What may change the clocks of a case while it is open: an extension, a pause, the calendar, the standard. One at a time.

Each makes entries in ledgers and counts again; nobody sets a date. The promise to the requester runs above the clocks: more
time for a step of its chain is more time for it, but nothing starts it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from temporalio import workflow

from casework.workflows.journal import Journal
from casework.workflows.planner import Planner
from casework.workflows.timekeeper import Timekeeper

with workflow.unsafe.imports_passed_through():
    from casework.standards.ledger import ExtensionEntry, Ledger, PauseEntry
    from casework.standards.limits import Named
    from casework.standards.plan import REQUESTER, Plan
    from casework.workflows import errors
    from casework.workflows.case_file import CaseFile, Clock, StandingPause, ended
    from casework.workflows.clock_checks import may_change_standard, may_extend, may_pause, may_resume
    from casework.workflows.contracts import Actor, Stage
    from casework.workflows.messages import ChangeStandard, Extend, Pause, Recount, Resume
    from casework.workflows.ports import StepRun

Check = Callable[[CaseFile, Any], str | None]
THE_CALENDAR = Named(th="วันทำการเปลี่ยนแปลง", en="the working days changed")


class ClockChanges:
    """Changes the clocks of one case."""

    def __init__(self, file: CaseFile, planner: Planner, journal: Journal, timekeeper: Timekeeper) -> None:
        self._file = file
        self._planner = planner
        self._journal = journal
        self._timekeeper = timekeeper
        self._changing = asyncio.Lock()
        self._followed = 0  # the change of the calendar that was counted again for last

    async def extend(self, message: Extend) -> None:
        """A step gets more time; the requester hears the old and the new date."""
        async with self._change(may_extend, message) as now:
            file, clock = self._file, self._file.clocks[message.step]
            given = ExtensionEntry(at=now, n=message.by, unit=clock.limit.unit, by=message.actor.id, reason=message.reason)
            promised = file.promise is not None and file.promise.chain.split("+")[0] == clock.step
            ledgers = {clock.step: _extended(clock.ledger, given)}
            old = clock.due_at
            [plan], promise = await self._plan(
                ledgers, _extended(file.promise.ledger, given) if promised and file.promise else None
            )
            clock.next_round(plan, now)
            await self._take(clock, plan, now)
            self._promise(promise)
            dates = {"old_due_at": old.isoformat(), "new_due_at": plan.due_at.isoformat()}
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
            entry = PauseEntry(reason=message.reason, by=message.actor.id, begun=now, until=planned.until, then=rule.then)
            promised = file.promise is not None and any(file.promise.is_made_of(clock.step) for clock in clocks)
            # The promise goes on where it stood, also when a step begins anew: it never starts again.
            of_promise = _paused(file.promise.ledger, entry.model_copy(update={"then": "continue"})) if file.promise else None
            plans, promise = await self._plan(
                {clock.step: _paused(clock.ledger, entry) for clock in clocks}, of_promise if promised else None
            )
            for clock, plan in zip(clocks, plans, strict=True):
                if rule.then == "restart":
                    clock.next_round(plan, now, anew=True)
                await self._take(clock, plan, now)
            self._promise(promise)
            remind_at = planned.remind_at if rule.remind and planned.remind_at > now else None
            file.pause = StandingPause(
                reason=message.reason,
                by=message.actor.id,
                begun=now,
                until=planned.until,
                remind_at=remind_at,
                steps=[clock.step for clock in clocks],
            )
            note = {"note": message.note} if message.note else {}
            self._journal.record(
                message.event, message.actor, reason=message.reason, steps=file.pause.steps, until=_iso(planned.until), **note
            )
            self._journal.notify(terms.pause_notices["begun"], REQUESTER, **self._timekeeper.pause_values())

    async def resume(self, message: Resume) -> None:
        """The clocks that stood still run again, from where they stood or anew; the requester hears the date."""
        async with self._change(may_resume, message) as now:
            file, terms = self._file, self._file.terms
            assert terms is not None
            assert file.pause is not None
            clocks = [clock for clock in file.running if clock.step in file.pause.steps]
            promised = file.promise if any(file.promise.is_made_of(c.step) for c in clocks if file.promise) else None
            plans, promise = await self._plan(
                {clock.step: ended(clock.ledger, now) for clock in clocks}, ended(promised.ledger, now) if promised else None
            )
            for clock, plan in zip(clocks, plans, strict=True):
                await self._take(clock, plan, now)
            self._promise(promise)
            paused, file.pause = file.pause, None
            note = {"note": message.note} if message.note else {}
            self._journal.record(
                message.event, message.actor, reason=paused.reason, steps=paused.steps, paused_since=_iso(paused.begun), **note
            )
            self._journal.notify(terms.pause_notices["resumed"], REQUESTER, **self._timekeeper.pause_values(paused))

    async def recount(self, message: Recount) -> None:
        """Count every running clock and the promise again on the calendar of now. What moves is recorded, old and new,
        and the requester told once; fired rungs stay fired, and nothing moves into the past."""
        async with self._change(_nothing_against, message):
            await self._recount(message.revision, message.actor)

    async def change_standard(self, message: ChangeStandard) -> None:
        """Move the case to another version of its standard; what moves is recorded and told as for a recount."""
        async with self._change(may_change_standard, message) as now:
            file = self._file
            clocks = file.running
            runs = self._runs(clocks)
            answer = await self._planner.under(message.standard_id, message.standard_version, runs, now)
            if answer.terms is None:
                raise errors.refused(
                    f"the case does not fit {message.standard_id} {message.standard_version}: {answer.problem}", []
                )
            self._still_running(clocks)
            assert file.terms is not None
            before = f"{file.terms.standard_id} {file.terms.standard_version}"
            file.terms = answer.terms
            moved = [
                await self._move(clock, _new_rungs_ahead(clock, plan, now), now)
                for clock, plan in zip(clocks, answer.plans, strict=False)
            ]
            moved += self._move_promise(answer.plans[len(clocks) :])
            for clock in clocks:
                clock.expires = clock.step in answer.terms.expiring
            after = f"{answer.terms.standard_id} {answer.terms.standard_version}"
            self._journal.record(
                message.event, message.actor, before=before, after=after, reason=message.reason, moved=[m for m in moved if m]
            )
            self._tell(moved, Named(th=message.reason, en=message.reason))

    async def keep(self) -> None:
        """Follow the calendar: when the records tell of a change that this case was not counted with, count again. Whoever
        changes the calendar tells the cases it knows of; this finds those that were opened or counted beside it."""
        while True:
            await workflow.wait_condition(lambda: self._followed < self._file.calendar_known and self._is_behind())
            self._followed = self._file.calendar_known
            async with self._changing:
                if self._is_behind():
                    await self._timekeeper.catch_up(workflow.now())
                    await self._recount(self._followed, None)

    # Helpers

    @asynccontextmanager
    async def _change(self, check: Check, message: Any) -> AsyncIterator[datetime]:
        """One change at a time, after the clocks have said what came due before it; refused if it is not possible then."""
        async with self._changing:
            await self._timekeeper.catch_up(workflow.now())
            now = workflow.now()
            reason = check(self._file, message)
            if reason:
                raise errors.refused(reason, [])
            try:
                yield now
            except errors.CannotPlan as error:
                raise errors.refused(f"{message.command_name()} cannot be counted: {error}", []) from None

    async def _plan(self, ledgers: dict[str, Ledger], promise: Ledger | None) -> tuple[list[Plan], Plan | None]:
        """The plans that follow from these entries, and the promise's if they move it."""
        file = self._file
        clocks = [file.clocks[step] for step in ledgers]
        runs = [StepRun(step=step, ledger=ledger) for step, ledger in ledgers.items()]
        if promise is not None and file.promise is not None:
            runs.append(StepRun(step=file.promise.chain, ledger=promise))
        answer = await self._planner.plan(runs, workflow.now())
        self._still_running(clocks)
        return answer.plans[: len(ledgers)], answer.plans[len(ledgers)] if promise is not None else None

    def _still_running(self, clocks: list[Clock]) -> None:
        done = [clock.step for clock in clocks if not clock.running]
        if done:
            raise errors.refused(f"{', '.join(done)} was finished meanwhile", [])

    async def _take(self, clock: Clock, plan: Plan, now: datetime) -> None:
        clock.replan(plan, now)
        for rung in plan.rungs:
            if rung.repeat_every and rung.key in clock.fired:  # it goes on repeating, counted on the new plan
                again = await self._planner.repeat(clock, clock.last_repeat(rung), now)
                if clock.running and again.key not in clock.fired:
                    clock.rungs.append(again)

    def _promise(self, plan: Plan | None) -> None:
        if plan is not None and self._file.promise is not None:
            self._file.promise.ledger, self._file.promise.due_at = plan.ledger, plan.due_at

    def _is_behind(self) -> bool:
        return any(clock.revision < self._file.calendar_known for clock in self._file.running)

    def _runs(self, clocks: list[Clock]) -> list[StepRun]:
        runs = [StepRun(step=clock.step, ledger=clock.ledger, standing=clock.due_at) for clock in clocks]
        promise = self._file.promise
        if promise is not None and self._file.outcome is None:
            runs.append(StepRun(step=promise.chain, ledger=promise.ledger, standing=promise.due_at))
        return runs

    async def _recount(self, revision: int, actor: Actor | None) -> None:
        now, clocks = workflow.now(), self._file.running
        await self._recount_pause()
        since = min((clock.revision for clock in clocks), default=0)
        runs = self._runs(clocks)
        if not runs:
            return
        answer = await self._planner.plan(runs, now, revision, since)
        moved = [await self._move(clock, plan, now) for clock, plan in zip(clocks, answer.plans, strict=False) if clock.running]
        moved += self._move_promise(answer.plans[len(clocks) :])
        if any(moved):
            because = answer.because or THE_CALENDAR
            newest = max(plan.revision for plan in answer.plans)
            self._journal.record(
                "calendar_changed", actor, revision=newest, because=because.th, moved=[move for move in moved if move]
            )
            self._tell(moved, because)

    async def _recount_pause(self) -> None:
        """The longest pause is counted on the calendar too."""
        file, pause = self._file, self._file.pause
        if pause is None:
            return
        planned = await self._planner.pause(pause.reason, pause.begun)
        if file.pause is not pause or planned.until == pause.until:
            return
        until = max(planned.until, workflow.now())
        pause.until = until
        pause.remind_at = pause.remind_at and max(planned.remind_at, workflow.now())
        for clock in file.running:
            clock.ledger = _until(clock.ledger, until)
        if file.promise is not None:
            file.promise.ledger = _until(file.promise.ledger, until)

    async def _move(self, clock: Clock, plan: Plan, now: datetime) -> dict[str, str] | None:
        before, rungs = clock.due_at, {rung.key: rung.at for rung in clock.rungs}
        await self._take(clock, plan, now)
        if clock.due_at == before and {rung.key: rung.at for rung in clock.rungs} == rungs:
            return None
        return {"step": clock.step, "old_due_at": _iso(before), "new_due_at": _iso(clock.due_at)}

    def _move_promise(self, plans: list[Plan]) -> list[dict[str, str] | None]:
        promise = self._file.promise
        if promise is None or not plans or plans[0].due_at == promise.due_at:
            return []
        before = promise.due_at
        self._promise(plans[0])
        return [{"step": "promise", "old_due_at": _iso(before), "new_due_at": _iso(promise.due_at)}]

    def _tell(self, moved: list[dict[str, str] | None], because: Named) -> None:
        """One notice, of the date that binds or concerns the requester: their own step's, else the promise."""
        terms = self._file.terms
        assert terms is not None
        dates = {move["step"]: move for move in moved if move and move["old_due_at"] != move["new_due_at"]}
        own = [step for step in terms.requester_steps if step in dates]
        step = own[0] if own else "promise" if self._file.stage is not Stage.AWAITING_DOCUMENTS else ""
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


def _until(ledger: Ledger, until: datetime) -> Ledger:
    return ledger.model_copy(update={"pauses": [p if p.ended else p.model_copy(update={"until": until}) for p in ledger.pauses]})


def _new_rungs_ahead(clock: Clock, plan: Plan, now: datetime) -> Plan:
    """Of another ladder only what lies ahead, or was pending before: nobody is chased for what no standard asked then."""
    pending = {rung.key for rung in clock.rungs}
    return plan.model_copy(update={"rungs": [rung for rung in plan.rungs if rung.at > now or rung.key in pending]})


def _iso(at: datetime) -> str:
    return at.isoformat()
