"""What visitors and the centre's supervisor are told while a queue runs. Nobody waits for it; too late it helps nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError

from casework.standards.pack.queue import CALLED, SENT_HOME
from casework.workflows.messages.people import Requester
from casework.workflows.options import PATIENT_RETRY, PATIENT_TIMEOUT
from casework.workflows.queue.file import QueueFile
from casework.workflows.queue.hours import Hours
from casework.workflows.queue.line import Ticket
from casework.workflows.queue.ports import LongWait, QueuePort, VisitorMessage

CALL_HELPS = timedelta(minutes=3)  # who is told later was called again, or is gone
WARNING_HELPS = timedelta(minutes=15)  # the supervisor is told again anyway
COME_BACK_HELPS = timedelta(hours=12)


class Telling:
    """Tells people of one queue."""

    def __init__(self, file: QueueFile, hours: Hours) -> None:
        self._file, self._hours = file, hours
        self._under_way: set[asyncio.Task[None]] = set()

    @property
    def is_under_way(self) -> bool:
        """Whether somebody is being told."""
        return bool(self._under_way)

    def called(self, ticket: Ticket) -> None:
        """To which point and officer."""
        said = {"point": ticket.point, "officer": ticket.officer}
        self._visitor(CALLED, ticket, CALL_HELPS, f"{ticket.number} → {ticket.point}", said)

    def sent_home(self, ticket: Ticket) -> None:
        """That the day ended, and when the centre is open again."""
        said = {"opens_at": self._hours.terms.opens_next}
        self._visitor(SENT_HOME, ticket, COME_BACK_HELPS, f"{ticket.number} comes back another day", said)

    def long_waits(self, late: Sequence[Ticket], now: datetime) -> None:
        """The supervisor: who waits, and how long the longest has."""
        wait = LongWait(
            queue_id=self._file.queue_id,
            centre=self._file.start.centre,
            standard=self._hours.terms.standard,
            tickets=[each.number for each in late],
            longest=int((now - min(self._hours.waits_since(each) for each in late)) / timedelta(minutes=1)),
            at=now,
        )
        self._tell(QueuePort.tell_long_wait, wait, WARNING_HELPS, f"{len(late)} wait too long")

    def _visitor(self, template: str, ticket: Ticket, helps: timedelta, summary: str, said: dict[str, Any]) -> None:
        asked = ticket.request.get("requester")
        requester = Requester.model_validate(asked) if asked else None
        if requester is None or not requester.told_at_once:
            return
        message = VisitorMessage(
            queue_id=self._file.queue_id, event=self._file.line.seq, centre=self._file.start.centre,
            standard=self._hours.terms.standard, template=template, ticket=ticket.number, addresses=requester.addresses,
            prefers=requester.prefers, language=requester.language, at=workflow.now(), **said,
        )  # fmt: skip
        self._tell(QueuePort.tell_visitor, message, helps, summary)

    def _tell(self, activity: Any, message: LongWait | VisitorMessage, helps: timedelta, summary: str) -> None:
        async def tell() -> None:
            with suppress(ActivityError):  # it could not be told in time; the board and the officer's voice are there too
                await workflow.execute_activity_method(
                    activity, message, start_to_close_timeout=PATIENT_TIMEOUT, retry_policy=PATIENT_RETRY,
                    schedule_to_close_timeout=helps, summary=summary,
                )  # fmt: skip

        task = asyncio.create_task(tell())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
