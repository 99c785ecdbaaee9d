"""The day of a queue: it opens under the pack's rules, keeps the records, watches the time, and hands over to the next day."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

from casework.workflows import errors, names
from casework.workflows.case.opening import decoded
from casework.workflows.messages.people import Actor, Requester
from casework.workflows.messages.queue import CarriedTicket, QueueEvent, QueueReply, TicketEvent
from casework.workflows.options import PATIENT_RETRY, PATIENT_TIMEOUT, READ_RETRY, READ_TIMEOUT
from casework.workflows.queue.board import board
from casework.workflows.queue.decisions import Decided, Decisions
from casework.workflows.queue.file import QueueFile, QueueStart
from casework.workflows.queue.line import Point, Ticket
from casework.workflows.queue.ports import CaseToBegin, LongWait, QueueBatch, QueuePort, QueueQuery, TicketCall
from casework.workflows.queue.views import ticket_view

BATCH = 200  # events in one write
CALL_HELPS = timedelta(minutes=3)  # who is told later was called again, or is gone


class _CarriedOn(BaseModel):
    """What continue-as-new hands to the next run."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    carried_on: QueueFile


def read_start(start: RawValue) -> tuple[QueueFile, ApplicationError | None]:
    """The file of a new or continued queue, and why it cannot be opened if it cannot."""
    info = workflow.info()
    if info.continued_run_id and start.payload.data.startswith(b'{"carried_on"'):
        return _CarriedOn.model_validate_json(start.payload.data).carried_on, None
    problem, asked = None, QueueStart(centre="unreadable", day="")
    try:
        asked = QueueStart.model_validate(decoded(start))
        date.fromisoformat(asked.day)
        if info.workflow_id != (expected := names.queue_id(asked.centre, asked.day)):
            problem = [f"workflow id: the queue of this day is {expected}; start it under that id"]
    except ValidationError as error:
        problem = errors.problems(error)
    except (ValueError, RecursionError) as error:
        problem = [str(error) if type(error) is ValueError else "it cannot be read as JSON"]
    file = QueueFile(queue_id=info.workflow_id, start=asked)
    return file, errors.invalid_request(problem, "the queue") if problem else None


