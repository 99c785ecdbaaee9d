"""What reached the centre in time is in time, whenever somebody entered it.

Papers handed in at 16:20 of the last day and typed at 16:35 count from 16:20: the command that enters them says so
(`received_at`), the record keeps both times, and a limit that ends a stage waits until they can have been entered
(`calendar.counting.entered_within`).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from casework.standards.counting.plan import OWNER, REQUESTER
from casework.workflows.case.file import CaseFile
from casework.workflows.messages.commands import FromOutside, Resume, Withdraw

CLOCKS_DIFFER = timedelta(minutes=1)  # a counter's clock may run ahead of the server's by so much


def counted_at(message: FromOutside) -> datetime:
    """The moment that a command counts from: when what it carries reached the centre, else now."""
    now = workflow.now()
    return min(message.received_at, now) if message.received_at else now


def unfit_receipt(file: CaseFile, message: FromOutside) -> str | None:
    """Why a command cannot have been received as it says, or came too late; None if all is well."""
    role, said, now = message.actor.role, message.received_at, workflow.now()
    if said is not None and (role == REQUESTER or role.startswith(OWNER)):
        return f"received_at is for whoever enters what came from somebody else; what {role} does counts when it is done"
    if said is not None and said > now + CLOCKS_DIFFER:
        return "received_at lies in the future"
    if said is not None and said < file.received_at:
        return f"received_at lies before the case was received ({_local(file, file.received_at)})"
    if isinstance(message, Withdraw):
        return None
    began = file.pause.begun if isinstance(message, Resume) and file.pause else file.stage_counts_from or file.received_at
    if said is not None and said < began:
        return f"received_at lies before what it answers ({_local(file, began)})"
    passed = next((limit for limit in _limits(file, message) if counted_at(message) > limit), None)
    if passed is not None:
        return f"the time for this passed at {_local(file, passed)}; what was handed in by then is entered with received_at"
    return None


def came_in_time(file: CaseFile, message: FromOutside) -> bool:
    """Whether what a command carries reached the centre within the limit that ends the stage, so that it counts also when
    nobody was there to take it before the time to enter it passed."""
    return message.received_at is not None and all(counted_at(message) <= limit for limit in _limits(file, message))


def _limits(file: CaseFile, message: FromOutside) -> list[datetime]:
    """The requester's limits that end the stage, or the pause that ends the case, which a command must have come within."""
    if isinstance(message, Resume):
        return [file.pause.until] if file.pause is not None and file.pause.ends_at > file.pause.until else []
    return [clock.due_at for clock in file.running if clock.entry_closes_at]


def _local(file: CaseFile, at: datetime) -> str:
    return f"{at.astimezone(file.zone):%Y-%m-%d %H:%M}"
