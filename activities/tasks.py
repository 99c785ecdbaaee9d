"""Opening improvement tasks: a workflow of its own for each, which outlives the case that gave rise to it."""

from __future__ import annotations

from contextlib import suppress

from temporalio import activity
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from casework.workflows import names
from casework.workflows.messages.improvement import ImprovementRequest
from casework.workflows.ports import TaskPort


class TaskActivities(TaskPort):
    """Opens tasks with the worker's own client, on its task queue."""

    @activity.defn(name="open_task")
    async def open_task(self, task: ImprovementRequest) -> None:
        """Open a task, unless it was opened before."""
        with suppress(WorkflowAlreadyStartedError):  # and has ended since: one a month is enough
            await activity.client().start_workflow(
                task.service,
                task,
                id=names.case_id(task.service, task.centre, task.request_id),
                task_queue=activity.info().task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=names.summary(task.service, task.centre, task.channel),
                static_details=names.HOW_TO_ACT,
                search_attributes=names.first_attributes(task.service, task.centre, None),
            )
