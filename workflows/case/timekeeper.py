"""The timekeeper: one timer per case, set to the earliest rung or expiry of all its running clocks.

When the moment comes it fires the rung: an event, notices to whom the ladder names, and for good (a fired rung never
fires again). Its timer's summary says in words what the case waits for.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from temporalio import workflow

from casework.standards.counting.due_calculator import UNCOUNTABLE
from casework.standards.counting.plan import OWNER, PROMISE, REQUESTER, PlannedRung
from casework.standards.limits import Action, OutsideHours
from casework.workflows.case.breaches import breached
from casework.workflows.case.clock import Clock, ended
from casework.workflows.case.counting import Counting
from casework.workflows.case.file import MOST_HELD, CaseFile, StandingPause
from casework.workflows.case.improvements import Improvements
from casework.workflows.case.journal import Journal
from casework.workflows.case.letters import Letters
from casework.workflows.messages.events import EventType

# Due times are inclusive: what is done at the due time is done in time, so lateness begins just after it.
JUST_AFTER = timedelta(milliseconds=1)
LATE = timedelta(minutes=1)

FACTS = {
    Action.WARN: EventType.WARNED,
    Action.REMIND: EventType.REMINDED,
    Action.PROGRESS: EventType.PROGRESS_NOTIFIED,
    Action.CHASE: EventType.CHASED,
    Action.ESCALATE: EventType.ESCALATED,
    Action.BREACH: EventType.BREACHED,
}


class Alarm(NamedTuple):
    """The next thing a case does by itself: a rung of a clock; without a rung, that its limit passes or that it is overdue
    again; without a clock, what the standing pause does, that the promise to the requester is not kept, or that a letter
    counts as served."""

    at: datetime
    clock: Clock | None
    rung: PlannedRung | None
    words: str  # what the case waits for, for the timeline: "owner_act: chase → owner_agency (due …)"
    promise: bool = False
    letter: str | None = None


class Timekeeper:
    """Watches the clocks of one case."""

    def __init__(
        self, file: CaseFile, counting: Counting, journal: Journal, letters: Letters, improvements: Improvements
    ) -> None:
        self._file = file
        self._counting = counting
        self._journal = journal
        self._letters = letters
        self._improvements = improvements
        self._told_late_at: datetime | None = None  # when a ladder last told the requester of a breach

    async def run(self) -> None:
        """Fire rungs when they come, for as long as the case lives."""
        while True:
            await workflow.wait_condition(lambda: self.next_alarm() is not None)
            alarm = self.next_alarm()
            if alarm is None:
                continue
            try:
                await workflow.wait_condition(
                    lambda set_to=alarm: self._moved(set_to),  # type: ignore[misc]  # bound now, not later
                    timeout=max(alarm.at - workflow.now(), JUST_AFTER),
                    timeout_summary=alarm.words,
                )
            except TimeoutError:
                self.catch_up()
                self._journal.commit()

    def catch_up(self) -> None:
        """Fire everything that has come due: before a command acts, and after an outage, lateness is noticed before it ends."""
        now = workflow.now()
        while (alarm := self.next_alarm()) is not None and alarm.at <= now:
            self._fire(alarm)

    def next_alarm(self) -> Alarm | None:
        """The earliest of what the standing pause and all running clocks will do."""
        steps = [alarm for clock in self._file.running for alarm in _alarms(clock)]
        alarms = [*_pause_alarms(self._file), *_letter_alarms(self._file), *steps, *_promise_alarm(self._file)]
        return min(alarms, key=lambda alarm: alarm.at, default=None)

    def pause_values(self, pause: StandingPause | None = None) -> dict[str, str]:
        """What the texts about a pause say: what the matter waits for, until when at most, and the date promised."""
        pause = pause or self._file.pause
        assert pause is not None
        assert self._file.terms is not None
        rule, promise = self._file.terms.rules.pauses[pause.reason], self._file.promise
        due = {"due_at": promise.due_at.isoformat()} if promise else {}
        return {"waiting_for_th": rule.th, "waiting_for_en": rule.en, "reply_by": pause.until.isoformat(), **due}

    def _moved(self, set_to: Alarm) -> bool:
        now = self.next_alarm()
        return now is None or (now.at, now.words) != (set_to.at, set_to.words)

    def _fire(self, alarm: Alarm) -> None:
        clock, rung = alarm.clock, alarm.rung
        if alarm.promise:
            self._promise_not_kept()
        elif alarm.letter:
            self._letters.deem(alarm.letter)
        elif clock is None:
            self._fire_pause()
        elif rung is not None:
            try:
                self._fire_rung(alarm, clock, rung)
            except UNCOUNTABLE as error:  # a rung that cannot be made is said to be so, and stops nothing else
                clock.mark_fired(rung)
                self._journal.record(EventType.RUNG_SKIPPED, step=clock.step, rung=rung.key, problem=str(error))
        elif clock.entry_closes_at:
            clock.expired = True
        else:
            # It was overdue before, and a change put its due time ahead again: the rungs have spoken, the fact stays one.
            clock.overdue = True
            self._journal.record(EventType.OVERDUE_AGAIN, step=clock.step, due_at=clock.due_at.isoformat())

    def _promise_not_kept(self) -> None:
        """What the requester was promised is late, even if the step is still in its own time. They are told, unless a ladder
        told them in this moment, or they stand at the counter (a promise of minutes)."""
        file, now = self._file, workflow.now()
        assert file.promise is not None
        assert file.terms is not None
        file.promise.breached_at = now
        breached(file, PROMISE, now)
        due = file.promise.due_at.isoformat()
        self._journal.record(EventType.PROMISE_BREACHED, chain=file.promise.chain, due_at=due)
        at_the_counter = any(limit.unit.seconds for limit in self._counting.calculator.limits(file.promise.chain))
        if self._told_late_at != now and not at_the_counter and file.ending is None:
            self._journal.notify(file.terms.rung_notices["promise"], REQUESTER, due_at=due)

    def _fire_pause(self) -> None:
        file, pause = self._file, self._file.pause
        assert file.terms is not None
        assert pause is not None, "only a pause that stands can fire"
        rule, words = file.terms.rules.pauses[pause.reason], file.terms.pause_notices
        if pause.remind_at is not None and pause.remind_at < pause.until:
            pause.remind_at = None
            self._journal.record(EventType.PAUSE_REMINDED, reason=pause.reason, to=rule.remind, until=pause.until.isoformat())
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
                EventType.RESUMED,
                reason=pause.reason,
                steps=pause.steps,
                paused_since=pause.begun.isoformat(),
                because="the longest pause has passed",
            )
            for role in dict.fromkeys([REQUESTER, *rule.tell_at_end]):
                self._journal.notify(words["resumed"], self._present(role), **values)

    def _fire_rung(self, alarm: Alarm, clock: Clock, rung: PlannedRung) -> None:
        file, now = self._file, workflow.now()
        late = rung.waited_since is not None or now - alarm.at > LATE
        if (late or rung.brought_forward) and not rung.waited_since and not _at_any_hour(rung):
            # This is not the moment the ladder meant. Is it one in which people are told?
            at = self._counting.calculator.late(clock.ledger, rung, now)
            if at is None:
                clock.mark_fired(rung)
                self._journal.record(EventType.RUNG_SKIPPED, step=clock.step, rung=rung.key, planned_at=rung.at.isoformat())
                return
            if at > now:
                since = {"waited_since": rung.at} if late else {}
                waiting = rung.model_copy(update={"at": at, **since})
                clock.rungs = [waiting if other is rung else other for other in clock.rungs]
                return
        again = self._next_repeat(clock, rung, now)
        clock.mark_fired(rung)
        if again is not None:
            clock.rungs.append(again)
        if rung.repeat_every and file.held >= MOST_HELD:
            return  # nobody could be told for so long that another word would only be one more to keep
        if rung.action is Action.BREACH:
            clock.overdue = True
            clock.breached_at = clock.breached_at or now
            breached(file, clock.step, clock.breached_at)
        if rung.action is Action.ESCALATE:
            file.escalation += 1
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
            values = self._values(clock)
            if rung.action is Action.PROGRESS and file.promised_at is not None:
                values["due_at"] = file.promised_at.isoformat()  # the date that the requester was given
            self._journal.notify(self._template(rung), self._present(role), **values)
        if rung.notify_requester and file.ending is None:  # else the decision is on its way to them
            self._told_late_at = now if rung.action is Action.BREACH else self._told_late_at
            self._journal.notify(rung.notify_requester, REQUESTER, **self._values(clock))
        if rung.action is Action.BREACH:
            self._improvements.open("breach", clock.step)

    def _next_repeat(self, clock: Clock, rung: PlannedRung, now: datetime) -> PlannedRung | None:
        """The next moment of a rung that repeats; if there is none, that is said and the case goes on without."""
        if not rung.repeat_every:
            return None
        try:
            return self._counting.calculator.repeat(clock.step, rung, clock.due_at, now, clock.ledger)
        except UNCOUNTABLE as error:
            self._journal.record(EventType.RUNG_SKIPPED, step=clock.step, rung=rung.key, problem=str(error))
            return None

    def _template(self, rung: PlannedRung) -> str:
        assert self._file.terms is not None
        notices = self._file.terms.rung_notices
        if rung.text is not None:
            return rung.text
        if rung.action is Action.ESCALATE and rung.after_due:
            return notices["escalate_after_due"]
        return notices[rung.action.value]

    def _present(self, role: str) -> str:
        """Whoever should hear when nobody has the role yet: a case is never chased at nobody."""
        if role.startswith(OWNER) and (self._file.agency is None or not self._file.owner_told):
            return "complaint_centre"
        return role

    def _values(self, clock: Clock) -> dict[str, Any]:
        due = clock.due_at.isoformat()
        return {"due_at": due, "reply_by": due, "step": clock.step, **self._file.reminders_say}


def _alarms(clock: Clock) -> list[Alarm]:
    alarms = [
        Alarm(rung.at + (JUST_AFTER if rung.action is Action.BREACH else timedelta()), clock, rung, _words(clock, rung))
        for rung in clock.rungs
    ]
    if clock.entry_closes_at:
        alarms.append(Alarm(clock.entry_closes_at + JUST_AFTER, clock, None, f"{clock.step}: limit of {clock.limit} passes"))
    elif clock.breached_at and not clock.overdue and not any(rung.action is Action.BREACH for rung in clock.rungs):
        alarms.append(Alarm(clock.due_at + JUST_AFTER, clock, None, f"{clock.step}: overdue again"))
    return alarms


def _promise_alarm(file: CaseFile) -> list[Alarm]:
    promise = file.promise
    if promise is None or file.terms is None or not file.promise_stands or promise.breached_at is not None:
        return []
    if file.in_requesters_time:
        return []
    rules = file.terms.rules
    if any(rules.step(step).soft for step in rules.chain(promise.chain) or [promise.chain]):
        return []
    words = f"promise to the requester (due {promise.due_at:%Y-%m-%d %H:%M})"
    return [Alarm(promise.due_at + JUST_AFTER, None, None, words, promise=True)]


def _letter_alarms(file: CaseFile) -> list[Alarm]:
    return [
        Alarm(letter.deemed_at, None, None, f"letter ({letter.template}): counts as served", letter=letter_id)
        for letter_id, letter in file.letters.items()
        if letter.deemed_at
    ]


def _pause_alarms(file: CaseFile) -> list[Alarm]:
    """The standing pause reminds, then ends. It comes before rungs of the same moment."""
    pause = file.pause
    if pause is None or pause.ran_out:
        return []
    if pause.remind_at is not None and pause.remind_at < pause.until:
        return [Alarm(pause.remind_at, None, None, f"paused ({pause.reason}): remind before {pause.until:%Y-%m-%d %H:%M}")]
    return [Alarm(pause.ends_at, None, None, f"paused ({pause.reason}): ends at the latest")]


def _at_any_hour(rung: PlannedRung) -> bool:
    """A breach is a fact, told when it is one; others only if the ladder says so."""
    return rung.action is Action.BREACH or rung.outside_hours is OutsideHours.FIRE


def _words(clock: Clock, rung: PlannedRung) -> str:
    return f"{clock.step}: {rung.action.value} → {', '.join(rung.to)} (due {clock.due_at:%Y-%m-%d %H:%M})"
