"""The timekeeper: one timer per case, set to the earliest rung or expiry of all its running clocks.

When the moment comes it fires the rung: an event, notices to whom the ladder names, and for good (a fired rung never
fires again). Its timer's summary says in words what the case waits for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from temporalio import workflow

from casework.workflows.planner import Planner

with workflow.unsafe.imports_passed_through():
    from casework.standards.limits import Action, OutsideHours
    from casework.standards.plan import REQUESTER, PlannedRung
    from casework.workflows.case_file import CaseFile, Clock, StandingPause, ended
    from casework.workflows.journal import Journal

# Due times are inclusive: what is done at the due time is done in time, so lateness begins just after it.
JUST_AFTER = timedelta(milliseconds=1)
LATE = timedelta(minutes=1)

FACTS = {
    Action.WARN: "warned",
    Action.REMIND: "reminded",
    Action.PROGRESS: "progress_notified",
    Action.CHASE: "chased",
    Action.ESCALATE: "escalated",
    Action.BREACH: "breached",
}


class Alarm(NamedTuple):
    """The next thing a case does by itself: a rung of a clock; without a rung, that its limit passes or that it is overdue
    again; without a clock, what the standing pause does."""

    at: datetime
    clock: Clock | None
    rung: PlannedRung | None
    words: str  # what the case waits for, for the timeline: "owner_act: chase → owner_agency (due …)"


class Timekeeper:
    """Watches the clocks of one case."""

    def __init__(self, file: CaseFile, planner: Planner, journal: Journal) -> None:
        self._file = file
        self._planner = planner
        self._journal = journal

    async def keep(self) -> None:
        """Fire rungs when they come, for as long as the case lives."""
        while True:
            await workflow.wait_condition(lambda: self.next_alarm() is not None)
            alarm = self.next_alarm()
            if alarm is None:
                continue
            # Always by a timer, also for what is past: a branch on the time may replay differently.
            wait = max(alarm.at - workflow.now(), JUST_AFTER)
            try:
                await workflow.wait_condition(
                    lambda set_to=alarm: self._moved(set_to),  # type: ignore[misc]  # bound now, not later
                    timeout=wait,
                    timeout_summary=alarm.words,
                )
            except TimeoutError:
                await self._fire(alarm)

    async def catch_up(self, until: datetime) -> None:
        """Fire what came due before a command that arrives now: after an outage, lateness is noticed before it ends."""
        while (alarm := self.next_alarm()) is not None and alarm.at <= until:
            await self._fire(alarm)

    def next_alarm(self) -> Alarm | None:
        """The earliest of what the standing pause and all running clocks will do."""
        alarms = [*_pause_alarms(self._file), *(alarm for clock in self._file.running for alarm in _alarms(clock))]
        return min(alarms, key=lambda alarm: alarm.at, default=None)

    def pause_values(self, pause: StandingPause | None = None) -> dict[str, str]:
        """What the texts about a pause say: what the matter waits for, until when at most, and the date promised."""
        pause = pause or self._file.pause
        assert pause is not None
        assert self._file.terms is not None
        rule, promise = self._file.terms.pauses[pause.reason], self._file.promise
        due = {"due_at": promise.due_at.isoformat()} if promise else {}
        return {"waiting_for_th": rule.th, "waiting_for_en": rule.en, "reply_by": pause.until.isoformat(), **due}

    def _moved(self, set_to: Alarm) -> bool:
        now = self.next_alarm()
        return now is None or (now.at, now.words) != (set_to.at, set_to.words)

    async def _fire(self, alarm: Alarm) -> None:
        clock, rung = alarm.clock, alarm.rung
        if clock is None:
            if alarm in _pause_alarms(self._file):  # else it was moved or ended meanwhile
                self._fire_pause()
        elif not clock.running:
            return  # stopped by a command of the same moment
        elif rung is not None:
            await self._fire_rung(alarm, clock, rung)
        elif alarm not in _alarms(clock):
            return  # a change of the same moment put it ahead
        elif clock.expires:
            clock.expired = True
        else:
            # It was overdue before, and a change put its due time ahead again: the rungs have spoken, the fact stays one.
            clock.overdue = True
            self._journal.record("overdue_again", step=clock.step, due_at=clock.due_at.isoformat())

    def _fire_pause(self) -> None:
        file, pause = self._file, self._file.pause
        assert file.terms is not None
        if pause is None:
            return
        rule, words = file.terms.pauses[pause.reason], file.terms.pause_notices
        if pause.remind_at is not None and pause.remind_at < pause.until:
            pause.remind_at = None
            self._journal.record("pause_reminded", reason=pause.reason, to=rule.remind, until=pause.until.isoformat())
            for role in rule.remind:
                self._journal.notify(words["remind"], self._present(role), **self.pause_values())
        elif rule.outcome is not None:
            pause.ran_out = True
        else:
            values = self.pause_values()
            for clock in file.running:
                clock.end_pause(pause.until)
            if file.promise is not None:
                file.promise.ledger = ended(file.promise.ledger, pause.until)
            file.pause = None
            self._journal.record(
                "resumed",
                reason=pause.reason,
                steps=pause.steps,
                paused_since=pause.begun.isoformat(),
                because="the longest pause has passed",
            )
            for role in dict.fromkeys([REQUESTER, *rule.tell_at_end]):
                self._journal.notify(words["resumed"], self._present(role), **values)

    async def _fire_rung(self, alarm: Alarm, clock: Clock, rung: PlannedRung) -> None:
        if rung not in clock.rungs:
            return  # fired by a command of the same moment
        late = rung.waited_since is not None or workflow.now() - alarm.at > LATE
        if (late or rung.brought_forward) and not rung.waited_since and not _at_any_hour(rung):
            # This is not the moment the ladder meant. Is it one in which people are told?
            answer = await self._planner.late(clock, rung, workflow.now())
            if not clock.running or rung not in clock.rungs:
                return
            if answer.wait_until:
                since = {"waited_since": rung.at} if late else {}
                waiting = rung.model_copy(update={"at": answer.wait_until, **since})
                clock.rungs = [waiting if other is rung else other for other in clock.rungs]
                return
            if answer.skip:
                clock.say(rung)
                self._journal.record("rung_skipped", step=clock.step, rung=rung.key, planned_at=rung.at.isoformat())
                return
        if rung.repeat_every:
            # Planned before this one is taken down: whatever stops us here, the ladder is whole.
            again = await self._planner.repeat(clock.step, clock.ledger, clock.due_at, rung, workflow.now())
            if not clock.running or rung not in clock.rungs:
                return
            clock.rungs.append(again)
        clock.say(rung)
        if rung.action is Action.BREACH:
            clock.breached = clock.overdue = True
        if rung.action is Action.ESCALATE:
            self._file.escalation += 1
        extra: dict[str, Any] = ({"late": True} if late else {}) | ({"round": clock.round} if clock.round > 1 else {})
        self._journal.record(
            FACTS[rung.action],
            step=clock.step,
            rung=rung.key,
            to=rung.to,
            planned_at=(rung.waited_since or rung.at).isoformat(),
            due_at=clock.due_at.isoformat(),
            **extra,
        )
        for role in rung.to:
            self._journal.notify(self._template(rung), self._present(role), **self._values(clock))
        if rung.notify_requester:
            self._journal.notify(rung.notify_requester, REQUESTER, **self._values(clock))
        if rung.action is Action.BREACH:
            self._journal.record("improvement_task_opened", step=clock.step, because="breach")

    def _template(self, rung: PlannedRung) -> str:
        assert self._file.terms is not None
        notices = self._file.terms.rung_notices
        if rung.action is Action.ESCALATE and rung.after_due:
            return notices["escalate_after_due"]
        return notices[rung.action.value]

    def _present(self, role: str) -> str:
        """Whoever should hear when nobody has the role yet: a case is never chased at nobody."""
        if role.startswith("owner_") and self._file.agency is None:
            return "complaint_centre"
        return role

    def _values(self, clock: Clock) -> dict[str, str]:
        due = clock.due_at.isoformat()
        return {"due_at": due, "reply_by": due, "step": clock.step}


def _alarms(clock: Clock) -> list[Alarm]:
    alarms = [
        Alarm(rung.at + (JUST_AFTER if rung.action is Action.BREACH else timedelta()), clock, rung, _words(clock, rung))
        for rung in clock.rungs
    ]
    if clock.expires:
        alarms.append(Alarm(clock.due_at + JUST_AFTER, clock, None, f"{clock.step}: limit of {clock.limit} passes"))
    elif clock.breached and not clock.overdue and not any(rung.action is Action.BREACH for rung in clock.rungs):
        alarms.append(Alarm(clock.due_at + JUST_AFTER, clock, None, f"{clock.step}: overdue again"))
    return alarms


def _pause_alarms(file: CaseFile) -> list[Alarm]:
    """The standing pause reminds, then ends. It comes before rungs of the same moment."""
    pause = file.pause
    if pause is None or pause.ran_out:
        return []
    if pause.remind_at is not None and pause.remind_at < pause.until:
        return [Alarm(pause.remind_at, None, None, f"paused ({pause.reason}): remind before {pause.until:%Y-%m-%d %H:%M}")]
    return [Alarm(pause.until, None, None, f"paused ({pause.reason}): ends at the latest")]


def _at_any_hour(rung: PlannedRung) -> bool:
    """A breach is a fact, told when it is one; others only if the ladder says so."""
    return rung.action is Action.BREACH or rung.outside_hours is OutsideHours.FIRE


def _words(clock: Clock, rung: PlannedRung) -> str:
    return f"{clock.step}: {rung.action.value} → {', '.join(rung.to)} (due {clock.due_at:%Y-%m-%d %H:%M})"
