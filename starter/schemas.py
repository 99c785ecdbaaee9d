"""Everything that people and programs say to cases, as one JSON Schema: what clients in other languages are made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from casework.workflows.case.command_desk import commands_of
from casework.workflows.messages.views import CaseResult, CaseView, CommandReply
from casework.workflows.process import Process

Mode = Literal["validation", "serialization"]


def protocol_schema(processes: Mapping[str, type[Process[Any]]]) -> dict[str, Any]:
    """The requests by service, the commands by service and name, the view and the answers of a case."""
    requests: dict[str, type[BaseModel]] = {
        service: process.definition.form or process.definition.request for service, process in processes.items()
    }
    commands: dict[str, dict[str, type[BaseModel]]] = {
        service: {name: one.message for name, one in commands_of(process).items()} for service, process in processes.items()
    }
    answers: dict[str, type[BaseModel]] = {"view": CaseView, "reply": CommandReply, "result": CaseResult}
    messages = [*requests.values(), *(message for each in commands.values() for message in each.values())]
    said: list[tuple[type[BaseModel], Mode]] = [(model, "validation") for model in dict.fromkeys(messages)]
    said += [(model, "serialization") for model in answers.values()]
    refs, defined = models_json_schema(said)

    def fields(properties: Mapping[str, Any]) -> dict[str, Any]:
        named = dict(sorted(properties.items()))
        return {"type": "object", "properties": named, "required": list(named), "additionalProperties": False}

    def group(models: Mapping[str, type[BaseModel]]) -> dict[str, Any]:
        return fields({name: refs[model, "validation"] for name, model in models.items()})

    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "CaseworkProtocol",
        "type": "object",
        "properties": {
            "requests": group(requests),
            "commands": fields({service: group(models) for service, models in commands.items()}),
            **{name: refs[model, "serialization"] for name, model in answers.items()},
        },
        "required": ["requests", "commands", *answers],
        "additionalProperties": False,
        "$defs": {name: _without_titles(model) for name, model in defined["$defs"].items()},
    }


def _without_titles(model: dict[str, Any]) -> dict[str, Any]:
    """A field's title repeats its name, and becomes a type of its own in other languages."""
    properties = {name: {k: v for k, v in field.items() if k != "title"} for name, field in model.get("properties", {}).items()}
    return {**model, "properties": properties} if properties else model
