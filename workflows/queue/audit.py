"""What no queue may have, whatever happened to it: read from its events alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from casework.workflows.messages.queue import QueueEvent, TicketEvent

ENDS = frozenset({TicketEvent.FINISHED, TicketEvent.NO_SHOW, TicketEvent.SENT_HOME, TicketEvent.CARRIED_OVER})
LEAVES_THE_POINT = ENDS | {TicketEvent.HELD, TicketEvent.TRANSFERRED}


def impossible(events: Sequence[QueueEvent]) -> Iterator[str]:
    """One line for each thing that cannot be: somebody at two points or called after the end, a number given twice, a gap."""
    at: dict[int, str] = {}
    gone: set[str | None] = set()
    taken: set[str | None] = set()
    for event in events:
        if event.type is TicketEvent.TAKEN:
            if event.ticket in taken:
                yield f"{event.ticket} was given twice"
            taken.add(event.ticket)
        if event.type is TicketEvent.CALLED:
            if event.ticket in at.values():
                yield f"{event.ticket} was called at {event.point}, and is at another point"
            if event.ticket in gone or event.ticket not in taken:
                yield f"{event.ticket} was called at {event.point}, and is not in the queue"
            if int(event.point or 0) in at:
                yield f"{event.ticket} was called at {event.point}, which had {at[int(event.point or 0)]}"
            at[int(event.point or 0)] = str(event.ticket)
        if event.type in LEAVES_THE_POINT:
            at = {point: ticket for point, ticket in at.items() if ticket != event.ticket}
        if event.type in ENDS:
            gone.add(event.ticket)
    if [event.seq for event in events] != list(range(1, len(events) + 1)):
        yield "its events have gaps, or numbers twice"
