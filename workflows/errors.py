"""The failures a case can answer with, as Temporal application errors told apart by type.

InvalidInput     the message cannot be read: which field, and why. Nothing changed.
InvalidRequest   the case cannot be opened as asked; the same request id may be sent again, corrected.
OtherRequest     this request_id was used before, with another content.
Refused          the command is understood and not possible now: what is, and which role it takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from temporalio.exceptions import ApplicationError

INVALID_INPUT = "InvalidInput"
INVALID_REQUEST = "InvalidRequest"
REFUSED = "Refused"
OTHER_REQUEST = "OtherRequest"
ASK_AGAIN = "the case has news that its next task takes up; ask again in a moment"


MOST, LONGEST = 30, 200  # of the problems of one message: a failure must stay small


def words(error: Exception) -> str:
    """What an error says; a KeyError quotes itself otherwise."""
    return str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)


def problems(error: ValidationError) -> list[str]:
    """One line for each thing that is wrong, by path and reason; what was entered is never repeated."""
    found = error.errors(include_input=False, include_url=False)
    lines = []
    for item in found[:MOST]:
        path = ".".join(str(part) for part in item["loc"])[:LONGEST] or "message"
        lines.append(f"{path}: {item['msg'].removeprefix('Value error, ')[:LONGEST]}")
    return [*lines, f"and {len(found) - MOST} more"] if len(found) > MOST else lines


def invalid_input(what: str, error: ValidationError) -> ApplicationError:
    """A message that cannot be read."""
    found = problems(error)
    return ApplicationError(f"{what} is not valid: {'; '.join(found)}", found, type=INVALID_INPUT, non_retryable=True)


def invalid_request(found: Sequence[str], what: str = "the case") -> ApplicationError:
    """A case (or a queue) that cannot be opened as asked."""
    message = f"{what} cannot be opened: {'; '.join(found)}"
    return ApplicationError(message, list(found), type=INVALID_REQUEST, non_retryable=True)


def refused(reason: str, allowed_now: Sequence[str] | None = None) -> ApplicationError:
    """A command that is not possible now; with what is, where that helps."""
    now = "" if allowed_now is None else f". Possible now: {', '.join(allowed_now) or 'none, the case is closed'}"
    return ApplicationError(f"{reason}{now}", list(allowed_now or []), type=REFUSED, non_retryable=True)


def other_request(case_id: str) -> ApplicationError:
    """The same request_id with another content: two different requests must never share a case."""
    return ApplicationError(
        f"{case_id} was opened for another request with this request_id; nothing was changed. Use another request_id",
        type=OTHER_REQUEST,
        non_retryable=True,
    )
