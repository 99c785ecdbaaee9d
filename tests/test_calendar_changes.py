"""The calendar changes while cases are open: seen first, then made; every case follows once, and nothing is lost on the way."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from casework.standards.counting.calendar_rules import CalendarChange, ChangeKind, Hours, is_so_already
from casework.standards.counting.ledger import Ledger
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.pack.loader import default_pack, parse_pack
from casework.starter.client import CaseClient, CaseHandle
from casework.starter.errors import InvalidCase
from casework.starter.holiday_files import read_ics
from casework.workflows.messages.forward import ForwardApplication, ForwardRequest
from tests.line import CASEWORK, Line
from tests.office import OFFICER
from tests.test_scenarios import PACK_TEXT

CLOCK = PackCalculator(default_pack())
REGIONS = parse_pack(PACK_TEXT.replace("  breaks: []", "  regions: {CNX: north, JSC: central}\n  breaks: []"), "regions")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00")


def change(revision: int, day: str, kind: str = "holiday", **more: Any) -> CalendarChange:
    data = {"standard": "moe-jsc", "date": day, "kind": kind, "name_th": "หยุดพิเศษ", "reason": "มติ ครม.", "by": "somying"}
    return CalendarChange.model_validate({**data, "revision": revision, "at": datetime.now(UTC), **more})


def due(changes: list[CalendarChange], centre: str = "JSC", start: str = "2026-03-05 10:00") -> str:
    plan = PackCalculator(REGIONS, centre, changes).plan("forward", "check_forward", at(start))
    return plan.due_at.strftime("%Y-%m-%d %H:%M")


def test_an_added_holiday_is_not_counted_and_a_withdrawn_one_is() -> None:
    assert due([]) == "2026-03-06 16:30"
    assert due([change(1, "2026-03-06")]) == "2026-03-09 16:30"
    assert due([change(1, "2026-03-06"), change(2, "2026-03-06", "withdrawn")]) == "2026-03-06 16:30"
    assert due([change(1, "2026-03-03", "withdrawn")], start="2026-03-02 10:00") == "2026-03-03 16:30"  # Makha Bucha


def test_half_days_and_make_up_saturdays_have_hours_of_their_own() -> None:
    half = change(1, "2026-03-06", "hours", hours=[Hours(open="08:30", close="12:00")])
    assert due([half]) == "2026-03-06 12:00"
    saturday = change(1, "2026-03-07", "hours", hours=[Hours(open="09:00", close="15:00")])
    assert due([saturday], start="2026-03-06 10:00") == "2026-03-07 15:00"
    counter = PackCalculator(REGIONS, "JSC", [half]).plan("information_request", "provide", at("2026-03-06 11:55"))
    assert counter.due_at == at("2026-03-09 08:40")


def test_a_region_keeps_its_own_days() -> None:
    flood = [change(1, "2026-03-06", region="north")]
    assert due(flood, "CNX") == "2026-03-09 16:30"
    assert due(flood, "JSC") == "2026-03-06 16:30"
    assert due(flood, "ELSEWHERE") == "2026-03-06 16:30"
    later = [*flood, change(2, "2026-03-06", "withdrawn", region="north")]
    both = [
        change(1, "2026-03-06"),
        change(2, "2026-03-06", region="north"),
        change(3, "2026-03-06", "withdrawn", region="north"),
    ]
    assert not PackCalculator(REGIONS, "CNX", both).calendar.is_working_day(date(2026, 3, 6)), "it follows the country again"
    works = [*both, change(4, "2026-03-06", "withdrawn", region="north")]
    assert PackCalculator(REGIONS, "CNX", works).calendar.is_working_day(date(2026, 3, 6)), "it works on a holiday of the country"
    assert due(later, "CNX") == "2026-03-06 16:30"


def test_saying_the_same_again_is_no_change() -> None:
    made = [change(1, "2026-03-06")]
    assert is_so_already(change(2, "2026-03-06"), made)
    assert not is_so_already(change(2, "2026-03-06", region="north"), made)
    assert not is_so_already(change(3, "2026-03-06"), [*made, change(2, "2026-03-06", "withdrawn")])


def test_a_due_time_told_before_stands_when_a_change_comes_too_late_to_bring_it_forward() -> None:
    ledger = Ledger(started_at=at("2026-03-05 10:00"))
    told = PackCalculator(REGIONS, "JSC", [change(1, "2026-03-06")]).plan("forward", "check_forward", ledger).due_at
    without = PackCalculator(REGIONS, "JSC", [change(1, "2026-03-06"), change(2, "2026-03-06", "withdrawn")])
    in_time = without.of("forward").replan("check_forward", ledger, told, at("2026-03-06 10:00"))
    assert in_time.due_at == at("2026-03-06 16:30")
    too_late = without.of("forward").replan("check_forward", ledger, told, at("2026-03-07 10:00"))
    assert too_late.due_at == told == at("2026-03-09 16:30")
    assert too_late.ledger.not_before == told


ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//cabinet//holidays//TH
BEGIN:VEVENT
UID:1
DTSTART;VALUE=DATE:20270111
DTEND;VALUE=DATE:20270113
SUMMARY:วันหยุดพิเศษ
END:VEVENT
BEGIN:VEVENT
UID:2
DTSTART;VALUE=DATE:20270101
SUMMARY:ยกเลิก
STATUS:CANCELLED
END:VEVENT
END:VCALENDAR
"""


