"""Case: what every process holds. It opens, walks the stages, keeps clocks and journal, and closes.

A process owns a Case and tells its story with it:

    match await self.case.decision():
        case ForwardApplication() as it: ...

The process decides what happens; the Case sees that it is recorded, timed, told, and survives anything.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import FailureError, is_cancelled_exception

from casework.standards.counting.due_calculator import UNCOUNTABLE
from casework.standards.counting.ledger import Ledger
from casework.standards.counting.plan import ASKED, COUNTER, LETTERS, REQUESTER
from casework.standards.counting.service_rules import WALK_IN
from casework.standards.limits import Named
from casework.workflows import errors
from casework.workflows.case import opening
from casework.workflows.case.breaches import stop
from casework.workflows.case.calendar_follower import CalendarFollower
from casework.workflows.case.clock import Clock
from casework.workflows.case.clock_changes import ClockChanges
from casework.workflows.case.command_desk import CommandDesk, HoldsCase, commands_of
from casework.workflows.case.counting import Counting
from casework.workflows.case.delivery import Delivery
from casework.workflows.case.endings import Endings, Expired
from casework.workflows.case.file import DOCUMENTS_KEPT
from casework.workflows.case.improvements import Improvements
from casework.workflows.case.journal import Journal
from casework.workflows.case.letters import Letters
from casework.workflows.case.promises import Promises
from casework.workflows.case.publishing import Publisher
from casework.workflows.case.receipts import came_in_time, counted_at
from casework.workflows.case.resets import Resets
from casework.workflows.case.timekeeper import Timekeeper
from casework.workflows.case.views import case_view
from casework.workflows.messages.commands import Command, FromOutside
from casework.workflows.messages.events import EventType
from casework.workflows.messages.people import Actor, Document, Officer
from casework.workflows.messages.views import CaseResult, CaseView
from casework.workflows.names import CLOSED
from casework.workflows.ports import NoticeFate, StandardAnswer, Terms

PAPERS_NAMED = 20  # in a notice; all are with the case


class _NewRun(Exception):
    """The history is long: leave the stage, to be entered again by the next run."""


class Case:
    """One case. Built in `@workflow.init`, so that a command arriving with the first task finds it."""

    def __init__(self, process: HoldsCase, start: RawValue) -> None:
        """The case of a process that was started with this payload."""
        self.definition = process.definition
        self.file, problem = opening.read(self.definition, start)
        self.desk = CommandDesk(self.file, commands_of(type(process)))
        self.desk.invalid = problem
        self._publisher = Publisher(self.file, self.definition, self.desk.allowed)
        self.journal = Journal(self.file, self._committed, self._met)
        self._delivery = Delivery(self.file, self.journal)
        self._counting = Counting(self.file)
        self.letters = Letters(self.file, self._counting, self.journal)
        self.improvements = Improvements(self.file, self.definition, self.journal)
        self._timekeeper = Timekeeper(self.file, self._counting, self.journal, self.letters, self.improvements)
        self._promises = Promises(self.file, self._counting, self.journal)
        self.clocks = ClockChanges(self.file, self._counting, self.journal, self._timekeeper, self._promises)
        self.calendar = CalendarFollower(self.file, self.clocks, self.journal, self._timekeeper)
        self._broken: Exception | None = None
        self._background: list[asyncio.Task[None]] = []
        self.endings = Endings(self)
        self.resets = Resets(self.file, self.desk, self.journal)

    # The walk through the stages

    async def open(self, *steps: str, steps_of: Callable[[Terms], Sequence[str]] | None = None) -> None:
        """Take the terms of the standard, make the promise, start the clocks of the steps that begin at the receipt (those that
        `steps_of` finds in the terms, if they say so).

        Raises InvalidRequest, which fails the workflow, if the case cannot be opened as asked.
        """
        self._run_beside(self.resets.run)  # from the first task on: a reset may go back as far as that
        if self.file.terms is not None:
            return  # carried over from an earlier run
        if self.desk.invalid is None:
            answer = await self.calendar.open_terms()
            found = self._open_under(answer, steps_of(answer.terms) if steps_of and answer.terms else steps)
            if found:
                self.desk.invalid = errors.invalid_request(found)
        if self.desk.invalid is not None:
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise self.desk.invalid

    async def walk(self, stages: Mapping[Any, Callable[[], Awaitable[None]]]) -> CaseResult:
        """Go through the stages until the case is closed and nothing is owed."""
        self._run_beside(self._timekeeper.run)
        self._run_beside(self.calendar.run)
        self._run_beside(self.improvements.run)
        self.journal.resume()
        self._committed()
        try:
            while self.file.stage != CLOSED:
                try:
                    await self._stage(stages)()
                    self.clocks.count_what_stopped()
                except _NewRun:
                    await self._continue_as_new()
            self._finish_transition()
            await workflow.wait_condition(
                lambda: self._sound() and (self._nothing_owed or self._may_continue_as_new()) and workflow.all_handlers_finished()
            )
            if not self._nothing_owed:
                await self._continue_as_new()
        except (asyncio.CancelledError, FailureError) as error:
            if is_cancelled_exception(error):
                await self._close_cancelled()
            raise
        assert self.file.outcome is not None, "a case closes with an outcome"
        return CaseResult(case_id=self.file.case_id, case_no=self.file.case_no, outcome=self.file.outcome, events=self.file.seq)

    def _stage(self, stages: Mapping[Any, Callable[[], Awaitable[None]]]) -> Callable[[], Awaitable[None]]:
        if self.file.ending:
            return self._wait_until_notified
        return self.endings.ask_satisfaction if self.file.stage == ASKED else stages[self.file.stage]

    def begin(self, *steps: str, promise: str | None = None, because: Named | None = None, told: str | None = None) -> bool:
        """Begin a stage: start the clocks of its steps. From now on the steps of `promise` keep what the requester was
        promised; where the procedure makes another promise, `because` says why, and the notice `told` tells it.

        True only the first time: a stage that is entered again after a command, or by a continued run, goes on.
        """
        if not self.file.entering:
            return False
        self.file.entering = False
        going_on = {step for step, clock in self.file.clocks.items() if clock.running}
        if steps and going_on.issuperset(steps) and (promise is None or self._promises.keeps(promise)):
            return True  # they began with the receipt, and keep what was promised then
        since, self.file.counts_from = self.file.counts_from or workflow.now(), None
        for step in steps if not going_on.issuperset(steps) else ():
            self.start(step, since)
        if promise is not None:
            self._promises.begin(promise, since, because, told)
        return True

    def start(self, step: str, since: datetime | None = None) -> bool:
        """Start the clock of a step, now or since then. False if it cannot be counted: the case goes on without this clock, and
        everybody sees why."""
        try:
            self._counting.start(step, since or workflow.now())
        except UNCOUNTABLE as error:
            self.record(EventType.CLOCK_NOT_STARTED, step=step, problem=errors.words(error))
            return False
        return True

    async def decision(self) -> Command:
        """Wait for the command that takes the stage further, record it and return it.

        Returns `Expired` when a limit that ends the stage passes first. Whoever gave the command is answered when the
        stage asks for the next decision, or the case closes.
        """
        self._finish_transition()
        self.file.counts_from = None
        await workflow.wait_condition(
            lambda: self._sound() and (self.desk.inbox is not None or self._has_expired() or self._may_continue_as_new())
        )
        taken = self.desk.take()
        if taken is None:
            if self._has_expired():
                return Expired()
            raise _NewRun
        in_time = isinstance(taken.message, FromOutside) and came_in_time(self.file, taken.message)
        self._timekeeper.catch_up()
        if self._has_expired() and not in_time:  # the limit had passed when this came, only nobody was there to say so
            self.desk.decline("the time for this has passed")
            return Expired()
        message = taken.message
        self._make_responsible(message.actor)
        if isinstance(message, FromOutside) and message.received_at:
            self.file.counts_from = counted_at(message)
        self.record(message.event, message.actor, **message.model_dump(mode="json", exclude={"actor"}, exclude_none=True))
        return message

    def move(self, stage: str, *going_on: str) -> None:
        """Go to another stage; the clocks of this one stop, except those of steps that go on."""
        at = self.file.counts_from or workflow.now()
        for clock in self.file.clocks.values():
            if clock.step not in (*going_on, LETTERS):
                stop(self.file, self.journal, clock, at)
        self.letters.drop()
        self._narrow_pause(going_on, at)
        self.file.stage, self.file.stage_since, self.file.entering = stage, workflow.now(), True
        self.file.stage_counts_from = at
        self.file.promise_waits = False

    async def _wait_until_notified(self) -> None:
        """The decision is made; the case ends when those who must know have been told. A letter counts when it was served."""
        self._finish_transition()
        await workflow.wait_condition(lambda: self._sound() and (not self.endings.owes or self._may_continue_as_new()))
        if self.endings.owes:
            raise _NewRun
        self._timekeeper.catch_up()  # told too late is a breach, even if the two came together
        self.endings.told()

    # What a process tells the case

    def record(self, event_type: str, actor: Actor | None = None, **data: Any) -> None:
        """Record that something happened."""
        self.journal.record(event_type, actor, **data)

    def notify(self, template: str, to: str, **values: Any) -> str:
        """Owe a notice of the pack to a role; the promised time goes with it. Returns the notice's id."""
        promised = self.file.promised_at
        self.file.owner_told = self.file.owner_told or to == "owner_agency"
        if to != REQUESTER and self.file.request.hides_requester:
            values = {"requester_name": "–"} | values
        return self.journal.notify(template, to, **({"due_at": promised.isoformat()} if promised else {}) | values)

    def tell_at_once(self, template: str, **values: Any) -> None:
        """Owe the requester a notice that makes no sense as a letter: only who is reached electronically gets it."""
        if self.file.request.requester.told_at_once:
            self.notify(template, REQUESTER, **values)

    def tell_and_start(self, step: str, template: str, **values: Any) -> None:
        """Tell the requester something from which their time for a step runs: it begins when they have been told."""
        calculator, now = self._counting.calculator, workflow.now()
        limit = calculator.rules.step(step).limit
        assert limit is not None, "a step that waits for a notice has a limit"
        values["from_service"] = limit.model_dump(mode="json")  # what a letter says, which is served later
        with suppress(*UNCOUNTABLE):  # else it is said when it begins
            values["reply_by"] = calculator.plan(step, Ledger(started_at=now), now).due_at.isoformat()
        notice = self.notify(template, REQUESTER, **values)
        self.file.starts_when_told[notice] = step

    def promise_waits(self) -> None:
        """While the requester has the matter nobody is late with the promise: the procedure makes it anew after this stage."""
        self.file.promise_waits = True

    def stop(self, step: str) -> None:
        """A step is done; its clock stops."""
        self.file.starts_when_told = {told: other for told, other in self.file.starts_when_told.items() if other != step}
        if step in self.file.clocks:
            stop(self.file, self.journal, self.file.clocks[step], workflow.now())

    def due(self, step: str) -> str | None:
        """When a running step is due, as notices take it."""
        clock = self.file.clocks.get(step)
        return clock.due_at.isoformat() if clock and clock.running else None

    def remind_with(self, token: str, value: Any) -> None:
        """What reminders and delay notices say from now on beside their dates, under this token; nothing if it is empty."""
        said = {key: each for key, each in self.file.reminders_say.items() if key != token}
        self.file.reminders_say = {**said, token: value} if value else said

    def add_documents(self, documents: list[Document]) -> None:
        """Keep documents' metadata in view; the records take them from the event that brought them."""
        self.file.documents = [*self.file.documents, *documents][-DOCUMENTS_KEPT:]

    @property
    def came_at(self) -> datetime:
        """When what the decision is about reached the centre."""
        return self.file.counts_from or workflow.now()

    def papers(self, *more: str) -> dict[str, list[str]]:
        """The papers of the case by name (and some more), as a notice to an agency takes them; empty if there are none."""
        names = [*(document.name for document in self.file.documents), *more]
        return {"papers": names[-PAPERS_NAMED:]} if names else {}

    @property
    def walked_in(self) -> bool:
        """Whether the requester stands at the counter."""
        return self.file.request.channel == WALK_IN

    def view(self) -> CaseView:
        """The case as people see it."""
        return case_view(self.file, self.desk.allowed())

    # What the command desk asks

    def catch_up(self) -> None:
        """Fire what came due before a command acts."""
        self._timekeeper.catch_up()

    def commit(self) -> None:
        """A command that needs no stage is carried out: what it said goes out."""
        self.journal.commit()

    # Helpers

    def _run_beside(self, run: Callable[[], Awaitable[None]]) -> None:
        self._background.append(asyncio.create_task(self._guarded(run)))

    async def _guarded(self, run: Callable[[], Awaitable[None]]) -> None:
        try:
            await run()
        except Exception as error:
            self._broken = error  # whoever waits next raises it: nothing beside the stages dies unseen
            raise

    def _sound(self) -> bool:
        broken = self._broken or self.journal.broken or self._delivery.broken
        if broken is not None:
            # Fails the task, not the case: it is tried again, and a corrected worker goes on from here.
            raise RuntimeError("the journal or the timekeeper of this case stopped") from broken
        return True

    def _may_continue_as_new(self) -> bool:
        """Whether the history is long, and nobody is in the middle of something."""
        return workflow.info().is_continue_as_new_suggested() and workflow.all_handlers_finished()

    @property
    def _nothing_owed(self) -> bool:
        return self.journal.settled and not (self.file.owed or self.file.letters or self.file.owed_tasks)

    def _finish_transition(self) -> None:
        """The stage is done with what it took: what was said goes out, whoever gave the command is answered."""
        self.journal.commit()
        self.desk.answer()

    def _committed(self) -> None:
        """After each transition: operators see the case as it is, and who is still owed is told."""
        if self.file.terms is not None:
            self._publisher.publish()
            self._delivery.start()

    def _open_under(self, answer: StandardAnswer, steps: Sequence[str]) -> list[str]:
        """Open the case under these terms, or say why not."""
        plans, found = opening.planned(self.file, answer, self._counting, steps)
        if not found:
            self.record(EventType.OPENED, **opening.account(self.file, self._counting))
            for plan in plans:
                self.file.clocks[plan.step] = Clock.planned(plan)
        return found

    def _make_responsible(self, actor: Actor) -> None:
        """Who first takes a matter further at the counter has made it their own (รับเป็นธุระ), until it is reassigned."""
        if self.file.officer is None and actor.role == COUNTER:
            self.file.officer = Officer(id=actor.id)

    def _has_expired(self) -> bool:
        ran_out = self.file.pause is not None and self.file.pause.ran_out
        return ran_out or any(clock.expired and clock.stopped_at is None for clock in self.file.clocks.values())

    def _narrow_pause(self, going_on: Sequence[str], now: datetime) -> None:
        """A pause ends with its stage, except for clocks that go on into the next."""
        pause = self.file.pause
        still = [step for step in pause.steps if step in going_on and step in self.file.clocks] if pause else []
        if pause is not None and still:
            pause.steps = still
        else:
            self._end_pause(now)

    def _end_pause(self, now: datetime) -> None:
        """A pause ends with the stage it stood in."""
        if self.file.pause is not None and self.file.promise is not None:
            self.file.promise.end_pause(now)
        self.file.pause = None

    def _met(self, fate: NoticeFate, template: str, to: str) -> None:
        self.letters.met(fate, template, to)

    async def _continue_as_new(self) -> None:
        self.journal.commit()
        for task in self._background:
            task.cancel()
        self._delivery.stop()
        self.journal.stop()
        await asyncio.gather(*self._background, return_exceptions=True)
        workflow.continue_as_new(opening.CarriedOver(carried_over=self.file))

    async def _close_cancelled(self) -> None:
        """An operator cancelled the workflow: the records say so, and why, before it ends."""
        if self.file.terms is None:
            return
        self._delivery.last = True
        waited = bool(self.file.letters)
        self.letters.end()
        if self.file.stage == CLOSED and waited:
            self.record(EventType.CANCELLED_BY_OPERATOR, reason=workflow.cancellation_reason() or "none was given")
        if self.file.stage != CLOSED:
            self.desk.decline("the case was cancelled by an operator")
            self.record(EventType.CANCELLED_BY_OPERATOR, reason=workflow.cancellation_reason() or "none was given")
            self.move(CLOSED)
            self.file.closed_at = workflow.now()
        self._finish_transition()
        await workflow.wait_condition(lambda: self._sound() and self._nothing_owed and workflow.all_handlers_finished())
