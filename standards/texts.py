"""Notices in words: a text of the pack, filled in for one recipient in one language."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from casework.standards.model import ServiceStandards
from casework.standards.thai_dates import format_time, thai_numerals

Language = Literal["th", "en"]
Value = str | int | datetime | list[str]


class UnknownText(LookupError):
    """The pack has no such notice."""


def render(pack: ServiceStandards, template: str, language: Language, values: Mapping[str, Value]) -> str:
    """The text of a notice. Times become dates of the pack's era; a token without a value becomes nothing.

    Raises UnknownText if the pack has no text of this name.
    """
    text = pack.notifications.get(template)
    if text is None:
        raise UnknownText(f"the pack {pack.id} {pack.version} has no notice {template}")

    def fill(token: re.Match[str]) -> str:
        return _words(pack, values.get(token.group(1), ""), language)

    filled = re.sub(r"\{(\w+)\}", fill, text.th if language == "th" else text.en)
    return re.sub(r" {2,}", " ", filled).strip()


def subject(pack: ServiceStandards, language: Language, case_no: str) -> str:
    """The subject line of a message about a case: the centre and the case number, nothing personal."""
    centre = pack.organisation.centre
    name = centre.th if language == "th" else centre.en
    return f"{name} · {'เลขที่' if language == 'th' else 'no.'} {case_no}"


def _words(pack: ServiceStandards, value: Value, language: Language) -> str:
    if isinstance(value, datetime):
        return format_time(value, language, pack.display.date_era, pack.display.thai_digits)
    if isinstance(value, list):
        return "; ".join(value)
    text = str(value)
    numerals = isinstance(value, int) and language == "th" and pack.display.thai_digits
    return thai_numerals(text) if numerals else text
