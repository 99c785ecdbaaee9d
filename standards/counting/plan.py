"""A limit worked out on a calendar: the due time and the rungs of its ladder. Plain data, safe inside workflows."""

from __future__ import annotations

from datetime import datetime

from casework.standards.counting.ledger import Balance, Ledger
from casework.standards.limits import Action, Frozen, Limit, OutsideHours

REQUESTER = "requester"
OWNER = "owner_"  # what roles of an owner agency begin with
COUNTER = "centre_officer"  # among them a case is whose it is
OFFICER = "assigned_officer"
SATISFACTION = "satisfaction"
SATISFACTION_REMINDER = "satisfaction_reminder"  # the text
CALL_BACK = "call_back"  # whoever was not content is called back
ASKED = "asked"  # the stage in which satisfaction is asked where a service has none of its own for it
LETTERS = "serve_letters"  # a step of every service: letters that wait to be served
PROMISE = "promise"  # a step name of its own: the chain of steps that makes the promise to the requester


class PlannedRung(Frozen):
    """A rung with its moment worked out. `key` names it for good: a re-plan finds what has fired by it."""

    key: str
    at: datetime
    action: Action
    to: list[str]
    notify_requester: str | None = None
    text: str | None = None  # what it sends, if not what the pack says of its action
    after_due: bool = False
    from_due: bool = False  # it stands at, before or after the due time, not at a distance from the start
    repeat_every: Limit | None = None
    outside_hours: OutsideHours = OutsideHours.PLANNED
    brought_forward: bool = False  # a change put its moment into the past: it stands now instead
    waited_since: datetime | None = None  # its own moment, if it passed unseen and the rung waits for the next opening

    @property
    def first(self) -> str:
        """The key of the rung that a repeating one repeats; of any other its own."""
        return self.key.partition("#")[0]

    @property
    def times(self) -> int:
        """How often it has repeated."""
        return int(self.key.partition("#")[2] or 0)

    @property
    def says(self) -> str:
        """What it does and to whom: how a rung is known again in another ladder."""
        return f"{self.action.value} {' '.join(sorted(self.to))}"


class Plan(Frozen):
    """When a step is due and what happens on the way. Times are aware, in the office's zone."""

    step: str
    limit: Limit
    ledger: Ledger
    effective_start: datetime
    due_at: datetime
    internal_target: datetime | None = None
    entry_closes_at: datetime | None = None  # of a limit that ends a stage: until then what came in time may still be entered
    rungs: list[PlannedRung]
    balance: Balance
    calendar: str  # the standard whose calendar it was counted on
    revision: int = 0  # how many changes of that calendar were known
    digest: str = ""  # of the closed days and the rules it was counted with
    warning: str | None = None

    @property
    def started_at(self) -> datetime:
        """When the step began."""
        return self.ledger.started_at


class PausePlan(Frozen):
    """When a pause must end, and when somebody is reminded before that."""

    until: datetime
    remind_at: datetime
    entry_closes_at: datetime  # until then what came before its end may still be entered
