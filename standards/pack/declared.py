"""A service that is written in a pack, without Python: its stages, who may give which command, where that leads, what is told.

    services:
      licence_copy:
        process: declared
        stages:
          received:
            clocks: [find]
            commands:
              hand_over: {by: [centre_officer], leads_to: {outcome: handed_over, ask_in: handed_over}}

`casework standards new SERVICE` writes a commented example; docs/processes.md explains every key.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, StringConstraints, field_validator, model_validator

from casework.standards.limits import Frozen, Named

Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


TAKEN = {"actor", "event", "event_type", "command_name", "received_at", "self", "papers_complete"}


def _not_taken(name: str) -> str:
    if hasattr(BaseModel, name) or name.startswith("model_") or name in TAKEN:
        raise ValueError(f"{name} cannot be the name of a field; use another")
    return name


CommandName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z][a-z0-9]*)*$", max_length=40)]
FieldName = Annotated[Word, AfterValidator(_not_taken)]
FieldType = Literal[
    "line",  # one line of text
    "text",  # several
    "number",  # a whole number
    "amount",  # a number with decimals
    "yes_no",
    "date",
    "choice",  # one of `choices`
    "lines",  # several lines
    "documents",  # papers by name; they stay with the case
    "agency",  # an owner agency of the pack; the case is with it from now on
    "officer",  # who answers for the case from now on
    "papers_asked",  # the list of papers that the requester must bring; the case keeps it
    "papers",  # papers of that list
]
BROUGHT = {"line", "text", "number", "amount", "yes_no", "date", "choice", "agency"}  # what a case keeps for its next stage
WORDED_TWICE = {"yes_no", "date", "choice"}  # said in Thai and in English, by a token each: NAME_th, NAME_en
Condition = bool | int | float | str | list[int | float | str]
PAPERS_COMPLETE = "papers_complete"  # in `if`: nothing of the list is missing any more
DUE, PAPERS, MISSING = "due:", "papers", "missing"  # in `with`: when a step is due; the papers of the case; what is missing


class FieldSpec(Named):
    """A field of a request or a command."""

    type: FieldType
    required: bool = True
    choices: dict[str, Named] = {}

    @model_validator(mode="after")
    def _choices_of_a_choice(self) -> Self:
        if (self.type == "choice") != bool(self.choices):
            raise ValueError("`choices` are given for the type choice, and only then")
        return self


class Tell(Frozen):
    """A notice and to whom it goes (else as its text says). `with` gives its tokens: a field, `due:STEP`, papers or missing."""

    model_config = ConfigDict(populate_by_name=True)

    notice: str
    to: str | None = None
    values: dict[str, str] = Field(default={}, alias="with")


def _notices(value: Any) -> Any:
    return [{"notice": each} if isinstance(each, str) else each for each in value] if isinstance(value, list) else value


class Way(Frozen):
    """Where a decision leads: to a stage, to an outcome, or nowhere (the case stays). `if` names fields and what they must be."""

    model_config = ConfigDict(populate_by_name=True)

    conditions: dict[str, Condition] = Field(default={}, alias="if")
    stage: Word | None = None
    outcome: Word | None = None
    ask_in: Word | None = None  # the stage in which satisfaction is asked after this outcome
    when_told: bool = False  # it ends when those who are told have been told
    event: Word | None = None  # what the case records when it goes this way
    tell: list[Tell] = []

    _short = field_validator("tell", mode="before")(_notices)

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if self.stage and self.outcome:
            raise ValueError("leads to a stage or to an outcome, not to both")
        if (self.ask_in or self.when_told) and not self.outcome:
            raise ValueError("`ask_in` and `when_told` belong to an outcome")
        return self


class CommandSpec(Frozen):
    """A command of a stage. Those that the engine knows (refuse, rate, reopen …) bring their own fields and words."""

    th: str = ""
    en: str = ""
    by: list[str] = Field(min_length=1)
    fields: dict[FieldName, FieldSpec] = {}
    event: Word | None = None  # what the case records; else the name of the command
    at_most: int | None = Field(default=None, ge=1)  # so often in the life of a case
    stops: list[str] = []  # steps that are done with it
    tell: list[Tell] = []
    leads_to: list[Way] = []

    _short = field_validator("tell", mode="before")(_notices)

    @field_validator("leads_to", mode="before")
    @classmethod
    def _one_way(cls, value: Any) -> Any:
        return [value] if isinstance(value, dict) else value


class Again(Frozen):
    """What is different when a stage begins again: why the promise is another, and what is told instead."""

    because: Named
    tell: list[Tell] = []

    _short = field_validator("tell", mode="before")(_notices)


class StageSpec(Named):
    """A stage: which steps' clocks run in it, what is told when it begins, what may be done in it."""

    clocks: list[str] = []
    clocks_when_told: dict[str, Tell] = {}  # step -> the notice to the requester from whose being told it runs
    promise: str | None = None  # the steps that keep the promise from here on, joined by +
    tell: list[Tell] = []
    again: Again | None = None
    ask_satisfaction: bool = False
    commands: dict[CommandName, CommandSpec] = {}
    expires: dict[str, Way] = {}  # step -> where it leads when its limit passes

    _short = field_validator("tell", mode="before")(_notices)

    @field_validator("clocks_when_told", mode="before")
    @classmethod
    def _named_only(cls, value: Any) -> Any:
        return {k: {"notice": v} if isinstance(v, str) else v for k, v in value.items()} if isinstance(value, dict) else value

    @property
    def steps(self) -> list[str]:
        """The steps whose time may run in this stage."""
        return [*self.clocks, *self.clocks_when_told]

    @property
    def ways(self) -> Iterator[Way]:
        """Every way out of it."""
        for command in self.commands.values():
            yield from command.leads_to
        yield from self.expires.values()

    @property
    def tells(self) -> Iterator[Tell]:
        """Everything that is told in it."""
        yield from (*self.tell, *self.clocks_when_told.values(), *(self.again.tell if self.again else ()))
        yield from (tell for command in self.commands.values() for tell in command.tell)
        yield from (tell for way in self.ways for tell in way.tell)


