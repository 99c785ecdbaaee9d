"""What the fields of a declared command do to a case, and what notices take from them."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import AwareDatetime, BaseModel, JsonValue

from casework.standards.limits import Named
from casework.standards.pack.declared import DUE, MISSING, PAPERS, CommandSpec, FieldSpec, Tell
from casework.standards.thai_dates import format_date
from casework.workflows.case.case import Case
from casework.workflows.case.definition import OwnState
from casework.workflows.case.file import CaseFile
from casework.workflows.case.papers import not_asked_for, still_missing
from casework.workflows.case.shared_commands import has_room, knows_point, unknown_agency
from casework.workflows.messages.commands import Command, StartService
from casework.workflows.messages.events import EventType

NOT_SAID = "–"  # an optional field that was left out


class DeclaredState(OwnState):
    """What a declared service keeps of a case."""

    given: dict[str, int] = {}  # how often each command was given
    entered: dict[str, int] = {}  # how often each stage began
    asked: list[str] = []  # papers that the requester must still bring
    last_paper_at: AwareDatetime | None = None
    brought: dict[str, JsonValue] = {}  # what the command said that led to this stage


def refusal(file: CaseFile, name: str, spec: CommandSpec, message: Any) -> str | None:
    """Why a well-formed command cannot be taken, or None if it can."""
    own: DeclaredState = file.own
    if spec.at_most is not None and own.given.get(name, 0) >= spec.at_most:
        return f"{name} was given {own.given[name]} time(s), and the standard allows no more"
    if isinstance(message, StartService) and (reason := knows_point(file, message)):
        return reason
    for field, said in spec.fields.items():
        value, reason = getattr(message, field), None
        if value is not None and said.type == "agency":
            reason = unknown_agency(file, value)
        elif value is not None and said.type in ("documents", "papers"):
            reason = has_room(file, message) or (not_asked_for(own.asked, value) if said.type == "papers" else None)
        if reason:
            return reason
    return None


def take_effect(case: Case, name: str, spec: CommandSpec, message: Command) -> None:
    """What a command changes in the file beside the stage."""
    own: DeclaredState = case.file.own
    own.given = {**own.given, name: own.given.get(name, 0) + 1}
    if isinstance(message, StartService):
        case.file.officer = message.officer_at_point
    for field, said in spec.fields.items():
        value = getattr(message, field)
        if value is not None:
            _change(case, own, said, value)
    for step in spec.stops:
        case.stop(step)


def _change(case: Case, own: DeclaredState, said: FieldSpec, value: Any) -> None:
    match said.type:
        case "agency":
            case.file.agency = value
        case "officer":
            case.file.officer = value
        case "documents":
            case.add_documents(value)
        case "papers_asked":
            own.asked, own.last_paper_at = list(value), None
            case.remind_with("missing_list", own.asked)
        case "papers":
            case.add_documents(value)
            own.last_paper_at = max(case.came_at, own.last_paper_at or case.came_at)
            own.asked = still_missing(own.asked, value)
            case.remind_with("missing_list", own.asked)
            if not own.asked:
                case.file.counts_from = own.last_paper_at  # complete when the last of them came
                case.record(EventType.DOCUMENTS_COMPLETED)


def said(message: BaseModel | None) -> dict[str, JsonValue]:
    """The fields of a message as conditions and notices take them."""
    return message.model_dump(mode="json", exclude={"actor"}, exclude_none=True) if message is not None else {}


def notice_values(case: Case, tell: Tell, fields: dict[str, FieldSpec], given: dict[str, JsonValue]) -> dict[str, Any]:
    """What a notice says, by its tokens."""
    values: dict[str, Any] = {}
    for token, source in tell.values.items():
        if source.startswith(DUE):
            values[token] = case.due(source.removeprefix(DUE))
        elif source == PAPERS:
            values[token] = case.papers().get("papers", [])
        elif source == MISSING:
            own: DeclaredState = case.file.own
            values[token] = own.asked
        elif source in given:
            values |= _worded(token, fields.get(source), given[source])
        else:
            values[token] = NOT_SAID
    return values


def _worded(token: str, field: FieldSpec | None, value: JsonValue) -> dict[str, JsonValue]:
    if isinstance(value, bool) and token != "adverse":  # noqa: S105 - a token of a text
        return {f"{token}_th": "ใช่" if value else "ไม่ใช่", f"{token}_en": "yes" if value else "no"}
    if field is not None and field.type == "date":
        day = date.fromisoformat(str(value))
        return {f"{token}_th": format_date(day, "th", "BE"), f"{token}_en": format_date(day, "en", "BE")}
    if field is not None and field.type == "choice":
        chosen = field.choices.get(str(value)) or Named(th=str(value), en=str(value))  # of a version that the case was moved from
        return {f"{token}_th": chosen.th, f"{token}_en": chosen.en}
    if isinstance(value, list):
        return {token: [str(each["name"]) if isinstance(each, dict) else each for each in value]}
    return {token: str(value.get("name") or value.get("id")) if isinstance(value, dict) else value}
