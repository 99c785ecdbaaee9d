"""The queue of a centre's day for programs.

queue = QueueClient(client).queue("JSC", date(2026, 11, 23))
reply = await queue.act(TakeTicket(actor=Actor(id="kiosk", role="requester"), service="forward"))
reply.ticket.number, reply.ticket.wait                     # B001, (0, 5)
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import uuid4

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from casework.starter.client import ANSWER_WITHIN, forget, sent_again, translated
from casework.workflows import names
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

    async def view(self) -> QueueView:
        """The queue now; it is begun if nobody has said anything to it. Raises InvalidCase, Unreachable."""
        view: QueueView = await self._update(names.OPENED_UPDATE, None, QueueView, uuid4().hex)
        return view

    async def _update(self, name: str, payload: Any, returns: type[Any], update_id: str) -> Any:
        async def send() -> Any:
            start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
                "service_queue",
                {"centre": self.centre, "day": self.day},
                id=self.queue_id,
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
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
        except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
            raise translated(error, self.queue_id) from error
