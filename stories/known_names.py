"""The names a story uses, checked against its pack before it is played: a mistyped event that must never happen never does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from casework.standards.counting.plan import LETTERS, REQUESTER
from casework.standards.pack.model import ServiceStandards
from casework.stories.story import Story, Then
from casework.workflows.messages.events import EventType
from casework.workflows.names import CLOSED
from casework.workflows.processes import commands_of, processes_for


def unknown_names(story: Story, pack: ServiceStandards) -> list[str]:
    """One line for each name that neither the pack nor the engine knows, with what was probably meant."""
    return list(dict.fromkeys(_unknown(story, pack)))


def _unknown(story: Story, pack: ServiceStandards) -> Iterator[str]:
    processes = processes_for([pack])
    declared = commands_of(processes)
    stages = {CLOSED, *(stage.value for process in processes.values() for stage in process.definition.stages)}
    outcomes = {outcome.value for process in processes.values() for outcome in process.definition.outcomes}
    given = [pack.permissions(service) for service in pack.services]
    roles = {role for stages in given for by in stages.values() for each in by.values() for role in each}
    roles |= {REQUESTER, *pack.contacts, *(role for agency in pack.agencies.values() for role in agency.contacts)}
    steps = {LETTERS, *(step.id for service in pack.services.values() for step in service.steps)}
    events = {*EventType, *(one.message.event for one in declared.values())}
    events |= {event for process in processes.values() for event in process.definition.events}
    events |= {way.event for each in pack.services.values() for stage in each.stages.values() for way in stage.ways if way.event}
    texts, pauses = set(pack.notifications), set(pack.pauses)
    for number, step in enumerate(story.when, start=1):
        where = f"when {number}"
        if step.open is not None:
            yield from _check(where, "service", [step.open], set(processes) & set(pack.services))
        if step.do is not None:
            yield from _check(where, "command", [step.do], declared)
        if step.by is not None and step.refused is None:
            yield from _check(where, "role", [step.by], roles)
        if step.do == "pause" and step.refused is None:
            yield from _check(where, "pause", [str(step.with_.get("reason", ""))], pauses)
        if step.calendar and step.calendar.region:
            yield from _check(where, "region", [step.calendar.region], pack.regions.values())
    for where, then in _expected(story):
        yield from _check(where, "step", (*then.due, *then.target, *then.used, *then.extended_by), steps)
        yield from _check(where, "step", (each.step for each in then.happened if each.step), steps)
        yield from _check(where, "event", (*(each.event for each in then.happened), *then.never, *then.once), events)
        yield from _check(where, "notice", (*(each.notice for each in then.told), *then.told_times), texts)
        yield from _check(where, "role", (each.to for each in then.told if each.to), roles)
        yield from _check(where, "stage", [then.stage] if then.stage else [], stages)
        yield from _check(where, "outcome", [then.outcome] if then.outcome else [], outcomes)
        yield from _check(where, "pause", [then.paused] if then.paused else [], pauses)


def _expected(story: Story) -> Iterator[tuple[str, Then]]:
    for where, then in (*((f"when {n}", step.then) for n, step in enumerate(story.when, start=1)), ("then", story.then)):
        if isinstance(then, dict):
            yield from ((f"{where}.{case}", each) for case, each in then.items())
        elif then is not None:
            yield where, then


def _check(where: str, what: str, used: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    names = sorted(set(known))
    for name in used:
        if name not in names:
            meant = get_close_matches(name, names, 1)
            hint = f"did you mean {meant[0]}?" if meant else f"known are {', '.join(names) or 'none'}"
            yield f"{where}: unknown {what} {name}; {hint}"
