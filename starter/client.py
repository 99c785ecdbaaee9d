"""CaseClient: open, act on, view, wait for and list cases.

    client = await CaseClient.connect()
    case = await client.open(ForwardRequest(centre="JSC", request_id="2569/0042", requester=…, subject=…, documents=[…]))
    await case.act(ForwardApplication(actor=Actor(id="somying", role="centre_officer")))
    view = await case.view()

Messages are checked by the same models here and in the case, so what passes here is understood there. Everything may
be sent again: the same `request_id` is the same case, the same `command_id` gets the first answer.
"""

from __future__ import annotations

import asyncio
import dataclasses
import os
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowExecutionStatus,
    WorkflowFailureError,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import (
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from casework.codec import NoCodec, codec_of
from casework.starter.errors import CaseClosed, CaseExists, InvalidCase, NotFound, Unreachable
from casework.starter.executions import Ended, how_it_ended
from casework.starter.sending import ANSWER_WITHIN, LIST, forget, sent_again, translated
from casework.workflows import errors, names
from casework.workflows.messages.commands import Command
from casework.workflows.messages.request import CaseRequest
from casework.workflows.messages.views import CaseResult, CaseView, CommandReply
from casework.workflows.processes import first_stage, installed

RECORDED_WITHIN = timedelta(seconds=30)
NUMBER = re.compile(r"[^\s/'\\]{1,20}-\d{4}-\d{5,}")


@dataclass(frozen=True)
class CaseRow:
    """A case as the list shows it, from search attributes."""

    case_id: str
    case_no: str | None
    service: str | None
    stage: str | None
    centre: str | None
    unit: str | None
    assignee: str | None
    due_at: datetime | None
    overdue: bool
    paused: str | None
    escalation: int
    opened_at: datetime
    status: str
    stage_since: datetime | None = None

    @property
    def refused(self) -> bool:
        """Whether it was never opened: the request did not fit its standard."""
        return self.status == "failed" and self.due_at is None and self.case_no is None


def of_cases(query: str | None = None) -> str:
    """A Temporal list filter that finds cases and nothing else. Every case says its service; those that were started with plain
    Temporal and never opened are known by their type."""
    ours = f"(CaseService IS NOT NULL OR WorkflowType IN ({', '.join(repr(service) for service in installed())}))"
    return f"{ours} AND ({query})" if query else ours


def connect_config() -> dict[str, Any]:
    """Where Temporal is, as its own environment configuration says (localhost:7233 if that says nothing), and the codec that
    CASEWORK_CODEC names.

    Raises InvalidCase if the configuration cannot be used.
    """
    try:
        config: dict[str, Any] = {**ClientConfig.load_client_connect_config()}
    except (RuntimeError, ValueError, OSError) as error:
        raise InvalidCase(f"Temporal's environment configuration cannot be used: {error}") from error
    config.setdefault("target_host", "localhost:7233")
    try:
        codec = codec_of(os.environ)
    except NoCodec as problem:
        raise InvalidCase(str(problem)) from problem
    config["data_converter"] = dataclasses.replace(pydantic_data_converter, payload_codec=codec)
    return config


class CaseClient:
    """Speaks to the cases of one namespace."""

    def __init__(self, client: Client, task_queue: str = names.TASK_QUEUE) -> None:
        """Over a Temporal client that has the pydantic data converter (or the CaseworkPlugin)."""
        self.temporal = client
        self.task_queue = task_queue

    @classmethod
    async def connect(
        cls, address: str | None = None, namespace: str | None = None, task_queue: str = names.TASK_QUEUE
    ) -> CaseClient:
        """Connect as Temporal's environment configuration says, or to `address`. Raises Unreachable."""
        config = connect_config()
        config |= {key: value for key, value in (("target_host", address), ("namespace", namespace)) if value}
        try:
            return cls(await Client.connect(**config), task_queue)
        except (RuntimeError, ValueError) as error:
            raise Unreachable(f"no Temporal server answers at {config['target_host']}") from error

    async def open(self, request: CaseRequest) -> CaseHandle:
        """Open a case, or find the one that this `request_id` opened before.

        Waits until the case is open under its standard; `existed` of the handle says whether it was there before. Raises
        InvalidCase if the standard cannot take it as it is (correct it and send it again), CaseExists if this `request_id`
        was used for another request, Unreachable if no server or no worker answers; in the last case the request is kept by
        Temporal and opens when a worker is back.
        """
        case_id = names.case_id(request.service, request.centre, request.request_id)
        handle = self.case(case_id)
        try:
            handle.existed = await self._start(request, case_id, WorkflowIDReusePolicy.REJECT_DUPLICATE)
        except WorkflowAlreadyStartedError:  # it has ended by now, or its opening was refused: only that may be sent again
            ended = await handle.ended()
            if ended is not None and ended.status == "failed":
                await self._start(request, case_id, WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY)
                return handle
            if (await handle.view()).request_digest != request.digest:
                raise CaseExists(errors.other_request(case_id).message) from None
            handle.existed = True
        return handle

    async def _start(self, request: CaseRequest, case_id: str, reuse: WorkflowIDReusePolicy) -> bool:
        """Start a case and wait until it is open; whether it was there before. Raises WorkflowAlreadyStartedError if it has
        ended."""
        start: WithStartWorkflowOperation[Any, CaseResult] = WithStartWorkflowOperation(
            request.service,
            request,
            id=case_id,
            task_queue=self.task_queue,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            id_reuse_policy=reuse,
            static_summary=names.summary(request.service, request.centre, request.channel),
            static_details=names.HOW_TO_ACT,
            search_attributes=names.first_attributes(request.service, request.centre, first_stage(request.service)),
        )
        try:
            reply: CommandReply = await self.temporal.execute_update_with_start_workflow(
                names.OPENED_UPDATE,
                request.digest,
                start_workflow_operation=start,
                result_type=CommandReply,
                rpc_timeout=ANSWER_WITHIN,
            )
        except WorkflowAlreadyStartedError:
            await forget(start)
            raise
        except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
            await forget(start)
            raise translated(error, case_id) from error
        return reply.existed

    def case(self, case_id: str) -> CaseHandle:
        """A case by its id; nothing is sent yet. Raises NotFound for an id that can be nobody's."""
        if not case_id.strip():
            raise NotFound("there is no case without an id")
        return CaseHandle(self.temporal, case_id)

    async def find(self, name: str) -> CaseHandle:
        """A case by its id or its registry number, such as JSC-2569-00042. Raises NotFound, Unreachable."""
        if not NUMBER.fullmatch(name):
            return self.case(name)
        async for row in self.list(f"CaseNumber = '{name}'", limit=1):
            return self.case(row.case_id)
        raise NotFound(f"Temporal has no case with the number {name}")

    async def count(self, query: str | None = None) -> int:
        """How many cases a Temporal list filter finds. Raises Unreachable, InvalidCase."""
        try:
            return (await self.temporal.count_workflows(of_cases(query))).count
        except RPCError as error:
            raise translated(error, LIST) from error

    async def list(self, query: str | None = None, limit: int | None = None) -> AsyncIterator[CaseRow]:
        """Cases by a Temporal list filter over the Case… search attributes, such as "CaseOverdue = true"."""
        try:
            async for found in self.temporal.list_workflows(of_cases(query), limit=limit):
                shown = found.typed_search_attributes
                yield CaseRow(
                    case_id=found.id,
                    case_no=shown.get(names.CASE_NUMBER),
                    service=shown.get(names.CASE_SERVICE),
                    stage=shown.get(names.CASE_STAGE),
                    centre=shown.get(names.CASE_CENTRE),
                    unit=shown.get(names.CASE_UNIT),
                    assignee=shown.get(names.CASE_ASSIGNEE),
                    stage_since=shown.get(names.CASE_STAGE_SINCE),
                    due_at=shown.get(names.CASE_DUE_AT),
                    overdue=bool(shown.get(names.CASE_OVERDUE)),
                    paused=shown.get(names.CASE_PAUSED),
                    escalation=shown.get(names.CASE_ESCALATION) or 0,
                    opened_at=found.start_time,
                    status=found.status.name.lower() if found.status else "",
                )
        except RPCError as error:
            raise translated(error, LIST) from error


class CaseHandle:
    """One case."""

    def __init__(self, client: Client, case_id: str) -> None:
        self.case_id = case_id
        self._client = client
        self.existed = False  # whether the request that opened it had been sent before
        self.workflow: WorkflowHandle[Any, CaseResult] = client.get_workflow_handle(case_id, result_type=CaseResult)

    async def act(self, command: Command, command_id: str | None = None) -> CommandReply:
        """Give a command. The same `command_id` again gets the first answer.

        Raises CaseRefused (not possible now, or not by this role), NotFound, InvalidCase, Unreachable.
        """
        return await self.send(command.command_name(), command, command_id)

    async def send(self, name: str, payload: Any, command_id: str | None = None) -> CommandReply:
        """Give a command by name, unchecked here: the case checks it."""
        try:
            update_id = command_id or uuid4().hex
            reply: CommandReply = await sent_again(
                lambda: self.workflow.execute_update(
                    name, payload, id=update_id, result_type=CommandReply, rpc_timeout=ANSWER_WITHIN
                )
            )
            return reply
        except (WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError, RPCError) as error:
            raise await self._refusal(error) from error

    async def recorded(self, reply: CommandReply, within: timedelta = RECORDED_WITHIN) -> CaseView:
        """Wait until the records have what a command decided, and the first try at its notices was made. A command is
        answered before that, whatever the records do. Raises Unreachable if it takes longer than `within`."""
        deadline = asyncio.get_running_loop().time() + within.total_seconds()
        wait = 0.01
        while (view := await self.view()).recorded < reply.event:
            if asyncio.get_running_loop().time() > deadline:
                raise Unreachable(f"{self.case_id}: decided (event {reply.event}), and the records do not have it yet")
            await asyncio.sleep(wait)
            wait = min(2 * wait, 1.0)
        return view

    async def view(self) -> CaseView:
        """The case as it is now. Raises NotFound or Unreachable."""
        deadline = asyncio.get_running_loop().time() + ANSWER_WITHIN.total_seconds()
        while True:
            try:
                view: CaseView = await self.workflow.query(names.CASE_QUERY, result_type=CaseView, rpc_timeout=ANSWER_WITHIN)
                return view
            except (RPCError, WorkflowQueryFailedError) as error:
                if errors.ASK_AGAIN not in str(error) or asyncio.get_running_loop().time() > deadline:
                    raise translated(error, self.case_id) from error
            await asyncio.sleep(0.1)

    async def ended(self) -> Ended | None:
        """How the case ended if it did not close by itself: terminated, cancelled, failed, forgotten. Raises Unreachable."""
        try:
            return await how_it_ended(self._client, self.case_id)
        except RPCError as error:
            raise translated(error, self.case_id) from error

    async def is_running(self) -> bool:
        """Whether its workflow still runs: it is open, or closed and still owes something. Raises NotFound, Unreachable."""
        return (await self._length())[0]

    async def changes(self) -> AsyncIterator[CaseView]:
        """The case now, and again each time it changed, until it is closed. No polling: it follows the history."""
        seen = None
        while True:
            running, length = await self._length()  # before the view: what happens between is then seen as new
            view = await self.view()
            if view != seen:
                seen = view
                yield view
            elif not running:  # terminated, failed or cancelled: nothing will change any more
                return
            if view.stage == names.CLOSED:
                return
            if running:
                await self._grown_beyond(length)

    async def wait(self, until: Callable[[CaseView], bool]) -> CaseView:
        """The first view for which `until` holds, or the last one if the case closes before."""
        last = None
        async for last in self.changes():
            if until(last):
                break
        return last or await self.view()

    async def result(self) -> CaseResult:
        """Wait until the case is closed and nothing is owed; how it ended. Raises InvalidCase, NotFound, Unreachable."""
        try:
            return await self.workflow.result()
        except (WorkflowFailureError, RPCError) as error:
            raise translated(error, self.case_id) from error

    async def _length(self) -> tuple[bool, int]:
        try:
            described = await self.workflow.describe()
        except RPCError as error:
            raise translated(error, self.case_id) from error
        return described.status is WorkflowExecutionStatus.RUNNING, described.history_length

    async def _grown_beyond(self, length: int) -> None:
        """Wait until the history has more events than that, or the run has ended."""
        try:
            count = 0
            async for _ in self.workflow.fetch_history_events(wait_new_event=True):
                count += 1
                if count > length:
                    return
        except RPCError as error:
            raise translated(error, self.case_id) from error

    async def _refusal(self, error: Exception) -> Exception:
        if isinstance(error, RPCError) and error.status is RPCStatusCode.NOT_FOUND:
            try:
                view = await self.view()
            except NotFound as missing:
                return missing
            ended = await self.ended()
            outcome = ended.words if ended else view.outcome or "no outcome"
            return CaseClosed(f"{self.case_id} is closed ({outcome}); no command is possible any more")
        return translated(error, self.case_id)
