"""The queue as people and programs see it: nobody's name but the officers'."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from casework.standards.pack.queue import ORDINARY
from casework.workflows.messages.queue import PointView, QueueView, TicketView, WaitView
from casework.workflows.queue.decisions import Decisions
from casework.workflows.queue.file import QueueFile
from casework.workflows.queue.line import Ticket
from casework.workflows.queue.waits import Measured


def ticket_view(file: QueueFile, ticket: Ticket, now: datetime, before: int | None = None) -> TicketView:
    """A ticket; for one that waits, how many are before (counted here, if it is not said) and about how long it takes."""
    shown = ticket.model_dump(include={name for name in TicketView.model_fields if name in Ticket.model_fields})
    if ticket.state != "waiting" or file.terms is None:
        return TicketView.model_validate(shown)
    decisions = Decisions(file.line, file.terms)
    before = decisions.before(ticket) if before is None else before
    return TicketView.model_validate({**shown, "before": before, "wait": decisions.wait_of(ticket.service, before, now)})


def queue_view(file: QueueFile, now: datetime) -> QueueView:
    """The whole queue."""
    line, terms = file.line, file.terms
    about = QueueView(queue_id=file.queue_id, centre=file.start.centre, day=file.start.day, ended=file.ended)
    if terms is None:
        return about
    came: Counter[str] = Counter()
    of_classes: Counter[str] = Counter()
    tickets, decisions = [], Decisions(line, terms)
    for each in sorted(line.tickets.values(), key=lambda each: each.turn):
        before = decisions.called_before(each.service, each.priority, came[each.service], of_classes[each.service])
        tickets.append(ticket_view(file, each, now, before))
        came[each.service] += each.state == "waiting"
        of_classes[each.service] += each.state == "waiting" and each.priority != ORDINARY
    return about.model_copy(
        update={
            "opens_at": terms.opens_at,
            "closes_at": terms.closes_at,
            "points": points_of(file),
            "lines": lines_of(file, now),
            "tickets": tickets,
            "last_called": [ticket_view(file, each, now) for each in line.last_called],
            "last_event": line.seq,
            "recorded": file.recorded,
        }
    )


def points_of(file: QueueFile) -> list[PointView]:
    """Who sits where, and whom they have."""
    return [PointView.model_validate(point.model_dump()) for point in file.line.points.values()]


def lines_of(file: QueueFile, now: datetime) -> list[WaitView]:
    """How long one waits, by service."""
    if file.terms is None:
        return []
    decisions, found = Decisions(file.line, file.terms), []
    for service in dict.fromkeys([*file.terms.rules.ticket_prefix, *(each.service for each in file.line.waiting())]):
        waiting, measured = file.line.waiting(service), file.line.measured.get(service, Measured())
        ever = measured + file.terms.past.get(service, Measured())
        found.append(
            WaitView(
                service=service,
                waiting=len(waiting),
                since=waiting[0].arrived_at if waiting else None,
                wait=decisions.wait_of(service, len(waiting), now),
                served=measured.n,
                told=ever.told,
                came_true=ever.came_true,
            )
        )
    return found
