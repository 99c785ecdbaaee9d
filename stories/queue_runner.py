"""Plays a day at the counter on real servers: the queue's workflow in story time, officers who call as soon as they are free."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.postgres.records import PostgresRecords
from casework.adapters.postgres.tickets import PostgresTickets
from casework.plugin import CaseworkPlugin
from casework.runner import sandboxed
from casework.standards.pack.layers import merged
from casework.standards.pack.loader import StandardsLibrary
from casework.starter.errors import CaseRefused
from casework.starter.queue import QueueClient
from casework.stories.checks import Check
from casework.stories.queue_story import QueueStory, StaffedPoint, Visitors
from casework.stories.runner import Kept, Played, Told, packs_of, unless_it_ended
from casework.stories.story import StoryError
from casework.stories.story_time import CasesInStoryTime, StoryTime
from casework.workflows.messages import queue as said
from casework.workflows.messages.events import Event
from casework.workflows.messages.people import Actor, Officer
from casework.workflows.messages.queue import QueueEvent, TicketEvent
from casework.workflows.queue.audit import impossible

SETTLED_WITHIN = 30.0  # seconds for the records to have the last event
KIOSK = Actor(id="kiosk", role="requester")
MINUTE = timedelta(minutes=1)
LAST_MINUTE = 23 * 60 + 45  # a story is over then


class _Sitting:
    """A point of the story, and whom it has."""

    def __init__(self, told: StaffedPoint) -> None:
        self.told, self.open = told, False
        self.ticket: str | None = None
        self.until: int | None = None  # service ends; None while nobody came
        self.actor = Actor(id=f"officer-{told.point}", role="centre_officer")


class QueueRunner:
    """Plays stories of the counter, one after the other."""

    def __init__(self, environment: WorkflowEnvironment, records: PostgresRecords) -> None:
        self._environment, self._records = environment, records

    async def play(self, story: QueueStory, folder: Path) -> Played:
        """Play a story; `folder` is where its pack is looked for. Raises PackError, and StoryError for unknown names."""
        async with AsyncExitStack() as stack:
            playing = _Playing(self._environment, self._records, story, folder)
            await playing.begin(stack)
            for minute in range(playing.first_minute, LAST_MINUTE):
                if playing.something_happens(minute):
                    await playing.minute(minute)
            await playing.end()
            return await playing.outcome()


class _Playing:
    """One story under way."""

    def __init__(self, environment: WorkflowEnvironment, records: PostgresRecords, story: QueueStory, folder: Path) -> None:
        self._environment, self._records, self._story = environment, records, story
        # A code of its own: the queue of this day at the same centre is another story's.
        code = {"organisation": {"centre": {"code": f"S{uuid4().hex[:8]}"}}}
        [self._pack] = packs_of(story.given.model_copy(update={"changes": merged(story.given.changes, code)}), folder)
        if unknown := list(self._unknown()):
            raise StoryError(story.story, unknown)
        self._points = [_Sitting(told) for told in story.queue.points]
        self._coming: dict[int, list[Visitors]] = defaultdict(list)
        for visitors in story.queue.visitors:
            for at in visitors.times:
                self._coming[at].append(visitors)
        self._who: dict[str, Visitors] = {}
        self._refused: list[str] = []
        self._time, self._kept = StoryTime(), Kept()
        self._zone = ZoneInfo(self._pack.calendar.timezone)

    @property
    def first_minute(self) -> int:
        """When somebody comes, or a point opens."""
        return min([*self._coming, *(span.begins for point in self._points for span in point.told.hours)])

    async def begin(self, stack: AsyncExitStack) -> None:
        """Connect, start the worker, and begin the queue."""
        tickets = PostgresTickets(self._records)
        plugin = CaseworkPlugin(StandardsLibrary([self._pack]), self._records, self._kept, tickets=tickets)
        service = self._environment.client.service_client.config
        client = await Client.connect(service.target_host, namespace=self._environment.client.namespace, plugins=[plugin])
        tasks = f"story-{uuid4().hex[:8]}"
        worker = Worker(client, task_queue=tasks, workflow_runner=CasesInStoryTime(sandboxed(), self._time))
        await stack.enter_async_context(worker)
        self._queue = QueueClient(client, tasks).queue(self._pack.organisation.centre.code, self._story.queue.day)
        self._time.begin(self._queue.queue_id, self._moment(self.first_minute), datetime.now(UTC))
        with self._environment.with_time_skipping_disabled():
            await self._queue.begin()
        stack.push_async_callback(self._stop)

    def something_happens(self, minute: int) -> bool:
        """Whether somebody comes, is called again, has been served, or a point opens or closes."""
        edges = (edge for point in self._points for span in point.told.hours for edge in (span.begins, span.ends))
        busy = any(point.ticket is not None and (point.until is None or point.until <= minute) for point in self._points)
        return minute in self._coming or busy or minute in edges

    async def minute(self, minute: int) -> None:
        """What happens at a full minute: who comes takes a ticket, then each point in turn."""
        await self._come_to(minute)
        for visitor in self._coming.get(minute, []):
            await self._take(visitor)
        for point in self._points:
            await self._work(point, minute)

    async def end(self) -> None:
        """Let the day pass to its end."""
        if await self._is_running():
            with unless_it_ended():
                await self._come_to(LAST_MINUTE)

    async def outcome(self) -> Played:
        """Every expectation and its fate."""
        deadline = asyncio.get_running_loop().time() + SETTLED_WITHIN
        while True:
            events = await PostgresTickets(self._records).queue_events(self._queue.queue_id)
            checks = list(_checks(self._story, events, self._refused))
            if all(each.ok for each in checks) or asyncio.get_running_loop().time() > deadline:
                break
            await asyncio.sleep(0.2)
        timeline = [Told(event.ticket or "", _as_told(event)) for event in events]
        return Played(self._story, checks, timeline, self._kept.messages, self._zone)

    async def _take(self, visitor: Visitors) -> None:
        appointment = self._moment(visitor.appointment) if visitor.appointment is not None else None
        command = said.TakeTicket(actor=KIOSK, service=visitor.service, priority=visitor.priority, appointment_at=appointment)
        try:
            reply = await self._queue.act(command)
        except CaseRefused as refused:
            self._refused.append(str(refused))
            return
        assert reply.ticket is not None
        self._who[reply.ticket.number] = visitor

    async def _work(self, point: _Sitting, minute: int) -> None:
        """Finish, go for a break or come back, call whoever is next."""
        if point.ticket is not None and point.until is None:
            await self._call_again(point)
        elif point.ticket is not None and point.until is not None and point.until <= minute:
            await self._finish(point)
        staffed = point.told.is_staffed(minute)
        if point.open and not staffed and point.ticket is None:
            await self._say(said.ClosePoint, point)
            point.open = False
        if not point.open and staffed:
            officer = Officer(id=point.actor.id, name=point.told.officer)
            point.open = await self._say(said.OpenPoint, point, officer=officer.model_dump()) is not None
        if point.open and staffed and point.ticket is None:
            await self._call(point, minute)

    async def _call(self, point: _Sitting, minute: int) -> None:
        reply = await self._say(said.CallNext, point)
        if reply is None or reply.ticket is None:
            return
        point.ticket, point.until = reply.ticket.number, None
        if not self._who[point.ticket].stays_away:
            await self._say(said.Serve, point)
            point.until = minute + point.told.serves

    async def _call_again(self, point: _Sitting) -> None:
        if await self._say(said.Recall, point) is None and await self._say(said.RecordNoShow, point) is not None:
            point.ticket = None

    async def _finish(self, point: _Sitting) -> None:
        assert point.ticket is not None
        visitor = self._who[point.ticket]
        if visitor.goes_on_to is not None:
            await self._say(said.Transfer, point, service=visitor.goes_on_to)
            self._who[point.ticket] = visitor.model_copy(update={"goes_on_to": None})
        else:
            await self._say(said.Finish, point)
        point.ticket = point.until = None

    async def _say(self, command: type[said.QueueCommand], point: _Sitting, **fields: Any) -> said.QueueReply | None:
        """Give a command; None if it was refused (nobody waits)."""
        try:
            return await self._queue.act(command.model_validate({"actor": point.actor, "point": point.told.point, **fields}))
        except CaseRefused:
            return None

    async def _come_to(self, minute: int) -> None:
        time, moment = self._time.case(self._queue.queue_id), self._moment(minute)
        now = await self._environment.get_current_time(self._queue.workflow)
        distance = time.stop_at(moment) + time.ahead - now
        if distance > timedelta():
            await self._environment.fast_forward(self._queue.workflow, distance)
            now = await self._environment.get_current_time(self._queue.workflow)
        time.say(now, moment)

    async def _is_running(self) -> bool:
        return (await self._queue.workflow.describe()).status is WorkflowExecutionStatus.RUNNING

    async def _stop(self) -> None:
        if await self._is_running():
            await self._queue.workflow.terminate()

    def _moment(self, minute: int) -> datetime:
        day = self._story.queue.day
        return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=self._zone).astimezone(UTC)

    def _unknown(self) -> Iterator[str]:
        queue, pack = self._story.queue, self._pack
        for number, visitors in enumerate(queue.visitors):
            for service in filter(None, (visitors.service, visitors.goes_on_to)):
                if service not in pack.queue.ticket_prefix:
                    yield f"queue.visitors[{number}]: unknown service {service}; known are {', '.join(pack.queue.ticket_prefix)}"
        for point in queue.points:
            if point.point not in (known := [each.no for each in pack.service_points]):
                yield f"queue.points: unknown point {point.point}; known are {', '.join(map(str, known))}"


def _as_told(event: QueueEvent) -> Event:
    """A line of the timeline."""
    data = {**({"point": event.point} if event.point else {}), **event.data}
    return Event(seq=event.seq, key=event.key, type=event.type, at=event.at, actor=event.actor, data=data)


def _checks(story: QueueStory, events: list[QueueEvent], refused: list[str]) -> Iterator[Check]:
    """What happened beside what was expected, counted from the events in the records."""
    then = story.then
    taken = {event.ticket: event for event in events if event.type is TicketEvent.TAKEN}
    kinds = Counter(event.type for event in events)
    first_call: dict[str | None, QueueEvent] = {}
    for event in events:
        if event.type is TicketEvent.CALLED:
            first_call.setdefault(event.ticket, event)
    for what, expected, found in (
        ("tickets", then.tickets, len(taken)),
        ("served", then.served, kinds[TicketEvent.FINISHED]),
        ("no_show", then.no_show, kinds[TicketEvent.NO_SHOW]),
        ("sent_home", then.sent_home, kinds[TicketEvent.SENT_HOME]),
        ("carried_over", then.carried_over, kinds[TicketEvent.CARRIED_OVER]),
        ("waited_long", then.waited_long, kinds[TicketEvent.WAITED_LONG]),
    ):
        if expected is not None:
            yield Check(expected == found, "queue", what, str(expected), str(found))
    for words in then.refused:
        said = "; ".join(sorted(set(refused))) or "nobody was"
        yield Check(any(words in each for each in refused), "queue", "refused", words, said)
    waits: dict[str, list[int]] = defaultdict(list)
    for ticket, call in first_call.items():
        waits[str(taken[ticket].data["service"])].append(round((call.at - taken[ticket].at) / MINUTE))
    for what, expected_of, of in (("longest wait", then.longest_wait, max), ("total wait", then.total_wait, sum)):
        for service, minutes in expected_of.items():
            count = of(waits[service]) if waits[service] else 0
            yield Check(count == minutes, "queue", f"{what}, {service}", str(minutes), str(count))
    served = _service_minutes(events)
    for service, minutes in then.service_time.items():
        yield Check(served[service] == minutes, "queue", f"service time, {service}", str(minutes), str(served[service]))
    for point, tickets in then.called.items():
        calls = (event for event in events if event.type is TicketEvent.CALLED and event.point == point)
        called = [str(event.ticket) for event in calls][: len(tickets)]
        yield Check(called == tickets, "queue", f"called at {point}", " ".join(tickets), " ".join(called))
    wrong = list(impossible(events))
    yield Check(not wrong, "queue", "nobody is lost, or at two points", "so", "; ".join(wrong) or "so")


def _service_minutes(events: list[QueueEvent]) -> Counter[str]:
    began: dict[str | None, datetime] = {}
    service: dict[str | None, str] = {}
    minutes: Counter[str] = Counter()
    for event in events:
        match event.type:
            case TicketEvent.TAKEN | TicketEvent.TRANSFERRED:
                service[event.ticket] = str(event.data["service"])
            case TicketEvent.BEGAN:
                began[event.ticket] = event.at
            case TicketEvent.FINISHED:
                minutes[service[event.ticket]] += round((event.at - began[event.ticket]) / MINUTE)
    return minutes
