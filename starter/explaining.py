"""Why a case is due when it is: every clock and the promise counted again, day by day, on the calendar they were planned with.

explainer = Explainer(library, changes)
explainer.clock(view, view.clocks[0]).lines("th")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casework.standards.counting.calendar_rules import CalendarChange
from casework.standards.counting.explanation import Entry, Explanation, explain
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.pack.loader import StandardsLibrary, UnknownStandard
from casework.starter.errors import InvalidCase
from casework.workflows.messages.events import Event
from casework.workflows.messages.views import CaseView, ClockView


class Explainer:
    """Explains cases with the packs and the changes of the calendar that it is given."""

    def __init__(self, library: StandardsLibrary, changes: Sequence[CalendarChange] = ()) -> None:
        self._library = library
        self._changes = changes

    def clock(self, view: CaseView, clock: ClockView) -> Explanation:
        """The days of one clock. Raises InvalidCase if its pack or its calendar is not at hand."""
        standard, _, version = clock.calendar.partition(" ")  # a step that is done stays under the version it was done under
        return explain(self.calculator(view, clock.revision, (standard, version)), view.service, clock.step, clock.ledger)

    def promise(self, view: CaseView) -> Explanation | None:
        """The days of the promise to the requester, or None while there is none. Raises InvalidCase as `clock` does."""
        if view.promise is None:
            return None
        calculator = self.calculator(view, view.promise.revision, (view.standard_id or "", view.standard_version or ""))
        try:
            return explain(calculator, view.service, view.promise.chain, view.promise.ledger)
        except ValueError as error:
            raise InvalidCase(str(error)) from error

    def calculator(self, view: CaseView, revision: int, standard: tuple[str, str]) -> PackCalculator:
        """What counts for this case under a version of its standard, on the calendar as it was at a revision."""
        known = max((change.revision for change in self._changes if change.standard == standard[0]), default=0)
        if revision > known:
            raise InvalidCase(
                f"{view.case_id} was counted with change {revision} of the calendar; "
                "set CASEWORK_DATABASE_URL to the records that keep it"
            )
        try:
            pack = self._library.get(*standard)
        except UnknownStandard as error:
            raise InvalidCase(f"{error}, or give it with --pack") from error
        return PackCalculator(pack, view.centre, [c for c in self._changes if c.standard == pack.id and c.revision <= revision])


def moves(events: Sequence[Event]) -> list[dict[str, Any]]:
    """Every move of the promise: when, from, to, why (Thai and English), and the notice that told the requester."""
    return [{"at": event.at.isoformat(), **event.data} for event in events if event.type == "promise_moved"]


def described(day: Entry) -> dict[str, str]:
    """A day of an explanation as JSON."""
    return {"day": day.day.isoformat(), "why": day.why.value, "th": day.words("th"), "en": day.words("en")}


def as_json(step: str, due_at: Any, explained: Explanation) -> dict[str, object]:
    """An explanation as JSON; `agrees` says whether the count comes to the due time that the case keeps."""
    return {
        "step": step,
        "due_at": due_at.isoformat(),
        "agrees": explained.plan.due_at == due_at,
        "digest": explained.plan.digest,
        "counted": explained.counted_days or explained.counted_time.total_seconds() / 60,
        "days": [described(day) for day in explained.entries] if explained.plan.due_at == due_at else [],
        "extensions": [given.model_dump(mode="json") for given in explained.extensions],
    }
