"""What happened in a case, and what it is linked with."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

from pydantic import AwareDatetime

from casework.standards.limits import Frozen
from casework.workflows.messages.people import Actor


class EventType(StrEnum):
    """What a case records by itself. Commands record what their messages name, and processes what is theirs."""

    OPENED = "opened"  # the case was opened under its standard
    CLOSED = "closed"  # nothing more is done on it
    WENT_ON_AS = "went_on_as"  # it goes on as another case
    RESET = "reset"  # an operator reset it; what comes after the named event was abandoned
    COMMAND_NOT_REAPPLIED = "command_not_reapplied"  # a command that the server gave again after a reset could not take effect
    CANCELLED_BY_OPERATOR = "cancelled_by_operator"  # its workflow was cancelled
    WARNED = "warned"  # a rung warned
    REMINDED = "reminded"  # a rung reminded
    PROGRESS_NOTIFIED = "progress_notified"  # the requester heard that the matter is in our care
    CHASED = "chased"  # a rung chased
    ESCALATED = "escalated"  # a rung went up the ladder
    BREACHED = "breached"  # a limit passed
    OVERDUE_AGAIN = "overdue_again"  # a date that was moved passed again
    RUNG_SKIPPED = "rung_skipped"  # a rung was left out, and why
    WAS_IN_TIME = "was_in_time"  # a breach turned out to be none
    PROMISE_MOVED = "promise_moved"  # the promised date is another, and why
    PROMISE_BREACHED = "promise_breached"  # the promise was not kept
    CLOCK_NOT_STARTED = "clock_not_started"  # a step's time could not be counted
    CALENDAR_CHANGED = "calendar_changed"  # the calendar changed under it
    STEP_EXPIRED = "step_expired"  # the limit of a step passed that ends its stage
    PAUSE_REMINDED = "pause_reminded"  # who is waited for was reminded
    PAUSE_RAN_OUT = "pause_ran_out"  # the longest pause passed
    RESUMED = "resumed"  # the clocks run again
    LETTER_TO_SERVE = "letter_to_serve"  # a notice must be served as a letter
    DEEMED_SERVED = "deemed_served"  # a posted letter counts as served
    LETTER_MOOT = "letter_moot"  # a letter need not be served any more
    NOTICE_FAILED = "notice_failed"  # somebody cannot be told
    EVERYBODY_TOLD = "everybody_told"  # those whose knowing it waited for have been told
    DOCUMENTS_COMPLETED = "documents_completed"  # the last paper of the list came
    SATISFACTION_NOT_ANSWERED = "satisfaction_not_answered"  # nobody answered the question for satisfaction
    IMPROVEMENT_TASK_OPENED = "improvement_task_opened"  # a low score, a dissatisfaction or a breach asks for improvement
    RECORDS_DIFFER = "records_differ"  # the records hold something else under a known key


class Event(Frozen):
    """One thing that happened, in order. `actor` is None when the clock or the case itself acted.

    `key` follows from the content and the number: the same on every attempt and every replay, another for anything else,
    so it also tells apart what a case did at the same number before and after an operator reset it.
    """

    seq: int
    key: str
    type: str
    at: AwareDatetime
    actor: Actor | None = None
    data: dict[str, Any] = {}


class Link(Frozen):
    """Another case this one came from or went on as."""

    relation: Literal["from", "to"]
    case_id: str
