"""From a notice that is owed to a message in words: who it goes to, and what the tokens of its text stand for."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from typing import Literal

from casework.adapters.ports import Message
from casework.standards.limits import Named
from casework.standards.model import ServiceStandards
from casework.standards.office_calendar import OfficeCalendar
from casework.standards.plan import OFFICER, REQUESTER
from casework.standards.texts import Value, render, subject
from casework.workflows.labels import label
from casework.workflows.ports import CaseSheet, NoticeOrder

TIMES = {"due_at", "old_due_at", "new_due_at", "reply_by", "received_at"}
Language = Literal["th", "en"]


def compose(pack: ServiceStandards, calendar: OfficeCalendar, sheet: CaseSheet, notice: NoticeOrder) -> Message | None:
    """The message for a notice, or None when its recipient has no electronic address."""
    address = _address(pack, sheet, notice.to)
    if address is None:
        return None
    first: Language = sheet.requester.language if notice.to == REQUESTER else pack.display.language
    languages = [first, *(other for other in (pack.display.language, pack.display.second_language) if other and other != first)]
    values = {lang: _values(pack, calendar, sheet, notice, lang) for lang in languages}
    return Message(
        key=sha256(f"{sheet.case_id}/{notice.id}".encode()).hexdigest()[:32],
        address=address,
        subject=subject(pack, first, sheet.case_no or sheet.case_id),
        body="\n\n".join(render(pack, notice.template, lang, values[lang]) for lang in dict.fromkeys(languages)),
    )


def _address(pack: ServiceStandards, sheet: CaseSheet, role: str) -> str | None:
    if role == REQUESTER:
        return sheet.requester.email
    if role == OFFICER and sheet.officer and sheet.officer.email:
        return sheet.officer.email
    agency = pack.agencies.get(sheet.agency or "")
    if agency and role in agency.contacts:
        return agency.contacts[role]
    return pack.contacts.get(role)


def _values(
    pack: ServiceStandards, calendar: OfficeCalendar, sheet: CaseSheet, notice: NoticeOrder, language: Language
) -> dict[str, Value]:
    given: dict[str, Value] = {
        key: _time(calendar, value) if key in TIMES and isinstance(value, str) else _text(value)
        for key, value in notice.values.items()
    }
    for key in ("reason", "waiting_for"):  # what is said in both languages where one token stands for it
        said = given.pop(f"{key}_{language}", None)
        given |= {key: said} if said is not None else {}
    service = pack.service(str(given.pop("service", sheet.service)))
    owner: Named = pack.agencies.get(sheet.agency or "") or pack.organisation.complaint_centre
    step = str(given.pop("step", ""))
    due = given.get("due_at")
    defaults = {key: text.th if language == "th" else text.en for key, text in pack.token_defaults.items()}
    return {
        **defaults,
        "case_no": sheet.case_no or sheet.case_id,
        "requester_name": sheet.requester.name,
        "service_th": service.th,
        "service_en": service.en,
        **({"officer_name": sheet.officer.name} if sheet.officer else {}),
        "received_at": sheet.received_at.astimezone(calendar.zone),
        "owner_agency_th": owner.th,
        "owner_agency_en": owner.en,
        "status_th": _name(pack, sheet.stage.value).th,
        "status_en": _name(pack, sheet.stage.value).en,
        "step_th": _name(pack, step).th,
        "step_en": _name(pack, step).en,
        "appeal_text_th": pack.appeal.th if pack.appeal else "",
        "appeal_text_en": pack.appeal.en if pack.appeal else "",
        **{name: url.format(case_id=sheet.case_id) for name, url in pack.links.items()},
        **(_distance(calendar, notice.ordered_at, due) if isinstance(due, datetime) else {}),
        **given,
    }


def _name(pack: ServiceStandards, key: str) -> Named:
    """A stage or a step as the public reads it: the pack's word, or the engine's own where it has none."""
    return pack.labels.get(key) or Named(th=label(key, "th"), en=label(key, "en"))


def _distance(calendar: OfficeCalendar, now: datetime, due: datetime) -> dict[str, Value]:
    today = now.astimezone(calendar.zone).date()
    return {
        "days_left": max(0, calendar.working_days_between(today, due.date())),
        "days_over": max(0, (today - due.date()).days),
    }


def _time(calendar: OfficeCalendar, text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(calendar.zone)


def _text(value: object) -> Value:
    return [str(item) for item in value] if isinstance(value, list) else "" if value is None else str(value)
