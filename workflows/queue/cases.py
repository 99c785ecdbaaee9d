"""The cases of tickets: begun when service begins, beside the queue, so that one that does not answer holds up nobody."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError

from casework.workflows import names
from casework.workflows.messages.people import Requester
from casework.workflows.messages.queue import QueueReply, TicketEvent
from casework.workflows.options import GIVEN_UP_AGAIN, PATIENT_RETRY, PATIENT_TIMEOUT
from casework.workflows.queue.file import QueueFile
from casework.workflows.queue.hours import Hours
from casework.workflows.queue.journal import QueueJournal
from casework.workflows.queue.line import Ticket
from casework.workflows.queue.ports import CaseBegun, CaseToBegin, QueuePort

ANSWERED_WITHIN = timedelta(seconds=3)  # so long an officer waits for the case; it begins later all the same
FOLLOWS = "the case has not answered yet; it follows"


class TicketCases:
    """Begins the cases of one queue."""

    def __init__(self, file: QueueFile, hours: Hours, journal: QueueJournal) -> None:
        self._file, self._hours, self._journal = file, hours, journal
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self._problems: dict[str, str] = {}

    async def run(self) -> None:
        """Begin each case that waits, also of a ticket whose service began before the queue was built again."""
        while True:
            await workflow.wait_condition(lambda: bool(self._waiting()))
            for ticket in self._waiting():
                self._under_way[ticket.number] = asyncio.create_task(self._begin(ticket))

    async def answered(self, reply: QueueReply) -> QueueReply:
        """The answer to an officer who serves: the case, or why there is none, or that it follows."""
        if reply.ticket is None:
            return reply
        number = reply.ticket.number
        self._problems.pop(number, None)

        def known() -> bool:
            ticket = self._file.line.tickets.get(number)
            return ticket is None or not ticket.case_waits

        try:
            await workflow.wait_condition(known, timeout=ANSWERED_WITHIN, timeout_summary=f"{number}: the case answers")
        except TimeoutError:
            return reply.model_copy(update={"problem": FOLLOWS})
        ticket = self._file.line.tickets.get(number)
        found = {"event": self._file.line.seq, "case_id": ticket.case_id if ticket else reply.case_id}
        return reply.model_copy(update={**found, "problem": self._problems.pop(number, None)})

    def _waiting(self) -> list[Ticket]:
        line = self._file.line
        waiting = (ticket for ticket in (*line.tickets.values(), *line.unbegun.values()) if ticket.case_waits)
        return [ticket for ticket in waiting if ticket.number not in self._under_way]

    async def _begin(self, ticket: Ticket) -> None:
        number = ticket.number
        try:
            asked = self._asked(ticket)
            begun = await self._begun(asked)
            if begun.problem is not None:
                self._problems[number] = begun.problem
                self._journal.record(TicketEvent.CASE_REFUSED, number, because=begun.problem, service=asked.service)
            else:
                self._journal.record(TicketEvent.CASE_LINKED, number, case_id=asked.case_id, service=asked.service)
        finally:
            self._under_way.pop(number, None)

    async def _begun(self, asked: CaseToBegin) -> CaseBegun:
        while True:
            with suppress(ActivityError):
                return await workflow.execute_activity_method(
                    QueuePort.begin_case, asked, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
                    summary=f"{asked.ticket} → {asked.case_id}",
                )  # fmt: skip
            await workflow.sleep(GIVEN_UP_AGAIN, summary="beginning a case was given up; tried again")

    def _asked(self, ticket: Ticket) -> CaseToBegin:
        """What is asked of the case. Its request follows from the ticket: tried again it is the same, and a number that is given
        again on another day, or after a loss, is another."""
        request, terms = ticket.request, self._hours.terms
        assert ticket.officer is not None
        assert ticket.point is not None
        known = "requester" in request
        arrived = ticket.arrived_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%f")
        request_id = f"{self._file.queue_id}/{ticket.number}/{ticket.service}/{arrived}"
        return CaseToBegin(
            service=ticket.service,
            centre=self._file.start.centre,
            case_id=ticket.case_id or names.case_id(ticket.service, self._file.start.centre, request_id),
            opened=ticket.case_id is not None,
            begins=ticket.service in terms.begun_by_service,
            request_id=request_id,
            ticket=ticket.number,
            received_at=ticket.arrived_at,
            officer=ticket.officer,
            point=ticket.point,
            subject=str(request["subject"]) if known else None,
            requester=Requester.model_validate(request["requester"]) if known else None,
            documents=request.get("documents", []),  # as they were checked with the command
        )
