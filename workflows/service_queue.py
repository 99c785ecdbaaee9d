"""The queue of a centre's day: service standard 1.1 (1) and 2, service points 1 to 7.

ระบบบัตรคิวให้บริการตามลำดับขั้นตอนการให้บริการ — queue tickets in the order of the service steps; จุดที่ 1 ติดต่อสอบถาม/รับบัตรคิว — point 1 gives
them; มีป้ายแสดงรายชื่อเจ้าหน้าที่ผู้ให้บริการ — a sign names the officers.

One workflow a centre and day. What is asked of it is decided in one piece, answered, recorded, and shown on the board.
"""

from __future__ import annotations

import asyncio

from pydantic import TypeAdapter
from temporalio import workflow
from temporalio.common import RawValue

from casework.workflows import names
from casework.workflows.case.opening import NO_REQUEST, decoded
from casework.workflows.messages.queue import (
    BringBack,
    CallNext,
    CarriedTicket,
    ClosePoint,
    Finish,
    Hold,
    OpenPoint,
    QueueReply,
    QueueView,
    Recall,
    RecordNoShow,
    Serve,
    TakeTicket,
    Transfer,
)
from casework.workflows.queue.commands import queue_command
from casework.workflows.queue.day import QueueDay
from casework.workflows.queue.opening import read_start
from casework.workflows.queue.views import queue_view

CARRIED = TypeAdapter(list[CarriedTicket])


async def _with_its_case(day: QueueDay, reply: QueueReply) -> QueueReply:
    return await day.cases.answered(reply)


@workflow.defn(name="service_queue")
class ServiceQueue:
    """ระบบบัตรคิว · the queue of a centre's day."""

    @workflow.init
    def __init__(self, start: RawValue = NO_REQUEST) -> None:
        self.file, invalid = read_start(start)
        self.day = QueueDay(self.file, invalid)

    take_ticket = queue_command(TakeTicket, anybody=True)
    open_point = queue_command(OpenPoint, first=QueueDay.with_officer)
    close_point = queue_command(ClosePoint)
    call_next = queue_command(CallNext)
    recall = queue_command(Recall)
    record_no_show = queue_command(RecordNoShow)
    hold = queue_command(Hold)
    bring_back = queue_command(BringBack)
    transfer = queue_command(Transfer)
    serve = queue_command(Serve, then=_with_its_case)
    finish = queue_command(Finish)

    @workflow.run
    async def run(self, start: RawValue = NO_REQUEST) -> int:
        """Takes a QueueStart; returns how many events the day had."""
        await self.day.open()
        if self.day.invalid is not None:
            await workflow.sleep(0.01, summary="whoever began it hears why it cannot be")
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise self.day.invalid
        day = self.day
        beside = (
            day.keep_records,
            day.keep_the_board,
            day.follow_the_standard,
            day.take_up_resets,
            day.cases.run,
            self.watch_the_time,
        )
        work = [asyncio.create_task(each()) for each in beside]
        try:
            await workflow.wait_condition(lambda: day.is_over or day.is_long or any(_broken(task) for task in work))
        except asyncio.CancelledError:  # an operator cancels it: what was answered is written first
            await workflow.wait_condition(lambda: not self.file.outbox or any(_broken(task) for task in work))
            raise
        for task in work:
            if _broken(task):  # fails this workflow task, not the day: a corrected worker goes on
                raise RuntimeError("what runs beside the queue stopped") from task.exception()
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not day.is_over:
            await day.continue_as_new()
        return self.file.line.seq

    async def watch_the_time(self) -> None:
        """Who waits too long is told to the supervisor; who still waits at the end of the day, what becomes of the place."""
        while not self.file.ended:
            await self.day.until_something_is_due()
            self.day.warn_of_long_waits()
            if self.day.has_ended:
                await self.day.end()

    @workflow.signal(name="carry_over")
    async def carried_over(self, tickets: RawValue = NO_REQUEST) -> None:
        """Those of the day before keep their places. What is not a list of CarriedTicket changes nothing."""
        try:
            carried = CARRIED.validate_python(decoded(tickets))
        except (ValueError, RecursionError):
            workflow.logger.warning("carry_over was signalled with something else than tickets")
            return
        await self.day.opened()
        self.day.take_over(carried)

    @workflow.update(name="opened", description="Wait until the queue of the day is open")
    async def opened(self) -> QueueView:
        """The queue, as soon as its rules are known."""
        await self.day.opened()
        return queue_view(self.file, workflow.now())

    @workflow.query(name=names.QUEUE_QUERY)
    def view(self) -> QueueView:
        """The queue now."""
        return queue_view(self.file, workflow.now())


def _broken(task: asyncio.Task[None]) -> bool:
    return task.done() and task.exception() is not None
