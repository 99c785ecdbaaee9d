"""The counter from the command line: a visitor of each service from the ticket to the rating, on an office that never closes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from standardwebhooks import Webhook

from casework.drill.endpoint import Endpoint
from tests.line import Line

DEMO = Path(__file__).parent.parent / "standards/packs/demo.yaml"
SOMYING, OWNER = "somying:centre_officer", "anan:owner_agency:DOEB"
REQUESTER = {"name": "สมชาย รักไทย", "citizen_id": "1101700230708", "email": "somchai@home.example"}

pytestmark = pytest.mark.xdist_group("cli")


@pytest.fixture(scope="module")
def counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    line = Line(tmp_path_factory.mktemp("counter") / "state", CASEWORK_PACKS=str(DEMO), CASEWORK_AS=SOMYING)
    line("officers", "set", "somying", "--name", "สมหญิง ใจดี")
    line("officers", "set", "preecha", "--name", "ปรีชา รู้ดี")
    yield line
    line.stop()


def today() -> str:
    return datetime.now(ZoneInfo("Asia/Bangkok")).date().isoformat()


def visit(counter: Line, service: str, point: int, *steps: tuple[str, str, dict[str, Any] | None]) -> str:
    """Take a ticket with a subject, be called and served, go through the case, rate; the case."""
    subject = {"subject": "สอบถามเรื่องสถานีบริการ", "requester": REQUESTER, "documents": [{"name": "คำขอ"}]}
    number = json.loads(counter("queue", "take", service, "-", "--as", "kiosk:requester", "--json", stdin=subject))["ticket"][
        "number"
    ]
    assert "0 before" in counter("queue", "ticket", number)
    assert number in counter("queue", "slip", number)
    counter("queue", "open", str(point))
    assert number in counter("queue", "call", str(point))
    assert "สมหญิง ใจดี" in counter("queue", "slip", number)
    board = counter("queue", "board")
    assert "สมหญิง ใจดี" in board
    assert f"{number} → {point}" in board
    assert "สมชาย" not in board
    case: str = json.loads(counter("queue", "serve", str(point), "--json"))["case_id"]
    shown = json.loads(counter("show", case, "--json"))
    assert (shown["officer"]["id"], shown["officer"]["point"], shown["requester"]) == ("somying", point, "ส… ร…")
    for name, who, fields in steps:
        counter("do", case, name, "-", "--as", who, stdin=fields or {})
    counter("queue", "finish", str(point))
    counter("queue", "close", str(point))
    rating = {"scores": {"overall": 5}}
    counter("do", case, "rate", "-", "--as", "requester:requester", stdin=rating)
    assert json.loads(counter("show", case, "--json"))["stage"] == "closed"
    told = (counter.folder / "notices.log").read_text(encoding="utf-8")
    assert f"สมหญิง ใจดี (จุดบริการที่ {point})" in told, "officer and point reach who came to the counter"
    return case


def test_a_visitor_who_wants_information(counter: Line) -> None:
    held = ("report_held", SOMYING, {"explanation": "มีแล้ว"})
    visit(counter, "information_request", 2, held, ("record_selection", SOMYING, {"documents": ["รายชื่อ"]}))


def test_a_visitor_whose_application_is_forwarded(counter: Line) -> None:
    visit(
        counter, "forward", 4, ("forward_application", SOMYING, None), ("assign_to_owner", "malee:complaint_centre", {"agency": "DOEB"}),
        ("report_result", OWNER, {"result": "อนุญาต"}),
    )  # fmt: skip


def test_a_visitor_who_wants_advice(counter: Line) -> None:
    visit(
        counter,
        "one_stop",
        6,
        ("begin_advice", SOMYING, {"matter": "การประหยัดพลังงาน"}),
        ("complete_advice", SOMYING, {"advice": "เปลี่ยนหลอดไฟ"}),
    )


def test_the_roster_opens_a_point_and_says_who_stands_in(counter: Line) -> None:
    counter("officers", "duty", "5", "somying", "--from", today())
    counter("officers", "duty", "5", "preecha", "--from", today(), "--hours", "12:00-13:00")
    counter("officers", "away", "somying", "--from", today(), "--until", "2199-12-31", "--stand-in", "preecha")
    away = [json.loads(line) for line in counter("officers", "roster", "--json").splitlines()]
    assert [(row["officer"], row["instead_of"]) for row in away] == [
        ("preecha", "somying"),
        ("preecha", None),
        ("preecha", "somying"),
    ]
    counter("officers", "back", "somying")
    shifts = [json.loads(line) for line in counter("officers", "roster", "--json").splitlines()]
    assert [(row["officer"], row["from"], row["until"]) for row in shifts] == [
        ("somying", "00:00", "12:00"), ("preecha", "12:00", "13:00"), ("somying", "13:00", "24:00"),
    ]  # fmt: skip
    counter("queue", "open", "5", "--on-duty")
    counter("queue", "close", "5")
    counter("officers", "duty", "5", "--from", today())
    assert "nobody is on duty at point 5" in counter("queue", "open", "5", "--on-duty", exit_code=3)


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (["officers", "duty", "9", "somying", "--from", "2026-12-01"], 2, "points are 1, 2"),
        (["officers", "duty", "2", "nobody", "--from", "2026-12-01"], 4, "the records know no officer nobody"),
        (["officers", "duty", "2", "somying", "--from", "2026-12-01", "--hours", "13:00-12:00"], 2, "takes hours such as"),
        (["officers", "duty", "2", "somying", "--from", "2026-12-01", "--weekdays", "mon,son"], 2, "unknown son"),
        (["officers", "duty", "2", "somying", "--from", "tomorrow"], 2, "days are written such as"),
        (["queue", "open", "2", "--on-duty", "--officer", "nok"], 2, "--on-duty takes whoever the roster has"),
        (["queue", "call", "3"], 3, "point 3 is closed; open it first"),
        (["queue", "take", "passports"], 3, "there are no tickets for passports"),
        (["queue", "ticket", "A998"], 4, "A998 is not in the queue"),
        (["queue", "board", "--day", "today"], 2, "is not a day"),
    ],
)
def test_mistakes_are_answered_in_words(counter: Line, words: list[str], exit_code: int, said: str) -> None:
    assert said in counter(*words, exit_code=exit_code)


def test_who_is_not_content_is_called_back_and_what_was_wrong_becomes_a_task_and_a_figure(counter: Line, tmp_path: Path) -> None:
    endpoint = Endpoint()
    secret = counter("webhooks", "add", "dashboard", endpoint.url).strip()
    case = counter("open", "one_stop", "-", stdin={"requester": REQUESTER, "subject": "คู่มือ"}).strip()
    counter("do", case, "start_service", "-", "--as", SOMYING, stdin={"officer": {"id": "somying"}, "point": 6})
    counter("do", case, "begin_publications", "-", "--as", SOMYING, stdin={"wanted": ["คู่มือ"]})
    counter("do", case, "give_publications", "-", "--as", SOMYING, stdin={"given": ["คู่มือ"]})
    bad = {"scores": {"overall": 1}, "dissatisfaction": "รอนาน โทร 081 234 5678", "how": "slip"}
    assert "somebody else enters" in counter("do", case, "rate", "-", "--as", SOMYING, stdin=bad, exit_code=3)
    counter("do", case, "rate", "-", "--as", "preecha:centre_officer", stdin=bad)
    assert "call_back" in counter("show", case)
    counter("do", case, "record_call_back", "-", "--as", "prasert:centre_supervisor", stdin={"reached": True}, exit_code=0)
    assert json.loads(counter("show", case, "--json"))["stage"] == "closed"

    [task] = [json.loads(line) for line in counter("improve", "list", "--json").splitlines()]
    number = task["case_no"]
    assert (task["cause"], task["about_service"], task["cases"]) == ("ratings", "one_stop", 1)
    counter("improve", "take", number, "--owner", "somying", "--plan", "เปิดจุดที่ 8", "--as", "prasert:centre_supervisor")
    counter("improve", "done", number, "--what", "เปิดแล้ว", "--as", SOMYING)
    counter("improve", "effect", number, "better", "--figures", "25 เป็น 9 นาที", "--as", "prasert:centre_supervisor")
    assert json.loads(counter("improve", "list", "--all", "--json"))["outcome"] == "improved"

    voice = counter("voice", "add", "question", "เปิดวันเสาร์หรือไม่", "--as", SOMYING, "--channel", "phone").strip()
    counter("voice", "answer", voice, "ปิด", "--as", SOMYING)
    assert "081" not in counter("voice", "search", "--theme", "waiting", "--as", SOMYING)
    assert "081" in counter("voice", "search", "--theme", "waiting", "--as", "boss:centre_head", "--json")
    assert "may not search" in counter("voice", "search", "--as", "me:requester", exit_code=2)

    month = ["report", "--month", today()[:7]]
    page, paper = tmp_path / "page.html", tmp_path / "paper.pdf"
    counter(*month, "--html", str(page), "--pdf", str(paper))
    assert "<svg" in page.read_text(encoding="utf-8")
    assert paper.read_bytes().startswith(b"%PDF")
    assert case in counter(*month, "--cases", "dissatisfied")
    assert "No level of a person" in counter(*month, "--evidence", "--lang", "en")
    assert "is said like" in counter("report", "--month", "2026-13", exit_code=2)

    heard = [json.loads(line) for line in counter("events", "--case", case).splitlines()]
    assert [event["data"]["number"] for event in heard] == list(range(1, len(heard) + 1))
    last = heard[-2]["sequence"]
    assert [json.loads(line)["id"] for line in counter("events", "--case", case, "--since", last).splitlines()] == [
        heard[-1]["id"]
    ]
    deadline = monotonic() + 20
    while endpoint.numbers(case) != list(range(1, len(heard) + 1)) and monotonic() < deadline:
        sleep(0.2)
    assert endpoint.numbers(case) == list(range(1, len(heard) + 1))
    Webhook(secret).verify(endpoint.taken[0].body.decode(), endpoint.taken[0].headers)
    assert "081" not in "".join(got.body.decode() for got in endpoint.taken)
    counter("webhooks", "remove", "dashboard")
    assert counter("webhooks", "list", "--json") == ""
    endpoint.close()
