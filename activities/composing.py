"""From a notice that is owed to a message in words: who it goes to, and what the tokens of its text stand for."""

from __future__ import annotations

from datetime import date, datetime
from hashlib import sha256
from typing import Literal

from casework.adapters.ports import Letter, Message, OwedNotice, Page
from casework.standards.counting.office_calendar import OfficeCalendar
from casework.standards.counting.plan import OFFICER, REQUESTER
from casework.standards.limits import Limit, Named, Unit
from casework.standards.pack.model import ServiceStandards
from casework.standards.pack.texts import TIMES, Value, filled, open_hours, render, subject
from casework.standards.thai_dates import format_date
from casework.workflows.labels import label
from casework.workflows.messages.people import Officer, Requester

PERSONS = {"citizen", "foreigner"}
AHEAD = {"due_at", "new_due_at", "reply_by"}  # dates to come
Language = Literal["th", "en"]
THAI_UNITS = {
    Unit.SECOND: "วินาที",
    Unit.MINUTE: "นาที",
    Unit.HOUR: "ชั่วโมง",
    Unit.WORKING_DAY: "วันทำการ",
    Unit.CALENDAR_DAY: "วัน",
    Unit.MONTH: "เดือน",
}


class CannotCompose(Exception):
    """No text can be made of this notice under its pack. Names the notice, never what it says."""


def compose(pack: ServiceStandards, calendar: OfficeCalendar, notice: OwedNotice) -> Message | None:
    """The message for a notice, or None when its recipient has no address or wishes a letter. Raises CannotCompose."""
    try:
        return _composed(pack, calendar, notice)
    except (LookupError, ValueError, TypeError, ArithmeticError) as error:
        raise CannotCompose(f"{notice.template} cannot be put in words ({type(error).__name__})") from error


def _composed(pack: ServiceStandards, calendar: OfficeCalendar, notice: OwedNotice) -> Message | None:
    addresses = _addresses(pack, calendar, notice)
    if not addresses:
        return None
    pages = [_page(pack, calendar, notice, language) for language in _languages(pack, notice)]
    return Message(
        key=message_key(notice.case_id, notice.id),
        to=notice.to,
        addresses=addresses,
        language=_languages(pack, notice)[0],
        prefers=notice.requester.prefers if notice.to == REQUESTER else None,
        in_writing=pack.notifications[notice.template].serve == "in_writing",
        template=notice.template,
        values=notice.values,
        subject=subject(pack, pack.centre(notice.centre), _text_name(pack, notice), _languages(pack, notice)[0], notice.case_no),
        body="\n\n".join(part for page in pages for part in (page.head, page.text, page.foot) if part),
    )


def letter_of(pack: ServiceStandards, calendar: OfficeCalendar, notice: OwedNotice) -> Letter:
    """The same as a letter to be printed and served. A date that is counted from its service says so. Raises CannotCompose."""
    try:
        pages = [_page(pack, calendar, notice, language, by_hand=True) for language in _languages(pack, notice)]
    except (LookupError, ValueError, TypeError, ArithmeticError) as error:
        raise CannotCompose(f"{notice.template} cannot be put in words ({type(error).__name__})") from error
    return Letter(pages=pages, serve=bool(pack.notifications[notice.template].serve), postal=notice.requester.postal)


def _languages(pack: ServiceStandards, notice: OwedNotice) -> list[Language]:
    first: Language = notice.requester.language if notice.to == REQUESTER else pack.display.language
    both = (first, pack.display.language, pack.display.second_language)
    return list(dict.fromkeys(language for language in both if language))


def _page(
    pack: ServiceStandards, calendar: OfficeCalendar, notice: OwedNotice, language: Language, by_hand: bool = False
) -> Page:
    values = _values(pack, calendar, notice, language, by_hand)
    name = _text_name(pack, notice)
    about, around = pack.notifications[name].about, pack.letterhead
    return Page(
        language=language,
        head=filled(pack, around.head, language, values) if around else "",
        about=(about.th if language == "th" else about.en) if about else "",
        text=_text_of(pack, name, language, values, notice.ordered_at),
        foot=filled(pack, around.foot, language, values) if around else "",
    )


