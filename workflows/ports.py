"""What workflows ask of the outside world: activity names, signatures and the data that goes across.

Workflows call these abstract methods; `activities/` implements them and is never imported here, so no database driver
or holiday list can reach workflow code.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, JsonValue
from temporalio import activity

from casework.standards.ledger import Ledger
from casework.standards.limits import Frozen, Limit, Named
from casework.standards.plan import PausePlan, Plan, PlannedRung
from casework.workflows.contracts import Event, Link, Officer, Outcome, PauseView, PromiseView, Requester, RunningClock, Stage


class ExtensionTerms(Frozen):
    """How often and how far a step may be extended."""

    times: int
    up_to: Limit


class PauseTerms(Frozen):
    """A reason for which clocks may stand still, in the words of the standard."""

    th: str
    en: str
    steps: list[str]
    then: Literal["continue", "restart"]
    remind: list[str]  # the roles reminded before it must end
    outcome: Outcome | None  # how the case ends when the longest pause passes; None: the clocks run again
    tell_at_end: list[str]


class Terms(Frozen):
    """What a case needs to know of the standard it was opened under; it keeps this for life."""

    standard_id: str
    standard_version: str
    channels: dict[str, list[str]]  # service -> channels it is offered on
    segments: list[str]
    identity_required_for: list[str]  # services that need the requester's identity
    commands: dict[str, dict[str, list[str]]]  # stage (or "any") -> command -> roles
    agencies: list[str]
    deficiency_lists_allowed: int
    extensions: dict[str, ExtensionTerms]
    pauses: dict[str, PauseTerms] = {}
    pause_notices: dict[str, str] = {}  # begun, remind, resumed, ended -> notice
    requester_steps: list[str] = []  # steps whose limit binds the requester
    expiring: list[str]  # steps whose limit ends the stage when it passes
    rung_notices: dict[str, str]  # action -> notice
    ask_after: list[str]  # outcomes after which satisfaction is asked for
    survey_items: list[str]
    scale: list[int]
    low_score: int
    open_improvement_task: bool


class OpeningOrder(Frozen):
    """Ask for the terms of a new case, its promise and the plans of the steps that begin with it."""

    service: str
    standard: str | None
    centre: str
    received_at: AwareDatetime
    steps: list[str]


class Opening(Frozen):
    """The terms of a case and plans under them, or the problem with them."""

    terms: Terms | None
    plans: list[Plan]
    problem: str | None = None


class StandardOrder(Frozen):
    """What every question to the standard says: which standard, which service, on whose calendar.

    `revision` is the change of the calendar that must be known at least.
    """

    standard_id: str
    standard_version: str
    service: str
    centre: str
    revision: int = 0


class StepRun(Frozen):
    """A step (or a chain) that runs, with its ledger. `standing` is the due time told before, if one was."""

    step: str
    ledger: Ledger
    standing: AwareDatetime | None = None


class PlanOrder(StandardOrder):
    """Ask when running steps are due, counted as of now."""

    runs: list[StepRun]
    now: AwareDatetime
    since: int | None = None  # tell what changed in the calendar after this revision


class Plans(Frozen):
    """Plans, in the order of the steps asked for, and the names of what changed in the calendar."""

    plans: list[Plan]
    because: Named | None = None


class RepeatOrder(StandardOrder):
    """Ask when a repeating rung comes next."""

    step: str
    ledger: Ledger
    rung: PlannedRung
    due_at: AwareDatetime
    after: AwareDatetime


class PauseOrder(StandardOrder):
    """Ask when a pause that begins now must end."""

    reason: str
    begun: AwareDatetime


class LateOrder(StandardOrder):
    """Ask what becomes of a rung whose moment passed while nobody was there."""

    ledger: Ledger
    rung: PlannedRung
    now: AwareDatetime


class LateRung(Frozen):
    """It fires now, waits until the office opens, or is skipped."""

    wait_until: AwareDatetime | None = None
    skip: bool = False


class NoticeOrder(Frozen):
    """One notice to one role. The id names it for good: whoever sends it twice finds it sent."""

    id: str
    event: int
    template: str
    to: str
    values: dict[str, JsonValue] = {}
    ordered_at: AwareDatetime


class NoticeStatus(StrEnum):
    """The fate of a notice."""

    OWED = "owed"
    SENT = "sent"
    BY_HAND = "by_hand"  # no electronic address: printed or posted by the centre
    FAILED = "failed"  # refused for good by the other side


class NoticeFate(Frozen):
    """What became of a notice, and when."""

    id: str
    status: NoticeStatus
    at: AwareDatetime
    error: str | None = None


class CaseSheet(Frozen):
    """The case as its row in the records shows it, and as notices need it."""

    case_id: str
    request_id: str
    service: str
    centre: str
    channel: str
    subject: str
    standard_id: str
    standard_version: str
    case_no: str | None
    stage: Stage
    outcome: Outcome | None
    requester: Requester
    officer: Officer | None
    agency: str | None
    received_at: AwareDatetime
    opened_at: AwareDatetime
    promised_at: AwareDatetime | None
    due_at: AwareDatetime | None
    overdue: bool
    escalation: int
    closed_at: AwareDatetime | None
    links: list[Link]
    clocks: list[RunningClock] = []
    promise: PromiseView | None = None
    pause: PauseView | None = None
    last_event: int
    last_event_at: AwareDatetime


class Batch(Frozen):
    """Everything a case has not yet told the records: written in one transaction, then the notices' first try."""

    sheet: CaseSheet
    events: list[Event]
    notices: list[NoticeOrder]


class Recorded(Frozen):
    """The registry number of the case, the fates of the notices tried, and how new the calendar is."""

    case_no: str
    fates: list[NoticeFate]
    calendar: int = 0  # the latest change of the calendar of the case's standard


class NoticeErrand(Frozen):
    """One notice that the first try could not deliver."""

    sheet: CaseSheet
    notice: NoticeOrder


class StandardPort(ABC):
    """Reads the standard and counts on its calendar. Pure: safe to run again."""

    @activity.defn(name="open_terms")
    @abstractmethod
    async def open_terms(self, order: OpeningOrder) -> Opening:
        """The terms and first plans of a new case."""

    @activity.defn(name="plan_steps")
    @abstractmethod
    async def plan_steps(self, order: PlanOrder) -> Plans:
        """Due times and rungs of steps."""

    @activity.defn(name="plan_standard")
    @abstractmethod
    async def plan_standard(self, order: PlanOrder) -> Opening:
        """The terms of another version of the standard, and the plans of running steps under it."""

    @activity.defn(name="plan_pause")
    @abstractmethod
    async def plan_pause(self, order: PauseOrder) -> PausePlan:
        """When a pause must end."""

    @activity.defn(name="plan_late")
    @abstractmethod
    async def plan_late(self, order: LateOrder) -> LateRung:
        """What becomes of a rung that comes late."""

    @activity.defn(name="plan_repeat")
    @abstractmethod
    async def plan_repeat(self, order: RepeatOrder) -> PlannedRung:
        """The next moment of a repeating rung."""


class JournalPort(ABC):
    """Writes what happened to the records and sends what is owed. Safe to run again: everything carries its key."""

    @activity.defn(name="record")
    @abstractmethod
    async def record(self, batch: Batch) -> Recorded:
        """Write a batch and try its notices once."""

    @activity.defn(name="send_notice")
    @abstractmethod
    async def send_notice(self, errand: NoticeErrand) -> NoticeFate:
        """Deliver one notice; raises while the other side is down, to be tried again."""
