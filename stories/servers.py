"""The servers a story is played on: a real Temporal that can skip time for each case by itself, and a real PostgreSQL."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import NamedTuple

from temporalio.testing import WorkflowEnvironment

from casework.adapters.postgres.records import PostgresRecords
from casework.starter.dev.embedded import embedded_postgres, temporal_binary
from casework.workflows.names import SEARCH_ATTRIBUTES

SKIPS_TIME = [
    "--dynamic-config-value",
    "frontend.WorkflowTimeSkippingEnabled=true",
    "--dynamic-config-value",
    'history.timerProcessorMaxTimeShift="1ms"',
]


class StoryServers(NamedTuple):
    """What a runner needs."""

    environment: WorkflowEnvironment
    records: PostgresRecords


@asynccontextmanager
async def story_servers() -> AsyncIterator[StoryServers]:
    """Start both in a temporary folder, bound to loopback; stop them at the end. Needs the extra casework[embedded]."""
    with tempfile.TemporaryDirectory(prefix="casework-story-") as folder, embedded_postgres(Path(folder) / "pg") as url:
        records = PostgresRecords(url)
        await records.migrate()
        with _silent():  # the server announces itself on our standard output
            environment = await WorkflowEnvironment.start_time_skipping_v2(
                dev_server_existing_path=temporal_binary(),
                dev_server_log_level="error",
                search_attributes=list(SEARCH_ATTRIBUTES),
                dev_server_extra_args=SKIPS_TIME,
            )
        try:
            async with environment:
                yield StoryServers(environment, records)
        finally:
            await records.close()


@contextmanager
def _silent() -> Iterator[None]:
    """Processes started here write to nowhere."""
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)
