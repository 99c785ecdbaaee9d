"""The queue of a centre's day for programs.

queue = QueueClient(client).queue("JSC", date(2026, 11, 23))
reply = await queue.act(TakeTicket(actor=Actor(id="kiosk", role="requester"), service="forward"))
reply.ticket.number, reply.ticket.wait                     # B001, (0, 5)
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any
from uuid import uuid4

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from casework.starter.errors import CaseRefused, NotFound
from casework.starter.sending import ANSWER_WITHIN, forget, sent_again, translated
from casework.workflows import names
from casework.workflows.errors import ASK_AGAIN
from casework.workflows.messages.queue import QueueCommand, QueueReply, QueueView


class QueueClient:
    """Speaks to the queues of a namespace."""

    def __init__(self, client: Client, task_queue: str = names.TASK_QUEUE) -> None:
        self._client, self.task_queue = client, task_queue

    def queue(self, centre: str, day: date) -> QueueHandle:
        """The queue of a centre's day; nothing is sent yet."""
        return QueueHandle(self._client, centre, day, self.task_queue)


class QueueHandle:
    """One day's queue. The first who says something to it begins it; one that was terminated begins again where it stood."""

    def __init__(self, client: Client, centre: str, day: date, task_queue: str) -> None:
        self._client, self._task_queue = client, task_queue
        self.centre, self.day = centre, day.isoformat()
        self.queue_id = names.queue_id(centre, self.day)

    @property
    def workflow(self) -> WorkflowHandle[Any, Any]:
        """The workflow behind it."""
        return self._client.get_workflow_handle(self.queue_id)

    async def act(self, command: QueueCommand, command_id: str | None = None) -> QueueReply:
        """Say something to the queue. The same `command_id` again gets the first answer. Raises CaseRefused, InvalidCase,
        Unreachable."""
        payload = command.model_dump(mode="json", exclude_none=True)
        reply: QueueReply = await self._update(command.command_name(), payload, QueueReply, command_id or uuid4().hex)
        return reply

    async def begin(self) -> QueueView:
        """The queue now; it is begun if nobody has said anything to it. Raises InvalidCase, CaseRefused if its day is over,
        Unreachable."""
        view: QueueView = await self._update(names.OPENED_UPDATE, None, QueueView, uuid4().hex)
        return view

    async def view(self) -> QueueView:
        """The queue now, also one whose day is over. Nothing is begun and nothing written. Raises NotFound, Unreachable."""
        deadline = asyncio.get_running_loop().time() + ANSWER_WITHIN.total_seconds()
        while True:
            try:
                view: QueueView = await self.workflow.query(names.QUEUE_QUERY, result_type=QueueView, rpc_timeout=ANSWER_WITHIN)
                return view
            except (RPCError, WorkflowQueryFailedError) as error:
                if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
                    raise NotFound(f"there is no queue of {self.centre} on {self.day}") from error
                if ASK_AGAIN not in str(error) or asyncio.get_running_loop().time() > deadline:
                    raise translated(error, self.queue_id) from error
                if (await self.workflow.describe()).status is WorkflowExecutionStatus.TERMINATED:
                    raise NotFound(f"the queue of {self.day} was terminated; it begins again with the next command") from error
            await asyncio.sleep(0.1)

    async def _update(self, name: str, payload: Any, returns: type[Any], update_id: str) -> Any:
        async def send() -> Any:
            start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
                "service_queue",
                {"centre": self.centre, "day": self.day},
                id=self.queue_id,
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                static_summary=names.queue_summary(self.centre, self.day),
                search_attributes=names.queue_attributes(self.centre, self.day),
            )
            try:
                return await self._client.execute_update_with_start_workflow(
                    name, payload, start_workflow_operation=start, id=update_id, result_type=returns, rpc_timeout=ANSWER_WITHIN
                )
            except BaseException:
                await forget(start)
                raise

        try:
            return await sent_again(send)
        except WorkflowAlreadyStartedError as over:
            raise CaseRefused(f"the day of this queue has ended: {self.day}") from over
        except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
            raise translated(error, self.queue_id) from error
