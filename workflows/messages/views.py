"""What a case answers: replies to commands, and views of it.

Messages grow by optional fields only, so a running case understands every version. Times are aware; durations and limits
carry their unit."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime

from casework.standards.counting.ledger import Balance, Ledger
from casework.standards.counting.plan import PlannedRung
from casework.standards.limits import Frozen
from casework.workflows.messages.events import Event, Link
from casework.workflows.messages.people import Document, Officer


class CommandReply(Frozen):
    """What every command answers, when it is decided. `event` is the case's latest; the records have it a moment later.

    `existed` is for a request that was sent before: the case is the one it opened then.
    """

    case_id: str
    stage: str
    event: int
    existed: bool = False


class AllowedCommand(Frozen):
    """A command that is possible now, and the roles that may give it."""

    name: str
    roles: list[str]
    decides: bool = False  # it takes the stage further, rather than adding to the case


class ClockView(Frozen):
    """A step's clock as people see it. `ledger` is what its due time follows from; `balance` how it stood when it was last
    counted; `calendar` and `revision` what it was counted on."""

    step: str
    limit: str
    started_at: AwareDatetime
    due_at: AwareDatetime
    internal_target: AwareDatetime | None = None
    entry_closes_at: AwareDatetime | None = None  # its limit ends the stage, once what came in time can have been entered
    stopped_at: AwareDatetime | None = None
    breached: bool
    paused: bool = False
    extended_by: int = 0  # in the limit's own unit
    ledger: Ledger
    balance: Balance
    rungs: list[PlannedRung] = []  # those that have not fired
    fired: list[str] = []
    next_rung_at: AwareDatetime | None = None
    next_rung: str | None = None
    calendar: str
    revision: int = 0
    digest: str = ""  # of the closed days and rules that it was counted with
    warning: str | None = None


class PromiseView(Frozen):
    """What the requester was promised: a chain of steps, joined by +, and what its date follows from."""

    chain: str
    due_at: AwareDatetime
    ledger: Ledger
    revision: int = 0
    warning: str | None = None


class PauseView(Frozen):
    """Why clocks stand still, since when, and until when at most."""

    reason: str
    by: str
    begun: AwareDatetime
    until: AwareDatetime
    cap: AwareDatetime | None = None  # whoever paused may not pause longer than this
    steps: list[str]


class RunningClock(Frozen):
    """What a running clock keeps, as the records have it."""

    step: str
    due_at: AwareDatetime
    ledger: Ledger
    rungs: list[PlannedRung]


class OpenCase(Frozen):
    """An open case and what its clocks keep, as the records have it. `promise` is None once the outcome is known."""

    case_id: str
    case_no: str | None
    service: str
    centre: str
    stage: str
    standard_id: str
    standard_version: str
    clocks: list[RunningClock]
    promise: PromiseView | None
    pause: PauseView | None


class NoticeView(Frozen):
    """A notice and its fate so far."""

    id: str
    template: str
    to: str
    status: str
    at: AwareDatetime | None = None


class LetterView(Frozen):
    """A letter that waits to be served, by its notice's id and text; `deemed_at` is when it counts as served, once it was
    posted."""

    id: str
    notice: str
    since: AwareDatetime
    deemed_at: AwareDatetime | None = None


class CaseView(Frozen):
    """A case as `show` and the `case` query give it. `events` are the latest; the records keep all."""

    case_id: str
    request_id: str
    request_digest: str = ""
    case_no: str | None
    service: str
    centre: str
    channel: str
    stage: str
    stage_since: AwareDatetime
    subject: str = ""
    requester: str | None = None  # the name as the pack lets it be shown
    request: dict[str, Any] = {}  # what was asked for beside what every request says
    outcome: str | None
    standard_id: str | None
    standard_version: str | None
    received_at: AwareDatetime
    promised_at: AwareDatetime | None
    promise: PromiseView | None = None
    timezone: str | None = None  # of the office
    pause: PauseView | None = None
    overdue: bool
    breached_at: AwareDatetime | None = None  # when a limit was first passed; stays for good
    escalation: int
    officer: Officer | None
    agency: str | None
    links: list[Link]
    documents: list[Document]
    recorded: int = 0  # the latest event that the records are known to have
    clocks: list[ClockView]
    notices: list[NoticeView]
    letters: list[LetterView] = []  # that wait to be served
    events: list[Event]
    allowed_commands: list[AllowedCommand]


class CaseResult(Frozen):
    """What a closed case returns."""

    case_id: str
    case_no: str | None
    outcome: str
    events: int
