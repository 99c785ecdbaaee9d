"""What a pack says to people: texts of notices, what stands around them, and the letters that must be served."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import field_validator, model_validator

from casework.standards.limits import Frozen, Limit, Named, Unit


class Text(Frozen):
    """One notice in Thai and English; {tokens} are filled in when it is sent."""

    to: str
    th: str
    en: str
    about: Named | None = None  # the subject line
    # Without an electronic address it counts as told only when somebody has served it; `in_writing`: not by telephone.
    serve: bool | Literal["in_writing"] = False

    @property
    def tokens(self) -> set[str]:
        """The names between braces."""
        return set(re.findall(r"\{(\w+)\}", self.th + self.en))


class Letterhead(Frozen):
    """What stands above and below every notice: letterhead, number and date; who signs, and how to reach them."""

    head: Named
    foot: Named
    # Where who signs serves, said to who came to the counter; {point_no} is filled in, and {officer_point} stands for it.
    at_point: Named = Named(th="(จุดบริการที่ {point_no})", en="(service point {point_no})")


class LetterRules(Frozen):
    """Letters that must be served: by when, who is chased else, and when what was posted counts as served."""

    limit: Limit
    escalation: str
    # How a letter was sent -> after how long the law deems it served (Administrative Procedure Act s.71).
    deemed: dict[Literal["posted", "posted_abroad"], Limit] = {}
    # What stands in a letter for a date that is counted from its service; {limit} is filled in.
    from_service: Named = Named(th="{limit}นับแต่วันที่ท่านได้รับหนังสือฉบับนี้", en="the end of {limit} after you receive this letter")

    @field_validator("from_service")
    @classmethod
    def _limit_alone(cls, value: Named) -> Named:
        if any(set(re.findall(r"[{}]", text.replace("{limit}", ""))) for text in (value.th, value.en)):
            raise ValueError("only {limit} is filled in")
        return value

    @model_validator(mode="after")
    def _deemed_by_dates(self) -> Self:
        if any(limit.unit not in (Unit.CALENDAR_DAY, Unit.MONTH) for limit in self.deemed.values()):
            raise ValueError("deemed: counted in calendar days or months")
        return self


class PauseNotices(Frozen):
    """Which texts speak of pauses."""

    begun: str = "case_paused"
    remind: str = "pause_ending"
    resumed: str = "case_resumed"
    ended: str = "pause_ended_case"


class RungNotices(Frozen):
    """Which text each action of a ladder sends."""

    warn: str = "escalated"
    remind: str = "documents_reminder"
    progress: str = "progress_update"
    chase: str = "owner_chase"
    escalate: str = "escalated"
    escalate_after_due: str = "breached"
    breach: str = "breached"
    promise: str = "promise_breached"  # to the requester, when what was promised is late
