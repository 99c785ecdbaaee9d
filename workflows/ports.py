"""What workflows ask of the outside world: activity names, signatures and the data that goes across.

Workflows call these abstract methods; `activities/` implements them and is never imported here, so no database driver
or holiday list can reach workflow code. Everything that goes across is written into history, so it is kept small: fields
with their default value are left out (see `Compact`), and the requester's data goes across once.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, JsonValue
from temporalio import activity

from casework.standards.counting.service_rules import ServiceRules
from casework.standards.counting.working_calendar import WorkingCalendar
from casework.standards.limits import Frozen, Limit, Named
from casework.standards.pack.declared import DeclaredService
from casework.workflows.messages.events import Event, Link
from casework.workflows.messages.improvement import ImprovementRequest
from casework.workflows.messages.people import Officer, Requester
from casework.workflows.messages.views import PauseView, PromiseView, RunningClock


class Compact(Frozen):
    """A message between workflow and activity: its JSON leaves out what has its default value."""


class ExtensionTerms(Frozen):
    """How often and how far a step may be extended."""

    times: int
    up_to: Limit


class ActingTerms(Frozen):
    """Who acts for an absent role, from one day through another."""

    role: str
    by: str
    first_day: date
    last_day: date


class Terms(Compact):
    """What a case needs to know of the standard it was opened under; it keeps this for life."""

    standard_id: str
    standard_version: str
    rules: ServiceRules
    channels: dict[str, list[str]]  # of this service, and of those that a case of it may go on as
    segments: list[str]
    identity_required_for: list[str] = []  # services that need the requester's identity
    commands: dict[str, dict[str, list[str]]]  # stage (or "any") -> command -> roles
    agencies: list[str] = []
    centres: list[str] = []  # where a case may be opened
    registry: str | None = None  # what the numbers of this centre begin with; None: its code
    acting: list[ActingTerms] = []
    names_shown: Literal["full", "initials", "hidden"] = "initials"
    deficiency_lists_allowed: int = 1
    points: list[int] = []  # where this service is given
    checklists: dict[str, dict[str, list[str]]] = {}  # service -> matter -> the papers that it must come with
    owner_pauses: int | None = None  # so many calendar days in all the owner agency may let the time stand still by itself
    extensions: dict[str, ExtensionTerms] = {}
    pause_notices: dict[str, str] = {}  # begun, remind, resumed, ended -> notice
    rung_notices: dict[str, str]  # action -> notice
    ask_after: list[str] = []  # outcomes after which satisfaction is asked for
    survey_items: list[str] = []
    scale: list[int] = []
    engagement: list[str] = []  # what is asked with yes or no
    low_score: int = 0
    serious_matters: list[str] = []  # of this service
    serve: list[str] = []  # notices that must be served where there is no electronic address
    in_writing: list[str] = []  # of these, those that are not read out by telephone
    deemed: dict[str, Limit] = {}  # how a letter was posted -> after how long it counts as served
    open_improvement_task: bool = False
    declared: DeclaredService | None = None  # how the service goes, if it is written in the pack
    addressees: dict[str, str] = {}  # of a declared service: notice -> to whom it goes

    @property
    def requester_steps(self) -> list[str]:
        """The steps whose limit binds the requester."""
        return [name for name, step in self.rules.steps.items() if step.binds_requester and step.limit]


class StandardQuery(Compact):
    """Ask for the terms and the calendar of one service at one centre.

    `standard` names a pack (else the first that the worker serves) and `version` one of its versions (else the one in force
    at `on`). `revision` is the change of the calendar that must be known at least; what changed after `since` is named.
    """

    service: str
    centre: str
    on: AwareDatetime
    counted_from: AwareDatetime  # the calendar reaches from the year before this to years after `now`
    now: AwareDatetime
    segment: str  # of the requester: what they are asked about their satisfaction may differ
    standard: str | None = None
    version: str | None = None
    revision: int = 0
    since: int | None = None


class StandardAnswer(Compact):
    """The terms of a service and the calendar of a centre as plain data, or the problem with them."""

    terms: Terms | None = None
    calendar: WorkingCalendar | None = None
    because: list[CalendarNews] = []
    problem: str | None = None


class CalendarNews(Frozen):
    """A date whose kind of day changed, and the name of the change."""

    day: str  # ISO 8601
    name: Named


class NoticeOrder(Compact):
    """One notice to one role. The id names it for good: whoever sends it twice finds it sent."""

    id: str
    event: int
    template: str
    to: str
    values: dict[str, JsonValue] = {}


class NoticeStatus(StrEnum):
    """The fate of a notice."""

    OWED = "owed"
    SENT = "sent"
    BY_HAND = "by_hand"  # no electronic address: a letter that the centre prints and serves
    SERVED = "served"  # that letter was handed over, read out, or counts as served
    MOOT = "moot"  # that letter was not served, and need not be any more
    FAILED = "failed"  # refused for good by the other side


class NoticeFate(Compact):
    """What became of a notice, and when."""

    id: str
    status: NoticeStatus
    at: AwareDatetime
    error: str | None = None  # why it failed, or what was tried before it went another way


class Founding(Compact):
    """What the records keep of a case for good, from the request that opened it. It goes across once."""

    request_id: str
    digest: str  # of the request's content
    service: str
    centre: str
    registry: str | None = None  # what its number begins with, if not the centre
    year: int  # of the register, Buddhist era
    channel: str
    subject: str
    details: str = ""
    request: dict[str, JsonValue] = {}  # what this service asks beside
    requester: Requester
    received_at: AwareDatetime
    opened_at: AwareDatetime


class CaseState(Compact):
    """How a case stands after a transition: its row in the records, and what notices of that moment say."""

    standard_id: str
    standard_version: str
    stage: str
    outcome: str | None = None
    officer: Officer | None = None
    agency: str | None = None
    promised_at: AwareDatetime | None = None
    due_at: AwareDatetime | None = None
    overdue: bool = False
    breached_at: AwareDatetime | None = None  # when a limit was first passed; stays for good
    escalation: int = 0
    concluded_at: AwareDatetime | None = None  # when the matter was done; satisfaction is asked after it
    closed_at: AwareDatetime | None = None
    links: list[Link] = []


class StepDone(Compact):
    """A step that was finished: what reports count. `paused` in seconds of the calendar; late as the ladder of the step means
    it."""

    step: str
    started_at: AwareDatetime
    due_at: AwareDatetime
    stopped_at: AwareDatetime
    paused: int = 0
    extended: int = 0  # how often
    late: bool = False
    agency: str | None = None  # who had the case then, if an owner agency did


class KeptClocks(Compact):
    """Everything that a count of an open case starts from."""

    clocks: list[RunningClock] = []
    promise: PromiseView | None = None
    pause: PauseView | None = None


class Batch(Compact):
    """One transition of a case, as the records and people are told it: written in one transaction, then the first try at
    its notices. It is in history before it is anywhere else, and says what changed.

    `clocks` is None if nothing about them changed. `number` counts the batches of the case.
    """

    case_id: str
    digest: str  # of the request: rows of another request under this case id are never touched
    number: int
    at: AwareDatetime  # when it was decided
    last_event: int
    state: CaseState
    founding: Founding | None = None
    clocks: KeptClocks | None = None
    events: list[Event] = []
    steps: list[StepDone] = []
    notices: list[NoticeOrder] = []
    fates: list[NoticeFate] = []  # of notices that were given up
    reset: ResetMark | None = None  # the last reset: what the abandoned way told in the same words is not told again


class ResetMark(Compact):
    """Where an operator's reset took a case off: everything after this event was decided on an abandoned way."""

    event: int
    at: AwareDatetime


