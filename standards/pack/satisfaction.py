"""How a pack asks for satisfaction: after what, with which questions, for how long, and what a bad answer leads to.

Satisfaction, dissatisfaction, praise and engagement are kept apart, and groups of requesters may be asked differently (service
quality, source 002).
"""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from casework.standards.limits import Frozen, Limit, Named


class SurveyItem(Named):
    """One thing that the requester is asked about."""

    id: str


class Survey(Frozen):
    """What one group of requesters is asked: items scored on a scale, and yes-or-no questions of engagement (would come again,
    would recommend). A score of `low_score` or less is a bad one."""

    scale: dict[int, str] = Field(min_length=2)
    items: list[SurveyItem] = Field(min_length=1)
    engagement: list[SurveyItem] = []
    low_score: int = 2

    @model_validator(mode="after")
    def _asks_once(self) -> Self:
        ids = [item.id for item in (*self.items, *self.engagement)]
        if len(set(ids)) != len(ids):
            raise ValueError("two questions have the same id")
        if self.low_score >= max(self.scale):
            raise ValueError(f"low_score: {self.low_score} leaves no score of the scale that is not low")
        return self


class SegmentSurvey(Frozen):
    """What is different for some segments; what is not said is as for everybody."""

    segments: list[str] = Field(min_length=1)
    scale: dict[int, str] | None = None
    items: list[SurveyItem] | None = None
    engagement: list[SurveyItem] | None = None
    low_score: int | None = None


class Satisfaction(Survey):
    """After which outcomes satisfaction is asked for, how, how long the answer may take, and when a reminder goes out. Silence is
    never satisfaction."""

    ask_after: list[str]
    link_valid: Limit
    remind: Limit | None = None  # so long after the question, once; nobody is reminded on paper
    by_segment: list[SegmentSurvey] = []
    open_improvement_task: bool = True

    @model_validator(mode="after")
    def _every_survey_holds(self) -> Self:
        said = [segment for one in self.by_segment for segment in one.segments]
        if len(set(said)) != len(said):
            raise ValueError("by_segment: a segment is named twice")
        for segment in said:
            self.survey(segment)
        if self.remind is not None and self.remind.unit is self.link_valid.unit and self.remind.n >= self.link_valid.n:
            raise ValueError(f"remind: {self.remind} is not before the answer's time of {self.link_valid} has passed")
        return self

    def survey(self, segment: str) -> Survey:
        """What a requester of this segment is asked."""
        own = next((one for one in self.by_segment if segment in one.segments), None)
        everybody = {name: getattr(self, name) for name in Survey.model_fields}
        return Survey.model_validate(everybody | (own.model_dump(exclude={"segments"}, exclude_none=True) if own else {}))
