"""The ledger of a clock: everything that its due time follows from, beside the standard and the calendar.

A clock never keeps a date of its own making: pauses and extensions are entries here, and the due time is counted from them
again whenever something changes. Plain data, safe inside workflows.
"""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime

from casework.standards.limits import Frozen, Unit


class PauseEntry(Frozen):
    """Time in which a clock stands still, from `begun` until `ended`, or until the longest pause allowed passes.

    `reason` is one that the standard lists; `by` the actor's id. After a `restart` the whole limit runs anew.
    """

    reason: str
    by: str
    begun: AwareDatetime
    until: AwareDatetime
    ended: AwareDatetime | None = None
    then: Literal["continue", "restart"] = "continue"
    role: str | None = None  # who let the time stand still: some may for so long in all

    @property
    def end(self) -> AwareDatetime:
        """When it ended, or when it must end."""
        return self.ended or self.until


class ExtensionEntry(Frozen):
    """More time for a step: `n` of `unit`, the limit's own."""

    at: AwareDatetime
    n: int
    unit: Unit
    by: str
    reason: str


class Ledger(Frozen):
    """When a step began, and what happened to its time since."""

    started_at: AwareDatetime
    pauses: list[PauseEntry] = []
    extensions: list[ExtensionEntry] = []
    not_before: AwareDatetime | None = None  # a due time told to people, kept when a change came too late to bring it forward

    @property
    def counted_from(self) -> AwareDatetime:
        """Where the count begins: the start, or the end of the last pause after which the limit runs anew."""
        return max((pause.end for pause in self.pauses if pause.then == "restart"), default=self.started_at)

    @property
    def counted_pauses(self) -> list[PauseEntry]:
        """The pauses since the count began."""
        start = self.counted_from
        return [pause for pause in self.pauses if pause.end > start]

    @property
    def extended_by(self) -> int:
        """By how much the limit is longer, in its own unit."""
        return sum(extension.n for extension in self.extensions)


class Balance(Frozen):
    """How a clock stood at a moment: so much of its budget was consumed. Months are counted in their days."""

    unit: Unit
    budget: float
    consumed: float
    as_of: AwareDatetime

    @property
    def left(self) -> float:
        """What was left of the budget; 0 when it is used up."""
        return max(0.0, self.budget - self.consumed)

    @property
    def words(self) -> str:
        """For example: 7 of 15 minutes."""
        unit = self.unit.value.replace("_", " ")
        return f"{round(self.consumed, 2):g} of {self.budget:g} {unit}{'s' if self.budget != 1 else ''}"