class Recorded(Compact):
    """The registry number of the case, the fates of the notices tried, and how new the calendar is."""

    case_no: str
    fates: list[NoticeFate] = []
    calendar: int = 0  # the latest change of the calendar of the case's standard
    conflicts: list[str] = []  # keys under which the records hold something else: never overwritten, named by doctor


class NoticeDelivery(Compact):
    """One notice that the first try could not deliver; the records have what it says."""

    case_id: str
    notice_id: str


class HandlersQuery(Compact):
    """Ask who handled a case, by its id or registry number."""

    case: str


class StandardPort(ABC):
    """Reads the standard and the calendar. Pure: safe to run again."""

    @activity.defn(name="read_standard")
    @abstractmethod
    async def read_standard(self, query: StandardQuery) -> StandardAnswer:
        """The terms and the calendar of a case."""


class JournalPort(ABC):
    """Writes what happened to the records and sends what is owed. Safe to run again: everything carries its key."""

    @activity.defn(name="record")
    @abstractmethod
    async def record(self, batch: Batch) -> Recorded:
        """Write a batch and try its notices once."""

    @activity.defn(name="send_notice")
    @abstractmethod
    async def send_notice(self, delivery: NoticeDelivery) -> NoticeFate:
        """Deliver one notice; raises while the other side is down, to be tried again."""

    @activity.defn(name="read_handlers")
    @abstractmethod
    async def read_handlers(self, query: HandlersQuery) -> list[str]:
        """The ids of those who handled a case."""


class TaskPort(ABC):
    """Opens the improvement tasks that cases give rise to. Safe to run again: a task has one id."""

    @activity.defn(name="open_task")
    @abstractmethod
    async def open_task(self, task: ImprovementRequest) -> None:
        """Open a task, unless it was opened before."""


StandardAnswer.model_rebuild()
Batch.model_rebuild()
