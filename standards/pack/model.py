"""The service standard as data: what a pack file may say.

A pack is loaded with `casework.standards.pack.loader.load_pack`; everything the engine promises (limits, ladders, texts,
roles, calendars) comes from it. `docs/standard.md` explains each section to the person who writes one.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from casework.standards.counting.calendar_rules import Calendar
from casework.standards.counting.plan import ASKED, COUNTER, REQUESTER, SATISFACTION_REMINDER
from casework.standards.limits import (
    Action,
    AfterDue,
    BeforeDue,
    ClosedDay,
    Code,
    Frozen,
    Limit,
    Named,
    OutsideHours,
    RungMoment,
    Unit,
)
from casework.standards.pack.declared import DeclaredService, FieldName, FieldSpec, StageSpec, Word
from casework.standards.pack.notice_texts import Letterhead, LetterRules, PauseNotices, RungNotices, Text
from casework.standards.pack.organisation import ActingRole, Address, Agency, Centre, Organisations, Reports
from casework.standards.pack.queue import Queue, ServicePoint
from casework.standards.pack.satisfaction import Satisfaction
from casework.standards.pack.voices import Voices

Source = Literal["standard", "law", "default"]
EARLIEST_YEAR = 1990  # the years before are nobody's any more
LATEST_YEAR = 2400  # nobody means a later one; 2569 is 2026


class Display(Frozen):
    """How dates and texts appear."""

    date_era: Literal["BE", "CE"] = "BE"
    thai_digits: bool = False
    language: Literal["th", "en"] = "th"
    second_language: Literal["th", "en"] | None = "en"
    names: Literal["full", "initials", "hidden"] = "initials"  # requesters' names where staff look at a case


class Extension(Frozen):
    """How often, and how far each time, an authorised role may extend a step (with a reason)."""

    times: int = Field(gt=0)
    up_to: Limit


class Step(Frozen):
    """One published step: who acts, within what limit. When its clock starts and stops is the story of its process."""

    id: str
    actor: str
    limit: Limit | None = None
    start_on: Literal["service_started"] | None = None  # promised when somebody is served, not on receipt (1.1 (1))
    ends_stage: bool = False  # its stage ends when the limit passes
    warn_only: bool = False  # promises nothing that can be broken
    to: list[str] = []  # the services that a case may go on as from here
    escalation: str | None = None
    extend: Extension | None = None
    src: Source = "default"


class ProgressNotice(Frozen):
    """When the requester hears, unasked, that the matter is still in our care (source 003)."""

    step: str
    at_working_days: list[int]


class Matter(Named):
    """A kind of application and the papers that it must come with; a serious one may have a step of its own."""

    papers: list[Named] = []
    serious: bool = False


class Service(Named):
    """One published service and its steps in order."""

    points: list[int]
    channels: list[str] = Field(min_length=1)
    registry: Code | None = None  # its numbers run by themselves: JSC-I-2569-00001
    identity_required: bool = False
    steps: list[Step] = Field(min_length=1)
    promise: list[str] = []
    promise_remote: list[str] = []  # for channels other than walk_in
    progress_notice: ProgressNotice | None = None
    matters: dict[str, Matter] = {}  # the first is what an application is that does not say
    deficiency_lists_allowed: int = 1
    outcomes: list[str]
    process: Literal["declared"] | None = None  # how it goes stands here; else in a process of its name
    request: dict[FieldName, FieldSpec] = {}  # what a request says beside what every request does
    stages: dict[Word, StageSpec] = {}

    @property
    def declared(self) -> DeclaredService | None:
        """How the service goes, if it is written here."""
        return DeclaredService(request=self.request, stages=self.stages) if self.process else None

    @property
    def expiring(self) -> list[str]:
        """The steps whose limit ends a stage when it passes."""
        declared = [step for stage in self.stages.values() for step in stage.expires]
        return list(dict.fromkeys([*(step.id for step in self.steps if step.ends_stage), *declared]))

    @model_validator(mode="after")
    def _steps_fit(self) -> Self:
        ids = [step.id for step in self.steps]
        if len(set(ids)) != len(ids):
            raise ValueError("two steps have the same id")
        unknown = [s for s in (*self.promise, *self.promise_remote) if s not in ids]
        unknown += [self.progress_notice.step] if self.progress_notice and self.progress_notice.step not in ids else []
        if unknown:
            raise ValueError(f"unknown step {', '.join(dict.fromkeys(unknown))}; steps are {', '.join(ids)}")
        if bool(self.process) != bool(self.stages) or (self.request and not self.process):
            raise ValueError("`stages` and `request` are given with `process: declared`, and only then")
        return self

    def step(self, step_id: str) -> Step:
        """The step with this id; KeyError names the known ones."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(f"unknown step {step_id}; steps are {', '.join(s.id for s in self.steps)}")


