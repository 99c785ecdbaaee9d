"""What people say about improving a service (source 000, R40: problems are turned into improvement; source 002)."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import StringConstraints

from casework.workflows.messages.commands import Command
from casework.workflows.messages.fields import Code, Line, Prose
from casework.workflows.messages.people import Officer
from casework.workflows.messages.request import CaseRequest

IMPROVEMENT = "improvement"
INTERNAL = "internal"  # the channel of what nobody brought to the counter
Cause = Literal["ratings", "breach", "complaint", "idea_of_staff", "idea_of_public"]


class ImprovementRequest(CaseRequest):
    """Open an improvement task: what is to be improved, and what gave rise to it.

    Cases open one task a month for ratings or breaches of a service (and step); every other case with the same cause in that
    month belongs to it. A complaint that was right has a task of its own, and so has every idea.
    """

    service: Literal["improvement"] = "improvement"
    channel: Code = INTERNAL
    cause: Cause
    about_service: Code | None = None
    about_step: Code | None = None
    month: Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}$")] | None = None  # 2026-11, as the office counts days

    @property
    def nobody_to_tell(self) -> bool:
        """Whether nobody outside asked for it."""
        return not self.requester.addresses


class TakeTask(Command):
    """Somebody takes the task: who answers for it, and what they will do."""

    event: ClassVar[str] = "task_taken"
    owner: Officer
    plan: Prose


class DeclineTask(Command):
    """Nothing is done about it, and why; whoever had the idea reads it."""

    event: ClassVar[str] = "task_declined"
    reason: Prose


class ReportImprovement(Command):
    """What was done. `standard` names the version of the standard that came of it, such as moe-jsc@2570.1."""

    event: ClassVar[str] = "improvement_reported"
    done: Prose
    standard: Line | None = None


class RecordEffect(Command):
    """Whether it has become better, by what figures; if it has not, whether the task goes on."""

    event: ClassVar[str] = "effect_measured"
    effect: Literal["better", "same", "worse"]
    figures: Prose
    again: bool = False