def _text_name(pack: ServiceStandards, notice: OwedNotice) -> str:
    """The text for this reader: a pack may have one of its own for a role (owner_chase_complaint_centre), or for everybody
    but the requester (case_resumed_office)."""
    names = (
        [f"{notice.template}_{notice.to}"]
        if notice.to == REQUESTER
        else [f"{notice.template}_{notice.to}", f"{notice.template}_office"]
    )
    return next((name for name in names if name in pack.notifications), notice.template)


def _text_of(pack: ServiceStandards, template: str, language: Language, values: dict[str, Value], ordered_at: datetime) -> str:
    """The text, and that its date may still move if it lies where the holidays are not verified yet."""
    text = render(pack, template, language, values)
    old, new = values.get("old_due_at"), values.get("due_at")
    if isinstance(old, datetime) and isinstance(new, datetime) and "old_due_at" not in pack.notifications[template].tokens:
        moved = pack.moved_later if new > old else pack.moved_earlier if new < old else None
        text = f"{text}\n{filled(pack, moved, language, values)}" if moved else text
    verified, note = pack.calendar.holidays.verified_through, pack.may_still_move
    told = [values[token] for token in pack.notifications[template].tokens & AHEAD if token in values]
    if verified and note and any(isinstance(at, datetime) and at.date() > verified and at > ordered_at for at in told):
        return f"{text}\n{note.th if language == 'th' else note.en}"
    return text


def message_key(case_id: str, notice_id: str) -> str:
    """What a message is known by, however often it is sent."""
    return sha256(f"{case_id}/{notice_id}".encode()).hexdigest()[:32]


def _addresses(pack: ServiceStandards, calendar: OfficeCalendar, notice: OwedNotice) -> dict[str, str]:
    """Where a recipient can be reached; nothing for a requester who wishes a letter."""
    if notice.to == REQUESTER:
        return {} if notice.requester.prefers == "letter" else notice.requester.addresses
    email = _email(pack, calendar, notice)
    return {"email": email} if email else {}


def _email(pack: ServiceStandards, calendar: OfficeCalendar, notice: OwedNotice) -> str | None:
    role, officer = notice.to, notice.state.officer
    if role == OFFICER:
        card = notice.officer.present(_today(calendar, notice)) if notice.officer else None
        away = card is not None and card is not notice.officer
        known = [card.email if card else None] if away else [officer.email if officer else None, card.email if card else None]
        if address := next((each for each in known if each), None):
            return address
    agency = pack.agencies.get(notice.state.agency or "")
    if agency and role in agency.contacts:
        return agency.contacts[role]
    today = _today(calendar, notice)
    acting = [each for each in pack.acting if each.role == role and each.first_day <= today <= each.last_day]
    here = next((each.by for each in acting if each.centre in (None, notice.centre)), role)
    return pack.contact(here, notice.centre)


