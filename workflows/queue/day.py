"""The day of a queue: it opens under the pack's rules, decides, begins cases, watches the time, hands over to the next day."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from casework.workflows import errors, names
from casework.workflows.messages.people import Actor, Requester
from casework.workflows.messages.queue import CarriedTicket, OpenPoint, QueueReply, TicketEvent
from casework.workflows.options import PATIENT_RETRY, PATIENT_TIMEOUT, READ_RETRY, READ_TIMEOUT
from casework.workflows.queue.board import board
from casework.workflows.queue.decisions import Decided, Decisions
from casework.workflows.queue.file import REPLIES_KEPT, QueueFile, QueueStart
from casework.workflows.queue.hours import Hours
from casework.workflows.queue.journal import QueueJournal
from casework.workflows.queue.line import Line, Point, Ticket
from casework.workflows.queue.opening import CarriedOn
from casework.workflows.queue.ports import (
    CaseToBegin,
    LongWait,
    OfficerQuery,
    QueueAnswer,
    QueuePort,
    QueueQuery,
    QueueTerms,
    TicketCall,
)
from casework.workflows.queue.views import ticket_view

CALL_HELPS = timedelta(minutes=3)  # who is told later was called again, or is gone


class QueueDay:
    """What happens to one queue."""

    def __init__(self, file: QueueFile, invalid: ApplicationError | None) -> None:
        self.file = file
        self.invalid = invalid  # why there is no such queue
        self.journal = QueueJournal(file)
        self.hours = Hours(file)
        self._reset = asyncio.Event()
        self._was_reset = self._opening = False
        workflow.register_random_seed_callback(self._note_reset)

    # Opening and handing on

    async def open(self) -> None:
        """Take the rules and hours of the day; what the records have of it (it was terminated or reset) stands as it did."""
        file = self.file
        if self.invalid is not None or (file.terms is not None and not self._was_reset):
            return
        began, self._opening = file.terms is not None, True
        while True:
            self._was_reset = False
            file.holder = workflow.uuid4().hex
            answer = await self._read(holder=file.holder)
            if not self._was_reset:
                break
        if answer.terms is None:
            self.invalid = errors.invalid_request([answer.problem or "no standard"], "the queue")
            return
        file.line, file.outbox, file.outbox_bytes, file.replies = Line(), [], 0, {}
        self._take(answer.terms)
        for event in answer.kept:
            file.line.apply(event)
            if event.actor is not None:
                shown = file.line.tickets.get(event.ticket or "")
                file.replies[event.key] = QueueReply(
                    queue_id=file.queue_id, event=event.seq, case_id=shown.case_id if shown else None,
                    ticket=ticket_view(file, shown, workflow.now()) if shown else None,
                )  # fmt: skip
        file.replies = dict(list(file.replies.items())[-REPLIES_KEPT:])
        file.recorded = file.line.seq
        if answer.kept or began:
            self.journal.record(TicketEvent.BEGAN_AGAIN, None)
        else:
            self.take_over(file.start.carried)
        self._opening = False
        for ticket in [each for each in file.line.tickets.values() if each.case_waits]:
            await self.begin_case(ticket.number)

    async def take_up_resets(self) -> None:
        """What was decided after the place to which a queue was reset is in the records, and stands."""
        while True:
            await self._reset.wait()  # a condition would be looked at only after the commands that come with the reset
            self._reset.clear()
            await self.open()

    async def follow_the_standard(self) -> None:
        """A queue that was begun on an earlier day (somebody looked at it) takes rules and hours again when its counter opens."""
        file = self.file
        read_at = file.terms_read_at
        if read_at is None or read_at >= self.hours.counter_opens or workflow.now() >= self.hours.counter_opens:
            return
        await workflow.sleep(self.hours.counter_opens - workflow.now(), summary="the counter opens")
        await self.read_terms()

    async def read_terms(self, revision: int = 0) -> None:
        """Take rules and hours as they are now."""
        answer = await self._read(revision=revision)
        if answer.terms is not None:  # else its pack is not served any more: the day goes on as it began
            self._take(answer.terms)
            self.journal.news += 1

    async def opened(self) -> None:
        """Wait until it is open, or say why it cannot be."""
        await workflow.wait_condition(lambda: self._is_open or self.invalid is not None)
        if self.invalid is not None:
            raise self.invalid

    async def continue_as_new(self) -> None:
        """The history is long: go on in a new run."""
        workflow.continue_as_new(CarriedOn(carried_on=self.file))

    async def _read(self, revision: int = 0, holder: str | None = None) -> QueueAnswer:
        start = self.file.start
        query = QueueQuery(
            queue_id=self.file.queue_id, centre=start.centre, day=start.day, revision=revision, holder=holder,
            since=workflow.now() if holder else None,
        )  # fmt: skip
        return await workflow.execute_activity_method(
            QueuePort.read_queue, query, start_to_close_timeout=READ_TIMEOUT, retry_policy=READ_RETRY,
            summary=f"the rules of {start.day} at {start.centre}",
        )  # fmt: skip

    def _take(self, terms: QueueTerms) -> None:
        file = self.file
        file.terms, file.terms_read_at = terms, workflow.now()
        for point in terms.points:
            file.line.points.setdefault(point.no, Point(no=point.no, services=[])).services = point.services

    def _note_reset(self, _: int) -> None:
        self._was_reset = True  # no more than that: Temporal calls this beside the workflow, and drops what it raises
        self._reset.set()

    @property
    def _is_open(self) -> bool:
        return self.file.terms is not None and not self._was_reset and not self._opening

    @property
    def is_over(self) -> bool:
        """The day has ended, and the records have all of it."""
        return self.file.ended and not self.file.outbox

    @property
    def is_long(self) -> bool:
        """It is time for a new run."""
        return workflow.info().is_continue_as_new_suggested() and not self.file.ended and self._is_open

    # Deciding

    @property
    def decisions(self) -> Decisions:
        """What can be decided now."""
        return Decisions(self.file.line, self.hours.terms)

    @property
    def has_ended(self) -> bool:
        """Nobody is called any more."""
        return self.hours.has_ended(workflow.now())

    def carry_out(self, decided: Decided, actor: Actor) -> QueueReply:
        """A command was decided: it happens."""
        self.journal.record(decided.type, decided.ticket, decided.point, actor, **decided.data)
        shown = self.file.line.tickets.get(decided.ticket or "")
        if shown is not None and decided.type in (TicketEvent.CALLED, TicketEvent.RECALLED):
            self._tell_called(shown)
        return QueueReply(
            queue_id=self.file.queue_id,
            event=self.file.line.seq,
            ticket=ticket_view(self.file, shown, workflow.now()) if shown else None,
            case_id=shown.case_id if shown else None,
        )

    async def with_officer(self, said: OpenPoint) -> OpenPoint:
        """Who opens a point, with the name in the records; whoever is on duty there if nobody is named."""
        if said.officer is not None and said.officer.name is not None:
            return said
        query = OfficerQuery(
            centre=self.file.start.centre, point=said.point, at=workflow.now(), timezone=self.hours.terms.timezone,
            officer_id=said.officer.id if said.officer else None,
        )  # fmt: skip
        found = await workflow.execute_activity_method(
            QueuePort.find_officer, query, start_to_close_timeout=READ_TIMEOUT, retry_policy=READ_RETRY,
            summary=f"who is at point {said.point}",
        )  # fmt: skip
        return said.model_copy(update={"officer": found.officer or said.officer})

    def _tell_called(self, ticket: Ticket) -> None:
        """Who left an address is told there too to which point and officer they are called; too late it helps nobody."""
        file, asked = self.file, ticket.request.get("requester")
        requester = Requester.model_validate(asked) if asked else None
        if requester is None or not requester.addresses or ticket.officer is None or ticket.point is None:
            return
        assert file.terms is not None
        call = TicketCall(
            queue_id=file.queue_id, event=file.line.seq, centre=file.start.centre, standard=file.terms.standard,
            ticket=ticket.number, point=ticket.point, officer=ticket.officer, requester=requester, at=workflow.now(),
        )  # fmt: skip
        workflow.start_activity_method(
            QueuePort.tell_called, call, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
            schedule_to_close_timeout=CALL_HELPS, summary=f"{ticket.number} → {ticket.point}",
        )  # fmt: skip

    async def serve(self, reply: QueueReply) -> QueueReply:
        """Service has begun: the ticket's case is opened if it is not there, and its time runs from now on."""
        if reply.ticket is None:
            return reply
        case_id, problem = await self.begin_case(reply.ticket.number)
        return reply.model_copy(update={"event": self.file.line.seq, "case_id": case_id or reply.case_id, "problem": problem})

    async def begin_case(self, number: str) -> tuple[str | None, str | None]:
        """The case of a ticket that is served, or why there is none; neither if nothing is known of it (an enquiry)."""
        ticket = self.file.line.tickets[number]
        asked = self._case_of(ticket)
        if asked is None:
            return None, None
        begun = await workflow.execute_activity_method(
            QueuePort.begin_case, asked, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
            summary=f"{number} → {asked.case_id}",
        )  # fmt: skip
        if begun.problem is not None:
            self.journal.record(TicketEvent.CASE_REFUSED, number, because=begun.problem)
            return None, begun.problem
        self.journal.record(TicketEvent.CASE_LINKED, number, case_id=asked.case_id, service=asked.service)
        return asked.case_id, None

    def _case_of(self, ticket: Ticket) -> CaseToBegin | None:
        terms, request = self.hours.terms, ticket.request
        known = "requester" in request and "subject" in request
        if ticket.point is None or ticket.officer is None or (ticket.case_id is None and not known):
            return None
        request_id = f"{self.file.queue_id}/{ticket.number}/{ticket.service}"
        return CaseToBegin(
            service=ticket.service,
            centre=self.file.start.centre,
            case_id=ticket.case_id or names.case_id(ticket.service, self.file.start.centre, request_id),
            opened=ticket.case_id is not None,
            begins=ticket.service in terms.begun_by_service,
            request_id=request_id,
            event=self.file.line.seq,
            received_at=ticket.arrived_at,
            officer=ticket.officer,
            point=ticket.point,
            subject=str(request["subject"]) if known else None,
            requester=Requester.model_validate(request["requester"]) if known else None,
            documents=request.get("documents", []),  # as they were checked with the command
        )

    # The records

    async def keep_records(self) -> None:
        """Write what happens; a calendar that changed meanwhile is taken up."""
        while True:
            written = await self.journal.write()
            if written.superseded and not self._was_reset:  # what the records have goes before what this run knows
                self._note_reset(0)
            if written.calendar > self.hours.terms.revision:
                await self.read_terms(written.calendar)

    # The time

    async def until_something_is_due(self) -> None:
        """Sleep until somebody has waited too long, or the day ends."""
        journal, hours = self.journal, self.hours
        while True:
            await workflow.wait_condition(lambda: self._is_open)
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
        if not late or (file.told_at is not None and now - file.told_at < self.hours.patience):
            return
        file.told_at = now
        wait = LongWait(
            queue_id=file.queue_id,
            centre=file.start.centre,
            standard=self.hours.terms.standard,
            tickets=[each.number for each in late],
            longest=int((now - min(self.hours.waits_since(each) for each in late)) / timedelta(minutes=1)),
            at=now,
        )
        workflow.start_activity_method(
            QueuePort.tell_long_wait, wait, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
            schedule_to_close_timeout=timedelta(hours=4), summary=f"{len(late)} wait too long",
        )  # fmt: skip

    # The end of the day

    async def end(self) -> None:
        """Nobody is called any more: places are kept for the next day, or people are told to come back, as the pack says."""
        journal = self.journal
        left = sorted((each for each in self.file.line.tickets.values() if each.state != "serving"), key=lambda each: each.turn)
        for ticket in left:
            journal.record(TicketEvent.CARRIED_OVER if self.hours.carries_over else TicketEvent.SENT_HOME, ticket.number)
        if left and self.hours.carries_over:
            await self._carry_over(left)
        for point in [each for each in self.file.line.points.values() if each.open]:
            journal.record(TicketEvent.POINT_CLOSED, None, point.no)
        with suppress(TimeoutError):
            until_midnight = max(timedelta(seconds=1), self.hours.midnight(0) - workflow.now())
            await workflow.wait_condition(lambda: not self.file.line.tickets, timeout=until_midnight)
        for ticket in list(self.file.line.tickets.values()):  # still served when the day is over
            journal.record(TicketEvent.FINISHED, ticket.number, ticket.point, because="the day ended")
        self.file.ended = True

    async def _carry_over(self, left: Sequence[Ticket]) -> None:
        """The next day's queue begins with those who still wait."""
        day, centre = self.hours.next_day(), self.file.start.centre
        new_id = names.queue_id(centre, day)
        tickets = [CarriedTicket(number=each.number, from_day=self.file.start.day, data=_carried(each)) for each in left]
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
        """Those of the day before wait here, at their places."""
        line = self.file.line
        for each in tickets:
            number, given = each.number, line.given.get(str(each.data["service"]), 0)
            while (
                number in line.tickets or number in line.carried or int(number[1:]) <= given
            ):  # given here before they came over
                number = f"{number[0]}{int(number[1:]) + 1:03}"
            self.journal.record(TicketEvent.TAKEN, number, None, None, **each.data, from_day=each.from_day)

    async def keep_the_board(self) -> None:
        """Show what stands now, once for all that happened in one moment."""
        shown = -1
        while True:
            workflow.set_current_details(board(self.file, workflow.now()))
            shown = self.journal.news
            await workflow.wait_condition(lambda shown=shown: self.journal.news != shown)  # type: ignore[misc]


def _carried(ticket: Ticket) -> dict[str, Any]:
    kept = ticket.model_dump(mode="json", include={"service", "priority", "arrived_at", "place", "case_id", "request"})
    return {key: value for key, value in kept.items() if value not in (None, {}, "ordinary")}
