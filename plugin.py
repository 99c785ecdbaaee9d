"""CaseworkPlugin: everything an embedding agency registers, in one object.

    client = await Client.connect(address, plugins=[CaseworkPlugin(library, records, notifier)])
    worker = Worker(client, task_queue="our-queue", workflows=[OurOwn])      # casework's processes come with the client

Give it to the client only: a worker takes its client's plugins.
"""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from temporalio.converter import DataConverter, WithSerializationContext
from temporalio.plugin import SimplePlugin

from casework.activities.calendar_book import CalendarBook
from casework.activities.journal import JournalActivities
from casework.activities.queue import QueueActivities
from casework.activities.reports import ReportActivities
from casework.activities.standard import StandardActivities
from casework.activities.tasks import TaskActivities
from casework.adapters.ports import Notifier, Records, TicketRecords
from casework.adapters.postgres.records import PostgresRecords
from casework.payloads import CaseworkPayloadConverter
from casework.runner import casework_runner
from casework.standards.pack.loader import PackError, StandardsLibrary
from casework.workflows.half_yearly_report import HalfYearlyReport
from casework.workflows.pack_needs import unserved
from casework.workflows.process import Process
from casework.workflows.processes import mixed, processes_for
from casework.workflows.service_queue import ServiceQueue


class CaseworkPlugin(SimplePlugin):
    """Registers the processes, their activities, the pydantic data converter and the sandbox settings."""

    def __init__(
        self,
        library: StandardsLibrary,
        records: Records,
        notifier: Notifier,
        processes: Iterable[type[Process[Any]]] = (),
        tickets: TicketRecords | None = None,
        reports: PostgresRecords | None = None,
    ) -> None:
        """With `tickets` the worker runs the queues of the centres too, with `reports` it sends the half-yearly report.
        `processes` are the agency's own, beside those that are installed (entry points `casework.processes`). Raises PackError
        if a pack of the library cannot be served."""
        served = {**processes_for(library.packs), **{process.definition.service: process for process in processes}}
        problems = [f"{pack.id} {pack.version}: {problem}" for pack in library.packs for problem in unserved(pack, served)]
        problems += mixed(library.packs, [process.definition.service for process in processes])
        if problems:
            raise PackError("this worker", problems)
        self._contexts_asked_for = False
        library = library.with_labels({name: process.definition.labels for name, process in served.items()})
        book = CalendarBook(library, records)
        standard = StandardActivities(book)
        journal = JournalActivities(book, records, notifier)
        queue = QueueActivities(book, tickets, notifier) if tickets else None
        words = {key: word for process in served.values() for key, word in process.definition.labels.items()}
        reporting = ReportActivities(library, reports, notifier, words) if reports else None
        super().__init__(
            "casework",
            data_converter=self._converter,
            workflows=[*served.values(), *([ServiceQueue] if queue else []), *([HalfYearlyReport] if reporting else [])],
            activities=[
                standard.read_standard,
                journal.record,
                journal.send_notice,
                journal.read_handlers,
                TaskActivities().open_task,
                *(queue.all if queue else ()),
                *([reporting.readers_of_report, reporting.send_half_yearly_report] if reporting else []),
            ],
            workflow_runner=lambda given: casework_runner(given, self._contexts_asked_for),
            run_context=lambda: _drained(journal),
        )

    def _converter(self, given: DataConverter | None) -> DataConverter:
        self._contexts_asked_for = given is not None and (
            isinstance(given.payload_codec, WithSerializationContext) or given.external_storage is not None
        )
        return with_pydantic(given)


@asynccontextmanager
async def _drained(journal: JournalActivities) -> AsyncIterator[None]:
    """Around a worker's life: it ends when what it is sending has been noted."""
    try:
        yield
    finally:
        await journal.drain()


def with_pydantic(given: DataConverter | None) -> DataConverter:
    """The payload converter of casework, beside whatever codec the agency encrypts with."""
    return dataclasses.replace(given or DataConverter.default, payload_converter_class=CaseworkPayloadConverter)
