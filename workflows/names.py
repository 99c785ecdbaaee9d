"""Names that several places must agree on: task queue, workflow ids, search attributes, the case query."""

from __future__ import annotations

import hashlib
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

TASK_QUEUE = "casework"
CASE_QUERY = "case"
QUEUE_QUERY = "queue"
OPENED_UPDATE = "opened"

CASE_NUMBER = SearchAttributeKey.for_keyword("CaseNumber")
CASE_SERVICE = SearchAttributeKey.for_keyword("CaseService")
CASE_STAGE = SearchAttributeKey.for_keyword("CaseStage")
CASE_STAGE_SINCE = SearchAttributeKey.for_datetime("CaseStageSince")
CASE_CENTRE = SearchAttributeKey.for_keyword("CaseCentre")
CASE_UNIT = SearchAttributeKey.for_keyword("CaseUnit")
CASE_ASSIGNEE = SearchAttributeKey.for_keyword("CaseAssignee")
CASE_DUE_AT = SearchAttributeKey.for_datetime("CaseDueAt")
CASE_OVERDUE = SearchAttributeKey.for_bool("CaseOverdue")
CASE_ESCALATION = SearchAttributeKey.for_int("CaseEscalation")
CASE_PAUSED = SearchAttributeKey.for_keyword("CasePaused")  # the reason for which its clocks stand still

QUEUE_DAY = SearchAttributeKey.for_keyword("QueueDay")  # of a centre's queue: 2026-11-23

SEARCH_ATTRIBUTES: tuple[SearchAttributeKey[Any], ...] = (
    CASE_NUMBER, CASE_SERVICE, CASE_STAGE, CASE_STAGE_SINCE, CASE_CENTRE, CASE_UNIT,
    CASE_ASSIGNEE, CASE_DUE_AT, CASE_OVERDUE, CASE_ESCALATION, CASE_PAUSED, QUEUE_DAY,
)  # fmt: skip

CLOSED = "closed"  # the stage in which every case ends

# Crockford's alphabet: no I, L, O, U, so an id can be read out over a counter.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ID_LENGTH = 10


def case_id(service: str, centre: str, request_id: str) -> str:
    """The workflow id of a request, such as forward-7K3QX9M2TD: the same request at the same centre is the same case, and
    the request id (which may be somebody's e-mail address) cannot be read back from it."""
    number = int.from_bytes(hashlib.sha256(f"{service}/{centre}/{request_id}".encode()).digest()[:8])
    letters = ""
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, len(ALPHABET))
        letters = ALPHABET[digit] + letters
    return f"{service.replace('_', '-')}-{letters}"


def first_attributes(service: str, centre: str, stage: str | None) -> TypedSearchAttributes:
    """What is known of a case at its start, so that it need not be written again."""
    known: list[SearchAttributePair[Any]] = [
        SearchAttributePair(CASE_SERVICE, service),
        SearchAttributePair(CASE_CENTRE, centre),
        SearchAttributePair(CASE_OVERDUE, False),
    ]
    return TypedSearchAttributes([*known, SearchAttributePair(CASE_STAGE, stage)] if stage else known)


HOW_TO_ACT = (
    "รออะไร ใครทำอะไรได้: Current Details · what it waits for, who may do what: *Current Details*\n\n"
    "ดำเนินการ · act: *More Actions → Send an Update*"
)


def summary(service: str, centre: str, channel: str) -> str:
    """The static summary of a case in the Temporal UI; nothing personal."""
    return f"{service.replace('_', ' ')} · {centre} · {channel}"


def queue_id(centre: str, day: str) -> str:
    """The workflow id of a centre's queue on a day (ISO 8601): queue-JSC-2026-11-23."""
    return f"queue-{centre}-{day}"


def queue_attributes(centre: str, day: str) -> TypedSearchAttributes:
    """What finds a queue."""
    return TypedSearchAttributes([SearchAttributePair(CASE_CENTRE, centre), SearchAttributePair(QUEUE_DAY, day)])


def queue_summary(centre: str, day: str) -> str:
    """What a list says of a queue."""
    return f"queue · {centre} · {day}"
