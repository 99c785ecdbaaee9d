"""Requests and commands of services that are written in a pack: models made from what the pack says of their fields."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, StrictInt, create_model, model_validator

from casework.standards.limits import Frozen
from casework.standards.pack.declared import CommandSpec, FieldSpec
from casework.workflows.messages.commands import (
    Command,
    FromOutside,
    Rate,
    RecordNoShow,
    Redirect,
    Refuse,
    Reopen,
    ReportDelay,
    Settle,
    StartService,
)
from casework.workflows.messages.fields import Code, Line, Prose
from casework.workflows.messages.people import Document, Officer
from casework.workflows.messages.request import CaseRequest

MODELS_AT_HAND = 512
CREATE: Any = create_model  # pydantic's plugin for mypy would take it for a class statement
LARGEST = 10**15
# Commands that the engine knows: a pack names them, and says who may give them and where they lead.
KNOWN: dict[str, type[Command]] = {
    one.command_name(): one for one in (Rate, RecordNoShow, Redirect, Refuse, Reopen, ReportDelay, Settle, StartService)
}
TYPES: dict[str, Any] = {
    "line": Line,
    "text": Prose,
    "number": Annotated[StrictInt, Field(ge=-LARGEST, le=LARGEST)],
    "amount": Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False, strict=True)],
    "yes_no": StrictBool,
    "date": date,
    "lines": Annotated[list[Line], Field(min_length=1, max_length=100)],
    "documents": Annotated[list[Document], Field(min_length=1, max_length=100)],
    "agency": Code,
    "officer": Officer,
    "papers_asked": Annotated[list[Line], Field(min_length=1, max_length=100)],
    "papers": Annotated[list[Document], Field(min_length=1, max_length=100)],
}


class DeclaredRequest(CaseRequest):
    """What opens a case of a service that a pack declares. The pack's own fields stand beside the others; they are checked
    when the case is opened under it."""

    model_config = ConfigDict(extra="allow")

    @model_validator(mode="before")
    @classmethod
    def _trimmed(cls, data: Any) -> Any:
        """White space around a text says nothing: of the pack's own fields as of the others."""
        if not isinstance(data, dict):
            return data
        return {key: value if key in cls.model_fields else trimmed(value) for key, value in data.items()}

    @property
    def digest(self) -> str:
        """As of every request, in whatever order its fields were said."""
        said = json.dumps(self.model_dump(mode="json", exclude_none=True), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(said.encode()).hexdigest()[:20]

    @property
    def own_fields(self) -> dict[str, Any]:
        """What was said beside what every request says."""
        return dict(self.model_extra or {})


def trimmed(value: Any) -> Any:
    """A text, or each text of a list, without white space around it; anything else as it is."""
    if isinstance(value, list):
        return [trimmed(each) for each in value]
    return value.strip() if isinstance(value, str) else value


def message_of(name: str, spec: CommandSpec) -> type[Command]:
    """The message of a declared command, named after it."""
    known = KNOWN.get(name)
    return known if known is not None and not spec.fields else _made(name, spec.model_dump_json())


@lru_cache(maxsize=MODELS_AT_HAND)
def message_named(name: str) -> type[Command]:
    """A message of which nothing is known but its name."""
    return type("Command", (Command,), {"command_name": classmethod(lambda _: name)})


def fields_of(service: str, fields: dict[str, FieldSpec]) -> type[Frozen]:
    """The model of the fields that a pack asks for in a request."""
    made: dict[str, Any] = {name: _field(spec) for name, spec in fields.items()}
    model: type[Frozen] = CREATE(f"{service}_fields", __base__=Frozen, **made)
    return model


def form_of(service: str, words: str, fields: dict[str, FieldSpec]) -> type[CaseRequest]:
    """A request with these fields, for people: its schema, its words."""
    made: dict[str, Any] = {name: _field(spec) for name, spec in fields.items()}
    model: type[CaseRequest] = CREATE(_class_name(service), __base__=CaseRequest, __doc__=words, **made)
    return model


@lru_cache(maxsize=MODELS_AT_HAND)
def _made(name: str, declared: str) -> type[Command]:
    spec = CommandSpec.model_validate_json(declared)
    base = FromOutside if any(field.type == "papers" for field in spec.fields.values()) else Command
    fields: dict[str, Any] = {field: _field(each) for field, each in spec.fields.items()}
    words = " · ".join(filter(None, (spec.th, spec.en)))
    model: type[Command] = CREATE(_class_name(name), __base__=base, __doc__=words, **fields)
    model.event = spec.event or name
    return model


def _class_name(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _field(spec: FieldSpec) -> tuple[Any, Any]:
    kind = Literal[tuple(spec.choices)] if spec.type == "choice" else TYPES[spec.type]
    words = f"{spec.th} · {spec.en}"
    return (kind, Field(description=words)) if spec.required else (kind | None, Field(default=None, description=words))
