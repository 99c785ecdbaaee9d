"""What `casework doctor` looks at."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import asyncpg
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from casework.adapters.postgres.records import PostgresRecords, RecordsError, migrations
from casework.settings import Settings
from casework.standards.limits import Frozen
from casework.standards.pack.loader import PackError, StandardsLibrary
from casework.starter import case_health
from casework.starter.case_health import Kind
from casework.starter.client import CaseClient
from casework.starter.errors import Unreachable
from casework.starter.setup import missing_search_attributes
from casework.workflows.pack_needs import unserved
from casework.workflows.processes import processes_for

SKEW_ALLOWED = 2.0  # seconds
POLLED_WITHIN = timedelta(seconds=70)  # a poll lasts a minute


class Finding(Frozen):
    """One thing looked at."""

    what: str
    state: Literal["ok", "warning", "wrong"]
    found: str
    advice: str | None = None
    unreachable: bool = False


async def examine(settings: Settings, repair: bool = False) -> list[Finding]:
    """Look at everything, the cases last; nothing is changed unless `repair` is asked for."""
    findings = [finding async for finding in _temporal(settings)]
    findings += [finding async for finding in _database(settings)]
    findings += _standards(settings)
    if not any(finding.unreachable or (finding.what == "schema" and finding.state == "wrong") for finding in findings):
        findings += [finding async for finding in _cases(settings, repair)]
    return findings


async def _cases(settings: Settings, repair: bool) -> AsyncIterator[Finding]:
    """Every open case, as Temporal and as the records have it."""
    assert settings.database_url is not None, "the database was reached"
    client = (await CaseClient.connect()).temporal
    records = PostgresRecords(settings.database_url.get_secret_value())
    troubles = 0
    try:
        async for trouble in case_health.examine_cases(client, records):
            troubles += 1
            done = await case_health.repair(client, records, trouble) if repair else None
            advice = {
                Kind.STUCK: "casework doctor --repair resets it to before that task",
                Kind.ENDED: "casework doctor --repair tells the records",
                Kind.MISSING: "casework doctor --repair writes it from the history",
                Kind.BEHIND: "casework doctor --repair writes it from the history",
                Kind.OWED: "tell them by other means",
            }.get(trouble.kind, "compare the history with the records; nothing was overwritten")
            yield Finding(
                what=trouble.case_id,
                state="warning" if done else "wrong",
                found=f"{trouble.kind.value}: {trouble.found}",
                advice=f"done: {done}" if done else advice,
            )
    finally:
        await records.close()
    if not troubles:
        yield Finding(what="cases", state="ok", found="every open case is what the records say")


async def _temporal(settings: Settings) -> AsyncIterator[Finding]:
    try:
        client = (await CaseClient.connect()).temporal
        await client.count_workflows("ExecutionStatus = 'Running'")
    except Unreachable as error:
        advice = "start one (casework up), or set TEMPORAL_ADDRESS / TEMPORAL_PROFILE"
        yield Finding(what="Temporal", state="wrong", found=str(error), advice=advice, unreachable=True)
        return
    except RPCError as error:
        yield Finding(
            what="Temporal namespace", state="wrong", found=error.message, advice="set TEMPORAL_NAMESPACE to one that exists"
        )
        return
    yield Finding(what="Temporal", state="ok", found=f"{client.service_client.config.target_host}, namespace {client.namespace}")
    missing = await missing_search_attributes(client)
    if missing:
        yield Finding(what="search attributes", state="wrong", found=f"missing: {', '.join(missing)}", advice="casework setup")
    else:
        yield Finding(what="search attributes", state="ok", found="all there")
    yield await _worker(client, settings.task_queue)


async def _worker(client: Client, task_queue: str) -> Finding:
    pollers = []
    for kind in (TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY):
        described = await client.workflow_service.describe_task_queue(
            DescribeTaskQueueRequest(namespace=client.namespace, task_queue=TaskQueue(name=task_queue), task_queue_type=kind)
        )
        lately = datetime.now(UTC) - POLLED_WITHIN
        pollers.append(
            {poller.identity for poller in described.pollers if poller.last_access_time.ToDatetime(tzinfo=UTC) > lately}
        )
    workers = pollers[0] & pollers[1]
    if not workers:
        return Finding(
            what="worker",
            state="wrong",
            found=f"nobody polls {task_queue}",
            advice="casework worker (or casework up)",
            unreachable=True,
        )
    return Finding(what="worker", state="ok", found=f"{len(workers)} polled {task_queue} in the last minute")


async def _database(settings: Settings) -> AsyncIterator[Finding]:
    if settings.database_url is None:
        yield Finding(
            what="PostgreSQL",
            state="wrong",
            found="CASEWORK_DATABASE_URL is not set",
            advice="postgresql://user:password@host:port/database",
        )
        return
    records = PostgresRecords(settings.database_url.get_secret_value())
    try:
        before = datetime.now(UTC)
        at = await records.server_time()
        after = datetime.now(UTC)
        version = await records.schema_version()
    except (OSError, RecordsError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, ValueError) as error:
        advice = "is it running, and CASEWORK_DATABASE_URL right? Cases go on meanwhile and are recorded when it is back"
        yield Finding(
            what="PostgreSQL",
            state="wrong",
            found=str(error) or f"does not answer ({type(error).__name__})",
            advice=advice,
            unreachable=True,
        )
        return
    finally:
        await records.close()
    yield Finding(what="PostgreSQL", state="ok", found="answers")
    newest = migrations()[-1].version
    state: Literal["ok", "wrong"] = "ok" if version == newest else "wrong"
    yield Finding(
        what="schema", state=state, found=f"version {version} of {newest}", advice=None if state == "ok" else "casework migrate"
    )
    skew = max(0.0, (before - at).total_seconds(), (at - after).total_seconds())
    right = skew <= SKEW_ALLOWED
    remedy = None if right else "set this machine's or the database server's clock by NTP"
    yield Finding(
        what="clocks",
        state="ok" if right else "warning",
        found=f"this machine and PostgreSQL differ by {skew:.1f} s",
        advice=remedy,
    )


def _standards(settings: Settings) -> list[Finding]:
    try:
        library = StandardsLibrary.load(settings.packs)
    except PackError as error:
        return [Finding(what="standard", state="wrong", found=str(error), advice="casework standards check FILE")]
    findings = []
    for pack in library.packs:
        name = f"{pack.id} {pack.version}"
        verified = pack.calendar.holidays.verified_through
        problems = unserved(pack, processes_for([pack]))
        if problems:
            found = f"{name}: {'; '.join(problems)}"
            findings.append(Finding(what="standard", state="wrong", found=found, advice="casework standards check FILE"))
        elif verified and verified < date.today():
            advice = "look the new holidays up and move calendar.holidays.verified_through"
            findings.append(
                Finding(
                    what="standard", state="warning", found=f"{name}: holidays verified through {verified} only", advice=advice
                )
            )
        else:
            findings.append(
                Finding(what="standard", state="ok", found=f"{name}, holidays verified through {verified or 'always'}")
            )
    return findings
