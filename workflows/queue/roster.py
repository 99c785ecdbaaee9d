"""Who is on duty at which point, and when (the sign with the officers' names, service standard 1.2 (5))."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from casework.standards.limits import Frozen
from casework.workflows.messages.people import Officer


class Duty(Frozen):
    """An entry for one day: an officer (whoever stands in, if they are away), or nobody, at a point, in minutes from midnight."""

    point: int
    officer: Officer | None
    instead_of: str | None = None  # the officer's id who is away
    from_minute: int
    until_minute: int  # not included


class Shift(NamedTuple):
    """Who is at a point without a break, as all entries leave it."""

    point: int
    officer: Officer
    instead_of: str | None
    from_minute: int
    until_minute: int


def on_duty(duties: Sequence[Duty], point: int, minute: int) -> Duty | None:
    """The entry that holds at a point: the last one that was made for the minute, unless it says that nobody is there."""
    held = [each for each in duties if each.point == point and each.from_minute <= minute < each.until_minute]
    return held[-1] if held and held[-1].officer else None


def shifts(duties: Sequence[Duty]) -> list[Shift]:
    """The roster of a day, by point and time."""
    found: list[Shift] = []
    for point in sorted({each.point for each in duties}):
        edges = sorted({edge for each in duties if each.point == point for edge in (each.from_minute, each.until_minute)})
        for begin, end in pairwise(edges):
            duty = on_duty(duties, point, begin)
            if duty is None or duty.officer is None:
                continue
            last = found[-1] if found else None
            if last and (last.point, last.officer, last.instead_of, last.until_minute) == (
                point, duty.officer, duty.instead_of, begin,
            ):  # fmt: skip
                found[-1] = last._replace(until_minute=end)
            else:
                found.append(Shift(point, duty.officer, duty.instead_of, begin, end))
    return found
