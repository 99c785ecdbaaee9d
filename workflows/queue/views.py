"""The queue as people and programs see it: nobody's name but the officers'."""

from __future__ import annotations

from casework.workflows.messages.queue import PointView, QueueView, TicketView, WaitView
from casework.workflows.queue.decisions import Decisions
from casework.workflows.queue.file import QueueFile
from casework.workflows.queue.line import Ticket
from casework.workflows.queue.waits import Measured


def ticket_view(file: QueueFile, ticket: Ticket) -> TicketView:
    """A ticket; for one that waits, how many are before and about how long it takes."""
    shown = ticket.model_dump(include={name for name in TicketView.model_fields if name in Ticket.model_fields})
    if ticket.state != "waiting" or file.terms is None:
        return TicketView.model_validate(shown)
    decisions = Decisions(file.line, file.terms)
    before = decisions.before(ticket)
    return TicketView.model_validate({**shown, "before": before, "wait": decisions.wait_of(ticket.service, before)})


def queue_view(file: QueueFile) -> QueueView:
    """The whole queue."""
    line, terms = file.line, file.terms
    about = QueueView(queue_id=file.queue_id, centre=file.start.centre, day=file.start.day, ended=file.ended)
    if terms is None:
        return about
    return about.model_copy(
        update={
            "opens_at": terms.opens_at,
            "closes_at": terms.closes_at,
            "points": [PointView.model_validate(point.model_dump()) for point in line.points.values()],
            "lines": [_wait_view(file, service) for service in terms.rules.ticket_prefix],
            "tickets": [ticket_view(file, each) for each in sorted(line.tickets.values(), key=lambda each: each.turn)],
            "last_called": [ticket_view(file, each) for each in line.last_called],
            "recorded": file.recorded,
        }
    )


def _wait_view(file: QueueFile, service: str) -> WaitView:
    assert file.terms is not None
    waiting, measured = file.line.waiting(service), file.line.measured.get(service, Measured())
    return WaitView(
        service=service,
        waiting=len(waiting),
        since=waiting[0].arrived_at if waiting else None,
        wait=Decisions(file.line, file.terms).wait_of(service, len(waiting)),
        served=measured.n,
        told=measured.told,
        came_true=measured.came_true,
    )
