"""What became of a workflow, where that is not what its case says of itself: terminated, cancelled, failed, forgotten."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryReverseRequest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

LOOKED_AT = 50  # events, from the last one backwards
BY_ITSELF = {WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED, WorkflowExecutionStatus.CONTINUED_AS_NEW}


class Ended(NamedTuple):
    """How a workflow ended that did not close by itself: when, by whom (as Temporal knows them) and why."""

    status: str  # terminated, canceled, failed, timed_out, forgotten
    at: datetime | None
    by: str
    why: str

    @property
    def words(self) -> str:
        """For people."""
        when = f" at {self.at:%Y-%m-%d %H:%M:%S} UTC" if self.at else ""
        return f"{self.status}{when}{f' by {self.by}' if self.by else ''}{f': {self.why}' if self.why else ''}"


async def how_it_ended(client: Client, case_id: str) -> Ended | None:
    """How the case's last run ended, or None while it runs and when it closed by itself."""
    try:
        described = await client.get_workflow_handle(case_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return Ended("forgotten", None, "", "Temporal does not have it any more")
    if described.status is None or described.status in BY_ITSELF:
        return None
    last = await client.workflow_service.get_workflow_execution_history_reverse(
        GetWorkflowExecutionHistoryReverseRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=case_id, run_id=described.run_id),
            maximum_page_size=LOOKED_AT,
        )
    )
    by, why = _who_and_why(list(last.history.events))
    return Ended(described.status.name.lower(), described.close_time and described.close_time.astimezone(UTC), by, why)


def _who_and_why(events: list[HistoryEvent]) -> tuple[str, str]:
    for event in events:
        match event.event_type:
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED:
                terminated = event.workflow_execution_terminated_event_attributes
                return terminated.identity, terminated.reason
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCEL_REQUESTED:
                asked = event.workflow_execution_cancel_requested_event_attributes
                return asked.identity, asked.cause
            case EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED:
                return "", event.workflow_execution_failed_event_attributes.failure.message
    return "", ""
