"""The service standard as data: what a pack file may say.

A pack is loaded with `casework.standards.loader.load_pack`; everything the engine promises (limits, ladders, texts,
roles, calendars) comes from it. `docs/standard.md` explains each section to the person who writes one.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, field_validator, model_validator

from casework.standards.limits import Action, AfterDue, ClosedDay, Frozen, Limit, Moment

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Source = Literal["standard", "law", "default"]
LATEST_YEAR = 2400  # nobody means a later one; 2569 is 2026
TimeOfDay = re.compile(r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")


class Named(Frozen):
    """A thing with a Thai and an English name."""

    th: str
    en: str


class Organisation(Named):
    """A body with its short names."""

    code: str | None = None
    abbr_th: str | None = None


class Organisations(Frozen):
    """Who runs the centre, and the complaint centre that relays forwarded matters to the owner agencies."""

    ministry: Organisation
    centre: Organisation
    complaint_centre: Organisation


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


class RemovedHoliday(Frozen):
    """A holiday that was moved or withdrawn: a working day again."""

    date: date
    reason: str | None = None


class Holidays(Frozen):
    """Where holidays come from and what the cabinet changed since."""

    provider: Literal["holidays", "none"] = "holidays"
    country: str = "TH"
    categories: list[str] = ["public", "government"]
    exclude_names_en: list[str] = []
    add: list[AddedHoliday] = []
    remove: list[RemovedHoliday | date] = []
    verified_through: date | None = None

    @property
    def removed_dates(self) -> frozenset[date]:
        """The dates that are working days although the provider lists them."""
        return frozenset(r.date if isinstance(r, RemovedHoliday) else r for r in self.remove)


class Rollover(Frozen):
    """What happens when the last calendar day is a closed day (Administrative Procedure Act s.64)."""

    agency_duty: Literal["none", "next_working_day"] = "none"
    requester_duty: Literal["none", "next_working_day"] = "next_working_day"


class Counting(Frozen):
    """The rules of counting; domain law in comments of the pack."""

    first_day: Literal["excluded", "counts_if_received_at_open"] = "excluded"
    working_day_due_at: Literal["close"] = "close"
    received_outside_hours: Literal["next_open"] = "next_open"
    minutes_run_in: Literal["open_hours"] = "open_hours"
    calendar_day_rollover: Rollover = Rollover()
    agency_internal_target_if_closed: Literal["previous_working_day"] = "previous_working_day"
    due_is_inclusive: Literal[True] = True
    ladder_fires_at: Literal["close", "open"] = "close"
    chain_limits_by: Literal["date"] = "date"
    recompute_open_deadlines_on_calendar_change: bool = True


class Calendar(Frozen):
    """When the office is open."""

    timezone: str
    working_weekdays: list[Weekday] = Field(min_length=1)
    hours: list[Hours] = Field(min_length=1)
    breaks: list[Break] = []
    holidays: Holidays = Holidays()
    counting: Counting = Counting()

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("must be a time zone name such as Asia/Bangkok") from error
        return value


class Display(Frozen):
    """How dates and texts appear."""

    date_era: Literal["BE", "CE"] = "BE"
    thai_digits: bool = False
    language: Literal["th", "en"] = "th"
    second_language: Literal["th", "en"] | None = "en"


class ServicePoint(Named):
    """A numbered point at the counter and what is done there."""

    no: int
    services: list[str]
    src: Source = "default"


class Extension(Frozen):
    """How often, and how far each time, an authorised role may extend a step (with a reason)."""

    times: int = Field(gt=0)
    up_to: Limit


class Step(Frozen):
    """One published step: who acts, within what limit, what starts and stops its clock."""

    id: str
    actor: str
    limit: Limit | None = None
    start_on: str | None = None
    restart_on: str | None = None
    stop_on: list[str] = []
    stop_when: Literal["any", "all"] = "any"
    counts_inside: str | None = None
    on_expiry: str | None = None
    warn_only: bool = False
    when: str | None = None
    to: list[str] = []
    escalation: str | None = None
    extend: Extension | None = None
    src: Source = "default"


class ProgressNotice(Frozen):
    """When the requester hears, unasked, that the matter is still in our care (source 003)."""

    at_working_days: list[int]


class Service(Named):
    """One published service and its steps in order."""

    points: list[int]
    channels: list[str] = Field(min_length=1)
    identity_required: bool = False
    complaint_flag: bool = False
    steps: list[Step] = Field(min_length=1)
    promise: list[str] = []
    progress_notice: ProgressNotice | None = None
    deficiency_lists_allowed: int = 1
    outcomes: list[str]

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError("two steps have the same id")
        unknown = [s for s in self.promise if s not in ids]
        unknown += [s.counts_inside for s in self.steps if s.counts_inside and s.counts_inside not in ids]
        if unknown:
            raise ValueError(f"unknown step {', '.join(dict.fromkeys(unknown))}; steps are {', '.join(ids)}")
        return self

    def step(self, step_id: str) -> Step:
        """The step with this id; KeyError names the known ones."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(f"unknown step {step_id}; steps are {', '.join(s.id for s in self.steps)}")


