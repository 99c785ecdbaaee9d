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
    from casework.standards.limits import Action
    from casework.standards.plan import REQUESTER, PlannedRung
    from casework.workflows.case_file import CaseFile, Clock
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
    """The next thing a clock does by itself. Without a rung it is the expiry of its limit."""

    at: datetime
    clock: Clock
    rung: PlannedRung | None

    @property
    def words(self) -> str:
        """What the case waits for, for the timeline: "owner_act: chase owner_agency"."""
        if self.rung is None:
            return f"{self.clock.step}: limit of {self.clock.limit} passes"
        return f"{self.clock.step}: {self.rung.action.value} → {', '.join(self.rung.to)} (due {self.clock.due_at:%Y-%m-%d %H:%M})"


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
        """The earliest rung or expiry of all running clocks."""
        alarms = [alarm for clock in self._file.clocks.values() if clock.running for alarm in _alarms(clock)]
        return min(alarms, key=lambda alarm: alarm.at, default=None)

    def _moved(self, set_to: Alarm) -> bool:
        now = self.next_alarm()
        return now is None or (now.at, now.words) != (set_to.at, set_to.words)

    async def _fire(self, alarm: Alarm) -> None:
        clock, rung = alarm.clock, alarm.rung
        if not clock.running or (rung is not None and rung not in clock.rungs):
            return  # fired or stopped by a command of the same moment
        if rung is None:
            clock.expired = True
            return
        if rung.repeat_every:
            # Planned before this one is taken down: whatever stops us here, the ladder is whole.
            again = await self._planner.repeat(clock, rung, workflow.now())
            if not clock.running or rung not in clock.rungs:
                return
            clock.rungs.append(again)
        clock.rungs = [other for other in clock.rungs if other.key != rung.key]
        clock.fired.append(rung.key)
        if rung.action is Action.BREACH:
            clock.breached = clock.overdue = True
        if rung.action is Action.ESCALATE:
            self._file.escalation += 1
        extra: dict[str, Any] = {"late": True} if workflow.now() - alarm.at > LATE else {}
        self._journal.record(
            FACTS[rung.action],
            step=clock.step,
            rung=rung.key,
            to=rung.to,
            planned_at=rung.at.isoformat(),
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
    alarms = [Alarm(rung.at + (JUST_AFTER if rung.action is Action.BREACH else timedelta()), clock, rung) for rung in clock.rungs]
    if clock.expires:
        alarms.append(Alarm(clock.due_at + JUST_AFTER, clock, None))
    return alarms
