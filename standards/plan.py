"""A limit worked out on a calendar: the due time and the rungs of its ladder. Plain data, safe inside workflows."""

from __future__ import annotations

from datetime import datetime

from casework.standards.limits import Action, Frozen, Limit

REQUESTER = "requester"
OFFICER = "assigned_officer"
SATISFACTION = "satisfaction"
PROMISE = "promise"  # a step name of its own: the chain of steps that makes the promise to the requester


class PlannedRung(Frozen):
    """A rung with its moment worked out. `key` names it for good: a re-plan finds what has fired by it."""

    key: str
    at: datetime
    action: Action
    to: list[str]
    notify_requester: str | None = None
    after_due: bool = False
    repeat_every: Limit | None = None


class Plan(Frozen):
    """When a step is due and what happens on the way. Times are aware, in the office's zone."""

    step: str
    limit: Limit
    started_at: datetime
    effective_start: datetime
    due_at: datetime
    internal_target: datetime | None = None
    rungs: list[PlannedRung]
    calendar: str
    warning: str | None = None
