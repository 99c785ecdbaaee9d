"""The counter: tickets, points, calls, waiting; on real servers, in virtual time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.postgres.records import PostgresRecords
from casework.adapters.postgres.tickets import PostgresTickets
from casework.plugin import CaseworkPlugin
from casework.standards.pack.layers import merged
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.standards.pack.model import ServiceStandards
from casework.starter.client import CaseClient
from casework.starter.errors import CaseRefused, InvalidCase
from casework.starter.queue import QueueClient, QueueHandle
from casework.workflows.messages import queue as said
from casework.workflows.messages.people import Actor, Officer, Requester
from tests.counter import Silent

BANGKOK = ZoneInfo("Asia/Bangkok")
OFFICER = Actor(id="somying", role="centre_officer", unit="JSC")
KIOSK = Actor(id="kiosk", role="requester")
SOMYING, PREECHA = Officer(id="somying", name="สมหญิง ใจดี"), Officer(id="preecha", name="ปรีชา รู้ดี")


class Counter:
    """A centre with a queue, on a pack whose office is open all day and all week."""

    def __init__(self, environment: WorkflowEnvironment, records: PostgresRecords, **queue: Any) -> None:
        changes = {
            "id": f"queue-{uuid4().hex[:8]}",
            "queue": queue,
            "organisation": {"centre": {"code": f"Q{uuid4().hex[:6].upper()}"}},
            "calendar": {
                "hours": [{"open": "00:00", "close": "24:00"}],
                "working_weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "holidays": {"provider": "none", "frozen": None, "categories": None, "exclude_names_en": None, "years": None},
            },
        }
        data = merged(default_pack().model_dump(mode="json", by_alias=True), changes)
        self.pack = ServiceStandards.model_validate(data)
        self.environment, self.records, self.mail = environment, records, Silent()
        self.centre = self.pack.organisation.centre.code

    async def __aenter__(self) -> Counter:
        plugin = CaseworkPlugin(StandardsLibrary([self.pack]), self.records, self.mail, tickets=PostgresTickets(self.records))
        config = self.environment.client.service_client.config
        self.temporal = await Client.connect(config.target_host, plugins=[plugin])
        queue = f"queue-{uuid4().hex[:6]}"
        self._worker = Worker(self.temporal, task_queue=queue)
        await self._worker.__aenter__()
        self.queues, self.cases = QueueClient(self.temporal, queue), CaseClient(self.temporal, queue)
        self.handle = await self.today()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.handle.workflow.terminate()
        await self._worker.__aexit__(None, None, None)

    async def today(self) -> QueueHandle:
        with self.environment.with_time_skipping_disabled():
            handle = self.queues.queue(self.centre, datetime.now(BANGKOK).date())
            await handle.view()
        return handle

    async def take(self, service: str = "forward", **fields: Any) -> said.TicketView:
        reply = await self.handle.act(said.TakeTicket(actor=KIOSK, service=service, **fields))
        assert reply.ticket is not None
        return reply.ticket

    async def point(self, number: int, officer: Officer = SOMYING) -> None:
        await self.handle.act(said.OpenPoint(actor=OFFICER, point=number, officer=officer))

    async def call(self, point: int) -> str:
        reply = await self.handle.act(said.CallNext(actor=OFFICER, point=point))
        assert reply.ticket is not None
        return reply.ticket.number

    async def at(self, command: type[said.QueueCommand], point: int, **fields: Any) -> said.QueueReply:
        return await self.handle.act(command.model_validate({"actor": OFFICER, "point": point, **fields}))

    async def pass_time(self, distance: timedelta) -> None:
        await self.environment.fast_forward(self.handle.workflow, distance)


@pytest.fixture
async def counter(temporal: WorkflowEnvironment, records: PostgresRecords) -> AsyncIterator[Counter]:
    async with Counter(temporal, records) as made:
        yield made


async def test_numbers_run_by_service_and_who_came_first_is_called_first(counter: Counter) -> None:
    numbers = [(await counter.take(service)).number for service in ("forward", "information_request", "forward", "one_stop")]
    assert numbers == ["B001", "A001", "B002", "C001"]
    await counter.point(4)
    assert await counter.call(4) == "B001"
    view = await counter.handle.view()
    assert [(point.no, point.ticket) for point in view.points if point.open] == [(4, "B001")]
    assert [called.number for called in view.last_called] == ["B001"]
    with pytest.raises(CaseRefused, match="point 4 has B001"):
        await counter.call(4)
    await counter.at(said.Serve, 4)
    await counter.at(said.Finish, 4)
    assert await counter.call(4) == "B002"


async def test_a_visitor_who_said_what_they_want_has_a_case_when_service_begins(counter: Counter) -> None:
    requester = Requester(name="สมชาย รักไทย", email="s@home.example")
    await counter.take("information_request", subject="รายชื่อสถานีบริการ", requester=requester)
    await counter.point(2)
    await counter.call(2)
    reply = await counter.at(said.Serve, 2)
    assert reply.problem is None
    assert reply.case_id is not None
    case = await counter.cases.case(reply.case_id).view()
    assert (case.stage, case.officer) == ("serving", SOMYING)
    await counter.cases.case(reply.case_id).workflow.terminate()


async def test_what_cannot_be_done_is_refused_in_words(counter: Counter) -> None:
    with pytest.raises(CaseRefused, match="there are no tickets for passports"):
        await counter.take("passports")
    with pytest.raises(CaseRefused, match="unknown class tall"):
        await counter.take(priority="tall")
    with pytest.raises(CaseRefused, match="point 4 is closed; open it first"):
        await counter.call(4)
    with pytest.raises(CaseRefused, match="there is no point 9"):
        await counter.point(9)
    with pytest.raises(CaseRefused, match="call_next takes centre_officer or centre_supervisor, not requester"):
        await counter.handle.act(said.CallNext(actor=KIOSK, point=4))
    await counter.point(4)
    with pytest.raises(CaseRefused, match="nobody waits for point 4"):
        await counter.call(4)
    with pytest.raises(CaseRefused, match="point 4 has nobody"):
        await counter.at(said.Serve, 4)
    with pytest.raises(CaseRefused, match="somying sits at point 4"):
        await counter.point(5)
    with pytest.raises(InvalidCase, match="centre: unknown NOWHERE"):
        await counter.queues.queue("NOWHERE", date(2026, 11, 23)).view()


async def test_the_records_have_every_ticket(counter: Counter) -> None:
    await counter.take("forward")
    await counter.point(4)
    await counter.call(4)
    await counter.at(said.Recall, 4)
    await counter.at(said.Serve, 4)
    reply = await counter.at(said.Finish, 4)
    while (await counter.handle.view()).recorded < reply.event:
        pass
    [row] = await counter.records.rows("SELECT * FROM casework.tickets WHERE queue_id = $1", counter.handle.queue_id)
    assert (row["ticket"], row["service"], row["calls"], row["outcome"], row["point"], row["officer_id"]) == (
        "B001", "forward", 2, "finished", 4, "somying",
    )  # fmt: skip
    assert row["arrived_at"] <= row["first_called_at"] <= row["began_at"] <= row["ended_at"]


async def test_a_terminated_queue_begins_again_where_it_stood(counter: Counter) -> None:
    for _ in range(3):
        await counter.take("forward")
    await counter.point(4)
    await counter.call(4)
    view = await counter.handle.view()
    while view.recorded < 5:
        view = await counter.handle.view()
    await counter.handle.workflow.terminate("somebody pressed the wrong button")
    counter.handle = await counter.today()
    again = await counter.handle.view()
    assert (again.tickets, again.points) == (view.tickets, view.points)
    assert (await counter.take("forward")).number == "B004"


async def test_who_waits_too_long_is_told_to_the_supervisor_once(counter: Counter) -> None:
    await counter.take("forward")
    await counter.pass_time(timedelta(minutes=16))
    [message] = counter.mail.sent
    assert message.addresses == {"email": "supervisor@jsc.example"}
    assert "B001" in message.body
