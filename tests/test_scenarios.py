"""The dates that must come out: every scenario of scenarios.json, on the default pack."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from casework.standards.counting.explanation import explain
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.counting.plan import Plan
from casework.standards.pack.loader import default_pack, parse_pack

PACK_TEXT = (Path(__file__).parent.parent / "standards/packs/moe_jsc.yaml").read_text(encoding="utf-8")
FILE = json.loads((Path(__file__).parent / "scenarios.json").read_text(encoding="utf-8"))
SCENARIOS = {scenario["id"]: scenario for scenario in FILE["scenarios"]}
CLOCK = PackCalculator(default_pack())


def times(scenario: str) -> list[datetime]:
    """When the events of a scenario happen."""
    return [datetime.fromisoformat(event["at"]) for event in SCENARIOS[scenario]["when"]]


def then(scenario: str) -> dict[str, Any]:
    """What must come out, with times parsed."""

    def parsed(value: Any) -> Any:
        if isinstance(value, list):
            return [parsed(item) for item in value]
        return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)

    return {key: parsed(value) for key, value in SCENARIOS[scenario]["then"].items()}


def at(plan: Plan, action: str) -> list[datetime]:
    """The moments of one action of a ladder."""
    return [rung.at for rung in plan.rungs if rung.action == action]


def test_every_scenario_of_the_file_is_tested_here() -> None:
    tested = {name.removeprefix("test_").split("_")[0].upper() for name in globals() if name.startswith("test_s")}
    assert set(SCENARIOS) <= tested


def test_the_holidays_of_three_years_are_the_government_list() -> None:
    calendar = CLOCK.calendar
    listed = {date.fromisoformat(day) for day in FILE["holidays"]}
    days = [date.fromordinal(n) for n in range(date(2025, 1, 1).toordinal(), date(2028, 1, 1).toordinal())]
    weekdays = [day for day in days if day.weekday() < 5]
    assert {day for day in weekdays if not calendar.is_working_day(day)} == listed


def test_s01_fifteen_minutes_at_the_counter() -> None:
    plan, expected = CLOCK.plan("information_request", "provide", times("S01")[0]), then("S01")
    assert plan.due_at == expected["provide_due"]
    assert at(plan, "warn") == [expected["warn_at"]]
    assert at(plan, "escalate") == [expected["escalate_head_at"]]


def test_s02_fifteen_minutes_across_closing_time_and_a_weekend() -> None:
    first, second = (CLOCK.plan("information_request", "provide", start) for start in times("S02"))
    assert first.due_at == then("S02")["provide_due"]
    assert second.due_at == then("S02")["second_case_provide_due"]


@pytest.mark.parametrize("variant", ["A", "B"])
def test_s03_lunch_break_on_and_off(variant: str) -> None:
    lunch = 'breaks: [{from: "12:00", to: "13:00"}]'
    text = PACK_TEXT.replace("breaks: []", lunch) if variant == "A" else PACK_TEXT
    clock = PackCalculator(parse_pack(text, "variant"))
    first, second = (clock.plan("information_request", "provide", start) for start in times("S03"))
    assert first.due_at == then("S03")[f"{variant}_first_due"]
    assert second.due_at == then("S03")[f"{variant}_second_due"]


def test_s04_forward_over_makha_bucha_chakri_day_and_songkran() -> None:
    submitted, forwarded = times("S04")
    expected, plan = then("S04"), CLOCK.plan("forward", "owner_act", forwarded)
    assert CLOCK.plan("forward", "check_forward", submitted).due_at == expected["check_forward_due"]
    assert CLOCK.plan("forward", "promise", submitted).due_at == expected["latest_promise_before_forwarding"]
    assert plan.due_at == expected["owner_due"]
    assert at(plan, "progress") == expected["progress_notices"]
    assert at(plan, "chase") == [expected["chase_15wd"], expected["chase_24wd"]]
    assert at(plan, "escalate")[0] == expected["escalate_27wd"]
    assert at(plan, "breach") == [expected["owner_due"]]


def test_s05_labour_day_is_worked_and_ploughing_day_is_not() -> None:
    submitted, forwarded, b, c = times("S05")
    expected, plan = then("S05"), CLOCK.plan("forward", "owner_act", forwarded)
    assert CLOCK.plan("forward", "check_forward", submitted).due_at == expected["check_forward_due"]
    assert at(plan, "chase") == [expected["chase_15wd"], expected["chase_24wd"]]
    assert at(plan, "escalate")[0] == expected["escalate_27wd"]
    assert plan.due_at == expected["owner_due"]
    assert CLOCK.plan("forward", "check_forward", b).due_at == expected["B_check_forward_due"]
    assert CLOCK.plan("forward", "check_forward", c).due_at == expected["C_check_forward_due"]


def test_s08_one_minute_at_closing_time_is_one_working_day() -> None:
    a, b, c, forwarded = times("S08")
    expected = then("S08")
    for name, submitted in (("A", a), ("B", b), ("C", c)):
        plan = CLOCK.plan("forward", "check_forward", submitted)
        assert plan.effective_start == expected[f"{name}_effective_receipt"]
        assert plan.due_at == expected[f"{name}_check_forward_due"]
    assert CLOCK.plan("forward", "owner_act", forwarded).due_at == expected["A_owner_due"]


def test_s09_electronic_filing_on_a_saturday_night_keeps_both_times() -> None:
    [submitted] = times("S09")
    expected, plan = then("S09"), CLOCK.plan("forward", "check_forward", submitted)
    assert plan.started_at == expected["received_recorded_at"]
    assert plan.effective_start == expected["effective_receipt"]
    assert plan.due_at == expected["check_forward_due"]
    other_rule = PackCalculator(
        parse_pack(PACK_TEXT.replace("first_day: excluded ", "first_day: counts_if_received_at_open "), "x")
    )
    assert other_rule.plan("forward", "check_forward", submitted).due_at.isoformat() == "2026-10-12T16:30:00+07:00"


def test_s11_fifteen_calendar_days_ending_in_songkran() -> None:
    referred, issued = times("S11")
    expected, agency = then("S11"), CLOCK.plan("information_request", "owner_gather", referred)
    assert agency.due_at.date() == expected["agency_legal_due_date"]
    assert agency.internal_target == expected["agency_internal_target"]
    assert CLOCK.plan("forward", "requester_complete", issued).due_at == expected["B_requester_due"]


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        ("2026-01-30T10:00:00+07:00", 1, "2026-02-28"),  # no 30 February
        ("2028-01-31T10:00:00+07:00", 1, "2028-02-29"),  # a leap year
        ("2026-10-30T10:00:00+07:00", 3, "2027-01-30"),  # over the end of the year
        ("2026-12-30T10:00:00+07:00", 2, "2027-02-28"),
    ],
)
def test_months_end_on_the_day_of_the_same_number_or_the_last_of_a_shorter_month(start: str, months: int, due: str) -> None:
    text = PACK_TEXT.replace(
        "actor: owner_agency, limit: {n: 15, unit: calendar_day}", f"actor: owner_agency, limit: {{n: {months}, unit: month}}"
    )
    text = text.replace(
        "extend: {times: 1, up_to: {n: 15, unit: calendar_day}}", "extend: {times: 1, up_to: {n: 1, unit: month}}"
    )
    clock = PackCalculator(parse_pack(text, "months"))
    plan = clock.plan("information_request", "owner_gather", datetime.fromisoformat(start))
    assert plan.due_at.date() == date.fromisoformat(due)
    explained = explain(clock, "information_request", "owner_gather", datetime.fromisoformat(start))
    assert explained.entries[-1].day == plan.due_at.date()
