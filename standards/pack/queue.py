"""How a centre runs its queue of tickets (standard, service points 1 and 2: tickets in the order of the service steps)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from casework.standards.limits import Frozen, Named

Prefix = Annotated[str, StringConstraints(pattern=r"^[A-Z]$")]
ORDINARY = "ordinary"
CALLED, SENT_HOME, LONG_WAIT = "ticket_called", "ticket_sent_home", "queue_waits_long"  # texts to visitors, and the supervisor


class ServicePoint(Named):
    """A numbered point at the counter and the services that are given there, in the order in which it is asked for them."""

    no: int = Field(ge=1, le=99)
    services: list[str]
    src: Literal["standard", "law", "default"] = "default"


class PriorityClass(Named):
    """People who are called before others who came earlier: always, or one in so many calls, so that nobody waits for ever."""

    one_in: int = Field(default=1, ge=1, le=10)  # 1: always


class WaitTold(Frozen):
    """How the interval is made that people are told: around the expected wait, by its spread, in steps of minutes."""

    spread: float = Field(default=1.0, gt=0, le=5)  # standard deviations to either side
    step_minutes: int = Field(default=5, ge=1, le=60)


class Queue(Frozen):
    """The rules of the day's queue. Every length is in minutes of the clock, not of working time: people wait through the
    lunch break too."""

    ticket_prefix: dict[str, Prefix] = {}  # service -> the letter of its tickets: A001
    priority_classes: dict[str, PriorityClass] = {}
    recall_times: int = Field(default=3, ge=0, le=20)
    no_show_after_minutes: int = Field(default=5, ge=0, le=240)  # from the last call; earlier nobody counts as not come
    wait_warn_minutes: int = Field(default=15, ge=1, le=600)  # then the supervisor is told
    opens_before_minutes: int = Field(default=30, ge=0, le=240)  # tickets are given before the doors open
    runs_over_minutes: int = Field(default=60, ge=0, le=480)  # after closing, for those who came in time
    appointment_ahead_minutes: int = Field(default=15, ge=0, le=240)  # so much earlier than the appointment one counts as come
    day_end: Literal["carried_over", "come_back"] = "come_back"  # what becomes of those who still wait then
    tickets_a_day: int = Field(default=999, ge=1, le=999)  # of one service
    expected_minutes: dict[
        str, Annotated[int, Field(ge=1, le=480)]
    ] = {}  # service -> how long it takes, until there are measurements
    wait_told: WaitTold = WaitTold()
    officers: list[str] = Field(
        default=["centre_officer", "centre_supervisor"], min_length=1
    )  # who runs it; a ticket takes anybody

    @model_validator(mode="after")
    def _one_letter_each(self) -> Self:
        letters = list(self.ticket_prefix.values())
        twice = sorted({letter for letter in letters if letters.count(letter) > 1})
        if twice:
            raise ValueError(f"ticket_prefix: two services have the letter {', '.join(twice)}")
        if ORDINARY in self.priority_classes:
            raise ValueError(f"priority_classes: {ORDINARY} is everybody else")
        return self
