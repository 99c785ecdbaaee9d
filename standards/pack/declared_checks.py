"""Whether a service that a pack declares can be played to its end: every stage reached and left, every outcome reached, every
clock started, every text, field and role there. What is wrong is one line each, by its path in the pack."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from casework.standards.counting.plan import CALL_BACK, LETTERS, REQUESTER, SATISFACTION
from casework.standards.pack.checks import roles_of
from casework.standards.pack.declared import (
    BROUGHT,
    DUE,
    MISSING,
    PAPERS,
    PAPERS_COMPLETE,
    WORDED_TWICE,
    CommandSpec,
    FieldSpec,
    StageSpec,
    Tell,
    Way,
)
from casework.standards.pack.model import ServiceStandards
from casework.standards.pack.texts import TIMES

ADVERSE = "adverse"  # a decision against the requester: how to appeal is told with it
OF_EVERY_NOTICE = {
    "case_no", "requester_name", "today", "centre_name", "centre_contact", "open_hours", "officer_name", "officer_point",
}  # fmt: skip
ANY = "any"  # in `commands`: every open stage


@dataclass(frozen=True)
class Engine:
    """What the engine has under a name, so that a pack cannot give the name to something else."""

    commands: Collection[str]  # of every case
    fields: Mapping[str, Collection[str]]  # of the commands that a pack may name without saying their fields
    events: Collection[str]
    request: Collection[str]  # fields of every request
    stages: frozenset[str]  # those of every case


def unplayable(pack: ServiceStandards, name: str, engine: Engine) -> Iterator[str]:
    """Why the declared service of this name cannot be played; nothing if it can."""
    if pack.services[name].declared is not None:
        yield from _Checked(pack, name, engine).problems()


class _Checked:
    """One declared service while it is looked through."""

    def __init__(self, pack: ServiceStandards, name: str, engine: Engine) -> None:
        self.pack, self.service, self.engine = pack, pack.services[name], engine
        self.where, self.roles = f"services.{name}", roles_of(pack)
        self.known = {step.id: step for step in self.service.steps}
        self.given = {command for commands in pack.commands.get(name, {}).values() for command in commands}

    def problems(self) -> Iterator[str]:
        yield from self._request()
        yield from self._one_meaning()
        for name, stage in self.service.stages.items():
            yield from self._stage(f"{self.where}.stages.{name}", name, stage)
        yield from self._promise()
        yield from self._reached()
        yield from self._ended()
        yield from self._words()

    def _request(self) -> Iterator[str]:
        for field, said in self.service.request.items():
            if field in self.engine.request:
                yield f"{self.where}.request.{field}: every request has this field already"
            if said.type in ("documents", "papers", "papers_asked", "agency", "officer"):
                yield f"{self.where}.request.{field}: the type {said.type} is for commands"

    def _one_meaning(self) -> Iterator[str]:
        """A field is known to notices by its name alone, wherever it was said."""
        meant = {name: (f"{self.where}.request.{name}", spec) for name, spec in self.service.request.items()}
        theirs = {
            field for stage in self.service.stages.values() for name in stage.commands for field in self._brings(stage, name)
        }
        for name in sorted(theirs & set(meant)):
            yield f"{self.where}.request.{name}: a command that is given here has a field of this name; use another"
        for stage, spec in self.service.stages.items():
            for command, said in spec.commands.items():
                for field, each in said.fields.items():
                    at = f"{self.where}.stages.{stage}.commands.{command}.fields.{field}"
                    first, other = meant.setdefault(field, (at, each))
                    if (other.type, other.choices) != (each.type, each.choices):
                        yield f"{at}: {first} has another type or other choices; use another name"

    def _brings(self, stage: StageSpec, command: str) -> Collection[str]:
        """The fields that a command of the engine brings itself."""
        return () if stage.commands[command].fields else self.engine.fields.get(command, ())

    def _stage(self, at: str, name: str, stage: StageSpec) -> Iterator[str]:
        if name in self.engine.stages | {ANY}:
            kept = ", ".join(sorted(self.engine.stages))
            yield f"{at}: a stage cannot be named so; {ANY} is every open stage, {kept} are stages of every case"
        yield from self._clocks(at, stage)
        brought = {*self.service.request, *self._brought(name)}
        yield from self._notices(at, stage.tell, brought, stage.clocks)
        yield from self._notices(f"{at}.again", stage.again.tell if stage.again else [], brought, stage.clocks)
        yield from self._notices(f"{at}.clocks_when_told", list(stage.clocks_when_told.values()), brought, stage.clocks)
        for command, spec in stage.commands.items():
            yield from self._command(f"{at}.commands.{command}", stage, command, spec)
        for step, way in stage.expires.items():
            yield from self._expiry(f"{at}.expires.{step}", stage, step, way)
        yield from self._satisfaction(at, stage)

    def _brought(self, stage: str) -> set[str]:
        """The fields that every command brings which leads to a stage, as far as the case keeps them."""
        leading = [
            {field for field, said in spec.fields.items() if said.type in BROUGHT}
            for each in self.service.stages.values()
            for spec in each.commands.values()
            if any(way.stage == stage for way in spec.leads_to)
        ]
        return set.intersection(*leading) if leading else set()

    def _clocks(self, at: str, stage: StageSpec) -> Iterator[str]:
        for step in stage.steps:
            if step in (SATISFACTION, CALL_BACK, LETTERS):
                yield f"{at}.clocks: {step} runs by itself; it is named in no stage"
            elif step not in self.known:
                yield f"{at}.clocks: unknown step {step}; steps are {', '.join(self.known)}"
            elif self.known[step].limit is None:
                yield f"{at}.clocks: the step {step} has no limit"
        for step in (stage.promise or "").split("+") if stage.promise else []:
            if step not in self.known or self.known[step].limit is None:
                yield f"{at}.promise: {step} is no step with a limit"
        for step, tell in stage.clocks_when_told.items():
            text = self.pack.notifications.get(tell.notice)
            if text is not None and (tell.to or text.to) != REQUESTER:
                yield f"{at}.clocks_when_told.{step}: its time runs from telling the requester; {tell.notice} goes to {text.to}"
        if len({tell.notice for tell in stage.clocks_when_told.values()}) < len(stage.clocks_when_told):
            yield f"{at}.clocks_when_told: one notice starts one step"
        ends = {step for other in self.service.stages.values() for step in other.expires} & set(stage.steps)
        for step in sorted(ends - set(stage.expires)):
            yield f"{at}.expires: the limit of {step} ends another stage; say where it leads here"

    def _notices(self, at: str, notices: Collection[Tell], fields: Collection[str], steps: Collection[str]) -> Iterator[str]:
        told = [(tell.notice, tell.to) for tell in notices]
        for notice in sorted({notice for notice, to in told if told.count((notice, to)) > 1}):
            yield f"{at}.tell: {notice} is told twice to the same people"
        for tell in notices:
            text = self.pack.notifications.get(tell.notice)
            if text is None:
                yield f"{at}.tell: no text {tell.notice} in notifications"
                continue
            if (to := tell.to or text.to) not in self.roles:
                yield f"{at}.tell.{tell.notice}: the role {to} has no address in contacts or agencies"
            for token, source in tell.values.items():
                yield from self._token(f"{at}.tell.{tell.notice}.with.{token}", tell.notice, token, source, fields, steps)

    def _token(
        self, at: str, notice: str, token: str, source: str, fields: Collection[str], steps: Collection[str]
    ) -> Iterator[str]:
        if token in ("to", "template", "self"):
            yield f"{at}: a token cannot have this name"
        if token in OF_EVERY_NOTICE:
            yield f"{at}: every notice says this itself"
        spec = self._field(source)
        twice = spec is not None and spec.type in WORDED_TWICE
        said = {f"{token}_th", f"{token}_en"} if twice else {token}
        if token != ADVERSE and not {token, *said} & self._tokens(notice):
            yield f"{at}: the text has no such token"
        if source.startswith(DUE) != (token in TIMES):
            yield f"{at}: a time is said by {', '.join(sorted(TIMES))}, and each of them says one ({DUE}STEP)"
        elif source.startswith(DUE):
            if source.removeprefix(DUE) not in steps:
                yield f"{at}: the step {source.removeprefix(DUE)} does not run in this stage"
        elif source not in {PAPERS, MISSING, *fields}:
            yield f"{at}: unknown {source}; known are {', '.join([*fields, PAPERS, MISSING, f'{DUE}STEP'])}"

    def _field(self, name: str) -> FieldSpec | None:
        specs = [
            self.service.request,
            *(each.fields for stage in self.service.stages.values() for each in stage.commands.values()),
        ]
        return next((fields[name] for fields in specs if name in fields), None)

    def _tokens(self, notice: str) -> set[str]:
        """What a text says, and its variants for single readers."""
        texts = self.pack.notifications.items()
        return {token for name, text in texts if f"{name}_".startswith(f"{notice}_") for token in text.tokens}

    def _command(self, at: str, stage: StageSpec, name: str, spec: CommandSpec) -> Iterator[str]:
        engine = self.engine
        if name in engine.commands:
            yield f"{at}: every service has this command; who may give it stands under commands.…"
            return
        if (spec.fields or name not in engine.fields) and not (spec.th and spec.en):
            yield f"{at}: say in `th` and `en` what it does"
        if (event := spec.event or (None if name in engine.fields and not spec.fields else name)) in engine.events:
            yield f"{at}.event: {event} is what the engine records itself"
        for field, said in spec.fields.items():
            if (said.type in ("documents", "papers")) != (field == "documents"):
                yield f"{at}.fields.{field}: papers come in a field named documents (of the type documents or papers)"
        for role in sorted(set(spec.by) - self.roles):
            yield f"{at}.by: the role {role} has no address in contacts or agencies"
        yield from (f"{at}.stops: {step} does not run in this stage" for step in spec.stops if step not in stage.steps)
        fields = dict.fromkeys([*self.service.request, *spec.fields, *(() if spec.fields else engine.fields.get(name, ()))])
        yield from self._notices(at, spec.tell, fields, stage.steps)
        yield from self._ways(f"{at}.leads_to", stage, spec, list(fields))

    def _ways(self, at: str, stage: StageSpec, spec: CommandSpec, known: list[str]) -> Iterator[str]:
        fields = {**self.service.request, **spec.fields}
        for number, way in enumerate(spec.leads_to):
            last = number == len(spec.leads_to) - 1
            here = f"{at}[{number}]" if len(spec.leads_to) > 1 else at
            if way.conditions and last:
                yield f"{here}: the last way has no `if`: it is taken when no other is"
            if not way.conditions and not last:
                yield f"{here}: the ways after this one are never taken; it needs an `if`"
            for field, wanted in way.conditions.items():
                yield from _condition(f"{here}.if", field, wanted, fields, self.pack.agencies)
            if _covered(way, spec.leads_to[:number], fields):
                yield f"{here}: never taken; the ways before it take every case"
            yield from self._end(here, way)
            yield from self._notices(here, way.tell, known, stage.steps)
            for tell in way.tell:
                if any((tell.notice, tell.to) == (other.notice, other.to) for other in spec.tell):
                    yield f"{here}.tell: {tell.notice} is told by the command already"

    def _end(self, at: str, way: Way) -> Iterator[str]:
        stages, outcomes = self.service.stages, self.service.outcomes
        if way.event in self.engine.events:
            yield f"{at}.event: {way.event} is what the engine records itself"
        if way.stage is not None and way.stage not in stages:
            yield f"{at}.stage: unknown stage {way.stage}; stages are {', '.join(stages)}"
        if way.stage in stages and stages[way.stage].ask_satisfaction:
            yield f"{at}.stage: {way.stage} asks satisfaction with an outcome: name the outcome, and {way.stage} as ask_in"
        if way.outcome is not None and way.outcome not in outcomes:
            yield f"{at}.outcome: unknown outcome {way.outcome}; outcomes are {', '.join(outcomes)}"
        if way.ask_in is not None and not (way.ask_in in stages and stages[way.ask_in].ask_satisfaction):
            yield f"{at}.ask_in: {way.ask_in} is no stage with `ask_satisfaction: true`"

    def _expiry(self, at: str, stage: StageSpec, step: str, way: Way) -> Iterator[str]:
        if step not in stage.steps:
            yield f"{at}: {step} does not run in this stage"
        if not (way.stage or way.outcome) or way.conditions:
            yield f"{at}: when a limit passes it leads to a stage or an outcome, without `if`"
        yield from self._end(at, way)
        yield from self._notices(at, way.tell, self.service.request, ())

    def _satisfaction(self, at: str, stage: StageSpec) -> Iterator[str]:
        for name in ("rate", "reopen") if not stage.ask_satisfaction else ():
            if name in stage.commands:
                yield f"{at}.commands.{name}: belongs to a stage with `ask_satisfaction: true`"
        if not stage.ask_satisfaction:
            return
        if "rate" not in stage.commands:
            yield f"{at}: where satisfaction is asked, the command rate is given"
        if stage.steps or stage.expires or stage.promise or stage.tell or stage.again:
            yield f"{at}: where satisfaction is asked, only the step {SATISFACTION} runs and only the invitation is told"
        for name, said in stage.commands.items():
            if name not in ("rate", "reopen"):
                yield f"{at}.commands.{name}: where satisfaction is asked, rate and reopen are all that is done"
            elif said.fields or said.tell or said.at_most or (said.leads_to and name == "rate"):
                yield f"{at}.commands.{name}: it brings its fields and what follows; say `by`, and for reopen one way"
        ways = stage.commands["reopen"].leads_to if "reopen" in stage.commands else None
        if ways is not None and not (len(ways) == 1 and ways[0].stage and not ways[0].conditions):
            yield f"{at}.commands.reopen: leads to one stage, without `if`"

    def _promise(self) -> Iterator[str]:
        service, limited = self.service, {step.id for step in self.service.steps if step.limit is not None}
        if not service.promise:
            yield f"{self.where}.promise: say which steps the requester is promised"
        for step in sorted({*service.promise, *service.promise_remote} - limited):
            yield f"{self.where}.promise: {step} has no limit"
        first = next(iter(service.stages.values()))
        if first.promise and first.promise != "+".join(service.promise):
            yield f"{self.where}: the first stage keeps the whole promise, {'+'.join(service.promise)}"
        if first.ask_satisfaction:
            yield f"{self.where}: a case does not begin where satisfaction is asked"
        if LETTERS in self.known:
            yield f"{self.where}.steps.{LETTERS}: the engine has this step itself"
        timed = {step for stage in service.stages.values() for step in stage.steps} | {SATISFACTION, CALL_BACK}
        yield from (f"{self.where}.steps.{step}: its clock starts in no stage" for step in self.known if step in limited - timed)

    def _reached(self) -> Iterator[str]:
        stages = self.service.stages
        seen, ahead = set(), [next(iter(stages))]
        while ahead:
            stage = ahead.pop()
            if stage in stages and stage not in seen:
                seen.add(stage)
                ahead += [to for way in stages[stage].ways for to in (way.stage, way.ask_in) if to]
        yield from (f"{self.where}.stages.{stage}: no way leads here" for stage in stages if stage not in seen)
        ends = {way.outcome for stage in stages.values() for way in stage.ways}
        ends |= {"withdrawn"} if "withdraw" in self.given else set()
        ends |= {rule.outcome for rule in self.pack.pauses.values() if set(rule.steps) & set(self.known)}
        for outcome in self.service.outcomes:
            if outcome not in ends:
                yield f"{self.where}.outcomes: no way ends as {outcome}"
        if "withdrawn" in ends and "withdrawn" not in self.service.outcomes:
            yield f"{self.where}.outcomes: withdraw is given, and it ends as withdrawn"

    def _ended(self) -> Iterator[str]:
        """Every stage must have a way to an end that stays open: of commands that may be given as often as need be, and of limits
        that pass. What may be given only so often, or only while papers are missing, may be used up."""
        stages = self.service.stages
        ending = {name for name, stage in stages.items() if stage.ask_satisfaction}
        while True:
            more = {name for name in stages if any(way.outcome or way.stage in ending for way in _open_ways(stages[name]))}
            if more <= ending:
                break
            ending |= more
        for name in stages:
            if name not in ending:
                yield f"{self.where}.stages.{name}: no way from here ends the case that may not be used up (at_most, papers)"
        types = {said.type for stage in stages.values() for spec in stage.commands.values() for said in spec.fields.values()}
        if ("papers" in types) != ("papers_asked" in types):
            yield f"{self.where}: a list of papers is asked for by one command (papers_asked) and brought by another (papers)"

    def _words(self) -> Iterator[str]:
        timed = {step for stage in self.service.stages.values() for step in stage.steps}
        for key in (*self.service.outcomes, *sorted(timed)):
            if key not in self.pack.labels:
                yield f"labels: {key} has no words in Thai and English"


def _open_ways(stage: StageSpec) -> Iterator[Way]:
    for spec in stage.commands.values():
        if spec.at_most is None and not any(field.type == "papers" for field in spec.fields.values()):
            yield from spec.leads_to
    stopped = {step for spec in stage.commands.values() for step in spec.stops}
    yield from (way for step, way in stage.expires.items() if step not in stopped)


def _covered(way: Way, before: Collection[Way], fields: Mapping[str, FieldSpec]) -> bool:
    """Whether ways before it take every case that this one is for."""
    if any(each.conditions == way.conditions for each in before):
        return True
    taken: dict[str, set[object]] = {}
    for each in before:
        for field, wanted in each.conditions.items() if len(each.conditions) == 1 else ():
            taken.setdefault(field, set()).update(wanted if isinstance(wanted, list) else [wanted])
    every: dict[str, set[object]] = {
        name: {*said.choices} or {True, False} for name, said in fields.items() if said.type in ("choice", "yes_no")
    }
    return any(fields[name].required and values <= taken.get(name, set()) for name, values in every.items())


def _condition(at: str, field: str, wanted: object, fields: Mapping[str, FieldSpec], agencies: Collection[str]) -> Iterator[str]:
    said = fields.get(field)
    values = wanted if isinstance(wanted, list) else [wanted]
    if field == PAPERS_COMPLETE:
        if not isinstance(wanted, bool):
            yield f"{at}.{field}: it is true or false"
    elif not values:
        yield f"{at}.{field}: names no value"
    elif said is None:
        yield f"{at}: unknown field {field}; fields are {', '.join(fields) or 'none'}"
    elif said.type == "choice" and not {*(wanted if isinstance(wanted, list) else [wanted])} <= set(said.choices):
        yield f"{at}.{field}: it is one of {', '.join(said.choices)}"
    elif said.type == "yes_no" and not isinstance(wanted, bool):
        yield f"{at}.{field}: it is true or false"
    elif said.type in ("number", "amount") and (isinstance(wanted, bool) or not isinstance(wanted, int | float)):
        yield f"{at}.{field}: it is a number; an `if` compares with one value, it does not compute"
    elif said.type == "number" and not isinstance(wanted, int):
        yield f"{at}.{field}: it is a whole number"
    elif said.type == "date" and not all(_is_date(each) for each in values):
        yield f"{at}.{field}: it is a date such as 2026-11-23"
    elif said.type in ("line", "text") and not all(isinstance(each, str) and each.strip() == each != "" for each in values):
        yield f"{at}.{field}: it is a text"
    elif said.type == "agency" and agencies and not set(values) <= set(agencies):
        yield f"{at}.{field}: it is one of {', '.join(agencies)}"
    elif said.type not in ("choice", "yes_no", "number", "amount", "line", "text", "date", "agency"):
        yield f"{at}.{field}: a field of the type {said.type} cannot be compared"


def _is_date(value: object) -> bool:
    try:
        return isinstance(value, str) and date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
