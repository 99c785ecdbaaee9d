"""What the processes need of a pack before a worker may serve it: steps with limits, texts, commands that exist.

What a pack must say whatever the processes are is in `standards.pack.checks`; what a declared service must, in
`standards.pack.declared_checks`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from casework.standards.counting.plan import ASKED, CALL_BACK, SATISFACTION
from casework.standards.pack import checks
from casework.standards.pack.declared_checks import Engine, unplayable
from casework.standards.pack.model import Service, ServiceStandards
from casework.workflows.case.command_desk import commands_of
from casework.workflows.declared import EVERY_CASE, declared_by
from casework.workflows.messages.declared import KNOWN
from casework.workflows.messages.events import EventType
from casework.workflows.messages.notices import EVERY_SERVICE, NoticeType
from casework.workflows.messages.request import CaseRequest
from casework.workflows.names import CLOSED
from casework.workflows.process import Process

Processes = Mapping[str, type[Process[Any]]]
ENGINE = Engine(
    commands=EVERY_CASE,
    fields={name: [field for field in message.model_fields if field != "actor"] for name, message in KNOWN.items()},
    events=frozenset({*EventType, *(one.message.event for one in commands_of(Process).values())}),
    request=frozenset({*CaseRequest.model_fields, "digest", "own_fields"}),
    stages=frozenset({CLOSED, ASKED}),
)


def unserved(pack: ServiceStandards, processes: Processes) -> list[str]:
    """Why a worker with these processes cannot serve this pack, one line each; empty if it can. What the pack declares itself
    goes by what it says, whatever other versions of it do."""
    return [*_of_processes(pack, {**processes, **declared_by(pack)}), *checks.problems(pack)]


def _of_processes(pack: ServiceStandards, processes: Processes) -> Iterator[str]:
    for service, offered in pack.services.items():
        if service not in processes:
            yield f"services.{service}: no process is installed for it; installed are {', '.join(sorted(processes))}"
            continue
        process = processes[service]
        yield from unplayable(pack, service, ENGINE)
        yield from _steps(process, offered)
        calls_back = CALL_BACK in (step.id for step in offered.steps)
        needed = {*EVERY_SERVICE, *process.definition.notices, *([NoticeType.CALL_BACK] if calls_back else [])}
        for text in sorted(needed - set(pack.notifications)):
            yield f"notifications: {service} needs the text {text}"
        served = sorted(text for text in needed & set(pack.notifications) if pack.notifications[text].serve)
        if served and not pack.permissions(service).get("any", {}).get("record_service"):
            # a letter may still wait when the case is closed
            yield f"commands.{service}.any: {', '.join(served)} must be served; no role may give record_service in every stage"
        if calls_back and not pack.permissions(service).get("any", {}).get("record_call_back"):
            yield f"commands.{service}.any: nobody may give record_call_back, and a case would wait for it for ever"
        yield from _ways_on(pack, process)
    yield from _unknown_commands(pack, processes)


def _steps(process: type[Process[Any]], offered: Service) -> Iterator[str]:
    definition = process.definition
    where, known = f"services.{definition.service}", {step.id: step for step in offered.steps}
    for needed in definition.steps:
        if needed not in known:
            yield f"{where}.steps: the process needs the step {needed}"
        elif known[needed].limit is None:
            yield f"{where}.steps.{needed}: the process needs a limit here"
    if SATISFACTION not in known:
        yield f"{where}.steps: the process needs the step {SATISFACTION}"
    if CALL_BACK in known and known[CALL_BACK].limit is None:
        yield f"{where}.steps.{CALL_BACK}: needs a limit"
    for step in sorted(set(definition.expiring) & set(known) - set(offered.expiring)):
        yield f"{where}.steps.{step}.ends_stage: missing; a stage ends with this step's limit"
    for step in sorted(set(offered.expiring) - set(definition.expiring)):
        yield f"{where}.steps.{step}.ends_stage: nothing follows when this step expires"
    strange = sorted(set(offered.outcomes) - {outcome.value for outcome in definition.outcomes})
    if strange:
        yield f"{where}.outcomes: it does not end as {', '.join(strange)}"


def _ways_on(pack: ServiceStandards, process: type[Process[Any]]) -> Iterator[str]:
    """Every stage that waits for a decision needs somebody who may take it on."""
    service = process.definition.service
    by_stage = pack.permissions(service)
    deciding = {name: one.stages(process) for name, one in commands_of(process).items() if one.takes_further}
    for stage in sorted({stage for stages in deciding.values() for stage in stages}):
        allowed = {**by_stage.get("any", {}), **by_stage.get(stage, {})}
        ways = [name for name, stages in deciding.items() if stage in stages]
        if pack.commands and not any(allowed.get(name) for name in ways):
            yield f"commands.{service}.{stage}: no role may take this stage further ({', '.join(ways)})"


def _unknown_commands(pack: ServiceStandards, processes: Processes) -> Iterator[str]:
    for service, by_stage in pack.commands.items():
        if service not in processes:
            yield f"commands.{service}: no process is installed for it; installed are {', '.join(sorted(processes))}"
            continue
        declared = commands_of(processes[service])
        for stage, commands in by_stage.items():
            for name in commands:
                where = f"commands.{service}.{stage}.{name}"
                if name not in declared:
                    yield f"{where}: unknown command; {service} has {', '.join(sorted(declared))}"
                elif stage != "any" and stage not in (stages := declared[name].stages(processes[service])):
                    yield f"{where}: not a command of this stage; it belongs to {', '.join(stages)}"
