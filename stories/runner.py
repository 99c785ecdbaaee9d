"""Plays a story on real servers: Temporal with virtual time for each case, PostgreSQL, a worker of its own.

played = await StoryRunner(environment, records).play(read_story(path), path.parent)
played.ok, played.checks, played.timeline
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

from pydantic import ValidationError
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.ports import Message
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.runner import sandboxed
from casework.standards.counting.calendar_rules import ChangeKind, Hours, NewChange
from casework.standards.counting.plan import OWNER, REQUESTER
from casework.standards.pack.layers import merged
from casework.standards.pack.loader import StandardsLibrary, default_pack, load_pack
from casework.standards.pack.model import ServiceStandards
from casework.starter.client import CaseClient, CaseHandle
from casework.starter.errors import CaseworkError
from casework.stories import defaults
from casework.stories.checks import Check, Seen, check
from casework.stories.known_names import unknown_names
from casework.stories.queue_story import QueueStory
from casework.stories.story import CalendarStep, Given, Story, StoryError, Then, When
from casework.stories.story_time import CasesInStoryTime, StoryTime
from casework.workflows import names
from casework.workflows.errors import problems
from casework.workflows.messages.commands import ChangeStandard, Recount
from casework.workflows.messages.events import Event, EventType
from casework.workflows.messages.people import Actor
from casework.workflows.processes import processes_for

SETTLED_WITHIN = 5.0  # seconds a case may take to carry out what is due
JUST_AFTER = timedelta(seconds=2)  # past a timer that stands at that very moment
LATER = "later"  # the version of the pack that cases may move to
NEVER_BY_ITSELF = "2399-01-01"
AT_ONCE = 16  # cases whose time passes; hundreds at once would each wait for the others
STUCK_AFTER = 30.0  # seconds, of which a story takes one or two
OPERATOR = Actor(id="operator", role="operator")


class Told(NamedTuple):
    """A line of the timeline."""

    case: str
    event: Event


class Played(NamedTuple):
    """A story that was played: every expectation and its fate, and what happened in order."""

    story: Story | QueueStory
    checks: list[Check]
    timeline: list[Told]
    messages: list[Message]
    zone: ZoneInfo

    @property
    def ok(self) -> bool:
        """Whether everything came out as told."""
        return all(each.ok for each in self.checks)


class Kept:
    """Keeps what would be sent."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def send(self, message: Message) -> None:
        """Keep it."""
        self.messages.append(message)


class StoryRunner:
    """Plays stories, one after the other."""

    def __init__(self, environment: WorkflowEnvironment, records: PostgresRecords) -> None:
        self._environment = environment
        self._records = records

    async def play(self, story: Story, folder: Path) -> Played:
        """Play a story; `folder` is where its pack is looked for. Raises PackError if the pack it asks for is not valid, and
        StoryError for names that the pack does not know."""
        packs = packs_of(story.given, folder)
        unknown = unknown_names(story, packs)
        if unknown:
            raise StoryError(story.story, unknown)
        async with AsyncExitStack() as stack:
            playing = _Playing(self._environment, self._records, packs, stack)
            await playing.begin()
            for step in story.when:
                await playing.step(step)
            await playing.until(story.last_moment)
            await playing.expect(story.then)
            await playing.nobody_left_untold(story)
            timeline = await playing.timeline()
            return Played(story, playing.checks, timeline, playing.notifier.messages, playing.zone)


