"""The day of a queue: it opens under the pack's rules, decides, watches the time, and hands over to the next day."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from casework.workflows import errors, names
from casework.workflows.messages.people import Actor
from casework.workflows.messages.queue import CarriedTicket, OpenPoint, QueueEvent, QueueReply, TicketEvent
from casework.workflows.options import READ_RETRY, READ_TIMEOUT
from casework.workflows.queue.board import board
from casework.workflows.queue.cases import TicketCases
from casework.workflows.queue.decisions import Decided, Decisions
from casework.workflows.queue.file import REPLIES_KEPT, QueueFile, QueueStart
from casework.workflows.queue.hours import Hours
from casework.workflows.queue.journal import QueueJournal, short
from casework.workflows.queue.line import Line, Point, Ticket, origin
from casework.workflows.queue.opening import CarriedOn
from casework.workflows.queue.ports import OfficerQuery, QueueAnswer, QueuePort, QueueQuery, QueueTerms
from casework.workflows.queue.telling import Telling
from casework.workflows.queue.views import points_of, ticket_view

LOOK_AGAIN = timedelta(hours=1)  # at the calendar of a day that is closed, or has not begun
NAME_WITHIN = timedelta(seconds=5)  # else the point opens without the name in the records


class QueueDay:
    """What happens to one queue."""

    def __init__(self, file: QueueFile, invalid: ApplicationError | None) -> None:
        self.file = file
        self.invalid = invalid  # why there is no such queue
        self.hours = Hours(file)
        self.journal = QueueJournal(file)
        self.telling = Telling(file, self.hours)
        self.cases = TicketCases(file, self.hours, self.journal)
        self._reset = asyncio.Event()
        self._was_reset = self._opening = False
        workflow.register_random_seed_callback(self._note_reset)

    # Opening and handing on

    async def open(self) -> None:
        """Take the rules and hours of the day. What the records have of it (it was terminated or reset) stands as it did, and
        what was decided and not written yet goes on from there."""
        file = self.file
        if self.invalid is not None or (file.terms is not None and not self._was_reset):
            return
        began, self._opening = file.terms is not None, True
        while True:
            self._was_reset = False
            holder = workflow.uuid4().hex
            terms, kept, problem = await self._read_all(holder)
            if not self._was_reset:
                break
        terms = terms or file.terms  # after a reset it goes on as it was, whatever became of its pack
        if terms is None:
            self.invalid = errors.invalid_request([problem or "no standard"], "the queue")
            return
        file.holder = holder
        self._build(terms, kept)
        if kept or began:
            self.journal.record(TicketEvent.BEGAN_AGAIN, None)
        self.take_over(file.start.carried)
        self._opening = False

    def _build(self, terms: QueueTerms, kept: Sequence[QueueEvent]) -> None:
        """The line that these events make, and those after them that the records do not have."""
        file = self.file
        in_records = {event.key for event in kept}
        unwritten = [event for event in file.outbox if event.key not in in_records]
        file.line, file.outbox = Line(), []
        self._take(terms)
        for event in kept:
            file.line.apply(event)
        file.recorded = file.line.seq
        for event in unwritten:
            again = event.model_copy(update={"seq": file.line.seq + 1})
            file.line.apply(again)
            file.outbox.append(again)
        commands = [event for event in (*kept, *file.outbox) if event.actor is not None]
        file.done = dict.fromkeys(short(event.key) for event in commands)
        file.replies = {event.key: self._reply(event) for event in commands[-REPLIES_KEPT:]}

    def answered_before(self, key: str) -> QueueReply | None:
        """The answer to a command that was carried out already; of one long ago only that it was."""
        known = QueueReply(queue_id=self.file.queue_id, event=0) if short(key) in self.file.done else None
        return self.file.replies.get(key) or known

    async def take_up_resets(self) -> None:
        """What was decided after the place to which a queue was reset is in the records, and stands."""
        while True:
            await self._reset.wait()  # a condition would be looked at only after the commands that come with the reset
            self._reset.clear()
            await self.open()

    async def follow_the_standard(self) -> None:
        """Before its counter opens, and while its day is closed, a queue looks at the calendar now and then; afterwards whatever
        is written down tells it of a change."""
        while not self.file.ended:
            now, opens = workflow.now(), self.hours.counter_opens
            closed = self.hours.terms.opens_at is None
            if not closed and now >= opens:
                return
            wait = LOOK_AGAIN if closed else min(LOOK_AGAIN, opens - now)
            await workflow.sleep(wait, summary="before the counter opens: is the calendar as it was?")
            await self.read_terms()

    async def read_terms(self, revision: int = 0) -> None:
        """Take rules and hours as they are now."""
        answer = await self._read(revision=revision)
        if answer.terms is not None:  # else its pack is not served any more: the day goes on as it began
            self._take(answer.terms)
            self.journal.news += 1

    async def opened(self) -> None:
        """Wait until it is open, or say why it cannot be."""
        await workflow.wait_condition(lambda: self.is_open or self.invalid is not None)
        if self.invalid is not None:
            raise self.invalid

    async def continue_as_new(self) -> None:
        """The history is long: go on in a new run."""
        workflow.continue_as_new(CarriedOn(carried_on=self.file))

    async def _read_all(self, holder: str) -> tuple[QueueTerms | None, list[QueueEvent], str | None]:
        kept: list[QueueEvent] = []
        since = workflow.now()
        while True:
            answer = await self._read(holder=holder, since=since, after=kept[-1].seq if kept else 0)
            if answer.held_since is not None and answer.held_since > since:  # a clock that was ahead: who is asked here is alive
                kept, since = [], answer.held_since + timedelta(microseconds=1)
                continue
            kept += answer.kept
            if not answer.more:
                return answer.terms, kept, answer.problem

    async def _read(
        self, revision: int = 0, holder: str | None = None, since: datetime | None = None, after: int = 0
    ) -> QueueAnswer:
        start = self.file.start
        query = QueueQuery(
            queue_id=self.file.queue_id, centre=start.centre, day=start.day, revision=revision, holder=holder,
            since=since, after=after,
        )  # fmt: skip
        return await workflow.execute_activity_method(
            QueuePort.read_queue, query, start_to_close_timeout=READ_TIMEOUT, retry_policy=READ_RETRY,
            summary=f"the rules of {start.day} at {start.centre}",
        )  # fmt: skip

    def _take(self, terms: QueueTerms) -> None:
        self.file.terms = terms
        for point in terms.points:
            self.file.line.points.setdefault(point.no, Point(no=point.no, services=[])).services = point.services

    def _note_reset(self, _: int) -> None:
        self._was_reset = True  # no more than that: Temporal calls this beside the workflow, and drops what it raises
        self._reset.set()

    @property
    def is_open(self) -> bool:
        """Whether its rules are known, and it is not being built again."""
        return self.file.terms is not None and not self._was_reset and not self._opening

    @property
    def is_over(self) -> bool:
        """The day has ended, the records have all of it, and nobody is being told."""
        return self.file.ended and not self.file.outbox and not self.telling.is_under_way

    @property
    def is_long(self) -> bool:
        """It is time for a new run, and nothing is in the middle."""
        at_rest = self.is_open and not self.file.ending and not self.telling.is_under_way
        return at_rest and workflow.info().is_continue_as_new_suggested()

    # Deciding

    @property
    def decisions(self) -> Decisions:
        """What can be decided now."""
        return Decisions(self.file.line, self.hours.terms)

    @property
    def has_ended(self) -> bool:
        """Nobody is called any more."""
        return self.file.ending or self.hours.has_ended(workflow.now())

    def carry_out(self, decided: Decided, actor: Actor) -> QueueReply:
        """A command was decided: it happens."""
        before = self.file.line.tickets.get(decided.ticket or "")
        event = self.journal.record(decided.type, decided.ticket, decided.point, actor, **decided.data)
        if before is not None and decided.type is TicketEvent.CALLED:
            self.telling.called(before)
        reply = self._reply(event)
        return reply.model_copy(update={"case_id": before.case_id}) if before is not None and reply.ticket is None else reply

    def _reply(self, event: QueueEvent) -> QueueReply:
        shown = self.file.line.tickets.get(event.ticket or "")
        return QueueReply(
            queue_id=self.file.queue_id,
            event=event.seq,
            ticket=ticket_view(self.file, shown, workflow.now()) if shown else None,
            case_id=shown.case_id if shown else None,
            point=next((each for each in points_of(self.file) if each.no == event.point), None),
        )

    async def with_officer(self, said: OpenPoint) -> OpenPoint:
        """Who opens a point, with the name in the records; whoever is on duty there if nobody is named."""
        if said.officer is not None and said.officer.name is not None:
            return said
        query = OfficerQuery(
            centre=self.file.start.centre, point=said.point, at=workflow.now(), timezone=self.hours.terms.timezone,
            officer_id=said.officer.id if said.officer else None,
        )  # fmt: skip
        try:
            found = await workflow.execute_activity_method(
                QueuePort.find_officer, query, start_to_close_timeout=NAME_WITHIN, schedule_to_close_timeout=NAME_WITHIN,
                retry_policy=READ_RETRY, summary=f"who is at point {said.point}",
            )  # fmt: skip
        except ActivityError:  # the records are down: the point opens all the same, if it is said for whom
            if said.officer is None:
                raise errors.refused("the roster cannot be read now; say which officer opens the point") from None
            return said
        if found.officer is None and said.officer is not None:
            raise errors.refused(
                f"the records know no officer {said.officer.id}; say the name, or enter them (casework officers set)"
            )
        return said.model_copy(update={"officer": found.officer})

    # The records

    async def keep_records(self) -> None:
        """Write what happens; a calendar that changed meanwhile is taken up."""
        while True:
            await workflow.wait_condition(lambda: self.is_open and bool(self.file.outbox))
            written = await self.journal.write()
            if written.superseded:  # what the records have goes before what this run knows
                self._note_reset(0)
            elif written.calendar > self.hours.terms.revision:
                await self.read_terms(written.calendar)

    # The time

    async def until_something_is_due(self) -> None:
        """Sleep until somebody has waited too long, or the day ends."""
        journal, hours = self.journal, self.hours
        while True:
            await workflow.wait_condition(lambda: self.is_open)
            due = hours.next_moment()
            if due <= workflow.now():
                return
            seen = journal.news
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda due=due, seen=seen: journal.news != seen and hours.next_moment() < due,  # type: ignore[misc]
                    timeout=due - workflow.now(),
                    timeout_summary=f"{due.astimezone(hours.zone):%H:%M}: somebody waits too long, or the day ends",
                )

    def warn_of_long_waits(self) -> None:
        """Note who has waited too long; the supervisor is told, not of each one, but again and again while it lasts."""
        file, now = self.file, workflow.now()
        for ticket in self.hours.waiting_too_long(now):
            self.journal.record(TicketEvent.WAITED_LONG, ticket.number)
        late = [each for each in file.line.waiting() if each.warned]
        if late and (file.told_at is None or now - file.told_at >= self.hours.patience):
            file.told_at = now
            self.telling.long_waits(late, now)

    # The end of the day

    async def end(self) -> None:
        """Nobody is called any more: places are kept for the next day, or people are told to come back, as the pack says. Who was
        called by then is served."""
        file = self.file
        file.ending = True
        left = [each for each in file.line.tickets.values() if each.state in ("waiting", "held")]
        kept = self.hours.carries_over(workflow.now())
        if left and kept:
            await self._carry_over(sorted(left, key=lambda each: each.turn))
        for ticket in left:
            self._leaves(ticket.number, TicketEvent.CARRIED_OVER if kept else TicketEvent.SENT_HOME)
        for point in [each for each in file.line.points.values() if each.open]:
            self.journal.record(TicketEvent.POINT_CLOSED, None, point.no)
        with suppress(TimeoutError):
            until_midnight = max(timedelta(seconds=1), self.hours.midnight(0) - workflow.now())
            await workflow.wait_condition(lambda: self.is_open and not file.line.tickets, timeout=until_midnight)
        for ticket in list(file.line.tickets.values()):
            if ticket.state == "serving":
                self.journal.record(TicketEvent.FINISHED, ticket.number, ticket.point, because="the day ended")
            else:
                self._leaves(ticket.number, TicketEvent.SENT_HOME)
        file.ended = True

    def _leaves(self, number: str, how: TicketEvent) -> None:
        ticket = self.file.line.tickets.get(number)
        if ticket is None:  # it was built again meanwhile, and they are gone
            return
        self.journal.record(how, number)
        if how is TicketEvent.SENT_HOME:
            self.telling.sent_home(ticket)

    async def _carry_over(self, left: Sequence[Ticket]) -> None:
        """The next day's queue begins with those who still wait."""
        day, centre = self.hours.next_day(), self.file.start.centre
        new_id = names.queue_id(centre, day)
        tickets = [_carried(each, self.file.start.day) for each in left]
        try:
            await workflow.start_child_workflow(
                "service_queue",
                QueueStart(centre=centre, day=day, carried=tickets),
                id=new_id,
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=names.queue_summary(centre, day),
                search_attributes=names.queue_attributes(centre, day),
            )
        except WorkflowAlreadyStartedError:
            await workflow.get_external_workflow_handle(new_id).signal("carry_over", tickets)

    def take_over(self, tickets: Sequence[CarriedTicket]) -> None:
        """Those of the day before wait here, at their places, each once however often they are handed over."""
        line = self.file.line
        for each in tickets:
            if origin(each.from_day, each.number) in line.carried.values():
                continue
            letter, given = each.number[0], line.given.get(each.number[0], 0)
            free = [n for n in range(1, 1000) if n > given and f"{letter}{n:03}" not in line.carried]
            wanted = int(each.number[1:])
            number = f"{letter}{min((n for n in free if n >= wanted), default=free[0] if free else wanted):03}"
            said = each.model_dump(mode="json", exclude={"number"}, exclude_defaults=True)
            changed = {"from_number": each.number} if number != each.number else {}
            self.journal.record(TicketEvent.TAKEN, number, None, None, **said, **changed)

    async def keep_the_board(self) -> None:
        """Show what stands now, once for all that happened in one moment."""
        shown = -1
        while True:
            workflow.set_current_details(board(self.file, workflow.now()))
            shown = self.journal.news
            await workflow.wait_condition(lambda shown=shown: self.journal.news != shown)  # type: ignore[misc]


def _carried(ticket: Ticket, day: str) -> CarriedTicket:
    kept = ticket.model_dump(include={"number", "service", "priority", "arrived_at", "place", "case_id"})
    return CarriedTicket.model_validate({**kept, "from_day": day, "request": ticket.request or None})
