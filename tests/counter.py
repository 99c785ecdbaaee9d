"""A worker with packs of its own, and a client of it, on the servers of the tests."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import uuid4

from temporalio.client import Client
from temporalio.converter import DataConverter, PayloadCodec
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.ports import Message, Notifier
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.standards.pack.loader import StandardsLibrary
from casework.standards.pack.model import ServiceStandards
from casework.starter.client import CaseClient, CaseHandle
from casework.workflows.processes import processes_for


class Silent:
    """Keeps what it was told to send."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    async def send(self, message: Message) -> None:
        self.sent.append(message)


class Counter:
    """A counter at which cases are opened under these packs."""

    def __init__(
        self,
        temporal: WorkflowEnvironment,
        records: PostgresRecords,
        *packs: ServiceStandards,
        notifier: Notifier | None = None,
        codec: PayloadCodec | None = None,
    ) -> None:
        self._converter = dataclasses.replace(DataConverter.default, payload_codec=codec)
        self.packs = packs
        self._temporal, self._records = temporal, records
        self._mail = Silent()
        self._notifier: Notifier = notifier or self._mail

    async def __aenter__(self) -> Counter:
        plugin = CaseworkPlugin(StandardsLibrary(self.packs), self._records, self._notifier)
        config = self._temporal.client.service_client.config
        self.temporal = await Client.connect(config.target_host, data_converter=self._converter, plugins=[plugin])
        queue = f"counter-{uuid4().hex[:6]}"
        self._worker = Worker(self.temporal, task_queue=queue)
        await self._worker.__aenter__()
        self.client = CaseClient(self.temporal, queue)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._worker.__aexit__(None, None, None)

    def messages(self) -> list[Message]:
        """What was sent since the last question."""
        sent, self._mail.sent = self._mail.sent, []
        return sent

    def addresses(self) -> list[str | None]:
        """Where mail went since the last question."""
        return [message.addresses.get("email") for message in self.messages()]

    async def open(self, **fields: Any) -> CaseHandle:
        """Open a case of a service, with its clock standing."""
        same = {
            "centre": self.packs[0].organisation.centre.code,
            "request_id": uuid4().hex,
            "requester": {"name": "สมชาย", "email": "s@home.example"},
            "subject": "เรื่อง",
        }
        model = processes_for(self.packs)[fields["service"]].definition.request
        with self._temporal.with_time_skipping_disabled():
            return await self.client.open(model.model_validate({**same, **fields}))
