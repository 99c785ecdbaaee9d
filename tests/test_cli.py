"""The command line end to end: `casework up`'s servers and worker, real processes, exit codes, and a worker killed hard."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from rich.cells import cell_len

from casework.starter.cli.lazy import LazyGroup
from casework.starter.cli.main import Casework, Standards
from casework.starter.dev.embedded import free_port, temporal_binary
from tests.line import CASEWORK, Line

ROOT = Path(__file__).parent.parent
SERVICES = {"request_id": "", "requester": {"name": "สมชาย รักไทย"}, "subject": "ก"}
OFFICER = "somying:centre_officer:JSC"

pytestmark = pytest.mark.xdist_group("cli")


def request(**changes: Any) -> dict[str, Any]:
    return {**SERVICES, "request_id": uuid4().hex, **changes}


def forward(**changes: Any) -> dict[str, Any]:
    return request(documents=[{"name": "คำขอ"}], **changes) | {"requester": {"name": "ก", "citizen_id": "1101700230708"}}


def test_doctor_finds_everything_in_order(casework: Line) -> None:
    findings = [json.loads(line) for line in casework("doctor", "--json").splitlines()]
    assert {finding["state"] for finding in findings} == {"ok"}
    assert {f["what"] for f in findings} >= {
        "Temporal",
        "search attributes",
        "worker",
        "PostgreSQL",
        "schema",
        "clocks",
        "standard",
    }


def test_a_case_from_opening_to_the_last_answer(casework: Line, tmp_path: Path) -> None:
    data = forward()
    case = casework("open", "forward", stdin=data).strip()
    assert casework("open", "forward", "-", stdin=data).strip() == case
    view = json.loads(casework("show", case, "--json"))
    assert (view["case_id"], view["service"], view["stage"], view["outcome"]) == (case, "forward", "submitted", None)
    assert view["standard_version"] == "2569.1"
    assert {"step", "started_at", "due_at", "breached"} <= set(view["clocks"][0])
    assert {"seq", "type", "at", "actor", "data"} <= set(view["events"][0])
    assert "forward_application" in [command["name"] for command in view["allowed_commands"]]
    assert "1101700230708" not in json.dumps(view)
    assert "with_owner" in casework("do", case, "forward_application", "--as", OFFICER)
    casework("do", case, "assign_to_owner", "-", "--as", "malee:complaint_centre", stdin={"agency": "DOEB"})
    reply = json.loads(
        casework("do", case, "report_result", "-", "--as", "anan:owner_agency:DOEB", "--json", stdin={"result": "อนุญาต"})
    )
    assert reply["case_id"] == case
    waiting = [json.loads(line) for line in casework("letters", "--print", str(tmp_path), "--json").splitlines()]
    [letter] = [each for each in waiting if each["case_id"] == case and each["serve"]]
    assert (letter["notice"], Path(letter["file"]).read_bytes()[:4]) == ("result_notice", b"%PDF")
    assert "อนุญาต" in letter["pages"][0]["text"]
    casework("do", case, "record_service", "-", "--as", OFFICER, stdin={"how": "handed_over"})
    left = [json.loads(line) for line in casework("letters", "--all", "--json").splitlines()]
    told = {each["notice"]: bool(each["printed_at"]) for each in left if each["case_id"] == case}
    assert told == {"case_received": True, "case_forwarded": True, "satisfaction_invite": False}
    casework("do", case, "rate", "-", "--as", "r:requester", stdin={"scores": {"overall": 5}})
    watched = [json.loads(line)["type"] for line in casework("watch", case, "--json").splitlines()]
    assert watched[0] == "opened"
    assert watched[-1] == "closed"
    shown = casework("show", case)
    assert "ยุติเรื่อง" in shown
    assert view["case_no"] in shown


def test_who_is_away_is_stood_in_for(casework: Line) -> None:
    casework("officers", "set", "somying", "--name", "สมหญิง ใจดี", "--email", "somying@jsc.example")
    casework("officers", "set", "preecha", "--name", "ปรีชา มั่นคง", "--position", "นักวิชาการ", "--email", "preecha@jsc.example")
    assert "nobody stands in for themselves" in casework(
        "officers", "away", "somying", "--from", "2026-01-01", "--until", "2026-01-02", "--stand-in", "somying", exit_code=2
    )
    assert "the records know no officer nok" in casework(
        "officers", "away", "somying", "--from", "2026-01-01", "--until", "2026-01-02", "--stand-in", "nok", exit_code=4
    )
    casework("officers", "away", "somying", "--from", "2026-01-01", "--until", "2199-12-31", "--stand-in", "preecha")
    [somying] = [
        each
        for line in casework("officers", "list", "--json").splitlines()
        if (each := json.loads(line))["officer_id"] == "somying"
    ]
    assert somying["stand_in"] == "preecha"
    both = ["officers", "away", "preecha", "--from", "2027-01-01", "--until", "2027-01-02", "--stand-in", "somying"]
    assert "somying is away too" in casework(*both, exit_code=2)
    case = casework("open", "forward", stdin=forward(officer={"id": "somying"})).strip()
    casework("do", case, "issue_deficiency_list", "-", "--as", OFFICER, stdin={"missing": ["แผนที่"]})
    waiting = [json.loads(line) for line in casework("letters", "--json").splitlines()]
    foot = next(each["pages"][0]["foot"] for each in waiting if each["case_id"] == case)
    assert "ปรีชา มั่นคง นักวิชาการ (ปฏิบัติหน้าที่แทน สมหญิง ใจดี)" in foot
    casework("officers", "back", "somying")


def test_the_list_finds_cases_by_what_they_are(casework: Line) -> None:
    case = casework("open", "information_request", stdin=request()).strip()
    deadline = time.monotonic() + 10
    while case not in casework("list", "--service", "information_request", "--stage", "queued", "--json"):
        assert time.monotonic() < deadline
    assert case in casework("list")
    assert case not in casework("list", "--overdue")
    assert "information" not in casework("list", "--query", "CaseService = 'forward'", "--json")
    assert "invalid" in casework("list", "--query", "Colour = 'red'", exit_code=2).lower()


@pytest.mark.parametrize(
    ("words", "stdin", "exit_code", "says"),
    [
        (["open", "catering"], {}, 2, "services are complaint, forward, improvement, information_request, one_stop"),
        (["open", "forward"], "{not json", 2, "line 1, column 2"),
        (["open", "forward"], request(), 2, "documents: Field required"),
        (["open", "forward"], request(documents=[{"name": 5}]), 2, "documents.0.name"),
        (
            ["open", "forward"],
            request(documents=[], received_at="2026-03-02T11:00:00"),
            2,
            "received_at: Input should have timezone info",
        ),
        (
            ["open", "forward"],
            request(documents=[], subject="ก" * 1_000_000),
            2,
            "subject: String should have at most 500 characters",
        ),
        (["open", "forward"], request(documents=[], requester={"name": "ก", "citizen_id": "1101700230709"}), 2, "check digit"),
        (["open", "forward", "no-such-file"], None, 2, "No such file"),
        (["open", "forward"], request(documents=[]), 2, "requester.citizen_id"),
        (["do", "forward-0000000000", "launch_rocket"], None, 2, "commands are add_document"),
        (["do", "forward-0000000000", "add_note", "-", "--as", "a:centre_officer"], {"text": "ก"}, 4, "there is no case"),
        (["do", "forward-0000000000", "add_note", "-"], {"text": "ก"}, 2, "actor: Field required"),
        (["show", "forward-0000000000"], None, 4, "there is no case"),
        (["watch", "forward-0000000000"], None, 4, "there is no case"),
        (["due", "forward", "check_forward", "2026-03-02T11:00:00"], None, 2, "UTC offset"),
        (["due", "forward", "check_forward", "yesterday"], None, 2, "ISO 8601"),
        (["due", "forward", "cook", "2026-03-02T11:00:00+07:00"], None, 2, "steps are check_forward"),
        (["due", "information_request", "select_documents", "2026-03-02T11:00:00+07:00"], None, 2, "no time limit"),
        (["due", "forward", "check_forward", "2569-03-02T11:00:00+07:00"], None, 2, "looks like a Buddhist year; write 2026"),
        (["list", "--stage", "nowhere"], None, 2, "unknown stage nowhere"),
        (["open", "forward", "-"], "", 2, "nothing came on standard input"),
        (["show", ""], None, 4, "no case without an id"),
        (["due", "catering", "cook", "2026-03-02T11:00:00+07:00"], None, 2, "services are"),
        (["standards", "check", "no-such-pack.yaml"], None, 2, "cannot be read"),
        (["commands", "catering"], None, 2, "services are"),
        (["show"], None, 2, "CASE"),
    ],
)
def test_wrong_input_is_told_clearly(casework: Line, words: list[str], stdin: Any, exit_code: int, says: str) -> None:
    said = casework(*words, stdin=stdin, exit_code=exit_code)
    assert says in said.replace("\n", " ")
    assert "กกกกกก" not in said


def test_a_refusal_is_exit_3_and_says_what_is_possible(casework: Line) -> None:
    case = casework("open", "forward", stdin=forward()).strip()
    said = casework("do", case, "report_result", "-", "--as", "anan:owner_agency:DOEB", stdin={"result": "ก"}, exit_code=3)
    assert "Possible now:" in said
    assert "forward_application (centre_officer)" in said
    said = casework("do", case, "forward_application", "--as", "x:requester", exit_code=3)
    assert "takes centre_officer" in said
    casework("do", case, "withdraw", "--as", "x:requester")
    assert "is closed (withdrawn)" in casework("do", case, "add_note", "-", "--as", OFFICER, stdin={"text": "ก"}, exit_code=3)


def test_the_plain_temporal_command_line_hears_which_field_is_wrong(casework: Line) -> None:
    case = casework("open", "forward", stdin=forward()).strip()
    address = casework.environment["TEMPORAL_ADDRESS"]
    command = [temporal_binary(), "workflow", "update", "execute", "--address", address, "--workflow-id", case]
    bad = subprocess.run([*command, "--name", "add_note", "--input", '{"text": 5}'], capture_output=True, text=True, timeout=60)
    assert bad.returncode != 0
    assert "actor: Field required" in bad.stdout + bad.stderr
    assert "text: Input should be a valid string" in bad.stdout + bad.stderr
    good = '{"actor": {"id": "somying", "role": "centre_officer"}, "text": "โทรแล้ว"}'
    done = subprocess.run([*command, "--name", "add_note", "--input", good], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(casework("show", case, "--json"))["events"][-1]["type"] == "note_added"


def test_a_due_time_of_a_case_is_explained_day_by_day_in_two_languages(casework: Line) -> None:
    case = casework("open", "forward", stdin=forward()).strip()
    casework("do", case, "forward_application", "--as", OFFICER)
    assert "day 30" in casework("explain", case, "owner_act")
    assert "นับเป็นวันที่ 30" in casework("explain", case, "owner_act", "--lang", "th")
    lines = [json.loads(line) for line in casework("explain", case, "--json").splitlines()]
    assert [line["step"] for line in lines] == ["check_forward", "relay", "owner_act", "promise"]
    assert all(line["agrees"] for line in lines)
    assert "steps with one are" in casework("explain", case, "cook", exit_code=2)


def test_two_servers_never_share_a_folder(casework: Line) -> None:
    for words in (["up", "--port", "0", "--ui-port", "0", "--fresh"], ["demo"]):
        assert "is in use by process" in casework(*words, "--folder", str(casework.folder), exit_code=2)
    assert casework("list", "--json") is not None


def test_a_pack_that_cannot_be_served_is_told_before_anything_starts(casework: Line, tmp_path: Path) -> None:
    pack = tmp_path / "bad.yaml"
    text = (ROOT / "standards/packs/moe_jsc.yaml").read_text(encoding="utf-8")
    pack.write_text(text.replace("effective_from: 2026-10-01", "effective_from: 2569-10-01"), encoding="utf-8")
    said = casework("up", "--port", "0", "--ui-port", "0", "--folder", str(tmp_path / "state"), "--pack", str(pack), exit_code=2)
    assert "looks like a Buddhist year; write 2026" in said
    pack.write_text(text.replace("limit: {n: 30, unit: working_day}", "limit: {n: 20, unit: working_day}"), encoding="utf-8")
    said = casework("standards", "check", str(pack)).replace("\n", " ")
    assert "chase at 24 working days comes after its limit of 20 working days" in said


def test_commands_teach_every_message(casework: Line) -> None:
    assert "issue_deficiency_list" in casework("commands", "forward")
    lines = [json.loads(line) for line in casework("commands", "forward", "--json").splitlines()]
    assert all("properties" in line["schema"] for line in lines)
    assert lines[0]["command"] == "open"


def test_due_reads_many_starts_from_standard_input(casework: Line) -> None:
    starts = "2026-02-27T14:00:00+07:00\n2026-04-10T15:00:00+07:00\n"
    lines = [json.loads(line) for line in casework("due", "forward", "check_forward", "-", "--json", stdin=starts).splitlines()]
    assert [line["due_at"] for line in lines] == ["2026-03-02T16:30:00+07:00", "2026-04-16T16:30:00+07:00"]
    assert set(lines[0]["rungs"][0]) == {"at", "action", "to"}


def test_nobody_there_is_exit_5(casework: Line) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    for words in (["list"], ["show", "forward-0000000000"], ["open", "one_stop"]):
        assert "no Temporal server answers" in casework(*words, stdin=request(), exit_code=5, TEMPORAL_ADDRESS=nowhere)
    assert "does not answer" in casework("migrate", exit_code=5, CASEWORK_DATABASE_URL="postgresql://127.0.0.1:1/none")
    said = casework("doctor", "--json", exit_code=5, TEMPORAL_ADDRESS=nowhere) or ""
    assert "Traceback" not in said


def test_setup_prepares_another_namespace_and_may_be_run_again(casework: Line) -> None:
    address = casework.environment["TEMPORAL_ADDRESS"]
    name = f"other-{uuid4().hex[:6]}"
    made = [temporal_binary(), "operator", "namespace", "create", "--address", address, "-n", name]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    deadline = time.monotonic() + 20
    while True:
        done = subprocess.run(
            [CASEWORK, "setup"], env={**casework.environment, "TEMPORAL_NAMESPACE": name}, capture_output=True, text=True
        )
        if done.returncode == 0 or time.monotonic() > deadline:
            break
        time.sleep(0.5)  # a new namespace takes a moment to be known everywhere
    assert "CaseNumber" in done.stdout, done.stderr
    assert "schema: up to date" in casework("setup", TEMPORAL_NAMESPACE=name)


def test_a_worker_killed_hard_loses_and_doubles_nothing(casework: Line) -> None:
    cases = [casework("open", "forward", stdin=forward()).strip() for _ in range(3)]
    os.kill(casework.worker(), signal.SIGKILL)
    # `up` notices that its worker is gone and stops; what Temporal and PostgreSQL hold stays in the folder.
    casework.up.wait(40)
    again = Line(casework.folder)
    casework.up, casework.port, casework.environment = again.up, again.port, again.environment
    for case in cases:
        casework("do", case, "forward_application", "--as", OFFICER)
        view = json.loads(casework("show", case, "--json"))
        assert [event["type"] for event in view["events"]] == ["opened", "forwarded", "promise_moved"]
        assert view["case_no"]


def test_what_ended_from_outside_is_shown_as_what_it_is_and_doctor_tells_the_records(casework: Line) -> None:
    case = casework("open", "forward", stdin=forward()).strip()
    casework("do", case, "add_note", "-", "--as", OFFICER, "--wait", stdin={"text": "ก"})
    end = [
        temporal_binary(),
        "workflow",
        "terminate",
        "--address",
        casework.environment["TEMPORAL_ADDRESS"],
        "--workflow-id",
        case,
    ]
    subprocess.run([*end, "--reason", "wrong person"], check=True, capture_output=True, timeout=60)
    said = casework("show", case)
    assert "terminated" in said
    assert "wrong person" in said
    assert "possible now" not in said
    assert case not in casework("list", "--json")
    assert f'"case_id": "{case}"' in casework("list", "--closed", "--json")
    found = [json.loads(line) for line in subprocess.run(
        [CASEWORK, "doctor", "--json"], capture_output=True, text=True, env=casework.environment, check=False
    ).stdout.splitlines()]  # fmt: skip
    assert [f["state"] for f in found if f["what"] == case] == ["wrong"]
    assert "the records have it as terminated" in casework("doctor", "--repair", "--json")
    assert case not in casework("doctor", "--json")


def test_a_closed_case_is_shown_from_the_records_and_sent_again_is_the_same(casework: Line) -> None:
    data = forward()
    case = casework("open", "forward", stdin=data).strip()
    casework("do", case, "withdraw", "--as", "x:requester", "--wait")
    deadline = time.monotonic() + 20
    while json.loads(casework("show", case, "--json"))["stage"] != "closed" and time.monotonic() < deadline:
        time.sleep(0.2)
    view = json.loads(casework("show", case, "--json"))
    assert (view["stage"], view["outcome"], view["allowed_commands"]) == ("closed", "withdrawn", [])
    assert [event["type"] for event in view["events"]] == ["opened", "withdrawn", "closed"]
    assert casework("open", "forward", stdin=data).strip() == case
    assert "another request" in casework("open", "forward", stdin={**data, "subject": "อื่น"}, exit_code=3)


def test_help_needs_no_servers_and_no_workflows() -> None:
    code = "import sys, casework.starter.cli.main; print(sorted({'temporalio', 'pydantic', 'asyncpg', 'structlog'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@pytest.mark.parametrize("group", [Casework, Standards])
def test_every_command_that_is_listed_is_there_and_says_what_it_does(group: type[LazyGroup]) -> None:
    for name, lazy in group.commands_at.items():
        command = group(name="x").loaded(name)
        assert command.name == name
        assert command.help
        assert lazy.help.endswith(".") or lazy.help.endswith("?")


def test_show_fits_eighty_columns(casework: Line) -> None:
    case = casework("open", "forward", stdin=forward(subject="ขอขยายสถานีบริการน้ำมันเชื้อเพลิง ริมทางหลวงแผ่นดินหมายเลข ๑ " * 3)).strip()
    casework("do", case, "forward_application", "--as", OFFICER)
    reason = "ลาป่วยและต้องไปราชการต่างจังหวัดเป็นเวลาหลายวัน จึงให้ผู้อื่นดำเนินการแทนไปก่อน"
    casework("do", case, "reassign", "-", "--as", "w:centre_supervisor", stdin={"to": {"id": "p", "name": "ป"}, "reason": reason})
    shown = casework("show", case, COLUMNS="80")
    assert max(map(cell_len, shown.splitlines())) <= 80
    assert "  next " in shown


def test_tab_offers_services_stages_commands_and_open_cases(casework: Line) -> None:
    def tab(words: str) -> list[str]:
        return casework(
            _CASEWORK_COMPLETE="complete_bash", COMP_WORDS=f"casework {words}", COMP_CWORD=str(len(words.split()))
        ).split()

    case = casework("open", "forward", stdin=forward()).strip()
    number = json.loads(casework("show", case, "--json"))["case_no"]
    assert tab("open f") == ["forward"]
    assert tab("list --service forward --stage sub") == ["submitted"]
    assert tab(f"do {case} issue") == ["issue_deficiency_list"]
    assert tab(f"show {case[:-3]}") == [case]
    assert number in tab(f"show {number[:-2]}")
    assert tab("show no-such") == []
