"""Real servers for all tests: Temporal with virtual time per case, PostgreSQL, an SMTP server; one worker."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.starter.dev.embedded import embedded_postgres, free_port, temporal_binary
from casework.stories.servers import SKIPS_TIME
from casework.workflows.names import SEARCH_ATTRIBUTES, TASK_QUEUE
from tests.line import Line
from tests.mailbox import Mailbox
from tests.office import Office


@pytest.fixture(scope="session")
def database_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this test process."""
    with embedded_postgres(tmp_path_factory.mktemp("pg")) as url:
        yield url


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def records(database_url: str) -> AsyncIterator[PostgresRecords]:
    """The records, migrated."""
    records = PostgresRecords(database_url)
    await records.migrate()
    yield records
    await records.close()


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """A real SMTP server on loopback that keeps what it gets."""
    with Mailbox(free_port()) as mailbox:
        yield mailbox


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal(records: PostgresRecords, mailbox: Mailbox) -> AsyncIterator[WorkflowEnvironment]:
    """The real dev server with a virtual clock per case, and a worker of casework."""
    library = StandardsLibrary([default_pack()])
    plugin = CaseworkPlugin(library, records, SmtpNotifier(mailbox.url, "casework@jsc.example"))
    environment = await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=temporal_binary(),
        dev_server_log_level="error",
        search_attributes=list(SEARCH_ATTRIBUTES),
        plugins=[plugin],
        dev_server_extra_args=SKIPS_TIME,
    )
    async with environment:
        # What the environment's own client starts runs through its timers at once; the tasks that cases open would never rest.
        host = environment.client.service_client.config.target_host
        client = await Client.connect(host, namespace=environment.client.namespace, plugins=[plugin])
        async with Worker(client, task_queue=TASK_QUEUE):
            yield environment


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def office(temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox) -> AsyncIterator[Office]:
    """A joint service centre to play cases in. At the end every case that was played is replayed."""
    office = Office(temporal, records, mailbox)
    yield office
    await office.replay_all()


@pytest.fixture(scope="session")
def casework(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    """The command line beside a running `casework up`; tests that use it share the xdist group "cli"."""
    line = Line(tmp_path_factory.mktemp("cli") / "state")
    yield line
    line.stop()