def _values(
    pack: ServiceStandards, calendar: OfficeCalendar, notice: OwedNotice, language: Language, by_hand: bool
) -> dict[str, Value]:
    state = notice.state
    given: dict[str, Value] = {
        key: _time(calendar, value) if key in TIMES and isinstance(value, str) else _text(value)
        for key, value in notice.values.items()
        if key != "from_service" and value is not None
    }
    if by_hand and isinstance(counted := notice.values.get("from_service"), dict):
        words, limit = pack.letters.from_service, Limit.model_validate(counted)
        thai = f" {limit.n} {THAI_UNITS[limit.unit]}"
        given["reply_by"] = words.th.format(limit=thai) if language == "th" else words.en.format(limit=limit)
    for key in [
        key.removesuffix("_th") for key in given if key.endswith("_th")
    ]:  # said in both languages: one token stands for it
        given.setdefault(key, given.get(f"{key}_{language}", ""))
    adverse = given.pop("adverse", "True") != "False"  # appeals are told with decisions against the requester
    appeal = pack.appeal if pack.appeal and adverse else Named(th="", en="")
    service = pack.service(str(given.pop("service", notice.service)))
    here = pack.centre(notice.centre)
    here_said = here.th if language == "th" else here.en
    owner: Named = pack.agencies.get(state.agency or "") or pack.organisation.complaint_centre
    step = str(given.pop("step", ""))
    due = given.get("due_at")
    defaults = {key: text.th if language == "th" else text.en for key, text in pack.token_defaults.items()}
    return {
        **defaults,
        "case_no": notice.case_no,
        "requester_name": _addressed(pack, notice.requester, language),
        "subject": notice.subject,
        "question": "",
        "officer_position": "",
        "centre_name": here_said,
        "open_hours": open_hours(pack.calendar_at(notice.centre).hours, language),
        "centre_contact": here_said if notice.centre in pack.centres else defaults.get("contact", ""),
        "today": format_date(notice.ordered_at.astimezone(calendar.zone), language, pack.display.date_era),
        "service_th": service.th,
        "service_en": service.en,
        **_officer(pack, calendar, notice, language),
        "received_at": notice.received_at.astimezone(calendar.zone),
        "owner_agency_th": owner.th,
        "owner_agency_en": owner.en,
        "status_th": _name(pack, notice.service, state.stage).th,
        "status_en": _name(pack, notice.service, state.stage).en,
        "step_th": _name(pack, notice.service, step).th,
        "step_en": _name(pack, notice.service, step).en,
        "appeal_text_th": appeal.th,
        "appeal_text_en": appeal.en,
        **{name: url.format(case_id=notice.case_id) for name, url in pack.links.items()},
        **(_distance(calendar, notice.ordered_at, due) if isinstance(due, datetime) else {}),
        **given,
    }


def _officer(pack: ServiceStandards, calendar: OfficeCalendar, notice: OwedNotice, language: Language) -> dict[str, Value]:
    """Who answers for the matter and at which point, and who stands in for them today."""
    card = notice.officer
    name = (notice.state.officer.name if notice.state.officer else None) or (card.name if card else None)
    if name is None:
        return {}
    present = card.present(_today(calendar, notice)) if card else None
    if present is None or present is card:
        where = _point(pack, notice.state.officer, language)
        return {"officer_name": name, "officer_position": (card.position if card else None) or "", **where}
    stands_in = "ปฏิบัติหน้าที่แทน" if language == "th" else "standing in for"
    acting = " ".join(part for part in (present.name, present.position) if part)
    return {"officer_name": f"{acting} ({stands_in} {name})", "officer_position": ""}


def _point(pack: ServiceStandards, officer: Officer | None, language: Language) -> dict[str, Value]:
    if officer is None or officer.point is None or pack.letterhead is None:
        return {}
    return {"officer_point": filled(pack, pack.letterhead.at_point, language, {"point_no": officer.point})}


def _today(calendar: OfficeCalendar, notice: OwedNotice) -> date:
    return notice.ordered_at.astimezone(calendar.zone).date()


def _addressed(pack: ServiceStandards, requester: Requester, language: Language) -> str:
    """A requester's name with their title; a person who gave none gets the pack's, a body none."""
    title = requester.title
    if title is not None and language == "th":
        return f"{title}{requester.name}"
    if title is not None:  # a Thai title has no place in an English letter
        return f"{title} {requester.name}" if title and title.isascii() else requester.name
    honorific = pack.honorific if requester.segment in PERSONS else None
    return f"{honorific.th if language == 'th' else honorific.en}{requester.name}" if honorific else requester.name


def _name(pack: ServiceStandards, service: str, key: str) -> Named:
    """A stage or a step of a service as the public reads it: as the service declares it, the pack's word, its process's, or the
    engine's own. Two services may call different stages by one name."""
    stage = pack.services[service].stages.get(key) if service in pack.services else None
    if stage is not None:
        return Named(th=stage.th, en=stage.en)
    return pack.labels.get(f"{service}/{key}") or pack.labels.get(key) or label(key)


def _distance(calendar: OfficeCalendar, now: datetime, due: datetime) -> dict[str, Value]:
    today = now.astimezone(calendar.zone).date()
    return {
        "days_left": max(0, calendar.working_days_between(today, due.date())),
        "days_over": max(0, (today - due.date()).days),
    }


def _time(calendar: OfficeCalendar, text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(calendar.zone)


def _text(value: object) -> Value:
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"
    return [str(item) for item in value] if isinstance(value, list) else "" if value is None else str(value)
