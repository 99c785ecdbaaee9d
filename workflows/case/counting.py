"""Counting inside the case: due times and rungs as pure functions of the terms and the calendar that it carries.

Nothing is asked and nothing is awaited, so a change of clocks is made in one piece, and every replay says the same.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from temporalio import workflow

from casework.standards.counting.due_calculator import DueCalculator
from casework.standards.counting.ledger import Ledger
from casework.standards.counting.service_rules import ServiceRules
from casework.standards.counting.working_calendar import WorkingCalendar
from casework.workflows.case.clock import Clock
from casework.workflows.case.file import CaseFile

CALENDARS_AT_HAND = 64


class Counting:
    """What one case counts with: follows when its terms or its calendar change."""

    def __init__(self, file: CaseFile) -> None:
        self._file = file
        self._made: tuple[ServiceRules, WorkingCalendar, DueCalculator] | None = None

    @property
    def calculator(self) -> DueCalculator:
        """The calculator of the terms and the calendar of now."""
        terms, calendar = self._file.terms, self._file.calendar
        assert terms is not None, "nothing is counted before the case has its terms"
        assert calendar is not None, "nothing is counted before the case has its calendar"
        if self._made is None or self._made[0] is not terms.rules or self._made[1] is not calendar:
            self._made = (terms.rules, calendar, calculator(terms.rules, calendar))
        return self._made[2]

    def start(self, step: str, since: datetime) -> None:
        """The clock of a step begins, or begins anew. Raises one of UNCOUNTABLE."""
        plan = self.calculator.plan(step, Ledger(started_at=since), workflow.now())
        self._file.clocks[step] = Clock.planned(plan)


def calculator(rules: ServiceRules, calendar: WorkingCalendar) -> DueCalculator:
    """What counts by these rules on this calendar. Cases with the same share it: it is a function of its data, and keeps
    nothing but what it worked out of them."""
    return _shared(rules.model_dump_json(), calendar.model_dump_json())


@lru_cache(maxsize=CALENDARS_AT_HAND)
def _shared(rules: str, calendar: str) -> DueCalculator:
    return DueCalculator(ServiceRules.model_validate_json(rules), WorkingCalendar.model_validate_json(calendar))
