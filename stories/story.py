"""A story as its author writes it: given a calendar, when people act and time passes, then dates, events and notices.

    story: Fifteen minutes across closing time and a weekend
    when:
      - {at: 2026-02-27 16:25, open: information_request}
      - {at: 2026-02-27 16:25, do: start_service}
    then:
      due: {provide: 2026-03-02 08:40}

Times are the office's own, to the minute or the second. docs/stories.md explains every word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, Discriminator, Field, Tag, ValidationError, model_validator

from casework.standards.limits import Frozen
from casework.standards.pack.loader import problem_at
from casework.standards.pack.model import LATEST_YEAR

WRITTEN = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$")
DOTTED = re.compile(r"^(\d{4}-\d\d-\d\d) (\d{1,2})[.:](\d\d)$")
ModelT = TypeVar("ModelT", bound=BaseModel)
ONE = "case"  # what the only case of a story is called


class StoryError(Exception):
    """A story cannot be read. `problems` has one line for each reason."""

    def __init__(self, file: str, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{file}: {problem}" for problem in problems))


def _minute(value: Any) -> Any:
    """Times as people write them: 2026-03-04 10:15, or 10:15:01, in the office's zone."""
    text = value.isoformat(sep=" ") if isinstance(value, datetime) else str(value).strip()
    written = WRITTEN.match(text)
    if written is None:
        dotted = DOTTED.match(text)
        hint = f"; write {dotted[1]} {int(dotted[2]):02}:{dotted[3]}" if dotted else ""
        raise ValueError(f"must be a time such as 2026-03-04 10:15, the office's own{hint}")
    if int(text[:4]) > LATEST_YEAR:
        raise ValueError(f"{text[:4]} looks like a Buddhist year; write {int(text[:4]) - 543}{text[4:10]}")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"is no time: {error}") from None


def _day(value: Any) -> Any:
    if isinstance(value, date) and value.year > LATEST_YEAR:
        raise ValueError(f"{value.year} looks like a Buddhist year; write {value.year - 543}")
    return value


Day = Annotated[date, AfterValidator(_day)]
Minute = Annotated[datetime, BeforeValidator(_minute)]


class Happening(Frozen):
    """An event expected: its type, and when and in which step if that matters."""

    event: str
    at: Minute | None = None
    step: str | None = None
    late: bool | None = None


class Telling(Frozen):
    """A notice expected: its text, to whom, and when it was ordered if that matters."""

    notice: str
    to: str | None = None
    at: Minute | None = None


class Then(Frozen):
    """What must be so for one case. `happened` and `told` must be there in this order, others may be between them."""

    due: dict[str, Minute] = {}
    target: dict[str, Minute] = {}
    promised: Minute | None = None
    counted_from: Minute | None = None
    used: dict[str, float] = {}  # of a step's limit, when it was last counted: minutes or days
    stage: str | None = None
    outcome: str | None = None
    overdue: bool | None = None
    paused: str | Literal[False] | None = None
    extended_by: dict[str, int] = {}
    happened: list[Happening] = []
    never: list[str] = []  # events that must not have happened
    once: list[str] = []  # events that must have happened exactly once
    told: list[Telling] = []
    told_times: dict[str, int] = {}  # how often a text went out


def _one_or_by_case(value: Any) -> str:
    """Whether a `then` speaks of one case or of several by name."""
    if isinstance(value, Then):
        return "<one>"
    known = set(Then.model_fields)
    return "<one>" if not isinstance(value, dict) or not value or known & set(value) else "<cases>"


Expected = Annotated[
    Annotated[Then, Tag("<one>")] | Annotated[dict[str, Then], Tag("<cases>")],
    Discriminator(_one_or_by_case),
]


class CalendarStep(Frozen):
    """A change of the calendar while cases are open."""

    add: Day | None = None
    remove: Day | None = None
    name: str = "วันหยุดพิเศษ"
    name_en: str = "special holiday"
    hours: str | None = None
    region: str | None = None

    @model_validator(mode="after")
    def _one_day(self) -> CalendarStep:
        if (self.add is None) == (self.remove is None):
            raise ValueError("takes either `add` or `remove`, with a date")
        return self