class Rung(Frozen):
    """One rung of a ladder: when, what, to whom."""

    at: Moment
    do: Action
    to: list[str] = Field(min_length=1)
    notify_requester: str | None = None
    repeat_every: Limit | None = None
    on_closed_day: ClosedDay = ClosedDay.AS_IS

    @model_validator(mode="after")
    def _repeats_after_due(self) -> Self:
        if self.repeat_every and not (isinstance(self.at, AfterDue) and self.at.unit == self.repeat_every.unit):
            raise ValueError("repeat_every needs `at: {due_plus, unit}` in the same unit")
        return self


Ladder = list[Rung]


class SurveyItem(Named):
    """One thing the requester rates."""

    id: str


class Dissatisfaction(Frozen):
    """What a low score leads to."""

    free_text: bool = True
    low_score: int = 2
    open_improvement_task: bool = True


class Satisfaction(Frozen):
    """After which outcomes satisfaction is asked for, how, and how long the answer may take."""

    ask_after: list[str]
    at: str = "service_point"
    link_valid: Limit
    scale: dict[int, str]
    items: list[SurveyItem] = Field(min_length=1)
    dissatisfaction: Dissatisfaction = Dissatisfaction()
    anonymous_allowed: bool = True


class Text(Frozen):
    """One notice in Thai and English; {tokens} are filled in when it is sent."""

    to: str
    th: str
    en: str

    @property
    def tokens(self) -> set[str]:
        """The names between braces."""
        return set(re.findall(r"\{(\w+)\}", self.th + self.en))


class RungNotices(Frozen):
    """Which text each action of a ladder sends."""

    warn: str = "escalated"
    remind: str = "documents_reminder"
    progress: str = "progress_update"
    chase: str = "owner_chase"
    escalate: str = "escalated"
    escalate_after_due: str = "breached"
    breach: str = "breached"


Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,;:<>()]+@[^@\s,;:<>()]+$")]


class Agency(Named):
    """An owner agency and the addresses of its roles."""

    contacts: dict[str, Address] = {}


class Queue(Frozen):
    """How queue tickets are called."""

    ticket_prefix: dict[str, str] = {}
    discipline: Literal["fifo"] = "fifo"
    priority_classes: list[str] = []
    recall_times: int = 3
    no_show_after_minutes: int = 5
    wait_warn_minutes: int = 15
    reset: str = "daily_at_open"
    officer_name_display: bool = True


class ServiceName(StrEnum):
    """The services that this engine has a process for."""

    INFORMATION_REQUEST = "information_request"
    FORWARD = "forward"
    ONE_STOP = "one_stop"


# service -> stage -> command -> roles that may give it. The stage "any" stands for every open stage.
Permissions = dict[ServiceName, dict[str, dict[str, list[str]]]]


class ServiceStandards(Frozen):
    """A whole pack."""

    schema_: Literal[1] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9-]+$", max_length=40)
    version: str = Field(pattern=r"^[\w.-]+$", max_length=40)
    effective_from: date
    organisation: Organisations
    calendar: Calendar
    display: Display = Display()
    service_points: list[ServicePoint] = []
    queue: Queue = Queue()
    services: dict[ServiceName, Service] = Field(min_length=1)
    escalations: dict[str, Ladder] = {}
    rung_notices: RungNotices = RungNotices()
    satisfaction: Satisfaction
    segments: list[str] = Field(min_length=1)
    retention: dict[str, Any] = {}
    tokens: list[str]
    notifications: dict[str, Text]
    commands: Permissions = {}
    contacts: dict[str, Address] = {}
    agencies: dict[str, Agency] = {}
    appeal: Named | None = None
    token_defaults: dict[str, Named] = {}
    labels: dict[str, Named] = {}
    links: dict[str, str] = {}
    service_mind: dict[str, Any] = {}

    @field_validator("effective_from")
    @classmethod
    def _is_common_era(cls, value: date) -> date:
        if value.year > LATEST_YEAR:
            raise ValueError(f"{value.year} looks like a Buddhist year; write {value.year - 543}")
        return value

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        for name, service in self.services.items():
            for step in service.steps:
                where = f"services.{name.value}.steps.{step.id}"
                if step.escalation and step.escalation not in self.escalations:
                    raise ValueError(f"{where}: unknown escalation {step.escalation}")
        known = {outcome for service in self.services.values() for outcome in service.outcomes}
        strange = sorted(set(self.satisfaction.ask_after) - known)
        if strange:
            raise ValueError(f"satisfaction.ask_after: no service has the outcome {', '.join(strange)}")
        for key, text in self.notifications.items():
            strange = sorted(text.tokens - set(self.tokens))
            if strange:
                raise ValueError(f"notifications.{key}: unknown token {', '.join(strange)}")
        wanted = set(self.rung_notices.model_dump().values())
        wanted |= {r.notify_requester for ladder in self.escalations.values() for r in ladder if r.notify_requester}
        missing = sorted(wanted - set(self.notifications))
        if missing:
            raise ValueError(f"notifications: no text for {', '.join(missing)}")
        return self

    def service(self, name: str) -> Service:
        """The service with this name; KeyError names the known ones."""
        for key, service in self.services.items():
            if key.value == name:
                return service
        raise KeyError(f"unknown service {name}; services are {', '.join(s.value for s in self.services)}")
