"""Government holidays from the `holidays` package, filtered and corrected as the pack says.

Labour Day closes shops but not government offices; Royal Ploughing Day is the reverse. The pack names what to leave
out; a day stays a holiday while any of its names remains. Never imported by workflows: a newer holiday list must not
change a replay.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache

import holidays as providers

from casework.standards.counting.calendar_rules import Holidays
from casework.standards.counting.office_calendar import HolidaySource
from casework.standards.counting.opening_times import CalendarError
from casework.standards.limits import Named


def holiday_source(rules: Holidays) -> HolidaySource:
    """Holidays of a year by date, with Thai and English names, after the pack's exclusions, additions and removals."""

    @cache
    def of_year(year: int) -> Mapping[date, Named]:
        if rules.years and year not in rules.years:
            raise CalendarError(f"this pack has no closed days for {year}; add them with: casework standards freeze")
        if rules.years:
            found = {day.date: Named(th=day.th, en=day.en) for day in rules.years[year]}
        else:
            found = dict(provided(rules, year)) if rules.provider == "holidays" else {}
        if rules.provider == "holidays" and not found:
            raise CalendarError(f"no holidays of {rules.country} are known for {year}, so no working days can be counted in it")
        for added in rules.add:
            if added.date.year == year:
                found[added.date] = Named(th=added.name_th, en=added.name_en or added.name_th)
        for removed in rules.removed_dates:
            found.pop(removed, None)
        return found

    return of_year


def provided(rules: Holidays, year: int) -> dict[date, Named]:
    """What the library knows of a year, less what the pack leaves out."""
    excluded = {name + suffix for name in rules.exclude_names_en for suffix in ("", " (in lieu)")}
    english = _names(rules, year, "en_US")
    thai = _names(rules, year, "th")
    return {
        day: Named(th=thai.get(day, names), en=names)
        for day, names in english.items()
        if not {name.strip() for name in names.split(";")} <= excluded
    }


def _names(rules: Holidays, year: int, language: str) -> dict[date, str]:
    supported = providers.list_localized_countries(include_aliases=False).get(rules.country, [])
    chosen = language if language in supported else None
    return dict(providers.country_holidays(rules.country, years=year, categories=tuple(rules.categories), language=chosen))
