"""What a pack must say before a worker may serve it, whatever processes there are: rungs in time, addresses, centres, pauses.

A pack that only counts (`casework due`) needs none of this; it is better told by `casework standards check` than by a case that
stops half way.
"""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import ValidationError

from casework.standards.counting.calendar_rules import Calendar, minutes_open, overlapping_nights
from casework.standards.counting.plan import CALL_BACK, OWNER, REQUESTER, SATISFACTION
from casework.standards.limits import BeforeDue, Limit, Unit
from casework.standards.pack.model import Service, ServiceStandards, Step
from casework.standards.pack.organisation import ActingRole
from casework.standards.pack.queue import CALLED, LONG_WAIT, SENT_HOME


def problems(pack: ServiceStandards) -> Iterator[str]:
    """Why a pack cannot be served, one line each."""
    if not pack.commands and not any(service.declared for service in pack.services.values()):
        yield "commands: no role may give any command"
    for name, service in pack.services.items():
        yield from _extensions(f"services.{name}", service)
    yield from _rungs_before_the_start(pack)
    yield from (f"calendar.{problem}" for problem in overlapping_nights(pack.calendar))
    yield from _addresses(pack)
    yield from _centres(pack)
    yield from _acting(pack)
    yield from _pauses(pack)
    yield from _queue(pack)
    for role in sorted({*pack.voices.readers, *pack.voices.unmasked} - roles_of(pack)):
        yield f"voices: the role {role} has no address in contacts or agencies"
    for role in sorted(set(pack.reports.half_yearly) - set(pack.contacts)):
        yield f"reports.half_yearly: the role {role} has no address in contacts"
    improvement = pack.services.get("improvement")
    if improvement and pack.satisfaction.open_improvement_task and "internal" not in improvement.channels:
        yield "services.improvement.channels: cases open tasks on the channel internal"
    for name, link in pack.links.items():
        try:
            link.format(case_id="x")
        except (KeyError, IndexError, ValueError):
            yield f"links.{name}: only {{case_id}} is filled in"


def rungs_out_of_place(pack: ServiceStandards) -> Iterator[str]:
    """Rungs that would come after the due time although they are meant before it: a limit was shortened, not its ladder."""
    for service, step in _steps_with_limits(pack):
        offered = pack.services[service]
        moments = [(rung.do.value, rung.at) for rung in pack.escalations.get(step.escalation or "", [])]
        if offered.progress_notice and offered.progress_notice.step == step.id:
            days = offered.progress_notice.at_working_days
            moments += [("progress notice", Limit(n=n, unit=Unit.WORKING_DAY)) for n in days]
        for action, at in moments:
            if isinstance(at, Limit) and step.limit and at.unit is step.limit.unit and at.n >= step.limit.n:
                yield f"services.{service}.steps.{step.id}: {action} at {at} comes after its limit of {step.limit}"


def roles_of(pack: ServiceStandards) -> set[str]:
    """Everybody who has an address."""
    return {REQUESTER, *pack.contacts, *(role for agency in pack.agencies.values() for role in agency.contacts)}


def _steps_with_limits(pack: ServiceStandards) -> Iterator[tuple[str, Step]]:
    for name, service in pack.services.items():
        yield from ((name, step) for step in service.steps if step.limit)


def _extensions(where: str, service: Service) -> Iterator[str]:
    for step in service.steps:
        if step.extend and step.limit:
            at = f"{where}.steps.{step.id}.extend.up_to"
            if step.extend.up_to.unit != step.limit.unit:
                yield f"{at}: must be in the unit of the limit, {step.limit.unit.value}"
            elif not _countable(step.limit.n + step.extend.times * step.extend.up_to.n, step.limit.unit):
                yield f"{at}: with it the limit is longer than can be counted"


def _countable(n: int, unit: Unit) -> bool:
    try:
        Limit(n=n, unit=unit)
    except ValidationError:
        return False
    return True


def _rungs_before_the_start(pack: ServiceStandards) -> Iterator[str]:
    """Rungs so long before the due time that the step has not begun then."""
    day = 60 * minutes_open(pack.calendar.hours, pack.calendar.breaks)
    for service, step in _steps_with_limits(pack):
        assert step.limit is not None
        before = [rung for rung in pack.escalations.get(step.escalation or "", []) if isinstance(rung.at, BeforeDue)]
        for rung in before:
            assert isinstance(rung.at, BeforeDue)
            if _seconds(rung.at.limit, day) >= _seconds(step.limit, day):
                where = f"services.{service}.steps.{step.id}"
                yield f"{where}: {rung.do.value} {rung.at.limit} before the due time lies before its start ({step.limit})"


