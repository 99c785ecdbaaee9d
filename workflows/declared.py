"""A service written in a pack, played as it stands there (standards/pack/declared.py says what may stand).

How a case goes is in its terms: it keeps the version that it was opened under, and another version reaches it only by `casework
standards migrate`. What a worker's packs say now only names the commands that its workflow takes.
"""

from __future__ import annotations

import hashlib
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import JsonValue, ValidationError
from temporalio import workflow
from temporalio.common import RawValue

from casework.standards.counting.plan import ASKED, PROMISE
from casework.standards.pack.declared import CommandSpec, DeclaredService, FieldSpec, StageSpec, Tell, Way, holds
from casework.standards.pack.model import Service, ServiceStandards
from casework.workflows import errors
from casework.workflows.case.command_desk import CommandDefinition, commands_of, described, update_of
from casework.workflows.case.declared_effects import DeclaredState, notice_values, refusal, said, take_effect
from casework.workflows.messages.declared import DeclaredRequest, form_of, message_named, message_of
from casework.workflows.messages.views import CommandReply
from casework.workflows.names import OPENED_UPDATE
from casework.workflows.ports import Terms
from casework.workflows.process import (
    NO_REQUEST,
    REQUESTER,
    Actor,
    Case,
    CaseFile,
    CaseResult,
    Command,
    EventType,
    Expired,
    Named,
    Outcomes,
    Process,
    ProcessDefinition,
    Rate,
    Reopen,
    ReportDelay,
    Stages,
    Withdraw,
    knows_survey_items,
)

NOBODY = Actor(id="nobody", role="nobody")
# Commands of every service: a pack gives them under `commands`. A rating is given where a stage asks for it, too.
RATE = Rate.command_name()
EVERY_CASE = frozenset({*commands_of(Process), OPENED_UPDATE} - {RATE})


class DeclaredProcess(Process[DeclaredState]):
    """Walks the stages that the terms of the case name."""

    @property
    def declared(self) -> DeclaredService:
        """How this case goes."""
        terms = self.case.file.terms
        assert terms is not None, "only asked once the case is open"
        assert terms.declared is not None, "the service is declared in the case's own version of the pack"
        return terms.declared

    @property
    def stage(self) -> StageSpec:
        """What its stage says."""
        return self.declared.stages[self.case.file.stage]

    @property
    def whole_promise(self) -> str | None:
        """The steps of the promise made on receipt, where no stage has said which it keeps."""
        file = self.case.file
        if file.promise is None or file.promise.chain != PROMISE or file.terms is None:
            return None
        return "+".join(file.terms.rules.promise)

    @property
    def fields(self) -> dict[str, FieldSpec]:
        """Every field that may be known: of the request, and of the commands that lead from stage to stage."""
        led = {
            name: spec
            for stage in self.declared.stages.values()
            for each in stage.commands.values()
            for name, spec in each.fields.items()
        }
        return {**led, **self.declared.request}

    @property
    def asked(self) -> dict[str, JsonValue]:
        """What the request says in the pack's own fields."""
        request = self.case.file.request
        return request.own_fields if isinstance(request, DeclaredRequest) else {}

    def known(self, spec: CommandSpec | None, message: Command | None) -> dict[str, JsonValue]:
        """What notices may say: the fields of a command, of the one that led to this stage, of the request. What a command
        leaves out is left out, whatever was said before."""
        before = {key: value for key, value in self.own.brought.items() if spec is None or key not in spec.fields}
        return {**self.asked, **before, **said(message)}

    @workflow.update(dynamic=True)
    async def other_command(self, name: str, payloads: Sequence[RawValue]) -> CommandReply:
        """A command that the case's own version of the pack has and none of the worker's packs."""
        return await self.case.desk.obey(_of_terms(name), _content(payloads), self.case)

    @other_command.validator
    def admit_other_command(self, name: str, payloads: Sequence[RawValue]) -> None:
        """As for every command."""
        self.case.desk.admit(_of_terms(name), _content(payloads))

    async def walk(self) -> CaseResult:
        """The whole of it."""
        await self.case.open(steps_of=_first_steps)
        return await self.case.walk(defaultdict(lambda: self.play))

    async def play(self) -> None:
        """One stage until its next decision."""
        if self.stage.ask_satisfaction:
            await self.case.endings.ask_satisfaction(self.taken_up_again if "reopen" in self.stage.commands else None)
            return
        self.begin()
        message = await self.case.decision()
        pause = self.case.file.pause
        if isinstance(message, Expired) and not (pause and pause.ran_out):
            step = next(clock.step for clock in self.case.file.clocks.values() if clock.expired and clock.stopped_at is None)
            way = self.stage.expires.get(step)
            if way is None or way.event is None:
                self.case.record(EventType.STEP_EXPIRED, step=step)
            if way is None:
                self.case.stop(step)  # nothing follows in this stage
            else:
                self.follow(way, None, None, [])
        elif isinstance(message, Expired | Withdraw):
            self.case.endings.end(message)
        else:
            self.carry_out(message)

    def begin(self) -> None:
        """The stage begins: its clocks run, its people are told."""
        stage, name, file = self.stage, self.case.file.stage, self.case.file
        again = stage.again if self.own.entered.get(name) else None
        notices = again.tell if again and again.tell else stage.tell
        idle = [step for step in stage.clocks if step not in file.clocks or not file.clocks[step].running]
        told = next((tell.notice for tell in notices if tell.to in (None, REQUESTER)), None)
        first = file.stage == self.declared.first_stage and not self.own.entered  # it keeps what was promised on receipt
        promise = stage.promise if not first else None
        if self.case.begin(
            *(idle or stage.clocks),
            promise=promise or self.whole_promise,
            because=again.because if again and promise else None,
            told=told,
        ):
            self.own.entered = {**self.own.entered, name: self.own.entered.get(name, 0) + 1}
            if any(self.declared.stages[way.stage].promise for way in stage.ways if way.stage and way.stage != name):
                self.case.promise_waits()
            for step, tell in stage.clocks_when_told.items():
                self.case.tell_and_start(step, tell.notice, **notice_values(self.case, tell, self.fields, self.known(None, None)))
            self.tell(notices, None, None)

    def carry_out(self, message: Command) -> None:
        """A command was given: what it changes, who is told, where it leads."""
        name = message.command_name()
        spec = self.stage.commands[name]
        take_effect(self.case, name, spec, message)
        if isinstance(message, ReportDelay):
            self.case.remind_with("delay_reason", message.reason)
        told = self.tell(spec.tell, spec, message)
        decided = {**self.asked, **said(message)}
        way = next((way for way in spec.leads_to if holds(way, decided, not self.own.asked)), None)
        if way is not None:
            if way.stage is not None:
                self.own.brought = {key: value for key, value in said(message).items() if isinstance(value, str | int | float)}
            self.follow(way, spec, message, told)

    def follow(self, way: Way, spec: CommandSpec | None, message: Command | None, told: list[str]) -> None:
        """Go where a way leads."""
        if way.event is not None:
            self.case.record(way.event)
        told = [*told, *self.tell(way.tell, spec, message)]
        if way.outcome is not None:
            self.case.endings.conclude(way.outcome, way.ask_in, told if way.when_told else None)
        elif way.stage is not None:
            self.case.move(way.stage, *self.declared.stages[way.stage].clocks)

    def tell(self, notices: Sequence[Tell], spec: CommandSpec | None, message: Command | None) -> list[str]:
        """Owe these notices; their ids."""
        assert self.case.file.terms is not None
        fields = {**self.fields, **(spec.fields if spec else {})}
        return [
            self.case.notify(
                tell.notice,
                tell.to or self.case.file.terms.addressees.get(tell.notice, REQUESTER),
                **notice_values(self.case, tell, fields, self.known(spec, message)),
            )
            for tell in notices
        ]

    def taken_up_again(self, message: Reopen) -> None:
        """What was concluded is open again."""
        self.case.endings.take_up_again()
        spec = self.stage.commands["reopen"]
        self.follow(spec.leads_to[0], spec, message, [])


