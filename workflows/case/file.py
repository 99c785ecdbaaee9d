"""The case file: all that a case knows, in one serialisable model.

The `case` query shows it and continue-as-new carries it. Nothing in it grows without bound: the records keep what is
dropped here.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, JsonValue, SerializeAsAny, ValidationInfo

from casework.standards.counting.ledger import Ledger
from casework.standards.counting.plan import CALL_BACK, LETTERS, Plan
from casework.standards.counting.working_calendar import WorkingCalendar
from casework.workflows.case.clock import Clock, ended
from casework.workflows.case.definition import OwnState, ProcessDefinition
from casework.workflows.messages.events import Event, Link
from casework.workflows.messages.improvement import Cause
from casework.workflows.messages.people import Document, Officer
from casework.workflows.messages.request import CaseRequest
from casework.workflows.messages.views import CommandReply, NoticeView
from casework.workflows.names import CLOSED
from casework.workflows.ports import Batch, ResetMark, Terms

EVENTS_KEPT = 100
NOTICES_KEPT = 50
REPLIES_KEPT = 50
DOCUMENTS_KEPT = 100
# What a case holds for records and mail that are down, before it takes only commands that take it further, and none.
HELD_BYTES, HELD_NOTICES = 200_000, 200
MOST_HELD = 2.0  # so many times as much, and it takes none but withdraw, and repeats no rung


def _of_its_process(value: Any, info: ValidationInfo) -> Any:
    """The request and the state of a process are read with the models that its definition names."""
    if not isinstance(value, dict) or info.context is None:
        return value
    definition: ProcessDefinition = info.context
    return (definition.request if info.field_name == "request" else definition.own).model_validate(value)


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
    breached_at: AwareDatetime | None = None  # when it was not kept

    @classmethod
    def planned(cls, chain: str, plan: Plan) -> Promise:
        """A promise that is made."""
        return cls(chain=chain, ledger=plan.ledger, due_at=plan.due_at, revision=plan.revision, warning=plan.warning)

    def replan(self, plan: Plan) -> None:
        """Take a new plan. A date put ahead of a promise that was not kept may be kept anew."""
        if plan.due_at > plan.balance.as_of:
            self.breached_at = None
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
    cap: AwareDatetime | None = None  # whoever paused may not pause longer
    ends_at: AwareDatetime  # later than `until` where the case ends with it: what came in time is still entered
    remind_at: AwareDatetime | None
    steps: list[str]
    ran_out: bool = False


class OwedTask(BaseModel):
    """An improvement task that is to be begun: its cause, in which step, in which month."""

    model_config = ConfigDict(extra="forbid")

    cause: Cause
    step: str | None = None
    month: str


class Breach(BaseModel):
    """A limit that was passed: of a step, or of the promise."""

    model_config = ConfigDict(extra="forbid")

    what: str
    at: AwareDatetime


class UnservedLetter(BaseModel):
    """A notice that somebody must serve; `deemed_at` is when it counts as served, once it was posted."""

    model_config = ConfigDict(extra="forbid")

    template: str
    since: AwareDatetime
    deemed_at: AwareDatetime | None = None


class Ending(BaseModel):
    """How the case ends as soon as these notices have reached their people."""

    model_config = ConfigDict(extra="forbid")

    outcome: str
    then: str | None
    notices: list[str]
    told: dict[str, AwareDatetime] = {}  # those that were, and when


class UntoldNotice(BaseModel):
    """A notice that nobody could be told so far; the records have what it says."""

    model_config = ConfigDict(extra="forbid")

    id: str
    template: str
    to: str


class CaseFile(BaseModel):
    """The state of one case."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    case_id: str
    request: Annotated[SerializeAsAny[CaseRequest], BeforeValidator(_of_its_process)]
    own: Annotated[Any, BeforeValidator(_of_its_process)] = OwnState()  # what its process keeps: the OwnState of its definition
    opened_at: AwareDatetime  # when the request reached Temporal, whenever a worker first saw it
    received_at: AwareDatetime
    stage: str
    stage_since: AwareDatetime
    stage_counts_from: AwareDatetime | None = None  # what began the stage reached the centre then: nothing it asks for is older
    entering: bool = True  # the stage has not begun yet: its clocks are still to be started
    counts_from: AwareDatetime | None = None  # what began the stage had reached the centre then, before it was entered
    outcome: str | None = None
    terms: Terms | None = None
    calendar: WorkingCalendar | None = None
    calendar_known: int = -1  # the latest change of the calendar that the records told of; -1: they have not answered yet
    asked_for: bool = False  # a client has waited for the opening: whoever asks again finds the case that is there
    case_no: str | None = None
    promise: Promise | None = None
    promise_waits: bool = False  # in this stage: the procedure makes it anew after it
    pause: StandingPause | None = None
    closed_at: AwareDatetime | None = None
    officer: Officer | None = None
    agency: str | None = None
    escalation: int = 0
    concluded_at: AwareDatetime | None = None  # when the matter was done, by when what ended it reached the centre
    rated: bool = False
    owed_tasks: list[OwedTask] = []  # improvement tasks that are still to be begun
    owner_told: bool = False  # the owner agency has been told of the case
    reminders_say: dict[str, JsonValue] = {}  # what reminders and delay notices say beside their dates
    moved_from: AwareDatetime | None = None  # what was promised before this transition moved it: its notices say so
    ending: Ending | None = None
    letters: dict[str, UnservedLetter] = {}  # by the id of the notice
    starts_when_told: dict[str, str] = {}  # id of a notice -> the step whose time runs from its being told
    moot: list[str] = []  # notices on their way that need not be told any more
    links: list[Link] = []
    documents: list[Document] = []
    clocks: dict[str, Clock] = {}
    breaches: list[Breach] = []
    seq: int = 0
    events: list[Event] = []
    replies: dict[str, CommandReply] = {}
    notices: list[NoticeView] = []
    # On the way to the records:
    batches: int = 0  # how many were made
    outbox: list[Batch] = []  # those that the records have not taken yet
    outbox_bytes: dict[int, int] = {}  # how large each of them is, by its number
    committed: int = 0  # the last event that is in a batch
    reset: ResetMark | None = None
    owed: list[UntoldNotice] = []  # in the records, and not told yet
    clocks_told: str = ""  # digest of what the records were last told of the clocks

    @property
    def breached_at(self) -> datetime | None:
        """When a limit of the service was first passed; that somebody was called back late is another matter."""
        return min((breach.at for breach in self.breaches if breach.what != CALL_BACK), default=None)

    @property
    def promised_at(self) -> datetime | None:
        """By when the requester was promised the result."""
        return self.promise.due_at if self.promise else None

    @property
    def zone(self) -> tzinfo:
        """The office's time zone; UTC before the calendar is known."""
        return self.calendar.zone if self.calendar else UTC

    @property
    def promise_stands(self) -> bool:
        """Whether a promise was made that is still to be kept: it is, when the last of its steps is done."""
        if self.promise is None or self.terms is None or self.outcome is not None or self.stage == CLOSED:
            return False
        last = (self.terms.rules.chain(self.promise.chain) or [self.promise.chain])[-1]
        return last not in self.clocks or self.clocks[last].stopped_at is None

    @property
    def in_requesters_time(self) -> bool:
        """Whether only the requester's own time runs, or waits to begin: the promise is made anew after it."""
        running = [clock.step for clock in self.clocks.values() if clock.stopped_at is None and clock.step != LETTERS]
        current = {*running, *self.starts_when_told.values()}
        return self.promise_waits and self.terms is not None and bool(current) and current <= set(self.terms.requester_steps)

    @property
    def held(self) -> float:
        """How much waits for the records and the mail, as a part of what a case may hold: from 1 on it is full."""
        notices = len(self.owed) + sum(len(batch.notices) for batch in self.outbox)
        return max(notices / HELD_NOTICES, sum(self.outbox_bytes.values()) / HELD_BYTES)

    @property
    def unrecorded(self) -> int:
        """How many events the records do not have yet."""
        return sum(len(batch.events) for batch in self.outbox)

    @property
    def running(self) -> list[Clock]:
        """The clocks that run now, the earliest due first."""
        return sorted((clock for clock in self.clocks.values() if clock.running), key=lambda clock: clock.due_at)

    @property
    def overdue(self) -> bool:
        """Whether a step that is still being worked on is past its due time, or the promise to the requester is."""
        broken = self.promise_stands and self.promise is not None and self.promise.breached_at is not None
        return broken or any(clock.overdue for clock in self.running)

    @property
    def due_at(self) -> datetime | None:
        """When the next step is due."""
        return self.running[0].due_at if self.running else None
