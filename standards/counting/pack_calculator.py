"""A whole pack on the calendar of one centre, to count any of its steps; where a case's rules and calendar come from.

calculator = PackCalculator(pack)
calculator.plan("forward", "check_forward", submitted_at).due_at
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

from casework.standards.counting.calendar_rules import CalendarChange, calendar_for
from casework.standards.counting.due_calculator import DueCalculator
from casework.standards.counting.due_counter import DueCounter
from casework.standards.counting.government_holidays import holiday_source
from casework.standards.counting.ledger import Ledger
from casework.standards.counting.office_calendar import OfficeCalendar
from casework.standards.counting.plan import Plan
from casework.standards.counting.service_rules import ServiceRules, service_rules
from casework.standards.counting.working_calendar import WorkingCalendar, closed_days
from casework.standards.pack.model import ServiceStandards

BARE: dict[str, Any] = {"add": [], "remove": [], "exclude_names_en": [], "verified_through": None, "years": {}, "frozen": None}


class PackCalculator:
    """Counts limits on the calendar of one pack, as one centre keeps it, with the changes made since."""

    def __init__(self, pack: ServiceStandards, centre: str | None = None, changes: Sequence[CalendarChange] = ()) -> None:
        self.pack = pack
        self.revision = max((change.revision for change in changes), default=0)
        self._kept = calendar_for(pack.calendar_at(centre), centre, changes)
        self.calendar = OfficeCalendar(self._kept, holiday_source(self._kept.holidays))
        self._calculators: dict[str, DueCalculator] = {}

    def of(self, service: str) -> DueCalculator:
        """What counts for one service. Raises KeyError for an unknown one."""
        if service not in self._calculators:
            self._calculators[service] = DueCalculator(self.rules(service), self._whole, self.calendar)
        return self._calculators[service]

    def rules(self, service: str) -> ServiceRules:
        """The rules of one service as plain data."""
        return service_rules(self.pack, service)

    def working_calendar(self, years: range, warning: str | None = None) -> WorkingCalendar:
        """The calendar as plain data, with the closed days of these years. Raises CalendarError if one cannot be known."""
        frozen = self._kept.holidays.years
        known = [year for year in years if not frozen or year in frozen]
        return self._whole.model_copy(update={"closed": closed_days(self.calendar, known), "warning": warning})

    @cached_property
    def _whole(self) -> WorkingCalendar:
        bare = self._kept.holidays.model_copy(update=BARE)
        return WorkingCalendar(
            rules=self._kept.model_copy(update={"holidays": bare, "regions": {}}),
            closed={},
            revision=self.revision,
            verified_through=self._kept.holidays.verified_through,
        )

    # The same as DueCalculator's, with the service named

    def plan(self, service: str, step: str, run: Ledger | datetime, as_of: datetime | None = None) -> Plan:
        """Due time and rungs of a step; see DueCalculator.plan."""
        return self.of(service).plan(step, run, as_of)

    def counter(self, ledger: Ledger) -> DueCounter:
        """The rules of counting with the pauses of a ledger."""
        return DueCounter(self.calendar, self.pack.calendar.counting, ledger.counted_pauses)
