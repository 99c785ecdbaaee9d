"""Papers that were asked for and come one by one, compared as people compare names."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import category, normalize

from casework.workflows.messages.people import Document


def not_asked_for(listed: Sequence[str], documents: Sequence[Document]) -> str | None:
    """Why these papers cannot be taken for the list that was issued, or None if they can."""
    names = {_name(paper) for paper in listed}
    strange = [document.name for document in documents if _name(document.name) not in names]
    return f"not on the list: {'; '.join(strange)}. The list still asks for {'; '.join(listed)}" if strange else None


def still_missing(listed: Sequence[str], documents: Sequence[Document]) -> list[str]:
    """What of the list has not come yet."""
    came = {_name(document.name) for document in documents}
    return [paper for paper in listed if _name(paper) not in came]


def _name(paper: str) -> str:
    """A name as people compare it: whatever way its letters were typed (ำ is one letter or two), without what nobody sees."""
    seen = "".join(letter for letter in normalize("NFKC", paper) if category(letter) != "Cf")
    return " ".join(seen.casefold().split())
