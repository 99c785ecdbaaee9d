"""The office calendar as a pack writes it: opening hours, breaks, holidays, days with hours of their own, rules of counting;
and the changes that come after a pack was published (the cabinet adds, moves and withdraws holidays, some by region).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, ConfigDict, Field, field_validator, model_validator

from casework.standards.limits import Frozen, Limit, Unit

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY = timedelta(days=1)
TimeOfDay = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")


class Hours(Frozen):
    """Opening hours [open, close) in local time; a close at or before the open falls on the next day."""

    open: str
    close: str

    @field_validator("open", "close")
    @classmethod
    def _is_time(cls, value: str) -> str:
        if not TimeOfDay.match(value):
            raise ValueError("must be a time of day such as 08:30 (24:00 ends the day)")
        return value


class Break(Frozen):
    """Part of the opening hours in which the office is closed."""

    model_config = ConfigDict(populate_by_name=True)  # read again from JSON, where it is written by its own name

    from_: str = Field(alias="from")
    to: str

    @field_validator("from_", "to")
    @classmethod
    def _is_time(cls, value: str) -> str:
        if not TimeOfDay.match(value):
            raise ValueError("must be a time of day such as 12:00")
        return value


class AddedHoliday(Frozen):
    """A holiday the cabinet or a province added."""

    date: date
    name_th: str
    name_en: str | None = None
    source: str | None = None
    region: str | None = None


class RemovedHoliday(Frozen):
    """A holiday that was moved or withdrawn: a working day again."""

    date: date
    reason: str | None = None
    region: str | None = None


def minutes_open(hours: Sequence[Hours], breaks: Sequence[Break] = ()) -> int:
    """How many minutes a day with these hours is open, by the wall clock. Raises ValueError if hours overlap."""

    def minutes(start: str, end: str) -> range:
        begins, ends = (int(text[:2]) * 60 + int(text[3:]) for text in (start, end))
        return range(begins, ends if ends > begins else ends + 1440)

    spans = [minutes(each.open, each.close) for each in hours]
    found = {minute for span in spans for minute in span}
    if len(found) < sum(len(span) for span in spans):
        raise ValueError("these hours overlap")
    closed = {minute + shift for rest in breaks for minute in minutes(rest.from_, rest.to) for shift in (0, 1440)}
    return len(found - closed)


class SpecialDay(Frozen):
    """A day with hours of its own: a half-day, or a Saturday on which the office makes up for another day."""

    date: date
    hours: list[Hours] = Field(min_length=1)
    name_th: str
    name_en: str | None = None
    region: str | None = None


class FrozenDay(Frozen):
    """A closed day as a pack was published with it, and where that comes from: the gazette, a cabinet resolution, or
    "predicted by holidays X.Y"."""

    date: date
    th: str
    en: str
    source: str


class Holidays(Frozen):
    """Where holidays come from and what the cabinet changed since.

    A published pack is frozen: `frozen` names the file beside it that has its closed days year by year (`years`), and no
    library is asked any more. Without it, days come from the provider, and a newer library may know others.
    """

    provider: Literal["holidays", "none"] = "holidays"
    frozen: str | None = None
    years: dict[int, list[FrozenDay]] = {}
    country: str = "TH"
    categories: list[str] = ["public", "government"]
    exclude_names_en: list[str] = []
    add: list[AddedHoliday] = []
    remove: list[RemovedHoliday | date] = []
    verified_through: date | None = None

    @model_validator(mode="after")
    def _frozen_truly(self) -> Self:
        if self.frozen and not self.years:
            raise ValueError(f"{self.frozen} has no `years`")
        for year, days in self.years.items():
            strange = [day.date.isoformat() for day in days if day.date.year != year]
            if strange:
                raise ValueError(f"years.{year}: {', '.join(strange)} is not of that year")
        return self

    @property
    def removed_dates(self) -> frozenset[date]:
        """The dates that are working days although the provider lists them."""
        return frozenset(r.date if isinstance(r, RemovedHoliday) else r for r in self.remove)


class Rollover(Frozen):
    """What happens when the last calendar day is a closed day (Administrative Procedure Act s.64)."""

    agency_duty: Literal["none", "next_working_day"] = "none"
    requester_duty: Literal["none", "next_working_day"] = "next_working_day"


class Counting(Frozen):
    """The rules of counting that an office may choose; those of the law are docs/standard.md's, and no switch."""

    first_day: Literal["excluded", "counts_if_received_at_open"] = "excluded"
    calendar_day_rollover: Rollover = Rollover()
    ladder_fires_at: Literal["close", "open"] = "close"
    # How long the counter may take to enter what a requester handed in on the last day of a limit that ends a stage.
    entered_within: Limit = Limit(n=1, unit=Unit.WORKING_DAY)


