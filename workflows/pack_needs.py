"""What the processes need of a pack before a worker may serve it: steps with limits, texts, commands that exist.

A pack that only counts (`casework due`) needs none of this; a pack that a case is opened under needs all of it, and it
is better told by `casework standards check` than by a case that stops half way.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from casework.standards.counting.calendar_rules import minutes_open, overlapping_nights
from casework.standards.counting.plan import REQUESTER, SATISFACTION
from casework.standards.limits import BeforeDue, Limit, Unit
from casework.standards.pack.model import Service, ServiceStandards
from casework.workflows.case.command_desk import declared_commands
from casework.workflows.contracts import Outcome
from casework.workflows.processes import PROCESSES

STEPS = {
    "information_request": ("respond", "provide", "owner_gather", "tell_requester"),
    "forward": ("check_forward", "requester_complete", "relay", "owner_act"),
    "one_stop": ("triage", "advise", "publications"),
}
MAY_EXPIRE = {("forward", "requester_complete")}
COMMON_TEXTS = {
    "case_withdrawn",
    "redirected",
    "satisfaction_invite",
    "improvement_task",
    "case_reassigned",
    "officer_changed",
    "due_date_changed",
}
TEXTS = {
    "information_request": {
        "case_received", "case_goes_on", "owner_new_case", "info_referred", "info_ready", "result_notice", "information_refused",
    },
    "forward": {
        "case_received", "progress_update", "documents_incomplete", "documents_reminder",
        "application_returned", "case_forwarded", "case_reopened",
        "case_passed_on",
        "owner_new_case", "result_notice", "result_notice_centre", "application_refused", "case_settled",
    },
    "one_stop": {"case_converted"},
}  # fmt: skip


def unserved(pack: ServiceStandards) -> list[str]:
    """Why a worker cannot serve this pack, one line each; empty if it can."""
    return list(_problems(pack))


def rungs_out_of_place(pack: ServiceStandards) -> Iterator[str]:
    """Rungs that would come after the due time although they are meant before it: a limit was shortened, not its ladder."""
    for service, offered in pack.services.items():
        for step in offered.steps:
            if step.limit is None:
                continue
            moments = [(rung.do.value, rung.at) for rung in pack.escalations.get(step.escalation or "", [])]
            if offered.progress_notice and "requester_notified_of_result" in step.stop_on:
                days = offered.progress_notice.at_working_days
                moments += [("progress notice", Limit(n=n, unit=Unit.WORKING_DAY)) for n in days]
            for action, at in moments:
                if isinstance(at, Limit) and at.unit is step.limit.unit and at.n >= step.limit.n:
                    yield f"services.{service.value}.steps.{step.id}: {action} at {at} comes after its limit of {step.limit}"


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
                    where = f"services.{service.value}.steps.{step.id}"
                    yield f"{where}: {rung.do.value} {rung.at.limit} before the due time lies before its start ({step.limit})"


def _seconds(limit: Limit, day: int) -> int:
    """How long a limit is at least, in opening time."""
    return limit.n * (limit.unit.seconds or {Unit.MONTH: 20 * day}.get(limit.unit, day))


def _problems(pack: ServiceStandards) -> Iterator[str]:
    if not pack.commands:
        yield "commands: no role may give any command"
    for service, offered in pack.services.items():
        known = {step.id: step for step in offered.steps}
        for needed in STEPS[service.value]:
            if needed not in known:
                yield f"services.{service.value}.steps: the process needs the step {needed}"
            elif known[needed].limit is None:
                yield f"services.{service.value}.steps.{needed}: the process needs a limit here"
        if SATISFACTION not in known:
            yield f"services.{service.value}.steps: the process needs the step {SATISFACTION}"
        for step in offered.steps:
            if step.on_expiry and (service.value, step.id) not in MAY_EXPIRE:
                yield f"services.{service.value}.steps.{step.id}.on_expiry: nothing follows when this step expires"
        for text in sorted((COMMON_TEXTS | TEXTS[service.value]) - set(pack.notifications)):
            yield f"notifications: {service.value} needs the text {text}"
        yield from _steps(service.value, offered)
        yield from _ways_on(pack, service.value)
    yield from _rungs_before_the_start(pack)
    yield from (f"calendar.{problem}" for problem in overlapping_nights(pack.calendar))
    yield from _addresses(pack)
    yield from _pauses(pack)
    for name, link in pack.links.items():
        try:
            link.format(case_id="x")
        except (KeyError, IndexError, ValueError):
            yield f"links.{name}: only {{case_id}} is filled in"
    yield from _unknown_commands(pack)


def _steps(service: str, offered: Service) -> Iterator[str]:
    for step in offered.steps:
        if step.extend and step.limit:
            where = f"services.{service}.steps.{step.id}.extend.up_to"
            if step.extend.up_to.unit != step.limit.unit:
                yield f"{where}: must be in the unit of the limit, {step.limit.unit.value}"
            elif not _countable(step.limit.n + step.extend.times * step.extend.up_to.n, step.limit.unit):
                yield f"{where}: with it the limit is longer than can be counted"
    strange = sorted(set(offered.outcomes) - {outcome.value for outcome in Outcome})
    if strange:
        yield f"services.{service}.outcomes: no process ends as {', '.join(strange)}"


def _countable(n: int, unit: Unit) -> bool:
    try:
        Limit(n=n, unit=unit)
    except ValidationError:
        return False
    return True


def _ways_on(pack: ServiceStandards, service: str) -> Iterator[str]:
    """Every stage that waits for a decision needs somebody who may take it on."""
    by_stage = next((stages for name, stages in pack.commands.items() if name.value == service), {})
    declared = declared_commands(PROCESSES[service])
    stages = {stage for one in declared.values() if one.act is None for stage in one.stages if one.name != "withdraw"}
    for stage in sorted(stages):
        allowed = {**by_stage.get("any", {}), **by_stage.get(stage.value, {})}
        ways = [name for name, one in declared.items() if one.act is None and stage in one.stages and name != "withdraw"]
        if pack.commands and not any(allowed.get(name) for name in ways):
            yield f"commands.{service}.{stage.value}: no role may take this stage further ({', '.join(ways)})"


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


def _pauses(pack: ServiceStandards) -> Iterator[str]:
    """A pause ends in a way that the process of its steps can follow, and reminds before it does."""
    known = {step.id for offered in pack.services.values() for step in offered.steps if step.limit}
    for name, rule in pack.pauses.items():
        for step in sorted(set(rule.steps) - known):
            yield f"pauses.{name}.steps: no step with a limit is named {step}"
        if rule.remind.unit == rule.longest.unit and rule.remind.before_end >= rule.longest.n:
            yield f"pauses.{name}.remind: would remind before the pause begins ({rule.longest} at most)"
        for service, offered in pack.services.items():
            steps = {step.id for step in offered.steps} & set(rule.steps)
            if rule.outcome and steps and rule.outcome not in offered.outcomes:
                yield f"pauses.{name}.outcome: {service.value} does not end as {rule.outcome}"
            for step in sorted(steps if rule.outcome else ()):
                if (service.value, step) in MAY_EXPIRE or step == SATISFACTION:
                    yield f"pauses.{name}.steps: {step} ends by its own limit; a pause that ends the case is for other steps"


def _unknown_commands(pack: ServiceStandards) -> Iterator[str]:
    for service, by_stage in pack.commands.items():
        declared = declared_commands(PROCESSES[service.value])
        for stage, commands in by_stage.items():
            for name in commands:
                where = f"commands.{service.value}.{stage}.{name}"
                if name not in declared:
                    yield f"{where}: unknown command; {service.value} has {', '.join(sorted(declared))}"
                elif stage != "any" and stage not in declared[name].stages:
                    stages = ", ".join(one.value for one in declared[name].stages)
                    yield f"{where}: not a command of this stage; it belongs to {stages}"
