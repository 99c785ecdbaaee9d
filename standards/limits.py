"""Limits as the standard writes them: a number and a unit, and the moments a ladder names relative to them."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag, model_validator


class Frozen(BaseModel):
    """Base of every model here: immutable, no unknown keys, and errors that never repeat what was entered."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


# How people, roles, centres and units are known: nothing personal, nothing that a path or a filter would stumble over.
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]


class Named(Frozen):
    """A thing with a Thai and an English name."""

    th: str
    en: str


class Unit(StrEnum):
    """What a limit is counted in. Seconds, minutes and hours run in opening hours only; months by the calendar."""

    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    WORKING_DAY = "working_day"
    CALENDAR_DAY = "calendar_day"
    MONTH = "month"

    @property
    def seconds(self) -> int | None:
        """Length in seconds of opening hours, or None for units that are counted by dates."""
        return {Unit.SECOND: 1, Unit.MINUTE: 60, Unit.HOUR: 3600}.get(self)


class Limit(Frozen):
    """A length of time in the standard's own words, such as 15 minutes or 30 working days. At most about five years."""

    n: int = Field(gt=0, le=10_000)
    unit: Unit

    @model_validator(mode="after")
    def _countable(self) -> Self:
        longest = {Unit.HOUR: 8_000, Unit.WORKING_DAY: 1_200, Unit.CALENDAR_DAY: 1_830, Unit.MONTH: 60}.get(self.unit, 10_000)
        if self.n > longest:
            raise ValueError(f"at most {longest} {self.unit.value.replace('_', ' ')}s")
        return self

    def __str__(self) -> str:
        return f"{self.n} {self.unit.value.replace('_', ' ')}{'s' if self.n > 1 else ''}"


def later(day: date, limit: Limit, times: int = 1) -> date:
    """The date that lies `times` the limit after `day`, in calendar days or months; negative times lie before.

    A month ends on the day of the same number, or on the last day of a month that has none (Civil and Commercial Code
    s.193/5): a month from 31 January is 28 or 29 February.
    """
    if limit.unit is not Unit.MONTH:
        return day + timedelta(days=limit.n * times)
    years, month = divmod(day.month - 1 + limit.n * times, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class BeforeDue(Frozen):
    """A moment before the due time."""

    before_due: int = Field(gt=0, le=10_000)
    unit: Unit

    @property
    def limit(self) -> Limit:
        """The distance to the due time."""
        return Limit(n=self.before_due, unit=self.unit)


class AfterDue(Frozen):
    """A moment after the due time."""

    due_plus: int = Field(gt=0, le=10_000)
    unit: Unit

    @property
    def limit(self) -> Limit:
        """The distance from the due time."""
        return Limit(n=self.due_plus, unit=self.unit)


class AtPercent(Frozen):
    """A moment when so much of the limit is used up. Of days: the first day at whose end at least so much is."""

    percent: int = Field(gt=0, le=100)

    def of(self, amount: int) -> int:
        """That part of an amount, rounded up."""
        return -(-amount * self.percent // 100)


def _kind(value: object) -> str | None:
    if value == "due":
        return "<due>"
    keys = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Frozen) else ()
    for key, kind in (("before_due", "<before>"), ("due_plus", "<after>"), ("n", "<start>"), ("percent", "<percent>")):
        if key in keys:
            return kind
    return None


# A rung stands at the due time, before it, after it, so long after the start of the step, or at a part of its limit.
RungMoment = Annotated[
    Annotated[Literal["due"], Tag("<due>")]
    | Annotated[BeforeDue, Tag("<before>")]
    | Annotated[AfterDue, Tag("<after>")]
    | Annotated[Limit, Tag("<start>")]
    | Annotated[AtPercent, Tag("<percent>")],
    Discriminator(
        _kind,
        custom_error_type="moment",
        custom_error_message="must be due, {n, unit}, {percent}, {before_due, unit} or {due_plus, unit}",
    ),
]


class Action(StrEnum):
    """What a rung does when its moment comes."""

    WARN = "warn"
    REMIND = "remind"
    PROGRESS = "progress"
    CHASE = "chase"
    ESCALATE = "escalate"
    BREACH = "breach"


class ClosedDay(StrEnum):
    """Where a rung goes that falls on a day the office is closed."""

    AS_IS = "as_is"
    PREVIOUS_WORKING_DAY = "previous_working_day"
    NEXT_WORKING_DAY = "next_working_day"


class OutsideHours(StrEnum):
    """What becomes of a rung whose moment lies outside opening hours, or that comes late (nobody was there to fire it)."""

    PLANNED = "planned"  # on time at any hour; what comes late waits for the next opening
    DELAY = "delay"  # both wait for the next opening
    SKIP = "skip"  # neither happens
    FIRE = "fire"  # both at once: somebody is paged at night
