"""A story of a day at the counter: who comes, which points are open, and what must come out.

    story: Two points, and a lunch break
    queue:
      day: 2026-03-04
      visitors:
        - {service: forward, from: "08:30", every: 4, until: "11:58"}
      points:
        - {point: 4, hours: ["08:30-12:00", "13:00-16:30"], serves: 7}
    then:
      served: 53

Everything happens at full minutes: first who comes takes a ticket, then each point in turn finishes, closes, opens, calls.
Officers call as soon as they are free; a visitor who is called is there, unless the story says otherwise. docs/stories.md
explains every word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from casework.standards.limits import Frozen
from casework.standards.pack.queue import ORDINARY
from casework.stories.story import Given, Story

CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def _of_day(value: object) -> object:
    """Minutes from midnight, from HH:MM; YAML reads 10:30 without quotes as so many minutes itself."""
    if type(value) is int and 0 <= value <= 24 * 60:
        return value
    clock = CLOCK.fullmatch(value) if isinstance(value, str) else None
    if clock is None:
        raise ValueError("must be a time of the day, such as 08:30")
    return int(clock[1]) * 60 + int(clock[2])


Clock = Annotated[int, BeforeValidator(_of_day)]


class Span(Frozen):
    """From one time of the day until another, which is not in it."""

    begins: Clock
    ends: Clock


def _span(value: object) -> object:
    begins, _, ends = value.partition("-") if isinstance(value, str) else ("", "", "")
    return {"begins": begins, "ends": ends}


class Visitors(Frozen):
    """Who comes: one `at` a time, or one every so many minutes (`every`) `from` a time `until` another, which is in it."""

    service: str
    at: Clock | None = None
    from_: Clock | None = Field(default=None, alias="from")
    every: int = Field(default=1, ge=1, le=600)
    until: Clock | None = None
    priority: str = ORDINARY
    appointment: Clock | None = None
    stays_away: bool = False  # called and called again, and nobody comes
    goes_on_to: str | None = None  # turns out to need this service

    @model_validator(mode="after")
    def _once_or_often(self) -> Self:
        if (self.at is None) == (self.from_ is None) or (self.from_ is None) != (self.until is None):
            raise ValueError("takes `at`, or `from` and `until`")
        return self

    @property
    def times(self) -> Iterator[int]:
        """When one comes, in minutes from midnight."""
        if self.at is not None:
            yield self.at
        elif self.from_ is not None and self.until is not None:
            yield from range(self.from_, self.until + 1, self.every)


class StaffedPoint(Frozen):
    """A point that is open in these hours, and how long service takes there, in minutes."""

    point: int
    officer: str = "สมหญิง ใจดี"
    hours: list[Annotated[Span, BeforeValidator(_span)]] = Field(min_length=1)
    serves: int = Field(ge=1, le=480)

    def is_staffed(self, minute: int) -> bool:
        """Whether somebody is there."""
        return any(span.begins <= minute < span.ends for span in self.hours)


class QueueDayTold(Frozen):
    """A day at the counter."""

    day: date
    visitors: list[Visitors] = Field(min_length=1)
    points: list[StaffedPoint] = []


class QueueThen(Frozen):
    """What must have come out at the end; whatever a story expects, nobody may be lost, or be called by two points at once."""

    tickets: int | None = None
    served: int | None = None
    no_show: int | None = None
    sent_home: int | None = None
    carried_over: int | None = None
    refused: list[str] = []  # words in which tickets were refused, each once
    waited_long: int | None = None  # so many waited past the standard's limit
    longest_wait: dict[str, int] = {}  # service -> minutes from arrival to the first call
    total_wait: dict[str, int] = {}  # service -> minutes of all who were called, together
    service_time: dict[str, int] = {}  # service -> minutes of all who were served, together
    called: dict[int, list[str]] = {}  # point -> the first tickets that it called, in order


class QueueStory(Frozen):
    """A whole story."""

    story: str
    source: str | None = None
    note: str | None = None
    given: Given = Given()
    queue: QueueDayTold
    then: QueueThen

    @model_validator(mode="after")
    def _expects_something(self) -> Self:
        if self.then == QueueThen():
            raise ValueError("expects nothing; write what must come out under `then`")
        return self


def kind_of(data: Any) -> type[Story] | type[QueueStory]:
    """A story of the counter says `queue`; any other is one of cases."""
    return QueueStory if isinstance(data, dict) and "queue" in data else Story
