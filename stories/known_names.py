"""The names a story uses, checked against its pack before it is played: a mistyped event that must never happen never does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from casework.standards.counting.plan import ASKED, LETTERS
from casework.standards.pack.checks import roles_of
from casework.standards.pack.model import ServiceStandards
from casework.stories.story import Story
from casework.workflows.messages.events import EventType
from casework.workflows.names import CLOSED
from casework.workflows.processes import every_command, processes_for


def unknown_names(story: Story, packs: Sequence[ServiceStandards]) -> list[str]:
    """One line for each name that neither the story's packs (the first, and its later version) nor the engine know, with what
    was probably meant."""
    return list(dict.fromkeys(_unknown(story, packs)))


def _unknown(story: Story, packs: Sequence[ServiceStandards]) -> Iterator[str]:
    processes = processes_for(packs)
    declared = every_command(processes)
    stages = {ASKED, CLOSED, *(stage.value for process in processes.values() for stage in process.definition.stages)}
    outcomes = {outcome.value for process in processes.values() for outcome in process.definition.outcomes}
    services = [service for pack in packs for service in pack.services.values()]
    given = [pack.permissions(service) for pack in packs for service in pack.services]
    roles = {role for stages in given for by in stages.values() for each in by.values() for role in each}
    roles = roles.union(*map(roles_of, packs))
    steps = {LETTERS, *(step.id for service in services for step in service.steps)}
    events = {*EventType, *(one.message.event for one in declared.values())}
    events |= {event for process in processes.values() for event in process.definition.events}
    events |= {way.event for service in services for stage in service.stages.values() for way in stage.ways if way.event}
    texts, pauses = {text for pack in packs for text in pack.notifications}, {each for pack in packs for each in pack.pauses}
    for number, step in enumerate(story.when, start=1):
        where = f"when {number}"
        if step.open is not None:
            yield from _check(where, "service", [step.open], set(processes) & {name for pack in packs for name in pack.services})
        if step.do is not None:
            yield from _check(where, "command", [step.do], declared)
        if step.by is not None and step.refused is None:
            yield from _check(where, "role", [step.by], roles)
        if step.do == "pause" and step.refused is None:
            yield from _check(where, "pause", [str(step.with_.get("reason", ""))], pauses)
        if step.calendar and step.calendar.region:
            yield from _check(where, "region", [step.calendar.region], packs[0].regions.values())
    for where, then in story.expected:
        yield from _check(where, "step", (*then.due, *then.target, *then.used, *then.extended_by), steps)
        yield from _check(where, "step", (each.step for each in then.happened if each.step), steps)
        yield from _check(where, "event", (*(each.event for each in then.happened), *then.never, *then.once), events)
        yield from _check(where, "notice", (*(each.notice for each in then.told), *then.told_times), texts)
        yield from _check(where, "role", (each.to for each in then.told if each.to), roles)
        yield from _check(where, "stage", [then.stage] if then.stage else [], stages)
        yield from _check(where, "outcome", [then.outcome] if then.outcome else [], outcomes)
        yield from _check(where, "pause", [then.paused] if then.paused else [], pauses)


def _check(where: str, what: str, used: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    names = sorted(set(known))
    for name in used:
        if name not in names:
            meant = get_close_matches(name, names, 1)
            hint = f"did you mean {meant[0]}?" if meant else f"known are {', '.join(names) or 'none'}"
            yield f"{where}: unknown {what} {name}; {hint}"