class QueueDay:
    """What happens to one queue."""

    def __init__(self, file: QueueFile, invalid: ApplicationError | None) -> None:
        self.file = file
        self.invalid = invalid  # why there is no such queue
        self._news = 0  # what was recorded: whoever waits for the time looks again

    # Opening and handing on

    async def open(self) -> None:
        """Take the rules and hours of the day; what the records have of it (it was terminated) stands as it did."""
        file = self.file
        if file.terms is None and self.invalid is None:
            query = QueueQuery(queue_id=file.queue_id, centre=file.start.centre, day=file.start.day)
            answer = await workflow.execute_activity_method(
                QueuePort.read_queue, query, start_to_close_timeout=READ_TIMEOUT, retry_policy=READ_RETRY,
                summary=f"the rules of {file.start.day} at {file.start.centre}",
            )  # fmt: skip
            if answer.terms is None:
                self.invalid = errors.invalid_request([answer.problem or "no standard"], "the queue")
                return
            file.line.points = {point.no: Point(no=point.no, services=point.services) for point in answer.terms.points}
            for event in answer.kept:
                file.line.apply(event)
            file.recorded = file.line.seq
            file.terms = answer.terms
            self.take_over(file.start.carried)

    async def opened(self) -> None:
        """Wait until it is open, or say why it cannot be."""
        await workflow.wait_condition(lambda: self.file.terms is not None or self.invalid is not None)
        if self.invalid is not None:
            raise self.invalid

    async def continue_as_new(self) -> None:
        """The history is long: go on in a new run."""
        workflow.continue_as_new(_CarriedOn(carried_on=self.file))

    @property
    def is_over(self) -> bool:
        """The day has ended, and the records have all of it."""
        return self.file.ended and not self.file.outbox

    @property
    def is_long(self) -> bool:
        """It is time for a new run."""
        return workflow.info().is_continue_as_new_suggested() and not self.file.ended

    # Deciding

    @property
    def decisions(self) -> Decisions:
        """What can be decided now."""
        assert self.file.terms is not None, "only asked once the queue is open"
        return Decisions(self.file.line, self.file.terms)

    def carry_out(self, decided: Decided, actor: Actor) -> QueueReply:
        """A command was decided: it happens."""
        self.record(decided.type, decided.ticket, decided.point, actor, **decided.data)
        shown = self.file.line.tickets.get(decided.ticket or "")
        if shown is not None and decided.type in (TicketEvent.CALLED, TicketEvent.RECALLED):
            self._tell_called(shown)
        return QueueReply(
            queue_id=self.file.queue_id,
            event=self.file.line.seq,
            ticket=ticket_view(self.file, shown, workflow.now()) if shown else None,
            case_id=shown.case_id if shown else None,
        )

    def record(
        self, type_: TicketEvent, ticket: str | None, point: int | None = None, actor: Actor | None = None, **data: Any
    ) -> None:
        """It happens now."""
        key, now = workflow.uuid4().hex, workflow.now()
        seq = self.file.line.seq + 1
        event = QueueEvent(seq=seq, key=key, type=type_, at=now, actor=actor, ticket=ticket, point=point, data=data)
        self.file.line.apply(event)
        self.file.outbox.append(event)
        self._news += 1

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

    async def begin_case(self, reply: QueueReply) -> QueueReply:
        """Service has begun: the ticket's case is opened if it is not there, and its time runs from now on."""
        file, number = self.file, reply.ticket.number if reply.ticket else ""
        ticket, terms = file.line.tickets.get(number), file.terms
        assert terms is not None
        if ticket is None or ticket.point is None or ticket.officer is None:
            return reply
        asked = self._case_of(ticket)
        if asked is None:
            return reply
        begun = await workflow.execute_activity_method(
            QueuePort.begin_case, asked, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
            summary=f"{number} → {asked.case_id}",
        )  # fmt: skip
        if begun.problem is not None:
            self.record(TicketEvent.CASE_REFUSED, number, because=begun.problem)
            return reply.model_copy(update={"event": file.line.seq, "problem": begun.problem})
        self.record(TicketEvent.CASE_LINKED, number, case_id=asked.case_id, service=asked.service)
        return reply.model_copy(update={"event": file.line.seq, "case_id": asked.case_id})

    def _case_of(self, ticket: Ticket) -> CaseToBegin | None:
        """The case that a ticket is about; None if nothing is known of it (an enquiry)."""
        terms, request = self.file.terms, ticket.request
        assert terms is not None
        assert ticket.officer is not None
        assert ticket.point is not None
        known = "requester" in request and "subject" in request
        if ticket.case_id is None and not known:
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
        """Write what happens, in order, as long as it takes. What happens meanwhile goes with the next write."""
        file = self.file
        while True:
            await workflow.wait_condition(lambda: bool(file.outbox))
            events = file.outbox[:BATCH]
            batch = QueueBatch(queue_id=file.queue_id, centre=file.start.centre, day=file.start.day, events=events)
            file.recorded = await workflow.execute_activity_method(
                QueuePort.record_queue, batch, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
                summary=f"events {events[0].seq} to {events[-1].seq}",
            )  # fmt: skip
            del file.outbox[: len(events)]

    # The time

    async def until_something_is_due(self) -> None:
        """Sleep until somebody has waited too long, or the day ends."""
        seen = -1
        while True:
            due = self._next_moment()
            if due <= workflow.now():
                return
            seen = self._news
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda due=due, seen=seen: self._news != seen and self._next_moment() < due,  # type: ignore[misc]
                    timeout=due - workflow.now(),
                    timeout_summary=f"{due.astimezone(self._zone):%H:%M}: somebody waits too long, or the day ends",
                )

    def waiting_too_long(self) -> list[Ticket]:
        """Who has, and the supervisor does not know."""
        now = workflow.now()
        return [each for each in self.file.line.waiting() if not each.warned and now - self._counts_from(each) >= self._patience]

    def tell_the_supervisor(self) -> None:
        """Not of each one, but again and again while it lasts."""
        file, now = self.file, workflow.now()
        late = [each for each in file.line.waiting() if each.warned]
        if not late or (file.told_at is not None and now - file.told_at < self._patience):
            return
        file.told_at = now
        assert file.terms is not None
        wait = LongWait(
            queue_id=file.queue_id,
            centre=file.start.centre,
            standard=file.terms.standard,
            tickets=[each.number for each in late],
            longest=int((now - min(self._counts_from(each) for each in late)) / timedelta(minutes=1)),
            at=now,
        )
        workflow.start_activity_method(
            QueuePort.tell_long_wait, wait, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
            schedule_to_close_timeout=timedelta(hours=4), summary=f"{len(late)} wait too long",
        )  # fmt: skip

    @property
    def has_ended(self) -> bool:
        """Nobody is called any more."""
        return workflow.now() >= self._ends

    @property
    def until_midnight(self) -> timedelta:
        """How long the day still is."""
        day = date.fromisoformat(self.file.start.day) + timedelta(days=1)
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._zone)
        return max(timedelta(seconds=1), midnight - workflow.now())

    def _next_moment(self) -> datetime:
        waiting = self.file.line.waiting()
        due = [self._counts_from(each) + self._patience for each in waiting if not each.warned]
        again = [self.file.told_at + self._patience] if self.file.told_at and any(each.warned for each in waiting) else []
        return min([*due, *again, self._ends])

    def _counts_from(self, ticket: Ticket) -> datetime:
        """Nobody waits too long before the doors open."""
        assert self.file.terms is not None
        return max(ticket.arrived_at, self.file.terms.opens_at or ticket.arrived_at)

    @property
    def _patience(self) -> timedelta:
        assert self.file.terms is not None
        return timedelta(minutes=self.file.terms.rules.wait_warn_minutes)

    @property
    def _ends(self) -> datetime:
        assert self.file.terms is not None
        day = date.fromisoformat(self.file.start.day)
        return self.file.terms.ends_at or datetime(day.year, day.month, day.day, 23, 59, tzinfo=self._zone)

    @property
    def _zone(self) -> Any:
        assert self.file.terms is not None
        return self.file.terms.zone

    # The end of the day

    @property
    def carries_over(self) -> bool:
        """Whether places are kept for the next day."""
        terms = self.file.terms
        return terms is not None and terms.rules.day_end == "carried_over" and terms.opens_next is not None

    def still_waiting(self) -> list[Ticket]:
        """Everybody who is not being served."""
        return sorted((each for each in self.file.line.tickets.values() if each.state != "serving"), key=lambda each: each.turn)

    def open_points(self) -> list[Point]:
        """The points that are open."""
        return [point for point in self.file.line.points.values() if point.open]

    async def carry_over(self, left: Sequence[Ticket]) -> None:
        """The next day's queue begins with those who still wait."""
        assert self.file.terms is not None
        assert self.file.terms.opens_next is not None
        day = self.file.terms.opens_next.astimezone(self._zone).date().isoformat()
        centre, new_id = self.file.start.centre, names.queue_id(self.file.start.centre, day)
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
            self.record(TicketEvent.TAKEN, number, None, None, **each.data, from_day=each.from_day)

    async def keep_the_board(self) -> None:
        """Show what stands now, once for all that happened in one moment."""
        shown = -1
        while True:
            workflow.set_current_details(board(self.file, workflow.now()))
            shown = self._news
            await workflow.wait_condition(lambda shown=shown: self._news != shown)  # type: ignore[misc]


def _carried(ticket: Ticket) -> dict[str, Any]:
    kept = ticket.model_dump(mode="json", include={"service", "priority", "arrived_at", "place", "case_id", "request"})
    return {key: value for key, value in kept.items() if value not in (None, {}, "ordinary")}
