"""The journal's way out: a batch into the records, then one try at each notice; later tries one by one.

Nobody is told twice: a notice is claimed in the records before it is sent and settled after. Only a crash between the
mail server's "accepted" and our note of it can repeat a message, and then with the same Message-ID.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

import structlog
from temporalio import activity

from casework.activities.calendar_book import CalendarBook
from casework.activities.composing import CannotCompose, compose, letter_of
from casework.adapters.ports import Letter, Notifier, OwedNotice, Records, UndeliverableError
from casework.standards.counting.plan import REQUESTER
from casework.workflows.ports import Batch, HandlersQuery, JournalPort, NoticeDelivery, NoticeFate, NoticeStatus, Recorded

log = structlog.get_logger()


FIRST_TRY_WITHIN = 1.5  # seconds
SETTLE_WITHIN = 30.0  # shorter than the claim on a notice


class StillOwed(Exception):
    """The notice could not be delivered now; the retry policy says when it is tried again."""


class JournalActivities(JournalPort):
    """Writes to the records and sends through the notifier."""

    def __init__(self, book: CalendarBook, records: Records, notifier: Notifier) -> None:
        self._book = book
        self._records = records
        self._notifier = notifier
        self._under_way: set[asyncio.Task[list[NoticeFate]]] = set()

    @activity.defn(name="record")
    async def record(self, batch: Batch) -> Recorded:
        """Write a batch and try its notices once."""
        written = await self._records.write(batch)
        if written.conflicts:
            log.error("the records hold something else under these keys", case_id=batch.case_id, keys=written.conflicts)
        known = {notice.id for notice in written.claimed}
        others = [notice.id for notice in batch.notices if notice.id not in known]
        fates = await self._first_try(batch.case_id, written.claimed) if written.claimed else []
        fates += await self._records.fates(batch.case_id, others) if others else []
        return Recorded(case_no=written.case_no, fates=fates, calendar=written.calendar, conflicts=list(written.conflicts))

    @activity.defn(name="send_notice")
    async def send_notice(self, delivery: NoticeDelivery) -> NoticeFate:
        """Deliver one notice; raises StillOwed while the other side is down."""
        claimed = await self._records.claim(delivery.case_id, delivery.notice_id)
        if claimed is not None:
            [fate] = await asyncio.shield(self._send_and_settle(delivery.case_id, [claimed]))
        else:
            found = await self._records.fates(delivery.case_id, [delivery.notice_id])
            if not found:
                raise StillOwed("the records do not have this notice yet")
            [fate] = found
        if fate.status is NoticeStatus.OWED:
            raise StillOwed(fate.error or "another try is under way")
        return fate

    @activity.defn(name="read_handlers")
    async def read_handlers(self, query: HandlersQuery) -> list[str]:
        """Who handled a case, as the records have it."""
        return await self._records.handlers(query.case)

    async def drain(self) -> None:
        """Let what is being sent be sent and noted, before a worker ends."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _first_try(self, case_id: str, notices: Sequence[OwedNotice]) -> list[NoticeFate]:
        """Send, but do not let a mail server that hangs hold up what follows: after a moment the notices count as owed,
        while the sending under way goes on by itself and notes what became of it."""
        sending = asyncio.create_task(self._send_and_settle(case_id, notices))
        self._under_way.add(sending)
        sending.add_done_callback(self._forget)
        done, _ = await asyncio.wait([sending], timeout=FIRST_TRY_WITHIN)
        if done and sending.exception() is None:
            return sending.result()
        now = datetime.now(UTC)
        return [NoticeFate(id=notice.id, status=NoticeStatus.OWED, at=now, error="still being sent") for notice in notices]

    def _forget(self, sending: asyncio.Task[list[NoticeFate]]) -> None:
        self._under_way.discard(sending)
        if not sending.cancelled() and sending.exception() is not None:
            log.warning("sending not noted", error=type(sending.exception()).__name__)

    async def _send_and_settle(self, case_id: str, notices: Sequence[OwedNotice]) -> list[NoticeFate]:
        sent = await asyncio.gather(*(self._send(notice) for notice in notices))
        fates = [fate for fate, _, _ in sent]
        letters = {fate.id: letter for fate, letter, _ in sent if letter}
        ways = {fate.id: way for fate, _, way in sent if way}
        deadline = asyncio.get_running_loop().time() + SETTLE_WITHIN
        while True:
            try:
                await self._records.settle(case_id, fates, letters, ways)
                return fates
            except Exception:  # whatever the records raise: what was sent must be noted, or it is sent again later
                if asyncio.get_running_loop().time() > deadline:
                    raise
                await asyncio.sleep(1)

    async def _send(self, notice: OwedNotice) -> tuple[NoticeFate, Letter | None, str | None]:
        """Send, and what became of it and by which way it went: whoever cannot be reached gets a letter."""
        status, error, letter = NoticeStatus.SENT, None, None
        way: str | None = None
        try:
            calculator = await self._book.calculator(notice.standard_id, notice.standard_version, notice.centre)
            message = compose(calculator.pack, calculator.calendar, notice)
            if message is None and notice.to != REQUESTER:
                raise UndeliverableError("no address for this role")
            try:
                if message is not None:
                    way = await self._notifier.send(message)
            except UndeliverableError as refused:
                if notice.to != REQUESTER:  # a unit's broken address is a failure somebody must see
                    raise
                message, error = None, str(refused)
            if message is None:
                status, letter = NoticeStatus.BY_HAND, letter_of(calculator.pack, calculator.calendar, notice)
        except CannotCompose as problem:  # it would be the same each time: said, shown, and nobody waits for it
            status, error = NoticeStatus.FAILED, str(problem)
        except UndeliverableError as refused:
            status, error = NoticeStatus.FAILED, str(refused)
        except Exception as trouble:  # noqa: BLE001 - whatever it is, the notice stays owed and is tried again
            status, error = NoticeStatus.OWED, f"not sent: {type(trouble).__name__}"
            log.warning("notice not sent", case_id=notice.case_id, notice=notice.template, to=notice.to, error=error)
        return NoticeFate(id=notice.id, status=status, at=datetime.now(UTC), error=error), letter, way