class Rung(Frozen):
    """One rung of a ladder: when, what, to whom."""

    at: RungMoment
    do: Action
    to: list[str] = Field(min_length=1)
    notify_requester: str | None = None
    text: str | None = None  # what it sends, instead of what rung_notices say
    repeat_every: Limit | None = None
    on_closed_day: ClosedDay = ClosedDay.AS_IS
    outside_hours: OutsideHours = OutsideHours.PLANNED

    @model_validator(mode="after")
    def _breach_is_a_fact(self) -> Self:
        if self.do is Action.BREACH and self.outside_hours in (OutsideHours.DELAY, OutsideHours.SKIP):
            raise ValueError("a breach is recorded and told when it happens, at any hour; outside_hours is for other rungs")
        return self

    @model_validator(mode="after")
    def _repeats_after_due(self) -> Self:
        if self.repeat_every and not (isinstance(self.at, AfterDue) and self.at.unit == self.repeat_every.unit):
            raise ValueError("repeat_every needs `at: {due_plus, unit}` in the same unit")
        return self


Ladder = list[Rung]


class PauseReminder(Frozen):
    """Who is reminded, and how long before a pause must end."""

    before_end: int = Field(gt=0, le=10_000)
    unit: Unit
    to: list[str] = Field(min_length=1)

    @property
    def limit(self) -> BeforeDue:
        """The distance to the end of the pause."""
        return BeforeDue(before_due=self.before_end, unit=self.unit)


class PauseRule(Named):
    """A reason for which clocks may stand still, what the wait is for, and how it ends.

    `then` says whether a clock goes on where it stood or runs its whole limit anew; `at_end` what happens when `longest`
    passes: the clocks run again, or the case ends with an outcome.
    """

    steps: list[str] = Field(min_length=1)
    waits_for: str
    then: Literal["continue", "restart"] = "continue"
    longest: Limit
    remind: PauseReminder
    at_end: Literal["resume", "end_case"] = "resume"
    outcome: str | None = None
    tell_at_end: list[str] = []
    src: Source = "default"

    @model_validator(mode="after")
    def _ends_somehow(self) -> Self:
        if (self.at_end == "end_case") != (self.outcome is not None):
            raise ValueError("`outcome` is given when `at_end` is end_case, and only then")
        return self


class OwnerPauses(Frozen):
    """How long in all the owner agency may let the time stand still by itself; more takes the centre."""

    total: Limit

    @field_validator("total")
    @classmethod
    def _in_days(cls, value: Limit) -> Limit:
        if value.unit is not Unit.CALENDAR_DAY:
            raise ValueError("is counted in calendar days")
        return value


SERVICE_NAME, LONGEST_NAME = r"^[a-z][a-z0-9_]*$", 40
ServiceName = Annotated[str, StringConstraints(pattern=SERVICE_NAME, max_length=LONGEST_NAME)]


# service -> stage -> command -> roles that may give it. The stage "any" stands for every open stage.
Permissions = dict[ServiceName, dict[str, dict[str, list[str]]]]