class When(Frozen):
    """One thing that happens: a case is opened, a command given, the calendar or the standard changed. With only `at` and
    `then`, time passes and something is checked."""

    at: Minute
    case: str = ONE
    open: str | None = None
    do: str | None = None
    by: str | None = None
    with_: dict[str, Any] = Field(default={}, alias="with")
    refused: str | None = None
    calendar: CalendarStep | None = None
    migrate_to: str | None = None
    then: Expected | None = None

    @property
    def only_looks(self) -> bool:
        """Whether nothing is done: time passes until the moment is over, and something is checked."""
        return not (self.open or self.do or self.calendar or self.migrate_to)

    @model_validator(mode="after")
    def _one_thing(self) -> When:
        things = [self.open, self.do, self.calendar, self.migrate_to]
        given = sum(thing is not None for thing in things)
        if given > 1 or (given == 0 and self.then is None):
            raise ValueError("takes one of open, do, calendar, migrate_to; or only `then`")
        return self


class Given(Frozen):
    """What the story begins with: a pack, and what is different in it. Mappings are merged into the pack's, key by key."""

    pack: str | None = None
    changes: dict[str, Any] = {}
    calendar: dict[str, Any] = {}
    later_version: dict[str, Any] = {}  # another version of the pack, with these changes, that cases may move to


class Story(Frozen):
    """A whole story."""

    story: str
    source: str | None = None
    note: str | None = None
    given: Given = Given()
    when: list[When] = Field(min_length=1)
    then: Expected = Then()

    @model_validator(mode="after")
    def _in_order(self) -> Story:
        for number, (before, after) in enumerate(pairwise(self.when), start=2):
            if after.at < before.at:
                raise ValueError(f"when {number}: {after.at:%Y-%m-%d %H:%M} comes before what is told above it")
            if after.at == before.at and before.only_looks and not after.only_looks:
                raise ValueError(f"when {number}: that moment is over, it was looked at; look with `then` beside what is done")
        opened: set[str] = set()
        for number, step in enumerate(self.when, start=1):
            if step.open:
                if step.case in opened:
                    raise ValueError(f"when {number}: {step.case} is opened twice")
                opened.add(step.case)
            elif (step.do or step.then) and step.case not in opened and not isinstance(step.then, dict):
                raise ValueError(f"when {number}: {step.case} is not open")
        if self.then == Then() and all(step.then is None and step.refused is None for step in self.when):
            raise ValueError("expects nothing; write what must come out under `then`")
        return self

    @property
    def expected(self) -> Iterator[tuple[str, Then]]:
        """All that must come out, and where it says so."""
        for where, then in (*((f"when {n}", step.then) for n, step in enumerate(self.when, start=1)), ("then", self.then)):
            if isinstance(then, dict):
                yield from ((f"{where}.{case}", each) for case, each in then.items())
            elif then is not None:
                yield where, then

    @property
    def events_named(self) -> set[str]:
        """The events that it is told of."""
        return {each.event for _, then in self.expected for each in then.happened}

    @property
    def last_moment(self) -> datetime:
        """The last moment that the story speaks of."""
        expected = self.then.values() if isinstance(self.then, dict) else [self.then]
        moments = [each.at for then in expected for each in then.happened if each.at]
        moments += [each.at for then in expected for each in then.told if each.at]
        return max([self.when[-1].at, *moments])


def read_as(path: Path, model: Callable[[Any], type[ModelT]]) -> ModelT:
    """Read a file as the model that its content asks for; StoryError names line, place and reason of everything that cannot be
    understood."""
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except OSError as error:
        raise StoryError(str(path), [f"cannot be read ({error.strerror})"]) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise StoryError(str(path), [f"is not valid YAML: {' '.join(str(error).split())}"]) from error
    try:
        return model(data).model_validate(data)
    except ValidationError as error:
        found = [problem_at(node, each["loc"], each["msg"]) for each in error.errors(include_input=False, include_url=False)]
        raise StoryError(str(path), list(dict.fromkeys(found))) from None


def read_story(path: Path) -> Story:
    """Read a story of cases. Raises StoryError."""
    return read_as(path, lambda _: Story)
