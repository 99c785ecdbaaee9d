"""The counter in a drill: visitors take tickets, officers press "next" at the same moments, whatever happens to the servers; and
what must be true of the queue afterwards."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHistory

from casework.activities.queue import message_key
from casework.adapters.postgres.records import PostgresRecords
from casework.adapters.postgres.tickets import PostgresTickets
from casework.drill.people import Answer
from casework.drill.verdict import Finding, replayer
from casework.starter.client import CaseClient
from casework.starter.errors import CaseRefused, CaseworkError, InvalidCase
from casework.starter.queue import QueueClient, QueueHandle
from casework.stories import defaults
from casework.workflows.messages import queue as said
from casework.workflows.messages.people import Actor, Officer
from casework.workflows.messages.queue import QueueEvent, TicketEvent
from casework.workflows.queue.audit import ENDS, impossible
from casework.workflows.queue.journal import command_key
from casework.workflows.service_queue import ServiceQueue

POINTS = {2: "information_request", 3: "information_request", 4: "forward", 5: "forward", 6: "one_stop", 7: "one_stop"}
KIOSK = Actor(id="kiosk", role="requester")
ANSWERED_WITHIN = 180.0  # a command is sent again under its id so long
RECORDED_WITHIN = 60.0


@dataclass
class Remembered:
    """What the people at the counter were answered."""

    given: dict[str, tuple[str, Answer]] = field(default_factory=dict)  # id of a command -> its name, its answer
    cases: list[str] = field(default_factory=list)


class CounterPeople:
    """Visitors, and six officers who work until everybody was served."""

    def __init__(self, client: CaseClient, seed: int, visitors: int) -> None:
        today = datetime.now(ZoneInfo("Asia/Bangkok")).date()
        self.queue: QueueHandle = QueueClient(client.temporal).queue("JSC", today)
        self._seed, self._visitors, self._coming = seed, visitors, visitors
        self.remembered, self.temporal = Remembered(), client.temporal

    async def work(self) -> None:
        """The whole day, as fast as the servers let it be."""
        await asyncio.gather(self._visit(), *(self._serve(point) for point in POINTS))

    async def _visit(self) -> None:
        random = Random(f"{self._seed}/visitors")  # noqa: S311 - a drill is to be repeated, not to be secret
        for number in range(self._visitors):
            service = random.choice(sorted(set(POINTS.values())))
            requester = {**defaults.REQUESTER, "email": f"citizen-counter-{number}@home.example"}
            subject = {"subject": defaults.SUBJECT, "requester": requester, **defaults.REQUESTS[service]}
            fields = {"actor": KIOSK, "service": service, **(subject if random.random() < 0.3 else {})}
            await self._say(said.TakeTicket.model_validate(fields), f"take-{number}")
            self._coming -= 1
            await asyncio.sleep(random.uniform(0, 0.6))

    async def _serve(self, point: int) -> None:
        random = Random(f"{self._seed}/point {point}")  # noqa: S311
        actor, number = Actor(id=f"officer{point}", role="centre_officer"), 0

        async def say(command: type[said.QueueCommand], **fields: Any) -> said.QueueReply | None:
            nonlocal number
            number += 1
            return await self._say(command.model_validate({"actor": actor, "point": point, **fields}), f"{point}-{number}")

        await say(said.OpenPoint, officer=Officer(id=actor.id, name=f"เจ้าหน้าที่ {point}").model_dump())
        while True:
            called = await say(said.CallNext)
            if called is None:
                view = await self._view()
                if not self._coming and not [each for each in view.tickets if each.state in ("waiting", "held")]:
                    break
                for held in [each.number for each in view.tickets if each.state == "held"][:1]:
                    number += 1
                    await self._say(said.BringBack(actor=actor, ticket=held), f"{point}-{number}")
                await asyncio.sleep(0.5)
                continue
            match random.choice(["serve"] * 7 + ["nobody", "hold", "transfer"]):
                case "nobody":
                    while await say(said.Recall) is not None:
                        pass
                    await say(said.RecordNoShow)
                case "hold":
                    await say(said.Hold)
                case "transfer":
                    other = sorted(set(POINTS.values()) - {POINTS[point]})
                    await say(said.Transfer, service=random.choice(other))
                case _:
                    reply = await say(said.Serve)
                    if reply is not None and reply.case_id is not None and reply.case_id not in self.remembered.cases:
                        self.remembered.cases.append(reply.case_id)
                    await asyncio.sleep(random.uniform(0, 0.3))
                    await say(said.Finish)

    async def _say(self, command: said.QueueCommand, command_id: str) -> said.QueueReply | None:
        """Give a command until it is answered; None if it was refused."""
        deadline = asyncio.get_running_loop().time() + ANSWERED_WITHIN
        name = command.command_name()
        self.remembered.given[command_id] = (name, Answer.UNKNOWN)
        while True:
            try:
                reply = await self.queue.act(command, command_id)
            except (CaseRefused, InvalidCase):
                self.remembered.given[command_id] = (name, Answer.REFUSED)
                return None
            except CaseworkError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(0.5)
            else:
                self.remembered.given[command_id] = (name, Answer.DONE)
                return reply

    async def _view(self) -> said.QueueView:
        while True:
            try:
                return await self.queue.begin()
            except CaseworkError:
                await asyncio.sleep(0.5)


async def judge_counter(people: CounterPeople, records: PostgresRecords) -> tuple[list[Finding], Counter[str], dict[str, str]]:
    """What is wrong with the queue, its figures, and the keys of the messages in which visitors were called."""
    queue, tickets = people.queue, PostgresTickets(records)
    deadline = asyncio.get_running_loop().time() + RECORDED_WITHIN
    view = await queue.view()
    while True:
        events = await tickets.queue_events(queue.queue_id)
        if (events and view.recorded >= events[-1].seq == view.last_event) or asyncio.get_running_loop().time() > deadline:
            break
        await asyncio.sleep(0.2)
        view = await queue.view()
    client = people.temporal
    runs = [run async for run in client.list_workflows(f"WorkflowId = '{queue.queue_id}'")]
    histories = [
        await client.get_workflow_handle(queue.queue_id, run_id=run.run_id).fetch_history()
        for run in sorted(runs, key=lambda run: run.start_time)
    ]
    found = [Finding(what, queue.queue_id, detail) for what, detail in wrong_with(people.remembered, events, histories)]
    for history in histories:
        try:
            await replayer(ServiceQueue).replay_workflow(history)
        except Exception as error:  # noqa: BLE001 - whatever it is, this history does not replay
            found.append(Finding("does not replay", queue.queue_id, str(error)[:300]))
    kinds = Counter(event.type for event in events)
    figures = Counter({"tickets": kinds[TicketEvent.TAKEN], "queue events": len(events), "queue runs": len(histories)})
    called = (event for event in events if event.type in (TicketEvent.CALLED, TicketEvent.RECALLED))
    return found, figures, {message_key(queue.queue_id, event.seq, str(event.ticket)): str(event.ticket) for event in called}


def wrong_with(remembered: Remembered, events: list[QueueEvent], histories: list[WorkflowHistory]) -> Iterator[tuple[str, str]]:
    """What must not be, and where: in the queue itself, between history and records, between answers and records."""
    yield from (("impossible in a queue", line) for line in impossible(events))
    recorded = {(event.seq, event.key): event.type for event in events}
    batches = [batch for history in histories for batch in _batches(history)]
    decided = {(event["seq"], event["key"]): event["type"] for batch in batches for event in batch["events"]}
    for key in sorted(decided.keys() ^ recorded.keys()):
        yield ("queue: decided and not recorded" if key in decided else "queue: recorded and not decided"), str(key)
    times = Counter(event.key for event in events)
    for command_id, (name, answer) in remembered.given.items():
        count = times[command_key(command_id)]
        if answer is Answer.DONE and count != 1:
            yield "queue: answered, and not in the records once", f"{name} {command_id}: {count} times"
        if answer is Answer.REFUSED and count:
            yield "queue: refused to its giver, and in the records", f"{name} {command_id}"
    taken = {event.ticket for event in events if event.type is TicketEvent.TAKEN}
    ended = {event.ticket for event in events if event.type in ENDS}
    if not taken:
        yield "queue: nobody came", "no ticket was given"
    if taken != ended:
        yield "queue: neither served nor gone", ", ".join(sorted(map(str, taken - ended)))


def _batches(history: WorkflowHistory) -> list[dict[str, Any]]:
    return [
        json.loads(event.activity_task_scheduled_event_attributes.input.payloads[0].data)
        for event in history.events
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED
        and event.activity_task_scheduled_event_attributes.activity_type.name == "record_queue"
    ]