class Calendar(Frozen):
    """When the office is open."""

    timezone: str
    working_weekdays: list[Weekday] = Field(min_length=1)
    hours: list[Hours] = Field(min_length=1)
    breaks: list[Break] = []
    holidays: Holidays = Holidays()
    special_days: list[SpecialDay] = []
    regions: dict[str, str] = {}  # centre -> the region whose holidays it keeps beside the country's
    counting: Counting = Counting()

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("must be a time zone name such as Asia/Bangkok") from error
        return value

    @model_validator(mode="after")
    def _one_kind_of_day(self) -> Self:
        special = {(day.date, day.region) for day in self.special_days}
        both = sorted(day.date.isoformat() for day in self.holidays.add if (day.date, day.region) in special)
        if both:
            raise ValueError(f"{', '.join(both)}: a holiday in `holidays.add` and a working day in `special_days`")
        return self

    @model_validator(mode="after")
    def _is_open_sometime(self) -> Self:
        for what, hours in (("hours", self.hours), *((f"special_days {day.date}", day.hours) for day in self.special_days)):
            try:
                if not minutes_open(hours, self.breaks):
                    raise ValueError("the breaks leave no opening hours")
            except ValueError as error:
                raise ValueError(f"{what}: {error}") from None
        return self

    @model_validator(mode="after")
    def _regions_are_known(self) -> Self:
        removed = [day.region for day in self.holidays.remove if isinstance(day, RemovedHoliday)]
        used = {*removed, *(day.region for day in self.holidays.add), *(day.region for day in self.special_days)}
        strange = sorted(region for region in used if region is not None and region not in self.regions.values())
        if strange:
            raise ValueError(f"no centre is in the region {', '.join(strange)} (calendar.regions says which centre is in which)")
        return self


def overlapping_nights(rules: Calendar) -> Iterator[str]:
    """Where a night shift reaches into the hours of the next day. They are counted once, as the night's; whoever writes a pack
    means something else."""
    special = {day.date: day.hours for day in rules.special_days}
    for day in special:
        pairs = ((special.get(day - DAY, rules.hours), special[day]), (special[day], special.get(day + DAY, rules.hours)))
        if any(_reaches_into(today, tomorrow) for today, tomorrow in pairs):
            yield f"special_days {day}: a night shift and the hours of the day after it overlap"
    weekdays = [WEEKDAYS.index(day) for day in rules.working_weekdays]
    if any((day + 1) % 7 in weekdays for day in weekdays) and _reaches_into(rules.hours, rules.hours):
        yield "hours: the night shift and the hours of the day after it overlap"


def _reaches_into(today: Sequence[Hours], tomorrow: Sequence[Hours]) -> bool:
    night = max((each.close for each in today if each.close <= each.open), default="00:00")
    return night > min(each.open for each in tomorrow)


Said = AddedHoliday | RemovedHoliday | SpecialDay  # what is said about one date


class ChangeKind(StrEnum):
    """What became of a date."""

    HOLIDAY = "holiday"  # closed
    WITHDRAWN = "withdrawn"  # no holiday after all: an ordinary day of the week
    HOURS = "hours"  # open, at the hours given: a half-day, or a make-up working day


class NewChange(Frozen):
    """A change of the calendar of one standard, as somebody asks for it. `region` limits it to centres of a region."""

    standard: str
    date: date
    kind: ChangeKind
    name_th: str = ""
    name_en: str = ""
    hours: list[Hours] = []
    reason: str
    region: str | None = None
    by: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)  # an id, never a person's name

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.kind is ChangeKind.HOURS) != bool(self.hours):
            raise ValueError("hours are given for a day that is open at hours of its own, and only for that")
        return self

    def same_as(self, other: NewChange) -> bool:
        """Whether the other says the same of the same date, whoever said it and why."""
        return all(getattr(self, key) == getattr(other, key) for key in ("standard", "date", "kind", "hours", "region"))


class CalendarChange(NewChange):
    """A change that was made: its number counts up with every change, for good."""

    revision: int
    at: AwareDatetime


def is_so_already(change: NewChange, known: Sequence[CalendarChange]) -> bool:
    """Whether the last change of that date, in that region, says the same."""
    of_date = [
        other for other in known if (other.standard, other.date, other.region) == (change.standard, change.date, change.region)
    ]
    return bool(of_date) and change.same_as(max(of_date, key=lambda other: other.revision))


def calendar_for(rules: Calendar, centre: str | None, changes: Sequence[CalendarChange]) -> Calendar:
    """The calendar that one centre keeps. Of what is said about a date the last counts, and what is said for the centre's
    region above what is said for the whole country. A region that withdraws a day of its own follows the country again; one
    that withdraws a day it never had works on a holiday of the country."""
    region = rules.regions.get(centre or "")
    country: dict[date, Said] = {}
    own: dict[date, Said] = {}
    for said in _said(rules, changes):
        if said.region is None:
            country[said.date] = said
        elif said.region == region:
            if isinstance(said, RemovedHoliday) and isinstance(own.get(said.date), AddedHoliday | SpecialDay):
                del own[said.date]
            else:
                own[said.date] = said
    kept = {**country, **own}.values()
    added = [said for said in kept if isinstance(said, AddedHoliday)]
    removed = [said for said in kept if isinstance(said, RemovedHoliday)]
    holidays = rules.holidays.model_copy(update={"add": added, "remove": removed})
    return rules.model_copy(
        update={"holidays": holidays, "special_days": [said for said in kept if isinstance(said, SpecialDay)]}
    )


def _said(rules: Calendar, changes: Sequence[CalendarChange]) -> Iterator[Said]:
    """Everything that is said about single dates: by the pack, then by the changes in their order."""
    yield from rules.holidays.add
    yield from (day if isinstance(day, RemovedHoliday) else RemovedHoliday(date=day) for day in rules.holidays.remove)
    yield from rules.special_days
    for change in sorted(changes, key=lambda change: change.revision):
        about = {"date": change.date, "region": change.region}
        names = {"name_th": change.name_th or change.reason, "name_en": change.name_en or change.name_th or change.reason}
        match change.kind:
            case ChangeKind.HOLIDAY:
                yield AddedHoliday.model_validate({**about, **names, "source": change.reason})
            case ChangeKind.WITHDRAWN:
                yield RemovedHoliday.model_validate({**about, "reason": change.reason})
            case ChangeKind.HOURS:
                yield SpecialDay.model_validate({**about, **names, "hours": change.hours})
