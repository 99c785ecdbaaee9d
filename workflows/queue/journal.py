"""What happens in a queue, on its way to the records: in order, as long as it takes, and each thing once."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from casework.workflows.messages.people import Actor
from casework.workflows.messages.queue import QueueEvent, TicketEvent
from casework.workflows.options import GIVEN_UP_AGAIN, PATIENT_RETRY, PATIENT_TIMEOUT
from casework.workflows.queue.file import QueueFile
from casework.workflows.queue.ports import QueueBatch, QueuePort, QueueWritten

BATCH = 500_000  # bytes in one write; Temporal takes 2 MB
HOLDS = 800_000  # bytes that a queue holds while the records are down: what it hands to its next run must fit into 2 MB


def command_key(command_id: str) -> str:
    """The key of what a command decided: sent again after the queue was terminated, it is found in the records."""
    return sha256(command_id.encode()).hexdigest()[:32]


def short(key: str) -> str:
    """As much of a key as tells the commands of a day apart."""
    return key[:12]


class QueueJournal:
    """The events of one queue."""

    def __init__(self, file: QueueFile) -> None:
        self._file = file
        self.news = 0  # how much was recorded: whoever waits for the time looks again

    def record(
        self, type_: TicketEvent, ticket: str | None, point: int | None = None, actor: Actor | None = None, **data: Any
    ) -> QueueEvent:
        """It happens now."""
        said = workflow.current_update_info() if actor is not None else None
        key = command_key(said.id) if said else workflow.uuid4().hex
        seq, now = self._file.line.seq + 1, workflow.now()
        event = QueueEvent(seq=seq, key=key, type=type_, at=now, actor=actor, ticket=ticket, point=point, data=data)
        self._file.line.apply(event)
        self._file.outbox.append(event)
        self._file.outbox_bytes += _size(event)
        self.news += 1
        if said:
            self._file.done[short(key)] = None
        return event

    @property
    def is_full(self) -> bool:
        """Whether nothing more is taken until the records answer again."""
        return self._file.outbox_bytes > HOLDS

    @property
    def holds_much(self) -> bool:
        """Whether those in the line said so much of their visits that no more fits."""
        return sum(ticket.said_bytes for ticket in self._file.line.tickets.values()) > HOLDS

    async def write(self) -> QueueWritten:
        """Write what happened, as much of it as goes into one write; what happens meanwhile goes with the next. If another run
        holds the queue, nothing was written, and nothing is taken out."""
        file = self._file
        events: list[QueueEvent] = []
        size = 0
        for event in file.outbox:
            size += _size(event)
            if events and size > BATCH:
                break
            events.append(event)
        assert file.terms is not None
        batch = QueueBatch(
            queue_id=file.queue_id, holder=file.holder, standard=file.terms.standard, centre=file.start.centre,
            day=file.start.day, events=events,
        )  # fmt: skip
        while (written := await self._written(batch)) is None:
            await workflow.sleep(GIVEN_UP_AGAIN, summary="writing to the records was given up; tried again")
        if (
            batch.holder != file.holder
        ):  # the queue was built again from the records meanwhile: they have these, or it has them still
            return written.model_copy(update={"superseded": False})
        if not written.superseded:
            del file.outbox[: len(events)]
            file.outbox_bytes = sum(_size(event) for event in file.outbox)
            file.recorded = written.last
        return written

    async def _written(self, batch: QueueBatch) -> QueueWritten | None:
        """What the records answered, or None if an operator gave the activity up."""
        try:
            return await workflow.execute_activity_method(
                QueuePort.record_queue, batch, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
                summary=f"events {batch.events[0].seq} to {batch.events[-1].seq}",
            )  # fmt: skip
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return None


def _size(event: QueueEvent) -> int:
    return len(event.model_dump_json(exclude_defaults=True).encode())
