"""The half-yearly report (source 001, น้อยปีละ ๒ ครั้ง: at least twice a year): a Temporal Schedule starts this round, and whom
the pack names is sent what the half year was like."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress

from pydantic import AwareDatetime
from temporalio import activity, workflow
from temporalio.exceptions import ActivityError

from casework.standards.limits import Frozen
from casework.workflows.options import PATIENT_RETRY, PATIENT_TIMEOUT

HALF_YEARLY_REPORT = "half_yearly_report"


class ReportRound(Frozen):
    """What is reported: the half year that ended last before `at`; of the pack `standard`, else of the first that is served."""

    at: AwareDatetime | None = None
    standard: str | None = None
    role: str | None = None  # to whom, when it is sent to one


class ReportPort(ABC):
    """Counts and sends reports. A message carries the key of its half year and reader."""

    @activity.defn(name="readers_of_report")
    @abstractmethod
    async def readers_of_report(self, round_: ReportRound) -> list[str]:
        """The roles whom the pack names."""

    @activity.defn(name="send_half_yearly_report")
    @abstractmethod
    async def send_half_yearly_report(self, round_: ReportRound) -> bool:
        """Send the report of the half year that ended last to one role; False if nobody can be reached there."""


@workflow.defn(name=HALF_YEARLY_REPORT)
class HalfYearlyReport:
    """Sends one report to each reader, however long records and mail are away."""

    @workflow.run
    async def run(self, round_: ReportRound) -> list[str]:
        """Takes a ReportRound; returns the roles that were told."""
        asked = round_.model_copy(update={"at": round_.at or workflow.now()})
        roles = await workflow.execute_activity_method(
            ReportPort.readers_of_report, asked, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY
        )
        told = []
        for role in roles:
            with suppress(ActivityError):  # an operator gave this one up; the others get theirs
                to_one = asked.model_copy(update={"role": role})
                if await workflow.execute_activity_method(
                    ReportPort.send_half_yearly_report, to_one, start_to_close_timeout=4 * PATIENT_TIMEOUT,
                    retry_policy=PATIENT_RETRY, summary=f"report of the half year before {asked.at:%Y-%m-%d} → {role}",
                ):  # fmt: skip
                    told.append(role)
        return told
