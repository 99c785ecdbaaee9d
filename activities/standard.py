"""The standard, as workflows ask for it: the terms of a case and the calendar it counts on, as plain data."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio import activity

from casework.activities.calendar_book import CalendarBook
from casework.standards.counting.calendar_rules import CalendarChange
from casework.standards.counting.due_calculator import UNCOUNTABLE
from casework.standards.counting.service_rules import service_rules
from casework.standards.limits import Named
from casework.standards.pack.loader import UnknownStandard
from casework.standards.pack.model import Service, ServiceStandards
from casework.workflows.errors import words
from casework.workflows.messages.improvement import IMPROVEMENT
from casework.workflows.ports import ActingTerms, CalendarNews, ExtensionTerms, StandardAnswer, StandardPort, StandardQuery, Terms

UNREAD = "changes of the calendar could not be read; this date is counted on the published calendar alone"
NEVER_READ = -1  # older than any calendar: the case counts again as soon as the records answer
# A night shift of New Year's Eve is of the year before; the longest limit that a pack may have is five years.
YEARS_BEFORE, YEARS_AFTER = 2, 8


class StandardActivities(StandardPort):
    """Answers from the packs that this worker serves, on the calendar of today."""

    def __init__(self, book: CalendarBook) -> None:
        self._book = book

    @activity.defn(name="read_standard")
    async def read_standard(self, query: StandardQuery) -> StandardAnswer:
        """The terms and the calendar of a case, or why there are none."""
        try:
            pack = self._pack(query)
            calculator = await self._book.calculator(pack.id, pack.version, query.centre, query.revision)
            calendar = calculator.working_calendar(_years(query), None if self._book.was_read else UNREAD)
            terms = terms_of(pack, query.service, query.centre, query.segment)
        except UnknownStandard as error:
            return StandardAnswer(problem=f"standard: {error}")
        except UNCOUNTABLE as error:
            return StandardAnswer(problem=f"service or calendar: {words(error)}")
        if not self._book.was_read:
            calendar = calendar.model_copy(update={"revision": NEVER_READ})
        return StandardAnswer(terms=terms, calendar=calendar, because=await self._news(query, pack))

    def _pack(self, query: StandardQuery) -> ServiceStandards:
        if query.standard is not None and query.version is not None:
            return self._book.packs.get(query.standard, query.version)
        return self._book.packs.current(query.standard, query.on.date())

    async def _news(self, query: StandardQuery, pack: ServiceStandards) -> list[CalendarNews]:
        """What changed since the calendar that the case has."""
        if query.since is None:
            return []
        changes = await self._book.changes_after(pack.id, pack.version, query.centre, query.since)
        return _named(changes)


def _years(query: StandardQuery) -> range:
    return range(min(query.counted_from, query.now).year - YEARS_BEFORE, query.now.year + YEARS_AFTER + 1)


def _named(changes: Sequence[CalendarChange]) -> list[CalendarNews]:
    """What changed, for the people who are told a new date."""
    return [
        CalendarNews(
            day=change.date.isoformat(),
            name=Named(th=change.name_th or change.reason, en=change.name_en or change.name_th or change.reason),
        )
        for change in changes
    ]


def _asked_after(pack: ServiceStandards, service: Service) -> list[str]:
    """The outcomes after which satisfaction is asked: those of the pack, and those for which a declared service names a stage."""
    named = {way.outcome for stage in service.stages.values() for way in stage.ways if way.ask_in}
    return [outcome for outcome in service.outcomes if outcome in pack.satisfaction.ask_after or outcome in named]


def _opens_tasks(pack: ServiceStandards, service_name: str) -> bool:
    """Whether problems of a service open improvement tasks; those of a task do not."""
    return pack.satisfaction.open_improvement_task and IMPROVEMENT in pack.services and service_name != IMPROVEMENT


def terms_of(pack: ServiceStandards, service_name: str, centre: str, segment: str) -> Terms:
    """The terms of one service at a centre for a requester. Raises KeyError for a service that the pack does not have."""
    service = pack.service(service_name)
    asked = pack.satisfaction.survey(segment)
    reachable = {service_name, *(other for step in service.steps for other in step.to)}
    needs_identity = {name for name, other in pack.services.items() if other.identity_required}
    return Terms(
        standard_id=pack.id,
        standard_version=pack.version,
        rules=service_rules(pack, service_name),
        channels={name: other.channels for name, other in pack.services.items() if name in reachable},
        segments=pack.segments,
        identity_required_for=sorted(reachable & needs_identity),
        commands=pack.permissions(service_name),
        declared=service.declared,
        addressees={name: pack.notifications[name].to for name in service.declared.notices} if service.declared else {},
        agencies=sorted(pack.agencies),
        centres=pack.known_centres,
        names_shown=pack.display.names,
        registry=registry if (registry := pack.registry(centre, service.registry)) != centre else None,
        acting=[
            ActingTerms(role=one.role, by=one.by, first_day=one.first_day, last_day=one.last_day)
            for one in pack.acting
            if one.centre in (None, centre)
        ],
        points=service.points,
        checklists={
            name: {matter: [paper.th for paper in kind.papers] for matter, kind in other.matters.items()}
            for name, other in pack.services.items()
            if name in reachable and other.matters
        },
        owner_pauses=pack.owner_pauses.total.n if pack.owner_pauses else None,
        deficiency_lists_allowed=service.deficiency_lists_allowed,
        extensions={s.id: ExtensionTerms(times=s.extend.times, up_to=s.extend.up_to) for s in service.steps if s.extend},
        pause_notices=pack.pause_notices.model_dump(),
        rung_notices=pack.rung_notices.model_dump(),
        ask_after=_asked_after(pack, service),
        survey_items=[item.id for item in asked.items],
        scale=sorted(asked.scale),
        serious_matters=[name for name, matter in service.matters.items() if matter.serious],
        serve=[name for name, text in pack.notifications.items() if text.serve],
        in_writing=[name for name, text in pack.notifications.items() if text.serve == "in_writing"],
        deemed={**pack.letters.deemed},
        engagement=[item.id for item in asked.engagement],
        low_score=asked.low_score,
        open_improvement_task=_opens_tasks(pack, service_name),
    )