def test_an_icalendar_file_is_read_day_by_day(tmp_path: Path) -> None:
    file = tmp_path / "holidays.ics"
    file.write_text(ICS, encoding="utf-8")
    assert [(each.day, each.kind) for each in read_ics(file)] == [
        (date(2027, 1, 1), ChangeKind.WITHDRAWN),
        (date(2027, 1, 11), ChangeKind.HOLIDAY),
        (date(2027, 1, 12), ChangeKind.HOLIDAY),
    ]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("DTSTART;VALUE=DATE:20270111|DTSTART:20270111T090000Z", "event 1 (วันหยุดพิเศษ): is not a whole-day event"),
        ("SUMMARY:ยกเลิก|RRULE:FREQ=YEARLY\nSUMMARY:ยกเลิก", "event 2 (ยกเลิก): recurs"),
        ("SUMMARY:วันหยุดพิเศษ\n|", "event 1 (without a name): has no SUMMARY"),
        ("20270113|20280113", "event 1 (วันหยุดพิเศษ): lasts 367 days"),
        (f"{ICS}|nothing", "is not an iCalendar file"),
    ],
)
def test_a_file_that_cannot_be_understood_changes_nothing_and_names_the_event(tmp_path: Path, wrong: str, said: str) -> None:
    file = tmp_path / "holidays.ics"
    before, _, after = wrong.partition("|")
    file.write_text(ICS.replace(before, after), encoding="utf-8")
    with pytest.raises(InvalidCase) as refused:
        read_ics(file)
    assert said in str(refused.value)


# On the real servers, by the command line

pytestmark = pytest.mark.xdist_group("cli")
FORWARD = {"centre": "JSC", "requester": {"name": "ก", "citizen_id": "1101700230708", "email": "k@home.example"}, "subject": "ก"}


def opened(casework: Line) -> str:
    request = {**FORWARD, "request_id": uuid4().hex, "documents": [{"name": "คำขอ"}]}
    case = casework("open", "forward", stdin=request).strip()
    casework("do", case, "forward_application", "--as", "somying:centre_officer:JSC")
    return case


def shown(casework: Line, case: str) -> dict[str, Any]:
    view: dict[str, Any] = json.loads(casework("show", case, "--json"))
    return view


def owner(view: dict[str, Any]) -> dict[str, Any]:
    clock: dict[str, Any] = next(clock for clock in view["clocks"] if clock["step"] == "owner_act")
    return clock


def a_working_day(view: dict[str, Any], n: int) -> date:
    """The n-th working day of the owner's limit, from the explanation."""
    days = next(e for e in view["explanations"] if e["step"] == "owner_act")["days"]
    counted = [day for day in days if day["why"] == "counted"]
    return date.fromisoformat(counted[n - 1]["day"])


def test_a_change_is_shown_first_then_made_and_every_open_case_follows_once(casework: Line) -> None:
    case = opened(casework)
    before = shown(casework, case)
    day = a_working_day(before, 12).isoformat()
    words = ["calendar", "add", day, "--name", "วันหยุดพิเศษ", "--name-en", "Special holiday", "--reason", "มติ ครม."]
    lines = [json.loads(line) for line in casework(*words, "--json").splitlines()]
    [mine] = [line for line in lines if line["case_id"] == case]
    assert {move["step"] for move in mine["moves"]} == {"owner_act", "promise"}
    assert owner(shown(casework, case)) == owner(before), "a dry run changes nothing"

    casework(*words, "--apply")
    after = shown(casework, case)
    assert owner(after)["due_at"] == mine["moves"][0]["new_due_at"] > owner(before)["due_at"]
    assert after["promised_at"] == owner(after)["due_at"]
    changed = [event for event in after["events"] if event["type"] == "calendar_changed"]
    assert changed[0]["data"]["moved"][0] == {
        "step": "owner_act",
        **{k: mine["moves"][0][k] for k in ("old_due_at", "new_due_at")},
    }
    assert [n["template"] for n in after["notices"]].count("due_date_changed") == 1
    assert "Special holiday, not counted" in casework("explain", case, "owner_act")
    assert "วันหยุดพิเศษ ไม่นับ" in casework("explain", case, "promise", "--lang", "th")
    assert all(explained["agrees"] for explained in after["explanations"])

    assert "0 of" in casework.said(*words, "--apply"), "once more moves nothing"
    assert shown(casework, case)["events"] == after["events"]
    assert "วันหยุดพิเศษ" in casework("calendar", "list", "--year", day[:4])
    casework("calendar", "remove", day, "--reason", "ยกเลิก", "--apply")
    again = shown(casework, case)
    assert owner(again)["due_at"] == owner(before)["due_at"]
    assert [n["template"] for n in again["notices"]].count("due_date_changed") == 2


