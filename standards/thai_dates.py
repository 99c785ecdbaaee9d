"""Dates as Thai citizens read them: Buddhist era (2569 is 2026), Thai months, Thai digits on request."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

BUDDHIST_ERA = 543
MONTHS = [
    "มกราคม",
    "กุมภาพันธ์",
    "มีนาคม",
    "เมษายน",
    "พฤษภาคม",
    "มิถุนายน",
    "กรกฎาคม",
    "สิงหาคม",
    "กันยายน",
    "ตุลาคม",
    "พฤศจิกายน",
    "ธันวาคม",
]
ENGLISH_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
WEEKDAYS = ["จ.", "อ.", "พ.", "พฤ.", "ศ.", "ส.", "อา."]
THAI_DIGITS = str.maketrans("0123456789", "๐๑๒๓๔๕๖๗๘๙")


def buddhist_year(day: date) -> int:
    """The year of the Buddhist era."""
    return day.year + BUDDHIST_ERA


def format_time(
    at: datetime,
    language: Literal["th", "en"],
    era: Literal["BE", "CE"] = "BE",
    thai_digits: bool = False,
) -> str:
    """A date and time in words; `at` must already be in the office's zone."""
    if language == "en":
        return f"{at.day} {ENGLISH_MONTHS[at.month - 1]} {at.year}, {at:%H:%M}"
    year = buddhist_year(at) if era == "BE" else at.year
    text = f"วันที่ {at.day} {MONTHS[at.month - 1]} {year} เวลา {at:%H.%M} น."
    return text.translate(THAI_DIGITS) if thai_digits else text


def format_date(at: date, language: Literal["th", "en"], era: Literal["BE", "CE"] = "BE") -> str:
    """The date of a letter; `at` must already be in the office's zone."""
    if language == "en":
        return f"{at.day} {ENGLISH_MONTHS[at.month - 1]} {at.year}"
    return f"{at.day} {MONTHS[at.month - 1]} {buddhist_year(at) if era == 'BE' else at.year}"


def format_day(day: date, language: Literal["th", "en"]) -> str:
    """A date as a line of a list begins with it, weekday first."""
    if language == "en":
        return f"{day:%a} {day.day:>2} {ENGLISH_MONTHS[day.month - 1][:3]} {day.year}"
    return f"{WEEKDAYS[day.weekday()]} {day.day:>2} {MONTHS[day.month - 1]} {buddhist_year(day)}"


def thai_numerals(text: str) -> str:
    """The same text with Thai digits."""
    return text.translate(THAI_DIGITS)
