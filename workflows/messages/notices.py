"""What the mechanism tells people, whatever the service; each is a text of the pack. What a service tells beside these is an
enumeration of its own process."""

from __future__ import annotations

from enum import StrEnum


class NoticeType(StrEnum):
    """A notice of every service."""

    CALL_BACK = "call_back"  # to the supervisor: somebody was not content
    CASE_REASSIGNED = "case_reassigned"  # to the officer who has it now
    CASE_SETTLED = "case_settled"
    CASE_WITHDRAWN = "case_withdrawn"
    DUE_DATE_CHANGED = "due_date_changed"
    OFFICER_CHANGED = "officer_changed"  # to the requester
    REDIRECTED = "redirected"
    RESULT_NOTICE_CENTRE = "result_notice_centre"  # what ended with the owner agency, to the centre (standard 1.2, step 3)
    SATISFACTION_INVITE = "satisfaction_invite"


# Sent only where the procedure lets a matter be settled, or reports its end to the centre (those processes name them), or where
# the pack has the step of calling back.
NOT_IN_EVERY_SERVICE = frozenset({NoticeType.CASE_SETTLED, NoticeType.RESULT_NOTICE_CENTRE, NoticeType.CALL_BACK})
EVERY_SERVICE = frozenset(NoticeType) - NOT_IN_EVERY_SERVICE
