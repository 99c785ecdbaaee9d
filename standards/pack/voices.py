"""Who reads what people say, what kinds of people have a stake, and the words by which themes are found (source 002)."""

from __future__ import annotations

from pydantic import Field

from casework.standards.limits import Frozen, Named


class Theme(Named):
    """What people speak of, found by words."""

    words: list[str] = Field(min_length=1)


class Voices(Frozen):
    """The voice of the customer."""

    readers: list[str] = []  # roles that may search what was said; personal data is masked
    unmasked: list[str] = []  # of these, roles that read it as it was said
    stakeholders: list[str] = ["requester"]
    themes: dict[str, Theme] = {}
