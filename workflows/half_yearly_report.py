"""The half-yearly report (source 001, น้อยปีละ ๒ ครั้ง: at least twice a year): a Temporal Schedule starts this round, and whom
the pack names is sent what the half year was like."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress

from pydantic import AwareDatetime
from temporalio import activity, workflow
from temporalio.exceptions import ActivityError

from casework.standards.limits import Frozen
from casework.workflows.options import GIVEN_UP_AGAIN, PATIENT_RETRY, PATIENT_TIMEOUT

HALF_YEARLY_REPORT = "half_yearly_report"


class ReportRound(Frozen):
    """What is reported: the half year that ended last before `at`; of the pack `standard`, else of the first that is served."""

    at: AwareDatetime | None = None
    standard: str | None = None


class ReportPort(ABC):
    """Counts and sends reports. Safe to run again: a message carries the key of its half year and reader."""

    @activity.defn(name="send_half_yearly_report")
    @abstractmethod
    async def send_half_yearly_report(self, round_: ReportRound) -> list[str]:
        """Send the report of the half year that ended last to everybody whom the pack names; the roles that were told."""


@workflow.defn(name=HALF_YEARLY_REPORT)
class HalfYearlyReport:
    """Sends one report, however long records and mail are away."""

    @workflow.run
    async def run(self, round_: ReportRound) -> list[str]:
        """Takes a ReportRound; returns the roles that were told."""
        asked = round_.model_copy(update={"at": round_.at or workflow.now()})
        while True:
            with suppress(ActivityError):
                return await workflow.execute_activity_method(
                    ReportPort.send_half_yearly_report, asked, start_to_close_timeout=4 * PATIENT_TIMEOUT,
                    retry_policy=PATIENT_RETRY, summary=f"report of the half year before {asked.at:%Y-%m-%d}",
                )  # fmt: skip
            await workflow.sleep(GIVEN_UP_AGAIN, summary="sending the report was given up; tried again")
