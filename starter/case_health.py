"""What may be wrong with single cases, and how it is put right: `casework doctor` looks, `casework doctor --repair` acts.

Temporal's history is the truth. A case whose task fails for ever is reset to before that task; what a history decided and the
records do not have is written from it; of a case that ended from outside the records are told. Keys make all of it harmless
to repeat.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from enum import StrEnum
from typing import NamedTuple

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import EventType
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHistory
from temporalio.converter import DataConverter, PayloadCodec
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from casework.adapters.postgres.records import PostgresRecords
from casework.payloads import CaseworkPayloadConverter
from casework.runner import casework_runner
from casework.starter.client import of_cases
from casework.starter.executions import how_it_ended
from casework.starter.services import services
from casework.workflows.messages import events
from casework.workflows.ports import Batch

FAILS_FOR_GOOD = 3  # attempts at the same task
AT_ONCE = 20
OPEN_FOR_RECORDS = "SELECT case_id FROM casework.cases WHERE closed_at IS NULL AND ended_as IS NULL"


class Kind(StrEnum):
    """What may be wrong."""

    STUCK = "its task fails again and again"
    ENDED = "it ended from outside, and the records have it as open"
    MISSING = "it decided what the records do not have"
    BEHIND = "it is closed, and the records have it as open"
    CONFLICT = "the records hold something else under a known key"
    DOUBLE = "the records hold two events of one number, and it was never reset"
    OWED = "it has ended and somebody was not told"


class Trouble(NamedTuple):
    """One case and what is wrong with it."""

    case_id: str
    kind: Kind
    found: str


async def examine_cases(client: Client, records: PostgresRecords) -> AsyncIterator[Trouble]:
    """Look at every open case, as Temporal and as the records have it. Nothing is changed."""
    recorded_as_open = {row["case_id"] for row in await records.rows(OPEN_FOR_RECORDS)}
    listed = {found.id async for found in client.list_workflows(of_cases("ExecutionStatus = 'Running'"))}

    async for trouble in _each(
        sorted(listed | recorded_as_open), lambda case_id: _look(client, records, case_id, case_id in recorded_as_open)
    ):
        yield trouble
    for row in await records.rows("SELECT case_id, seq, key FROM casework.conflicts ORDER BY case_id, seq"):
        yield Trouble(row["case_id"], Kind.CONFLICT, f"event {row['seq']}, key {row['key']}; see casework.conflicts")
    for row in await records.rows(DOUBLES):
        yield Trouble(row["case_id"], Kind.DOUBLE, f"event {row['seq']}")
    for row in await records.rows(OWED_BY_ENDED):
        yield Trouble(row["case_id"], Kind.OWED, f"{row['template']} to {row['recipient']}")


DOUBLES = f"""
SELECT e.case_id, e.seq FROM casework.events e
WHERE NOT EXISTS (SELECT 1 FROM casework.events r WHERE r.case_id = e.case_id AND r.type = '{events.EventType.RESET}')
  AND 1 = (SELECT count(*) FROM casework.events o WHERE o.case_id = e.case_id AND o.type = '{events.EventType.OPENED}')
GROUP BY e.case_id, e.seq HAVING count(*) > 1 ORDER BY e.case_id, e.seq
"""  # noqa: S608 - two constants of ours
OWED_BY_ENDED = """
SELECT n.case_id, n.template, n.recipient FROM casework.notices n JOIN casework.cases c USING (case_id)
WHERE n.status = 'owed' AND c.ended_as IS NOT NULL ORDER BY n.case_id
"""


async def repair(client: Client, records: PostgresRecords, trouble: Trouble) -> str | None:
    """Put one trouble right; what was done, or None if only a person can."""
    match trouble.kind:
        case Kind.STUCK:
            return await _reset(client, trouble.case_id)
        case Kind.MISSING | Kind.BEHIND:
            return f"{await fill_in(client, records, trouble.case_id)} event(s) written from its history"
        case Kind.ENDED:
            ended = await how_it_ended(client, trouble.case_id)
            if ended is None:
                return None  # it runs after all
            written = await fill_in(client, records, trouble.case_id, with_notices=True)
            await records.rows(
                "UPDATE casework.cases SET ended_as = $2, ended_why = $3 WHERE case_id = $1 AND ended_as IS NULL",
                trouble.case_id,
                ended.status,
                ended.words,
            )
            return f"the records have it as {ended.status}; {written} event(s) written from its history"
        case _:
            return None


async def fill_in(client: Client, records: PostgresRecords, case_id: str, with_notices: bool = False) -> int:
    """Write to the records what a case decided, from its history; how many events they did not have. Notices only of a case
    that will not tell anybody itself any more: they are then listed as owed."""
    known = {(event.seq, event.key) for event in await records.events(case_id)}
    written = 0
    for batch in await _decided(client, case_id):
        await records.write(batch if with_notices else batch.model_copy(update={"notices": []}))
        written += sum((event.seq, event.key) not in known for event in batch.events)
    return written


async def _look(client: Client, records: PostgresRecords, case_id: str, recorded_as_open: bool) -> list[Trouble]:
    """Temporal's list of open cases lags a moment behind, so the case itself says whether it is open."""
    case = client.get_workflow_handle(case_id)
    ended = await how_it_ended(client, case_id)
    if ended is not None:
        return [Trouble(case_id, Kind.ENDED, ended.words)] if recorded_as_open else []
    described = await case.describe()
    if described.status is not WorkflowExecutionStatus.RUNNING:
        return [Trouble(case_id, Kind.BEHIND, "its last transition is missing")] if recorded_as_open else []
    pending = described.raw_description
    attempt = pending.pending_workflow_task.attempt
    if attempt >= FAILS_FOR_GOOD:
        return [Trouble(case_id, Kind.STUCK, f"attempt {attempt} of its task")]
    if any(each.activity_type.name == "record" for each in pending.pending_activities):
        return []  # the records hear of it when they are back
    missing = await _missing(client, records, case_id)
    if missing and not (await case.describe()).raw_description.pending_activities:
        return [Trouble(case_id, Kind.MISSING, f"{sum(len(batch.events) for batch in missing)} event(s)")]
    return []


