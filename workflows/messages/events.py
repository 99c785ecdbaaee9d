"""What happened in a case, and what it is linked with."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime

from casework.standards.limits import Frozen
from casework.workflows.messages.people import Actor


class Event(Frozen):
    """One thing that happened, in order. `actor` is None when the clock or the case itself acted.

    `key` follows from the content and the number: the same on every attempt and every replay, another for anything else,
    so it also tells apart what a case did at the same number before and after an operator reset it.
    """

    seq: int
    key: str
    type: str
    at: AwareDatetime
    actor: Actor | None = None
    data: dict[str, Any] = {}


class Link(Frozen):
    """Another case this one came from or went on as."""

    relation: Literal["from", "to"]
    case_id: str