class DeclaredService(Frozen):
    """What a case of a declared service goes by, as it is kept in its terms."""

    request: dict[FieldName, FieldSpec] = {}
    stages: dict[Word, StageSpec] = Field(min_length=1)

    @property
    def first_stage(self) -> str:
        """Where a case begins."""
        return next(iter(self.stages))

    @property
    def notices(self) -> list[str]:
        """Every text that it sends."""
        return list(dict.fromkeys(tell.notice for stage in self.stages.values() for tell in stage.tells))

    @property
    def commands(self) -> dict[str, dict[str, list[str]]]:
        """Stage -> command -> the roles that may give it."""
        return {name: {each: spec.by for each, spec in stage.commands.items()} for name, stage in self.stages.items()}


def stranded(before: DeclaredService | None, after: DeclaredService | None, stage: str, running: Collection[str]) -> str | None:
    """Why a case in this stage could not go on under another version, with the clocks of these steps running."""
    if (before is None) != (after is None):
        return "one of them declares the service in the pack, the other does not"
    if before is None or after is None:
        return None
    if stage not in after.stages:
        return f"it has no stage {stage}"
    if before.stages[stage].ask_satisfaction != after.stages[stage].ask_satisfaction:
        return f"in one of them satisfaction is asked in {stage}, in the other not"
    lost = sorted(set(running) & set(before.stages[stage].expires) - set(after.stages[stage].expires))
    return f"nothing follows there when {', '.join(lost)} passes" if lost else None


def holds(way: Way, values: dict[str, JsonValue], papers_complete: bool) -> bool:
    """Whether a way is taken with these fields. A list is one of; a number or a word must be equal."""
    known = {**values, PAPERS_COMPLETE: papers_complete}
    return all(
        any(_same(known.get(name), one) for one in (wanted if isinstance(wanted, list) else [wanted]))
        for name, wanted in way.conditions.items()
    )


def _same(value: JsonValue, wanted: object) -> bool:
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)
