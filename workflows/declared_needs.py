"""Whether a service that a pack declares can be played to its end: every stage reached and left, every outcome reached, every
clock started, every text, field and role there. What is wrong is one line each, by its path in the pack."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from casework.standards.counting.plan import LETTERS, REQUESTER, SATISFACTION
from casework.standards.pack.declared import (
    DUE,
    MISSING,
    PAPERS,
    PAPERS_COMPLETE,
    CommandSpec,
    FieldSpec,
    StageSpec,
    Tell,
    Way,
)
from casework.standards.pack.model import Service, ServiceStandards
from casework.workflows.declared import EVERY_CASE
from casework.workflows.messages.commands import Rate
from casework.workflows.messages.declared import KNOWN, message_of
from casework.workflows.messages.events import EventType
from casework.workflows.messages.request import CaseRequest
from casework.workflows.names import CLOSED

ADVERSE = "adverse"  # a decision against the requester: how to appeal is told with it
EVERY_REQUEST = set(CaseRequest.model_fields)


def unplayable(pack: ServiceStandards, name: str) -> Iterator[str]:
    """Why the declared service of this name cannot be played; nothing if it can."""
    service = pack.services[name]
    if service.declared is None:
        return
    where = f"services.{name}"
    yield from _request(where, service)
    for stage, spec in service.stages.items():
        at = f"{where}.stages.{stage}"
        if stage == CLOSED:
            yield f"{at}: every case ends in {CLOSED}; it is not declared"
        yield from _clocks(at, pack, service, spec)
        brought = {*service.request, *_brought(service, stage)}
        yield from _notices(at, pack, spec.tell, brought, spec.clocks)
        yield from _notices(f"{at}.again", pack, spec.again.tell if spec.again else [], brought, spec.clocks)
        yield from _notices(f"{at}.clocks_when_told", pack, list(spec.clocks_when_told.values()), brought, spec.clocks)
        for command, said in spec.commands.items():
            yield from _command(f"{at}.commands.{command}", pack, service, spec, command, said)
        for step, way in spec.expires.items():
            yield from _expiry(f"{at}.expires.{step}", pack, service, spec, step, way)
        yield from _satisfaction(at, spec)
        for step in sorted({SATISFACTION, LETTERS} & set(spec.steps)):
            yield f"{at}.clocks: {step} runs by itself; it is named in no stage"
        if len({tell.notice for tell in spec.clocks_when_told.values()}) < len(spec.clocks_when_told):
            yield f"{at}.clocks_when_told: one notice starts one step"
        ends = {step for other in service.stages.values() for step in other.expires} & set(spec.steps)
        for step in sorted(ends - set(spec.expires)):
            yield f"{at}.expires: the limit of {step} ends another stage; say where it leads here"
    yield from _service(where, service)
    yield from _reached(where, pack, service, name)


def _service(where: str, service: Service) -> Iterator[str]:
    limited = {step.id for step in service.steps if step.limit is not None}
    if LETTERS in {step.id for step in service.steps}:
        yield f"{where}.steps.{LETTERS}: the engine has this step itself"
    if not service.promise:
        yield f"{where}.promise: say which steps the requester is promised"
    for step in sorted({*service.promise, *service.promise_remote} - limited):
        yield f"{where}.promise: {step} has no limit"
    first = next(iter(service.stages.values()))
    if first.promise and first.promise != "+".join(service.promise):
        yield f"{where}: the first stage keeps the whole promise, {'+'.join(service.promise)}"
    if first.ask_satisfaction:
        yield f"{where}: a case does not begin where satisfaction is asked"
    types = {
        field.type for stage in service.stages.values() for spec in stage.commands.values() for field in spec.fields.values()
    }
    if "papers" in types and "papers_asked" not in types:
        yield f"{where}: papers of a list can only come when a command asks for them (a field of the type papers_asked)"


def _brought(service: Service, stage: str) -> set[str]:
    """The fields that every command brings which leads to a stage."""
    leading = [
        set(spec.fields)
        for each in service.stages.values()
        for spec in each.commands.values()
        for way in spec.leads_to
        if way.stage == stage
    ]
    return set.intersection(*leading) if leading else set()


def _request(where: str, service: Service) -> Iterator[str]:
    for field, said in service.request.items():
        if field in EVERY_REQUEST:
            yield f"{where}.request.{field}: every request has this field already"
        if said.type in ("documents", "papers", "papers_asked", "agency", "officer"):
            yield f"{where}.request.{field}: the type {said.type} is for commands"


def _clocks(at: str, pack: ServiceStandards, service: Service, spec: StageSpec) -> Iterator[str]:
    known = {step.id: step for step in service.steps}
    for step in spec.steps:
        if step not in known:
            yield f"{at}.clocks: unknown step {step}; steps are {', '.join(known)}"
        elif known[step].limit is None:
            yield f"{at}.clocks: the step {step} has no limit"
    for step in (spec.promise or "").split("+") if spec.promise else []:
        if step not in known or known[step].limit is None:
            yield f"{at}.promise: {step} is no step with a limit"
    for step, tell in spec.clocks_when_told.items():
        text = pack.notifications.get(tell.notice)
        if text is not None and (tell.to or text.to) != REQUESTER:
            yield f"{at}.clocks_when_told.{step}: its time runs from telling the requester; {tell.notice} goes to {text.to}"


def _notices(
    at: str, pack: ServiceStandards, notices: Collection[Tell], fields: Collection[str], steps: Collection[str]
) -> Iterator[str]:
    roles = _roles(pack)
    told = [(tell.notice, tell.to) for tell in notices]
    for notice in sorted({notice for notice, to in told if told.count((notice, to)) > 1}):
        yield f"{at}.tell: {notice} is told twice to the same people"
    for tell in notices:
        text = pack.notifications.get(tell.notice)
        if text is None:
            yield f"{at}.tell: no text {tell.notice} in notifications"
            continue
        if (to := tell.to or text.to) not in roles:
            yield f"{at}.tell.{tell.notice}: the role {to} has no address in contacts or agencies"
        for token, source in tell.values.items():
            if token in ("to", "template", "self"):
                yield f"{at}.tell.{tell.notice}.with.{token}: a token cannot have this name"
            if token != ADVERSE and not {token, f"{token}_th", f"{token}_en"} & _tokens(pack, tell.notice):
                yield f"{at}.tell.{tell.notice}.with.{token}: the text has no such token"
            if source.startswith(DUE):
                if source.removeprefix(DUE) not in steps:
                    yield f"{at}.tell.{tell.notice}.with.{token}: the step {source.removeprefix(DUE)} does not run in this stage"
            elif source not in {PAPERS, MISSING, *fields}:
                known = ", ".join([*fields, PAPERS, MISSING, f"{DUE}STEP"])
                yield f"{at}.tell.{tell.notice}.with.{token}: unknown {source}; known are {known}"


def _command(at: str, pack: ServiceStandards, service: Service, stage: StageSpec, name: str, spec: CommandSpec) -> Iterator[str]:
    if name in EVERY_CASE:
        yield f"{at}: every service has this command; who may give it stands under commands.…"
        return
    if not spec.fields and name not in KNOWN and not (spec.th and spec.en):
        yield f"{at}: say in `th` and `en` what it does"
    if spec.event in {*EventType, Rate.event}:
        yield f"{at}.event: {spec.event} is what the engine records itself"
    for field, said in spec.fields.items():
        if (said.type in ("documents", "papers")) != (field == "documents"):
            yield f"{at}.fields.{field}: papers come in a field named documents (of the type documents or papers)"
    if "actor" in spec.fields:
        yield f"{at}.fields.actor: every command has this field already"
    model = message_of(name, spec)
    for role in sorted(set(spec.by) - _roles(pack)):
        yield f"{at}.by: the role {role} has no address in contacts or agencies"
    yield from (f"{at}.stops: {step} does not run in this stage" for step in spec.stops if step not in stage.steps)
    known = {**service.request, **spec.fields}
    fields = list(dict.fromkeys([*known, *(field for field in model.model_fields if field != "actor")]))
    yield from _notices(at, pack, spec.tell, fields, stage.steps)
    yield from _ways(f"{at}.leads_to", pack, service, stage, spec.leads_to, fields, known, spec.tell)


def _ways(
    at: str,
    pack: ServiceStandards,
    service: Service,
    stage: StageSpec,
    ways: list[Way],
    known: Collection[str],
    fields: dict[str, FieldSpec],
    told: Collection[Tell],
) -> Iterator[str]:
    for number, way in enumerate(ways):
        last = number == len(ways) - 1
        here = f"{at}[{number}]" if len(ways) > 1 else at
        if way.conditions and last:
            yield f"{here}: the last way has no `if`: it is taken when no other is"
        if not way.conditions and not last:
            yield f"{here}: the ways after this one are never taken; it needs an `if`"
        for field, wanted in way.conditions.items():
            said = fields.get(field)
            if field == PAPERS_COMPLETE:
                continue
            if said is None:
                yield f"{here}.if: unknown field {field}; fields are {', '.join(fields) or 'none'}"
            elif said.type == "choice" and not {*(wanted if isinstance(wanted, list) else [wanted])} <= set(said.choices):
                yield f"{here}.if.{field}: it is one of {', '.join(said.choices)}"
            elif said.type == "yes_no" and not isinstance(wanted, bool):
                yield f"{here}.if.{field}: it is true or false"
            elif said.type in ("number", "amount") and (isinstance(wanted, bool) or not isinstance(wanted, int | float)):
                yield f"{here}.if.{field}: it is a number; an `if` compares with one value, it does not compute"
            elif said.type not in ("choice", "yes_no", "number", "amount", "line", "text", "date", "agency"):
                yield f"{here}.if.{field}: a field of the type {said.type} cannot be compared"
        yield from _end(here, pack, service, way)
        yield from _notices(here, pack, way.tell, known, stage.steps)
        for tell in way.tell:
            if any((tell.notice, tell.to) == (other.notice, other.to) for other in told):
                yield f"{here}.tell: {tell.notice} is told by the command already"


def _end(at: str, pack: ServiceStandards, service: Service, way: Way) -> Iterator[str]:
    if way.stage is not None and way.stage not in service.stages:
        yield f"{at}.stage: unknown stage {way.stage}; stages are {', '.join(service.stages)}"
    if way.stage in service.stages and service.stages[way.stage].ask_satisfaction:
        yield f"{at}.stage: {way.stage} asks satisfaction with an outcome: name the outcome, and {way.stage} as ask_in"
    if way.outcome is not None and way.outcome not in service.outcomes:
        yield f"{at}.outcome: unknown outcome {way.outcome}; outcomes are {', '.join(service.outcomes)}"
    if way.ask_in is not None:
        asked = service.stages.get(way.ask_in)
        if asked is None or not asked.ask_satisfaction:
            yield f"{at}.ask_in: {way.ask_in} is no stage with `ask_satisfaction: true`"


def _expiry(at: str, pack: ServiceStandards, service: Service, spec: StageSpec, step: str, way: Way) -> Iterator[str]:
    if step not in spec.steps:
        yield f"{at}: {step} does not run in this stage"
    if not (way.stage or way.outcome) or way.conditions:
        yield f"{at}: when a limit passes it leads to a stage or an outcome, without `if`"
    yield from _end(at, pack, service, way)
    yield from _notices(at, pack, way.tell, service.request, ())


def _satisfaction(at: str, spec: StageSpec) -> Iterator[str]:
    if spec.ask_satisfaction and "rate" not in spec.commands:
        yield f"{at}: where satisfaction is asked, the command rate is given"
    if spec.ask_satisfaction and (spec.clocks or spec.clocks_when_told or spec.expires):
        yield f"{at}: where satisfaction is asked, only the step {SATISFACTION} runs"
    for name, said in spec.commands.items() if spec.ask_satisfaction else ():
        if name not in ("rate", "reopen"):
            yield f"{at}.commands.{name}: where satisfaction is asked, rate and reopen are all that is done"
        elif said.fields or said.tell or said.at_most or (said.leads_to and name == "rate"):
            yield f"{at}.commands.{name}: it brings its fields and what follows; say `by`, and for reopen one way"
    for name in ("rate", "reopen"):
        if name in spec.commands and not spec.ask_satisfaction:
            yield f"{at}.commands.{name}: belongs to a stage with `ask_satisfaction: true`"
    ways = spec.commands["reopen"].leads_to if "reopen" in spec.commands else None
    if ways is not None and not (len(ways) == 1 and ways[0].stage and not ways[0].conditions):
        yield f"{at}.commands.reopen: leads to one stage, without `if`"


def _reached(where: str, pack: ServiceStandards, service: Service, name: str) -> Iterator[str]:
    declared = service.declared
    assert declared is not None
    seen, ahead = set(), [declared.first_stage]
    while ahead:
        stage = ahead.pop()
        if stage in service.stages and stage not in seen:
            seen.add(stage)
            ahead += [to for way in service.stages[stage].ways for to in (way.stage, way.ask_in) if to]
    yield from (f"{where}.stages.{stage}: no way leads here" for stage in service.stages if stage not in seen)
    for stage, spec in service.stages.items():
        if not spec.ask_satisfaction:
            yield from _left(f"{where}.stages.{stage}", stage, spec)
    given = {command for commands in pack.commands.get(name, {}).values() for command in commands}
    if "record_service" not in given and any(
        pack.notifications[text].serve for text in set(declared.notices) & set(pack.notifications)
    ):
        yield f"commands.{name}: a text must be served, and no role may give record_service"
    ends = {way.outcome for spec in service.stages.values() for way in spec.ways}
    ends |= {"withdrawn"} if "withdraw" in given else set()
    steps = {step.id for step in service.steps}
    ends |= {rule.outcome for rule in pack.pauses.values() if set(rule.steps) & steps}
    yield from (f"{where}.outcomes: no way ends as {outcome}" for outcome in service.outcomes if outcome not in ends)
    if "withdrawn" in ends and "withdrawn" not in service.outcomes:
        yield f"{where}.outcomes: withdraw is given, and it ends as withdrawn"
    timed = {step for spec in service.stages.values() for step in spec.steps} | {SATISFACTION}
    for step in service.steps:
        if step.limit is not None and step.id not in timed:
            yield f"{where}.steps.{step.id}: its clock starts in no stage"
    for key in (*service.outcomes, *sorted(timed - {SATISFACTION})):
        if key not in pack.labels:
            yield f"labels: {key} has no words in Thai and English"


def _left(at: str, stage: str, spec: StageSpec) -> Iterator[str]:
    """Why a case could stay in a stage for ever."""

    def out(ways: Iterable[Way]) -> bool:
        return any(way.stage not in (None, stage) or way.outcome for way in ways)

    sure = [each for each in spec.commands.values() if each.at_most is None and "papers" not in _types(each)]
    if not out(spec.ways):
        yield f"{at}: no way leads out of it"
    elif not out(way for each in sure for way in each.leads_to) and not out(spec.expires.values()):
        yield f"{at}: what leads out of it may be given only so often, or only while papers are missing"


def _types(spec: CommandSpec) -> set[str]:
    return {field.type for field in spec.fields.values()}


def _tokens(pack: ServiceStandards, notice: str) -> set[str]:
    """What a text says, and its variants for single readers."""
    return {token for name, text in pack.notifications.items() if f"{name}_".startswith(f"{notice}_") for token in text.tokens}


def _roles(pack: ServiceStandards) -> set[str]:
    return {REQUESTER, *pack.contacts, *(role for agency in pack.agencies.values() for role in agency.contacts)}