class _Playing:
    """One story under way."""

    def __init__(
        self, environment: WorkflowEnvironment, records: PostgresRecords, packs: list[ServiceStandards], stack: AsyncExitStack
    ) -> None:
        self._environment, self._records, self._packs, self._stack = environment, records, packs, stack
        self._queue = f"story-{uuid4().hex[:8]}"
        self._time = StoryTime()
        self._passing = asyncio.Semaphore(AT_ONCE)
        self._cases: dict[str, CaseHandle] = {}
        self.zone = ZoneInfo(packs[0].calendar.timezone)
        self.notifier = Kept()
        self.checks: list[Check] = []

    async def begin(self) -> None:
        """Connect, and start the worker."""
        service = self._environment.client.service_client.config
        plugin = CaseworkPlugin(StandardsLibrary(self._packs), self._records, self.notifier)
        client = await Client.connect(service.target_host, namespace=self._environment.client.namespace, plugins=[plugin])
        self._client = CaseClient(client, self._queue)
        worker = Worker(client, task_queue=self._queue, workflow_runner=CasesInStoryTime(sandboxed(), self._time))
        await self._stack.enter_async_context(worker)

    async def step(self, step: When) -> None:
        """One thing that happens."""
        if step.open:
            await self._open(step)
        elif step.do:
            await self._come_to(step.case, step.at)
            await self._do(step)
        elif step.calendar or step.migrate_to:
            await asyncio.gather(*(self._come_to(name, step.at) for name in self._cases))
            if step.calendar:
                await self._change_calendar(step.calendar)
            elif step.migrate_to:
                await self._migrate(step.migrate_to)
        else:
            await self.until(step.at)
        if step.then is not None:
            await self.expect(step.then if isinstance(step.then, dict) else {step.case: step.then})

    async def until(self, moment: datetime) -> None:
        """Let time pass for every case, until just after a moment: what the clock does then has been done."""
        await asyncio.gather(*(self._pass_time(name, self._aware(moment) + JUST_AFTER) for name in self._cases))

    async def expect(self, expected: Then | dict[str, Then]) -> None:
        """Check, once everything that is due has been carried out."""
        by_case = expected if isinstance(expected, dict) else dict.fromkeys(self._cases, expected)
        for name, then in by_case.items():
            if name not in self._cases:
                self.checks.append(Check(False, name, "case", "is open", "no case of this name was opened"))
                continue
            deadline = asyncio.get_running_loop().time() + SETTLED_WITHIN
            while True:
                found = check(name, then, await self._seen(name))
                if all(each.ok for each in found) or asyncio.get_running_loop().time() > deadline:
                    break
                await asyncio.sleep(0.05)
            self.checks += found

    async def nobody_left_untold(self, story: Story) -> None:
        """A notice that fails is a fault of the pack, unless the story is told of it."""
        if EventType.NOTICE_FAILED in story.events_named:
            return
        for name, case in self._cases.items():
            for event in await self._records.events(case.case_id):
                if event.type == EventType.NOTICE_FAILED:
                    failed = f"{event.data.get('notice')} to {event.data.get('to')}"
                    self.checks.append(Check(False, name, failed, "told", str(event.data.get("error", "failed"))))

    async def timeline(self) -> list[Told]:
        """What happened, in order, in story time."""
        events = [Told(name, event) for name, case in self._cases.items() for event in await self._records.events(case.case_id)]
        return sorted(events, key=lambda told: (told.event.at.replace(second=0, microsecond=0), told.case, told.event.seq))

    async def _open(self, step: When) -> None:
        request_id = uuid4().hex
        given = {**defaults.REQUESTS.get(str(step.open), {}), **step.with_}
        now, at = datetime.now(UTC), self._aware(step.at)
        received = datetime.fromisoformat(str(given.pop("received_at", step.at)))
        given.setdefault("centre", self._packs[0].organisation.centre.code)
        self._time.begin(names.case_id(str(step.open), given["centre"], request_id), at, now)
        data = {
            "service": step.open,
            "request_id": request_id,
            "requester": defaults.REQUESTER,
            "subject": defaults.SUBJECT,
            "received_at": self._aware(received),
            **given,
        }
        model = processes_for(self._packs)[str(step.open)].definition.request
        try:
            with self._environment.with_time_skipping_disabled():
                case = await self._client.open(model.model_validate(data))
        except (CaseworkError, ValidationError) as refused:
            why = "; ".join(problems(refused)) if isinstance(refused, ValidationError) else str(refused)
            self._refusal(step, "open", why)
        else:
            self._cases[step.case] = case
            self._refusal(step, "open", None)

    async def _do(self, step: When) -> None:
        case, name = self._cases[step.case], str(step.do)
        view = await case.view()
        allowed = {each.name: each.roles for each in view.allowed_commands}
        may = allowed.get(name, [])
        if "received_at" in step.with_:  # said by whoever enters it for somebody else
            may = [role for role in may if role != REQUESTER and not role.startswith(OWNER)] or may
        role = step.by or next(iter(may), None) or self._any_role(name)
        payload = {**defaults.COMMANDS.get(name, {}), **step.with_, "actor": _actor(role, view.agency)}
        if "received_at" in payload:
            payload["received_at"] = self._aware(datetime.fromisoformat(str(payload["received_at"])))
        try:
            await case.send(name, payload)
        except CaseworkError as refused:
            self._refusal(step, name, str(refused))
        else:
            self._refusal(step, name, None)

    def _refusal(self, step: When, what: str, why: str | None) -> None:
        """Check that something was refused as told, or was not."""
        if why is None and step.refused is None:
            return
        ok = why is not None and step.refused is not None and step.refused in why
        expected = f"refused: {step.refused}" if step.refused else "done"
        self.checks.append(Check(ok, step.case, what, expected, why.partition(". Possible now")[0] if why else "done"))

    async def _change_calendar(self, change: CalendarStep) -> None:
        kind = ChangeKind.WITHDRAWN if change.remove else ChangeKind.HOURS if change.hours else ChangeKind.HOLIDAY
        day = change.add or change.remove
        assert day is not None
        hours = [Hours(open=part.split("-")[0], close=part.split("-")[1]) for part in (change.hours or "").split(",") if part]
        named = {"name_th": change.name, "name_en": change.name_en, "reason": "story", "by": OPERATOR.id}
        asked = NewChange(
            standard=self._packs[0].id,
            date=day,
            kind=kind,
            hours=hours,
            region=change.region,
            **named,
        )
        made = await self._records.change_calendar([asked])
        if not made:
            self.checks.append(Check(False, "calendar", str(day), "a change", "is so already"))
        for case in self._cases.values():
            if await _is_open(case):
                await case.act(Recount(actor=OPERATOR, revision=max((each.revision for each in made), default=0)))

    async def _migrate(self, version: str) -> None:
        now = self._packs[0]
        message = ChangeStandard(
            actor=OPERATOR, from_id=now.id, from_version=now.version, standard_id=now.id, standard_version=version, reason="story"
        )
        for name, case in self._cases.items():
            if await _is_open(case):
                try:
                    await case.act(message)
                except CaseworkError as refused:
                    self.checks.append(Check(False, name, f"migrate to {version}", "done", str(refused)))

    async def _come_to(self, name: str, moment: datetime) -> None:
        """Let it be that moment for one case: what it hears from now on, it hears then. What the clock does at that moment
        comes first, except that lateness begins after it."""
        case, at = self._cases[name], self._aware(moment)
        time = self._time.case(case.case_id)
        await self._pass_time(name, time.stop_at(at))
        if await _is_open(case):
            await case.view()  # what became due on the way has been carried out in its own time
            with unless_it_ended():
                time.say(await self._environment.get_current_time(case.workflow), at)

    async def _pass_time(self, name: str, moment: datetime) -> None:
        case = self._cases[name]
        if not await _is_open(case):
            return
        with unless_it_ended():
            now = await self._environment.get_current_time(case.workflow)
            distance = moment + self._time.case(case.case_id).ahead - now
            if distance > timedelta():
                async with self._passing:
                    try:
                        await asyncio.wait_for(self._environment.fast_forward(case.workflow, distance), STUCK_AFTER)
                    except TimeoutError:
                        raise StoryError(name, [f"time does not pass: {await _why_stuck(case)}"]) from None

    async def _seen(self, name: str) -> Seen:
        case = self._cases[name]
        return Seen(
            await case.view(), await self._records.events(case.case_id), await self._records.notices(case.case_id), self.zone
        )

    def _any_role(self, command: str) -> str:
        """Somebody who may give the command in some stage, for stories in which it is refused."""
        pack = self._packs[0]
        roles = [by[command] for service in pack.services for by in pack.permissions(service).values() if command in by]
        return roles[0][0] if roles else "centre_officer"

    def _aware(self, local: datetime) -> datetime:
        return local.replace(tzinfo=self.zone).astimezone(UTC)  # sums within a zone would go by its wall clock


