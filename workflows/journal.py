"""The journal of a case: what happened goes to the records, what is owed goes to people, and neither holds the case up.

A change appends events and notices; `keep` takes everything pending and hands it over in one local activity. When the
records or the mail are down, a durable activity with patient retries takes over while the case goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, FailureError, is_cancelled_exception

from casework.workflows import options
from casework.workflows.views import pause_view, promise_view

with workflow.unsafe.imports_passed_through():
    from casework.workflows.case_file import EVENTS_KEPT, NOTICES_KEPT, CaseFile
    from casework.workflows.contracts import Actor, Event, NoticeView, RunningClock
    from casework.workflows.ports import (
        Batch,
        CaseSheet,
        JournalPort,
        NoticeErrand,
        NoticeFate,
        NoticeOrder,
        NoticeStatus,
        Recorded,
    )


TEXT_KEPT, ITEMS_KEPT = 300, 20


class Journal:
    """Events and notices of one case, on their way out."""

    def __init__(self, file: CaseFile, turn: asyncio.Lock, publish: Callable[[], None]) -> None:
        self._file = file
        self._turn = turn
        self._publish = publish
        self._errands: dict[str, asyncio.Task[None]] = {}
        self._writing = False
        self.broken: Exception | None = None
        # A transition goes out whole: while a stage is working, what it says is kept together.
        self.holding = True

    def record(self, event_type: str, actor: Actor | None = None, **data: Any) -> Event:
        """Append an event; it is numbered, and written when the records can take it."""
        file = self._file
        file.seq += 1
        # Seeded by the run: the same in every replay, another after a reset. (The time is neither: it may differ by
        # milliseconds between a first run and its replay when a local activity ends at the edge of a task.)
        key = workflow.uuid4().hex[:8]
        event = Event(seq=file.seq, key=key, type=event_type, at=workflow.now(), actor=actor, data=data)
        file.pending.append(event)
        file.events = [*file.events[-(EVENTS_KEPT - 1) :], event.model_copy(update={"data": shortened(data)})]
        return event

    def notify(self, template: str, to: str, **values: Any) -> str:
        """Owe a notice to a role, on account of the latest event; returns its id."""
        file = self._file
        notice_id = f"{file.seq}.{file.events[-1].key}/{template}/{to}"
        if any(notice.id == notice_id for notice in file.notices):
            return notice_id
        file.owed.append(
            NoticeOrder(id=notice_id, event=file.seq, template=template, to=to, values=values, ordered_at=workflow.now())
        )
        view = NoticeView(id=notice_id, template=template, to=to, status=NoticeStatus.OWED)
        file.notices = [*file.notices[-(NOTICES_KEPT - 1) :], view]
        return notice_id

    def status(self, notice_id: str) -> NoticeStatus:
        """The fate of a notice so far."""
        if any(notice.id == notice_id for notice in self._file.owed):
            return NoticeStatus.OWED
        found = next((n for n in self._file.notices if n.id == notice_id), None)
        return NoticeStatus(found.status) if found else NoticeStatus.SENT

    @property
    def settled(self) -> bool:
        """Whether the records have everything and nobody is owed a notice."""
        return not (self._file.pending or self._file.owed or self._writing)

    def _has_news(self) -> bool:
        return bool(self._file.pending) or len(self._file.owed) > self._file.handed_over

    async def keep(self) -> None:
        """Hand over what is pending, for as long as the case lives."""
        for notice in self._file.owed[: self._file.handed_over]:  # carried over: the records know them, one try was made
            self._run_errand(notice)
        while True:
            await workflow.wait_condition(lambda: self._has_news() and not self.holding)
            await self._hand_over()

    async def stop(self) -> None:
        """Let the write under way finish if it is quick; end the patient activities (a continued case takes them up)."""
        for task in self._errands.values():
            task.cancel()
        await asyncio.gather(*self._errands.values(), return_exceptions=True)
        self._errands.clear()

    async def _hand_over(self) -> None:
        self._writing = True
        try:
            try:
                async with self._turn:
                    batch = self._batch()
                    recorded = await workflow.execute_local_activity_method(
                        JournalPort.record,
                        batch,
                        start_to_close_timeout=options.FIRST_TRY_TIMEOUT,
                        retry_policy=options.FIRST_TRY_RETRY,
                    )
            except FailureError as error:  # a local activity's failure comes unwrapped
                if is_cancelled_exception(error):
                    raise
                self._publish()
                recorded = await self._patiently(batch)
            self._settle(batch, recorded)
        finally:
            self._writing = False
        if not self._has_news():
            self._publish()

    async def _patiently(self, batch: Batch) -> Recorded:
        return await workflow.execute_activity_method(
            JournalPort.record,
            batch,
            start_to_close_timeout=options.PATIENT_TIMEOUT,
            retry_policy=options.PATIENT_RETRY,
            summary=f"not recorded yet: {len(batch.events)} events, {len(batch.notices)} notices (its failure says why)",
        )

    def _batch(self) -> Batch:
        file = self._file
        return Batch(
            sheet=sheet(file),
            events=list(file.pending),
            notices=file.owed[file.handed_over :],
        )

    def _settle(self, batch: Batch, recorded: Recorded) -> None:
        file = self._file
        file.case_no = recorded.case_no
        file.calendar_known = max(file.calendar_known, recorded.calendar)
        file.pending = file.pending[len(batch.events) :]
        file.handed_over += len(batch.notices)
        fates = {fate.id: fate for fate in recorded.fates}
        for notice in batch.notices:
            fate = fates.get(notice.id)
            if fate is None or fate.status is NoticeStatus.OWED:
                self._run_errand(notice)
            else:
                self._meet(fate)

    def _run_errand(self, notice: NoticeOrder) -> None:
        self._errands[notice.id] = asyncio.create_task(self._watched(notice))

    async def _watched(self, notice: NoticeOrder) -> None:
        try:
            await self._deliver(notice)
        except Exception as error:
            self.broken = error
            raise

    async def _deliver(self, notice: NoticeOrder) -> None:
        try:
            fate = await workflow.execute_activity_method(
                JournalPort.send_notice,
                NoticeErrand(sheet=sheet(self._file), notice=notice),
                start_to_close_timeout=options.PATIENT_TIMEOUT,
                retry_policy=options.PATIENT_RETRY,
                summary=f"{notice.template} to {notice.to}",
            )
        except ActivityError as error:  # an operator gave it up, or it can never work: somebody must see that
            if is_cancelled_exception(error):
                raise
            reason = type(error.cause).__name__
            fate = NoticeFate(id=notice.id, status=NoticeStatus.FAILED, at=workflow.now(), error=reason)
        self._errands.pop(notice.id, None)
        self._meet(fate)
        self._publish()

    def _meet(self, fate: NoticeFate) -> None:
        file = self._file
        position = next((i for i, notice in enumerate(file.owed) if notice.id == fate.id), None)
        if position is None:
            return
        notice = file.owed.pop(position)
        if position < file.handed_over:
            file.handed_over -= 1
        file.notices = [
            view.model_copy(update={"status": fate.status.value, "at": fate.at}) if view.id == fate.id else view
            for view in file.notices
        ]
        if fate.status is NoticeStatus.FAILED:
            self.record("notice_failed", notice=notice.template, to=notice.to, error=fate.error)


def sheet(file: CaseFile) -> CaseSheet:
    """The case as the records and the notices need it now."""
    assert file.terms is not None, "nothing is written before the case has its terms"
    return CaseSheet(
        case_id=file.case_id,
        request_id=file.request.request_id,
        service=file.request.service,
        centre=file.request.centre,
        channel=file.request.channel,
        subject=file.request.subject,
        standard_id=file.terms.standard_id,
        standard_version=file.terms.standard_version,
        case_no=file.case_no,
        stage=file.stage,
        outcome=file.outcome,
        requester=file.request.requester,
        officer=file.officer,
        agency=file.agency,
        received_at=file.received_at,
        opened_at=file.opened_at,
        promised_at=file.promised_at,
        due_at=file.due_at,
        overdue=file.overdue,
        escalation=file.escalation,
        closed_at=file.closed_at,
        links=file.links,
        clocks=[RunningClock(step=c.step, due_at=c.due_at, ledger=c.ledger, rungs=c.rungs) for c in file.running],
        promise=promise_view(file.promise) if file.outcome is None else None,
        pause=pause_view(file.pause),
        last_event=file.seq,
        last_event_at=file.events[-1].at,
    )


def shortened(data: dict[str, Any]) -> dict[str, Any]:
    """An event's data as the case itself keeps it in view; the records have it whole."""

    def short(value: Any) -> Any:
        if isinstance(value, str) and len(value) > TEXT_KEPT:
            return f"{value[:TEXT_KEPT]}…"
        if isinstance(value, list):
            return [short(item) for item in value[:ITEMS_KEPT]]
        return value

    return {key: short(value) for key, value in data.items()}
