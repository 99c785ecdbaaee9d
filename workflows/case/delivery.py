"""Notices whose first try came to nothing: each has a durable activity of its own, with patient retries, until it meets its
fate. So many at once and no more; the rest wait their turn, so that a long outage is not also a flood.
"""

from __future__ import annotations

import asyncio

from temporalio import workflow
from temporalio.exceptions import ActivityError, RetryState, TimeoutError, is_cancelled_exception

from casework.workflows import options
from casework.workflows.case.file import CaseFile, UntoldNotice
from casework.workflows.case.journal import Journal
from casework.workflows.ports import JournalPort, NoticeDelivery, NoticeFate, NoticeStatus


class Delivery:
    """Delivers what one case still owes."""

    def __init__(self, file: CaseFile, journal: Journal) -> None:
        self._file = file
        self._journal = journal
        self._under_way: dict[str, asyncio.Task[None]] = {}
        self.stopped = False
        self.last = False  # no run comes after this one: nobody is put to the end of the line any more
        self.broken: Exception | None = None

    def start(self) -> None:
        """Take up as many of the owed notices as there is room for."""
        for notice in self._file.owed:
            if self.stopped or len(self._under_way) >= options.DELIVERIES_AT_ONCE:
                return
            if notice.id not in self._under_way:
                self._under_way[notice.id] = asyncio.create_task(self._deliver(notice))

    def stop(self) -> None:
        """End the activities under way; a continued case takes them up."""
        self.stopped = True
        for task in self._under_way.values():
            task.cancel()

    async def _deliver(self, notice: UntoldNotice) -> None:
        others_wait = len(self._file.owed) > options.DELIVERIES_AT_ONCE and not self.last
        try:
            fate = await workflow.execute_activity_method(
                JournalPort.send_notice,
                NoticeDelivery(case_id=self._file.case_id, notice_id=notice.id),
                start_to_close_timeout=options.PATIENT_TIMEOUT,
                schedule_to_close_timeout=options.DELIVERY_TURN if others_wait else None,
                retry_policy=options.PATIENT_RETRY,
                summary=f"{notice.template} → {notice.to}",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            if isinstance(error.cause, TimeoutError) or error.retry_state is RetryState.TIMEOUT:  # its turn is over
                del self._under_way[notice.id]
                self._file.owed = [*(other for other in self._file.owed if other.id != notice.id), notice]
                self.start()
                return
            # An operator gave it up, or it can never work: somebody must see that.
            reason = type(error.cause).__name__
            fate = NoticeFate(id=notice.id, status=NoticeStatus.FAILED, at=workflow.now(), error=reason)
        except Exception as error:
            self.broken = error
            raise
        del self._under_way[notice.id]
        self._journal.settle(fate, notice.template, notice.to, tell=fate.status is NoticeStatus.FAILED)
        self._journal.commit()
