"""Commands of a queue: declared once by their message, checked, decided in one piece, answered."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import ValidationError
from temporalio import workflow

from casework.workflows import errors
from casework.workflows.messages.queue import BringBack, CallNext, Hold, OpenPoint, QueueCommand, QueueReply, TakeTicket, Transfer
from casework.workflows.queue.decisions import Decided
from casework.workflows.queue.file import REPLIES_KEPT, QueueFile
from casework.workflows.queue.journal import command_key
from casework.workflows.queue.line import Impossible

# Who was called by the end of the day is served; nobody else is called or comes.
ENDS_WITH_THE_DAY = {each.command_name() for each in (TakeTicket, CallNext, OpenPoint, BringBack, Hold, Transfer)}

if TYPE_CHECKING:
    from casework.workflows.queue.day import QueueDay


class HoldsQueue(Protocol):
    """What the workflow has."""

    day: QueueDay


def queue_command(
    message: type[QueueCommand],
    *,
    anybody: bool = False,
    first: Callable[[Any, Any], Awaitable[Any]] | None = None,
    then: Callable[[Any, QueueReply], Awaitable[QueueReply]] | None = None,
) -> Any:
    """An update named after its message. `anybody` may give it, else the roles that run the queue; `first` completes what was
    said, and `then` goes on with what was decided before the answer is given."""
    name = message.command_name()

    async def handler(self: HoldsQueue, payload: Any = None) -> QueueReply:
        await self.day.opened()
        if (before := _answered_before(self.day)) is not None:
            return before
        it = _read(message, payload)
        if first is not None:
            it = await first(self.day, it)
            await self.day.opened()
        reply = self.day.carry_out(_decided(self.day, name, it, anybody), it.actor)
        if then is not None:
            reply = await then(self.day, reply)
        return _remember(self.day.file, reply)

    def validator(self: HoldsQueue, payload: Any = None) -> None:
        if self.day.invalid is not None:
            raise self.day.invalid
        if _answered_before(self.day) is not None:
            return
        it = _read(message, payload)
        if self.day.is_open:
            _may(self.day, name, it, anybody)
            if first is None:  # else what was said is not complete yet
                _decided(self.day, name, it, anybody)

    for function, returns in ((handler, QueueReply), (validator, None)):
        function.__name__ = name
        function.__annotations__ = {"self": HoldsQueue, "payload": Any, "return": returns}
    description = f"{inspect.getdoc(message)} [JSON with {', '.join(message.model_fields)}]"
    update = workflow.update(name=name, description=description)(handler)
    update.validator(validator)
    update.message = message  # type: ignore[attr-defined]  # found again by queue_commands
    return update


def queue_commands(process: type) -> dict[str, type[QueueCommand]]:
    """Every command of a queue by name."""
    found = (getattr(process, name) for name in dir(process))
    return {each.message.command_name(): each.message for each in found if hasattr(each, "message")}


def _read(message: type[QueueCommand], payload: Any) -> Any:
    try:
        return message.model_validate(payload)
    except ValidationError as error:
        raise errors.invalid_input(message.command_name(), error) from None


def _decided(day: QueueDay, name: str, it: Any, anybody: bool) -> Decided:
    _may(day, name, it, anybody)
    try:
        return day.decisions.of(name)(it, workflow.now())
    except Impossible as why:
        raise errors.refused(str(why)) from None


def _may(day: QueueDay, name: str, it: Any, anybody: bool) -> None:
    assert day.file.terms is not None
    roles = day.file.terms.rules.officers
    if not anybody and it.actor.role not in roles:
        raise errors.refused(f"{name} takes {' or '.join(roles)}, not {it.actor.role}")
    if day.journal.is_full:
        raise errors.refused("the records have not answered for long, and this queue can hold no more; tell the operator")
    if name == TakeTicket.command_name() and it.subject is not None and day.journal.holds_much:
        raise errors.refused("this queue holds as much as it can; take the ticket without subject and requester")
    if day.file.ended or (day.has_ended and name in ENDS_WITH_THE_DAY):
        raise errors.refused("the day of this queue has ended")


def _answered_before(day: QueueDay) -> QueueReply | None:
    update = workflow.current_update_info()
    return day.answered_before(command_key(update.id)) if update else None


def _remember(file: QueueFile, reply: QueueReply) -> QueueReply:
    """Temporal forgets update ids when a queue continues as new; the file does not."""
    update = workflow.current_update_info()
    if update is not None:
        kept = list(file.replies.items())[-(REPLIES_KEPT - 1) :]
        file.replies = dict([*kept, (command_key(update.id), reply)])
    return reply
