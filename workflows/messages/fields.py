"""Fields that messages are made of, each checked where it is entered."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints
from stdnum.exceptions import ValidationError as NumberError
from stdnum.th import pin

from casework.standards.limits import Code as Code

# One address and nothing else: no spaces, control characters, quotes, comments or second addresses.
EMAIL = re.compile(
    r'[^@\s\x00-\x1f\x7f,;:<>()\[\]"\\]+@[^@\s\x00-\x1f\x7f,;:<>()\[\]"\\=?]+\.[^@\s\x00-\x1f\x7f,;:<>()\[\]"\\=?]+'
)


ENCODED_WORD = re.compile(r"=\?[^?]*\?[bBqQ]\?")  # RFC 2047: a mail program may read another address out of it
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


MASKED_ID = re.compile(r"^x-xxxx-xxxx\d-\d{2}-\d$")


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("contains a NUL character, which no database keeps")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("contains half of a character (a lone surrogate)")
    return value


def _written_out(value: object) -> object:
    if isinstance(value, (int, float)):
        raise ValueError("must be a time in ISO 8601 with its offset, such as 2026-03-02T11:00:00+07:00")
    return value


def _plausible(value: datetime) -> datetime:
    if not EARLIEST <= value <= LATEST:
        raise ValueError("is not a time that an office could have received anything")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_plausible)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), AfterValidator(_storable)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True), AfterValidator(_storable)]


def _one_address(value: str) -> str:
    if not EMAIL.fullmatch(value) or ENCODED_WORD.search(value):
        raise ValueError("is not one e-mail address, such as somchai@home.example")
    return value


Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_one_address)]


def _checked_and_masked(value: str) -> str:
    if MASKED_ID.fullmatch(value):
        return value
    try:
        digits = pin.validate(value)
    except NumberError:
        raise ValueError("is not a Thai citizen id: 13 digits whose last is the check digit") from None
    return f"x-xxxx-xxxx{digits[9]}-{digits[10:12]}-{digits[12]}"


# Checked where it is entered and masked at once: the whole number is never sent, stored or logged.
CitizenId = Annotated[str, StringConstraints(max_length=40), AfterValidator(_checked_and_masked)]
