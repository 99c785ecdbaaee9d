"""The case file: all that a case knows, in one serialisable model.

The `case` query shows it and continue-as-new carries it. Nothing in it grows without bound: the records keep what is
dropped here.
"""

from __future__ import annotations

from datetime import datetime

from pydantic import AwareDatetime, BaseModel, ConfigDict

from casework.standards.limits import Limit
from casework.standards.plan import Plan, PlannedRung
from casework.workflows.contracts import CommandReply, Document, Event, Link, NoticeView, Officer, Outcome, Request, Stage
from casework.workflows.ports import NoticeOrder, Terms

EVENTS_KEPT = 100
NOTICES_KEPT = 50
REPLIES_KEPT = 50
DOCUMENTS_KEPT = 100
PENDING_BYTES = 256_000  # what a case holds for records that are down, before it takes no more notes


class Clock(BaseModel):
    """The clock of one step: what was promised, which rungs stand, which have fired."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    step: str
    limit: Limit
    started_at: AwareDatetime
    due_at: AwareDatetime
    internal_target: AwareDatetime | None = None
    rungs: list[PlannedRung]
    fired: list[str] = []
    expires: bool = False
    expired: bool = False
    breached: bool = False  # ever
    overdue: bool = False  # now: an extension may put the due time ahead again
    stopped_at: AwareDatetime | None = None
    extensions: int = 0
    extended_by: int = 0
    calendar: str
    warning: str | None = None

    @classmethod
    def planned(cls, plan: Plan, expires: bool) -> Clock:
        """A clock that starts to run."""
        return cls(
            step=plan.step,
            limit=plan.limit,
            started_at=plan.started_at,
            due_at=plan.due_at,
            internal_target=plan.internal_target,
            rungs=plan.rungs,
            expires=expires,
            calendar=plan.calendar,
            warning=plan.warning,
        )

    def replan(self, plan: Plan, now: datetime) -> None:
        """Take a new plan: pending rungs move; fired ones stay fired, unless the new due time puts them ahead again."""
        self.limit, self.due_at, self.internal_target = plan.limit, plan.due_at, plan.internal_target
        self.rungs = [rung for rung in plan.rungs if rung.key not in self.fired or rung.at > now]
        standing = {rung.key for rung in self.rungs}
        self.fired = [key for key in self.fired if key not in standing]
        self.overdue = self.overdue and plan.due_at <= now
        self.calendar, self.warning = plan.calendar, plan.warning

    @property
    def running(self) -> bool:
        """Whether the step is still being worked on."""
        return self.stopped_at is None and not self.expired

    def stop(self, at: datetime) -> None:
        """The step is done. The due time is inclusive: done at it is done in time."""
        if self.stopped_at is None:
            self.stopped_at = at


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
    promised_at: AwareDatetime | None = None
    promised_by: str | None = None  # the chain of steps that the promise is made of
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
