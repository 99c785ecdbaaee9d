"""Personal data in what people wrote, masked for whoever searches: addresses, telephone and identity numbers, a name."""

from __future__ import annotations

import re

MASK = "•••"
EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>.,;]+")
# Thai and Arabic digits alike; seven or more, also with a few separators between, are nobody's year or amount. A date is one.
DIGIT, BETWEEN = r"[\d๐-๙]", r"[\s()./_\u2010-\u2015-]{0,3}"
DATE = rf"{DIGIT}{{4}}-{DIGIT}{{2}}-{DIGIT}{{2}}(?!{DIGIT})"
NUMBER = re.compile(rf"(?<!{DIGIT})(?!{DATE})[+(]?{DIGIT}(?:{BETWEEN}{DIGIT}){{6,}}")
TITLES = re.compile("^(นางสาว|นาง|นาย|คุณ|ดร\\.)")
SHORTEST_NAME = 2


def masked(text: str, name: str | None = None) -> str:
    """The text without addresses, telephone and identity numbers, and without the parts of this name."""
    found = NUMBER.sub(MASK, EMAIL.sub(MASK, text))
    parts = {TITLES.sub("", part) for part in (name or "").split()}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= SHORTEST_NAME:
            found = re.sub(re.escape(part), MASK, found, flags=re.IGNORECASE)
    return found