async def _missing(client: Client, records: PostgresRecords, case_id: str) -> list[Batch]:
    known = {(event.seq, event.key) for event in await records.events(case_id)}
    found = await _decided(client, case_id)
    return [batch for batch in found if any((event.seq, event.key) not in known for event in batch.events)]


async def _decided(client: Client, case_id: str) -> list[Batch]:
    """Every transition on the way that the case has come: of its last run and those it continues, without what a reset
    abandoned."""
    found: list[Batch] = []
    run: str | None = None
    while True:
        try:
            history = await client.get_workflow_handle(case_id, run_id=run).fetch_history()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return found  # Temporal has forgotten it, or the run before
        found = [*await decided_batches(client, history), *found]
        run = history.events[0].workflow_execution_started_event_attributes.continued_execution_run_id
        if not run:
            return found


async def decided_batches(client: Client, history: WorkflowHistory) -> list[Batch]:
    """Every transition that a history decided, as it was to be recorded."""
    converter = client.data_converter
    return [
        (await converter.decode(event.activity_task_scheduled_event_attributes.input.payloads, [Batch]))[0]
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        and event.activity_task_scheduled_event_attributes.activity_type.name == "record"
    ]


async def _reset(client: Client, case_id: str) -> str | None:
    """Reset a case to before the task that does not replay."""
    history = await client.get_workflow_handle(case_id).fetch_history()
    problem = await replay_problem(history, client.data_converter.payload_codec)
    if problem is None:
        return None  # it replays: something else fails, which a corrected worker puts right
    at = re.search(r"HistoryEvent\(id: (\d+)", problem)
    last = int(at.group(1)) if at else history.events[-1].event_id
    tasks = [e.event_id for e in history.events if e.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED]
    before = [task for task in tasks if task < last]
    if not before:
        return None
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=case_id, run_id=history.run_id or ""),
            reason=f"casework doctor: {problem[:200]}",
            workflow_task_finish_event_id=before[-1],
            request_id=f"doctor-{case_id}-{before[-1]}",
        )
    )
    return f"reset to before event {before[-1]}"


async def replay_problem(history: WorkflowHistory, codec: PayloadCodec | None = None) -> str | None:
    """Why a history does not replay, or None if it does; of a service that is not installed here nothing can be said."""
    if _workflow_type(history) not in services():
        return None
    replayer = Replayer(
        workflows=list(services().values()),
        data_converter=DataConverter(payload_converter_class=CaseworkPayloadConverter, payload_codec=codec),
        workflow_runner=casework_runner(None),
    )
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    return str(result.replay_failure) if result.replay_failure else None


def _workflow_type(history: WorkflowHistory) -> str:
    return history.events[0].workflow_execution_started_event_attributes.workflow_type.name


async def _each(items: Sequence[str], look: Callable[[str], Awaitable[list[Trouble]]]) -> AsyncIterator[Trouble]:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(case_id: str) -> list[Trouble]:
        async with slots:
            try:
                return await look(case_id)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return []  # it ended in this moment
                raise

    for found in asyncio.as_completed([asyncio.ensure_future(one(item)) for item in items]):
        for trouble in await found:
            yield trouble