def _first_steps(terms: Terms) -> list[str]:
    return terms.declared.stages[terms.declared.first_stage].clocks if terms.declared else []


@dataclass(frozen=True)
class CommandOfPack(CommandDefinition):
    """A command as the terms of a case declare it, whatever the worker's packs say now."""

    by_stage: tuple[tuple[str, CommandSpec], ...] = ()  # as the worker's packs say it: for people who look

    @property
    def description(self) -> str:
        """What operators read of it."""
        return described(self.message, ", ".join(stage for stage, _ in self.by_stage))

    def spec(self, file: CaseFile) -> CommandSpec | None:
        """What the terms say of it in the stage of the case."""
        declared = file.terms.declared if file.terms else None
        stage = declared.stages.get(file.stage) if declared else None
        return stage.commands.get(self.name) if stage else None

    def is_possible(self, file: CaseFile) -> bool:
        """Whether the stage of a case has it."""
        return self.spec(file) is not None or (self.message is Rate and file.stage == ASKED)

    def stages(self, process: type[Any]) -> list[str]:
        """The stages that have it."""
        return [stage for stage, _ in self.by_stage]

    def read(self, payload: Any, file: CaseFile) -> Command:
        """The message in a payload, as the terms of the case say its fields."""
        spec = self.spec(file)
        if spec is None:  # refused by the stage, whatever it says
            return self.message.model_construct(actor=NOBODY) if not self.by_stage else super().read(payload, file)
        try:
            return message_of(self.name, spec).model_validate(payload)
        except ValidationError as error:
            raise errors.invalid_input(self.name, error) from None


def _check(file: CaseFile, message: Any) -> str | None:
    declared = file.terms.declared if file.terms else None
    if isinstance(message, Rate) and (reason := knows_survey_items(file, message)):
        return reason
    stage = declared.stages.get(file.stage) if declared else None  # satisfaction may be asked in a stage of every case
    spec = stage.commands[message.command_name()] if stage else None
    if spec is None:
        return None
    return refusal(file, message.command_name(), spec, message)


