"""What all contestants do to the outside world: the same rows in the same PostgreSQL, the same mails to the same server."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Any

from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.ports import Message
from casework.adapters.postgres.records import PostgresRecords
from casework.workflows.messages.events import Event
from casework.workflows.messages.people import Actor, Requester
from casework.workflows.ports import Batch, CaseState, Founding, NoticeFate, NoticeOrder, NoticeStatus

DATABASE, SMTP = "CASEWORK_DATABASE_URL", "CASEWORK_SMTP_URL"
OFFICER = Actor(id="somying", role="centre_officer")
DATA = {"rated": {"scores": {"overall": 4}}}
# The transitions of the two journeys: what is recorded, who is told, where the case then stands.
SHORT: list[tuple[str, list[str], list[str], str]] = [
    ("open", ["opened"], ["case_received"], "submitted"),
    ("redirect", ["redirected", "closed"], ["redirected"], "closed"),
]
LONG: list[tuple[str, list[str], list[str], str]] = [
    ("open", ["opened"], ["case_received"], "submitted"),
    ("forward_application", ["forwarded"], ["case_forwarded", "owner_new_case"], "with_owner"),
    ("assign_to_owner", ["assigned_to_owner"], ["owner_new_case"], "with_owner"),
    ("report_result", ["result_reported"], ["result_notice", "result_notice_centre"], "with_owner"),
    ("", ["everybody_told"], ["satisfaction_invite"], "completed"),  # follows by itself
    ("rate", ["rated", "closed"], [], "closed"),
]
JOURNEYS = {"short": SHORT, "long": LONG}


class Outside:
    """Records and mail."""

    def __init__(self) -> None:
        self.records = PostgresRecords(os.environ[DATABASE])
        self.mail = SmtpNotifier(os.environ[SMTP], "bench@jsc.example")

    async def carry_out(self, case_id: str, number: int, events: list[str], notices: list[str], stage: str) -> dict[str, Any]:
        """One transition: one statement for its rows, a mail for each notice, one statement for their fates."""
        now = datetime.now(UTC)
        batch = Batch(
            case_id=case_id,
            digest="x",
            number=number,
            at=now,
            last_event=number * 10 + len(events),
            state=CaseState(standard_id="bench", standard_version="1", stage=stage),
            founding=_founding(case_id, now) if number == 1 else None,
            events=[
                Event(seq=number * 10 + n, key="k", type=kind, at=now, actor=OFFICER, data=DATA.get(kind, {}))
                for n, kind in enumerate(events)
            ],
            notices=[NoticeOrder(id=f"{number}/{name}", event=number * 10, template=name, to="requester") for name in notices],
        )
        written = await self.records.write(batch)
        for notice in written.claimed:
            text = f"เรียน ผู้รับบริการ เรื่องเลขที่ {written.case_no} {notice.template}"
            await self.mail.send(
                Message(
                    f"{case_id}-{notice.id.replace('/', '-')}", "requester", {"email": "citizen@home.example"}, "เรื่องของท่าน", text
                )
            )
        fates = [NoticeFate(id=notice.id, status=NoticeStatus.SENT, at=now) for notice in written.claimed]
        if fates:
            await self.records.settle(case_id, fates)
        return {"case_no": written.case_no}


def _founding(case_id: str, now: datetime) -> Founding:
    return Founding(
        request_id=case_id,
        digest="x",
        service="forward",
        centre="BENCH",
        year=2569,
        channel="web",
        subject="ขยายสถานี",
        requester=Requester(name="สมชาย", email="citizen@home.example"),
        received_at=now,
        opened_at=now,
    )
