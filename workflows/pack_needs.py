"""What the processes need of a pack before a worker may serve it: steps with limits, texts, commands that exist.

A pack that only counts (`casework due`) needs none of this; a pack that a case is opened under needs all of it, and it
is better told by `casework standards check` than by a case that stops half way.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from casework.standards.counting.calendar_rules import Calendar, minutes_open, overlapping_nights
from casework.standards.counting.plan import REQUESTER, SATISFACTION
from casework.standards.limits import BeforeDue, Limit, Unit
from casework.standards.pack.model import Service, ServiceStandards
from casework.standards.pack.organisation import ActingRole
from casework.workflows.case.command_desk import declared_commands
from casework.workflows.declared import declared_by
from casework.workflows.declared_needs import unplayable
from casework.workflows.messages.notices import EVERY_SERVICE
from casework.workflows.process import Process

Processes = Mapping[str, type[Process[Any]]]


def unserved(pack: ServiceStandards, processes: Processes) -> list[str]:
    """Why a worker with these processes cannot serve this pack, one line each; empty if it can. What the pack declares itself
    goes by what it says, whatever other versions of it do."""
    return list(_problems(pack, {**processes, **declared_by(pack)}))


def rungs_out_of_place(pack: ServiceStandards) -> Iterator[str]:
    """Rungs that would come after the due time although they are meant before it: a limit was shortened, not its ladder."""
    for service, offered in pack.services.items():
        for step in offered.steps:
            if step.limit is None:
                continue
            moments = [(rung.do.value, rung.at) for rung in pack.escalations.get(step.escalation or "", [])]
            if offered.progress_notice and offered.progress_notice.step == step.id:
                days = offered.progress_notice.at_working_days
                moments += [("progress notice", Limit(n=n, unit=Unit.WORKING_DAY)) for n in days]
            for action, at in moments:
                if isinstance(at, Limit) and at.unit is step.limit.unit and at.n >= step.limit.n:
                    yield f"services.{service}.steps.{step.id}: {action} at {at} comes after its limit of {step.limit}"


def _rungs_before_the_start(pack: ServiceStandards) -> Iterator[str]:
    """Rungs so long before the due time that the step has not begun then."""
    hours = pack.calendar.hours
    longest_day = 60 * minutes_open(hours, pack.calendar.breaks)
    for service, offered in pack.services.items():
        for step in offered.steps:
            for rung in pack.escalations.get(step.escalation or "", []) if step.limit else []:
                if (
                    isinstance(rung.at, BeforeDue)
                    and step.limit
                    and _seconds(rung.at.limit, longest_day) >= _seconds(step.limit, longest_day)
                ):
                    where = f"services.{service}.steps.{step.id}"
                    yield f"{where}: {rung.do.value} {rung.at.limit} before the due time lies before its start ({step.limit})"


def _seconds(limit: Limit, day: int) -> int:
    """How long a limit is at least, in opening time."""
    return limit.n * (limit.unit.seconds or {Unit.MONTH: 20 * day}.get(limit.unit, day))


def _problems(pack: ServiceStandards, processes: Processes) -> Iterator[str]:
    if not pack.commands:
        yield "commands: no role may give any command"
    for service, offered in pack.services.items():
        if service not in processes:
            yield f"services.{service}: no process is installed for it; installed are {', '.join(sorted(processes))}"
            continue
        yield from unplayable(pack, service)
        process = processes[service]
        known = {step.id: step for step in offered.steps}
        for needed in process.definition.steps:
            if needed not in known:
                yield f"services.{service}.steps: the process needs the step {needed}"
            elif known[needed].limit is None:
                yield f"services.{service}.steps.{needed}: the process needs a limit here"
        if SATISFACTION not in known:
            yield f"services.{service}.steps: the process needs the step {SATISFACTION}"
        for step in offered.steps:
            if step.id in process.definition.expiring and not step.ends_stage and offered.declared is None:
                yield f"services.{service}.steps.{step.id}.ends_stage: missing; a stage ends with this step's limit"
            if step.ends_stage and step.id not in process.definition.expiring:
                yield f"services.{service}.steps.{step.id}.ends_stage: nothing follows when this step expires"
        for text in sorted({*EVERY_SERVICE, *process.definition.notices} - set(pack.notifications)):
            yield f"notifications: {service} needs the text {text}"
        yield from _steps(process, offered)
        yield from _ways_on(pack, process)
    yield from _rungs_before_the_start(pack)
    yield from (f"calendar.{problem}" for problem in overlapping_nights(pack.calendar))
    yield from _addresses(pack)
    yield from _centres(pack)
    yield from _pauses(pack, processes)
    for name, link in pack.links.items():
        try:
            link.format(case_id="x")
        except (KeyError, IndexError, ValueError):
            yield f"links.{name}: only {{case_id}} is filled in"
    yield from _unknown_commands(pack, processes)


def _steps(process: type[Process[Any]], offered: Service) -> Iterator[str]:
    service = process.definition.service
    for step in offered.steps:
        if step.extend and step.limit:
            where = f"services.{service}.steps.{step.id}.extend.up_to"
            if step.extend.up_to.unit != step.limit.unit:
                yield f"{where}: must be in the unit of the limit, {step.limit.unit.value}"
            elif not _countable(step.limit.n + step.extend.times * step.extend.up_to.n, step.limit.unit):
                yield f"{where}: with it the limit is longer than can be counted"
    strange = sorted(set(offered.outcomes) - {outcome.value for outcome in process.definition.outcomes})
    if strange:
        yield f"services.{service}.outcomes: it does not end as {', '.join(strange)}"


def _countable(n: int, unit: Unit) -> bool:
    try:
        Limit(n=n, unit=unit)
    except ValidationError:
        return False
    return True


def _ways_on(pack: ServiceStandards, process: type[Process[Any]]) -> Iterator[str]:
    """Every stage that waits for a decision needs somebody who may take it on."""
    service = process.definition.service
    by_stage = pack.permissions(service)
    deciding = {
        name: one.stages(process) for name, one in declared_commands(process).items() if one.act is None and name != "withdraw"
    }
    for stage in sorted({stage for stages in deciding.values() for stage in stages}):
        allowed = {**by_stage.get("any", {}), **by_stage.get(stage, {})}
        ways = [name for name, stages in deciding.items() if stage in stages]
        if pack.commands and not any(allowed.get(name) for name in ways):
            yield f"commands.{service}.{stage}: no role may take this stage further ({', '.join(ways)})"


def _addresses(pack: ServiceStandards) -> Iterator[str]:
    """A ladder or a pause that sends to a role without an address sends to nobody."""
    told = {f"escalations.{name}": {role for rung in ladder for role in rung.to} for name, ladder in pack.escalations.items()}
    told |= {f"pauses.{name}": {*rule.remind.to, *rule.tell_at_end} for name, rule in pack.pauses.items()}
    for where, roles in told.items():
        for role in sorted(roles - {REQUESTER} - set(pack.contacts)):
            without = [code for code, agency in pack.agencies.items() if role not in agency.contacts]
            if without or not pack.agencies:
                missing = f" of {', '.join(without)}" if without else ""
                yield f"{where}: the role {role} has no address in contacts{missing}"


def _centres(pack: ServiceStandards) -> Iterator[str]:
    """Centres, and who acts there for whom, are named as everywhere else."""
    known = {*pack.contacts, *(role for agency in pack.agencies.values() for role in agency.contacts)}
    for code, centre in pack.centres.items():
        if code == pack.organisation.centre.code:
            yield f"centres.{code}: this is the organisation's own centre; what is said of it stands in the pack itself"
        if centre.region and pack.calendar.regions.get(code, centre.region) != centre.region:
            yield f"centres.{code}.region: calendar.regions says {pack.calendar.regions[code]}"
        here = pack.calendar_at(code)
        try:
            Calendar.model_validate(here.model_dump(mode="json", by_alias=True))
        except ValidationError as error:
            yield from (
                f"centres.{code}: {problem['msg'].removeprefix('Value error, ')}" for problem in error.errors(include_url=False)
            )
        yield from (f"centres.{code}.{problem}" for problem in overlapping_nights(here))
        for role in sorted(set(centre.contacts) - known):
            yield f"centres.{code}.contacts: unknown role {role}; roles are {', '.join(sorted(known))}"
    registries = [pack.registry(centre) for centre in pack.known_centres]
    for code in sorted({code for code in registries if registries.count(code) > 1}):
        yield f"centres: two centres count in the registry {code}"
    for number, one in enumerate(pack.acting):
        for role in {one.role, one.by} - known:
            yield f"acting[{number}]: unknown role {role}; roles are {', '.join(sorted(known))}"
        if one.role.startswith("owner_"):
            yield f"acting[{number}].role: an owner agency says itself who acts for it"
        if one.centre is not None and one.centre not in pack.known_centres:
            yield f"acting[{number}].centre: unknown centre {one.centre}; there are {', '.join(pack.known_centres)}"
        if any(other.role == one.by and _overlap(one, other) for other in pack.acting):
            yield f"acting[{number}].by: {one.by} is absent itself in that time"


def _overlap(one: ActingRole, other: ActingRole) -> bool:
    return one.first_day <= other.last_day and other.first_day <= one.last_day


def _pauses(pack: ServiceStandards, processes: Processes) -> Iterator[str]:
    """A pause ends in a way that the process of its steps can follow, and reminds before it does."""
    known = {step.id for offered in pack.services.values() for step in offered.steps if step.limit}
    for name, rule in pack.pauses.items():
        for step in sorted(set(rule.steps) - known):
            yield f"pauses.{name}.steps: no step with a limit is named {step}"
        if rule.remind.unit == rule.longest.unit and rule.remind.before_end >= rule.longest.n:
            yield f"pauses.{name}.remind: would remind before the pause begins ({rule.longest} at most)"
        for service, offered in pack.services.items():
            expiring = processes[service].definition.expiring if service in processes else ()
            steps = {step.id for step in offered.steps} & set(rule.steps)
            if rule.outcome and steps and rule.outcome not in offered.outcomes:
                yield f"pauses.{name}.outcome: {service} does not end as {rule.outcome}"
            for step in sorted(steps if rule.outcome else ()):
                if step in expiring or step == SATISFACTION:
                    yield f"pauses.{name}.steps: {step} ends by its own limit; a pause that ends the case is for other steps"


def _unknown_commands(pack: ServiceStandards, processes: Processes) -> Iterator[str]:
    addressed = {REQUESTER, *pack.contacts, *(role for agency in pack.agencies.values() for role in agency.contacts)}
    for service, by_stage in pack.commands.items():
        for stage, commands in by_stage.items():
            for command, roles in commands.items():
                for role in sorted(set(roles) - addressed):
                    yield f"commands.{service}.{stage}.{command}: the role {role} has no address in contacts or agencies"
        if service not in processes:
            yield f"commands.{service}: no process is installed for it; installed are {', '.join(sorted(processes))}"
            continue
        declared = declared_commands(processes[service])
        for stage, commands in by_stage.items():
            for name in commands:
                where = f"commands.{service}.{stage}.{name}"
                if name not in declared:
                    yield f"{where}: unknown command; {service} has {', '.join(sorted(declared))}"
                elif stage != "any" and stage not in (stages := declared[name].stages(processes[service])):
                    yield f"{where}: not a command of this stage; it belongs to {', '.join(stages)}"
