"""The journal of a case: decided, then done.

A transition appends events and notices; `commit` closes it. Everything it says goes out as one activity that is scheduled in
the same workflow task: what the world is told stands in history before anybody is told. Neither records nor mail hold the
case up; an activity whose other side is down is tried by Temporal for as long as it takes.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from casework.standards.counting.plan import REQUESTER
from casework.standards.thai_dates import buddhist_year
from casework.workflows import options
from casework.workflows.case.file import EVENTS_KEPT, NOTICES_KEPT, CaseFile, UntoldNotice
from casework.workflows.case.views import pause_view, promise_view, request_fields
from casework.workflows.messages.events import Event, EventType
from casework.workflows.messages.people import Actor
from casework.workflows.messages.views import NoticeView, RunningClock
from casework.workflows.ports import (
    Batch,
    CaseState,
    Founding,
    JournalPort,
    KeptClocks,
    NoticeFate,
    NoticeOrder,
    NoticeStatus,
    Recorded,
    StepDone,
)

TEXT_KEPT, ITEMS_KEPT = 300, 20


class Journal:
    """Events and notices of one case, on their way out."""

    def __init__(self, file: CaseFile, committed: Callable[[], None], met: Callable[[NoticeFate, str, str], None]) -> None:
        """`committed` is called after each transition: operators are shown the case, and who is still owed is told; `met`
        when a notice (of that text, to that role) has met its fate."""
        self._file = file
        self._committed = committed
        self._met = met
        self._events: list[Event] = []
        self._notices: list[NoticeOrder] = []
        self._fates: list[NoticeFate] = []
        self._steps: list[StepDone] = []
        self._writing: dict[int, asyncio.Task[None]] = {}
        self.broken: Exception | None = None

    def record(self, event_type: str, actor: Actor | None = None, **data: Any) -> Event:
        """Append an event to the transition under way; it is numbered, and known by what it says."""
        file = self._file
        file.seq += 1
        now = workflow.now()
        key = event_key(file.case_id, file.seq, event_type, now.isoformat(), actor, data)
        event = Event(seq=file.seq, key=key, type=event_type, at=now, actor=actor, data=data)
        self._events.append(event)
        file.events = [*file.events[-(EVENTS_KEPT - 1) :], event.model_copy(update={"data": shortened(data)})]
        return event

    def notify(self, template: str, to: str, **values: Any) -> str:
        """Owe a notice to a role, on account of the latest event; returns its id. Who does not exist is told nothing."""
        file = self._file
        notice_id = f"{file.seq}.{file.events[-1].key}/{template}/{to}"
        if to == REQUESTER and file.moved_from is not None and "due_at" in values:
            values = {"old_due_at": file.moved_from.isoformat(), **values}
        nobody = to == REQUESTER and file.request.nobody_to_tell
        if nobody or any(notice.id == notice_id for notice in file.notices):
            return notice_id
        self._notices.append(NoticeOrder(id=notice_id, event=file.seq, template=template, to=to, values=values))
        view = NoticeView(id=notice_id, template=template, to=to, status=NoticeStatus.OWED)
        file.notices = [*file.notices[-(NOTICES_KEPT - 1) :], view]
        return notice_id

    def step_done(self, step: StepDone) -> None:
        """A step was finished in the transition under way."""
        self._steps.append(step)

    def commit(self) -> None:
        """Close the transition: what it said goes out together, in this workflow task, and operators see where the case
        stands. Without anything to say this only shows the case again."""
        self._file.moved_from = None
        if self._events or self._notices:  # a step alone goes with what is said next, at the latest that the case is closed
            batch = self._batch()
            self._keep(batch)
            self._send(batch)
        self._committed()

    def resume(self) -> None:
        """Send what an earlier run of the case could not hand over, as one batch."""
        waiting = self._file.outbox
        if waiting:
            whole = merged(waiting)
            self._file.outbox, self._file.outbox_bytes = [], {}
            self._keep(whole)
            self._send(whole)

    def status(self, notice_id: str) -> NoticeStatus:
        """The fate of a notice so far."""
        file = self._file
        waiting = {notice.id for notice in self._notices} | {notice.id for notice in file.owed}
        if notice_id in waiting or any(notice.id == notice_id for batch in file.outbox for notice in batch.notices):
            return NoticeStatus.OWED
        found = next((n for n in file.notices if n.id == notice_id), None)
        return NoticeStatus(found.status) if found else NoticeStatus.SENT

    @property
    def settled(self) -> bool:
        """Whether the records have everything."""
        return not (self._events or self._notices or self._file.outbox)

    def stop(self) -> None:
        """End the activities under way; a continued case takes them up."""
        for task in self._writing.values():
            task.cancel()

    def settle(self, fate: NoticeFate, template: str, to: str, tell: bool = False) -> None:
        """A notice of this text to this role has met its fate. One that failed for good is an event: somebody must see it."""
        self.note(fate, tell)
        if fate.status is NoticeStatus.FAILED:
            self.record(EventType.NOTICE_FAILED, notice=template, to=to, error=fate.error)
        self._met(fate, template, to)

    def note(self, fate: NoticeFate, tell: bool) -> None:
        """Note the fate of a notice; `tell` if the records do not know it."""
        file = self._file
        file.owed = [other for other in file.owed if other.id != fate.id]
        file.notices = [
            view.model_copy(update={"status": fate.status.value, "at": fate.at}) if view.id == fate.id else view
            for view in file.notices
        ]
        if tell:
            self._fates.append(fate)

    def _batch(self) -> Batch:
        file = self._file
        file.batches += 1
        clocks = kept_clocks(file)
        digest = sha256(clocks.model_dump_json().encode()).hexdigest()[:16]
        changed = digest != file.clocks_told
        file.clocks_told = digest
        batch = Batch(
            case_id=file.case_id,
            digest=file.request.digest,
            number=file.batches,
            at=workflow.now(),
            last_event=file.seq,
            state=case_state(file),
            founding=founding(file) if file.batches == 1 else None,
            clocks=clocks if changed else None,
            events=self._events,
            steps=self._steps,
            notices=self._notices,
            fates=self._fates,
            reset=file.reset,
        )
        self._events, self._steps, self._notices, self._fates = [], [], [], []
        return batch

    def _keep(self, batch: Batch) -> None:
        file = self._file
        file.outbox.append(batch)
        file.outbox_bytes[batch.number] = len(batch.model_dump_json(exclude_defaults=True))
        file.committed = batch.last_event

    def _send(self, batch: Batch) -> None:
        self._writing[batch.number] = asyncio.create_task(self._written(batch))

    async def _written(self, batch: Batch) -> None:
        try:
            while (recorded := await self._recorded(batch)) is None:
                await workflow.sleep(options.GIVEN_UP_AGAIN, summary="writing to the records was given up; tried again")
            self._take(batch, recorded)
        except Exception as error:
            if not is_cancelled_exception(error):
                self.broken = error
            raise

    async def _recorded(self, batch: Batch) -> Recorded | None:
        """What the records answered, or None if an operator gave the activity up: what was decided is written all the same."""
        try:
            return await workflow.execute_activity_method(
                JournalPort.record,
                batch,
                start_to_close_timeout=options.PATIENT_TIMEOUT,
                retry_policy=options.PATIENT_RETRY,
                summary=f"{batch.events[-1].type if batch.events else 'notices'} → records",
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return None

    def _take(self, batch: Batch, recorded: Recorded) -> None:
        file = self._file
        self._writing.pop(batch.number, None)
        file.case_no = recorded.case_no
        if file.terms is not None and batch.state.standard_id == file.terms.standard_id:
            file.calendar_known = max(file.calendar_known, recorded.calendar)
        file.outbox_bytes.pop(batch.number, None)
        file.outbox = [other for other in file.outbox if other.number != batch.number]
        fates = {fate.id: fate for fate in recorded.fates}
        for notice in batch.notices:
            fate = fates.get(notice.id)
            if fate is None or fate.status is NoticeStatus.OWED:
                file.owed.append(UntoldNotice(id=notice.id, template=notice.template, to=notice.to))
            else:
                self.settle(fate, notice.template, notice.to)
        if recorded.conflicts:
            self.record(EventType.RECORDS_DIFFER, keys=recorded.conflicts)
        self.commit()


def event_key(case_id: str, seq: int, event_type: str, at: str, actor: Actor | None, data: dict[str, Any]) -> str:
    """The key of an event, from its content and its place: a different event never has the same one."""
    said = json.dumps([case_id, seq, event_type, at, actor and actor.model_dump(), data], sort_keys=True, default=str)
    return sha256(said.encode()).hexdigest()[:16]


def merged(batches: list[Batch]) -> Batch:
    """Several batches as one: every event and notice in order, the state of the last."""
    last = batches[-1]
    return last.model_copy(
        update={
            "founding": next((batch.founding for batch in batches if batch.founding), None),
            "clocks": next((batch.clocks for batch in reversed(batches) if batch.clocks), None),
            "events": [event for batch in batches for event in batch.events],
            "steps": [step for batch in batches for step in batch.steps],
            "notices": [notice for batch in batches for notice in batch.notices],
            "fates": [fate for batch in batches for fate in batch.fates],
        }
    )


def founding(file: CaseFile) -> Founding:
    """What the records keep of the request for good."""
    request = file.request
    return Founding(
        request_id=request.request_id,
        digest=request.digest,
        service=request.service,
        centre=request.centre,
        registry=file.terms.registry if file.terms else None,
        year=buddhist_year(file.received_at.astimezone(file.zone)),
        channel=request.channel,
        subject=request.subject,
        details=request.details,
        request=request_fields(request),
        requester=request.requester,
        received_at=file.received_at,
        opened_at=file.opened_at,
    )


def case_state(file: CaseFile) -> CaseState:
    """How the case stands now, as its row in the records shows it."""
    assert file.terms is not None, "nothing is written before the case has its terms"
    return CaseState(
        standard_id=file.terms.standard_id,
        standard_version=file.terms.standard_version,
        stage=file.stage,
        outcome=file.outcome,
        officer=file.officer,
        agency=file.agency,
        promised_at=file.promised_at,
        due_at=file.due_at,
        overdue=file.overdue,
        breached_at=file.breached_at,
        escalation=file.escalation,
        concluded_at=file.concluded_at,
        closed_at=file.closed_at,
        links=file.links,
    )


def kept_clocks(file: CaseFile) -> KeptClocks:
    """What the running clocks, the promise and the pause keep."""
    return KeptClocks(
        clocks=[RunningClock(step=c.step, due_at=c.due_at, ledger=c.ledger, rungs=c.rungs) for c in file.running],
        promise=promise_view(file.promise) if file.promise_stands else None,
        pause=pause_view(file.pause),
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
