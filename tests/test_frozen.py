"""The calendar is evidence: a published pack has its closed days, and no library changes a date that was told."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pytest

from casework.standards.counting import government_holidays
from casework.standards.counting.opening_times import CalendarError
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.pack.loader import PackError, StandardsLibrary, default_pack, load_pack, parse_pack
from tests.line import Line
from tests.test_scenarios import PACK_TEXT

START = datetime.fromisoformat("2027-04-30T10:00:00+07:00")


def test_a_newer_library_changes_no_date_of_a_published_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    before = PackCalculator(default_pack()).plan("forward", "owner_act", START)
    monkeypatch.setattr(government_holidays, "provided", lambda rules, year: {date(year, 5, day): None for day in range(1, 31)})
    after = PackCalculator(default_pack()).plan("forward", "owner_act", START)
    assert (after.due_at, after.digest) == (before.due_at, before.digest)
    draft = parse_pack(PACK_TEXT.replace("    frozen: moe_jsc.holidays.yaml", "    #"), "draft")
    assert PackCalculator(draft).plan("forward", "owner_act", START).due_at != before.due_at


def test_the_digest_of_a_plan_tells_calendars_apart() -> None:
    pack = default_pack()
    days = pack.calendar.holidays.years
    fewer = {**days, 2027: [day for day in days[2027] if day.date != date(2027, 6, 3)]}

    def with_years(years: object) -> PackCalculator:
        holidays = pack.calendar.holidays.model_copy(update={"years": years})
        return PackCalculator(pack.model_copy(update={"calendar": pack.calendar.model_copy(update={"holidays": holidays})}))

    planned = with_years(days).plan("forward", "owner_act", START)
    assert planned.digest == PackCalculator(pack).plan("forward", "owner_act", START).digest
    assert with_years(fewer).plan("forward", "owner_act", START).digest != planned.digest
    assert with_years({**days, 2030: []}).plan("forward", "owner_act", START).digest == planned.digest


def test_every_closed_day_says_where_it_comes_from() -> None:
    holidays = default_pack().calendar.holidays
    assert holidays.verified_through is not None
    for year, days in holidays.years.items():
        assert days, year
        assert all(day.date.year == year and day.source for day in days)
        assert all(("predicted" in day.source) == (day.date > holidays.verified_through) for day in days)


def test_a_year_that_the_pack_does_not_have_is_an_error() -> None:
    with pytest.raises(CalendarError, match="no closed days for 2157"):
        PackCalculator(default_pack()).plan("forward", "owner_act", START.replace(year=2157))


def test_what_was_published_stays_when_years_are_added(casework: Line, tmp_path: Path) -> None:
    file = tmp_path / "pack.yaml"
    file.write_text(PACK_TEXT.replace("moe_jsc.holidays.yaml", "pack.holidays.yaml"), encoding="utf-8")
    frozen = tmp_path / "pack.holidays.yaml"
    frozen.write_text(
        'years:\n  2026:\n    - {date: 2026-07-01, th: วันหยุด, en: a day off, source: "Gazette 143"}\n', encoding="utf-8"
    )
    casework("standards", "freeze", str(file), "--from", "2026", "--through", "2028")
    pack = load_pack(file)
    assert [day.source for day in pack.calendar.holidays.years[2026]] == ["Gazette 143"]
    assert sorted(pack.calendar.holidays.years) == [2026, 2027, 2028]
    assert [each.id for each in StandardsLibrary.load([tmp_path]).packs] == [pack.id]
    frozen.unlink()
    with pytest.raises(PackError, match=r"frozen: pack.holidays.yaml cannot be read"):
        load_pack(file)