def _seconds(limit: Limit, day: int) -> int:
    """How long a limit is at least, in opening time."""
    return limit.n * (limit.unit.seconds or {Unit.MONTH: 20 * day}.get(limit.unit, day))


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
    for service, by_stage in pack.commands.items():
        for stage, commands in by_stage.items():
            for command, roles_given in commands.items():
                for role in sorted(set(roles_given) - roles_of(pack)):
                    yield f"commands.{service}.{stage}.{command}: the role {role} has no address in contacts or agencies"


def _centres(pack: ServiceStandards) -> Iterator[str]:
    """Centres are named as everywhere else, and their days can be counted."""
    known = roles_of(pack) - {REQUESTER}
    for code, centre in pack.centres.items():
        if code == pack.organisation.centre.code:
            yield f"centres.{code}: this is the organisation's own centre; what is said of it stands in the pack itself"
        if centre.region and pack.calendar.regions.get(code, centre.region) != centre.region:
            yield f"centres.{code}.region: calendar.regions says {pack.calendar.regions[code]}"
        here = pack.calendar_at(code)
        try:
            Calendar.model_validate(here.model_dump(mode="json", by_alias=True))
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                yield f"centres.{code}: {problem['msg'].removeprefix('Value error, ')}"
        yield from (f"centres.{code}.{problem}" for problem in overlapping_nights(here))
        for role in sorted(set(centre.contacts) - known):
            yield f"centres.{code}.contacts: unknown role {role}; roles are {', '.join(sorted(known))}"
    series = dict.fromkeys([None, *(service.registry for service in pack.services.values())])
    registries = [pack.registry(centre, each) for centre in pack.known_centres for each in series]
    for code in sorted({code for code in registries if registries.count(code) > 1}):
        yield f"centres: two centres count in the registry {code}"


def _acting(pack: ServiceStandards) -> Iterator[str]:
    known = roles_of(pack) - {REQUESTER}
    for number, one in enumerate(pack.acting):
        for role in {one.role, one.by} - known:
            yield f"acting[{number}]: unknown role {role}; roles are {', '.join(sorted(known))}"
        if one.role.startswith(OWNER):
            yield f"acting[{number}].role: an owner agency says itself who acts for it"
        if one.centre is not None and one.centre not in pack.known_centres:
            yield f"acting[{number}].centre: unknown centre {one.centre}; there are {', '.join(pack.known_centres)}"
        if any(other.role == one.by and _overlap(one, other) for other in pack.acting):
            yield f"acting[{number}].by: {one.by} is absent itself in that time"


def _queue(pack: ServiceStandards) -> Iterator[str]:
    """Tickets are for services that some point gives, and the supervisor can be told of long waits."""
    queue = pack.queue
    for name in ("ticket_prefix", "expected_minutes"):
        for service in sorted(set(getattr(queue, name)) - set(pack.services)):
            yield f"queue.{name}: unknown service {service}; services are {', '.join(pack.services)}"
    given = {service for point in pack.service_points for service in point.services}
    for service in sorted(set(queue.ticket_prefix) & set(pack.services) - given):
        yield f"queue.ticket_prefix.{service}: no point of service_points gives this service"
    numbers = [point.no for point in pack.service_points]
    for number in sorted({number for number in numbers if numbers.count(number) > 1}):
        yield f"service_points: two points have the number {number}"
    for text in sorted({CALLED, SENT_HOME, LONG_WAIT} - set(pack.notifications)) if queue.ticket_prefix else ():
        yield f"notifications: the queue needs the text {text}"
    for role in sorted(set(queue.officers) - roles_of(pack)):
        yield f"queue.officers: the role {role} has no address in contacts or agencies"


def _overlap(one: ActingRole, other: ActingRole) -> bool:
    return one.first_day <= other.last_day and other.first_day <= one.last_day


def _pauses(pack: ServiceStandards) -> Iterator[str]:
    """A pause ends in a way that its steps can follow, and reminds before it does."""
    known = {step.id for _, step in _steps_with_limits(pack)}
    for name, rule in pack.pauses.items():
        for step in sorted(set(rule.steps) - known):
            yield f"pauses.{name}.steps: no step with a limit is named {step}"
        if rule.remind.unit == rule.longest.unit and rule.remind.before_end >= rule.longest.n:
            yield f"pauses.{name}.remind: would remind before the pause begins ({rule.longest} at most)"
        for service, offered in pack.services.items():
            steps = {step.id for step in offered.steps} & set(rule.steps)
            if rule.outcome and steps and rule.outcome not in offered.outcomes:
                yield f"pauses.{name}.outcome: {service} does not end as {rule.outcome}"
            for step in sorted(steps & {*offered.expiring, SATISFACTION, CALL_BACK} if rule.outcome else ()):
                yield f"pauses.{name}.steps: {step} ends by its own limit; a pause that ends the case is for other steps"
