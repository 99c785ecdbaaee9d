"""The clock of one step: its ledger, its plan, which rungs stand and which have fired."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from casework.standards.counting.ledger import Balance, Ledger, PauseEntry
from casework.standards.counting.plan import Plan, PlannedRung
from casework.standards.limits import Action, Limit


class Clock(BaseModel):
    """The clock of one step: its ledger, and what follows from it on the standard and the calendar it was planned with.

    A fired rung never fires again in the same round. A new round begins when the limit runs anew, or when an extension
    puts a due time ahead that rungs had already spoken of.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    step: str
    limit: Limit
    ledger: Ledger
    balance: Balance
    due_at: AwareDatetime
    internal_target: AwareDatetime | None = None
    rungs: list[PlannedRung]
    fired: dict[str, str] = {}  # key -> what the rung said
    round: int = 1
    entry_closes_at: AwareDatetime | None = None  # its limit ends the stage, when what came in time has been entered
    expired: bool = False
    breached_at: AwareDatetime | None = None  # when the limit was first passed; stays for good
    overdue: bool = False  # now: an extension may put the due time ahead again
    stopped_at: AwareDatetime | None = None
    uncounted: bool = False  # it stopped in a pause: its due time is still that of the longest pause
    calendar: str
    revision: int = 0
    digest: str = ""
    warning: str | None = None

    @classmethod
    def planned(cls, plan: Plan) -> Clock:
        """A clock that starts to run."""
        return cls(
            step=plan.step,
            limit=plan.limit,
            ledger=plan.ledger,
            balance=plan.balance,
            due_at=plan.due_at,
            internal_target=plan.internal_target,
            rungs=plan.rungs,
            entry_closes_at=plan.entry_closes_at,
            calendar=plan.calendar,
            revision=plan.revision,
            digest=plan.digest,
            warning=plan.warning,
        )

    @property
    def started_at(self) -> AwareDatetime:
        """When the step began."""
        return self.ledger.started_at

    @property
    def pause(self) -> PauseEntry | None:
        """The pause that stands now."""
        last = self.ledger.pauses[-1] if self.ledger.pauses else None
        return last if last and last.ended is None else None

    def mark_fired(self, rung: PlannedRung) -> None:
        """A rung has fired; it will not again in this round."""
        self.rungs = [other for other in self.rungs if other.key != rung.key]
        self.fired[rung.key] = rung.says

    def replan(self, plan: Plan, now: datetime, repeats: Sequence[PlannedRung] = ()) -> None:
        """Take a new plan, and the next moments of what repeats: pending rungs move, fired ones stay fired, what waits for
        the office to open goes on waiting, and nothing moves into the past."""
        self.limit, self.ledger, self.balance = plan.limit, plan.ledger, plan.balance
        self.due_at, self.internal_target, self.entry_closes_at = plan.due_at, plan.internal_target, plan.entry_closes_at
        self.overdue = self.overdue and plan.due_at <= now
        self.calendar, self.revision, self.warning, self.digest = plan.calendar, plan.revision, plan.warning, plan.digest
        waiting = [rung for rung in self.rungs if rung.waited_since]
        repeating = {rung.first: rung for rung in self.rungs if "#" in rung.key}
        found = [rung for rung in plan.rungs if rung.key not in self.fired]
        # One that fired while the next was asked for has put up its own next.
        found += [rung if rung.key not in self.fired else repeating.get(rung.first, rung) for rung in repeats]
        asked = {rung.first for rung in repeats}
        found += [
            repeating[rung.key]
            for rung in plan.rungs
            if rung.key in self.fired and rung.key in repeating and rung.key not in asked
        ]
        kept = {rung.first for rung in waiting}
        moved = [rung for rung in found if rung.first not in kept and rung.key not in self.fired]
        brought = {rung.key: rung for rung in self.rungs if rung.brought_forward}
        self.rungs = waiting + [
            rung if rung.at > now else brought.get(rung.key) or rung.model_copy(update={"at": now, "brought_forward": True})
            for rung in moved
        ]

    def next_round(self, plan: Plan, now: datetime, anew: bool = False) -> None:
        """Let rungs stand again that a new plan puts ahead: those that hang on the due time, or all of them (`anew`). What
        repeats after the due time counts from the new one."""
        of_due = {rung.key for rung in plan.rungs if rung.from_due}
        ahead = {rung.key for rung in plan.rungs if rung.from_due and rung.at > now}
        self.rungs = [rung for rung in self.rungs if not (rung.waited_since and (anew or rung.first in ahead))]
        again = [key for key in self.fired if anew or key in ahead or ("#" in key and key.partition("#")[0] in of_due)]
        if again:
            self.fired = {key: said for key, said in self.fired.items() if key not in again}
            self.round += 1

    def other_ladder(self, plan: Plan, now: datetime) -> None:
        """Know again, in the ladder of another standard, what has been said: a rung that says the same to the same people
        has fired if one did here; one whose moment is over was never asked for then. A breach is a breach in both."""
        said = Counter(said for key, said in self.fired.items() if "#" not in key)
        pending = Counter(rung.says for rung in self.rungs)
        fired: dict[str, str] = {}
        passed: list[PlannedRung] = []
        for rung in plan.rungs:
            if rung.action is Action.BREACH:
                if self.breached_at:
                    fired[rung.key] = rung.says
            elif said[rung.says]:
                said[rung.says] -= 1
                fired[rung.key] = rung.says
            elif rung.at > now:
                pending[rung.says] -= 1
            else:
                passed.append(rung)
        for rung in passed:
            if pending[rung.says] > 0:  # it stood before, and a shorter limit put its moment into the past: it fires now
                pending[rung.says] -= 1
            else:
                fired[rung.key] = rung.says
        self.fired, self.round = fired, self.round + 1
        self.rungs = []

    def last_repeat(self, rung: PlannedRung) -> PlannedRung:
        """A repeating rung as it fired last, to count on from there."""
        numbers = [int(key.partition("#")[2] or 0) for key in self.fired if key.partition("#")[0] == rung.key]
        return rung.model_copy(update={"key": f"{rung.key}#{max(numbers)}"}) if any(numbers) else rung

    def end_pause(self, at: datetime) -> None:
        """The pause that stands ends."""
        self.ledger = ended(self.ledger, at)

    @property
    def running(self) -> bool:
        """Whether the step is still being worked on."""
        return self.stopped_at is None and not self.expired

    def stop(self, at: datetime) -> None:
        """The step is done. The due time is inclusive: done at it is done in time."""
        if self.stopped_at is None:
            self.stopped_at = max(at, self.started_at)
            self.uncounted = self.pause is not None
            self.end_pause(at)


def ended(ledger: Ledger, at: datetime) -> Ledger:
    """The ledger with the pause that stands ended then, not before it began."""
    pauses = [p if p.ended else p.model_copy(update={"ended": max(at, p.begun)}) for p in ledger.pauses]
    return ledger.model_copy(update={"pauses": pauses})