async def _why_stuck(case: CaseHandle) -> str:
    """What the case's workflow task says that fails again and again."""
    history = await case.workflow.fetch_history()
    failed = [e for e in history.events if e.HasField("workflow_task_failed_event_attributes")]
    if not failed:
        return "its workflow does nothing"
    return f"its workflow task fails: {failed[-1].workflow_task_failed_event_attributes.failure.message}"


@contextmanager
def unless_it_ended() -> Iterator[None]:
    """A case may end after it was seen open; then its time need not pass any more."""
    try:
        yield
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


async def _is_open(case: CaseHandle) -> bool:
    return (await case.workflow.describe()).status is WorkflowExecutionStatus.RUNNING


def packs_of(given: Given, folder: Path) -> list[ServiceStandards]:
    """The pack of the story under an id of its own, and its later version if the story has one."""
    base = load_pack(folder / given.pack) if given.pack else default_pack()
    data = merged(base.model_dump(mode="json", by_alias=True), given.changes)
    data = merged(data, {"calendar": given.calendar})
    data["id"] = f"story-{uuid4().hex[:8]}"
    packs = [ServiceStandards.model_validate(data)]
    if given.later_version:
        later = merged(data, given.later_version) | {"version": LATER, "effective_from": NEVER_BY_ITSELF}
        packs.append(ServiceStandards.model_validate(later))
    return packs


def _actor(role: str, agency: str | None) -> dict[str, str]:
    """Somebody in a role; who acts for the owner agency says which one that is."""
    unit = {"unit": agency} if agency and role.startswith(OWNER) else {}
    return {"id": role.replace("_", "-"), "role": role, **unit}
