"""The counter: tickets, points, calls, waiting; on real servers, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.converter import DataConverter
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer, Worker

from casework.activities import calendar_book
from casework.activities import queue as queue_activities
from casework.adapters.postgres.records import PostgresRecords
from casework.adapters.postgres.tickets import NewDuty, PostgresTickets
from casework.payloads import CaseworkPayloadConverter
from casework.plugin import CaseworkPlugin
from casework.runner import casework_runner
from casework.standards.counting.calendar_rules import ChangeKind, Hours, NewChange
from casework.standards.pack.layers import merged
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.standards.pack.model import ServiceStandards
from casework.starter.client import CaseClient
from casework.starter.errors import CaseRefused, CaseworkError, InvalidCase, NotFound
from casework.starter.queue import QueueClient, QueueHandle
from casework.workflows.messages import queue as said
from casework.workflows.messages.forward import ForwardRequest
from casework.workflows.messages.one_stop import Convert
from casework.workflows.messages.people import Actor, Document, Officer, Requester
from casework.workflows.messages.queue import QueueEvent
from casework.workflows.queue.audit import impossible
from casework.workflows.queue.ports import QueueBatch, QueueWritten
from casework.workflows.service_queue import ServiceQueue
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
        with suppress(RPCError):  # its day may be over
            await self.handle.workflow.terminate()
        await self._worker.__aexit__(None, None, None)

    async def restart_worker(self) -> None:
        """Another worker, which knows nothing but the history."""
        await self._worker.__aexit__(None, None, None)
        self._worker = Worker(self.temporal, task_queue=self.queues.task_queue)
        await self._worker.__aenter__()

    async def today(self) -> QueueHandle:
        with self.environment.with_time_skipping_disabled():
            handle = self.queues.queue(self.centre, datetime.now(BANGKOK).date())
            await handle.begin()
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
    [called] = [message for message in counter.mail.sent if message.template == "ticket_called"]
    assert called.addresses == {"email": "s@home.example"}
    assert "A001 ที่จุดบริการที่ 2 เจ้าหน้าที่ผู้ให้บริการ สมหญิง ใจดี ศูนย์บริการร่วม" in called.body
    assert reply.case_id is not None
    case = await counter.cases.case(reply.case_id).view()
    assert (case.stage, case.officer) == ("serving", SOMYING.model_copy(update={"point": 2}))
    while not (begun := [message for message in counter.mail.sent if message.template == "service_begun"]):
        await asyncio.sleep(0.05)
    assert "โดยมี สมหญิง ใจดี (จุดบริการที่ 2) เป็นผู้ให้บริการ" in begun[0].body
    assert "case_received" not in {message.template for message in counter.mail.sent}
    await counter.cases.case(reply.case_id).workflow.terminate()


async def test_a_visit_that_turns_into_another_service_has_a_case_of_its_own_there(counter: Counter) -> None:
    requester = Requester(name="สมชาย รักไทย")
    await counter.take("one_stop", subject="คู่มือ", requester=requester)
    await counter.point(6)
    await counter.point(2, PREECHA)
    await counter.call(6)
    first = (await counter.at(said.Serve, 6)).case_id
    await counter.at(said.Transfer, 6, service="information_request")
    await counter.call(2)
    second = (await counter.at(said.Serve, 2)).case_id
    assert first is not None
    assert second is not None
    assert (first.partition("-")[0], second.partition("-")[0]) == ("one", "information")
    for case in (first, second):
        await counter.cases.case(case).workflow.terminate()


async def test_a_one_stop_visit_that_becomes_another_service_goes_on_with_that_case(counter: Counter) -> None:
    await counter.take("one_stop", subject="รายชื่อสถานี", requester=Requester(name="สมชาย รักไทย", email="s@home.example"))
    await counter.point(6)
    await counter.point(2, PREECHA)
    await counter.call(6)
    visit = counter.cases.case(str((await counter.at(said.Serve, 6)).case_id))
    await visit.act(Convert(actor=OFFICER, into="information_request"))
    [link] = (await visit.view()).links
    await counter.at(said.Transfer, 6, service="information_request", case_id=link.case_id)
    assert await counter.call(2) == "C001"
    assert (await counter.at(said.Serve, 2)).case_id == link.case_id
    case = await counter.cases.case(link.case_id).view()
    assert (case.stage, case.officer) == ("serving", PREECHA.model_copy(update={"point": 2}))
    assert case.received_at == (await visit.view()).received_at
    await counter.cases.case(link.case_id).workflow.terminate()


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
        await counter.queues.queue("NOWHERE", date(2026, 11, 23)).begin()


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


async def until_recorded(counter: Counter, event: int) -> None:
    while (await counter.handle.view()).recorded < event:
        await asyncio.sleep(0.02)


async def test_a_command_sent_again_after_a_termination_is_not_done_again(counter: Counter) -> None:
    take = said.TakeTicket(actor=KIOSK, service="forward")
    first = await counter.handle.act(take, "kiosk-0001")
    await until_recorded(counter, first.event)
    await counter.handle.workflow.terminate()
    again = await counter.handle.act(take, "kiosk-0001")
    assert again.ticket is not None
    assert first.ticket is not None
    assert (again.event, again.ticket.number) == (first.event, first.ticket.number)
    assert (await counter.take("forward")).number == "B002"


async def test_what_a_terminated_queue_still_writes_is_dropped(counter: Counter) -> None:
    """Its writing may be under way when the next one has read the records: two lines would be mixed."""
    tickets = PostgresTickets(counter.records)
    queue_id, now = f"queue-{uuid4().hex}", datetime.now(BANGKOK)

    def batch(holder: str, ticket: str) -> QueueBatch:
        event = said.QueueEvent(seq=1, key=uuid4().hex, type=said.TicketEvent.TAKEN, at=now, ticket=ticket, data={"service": "x"})
        return QueueBatch(queue_id=queue_id, holder=holder, standard="s", centre="c", day="2026-11-23", events=[event])

    assert await tickets.hold(queue_id, "first", now) == (now, [])
    assert await tickets.hold(queue_id, "second", now + timedelta(seconds=1)) == (now + timedelta(seconds=1), [])
    assert await tickets.hold(queue_id, "first", now) == (now + timedelta(seconds=1), [])  # tried again, late
    assert (await tickets.write_queue(batch("first", "B001"))).superseded
    assert not (await tickets.write_queue(batch("second", "B002"))).superseded
    assert [event.ticket for event in (await tickets.hold(queue_id, "third", now + timedelta(minutes=1)))[1]] == ["B002"]


async def reset(counter: Counter, task: int) -> None:
    """Reset the queue to one of its workflow tasks."""
    history = await counter.handle.workflow.fetch_history()
    done = [e.event_id for e in history.events if e.HasField("workflow_task_completed_event_attributes")]
    client = counter.temporal
    await client.workflow_service.reset_workflow_execution(
        ResetWorkflowExecutionRequest(
            namespace=client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=counter.handle.queue_id),
            reason="somebody pressed the wrong button",
            workflow_task_finish_event_id=done[task],
            request_id=uuid4().hex,
        )
    )


async def sound(counter: Counter) -> list[QueueEvent]:
    """The events of a queue, once all are recorded; nothing is in them that no queue may have."""
    view = await counter.handle.begin()
    await until_recorded(counter, view.last_event)
    events = await PostgresTickets(counter.records).queue_events(counter.handle.queue_id)
    assert list(impossible(events)) == []
    return events


async def test_a_queue_that_is_reset_stands_as_the_records_have_it(counter: Counter) -> None:
    for _ in range(3):
        await counter.take("forward")
    await counter.point(4)
    await counter.call(4)
    before = await counter.handle.view()
    await until_recorded(counter, 5)
    await reset(counter, 1)
    after = await counter.handle.begin()
    assert (after.tickets, after.points) == (before.tickets, before.points)
    assert (await counter.take("forward")).number == "B004"
    assert "began_again" in {event.type for event in await sound(counter)}


async def test_a_reset_does_nothing_again_also_after_many_commands(counter: Counter) -> None:
    """Temporal gives the commands after the place of the reset again; the answers that are kept are fewer."""
    for _ in range(12):
        await asyncio.gather(*(counter.take("forward") for _ in range(10)))
    view = await counter.handle.begin()
    await until_recorded(counter, view.last_event)
    await reset(counter, 0)
    events = await sound(counter)
    assert sum(event.type is said.TicketEvent.TAKEN for event in events) == 120
    assert len((await counter.handle.view()).tickets) == 120


@pytest.mark.parametrize("write_takes", [0.0, 1.0])
async def test_resets_one_after_the_other_lose_nothing_while_the_records_are_slow(
    counter: Counter, monkeypatch: pytest.MonkeyPatch, write_takes: float
) -> None:
    real = PostgresTickets.write_queue

    async def slowly(self: PostgresTickets, batch: QueueBatch) -> QueueWritten:
        await asyncio.sleep(write_takes)
        return await real(self, batch)

    monkeypatch.setattr(PostgresTickets, "write_queue", slowly)
    given = [(await counter.take("forward")).number for _ in range(4)]
    await reset(counter, -1)
    given += [(await counter.take("forward")).number for _ in range(3)]
    await reset(counter, -1)
    given += [(await counter.take("forward")).number for _ in range(3)]
    await sound(counter)
    assert given == [f"B{number:03}" for number in range(1, 11)]
    assert [ticket.number for ticket in (await counter.handle.view()).tickets] == given


async def test_a_holder_whose_clock_was_ahead_is_taken_over_from(counter: Counter) -> None:
    ahead = "INSERT INTO casework.queue_holders VALUES ($1, 'ahead', now() + interval '1 hour')"
    await counter.records.rows(ahead, counter.handle.queue_id)
    await counter.take("forward")
    await sound(counter)
    assert [ticket.number for ticket in (await counter.handle.view()).tickets] == ["B001"]


async def test_a_case_that_was_to_begin_when_its_ticket_was_finished_begins_after_a_termination(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = queue_activities._open

    async def fails(*_: object) -> None:
        raise OSError("the case's server is away")

    monkeypatch.setattr(queue_activities, "_open", fails)
    monkeypatch.setattr("casework.workflows.queue.cases.ANSWERED_WITHIN", timedelta(seconds=0.2))
    await counter.take("information_request", subject="ข้อมูล", requester=Requester(name="สมชาย"))
    await counter.point(2)
    await counter.call(2)
    await counter.at(said.Serve, 2)
    reply = await counter.at(said.Finish, 2)
    await until_recorded(counter, reply.event)
    await counter.handle.workflow.terminate()
    monkeypatch.setattr(queue_activities, "_open", real)
    await counter.handle.begin()
    while "case_linked" not in {event.type for event in await sound(counter)}:
        await asyncio.sleep(0.05)


async def test_whatever_is_signalled_or_said_raw_the_queue_goes_on(counter: Counter) -> None:
    ticket = {"number": "B001", "from_day": "2026-11-22", "service": "forward", "arrived_at": "2026-11-22T03:00:00Z"}
    wrong: list[Any] = [
        None, "x", 7, [], [{}], [{**ticket, "service": ["a"]}], [{**ticket, "colour": "red"}], [{**ticket, "number": "B1000"}],
        [{**ticket, "request": {"subject": "a\u0000", "requester": {"name": "x"}}}], [{**ticket, "from_day": "yesterday"}],
    ]  # fmt: skip
    for garbage in wrong:
        await counter.handle.workflow.signal("carry_over", garbage)
    await counter.handle.workflow.signal("carry_over")
    await counter.handle.workflow.signal("carry_over", [ticket, ticket])
    assert (await counter.take("forward")).number == "B002"
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        requester = {"name": "a", "title": "นาย\u0000"}
        payload = {"actor": KIOSK.model_dump(exclude_none=True), "service": "forward", "subject": "x", "requester": requester}
        await counter.handle.workflow.execute_update("take_ticket", payload)
    assert "requester.title" in str(failed.value.cause)
    await sound(counter)
    assert [each.number for each in (await counter.handle.view()).tickets] == ["B001", "B002"]


async def test_an_appointment_is_not_the_visitors_own_word(counter: Counter) -> None:
    with pytest.raises(CaseRefused, match="it is entered by centre_officer or centre_supervisor"):
        await counter.take("forward", appointment_at=datetime.now(BANGKOK))


async def test_nobody_begins_a_queue_of_a_day_that_is_far(counter: Counter) -> None:
    for day, reason in ((date(9999, 12, 30), "days ahead"), (date.fromisoformat("2100-01-01"), "days ahead")):
        with pytest.raises(InvalidCase, match=reason):
            await counter.queues.queue(counter.centre, day).begin()


async def test_a_case_that_was_to_begin_when_the_queue_was_terminated_begins(counter: Counter) -> None:
    await counter.take("information_request", subject="ข้อมูล", requester=Requester(name="สมชาย"))
    await counter.point(2)
    await counter.call(2)
    queue = counter.handle.queue_id
    begun = asyncio.create_task(counter.at(said.Serve, 2))
    while not await counter.records.rows("SELECT 1 FROM casework.queue_events WHERE queue_id = $1 AND type = 'began'", queue):
        await asyncio.sleep(0.01)
    await counter.handle.workflow.terminate()
    with suppress(CaseworkError):
        await begun
    await counter.handle.begin()
    while not (tickets := (await counter.handle.view()).tickets) or tickets[0].case_id is None:
        await asyncio.sleep(0.05)
    case = counter.cases.case(str(tickets[0].case_id))
    assert (await case.view()).stage == "serving"
    await case.workflow.terminate()


async def test_the_roster_says_who_opens_a_point_and_who_stands_in(counter: Counter) -> None:
    tickets, today = PostgresTickets(counter.records), date.fromisoformat(counter.handle.day)
    nok, tik = f"nok-{uuid4().hex[:6]}", f"tik-{uuid4().hex[:6]}"
    await counter.records.set_officer(nok, "นก มาดี", None, None)
    await counter.records.set_officer(tik, "ติ๊ก ขยัน", None, None)

    async def enter(officer: str | None, point: int) -> None:
        await tickets.enter_duty(NewDuty(counter.centre, point, officer, today, today, None, "00:00", "24:00", "head"))

    await enter(nok, 4)
    await enter(nok, 5)
    await enter(None, 5)
    opened = said.OpenPoint(actor=OFFICER, point=4)
    await counter.handle.act(opened)
    assert (await counter.handle.view()).points[3].officer == Officer(id=nok, name="นก มาดี")
    await counter.at(said.ClosePoint, 4)
    await counter.records.officer_away(nok, today, today, tik)
    await counter.handle.act(opened)
    assert (await counter.handle.view()).points[3].officer == Officer(id=tik, name="ติ๊ก ขยัน")
    with pytest.raises(CaseRefused, match="nobody is on duty at point 5"):
        await counter.handle.act(said.OpenPoint(actor=OFFICER, point=5))
    await counter.handle.act(said.OpenPoint(actor=OFFICER, point=5, officer=Officer(id=nok)))
    assert (await counter.handle.view()).points[4].officer == Officer(id=nok, name="นก มาดี")


async def test_a_queue_that_was_looked_at_early_follows_the_calendar(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calendar_book, "READ_AGAIN_AFTER", 0)  # three days pass in a moment
    day = date.fromisoformat(counter.handle.day) + timedelta(days=3)
    early = counter.queues.queue(counter.centre, day)
    assert (await early.begin()).opens_at is not None
    named = {"name_th": "วันหยุดพิเศษ", "name_en": "special holiday", "reason": "flood", "by": "operator"}
    await counter.records.change_calendar([NewChange(standard=counter.pack.id, date=day, kind=ChangeKind.HOLIDAY, **named)])
    await counter.environment.fast_forward(early.workflow, timedelta(days=3))
    while (await early.view()).opens_at is not None:
        await asyncio.sleep(0.05)
    with pytest.raises(CaseRefused, match="closed on this day"):
        await early.act(said.TakeTicket(actor=KIOSK, service="forward"))
    await early.workflow.terminate()


async def test_a_calendar_that_changes_during_the_day_is_followed(counter: Counter) -> None:
    day = date.fromisoformat(counter.handle.day)
    named = {"name_th": "ปิดก่อนเวลา", "name_en": "early closing", "reason": "flood", "by": "operator"}
    hours = [Hours(open="00:00", close="00:01")]
    change = NewChange(standard=counter.pack.id, date=day, kind=ChangeKind.HOURS, hours=hours, **named)
    await counter.records.change_calendar([change])
    await counter.take("forward")  # writing it down tells of the change
    closed = datetime.combine(day, datetime.min.time(), BANGKOK) + timedelta(minutes=1)
    while (await counter.handle.view()).closes_at != closed:
        await asyncio.sleep(0.05)


async def test_who_waits_too_long_is_told_to_the_supervisor_once(counter: Counter) -> None:
    await counter.take("forward")
    await counter.pass_time(timedelta(minutes=16))
    [message] = counter.mail.sent
    assert message.addresses == {"email": "supervisor@jsc.example"}
    assert "B001" in message.body


async def test_two_officers_who_press_next_in_the_same_moment_get_two_tickets(counter: Counter) -> None:
    for _ in range(14):
        await counter.take("forward")
        await counter.take("one_stop")
    for point in (4, 5, 6, 7):
        await counter.point(point, Officer(id=f"officer{point}", name="เจ้าหน้าที่"))
    called = await asyncio.gather(*(counter.call(point) for point in (4, 5, 6, 7)))
    assert sorted(called) == ["B001", "B002", "C001", "C002"]


async def test_a_command_sent_twice_is_done_once_also_when_the_first_answer_was_lost(counter: Counter) -> None:
    twice = [await counter.handle.act(said.TakeTicket(actor=KIOSK, service="forward"), "kiosk-1-0815") for _ in range(2)]
    assert twice[0] == twice[1]
    assert (await counter.take("forward")).number == "B002"


async def test_who_still_waits_when_the_day_ends_is_told_to_come_back(counter: Counter) -> None:
    await counter.take("forward")
    await counter.point(4)
    await counter.pass_time(timedelta(hours=26))
    await counter.handle.workflow.result()
    rows = await counter.records.rows("SELECT outcome FROM casework.tickets WHERE queue_id = $1", counter.handle.queue_id)
    assert [row["outcome"] for row in rows] == ["sent_home"]


async def test_places_are_carried_over_to_the_next_day_where_the_pack_says_so(
    temporal: WorkflowEnvironment, records: PostgresRecords
) -> None:
    async with Counter(temporal, records, day_end="carried_over") as counter:
        first = await counter.take("forward", subject="ขยายสถานี", requester=Requester(name="สมชาย", citizen_id="1101700230708"))
        await counter.pass_time(timedelta(hours=26))
        next_day = counter.queues.queue(counter.centre, date.fromisoformat(counter.handle.day) + timedelta(days=1))
        [carried] = (await next_day.view()).tickets
        assert (carried.number, carried.arrived_at) == (first.number, first.arrived_at)
        await next_day.workflow.terminate()


async def test_a_queue_that_is_started_wrongly_fails_with_the_reason(counter: Counter) -> None:
    for payload, reason in (
        ({"centre": "JSC"}, "day: Field required"),
        ({"centre": "JSC", "day": "tomorrow"}, "Invalid isoformat"),
        ("JSC", "valid dictionary"),
        ({"centre": "JSC", "day": "2026-11-23"}, "the queue of this day is queue-JSC-2026-11-23"),
    ):
        handle = await counter.temporal.start_workflow(
            "service_queue", payload, id=f"raw-{uuid4().hex}", task_queue=counter.queues.task_queue
        )
        with pytest.raises(WorkflowFailureError) as failed:
            await handle.result()
        assert reason in str(failed.value.cause)


async def test_the_board_reads_like_one_and_names_nobody_but_officers(counter: Counter) -> None:
    await counter.take("forward", subject="เรื่องลับ", requester=Requester(name="สมชาย รักไทย", citizen_id="1101700230708"))
    await counter.point(4)
    await counter.call(4)
    described = await counter.handle.workflow.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    shown = described.current_details
    assert "| 4 | บริการรับเรื่องส่งต่อ | สมหญิง ใจดี | **B001** |" in shown
    assert "สมชาย" not in shown
    assert "ลับ" not in shown
    assert "สมชาย" not in (await counter.handle.view()).model_dump_json()


async def test_a_cold_worker_goes_on_and_the_history_replays(counter: Counter) -> None:
    for _ in range(3):
        await counter.take("forward")
    await counter.point(4)
    await counter.call(4)
    before = await counter.handle.view()
    await counter.restart_worker()
    assert (await counter.handle.view()).tickets == before.tickets
    await counter.at(said.Serve, 4)
    await counter.at(said.Finish, 4)
    assert await counter.call(4) == "B002"
    history = await counter.handle.workflow.fetch_history()
    replayer = Replayer(
        workflows=[ServiceQueue],
        data_converter=DataConverter(payload_converter_class=CaseworkPayloadConverter),
        workflow_runner=casework_runner(None),
    )
    await replayer.replay_workflow(history)


async def test_a_long_day_goes_on_in_new_runs_and_costs_no_more_at_its_end(counter: Counter) -> None:
    first = (await counter.handle.workflow.describe()).run_id
    for point in (4, 5):
        await counter.point(point, Officer(id=f"officer{point}", name="เจ้าหน้าที่"))

    async def visit() -> None:
        await counter.take("forward")

    await asyncio.gather(*(visit() for _ in range(60)))
    served = 0
    while (await counter.handle.workflow.describe()).run_id == first:
        await asyncio.gather(visit(), visit(), *(_served(counter, point) for point in (4, 5)))
        served += 2
        assert served < 400, "a history of 4,096 events or so is long enough"
    before, tickets = (await counter.handle.workflow.describe()).history_length, 10
    for _ in range(tickets):
        await asyncio.gather(visit(), visit(), *(_served(counter, point) for point in (4, 5)))
        served += 2
    after = (await counter.handle.workflow.describe()).history_length
    assert (after - before) / (2 * tickets) < 45, "a ticket costs the new run no more than it did at the start"
    view = await counter.handle.view()
    assert len(view.tickets) == 60
    await until_recorded(counter, view.last_event)
    numbers = await counter.records.rows(
        "SELECT count(DISTINCT ticket) AS n FROM casework.tickets WHERE queue_id = $1", view.queue_id
    )
    assert numbers[0]["n"] == 60 + served


async def _served(counter: Counter, point: int) -> None:
    await counter.call(point)
    await counter.at(said.Serve, point)
    await counter.at(said.Finish, point)


async def test_a_case_that_cannot_be_begun_is_said_and_the_service_goes_on(counter: Counter) -> None:
    await counter.take("information_request", case_id="information-request-0000000000")
    await counter.take("forward", subject="ขยายสถานี", requester=Requester(name="สมชาย"))
    await counter.point(2)
    await counter.point(4, PREECHA)
    await counter.call(2)
    await counter.call(4)
    assert (await counter.at(said.Serve, 2)).problem == "there is no case information-request-0000000000"
    assert "needs the requester's identity" in str((await counter.at(said.Serve, 4)).problem)
    assert (await counter.at(said.Finish, 4)).ticket is None


async def test_who_is_still_served_at_midnight_ends_the_day_and_is_not_measured(counter: Counter) -> None:
    await counter.take("forward")
    await counter.point(4)
    await counter.call(4)
    await counter.at(said.Serve, 4)
    await counter.pass_time(timedelta(hours=27))
    assert await counter.handle.workflow.result() > 0
    [row] = await counter.records.rows("SELECT outcome FROM casework.tickets WHERE queue_id = $1", counter.handle.queue_id)
    assert row["outcome"] == "finished"
    times = await PostgresTickets(counter.records).service_times(counter.centre, date(2100, 1, 1), 40_000)
    assert [(each.n, each.told) for each in times.values()] == [(0, 1)]


async def test_the_visitors_of_a_day_that_ends_are_told_to_come_back(counter: Counter) -> None:
    await counter.take("forward", subject="ขยายสถานี", requester=Requester(name="สมชาย", email="s@home.example"))
    await counter.point(4)
    await counter.pass_time(timedelta(hours=26))
    await counter.handle.workflow.result()
    [said_to] = [message for message in counter.mail.sent if message.template == "ticket_sent_home"]
    assert "B001" in said_to.body
    assert "โปรดมารับบริการใหม่ได้ตั้งแต่" in said_to.body
    with pytest.raises(CaseRefused, match="the day of this queue has ended"):
        await counter.take("forward")
    assert (await counter.handle.view()).ended


async def test_who_was_called_before_the_end_is_served_after_it(counter: Counter) -> None:
    await counter.take("forward")
    await counter.point(4)
    await counter.call(4)
    ends = datetime.combine(date.fromisoformat(counter.handle.day), datetime.min.time(), BANGKOK) + timedelta(hours=25)
    await counter.pass_time(ends - datetime.now(BANGKOK) - timedelta(seconds=5))
    await counter.at(said.Serve, 4)
    reply = await counter.at(said.Finish, 4)
    assert reply.event
    rows = await counter.records.rows("SELECT outcome FROM casework.tickets WHERE queue_id = $1", counter.handle.queue_id)
    assert len(rows) == 1


async def test_a_case_that_does_not_answer_holds_up_nobody(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its worker is gone: the officer hears that it follows, and everything else goes on."""
    asked = asyncio.Event()

    async def never(*_: object) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr("casework.activities.queue._open", never)
    monkeypatch.setattr("casework.workflows.queue.cases.ANSWERED_WITHIN", timedelta(seconds=1))
    await counter.take("information_request", subject="ข้อมูล", requester=Requester(name="สมชาย"))
    await counter.point(2)
    await counter.call(2)
    assert "it follows" in str((await counter.at(said.Serve, 2)).problem)
    assert asked.is_set()
    reply = await counter.at(said.Finish, 2)
    await until_recorded(counter, reply.event)
    assert (await counter.take("information_request")).number == "A002"


