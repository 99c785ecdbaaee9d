"""The voice of the customer: entered once, searched by roles, masked; and what is evidence of service mind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from asyncpg import PostgresError

from casework.adapters.postgres.records import PostgresRecords, RecordsError
from casework.adapters.postgres.voices import NewVoice, PostgresVoices
from casework.reports.evidence import KINDS, NO_GRADE, cases_of, evidence
from casework.reports.masking import MASK, masked
from casework.reports.period import period
from casework.standards.pack.loader import default_pack
from casework.workflows.messages.commands import Rate, RecordCallBack
from tests.office import CITIZEN, SUPERVISOR, Office
from tests.test_improvement import given

NOW = datetime.now(UTC)
YEAR = period("year", str(NOW.year), UTC)


def voice(centre: str, kind: str = "question", words: str = "ขอยื่นทางเว็บได้หรือไม่", **changes: Any) -> NewVoice:
    said = NewVoice(kind, "before", centre, "forward", "phone", "citizen", "requester", None, words, NOW, "somying")
    return said._replace(**changes)


async def test_a_question_is_answered_once_and_the_time_it_took_is_known(records: PostgresRecords) -> None:
    voices, centre = PostgresVoices(records), f"V{uuid4().hex[:6]}"
    number = await voices.add(voice(centre))
    await voices.add(voice(centre, words="เปิดวันเสาร์ไหม"))
    assert len(await voices.search(centre=centre, unanswered=True)) == 2
    assert await voices.answer(number, "ได้ ที่ …", NOW + timedelta(hours=3), "preecha")
    assert not await voices.answer(number, "ไม่ได้", NOW + timedelta(hours=4), "preecha")
    assert not await voices.answer(10**8, "ไม่มี", NOW, "preecha")
    [open_one] = await voices.search(centre=centre, unanswered=True)
    assert open_one["words"] == "เปิดวันเสาร์ไหม"
    rows = await records.rows("SELECT answered, reply_hours FROM casework.report_voices WHERE centre = $1 ORDER BY voice", centre)
    assert [(row["answered"], row["reply_hours"]) for row in rows] == [(True, 3), (False, None)]


async def test_what_was_said_is_never_changed(records: PostgresRecords) -> None:
    number = await PostgresVoices(records).add(voice("JSC"))
    for statement in ("UPDATE casework.voices SET words = 'x'", "DELETE FROM casework.voices"):
        with pytest.raises((RecordsError, PostgresError)):
            await records.rows(f"{statement} WHERE voice_id = $1", number)


async def test_ratings_complaints_and_requests_are_voices_too(office: Office) -> None:
    case = await given(office)
    await case.act(Rate(actor=CITIZEN, scores={"overall": 1}, dissatisfaction="รอนานมาก โทร 081 234 5678", praise="สถานที่ดี"))
    await case.act(RecordCallBack(actor=SUPERVISOR, reached=True))
    complaint = await office.complaint(about_case=case.case_id, details="เจ้าหน้าที่พูดจาไม่สุภาพ")
    question = await office.information()
    voices = PostgresVoices(office.records)
    found = {row["case_no"]: row for row in await voices.search(kind="dissatisfaction")}
    number = (await case.view()).case_no
    assert (found[number]["words"], found[number]["life_stage"]) == ("รอนานมาก โทร 081 234 5678", "after")
    complained = {row["case_no"]: row for row in await voices.search(kind="complaint")}[(await complaint.view()).case_no]
    assert (complained["life_stage"], complained["service"]) == ("after", "one_stop")
    assert (await question.view()).case_no in [row["case_no"] for row in await voices.search(kind="question")]
    themes = default_pack().voices.themes
    assert number in [row["case_no"] for row in await voices.search(words=themes["waiting"].words)]
    assert number not in [row["case_no"] for row in await voices.search(words=themes["place"].words)]
    some, all_of_them = await voices.theme(YEAR.begins, YEAR.ends, None, themes["manner"].words)
    assert 1 <= some <= all_of_them


async def test_a_search_finds_what_is_written_and_not_a_pattern(records: PostgresRecords) -> None:
    voices, centre = PostgresVoices(records), f"V{uuid4().hex[:6]}"
    await voices.add(voice(centre, words="ลด 100% ไหม"))
    await voices.add(voice(centre, words="ลด 1000 บาทไหม"))
    assert [row["words"] for row in await voices.search("100%", centre=centre)] == ["ลด 100% ไหม"]
    assert await voices.search("_", centre=centre) == []


@pytest.mark.parametrize(
    ("words", "name", "read"),
    [
        ("โทร 081-234-5678 หรือ a.b@home.example", None, f"โทร {MASK} หรือ {MASK}"),
        ("เลข 1101700230708 และ ๐๘๑ ๒๓๔ ๕๖๗๘", None, f"เลข {MASK} และ {MASK}"),
        ("คุณสมชาย รักไทย มาเมื่อ 2569 รอ 45 นาที", "สมชาย รักไทย", f"คุณ{MASK} {MASK} มาเมื่อ 2569 รอ 45 นาที"),
        ("+66 81 234 5678", "ก", MASK),
        ("081.234.5678 081/234/5678 (081) 234-5678", None, f"{MASK}"),
        ("081\u2011234\u20115678", None, MASK),
        ("somchai โทรมา", "Somchai Rakthai", f"{MASK} โทรมา"),
        ("สมชายโทรมา", "นายสมชาย รักไทย", f"{MASK}โทรมา"),
        ("มาวันที่ 2026-11-22 เวลา 14:00", None, "มาวันที่ 2026-11-22 เวลา 14:00"),
    ],
)
def test_personal_data_is_masked(words: str, name: str | None, read: str) -> None:
    assert masked(words, name) == read


async def test_evidence_is_counts_with_their_cases_and_no_grade(office: Office) -> None:
    case = await given(office)
    await case.act(Rate(actor=CITIZEN, scores={"overall": 1}))
    await case.act(RecordCallBack(actor=SUPERVISOR, reached=True))
    found = {line.name: line for line in await evidence(office.records, YEAR, "JSC", None)}
    assert set(found) == set(KINDS)
    assert {line.kind.level for line in found.values()} == {1, 2, 3, 4, 5}
    assert all(0 <= line.found <= line.of for line in found.values())
    assert case.case_id in [row["case_id"] for row in await cases_of(office.records, "called_back", YEAR, "JSC", None)]
    for name, line in found.items():
        if line.kind.view == "cases":
            assert len(await cases_of(office.records, name, YEAR, "JSC", None)) == line.found
    assert all(line.found == 0 for line in await evidence(office.records, YEAR, "JSC", "NOBODY"))
    assert "No level of a person or a unit is computed" in NO_GRADE["en"]
    text = " ".join(kind.where + kind.of for kind in KINDS.values())
    assert "officer_id" not in text
    assert "days" not in text  # nothing rewards haste
