"""How people are told: by the way they wish, by the next one if that refuses, by LINE as its documentation says."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from temporalio.testing import WorkflowEnvironment

from casework.adapters.notify.channels import NoChannel, router_of
from casework.adapters.notify.line import LONGEST, LineNotifier, split
from casework.adapters.notify.router import Router
from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.ports import Message, UndeliverableError
from casework.adapters.postgres.records import PostgresRecords
from casework.standards.pack.loader import default_pack
from tests.counter import Counter
from tests.mailbox import Mailbox

SOMEBODY = f"U{'0123456789abcdef' * 2}"
MESSAGE = Message("ab" * 16, "requester", {"email": "a@home.example", "line": SOMEBODY}, "เรื่อง", "ข้อความ")


class Way:
    def __init__(self, takes: str, *fates: Exception | None) -> None:
        self.takes, self._fates, self.sent = takes, list(fates), 0

    async def send(self, message: Message) -> None:
        fate = self._fates.pop(0) if self._fates else None
        if fate is not None:
            raise fate
        self.sent += 1


async def test_the_first_way_that_reaches_somebody_is_taken_and_their_wish_comes_first() -> None:
    mail, line = Way("email"), Way("line")
    router = Router([("smtp", mail), ("line", line)])
    assert await router.send(MESSAGE) == "smtp"
    assert await router.send(MESSAGE._replace(prefers="line")) == "line"
    assert await router.send(MESSAGE._replace(addresses={"line": SOMEBODY})) == "line"
    assert (mail.sent, line.sent) == (1, 2)


async def test_a_way_that_refuses_for_good_is_followed_by_the_next_and_both_are_named() -> None:
    router = Router([("smtp", Way("email", UndeliverableError("refused (550)"))), ("line", Way("line"))])
    assert await router.send(MESSAGE) == "smtp: refused (550); line"


async def test_a_way_that_is_down_is_not_followed_by_another_since_it_may_have_told() -> None:
    line = Way("line")
    with pytest.raises(ConnectionError):
        await Router([("smtp", Way("email", ConnectionError())), ("line", line)]).send(MESSAGE)
    assert line.sent == 0


async def test_whom_no_way_reaches_is_told_by_letter() -> None:
    with pytest.raises(UndeliverableError, match="no way that is set up reaches the recipient"):
        await Router([("smtp", Way("email"))]).send(MESSAGE._replace(addresses={"phone": "021234567"}))


async def test_what_must_be_in_writing_is_not_read_out() -> None:
    spoken, written = Way("phone"), Way("email")
    both = MESSAGE._replace(addresses={"phone": "021234567", "email": "a@home.example"}, prefers="phone")
    router = Router([("voice", spoken), ("smtp", written)])
    await router.send(both)
    await router.send(both._replace(in_writing=True))
    assert (spoken.sent, written.sent) == (1, 1)


def test_a_worker_without_any_channel_does_not_start() -> None:
    with pytest.raises(NoChannel, match="CASEWORK_CHANNELS names no channel; there are console"):
        router_of([], {})


class Line:
    """A server that takes what LINE's documentation says and nothing else, and answers as it is told to."""

    def __init__(self) -> None:
        self.pushed: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.answers: list[int] = []
        self.wrong: list[str] = []


@contextmanager
def line_server() -> Iterator[tuple[Line, str]]:
    """LINE on loopback."""
    line = Line()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for ok, what in (
                (self.path == "/v2/bot/message/push", self.path),
                (self.headers["Authorization"] == "Bearer secret", "authorization"),
                (self.headers["Content-Type"].startswith("application/json"), "content type"),
                (set(body) <= {"to", "messages", "notificationDisabled", "customAggregationUnits"}, str(body)),
                (1 <= len(body["messages"]) <= 5, "1 to 5 messages"),
                (all(each["type"] == "text" and 0 < len(each["text"]) <= LONGEST for each in body["messages"]), "text"),
                (str(UUID(self.headers["X-Line-Retry-Key"])) == self.headers["X-Line-Retry-Key"], "retry key"),
            ):
                if not ok:
                    line.wrong.append(what)
            line.keys.append(self.headers["X-Line-Retry-Key"])
            code = line.answers.pop(0) if line.answers else 200
            if code == 200:
                line.pushed.append(body)
            answer = json.dumps({"sentMessages": [{"id": "1"}]} if code == 200 else {"message": "no"}).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield line, f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


async def test_line_gets_the_documented_request_with_one_retry_key_for_every_try() -> None:
    with line_server() as (line, url):
        line.answers = [500, 409]
        notifier = LineNotifier("secret", url)
        with pytest.raises(ConnectionError, match="LINE answered 500"):
            await notifier.send(MESSAGE)
        await notifier.send(MESSAGE)  # 409: the first try had reached it after all
        await notifier.send(MESSAGE._replace(key="cd" * 16))
        assert line.wrong == []
        assert line.keys == [str(UUID("ab" * 16)), str(UUID("ab" * 16)), str(UUID("cd" * 16))]
        assert line.pushed == [
            {"to": SOMEBODY, "messages": [{"type": "text", "text": "เรื่อง\n\nข้อความ"}], "notificationDisabled": False}
        ]