async def test_a_look_at_a_queue_writes_nothing(counter: Counter) -> None:
    before = (await counter.handle.workflow.describe()).history_length
    for _ in range(5):
        await counter.handle.view()
    assert (await counter.handle.workflow.describe()).history_length == before
    with pytest.raises(NotFound, match="there is no queue of"):
        await counter.queues.queue(counter.centre, date(2020, 1, 6)).view()


async def test_a_visit_about_a_case_is_noted_in_it(counter: Counter) -> None:
    request = ForwardRequest(
        centre=counter.centre, request_id=uuid4().hex, subject="ขยายสถานี", documents=[Document(name="คำขอ")],
        requester=Requester(name="สมชาย", citizen_id="1101700230708"),
    )  # fmt: skip
    case = await counter.cases.open(request)
    await counter.take("forward", case_id=case.case_id)
    await counter.point(4)
    await counter.call(4)
    assert (await counter.at(said.Serve, 4)).case_id == case.case_id
    notes = [event.data["text"] for event in (await case.view()).events if event.type == "note_added"]
    assert notes == ["บัตรคิว B001 จุดบริการที่ 4 เจ้าหน้าที่ สมหญิง ใจดี"]
    await case.workflow.terminate()
    await counter.at(said.Hold, 4)
    await counter.handle.act(said.BringBack(actor=OFFICER, ticket="B001"))
    await counter.call(4)
    assert "is closed" in str((await counter.at(said.Serve, 4)).problem)
