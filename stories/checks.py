"""What happened beside what was expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any, NamedTuple

from casework.stories.story import Happening, Telling, Then
from casework.workflows.messages.events import Event, EventType
from casework.workflows.messages.views import CaseView


class Check(NamedTuple):
    """One expectation and its fate."""

    ok: bool
    case: str
    what: str
    expected: str
    happened: str


class Seen(NamedTuple):
    """A case as the story's end (or a moment of it) finds it: its view, its events and notices in the records, in story time."""

    view: CaseView
    events: Sequence[Event]
    notices: Sequence[dict[str, Any]]
    zone: tzinfo


def check(case: str, then: Then, seen: Seen) -> list[Check]:
    """Every expectation about one case."""
    return [Check(ok, case, what, expected, happened) for ok, what, expected, happened in _all(then, seen)]


Result = tuple[bool, str, str, str]
TO_THE_MINUTE, TO_THE_SECOND = "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"


def _all(then: Then, seen: Seen) -> Iterator[Result]:
    clocks = {clock.step: clock for clock in seen.view.clocks}
    for step, at in then.due.items():
        yield _time(f"due {step}", at, clocks[step].due_at if step in clocks else None, seen)
    for step, at in then.target.items():
        yield _time(f"target {step}", at, clocks[step].internal_target if step in clocks else None, seen)
    for step, amount in then.used.items():
        used = round(clocks[step].balance.consumed, 2) if step in clocks else None
        yield used == amount, f"used of {step}", f"{amount:g}", _text(used)
    for step, by in then.extended_by.items():
        yield _same(f"{step} extended by", by, clocks[step].extended_by if step in clocks else None)
    if then.promised:
        yield _time("promised", then.promised, seen.view.promised_at, seen)
    if then.counted_from:
        began = next((event.data["counted_from"] for event in seen.events if event.type == EventType.OPENED), None)
        yield _time("counted from", then.counted_from, datetime.fromisoformat(began) if began else None, seen)
    for what, wanted, found in (
        ("stage", then.stage, seen.view.stage),
        ("outcome", then.outcome, seen.view.outcome),
        ("overdue", then.overdue, seen.view.overdue),
        ("paused", then.paused, seen.view.pause.reason if seen.view.pause else False),
    ):
        if wanted is not None:
            yield _same(what, wanted, found)
    yield from _in_order([_happening(each) for each in then.happened], [_event(each, seen) for each in seen.events])
    told = [_notice(each, seen) for each in seen.notices]
    yield from _in_order([_telling(each) for each in then.told], told)
    types = [event.type for event in seen.events]
    for event in then.never:
        yield event not in types, f"never {event}", "0 times", f"{types.count(event)} times"
    for event in then.once:
        yield types.count(event) == 1, f"once {event}", "1 time", f"{types.count(event)} times"
    texts = [each["template"] for each in seen.notices]
    for notice, times in then.told_times.items():
        yield texts.count(notice) == times, f"told {notice}", f"{times} times", f"{texts.count(notice)} times"


Facts = dict[str, str]


def _in_order(wanted: list[Facts], found: list[Facts]) -> Iterator[Result]:
    """Each wanted thing must be found after the one before it; what was found instead is the nearest of its name."""
    after = 0
    for want in wanted:
        where = next((n for n in range(after, len(found)) if want.items() <= found[n].items()), None)
        named = next(iter(want.values()))
        alike = [fact for fact in found if next(iter(fact.values())) == named]
        nearest = found[where] if where is not None else alike[0] if alike else {}
        shown = {key: nearest.get(key, "–") for key in want} if nearest else {}
        yield where is not None, named, _spoken(want), _spoken(shown) if shown else "nothing of this kind"
        after = where + 1 if where is not None else after


def _spoken(facts: Facts) -> str:
    return " ".join(value for key, value in facts.items() if key not in ("event", "notice")) or "yes"


def _happening(each: Happening) -> Facts:
    facts = {"event": each.event, **_said(each.at), "step": each.step or ""}
    return {key: value for key, value in facts.items() if value} | ({} if each.late is None else {"late": f"late={each.late}"})


def _event(event: Event, seen: Seen) -> Facts:
    return {
        "event": event.type,
        **_seen_at(event.at, seen),
        "step": str(event.data.get("step", "")),
        "late": f"late={bool(event.data.get('late'))}",
    }


def _telling(each: Telling) -> Facts:
    facts = {"notice": each.notice, **_said(each.at), "to": each.to or ""}
    return {key: value for key, value in facts.items() if value}


def _notice(row: dict[str, Any], seen: Seen) -> Facts:
    return {"notice": row["template"], **_seen_at(row["ordered_at"], seen), "to": row["recipient"]}


def _said(at: datetime | None) -> Facts:
    """A moment as the story has it, to the minute or to the second."""
    if at is None:
        return {}
    return {"second": f"{at:{TO_THE_SECOND}}"} if at.second else {"minute": f"{at:{TO_THE_MINUTE}}"}


def _seen_at(at: datetime, seen: Seen) -> Facts:
    local = at.astimezone(seen.zone)
    return {"minute": f"{local:{TO_THE_MINUTE}}", "second": f"{local:{TO_THE_SECOND}}"}


def _time(what: str, expected: datetime, happened: datetime | None, seen: Seen) -> Result:
    shown = TO_THE_SECOND if expected.second else TO_THE_MINUTE
    wanted, found = f"{expected:{shown}}", f"{happened.astimezone(seen.zone):{shown}}" if happened else "–"
    return wanted == found, what, wanted, found


def _same(what: str, expected: object, happened: object) -> Result:
    return expected == happened, what, _text(expected), _text(happened)


def _text(value: object) -> str:
    return "–" if value is None else str(value)