@pytest.mark.parametrize(
    ("code", "error"), [(400, UndeliverableError), (404, UndeliverableError), (401, ConnectionError), (429, ConnectionError)]
)
async def test_what_line_refuses_for_good_is_told_another_way_and_all_else_is_tried_again(
    code: int, error: type[Exception]
) -> None:
    with line_server() as (line, url):
        line.answers = [code]
        with pytest.raises(error, match=str(code)):
            await LineNotifier("secret", url).send(MESSAGE)
        assert line.pushed == []


def test_a_long_text_goes_in_parts_and_loses_nothing_it_need_not_lose() -> None:
    text = "\n".join(f"บรรทัดที่ {number} 🙂" for number in range(1200))
    parts = split(text)
    assert "\n".join(parts) == text
    assert all(len(part.encode("utf-16-le")) // 2 <= LONGEST for part in parts)
    assert 1 < len(parts) <= 5
    assert split("ก" * 30_000)[-1].endswith("…")


async def test_a_requester_on_line_is_told_there_and_the_records_say_so(
    temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox
) -> None:
    with line_server() as (line, url):
        router = Router([("smtp", SmtpNotifier(mailbox.url, "a@b.example")), ("line", LineNotifier("secret", url))])
        async with Counter(temporal, records, default_pack(), notifier=router) as counter:
            told = {
                "name": "ก",
                "citizen_id": "1101700230708",
                "line_id": SOMEBODY,
                "email": "line@home.example",
                "prefers": "line",
            }
            line.answers = [400]
            case = await counter.open(service="forward", documents=[{"name": "คำขอ"}], requester=told)
            reply = await case.send("forward_application", {"actor": {"id": "somying", "role": "centre_officer"}})
            await case.recorded(reply)
            went = await records.rows(
                "SELECT template, status, sent_by FROM casework.notices WHERE case_id = $1 AND recipient = 'requester'",
                case.case_id,
            )
            await case.workflow.terminate()
    ways = {row["template"]: (row["status"], row["sent_by"]) for row in went}
    assert ways["case_received"] == ("sent", "line: LINE refused the recipient or the text (400); smtp")
    assert ways["case_forwarded"] == ("sent", "line")
    assert len(line.pushed) == 1


async def test_who_wishes_a_letter_gets_one(temporal: WorkflowEnvironment, records: PostgresRecords) -> None:
    async with Counter(temporal, records, default_pack()) as counter:
        wishes = {
            "name": "ก",
            "citizen_id": "1101700230708",
            "email": "l@home.example",
            "prefers": "letter",
            "postal": "9 ถนนพหลโยธิน",
        }
        case = await counter.open(service="forward", documents=[{"name": "คำขอ"}], requester=wishes)
        await case.recorded(await case.send("forward_application", {"actor": {"id": "somying", "role": "centre_officer"}}))
        notices = {notice.template: notice.status for notice in (await case.view()).notices if notice.to == "requester"}
        assert notices["case_received"] == "by_hand"
        assert "l@home.example" not in counter.addresses()
        letters = [letter for letter in await records.letters() if letter.case_id == case.case_id]
        await case.workflow.terminate()
    assert letters[0].letter is not None
    assert letters[0].letter.postal == "9 ถนนพหลโยธิน"


@pytest.mark.parametrize(
    ("names", "environment", "says"),
    [
        (["smtp"], {}, "CASEWORK_SMTP_URL is not set, and CASEWORK_CHANNELS names smtp"),
        (["line"], {}, "CASEWORK_LINE_TOKEN is not set, and CASEWORK_CHANNELS names line"),
        (["pigeon"], {}, "CASEWORK_CHANNELS: unknown channel pigeon; there are console, line, smtp"),
        (["smtp"], {"CASEWORK_SMTP_URL": "http://x"}, "CASEWORK_CHANNELS: smtp: the mail server must be smtp://host:port"),
    ],
)
def test_a_channel_that_cannot_be_set_up_says_why(names: list[str], environment: dict[str, str], says: str) -> None:
    with pytest.raises(NoChannel) as found:
        router_of(names, environment)
    assert says in str(found.value)


async def test_a_package_brings_its_own_channel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pigeons.py").write_text(
        "class Pigeon:\n"
        "    takes = 'postal'\n"
        "    def __init__(self, given): self.loft = given['loft']\n"
        "    async def send(self, message): message.at('postal')\n"
    )
    metadata = tmp_path / "pigeons-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: pigeons\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[casework.channels]\npigeon = pigeons:Pigeon\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(NoChannel, match="CASEWORK_PIGEON_LOFT is not set"):
        router_of(["pigeon"], {})
    router = router_of(["pigeon"], {"CASEWORK_PIGEON_LOFT": "roof"})
    assert await router.send(MESSAGE._replace(addresses={"postal": "9 ถนน"})) == "pigeon"
