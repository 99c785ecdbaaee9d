"""The outside world of a queue: the pack and the calendar, the records, the cases of its tickets, the supervisor."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from temporalio import activity
from temporalio.client import (
    Client,
    WithStartWorkflowOperation,
    WorkflowUpdateFailedError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from casework.activities.calendar_book import CalendarBook
from casework.adapters.ports import Message, Notifier, TicketRecords, UndeliverableError
from casework.standards.counting.due_calculator import UNCOUNTABLE
from casework.standards.counting.office_calendar import OfficeCalendar
from casework.standards.counting.plan import COUNTER, REQUESTER
from casework.standards.pack.checks import CALLED, LONG_WAIT
from casework.standards.pack.loader import UnknownStandard
from casework.standards.pack.model import ServiceStandards
from casework.standards.pack.texts import Value, render, subject
from casework.workflows import names
from casework.workflows.errors import REFUSED, words
from casework.workflows.messages.commands import StartService
from casework.workflows.messages.people import Actor
from casework.workflows.queue.ports import (
    CaseBegun,
    CaseToBegin,
    LongWait,
    OfficerAnswer,
    OfficerQuery,
    QueueAnswer,
    QueueBatch,
    QueuePort,
    QueueQuery,
    QueueTerms,
    QueueWritten,
    TicketCall,
)
from casework.workflows.queue.roster import on_duty
from casework.workflows.queue.waits import Measured

LAST_WEEKS = 28  # days whose service times count
SUPERVISOR = "centre_supervisor"


class QueueActivities(QueuePort):
    """Answers from the packs that this worker serves, and acts through the worker's own client."""

    def __init__(self, book: CalendarBook, tickets: TicketRecords, notifier: Notifier) -> None:
        self._book, self._tickets, self._notifier = book, tickets, notifier

    @property
    def all(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [
            self.read_queue,
            self.record_queue,
            self.find_officer,
            self.begin_case,
            self.tell_called,
            self.tell_long_wait,
        ]

    @activity.defn(name="read_queue")
    async def read_queue(self, query: QueueQuery) -> QueueAnswer:
        """The rules of a day, its hours, the service times of the last weeks, and what is known of this very queue."""
        day = date.fromisoformat(query.day)
        try:
            pack = self._book.packs.current(None, day)
            if query.centre not in pack.known_centres:
                return QueueAnswer(problem=f"centre: unknown {query.centre}; the standard has {', '.join(pack.known_centres)}")
            office = (await self._book.calculator(pack.id, pack.version, query.centre, query.revision)).calendar
            past = await self._tickets.service_times(query.centre, day, LAST_WEEKS)
            terms = _terms(pack, office, query.centre, day, past, self._book.newest(pack.id))
        except UnknownStandard as error:
            return QueueAnswer(problem=f"standard: {error}")
        except UNCOUNTABLE as error:
            return QueueAnswer(problem=f"calendar: {words(error)}")
        if query.holder is None or query.since is None:
            return QueueAnswer(terms=terms)
        return QueueAnswer(terms=terms, kept=await self._tickets.hold(query.queue_id, query.holder, query.since))

    @activity.defn(name="record_queue")
    async def record_queue(self, batch: QueueBatch) -> QueueWritten:
        """Write what happened."""
        return await self._tickets.write_queue(batch)

    @activity.defn(name="find_officer")
    async def find_officer(self, query: OfficerQuery) -> OfficerAnswer:
        """An officer by id, or whoever is on duty at a point now."""
        if query.officer_id is not None:
            return OfficerAnswer(officer=await self._tickets.officer(query.officer_id))
        here = query.at.astimezone(ZoneInfo(query.timezone))
        duty = on_duty(await self._tickets.duties(query.centre, here.date()), query.point, here.hour * 60 + here.minute)
        return OfficerAnswer(officer=duty.officer if duty else None)

    @activity.defn(name="begin_case")
    async def begin_case(self, case: CaseToBegin) -> CaseBegun:
        """Open the case if it is not there, and let its service begin."""
        client = activity.client()
        problem = await _is_there(client, case.case_id) if case.opened else await _open(client, case)
        if problem is None and case.begins:
            problem = await _begin(client, case)
        return CaseBegun(problem=problem)

    @activity.defn(name="tell_called")
    async def tell_called(self, call: TicketCall) -> None:
        """Tell the visitor, where they left an address, to which point and officer they are called."""
        pack, asked = self._book.packs.current(call.standard, call.at.date()), call.requester
        officer = call.officer.name or call.officer.id
        values: dict[str, Value] = {"ticket_no": call.ticket, "point_no": str(call.point), "officer_name": officer}
        said = render(pack, CALLED, asked.language, values)
        key, about = call_key(call.queue_id, call.event), f"{call.ticket} → {call.point}"
        message = Message(
            key=key, to=REQUESTER, addresses=asked.addresses, subject=about, body=said, language=asked.language,
            prefers=asked.prefers, template=CALLED,
        )  # fmt: skip
        with suppress(UndeliverableError):  # the board and the officer's voice are there too
            await self._notifier.send(message)

    @activity.defn(name="tell_long_wait")
    async def tell_long_wait(self, wait: LongWait) -> None:
        """Tell the centre's supervisor that people wait too long."""
        pack = self._book.packs.current(wait.standard, wait.at.date())
        address = pack.contact(SUPERVISOR, wait.centre)
        if address is None:
            return
        language = pack.display.language
        said = render(pack, LONG_WAIT, language, {"tickets": wait.tickets, "minutes": wait.longest})
        key = sha256(f"{wait.queue_id}/{wait.at.isoformat()}".encode()).hexdigest()[:32]
        about = subject(pack, pack.centre(wait.centre), LONG_WAIT, language, wait.queue_id)
        message = Message(key=key, to=SUPERVISOR, addresses={"email": address}, subject=about, body=said, template=LONG_WAIT)
        try:
            await self._notifier.send(message)
        except UndeliverableError as error:
            raise ApplicationError(f"the supervisor cannot be told: {error}", non_retryable=True) from error


def call_key(queue_id: str, event: int) -> str:
    """What the message of a call is known by, however often it is sent."""
    return sha256(f"{queue_id}/{event}".encode()).hexdigest()[:32]


def _terms(
    pack: ServiceStandards, office: OfficeCalendar, centre: str, day: date, past: dict[str, Measured], revision: int
) -> QueueTerms:
    spans = office.opening_intervals(day)
    names_of = {service: pack.service(service) for service in pack.queue.ticket_prefix if service in pack.services}
    evening = datetime.combine(day, datetime.max.time(), tzinfo=office.zone).replace(microsecond=0)
    return QueueTerms(
        standard=pack.id,
        revision=revision,
        centre_name={"th": pack.centre(centre).th, "en": pack.centre(centre).en},
        timezone=pack.calendar.timezone,
        opens_at=spans[0][0] if spans else None,
        closes_at=spans[-1][1] if spans else None,
        opens_next=office.next_opening(evening + timedelta(seconds=1)),
        rules=pack.queue,
        points=pack.service_points,
        services={name: {"th": service.th, "en": service.en} for name, service in names_of.items()},
        begun_by_service=[name for name in names_of if any("start_service" in by for by in pack.permissions(name).values())],
        past=past,
    )


async def _is_there(client: Client, case_id: str) -> str | None:
    try:
        await client.get_workflow_handle(case_id).describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return f"there is no open case {case_id}"
    return None


async def _open(client: Client, case: CaseToBegin) -> str | None:
    """Open a case with the content of its ticket; why not, if it cannot be."""
    assert case.requester is not None
    at_point = case.officer.model_copy(update={"point": case.point})
    request = {
        "service": case.service, "request_id": case.request_id, "centre": case.centre, "channel": "walk_in",
        "requester": case.requester.model_dump(mode="json", exclude_none=True), "subject": case.subject,
        "received_at": case.received_at.isoformat(), "officer": at_point.model_dump(mode="json", exclude_none=True),
        "documents": [document.model_dump(mode="json", exclude_none=True) for document in case.documents],
    }  # fmt: skip
    start: WithStartWorkflowOperation[Any, Any] = WithStartWorkflowOperation(
        case.service,
        request,
        id=case.case_id,
        task_queue=activity.info().task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
        static_summary=names.summary(case.service, case.centre, "walk_in"),
        static_details=names.HOW_TO_ACT,
        search_attributes=names.first_attributes(case.service, case.centre, None),
    )
    try:
        await client.execute_update_with_start_workflow(names.OPENED_UPDATE, None, start_workflow_operation=start)
    except WorkflowAlreadyStartedError:
        return None  # it was opened before, and is closed by now: a second try of this ticket
    except WorkflowUpdateFailedError as failed:
        return _reason(failed)
    return None


async def _begin(client: Client, case: CaseToBegin) -> str | None:
    """Tell a case that service begins; one that is past that goes on as it is."""
    said = StartService(actor=Actor(id=case.officer.id, role=COUNTER), officer=case.officer, point=case.point)
    handle = client.get_workflow_handle(case.case_id)
    try:
        await handle.execute_update(
            StartService.command_name(),
            said.model_dump(mode="json", exclude_none=True),
            id=f"{case.request_id}/{case.event}",
        )
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return f"there is no open case {case.case_id}"
    except WorkflowUpdateFailedError as failed:
        cause = failed.cause
        past = isinstance(cause, ApplicationError) and cause.type == REFUSED and "is not possible in the stage" in cause.message
        return None if past else _reason(failed)
    return None


def _reason(failed: WorkflowUpdateFailedError) -> str:
    cause = failed.cause
    return (cause.message if isinstance(cause, ApplicationError) else str(cause)).partition(". Possible now")[0]
