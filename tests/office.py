"""A joint service centre for tests: open cases, act on them, let their time pass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowHistory
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.starter.client import CaseClient, CaseHandle
from casework.workflows.messages.commands import Command
from casework.workflows.messages.complaint import ComplaintRequest
from casework.workflows.messages.forward import ForwardRequest
from casework.workflows.messages.information_request import InformationRequest
from casework.workflows.messages.one_stop import OneStopRequest
from casework.workflows.messages.people import Actor, Document, Officer, Requester
from casework.workflows.messages.request import CaseRequest
from casework.workflows.messages.views import CaseView, CommandReply
from tests.mailbox import Mailbox

OFFICER = Actor(id="somying", role="centre_officer", unit="JSC")
SUPERVISOR = Actor(id="wichai", role="centre_supervisor", unit="JSC")
HEAD = Actor(id="prasert", role="centre_head", unit="JSC")
COMPLAINTS = Actor(id="malee", role="complaint_centre", unit="CC")
OWNER = Actor(id="anan", role="owner_agency", unit="DOEB")
CITIZEN = Actor(id="requester", role="requester")
SOMYING = Officer(id="somying", name="สมหญิง ใจดี", email="somying@jsc.example")
CITIZEN_ID = "1101700230708"
MARGIN = timedelta(seconds=60)  # never jump exactly onto a timer: reads right at it may be stale


async def replay(history: WorkflowHistory) -> None:
    """Replay a history with the workflows of today; raises if they would do something else."""
    nothing: Any = None  # no activity runs in a replay
    plugin = CaseworkPlugin(StandardsLibrary([default_pack()]), nothing, nothing)
    await Replayer(workflows=[], plugins=[plugin]).replay_workflow(history)


class PlayedCase:
    """A case whose virtual time the test moves."""

    def __init__(self, office: Office, handle: CaseHandle, address: str) -> None:
        self.office = office
        self.handle = handle
        self.case_id = handle.case_id
        self.address = address

    async def act(self, command: Command, command_id: str | None = None) -> CommandReply:
        """Give a command, and let the records hear of it."""
        reply = await self.handle.act(command, command_id)
        if self.office.records_answer:
            await self.handle.recorded(reply)
        return reply

    async def view(self) -> CaseView:
        """The case now."""
        return await self.handle.view()

    async def now(self) -> datetime:
        """The case's own time."""
        return await self.office.temporal.get_current_time(self.handle.workflow)

    async def pass_time(self, until: datetime | timedelta) -> None:
        """Let time pass: a duration, or to just after a moment."""
        distance = until if isinstance(until, timedelta) else until - await self.now() + MARGIN
        await self.office.temporal.fast_forward(self.handle.workflow, distance)

    async def expire(self) -> None:
        """Let the limit pass that ends the stage, and the time to enter what came within it."""
        until = max(
            clock.entry_closes_at for clock in (await self.view()).clocks if clock.entry_closes_at and not clock.stopped_at
        )
        await self.pass_time(until)

    async def types(self) -> list[str]:
        """What happened, by type; how the promise moved with it has tests of its own (test_promises)."""
        return [event.type for event in (await self.view()).events if event.type != "promise_moved"]

    def mails(self) -> list[Any]:
        """What the requester got."""
        return self.office.mailbox.to(self.address)


class Office:
    """Opens cases on the time-skipping server."""

    def __init__(self, temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox) -> None:
        self.temporal = temporal
        self.records = records
        self.mailbox = mailbox
        self.client = CaseClient(temporal.client)
        self.opened: list[CaseHandle] = []
        self.records_answer = True  # False in tests in which they may be down

    def requester(self, **changes: Any) -> Requester:
        """A citizen with an address of their own."""
        data = {"name": "สมชาย รักไทย", "email": f"citizen-{uuid4().hex[:8]}@home.example", "citizen_id": CITIZEN_ID, **changes}
        return Requester.model_validate(data)

    async def open(self, request: CaseRequest) -> PlayedCase:
        """Open a case whose clock stands until the test moves it."""
        with self.temporal.with_time_skipping_disabled():
            handle = await self.client.open(request)
        self.opened.append(handle)
        if self.records_answer:
            await handle.recorded(CommandReply(case_id=handle.case_id, stage="queued", event=1))
        return PlayedCase(self, handle, request.requester.email or "")

    async def replay_all(self) -> None:
        """Replay the history of every case that was opened here: what a test did live must come out the same again."""
        for handle in self.opened:
            await replay(await handle.workflow.fetch_history())

    async def forward(self, **changes: Any) -> PlayedCase:
        """Open a complete application."""
        data = {"documents": [Document(name="คำขอ")], **self._common(), **changes}
        return await self.open(ForwardRequest.model_validate(data))

    async def information(self, **changes: Any) -> PlayedCase:
        """Open a request for information."""
        return await self.open(InformationRequest.model_validate({**self._common(), **changes}))

    async def one_stop(self, **changes: Any) -> PlayedCase:
        """Open a visit."""
        return await self.open(OneStopRequest.model_validate({**self._common(), **changes}))

    async def complaint(self, **changes: Any) -> PlayedCase:
        """Open a complaint."""
        return await self.open(ComplaintRequest.model_validate({**self._common(), **changes}))

    def _common(self) -> dict[str, Any]:
        return {"centre": "JSC", "request_id": uuid4().hex, "requester": self.requester(), "subject": "สถานีบริการน้ำมัน"}
