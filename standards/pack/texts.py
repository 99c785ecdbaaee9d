"""Notices in words: a text of the pack, filled in for one recipient in one language."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from casework.standards.counting.calendar_rules import Hours
from casework.standards.limits import Named
from casework.standards.pack.model import ServiceStandards
from casework.standards.pack.notice_texts import Text
from casework.standards.thai_dates import format_time, thai_numerals

Language = Literal["th", "en"]
Value = str | int | datetime | list[str]


class UnknownText(LookupError):
    """The pack has no such notice."""


TIMES = frozenset({"due_at", "old_due_at", "new_due_at", "reply_by", "received_at"})  # tokens that say a time


def render(pack: ServiceStandards, template: str, language: Language, values: Mapping[str, Value]) -> str:
    """The text of a notice. Times become dates of the pack's era; a token without a value becomes nothing.

    Raises UnknownText if the pack has no text of this name.
    """
    text = pack.notifications.get(template)
    if text is None:
        raise UnknownText(f"the pack {pack.id} {pack.version} has no notice {template}")

    return filled(pack, text, language, values)


def filled(pack: ServiceStandards, text: Named | Text, language: Language, values: Mapping[str, Value]) -> str:
    """A text with its tokens filled in."""

    def fill(token: re.Match[str]) -> str:
        return _words(pack, values.get(token.group(1), ""), language)

    said = re.sub(r"\{(\w+)\}", fill, text.th if language == "th" else text.en)
    return re.sub(r" +$", "", re.sub(r" {2,}", " ", said), flags=re.MULTILINE).strip()


def open_hours(hours: Sequence[Hours], language: Language) -> str:
    """Opening hours as people read them: 08.30-16.30 น., 08:30-16:30."""
    spans = [f"{each.open}-{each.close}" for each in hours]
    return f"{', '.join(spans).replace(':', '.')} น." if language == "th" else ", ".join(spans)


def subject(pack: ServiceStandards, centre: Named, template: str, language: Language, case_no: str) -> str:
    """The subject line of a message about a case: the centre, the case number and what it is about, nothing personal."""
    about = pack.notifications[template].about
    name, number = (centre.th, f"เลขที่ {case_no}") if language == "th" else (centre.en, f"no. {case_no}")
    what = [about.th if language == "th" else about.en] if about else []
    return " · ".join([name, number, *what])


def _words(pack: ServiceStandards, value: Value, language: Language) -> str:
    if isinstance(value, datetime):
        return format_time(value, language, pack.display.date_era, pack.display.thai_digits)
    if isinstance(value, list):
        return "; ".join(value)
    text = str(value)
    numerals = isinstance(value, int) and language == "th" and pack.display.thai_digits
    return thai_numerals(text) if numerals else text
