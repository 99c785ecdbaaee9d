"""Personal data in what people wrote, masked for whoever searches: addresses, telephone and identity numbers, a name."""

from __future__ import annotations

import re

MASK = "•••"
EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.,;]+")
# Thai and Arabic digits alike; seven or more, also with spaces and hyphens between, are nobody's year or amount.
NUMBER = re.compile(r"(?<![\d๐-๙])\+?[\d๐-๙](?:[ .-]?[\d๐-๙]){6,}")
SHORTEST_NAME = 2


def masked(text: str, name: str | None = None) -> str:
    """The text without addresses, telephone and identity numbers, and without the parts of this name."""
    found = NUMBER.sub(MASK, EMAIL.sub(MASK, text))
    for part in sorted((name or "").split(), key=len, reverse=True):
        if len(part) >= SHORTEST_NAME:
            found = found.replace(part, MASK)
    return found
