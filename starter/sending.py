"""Sending updates to a case or a queue: again where that helps, and what a failure of Temporal means to whoever sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar

from temporalio.client import WithStartWorkflowOperation, WorkflowQueryFailedError, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from casework.starter.errors import CaseClosed, CaseExists, CaseRefused, InvalidCase, NotFound, Unreachable
from casework.workflows import errors

ANSWER_WITHIN = timedelta(seconds=20)
# Temporal refuses an update that meets the workflow going on in a new run, and one beside ten others of the same workflow.
SEND_AGAIN = ("unexpected workflow task failure", "concurrent in-flight updates")
LIST = "the list"
T = TypeVar("T")


async def forget(start: WithStartWorkflowOperation[Any, Any]) -> None:
    """The handle of a start that failed carries the same failure; nobody else will ask for it."""
    with suppress(Exception):
        await start.workflow_handle()


async def sent_again(send: Callable[[], Awaitable[T]]) -> T:
    """Send an update, and again under the same id while Temporal refuses it for a reason that passes by itself."""
    deadline, wait = asyncio.get_running_loop().time() + ANSWER_WITHIN.total_seconds(), 0.1
    while True:
        try:
            return await send()
        except RPCError as error:
            if not any(words in error.message for words in SEND_AGAIN) or asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(wait)
        wait = min(2 * wait, 1.0)


def translated(error: Exception, case_id: str) -> Exception:
    """What a failure of Temporal means to whoever gave a command to this case (or queue)."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ApplicationError):
        details = [str(item) for item in cause.details[0]] if cause.details and isinstance(cause.details[0], list) else []
        if cause.type == errors.OTHER_REQUEST:
            return CaseExists(cause.message)
        if cause.type == errors.REFUSED:
            return CaseRefused(cause.message, details)
        if cause.type == "AcceptedUpdateCompletedWorkflow":
            return CaseClosed(f"{case_id} was closed before this could be done")
        return InvalidCase(cause.message, details)
    if isinstance(error, WorkflowQueryFailedError):
        return NotFound(f"{case_id} is not a case that can be shown: {error}")
    if isinstance(error, RPCError) and "namespace" in error.message.lower() and error.status is RPCStatusCode.NOT_FOUND:
        return Unreachable(f"{error.message} Set TEMPORAL_NAMESPACE to one that exists.")
    if isinstance(error, RPCError) and "search attribute" in error.message.lower() and case_id != LIST:
        return Unreachable(f"{error.message}. Prepare the namespace with: casework setup")
    if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
        return NotFound(f"there is no case {case_id}")
    if isinstance(error, RPCError) and error.status is RPCStatusCode.INVALID_ARGUMENT:
        return InvalidCase(error.message, [])
    if isinstance(error, (WorkflowUpdateRPCTimeoutOrCancelledError, asyncio.TimeoutError)) or (
        isinstance(error, RPCError) and error.status in (RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)
    ):
        return Unreachable("the case did not answer in time; is a worker running (casework doctor)?")
    if isinstance(error, RPCError):
        return Unreachable(f"Temporal answers: {error.message}")
    return error
