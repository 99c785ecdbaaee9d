"""What people read: the text for this reader, the date that was told before, what stands where a case has nothing to say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from casework.activities.composing import compose, letter_of
from casework.adapters.ports import OfficerCard, OwedNotice
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.pack.loader import default_pack
from casework.workflows.messages.people import Officer, Requester
from casework.workflows.ports import CaseState

PACK = default_pack()
CALENDAR = PackCalculator(PACK).calendar
AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)


def said(template: str, to: str = "requester", officer: OfficerCard | None = None, **values: Any) -> str:
    """The message in words."""
    message = compose(PACK, CALENDAR, notice(template, to, officer, **values))
    assert message is not None
    return f"{message.address}\n{message.subject}\n{message.body}"


def notice(template: str, to: str = "requester", officer: OfficerCard | None = None, **values: Any) -> OwedNotice:
    return OwedNotice(
        id="1", case_id="forward-7K3QX9M2TD", case_no="JSC-2569-00001", service="forward", centre="JSC", template=template, to=to,
        values=values, ordered_at=AT, received_at=AT, subject="ขยายสถานี", officer=officer,
        requester=Requester(name="สมชาย", email="a@home.example"),
        state=CaseState(
            standard_id="moe-jsc", standard_version="2569.1", stage="with_owner", officer=Officer(id="nok"), agency="DOEB",
        ),
    )  # fmt: skip


def test_the_complaint_centre_reads_what_it_is_to_do_and_officers_no_salutation_to_the_citizen() -> None:
    due = (AT + timedelta(days=1)).isoformat()
    assert "มาเพื่อโปรดส่งต่อให้ส่วนราชการเจ้าของเรื่องภายใน" in said("owner_new_case", "complaint_centre", due_at=due)
    assert "มาเพื่อพิจารณาดำเนินการ" in said("owner_new_case", "owner_agency", due_at=due)
    assert "เรียน ผู้เกี่ยวข้อง" in said("case_resumed", "centre_supervisor", due_at=due)
    assert "เรียน คุณสมชาย" in said("case_resumed", due_at=due)


def test_a_date_that_moved_is_told_with_the_one_before_and_a_later_one_is_regretted() -> None:
    first, second = AT + timedelta(days=1), AT + timedelta(days=8)
    later = said("case_paused", old_due_at=first.isoformat(), due_at=second.isoformat(), reply_by=second.isoformat())
    assert "กำหนดเดิมคือวันที่ 3 มีนาคม 2569" in later
    assert "ขออภัยในความไม่สะดวก" in later
    earlier = said("case_forwarded", old_due_at=second.isoformat(), due_at=first.isoformat())
    assert "the date before was 10 March 2026" in earlier
    assert "ขออภัย" not in earlier
    assert "กำหนดเดิม" not in said("case_forwarded", due_at=first.isoformat())


def test_what_is_not_known_leaves_no_hole() -> None:
    assert "by the end of the time given in the letter" in said("documents_reminder", missing_list=["ก"], reply_by=None)
    assert "due by the time in the service standard" in said("case_reassigned", "assigned_officer", reason="ลา")


@pytest.mark.parametrize(
    ("away", "address", "name"),
    [
        (None, "nok@jsc.example", "นก ใจดี\n"),
        ((date(2026, 3, 2), date(2026, 3, 2)), "preecha@jsc.example", "ปรีชา มั่นคง นักวิชาการ (ปฏิบัติหน้าที่แทน นก ใจดี)"),
        ((date(2026, 3, 3), date(2026, 3, 9)), "nok@jsc.example", "นก ใจดี\n"),
    ],
)
def test_who_stands_in_gets_the_warnings_and_is_named(away: tuple[date, date] | None, address: str, name: str) -> None:
    instead = OfficerCard(name="ปรีชา มั่นคง", position="นักวิชาการ", email="preecha@jsc.example")
    days = {"away_from": away[0], "away_until": away[1], "stand_in": instead} if away else {}
    card = OfficerCard.model_validate({"name": "นก ใจดี", "email": "nok@jsc.example", **days})
    told = said("officer_warning", "assigned_officer", card, due_at=AT.isoformat(), step="check_forward")
    assert told.startswith(address)
    assert name in told
    nobody = OfficerCard.model_validate({"name": "นก ใจดี", "email": "nok@jsc.example", **days, "stand_in": OfficerCard(name="ป")})
    if away and away[0] == date(2026, 3, 2):
        assert said("officer_warning", "assigned_officer", nobody, step="x").startswith("counter@jsc.example")


def test_a_letter_counts_from_its_service_and_says_how_it_was_posted() -> None:
    limit = {"n": 15, "unit": "calendar_day"}
    [thai, english] = letter_of(PACK, CALENDAR, notice("documents_incomplete", missing_list=["ก"], from_service=limit)).pages
    assert "ภายใน 15 วันนับแต่วันที่ท่านได้รับหนังสือฉบับนี้ (หากส่งทางไปรษณีย์ตอบรับ ถือว่าได้รับเมื่อครบ 7 วัน" in thai.text
    assert english.text.startswith("Dear สมชาย,\n")
    assert thai.foot.startswith("ขอแสดงความนับถือ\n")