class ServiceStandards(Frozen):
    """A whole pack."""

    schema_: Literal[1] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9-]+$", max_length=40)
    version: str = Field(pattern=r"^[\w.-]+$", max_length=40)
    effective_from: date
    came_from: list[str] = []  # the improvement tasks (by number) that this version came of
    organisation: Organisations
    calendar: Calendar
    display: Display = Display()
    service_points: list[ServicePoint] = []
    queue: Queue = Queue()
    services: dict[ServiceName, Service] = Field(min_length=1)
    escalations: dict[str, Ladder] = {}
    rung_notices: RungNotices = RungNotices()
    pauses: dict[str, PauseRule] = {}
    pause_notices: PauseNotices = PauseNotices()
    owner_pauses: OwnerPauses | None = None
    satisfaction: Satisfaction
    reports: Reports = Reports()
    voices: Voices = Voices()
    segments: list[str] = Field(min_length=1)
    tokens: list[str]
    notifications: dict[str, Text]
    commands: Permissions = {}
    contacts: dict[str, Address] = {}
    agencies: dict[str, Agency] = {}
    centres: dict[Code, Centre] = {}  # beside the organisation's own
    acting: list[ActingRole] = []
    appeal: Named | None = None
    letterhead: Letterhead | None = None
    letters: LetterRules
    honorific: Named | None = None  # before a person's name when the requester gave no title
    may_still_move: Named | None = None  # said with a date that lies beyond `calendar.holidays.verified_through`
    moved_later: Named | None = None  # said with a date that is later than the one told before; {old_due_at} is filled in
    moved_earlier: Named | None = None
    token_defaults: dict[str, Named] = {}
    labels: dict[str, Named] = {}
    links: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _regions_of_centres(cls, data: Any) -> Any:
        """Days of a region may be named in the calendar wherever the region is said."""
        centres = data.get("centres") if isinstance(data, dict) else None
        calendar = data.get("calendar") if isinstance(data, dict) else None
        if not isinstance(centres, dict) or not isinstance(calendar, dict):
            return data
        said = {code: centre["region"] for code, centre in centres.items() if isinstance(centre, dict) and centre.get("region")}
        return {**data, "calendar": {**calendar, "regions": {**said, **(calendar.get("regions") or {})}}}

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
                where = f"services.{name}.steps.{step.id}"
                if step.escalation and step.escalation not in self.escalations:
                    raise ValueError(f"{where}: unknown escalation {step.escalation}")
        known = {outcome for service in self.services.values() for outcome in service.outcomes}
        strange = sorted(set(self.satisfaction.ask_after) - known)
        groups = sorted({segment for one in self.satisfaction.by_segment for segment in one.segments} - set(self.segments))
        if groups:
            raise ValueError(f"satisfaction.by_segment: unknown segment {', '.join(groups)}")
        if self.letters.escalation not in self.escalations:
            raise ValueError(f"letters: unknown escalation {self.letters.escalation}")
        if strange:
            raise ValueError(f"satisfaction.ask_after: no service has the outcome {', '.join(strange)}")
        for key, text in self.notifications.items():
            strange = sorted(text.tokens - set(self.tokens))
            if strange:
                raise ValueError(f"notifications.{key}: unknown token {', '.join(strange)}")
        wanted = set(self.rung_notices.model_dump().values())
        rungs = [rung for ladder in self.escalations.values() for rung in ladder]
        wanted |= {text for rung in rungs for text in (rung.notify_requester, rung.text) if text}
        if self.pauses:
            wanted |= set(self.pause_notices.model_dump().values())
        wanted |= {SATISFACTION_REMINDER} if self.satisfaction.remind else set()
        missing = sorted(wanted - set(self.notifications))
        if missing:
            raise ValueError(f"notifications: no text for {', '.join(missing)}")
        return self

    @property
    def known_centres(self) -> list[str]:
        """The centres that cases may be opened at, the organisation's own first."""
        return list(dict.fromkeys([self.organisation.centre.code, *self.centres, *self.calendar.regions]))

    def centre(self, code: str) -> Named:
        """The name of a centre; of one that is not known, the organisation's own."""
        return self.centres.get(code) or self.organisation.centre

    def registry(self, centre: str, series: str | None = None) -> str:
        """What the numbers of a centre begin with; those of a service that has a series of its own, with that as well."""
        found = self.centres.get(centre)
        code = (found.registry if found else None) or centre
        return f"{code}-{series}" if series else code

    def contact(self, role: str, centre: str) -> str | None:
        """The address of a role at a centre."""
        found = self.centres.get(centre)
        return (found.contacts.get(role) if found else None) or self.contacts.get(role)

    def calendar_at(self, centre: str | None) -> Calendar:
        """The calendar with what is different at a centre."""
        found = self.centres.get(centre or "")
        if found is None:
            return self.calendar
        hours, breaks = found.hours or self.calendar.hours, self.calendar.breaks if found.breaks is None else found.breaks
        return self.calendar.model_copy(update={"hours": hours, "breaks": breaks, "regions": self.regions})

    @property
    def regions(self) -> dict[str, str]:
        """The region of each centre that has one: whose holidays and floods it keeps."""
        return self.calendar.regions | {code: centre.region for code, centre in self.centres.items() if centre.region}

    def region_of(self, centre: str) -> str | None:
        """The region whose holidays and floods a centre keeps."""
        return self.regions.get(centre)

    def permissions(self, service: str) -> dict[str, dict[str, list[str]]]:
        """Stage (or "any") -> command -> roles that may give it, from `commands` and from where the service is declared."""
        given, declared = self.commands.get(service, {}), self.service(service).declared
        said = declared.commands if declared else {}
        stages = dict.fromkeys([ASKED, *given, *said])
        unsaid = {ASKED: {"rate": [REQUESTER, COUNTER]}}  # where a service has no stage of its own to be asked in
        return {stage: {**unsaid.get(stage, {}), **given.get(stage, {}), **said.get(stage, {})} for stage in stages}

    def service(self, name: str) -> Service:
        """The service with this name; KeyError names the known ones."""
        if name not in self.services:
            raise KeyError(f"unknown service {name}; services are {', '.join(self.services)}")
        return self.services[name]