def test_a_case_opened_after_a_change_is_counted_with_it(casework: Line) -> None:
    day = a_working_day(shown(casework, opened(casework)), 20).isoformat()
    casework("calendar", "add", day, "--name", "วันหยุด", "--reason", "มติ", "--hours", "08:30-12:00", "--apply")
    casework("calendar", "add", day, "--name", "วันหยุด", "--reason", "มติ", "--apply")
    view = shown(casework, opened(casework))
    skipped = [d["day"] for e in view["explanations"] if e["step"] == "owner_act" for d in e["days"] if d["why"] == "holiday"]
    assert day in skipped
    assert [event["type"] for event in view["events"]].count("calendar_changed") <= 1, "the journal heard of it at the latest"
    casework("calendar", "remove", day, "--reason", "คืน", "--apply")


async def test_a_run_that_is_killed_half_way_is_finished_by_the_next(casework: Line) -> None:
    client = await CaseClient.connect(f"127.0.0.1:{casework.port}")

    async def open_one() -> CaseHandle:
        documents = [{"name": "คำขอ"}]
        case = await client.open(ForwardRequest.model_validate({**FORWARD, "request_id": uuid4().hex, "documents": documents}))
        await case.act(ForwardApplication(actor=OFFICER))
        return case

    async def have_moved() -> int:
        views = await asyncio.gather(*(case.view() for case in cases))
        return sum(any(event.type == "calendar_changed" for event in view.events) for view in views)

    cases = [case for _ in range(5) for case in await asyncio.gather(*(open_one() for _ in range(16)))]
    cases.sort(key=lambda case: case.case_id)  # the order in which they are told
    day = a_working_day(shown(casework, cases[0].case_id), 5).isoformat()
    words = ["calendar", "add", day, "--name", "วันหยุดพิเศษ", "--reason", "มติ ครม.", "--apply"]
    quiet = asyncio.subprocess.DEVNULL
    running = await asyncio.create_subprocess_exec(CASEWORK, *words, env=casework.environment, stdout=quiet, stderr=quiet)
    while not any(event.type == "calendar_changed" for event in (await cases[0].view()).events):
        assert running.returncode is None
    running.kill()
    await running.wait()
    await asyncio.sleep(2)  # what was sent before it died is still carried out
    assert 0 < await have_moved() < len(cases), "it was killed half way"
    await asyncio.to_thread(casework, *words)
    for case in cases:
        view = await case.view()
        assert [event.type for event in view.events].count("calendar_changed") == 1
        assert [notice.template for notice in view.notices].count("due_date_changed") == 1
    await asyncio.to_thread(casework, "calendar", "remove", day, "--reason", "คืน", "--apply")
    assert not [case for case in cases if (await case.view()).clocks[-1].ledger.not_before]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "2569-10-16", "--name", "ก", "--reason", "ข"], "looks like a Buddhist year; write 2026-10-16"),
        (["add", "16/10/2026", "--name", "ก", "--reason", "ข"], "is not a date in ISO 8601"),
        (["add", "2027-03-09", "--name", "ก", "--reason", " "], "needs a reason"),
        (["add", "2027-03-09", "--name", "ก", "--reason", "ข", "--region", "moon"], "no centre is in the region moon"),
        (["add", "2027-03-09", "--name", "ก", "--reason", "ข", "--hours", "9-12"], "--hours takes 08:30-12:00"),
        (["remove", "2027-03-09", "--reason", "ข"], "there is nothing to withdraw"),
        (["add", "2027-03-09", "--name", "ก", "--reason", "ข", "--standard", "nowhere"], "no standard nowhere is loaded"),
        (["import", "missing.ics", "--reason", "ข"], "missing.ics: cannot be read"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_in_words(casework: Line, words: list[str], said: str) -> None:
    assert said in casework("calendar", *words, exit_code=2)


def test_a_day_that_is_a_holiday_already_is_said_so(casework: Line) -> None:
    year = datetime.now(UTC).year + 1
    assert "is a holiday already" in casework.said("calendar", "add", f"{year}-12-10", "--name", "ก", "--reason", "ข")
