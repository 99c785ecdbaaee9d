"""The case file: all that a case knows, in one serialisable model.

The `case` query shows it and continue-as-new carries it. Nothing in it grows without bound: the records keep what is
dropped here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from casework.standards.ledger import Balance, Ledger, PauseEntry
from casework.standards.limits import Action, Limit
from casework.standards.plan import Plan, PlannedRung
from casework.workflows.contracts import CommandReply, Document, Event, Link, NoticeView, Officer, Outcome, Request, Stage
from casework.workflows.ports import NoticeOrder, Terms

EVENTS_KEPT = 100
NOTICES_KEPT = 50
REPLIES_KEPT = 50
DOCUMENTS_KEPT = 100
PENDING_BYTES = 256_000  # what a case holds for records that are down, before it takes no more notes


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
    expires: bool = False
    expired: bool = False
    breached: bool = False  # ever
    overdue: bool = False  # now: an extension may put the due time ahead again
    stopped_at: AwareDatetime | None = None
    uncounted: bool = False  # it stopped in a pause: its due time is still that of the longest pause
    calendar: str
    revision: int = 0
    warning: str | None = None

    @classmethod
    def planned(cls, plan: Plan, expires: bool) -> Clock:
        """A clock that starts to run."""
        return cls(
            step=plan.step,
            limit=plan.limit,
            ledger=plan.ledger,
            balance=plan.balance,
            due_at=plan.due_at,
            internal_target=plan.internal_target,
            rungs=plan.rungs,
            expires=expires,
            calendar=plan.calendar,
            revision=plan.revision,
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

    def say(self, rung: PlannedRung) -> None:
        """A rung has fired; it will not again in this round."""
        self.rungs = [other for other in self.rungs if other.key != rung.key]
        self.fired[rung.key] = rung.says

    def replan(self, plan: Plan, now: datetime, repeats: Sequence[PlannedRung] = ()) -> None:
        """Take a new plan, and the next moments of what repeats: pending rungs move, fired ones stay fired, what waits for
        the office to open goes on waiting, and nothing moves into the past."""
        self.limit, self.ledger, self.balance = plan.limit, plan.ledger, plan.balance
        self.due_at, self.internal_target = plan.due_at, plan.internal_target
        self.overdue = self.overdue and plan.due_at <= now
        self.calendar, self.revision, self.warning = plan.calendar, plan.revision, plan.warning
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
                if self.breached:
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
            self.stopped_at = at
            self.uncounted = self.pause is not None
            self.end_pause(at)


class Promise(BaseModel):
    """What the requester was told: it runs above the clocks of steps and units, and nothing they do starts it anew.

    `chain` names the steps it is made of, joined by +.
    """

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    chain: str
    ledger: Ledger
    due_at: AwareDatetime
    revision: int = 0
    warning: str | None = None
    uncounted: bool = False  # a pause ended with its stage: the date is still that of the longest pause

    @classmethod
    def planned(cls, chain: str, plan: Plan) -> Promise:
        """A promise that is made."""
        return cls(chain=chain, ledger=plan.ledger, due_at=plan.due_at, revision=plan.revision, warning=plan.warning)

    def replan(self, plan: Plan) -> None:
        """Take a new plan."""
        self.ledger, self.due_at, self.uncounted = plan.ledger, plan.due_at, False
        self.revision, self.warning = plan.revision, plan.warning

    def end_pause(self, at: datetime) -> None:
        """The pause that stands ends with its stage."""
        standing = any(entry.ended is None for entry in self.ledger.pauses)
        self.ledger, self.uncounted = ended(self.ledger, at), self.uncounted or standing

    def is_made_of(self, step: str) -> bool:
        """Whether that step's time is part of the promise."""
        return step in self.chain.split("+")


class StandingPause(BaseModel):
    """The pause of a case: some of its clocks stand still until somebody resumes them, or `until` comes."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    reason: str
    by: str
    begun: AwareDatetime
    until: AwareDatetime
    remind_at: AwareDatetime | None
    steps: list[str]
    ran_out: bool = False


def ended(ledger: Ledger, at: datetime) -> Ledger:
    """The ledger with the pause that stands ended then."""
    return ledger.model_copy(update={"pauses": [p if p.ended else p.model_copy(update={"ended": at}) for p in ledger.pauses]})


class CaseFile(BaseModel):
    """The state of one case."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    case_id: str
    request: Request
    opened_at: AwareDatetime
    received_at: AwareDatetime
    stage: Stage
    stage_since: AwareDatetime
    entering: bool = True  # the stage has not begun yet: its clocks are still to be started
    outcome: Outcome | None = None
    terms: Terms | None = None
    case_no: str | None = None
    promise: Promise | None = None
    pause: StandingPause | None = None
    calendar_known: int = -1  # the latest change of the calendar that the records told of; -1: they have not answered yet
    closed_at: AwareDatetime | None = None
    officer: Officer | None = None
    agency: str | None = None
    escalation: int = 0
    deficiency_lists: int = 0
    reopened: int = 0
    missing: list[str] = []
    owner_answer: str | None = None
    result_notices: list[str] = []
    links: list[Link] = []
    documents: list[Document] = []
    clocks: dict[str, Clock] = {}
    seq: int = 0
    events: list[Event] = []
    replies: dict[str, CommandReply] = {}
    notices: list[NoticeView] = []
    # Not yet in the records:
    pending: list[Event] = []
    owed: list[NoticeOrder] = []
    handed_over: int = 0  # how many of the owed, from the front, the records know already

    @property
    def promised_at(self) -> datetime | None:
        """By when the requester was promised the result."""
        return self.promise.due_at if self.promise else None

    @property
    def is_full(self) -> bool:
        """Whether so much waits for the records that no more notes are taken."""
        return sum(len(str(event.data).encode()) for event in self.pending) > PENDING_BYTES

    @property
    def running(self) -> list[Clock]:
        """The clocks that run now, the earliest due first."""
        return sorted((clock for clock in self.clocks.values() if clock.running), key=lambda clock: clock.due_at)

    @property
    def overdue(self) -> bool:
        """Whether a step that is still being worked on is past its due time."""
        return any(clock.overdue for clock in self.running)

    @property
    def due_at(self) -> datetime | None:
        """When the next step is due."""
        return self.running[0].due_at if self.running else None