def _still_to_give(name: str) -> Any:
    def offered(file: CaseFile) -> bool:
        declared = file.terms.declared if file.terms else None
        spec = declared.stages[file.stage].commands.get(name) if declared and file.stage in declared.stages else None
        return spec is None or spec.at_most is None or file.own.given.get(name, 0) < spec.at_most

    return offered


def declared_process(service: str, offered: Sequence[tuple[Service, dict[str, Named]]]) -> type[DeclaredProcess]:
    """The process of a service as these versions of a pack declare it (with their labels), the latest first.

    A workflow class is found by its module and name when a case is loaded; so each is kept in this module, under a name that
    says what it was made from.
    """
    specs = [each.declared for each, _ in offered if each.declared is not None]
    words = [service, *(each.model_dump_json() for each, _ in offered)]
    words += [f"{key}={word.th}/{word.en}" for _, labels in offered for key, word in labels.items()]
    digest = hashlib.sha256("".join(words).encode()).hexdigest()[:12]
    name = f"Declared_{service}_{digest}"
    module = sys.modules[__name__]
    if not hasattr(module, name):
        setattr(module, name, _made(name, service, offered, specs))
    made: type[DeclaredProcess] = getattr(module, name)
    return made


def declared_by(pack: ServiceStandards) -> dict[str, type[DeclaredProcess]]:
    """The processes of the services that one pack declares."""
    offered = {name: service for name, service in pack.services.items() if service.declared is not None}
    return {name: declared_process(name, [(service, pack.labels)]) for name, service in offered.items()}


def _made(
    name: str, service: str, offered: Sequence[tuple[Service, dict[str, Named]]], specs: Sequence[DeclaredService]
) -> type[DeclaredProcess]:
    newest, labels = offered[0]

    def label(key: str) -> Named:
        return labels.get(key, Named(th=key, en=key))

    stages = {name: stage for spec in reversed(specs) for name, stage in spec.stages.items()}
    order = list(dict.fromkeys(name for spec in specs for name in spec.stages))
    outcomes = dict.fromkeys(outcome for each, _ in offered for outcome in each.outcomes)
    definition = ProcessDefinition(
        service=service,
        label=Named(th=newest.th, en=newest.en),
        request=DeclaredRequest,
        stages=_named(Stages, {each: stages[each] for each in order}),
        outcomes=_named(Outcomes, {each: label(each) for each in outcomes}),
        own=DeclaredState,
        steps={step: label(step) for stage in newest.stages.values() for step in stage.steps},
        expiring=[step for stage in stages.values() for step in stage.expires],
        notices=list(dict.fromkeys(tell.notice for stage in stages.values() for tell in stage.tells)),
        form=form_of(service, f"{newest.th} · {newest.en}", newest.request),
    )
    by_command: dict[str, list[tuple[str, CommandSpec]]] = {}
    for declared in specs:  # a command of any version that cases may be under
        for stage_name, stage in declared.stages.items():
            for each, spec in stage.commands.items():
                known = by_command.setdefault(each, [])
                if stage_name not in [name for name, _ in known]:
                    known.append((stage_name, spec))
    by_command = {each: by for each, by in by_command.items() if each not in EVERY_CASE}  # the check of the pack speaks of those

    # Temporal takes a first parameter with a type for an argument of the workflow.
    async def run(self, request: RawValue = NO_REQUEST) -> CaseResult:  # type: ignore[no-untyped-def]
        result: CaseResult = await self.walk()
        return result

    def __init__(self, request: RawValue = NO_REQUEST) -> None:  # type: ignore[no-untyped-def]  # noqa: N807
        self.case = Case(self, request)

    run.__qualname__ = f"{name}.run"
    body = {
        "definition": definition,
        "__doc__": f"{newest.th} · {newest.en}",
        "__module__": __name__,
        "__qualname__": name,
        "__init__": workflow.init(__init__),
        "run": workflow.run(run),
        **{RATE if each == RATE else f"command_{each}": _command(each, by) for each, by in by_command.items()},
    }
    return workflow.defn(name=service)(type(name, (DeclaredProcess,), body))


def _named(base: Any, words: Mapping[str, Named]) -> Any:
    """An enumeration of these names with their words."""
    return base(base.__name__, {name.upper(): (name, said.th, said.en) for name, said in words.items()})


def _command(name: str, by_stage: list[tuple[str, CommandSpec]]) -> Any:
    message = message_of(name, by_stage[0][1])
    return update_of(CommandOfPack(message, (), None, _check, offered=_still_to_give(name), by_stage=tuple(by_stage)))


def _of_terms(name: str) -> CommandOfPack:
    """A command of which only the terms of a case can say more than its name."""
    return CommandOfPack(message_named(name), (), None, _check)


def _content(payloads: Sequence[RawValue]) -> Any:
    return workflow.payload_converter().from_payload(payloads[0].payload) if payloads else None
