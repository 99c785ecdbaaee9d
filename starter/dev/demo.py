"""The story that `casework demo` plays: one case of each service, and one that nobody answers in time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any
from uuid import uuid4

from casework.adapters.postgres.records import PostgresRecords
from casework.starter.cli.printing import console, local, print_events, say, table
from casework.starter.client import CaseClient, CaseHandle
from casework.starter.dev.embedded import NOTICES, Embedded
from casework.starter.services import spoken
from casework.workflows.messages.commands import Rate, RecordCallBack, StartService
from casework.workflows.messages.forward import (
    AssignToOwner,
    CompleteDocuments,
    ForwardApplication,
    ForwardRequest,
    IssueDeficiencyList,
    ReportResult,
)
from casework.workflows.messages.information_request import InformationRequest, RecordOwnerReply, ReferToOwner, TellRequester
from casework.workflows.messages.one_stop import BeginPublications, GivePublications, OneStopRequest
from casework.workflows.messages.people import Actor, Document, Officer, Requester
from casework.workflows.messages.views import CaseView

COUNTER = Actor(id="somying", role="centre_officer", unit="JSC")
SOMYING = Officer(id="somying", name="สมหญิง ใจดี")
SUPERVISOR = Actor(id="prasert", role="centre_supervisor")
COMPLAINTS = Actor(id="malee", role="complaint_centre", unit="CC")
OWNER = Actor(id="anan", role="owner_agency", unit="DOEB")
CITIZEN = Actor(id="requester", role="requester")
# A number made up for the demonstration; its check digit is right, and the case keeps it masked.
REQUESTER = Requester(name="สมชาย รักไทย", email="somchai@home.example", citizen_id="1101700230708")

COLOURS = {"A": "cyan", "B": "magenta", "C": "yellow", "D": "green"}


class Account:
    """Prints what happens in all cases, one line an event, as it happens."""

    def __init__(self) -> None:
        self.began = datetime.now().astimezone()

    async def follow(self, letter: str, case: CaseHandle) -> CaseView:
        """Print a case's events until it closes."""
        seen, stage = 0, None
        view = await case.view()
        async for view in case.changes():
            for event in view.events:
                if event.seq > seen:
                    seconds = (event.at - self.began).total_seconds()
                    console.print(f"[dim]{seconds:>5.1f}s[/] [bold {COLOURS[letter]}]{letter}[/]  {say(event)}")
                    seen = event.seq
            if view.stage != stage:
                stage = view.stage
                console.print(f"       [{COLOURS[letter]}]{letter}[/]  [dim]→ {spoken(view.service, stage)}[/]")
        return view


async def play(servers: Embedded) -> None:
    """Open four cases, act on three, leave one unanswered; then show what the records hold."""
    client = await CaseClient.connect(servers.temporal_address)
    console.rule("[bold]casework: four matters at a joint service centre")
    console.print(
        f"Temporal UI [link={servers.ui_url}]{servers.ui_url}[/link]   limits are seconds here, the office never closes\n"
    )
    account = Account()
    stories: list[tuple[str, str, Any, Callable[[CaseHandle], Coroutine[Any, Any, None]]]] = [
        ("A", "information request: the centre does not hold it, the owner agency answers", _information(), information),
        ("B", "forward: papers missing, completed, forwarded, acted on, both told", _forward("ขอขยายสถานีบริการน้ำมัน"), forward),
        (
            "C",
            "forward: nobody acts; the clock chases, escalates, breaches, tells the requester",
            _forward("ร้องเรียนคุณภาพน้ำมัน"),
            silence,
        ),
        ("D", "one-stop: publications handed over at the counter", _visit(), visit),
    ]
    opened = []
    for letter, title, request, story in stories:
        case = await client.open(request)
        console.print(
            f"[bold {COLOURS[letter]}]{letter}[/]  {title}\n   {servers.ui_url}/namespaces/default/workflows/{case.case_id}"
        )
        opened.append((letter, case, story))
    console.print()
    async with asyncio.TaskGroup() as group:
        for letter, case, story in opened:
            group.create_task(account.follow(letter, case))
            group.create_task(story(case))
    for _, case, _ in opened:
        await case.result()
    await _records(servers, [(letter, case.case_id) for letter, case, _ in opened])


async def information(case: CaseHandle) -> None:
    """Not held: referred, answered, told."""
    await case.act(StartService(actor=COUNTER, officer=SOMYING, point=2))
    await asyncio.sleep(2)
    await case.act(ReferToOwner(actor=COUNTER, agency="DOEB", question="รายชื่อสถานีบริการ LPG ในจังหวัด", papers=["แบบคำขอ"]))
    await asyncio.sleep(6)
    await case.act(RecordOwnerReply(actor=OWNER, answer="รายชื่อ 14 แห่ง ตามเอกสารแนบ"))
    await asyncio.sleep(1)
    await case.act(TellRequester(actor=COUNTER))
    await asyncio.sleep(1)
    await case.act(Rate(actor=CITIZEN, scores={"overall": 5, "officer": 5}, praise="เจ้าหน้าที่ติดตามให้จนได้"))


async def forward(case: CaseHandle) -> None:
    """One deficiency list, then the whole way."""
    await asyncio.sleep(1)
    await case.act(IssueDeficiencyList(actor=COUNTER, missing=["สำเนาโฉนดที่ดิน"]))
    await asyncio.sleep(2)
    await case.act(CompleteDocuments(actor=CITIZEN, documents=[Document(name="สำเนาโฉนดที่ดิน")]))
    await case.act(ForwardApplication(actor=COUNTER))
    await asyncio.sleep(1)
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await asyncio.sleep(3)
    await case.act(ReportResult(actor=OWNER, result="อนุญาตให้ขยายสถานีบริการ"))
    await asyncio.sleep(1)
    await case.act(Rate(actor=CITIZEN, scores={"overall": 4}))


async def silence(case: CaseHandle) -> None:
    """The owner agency is asked, and says nothing until long after the limit; the requester rates it low and is called back."""
    await case.act(ForwardApplication(actor=COUNTER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    await asyncio.sleep(25)
    await case.act(ReportResult(actor=OWNER, result="ตรวจสอบแล้ว น้ำมันได้มาตรฐาน"))
    await asyncio.sleep(1)
    await case.act(Rate(actor=CITIZEN, scores={"overall": 2}, dissatisfaction="รอนานเกินกำหนด"))
    await asyncio.sleep(2)
    said = "ขอบคุณที่โทรมา ขอให้แจ้งความคืบหน้าเร็วกว่านี้"
    await case.act(RecordCallBack(actor=SUPERVISOR, reached=True, said=said))


async def visit(case: CaseHandle) -> None:
    """Publications on the spot; the requester leaves without rating."""
    await case.act(StartService(actor=COUNTER, officer=SOMYING, point=6))
    await asyncio.sleep(1)
    await case.act(BeginPublications(actor=COUNTER, wanted=["คู่มือประหยัดพลังงานในบ้าน"]))
    await asyncio.sleep(1)
    await case.act(GivePublications(actor=COUNTER, given=["คู่มือประหยัดพลังงานในบ้าน"]))


async def _records(servers: Embedded, cases: list[tuple[str, str]]) -> None:
    records = PostgresRecords(servers.database_url)
    try:
        console.print()
        console.rule("[bold]what PostgreSQL holds")
        summary = table("", "case", "events", "notices sent", "by hand", "still owed")
        for letter, case_id in cases:
            events, notices = await records.events(case_id), await records.notices(case_id)
            fates = [notice["status"] for notice in notices]
            summary.add_row(
                letter, case_id, str(len(events)), str(fates.count("sent")), str(fates.count("by_hand")), str(fates.count("owed"))
            )
        console.print(summary)
        letter, case_id = cases[2]
        zone = datetime.now().astimezone().tzinfo
        print_events(await records.events(case_id), zone, f"\n{letter}, the case nobody answered:")
        told = table("  notice", "to", "fate", "at")
        for notice in await records.notices(case_id):
            told.add_row(f"  {notice['template']}", notice["recipient"], notice["status"], local(notice["settled_at"], zone))
        console.print(told)
    finally:
        await records.close()
    console.print(f"\nevery notice in words: {servers.folder / NOTICES}")


def _information() -> InformationRequest:
    return InformationRequest(centre="JSC", request_id=uuid4().hex, requester=REQUESTER, subject="รายชื่อสถานีบริการ LPG")


def _forward(subject: str) -> ForwardRequest:
    return ForwardRequest(
        centre="JSC", request_id=uuid4().hex, requester=REQUESTER, subject=subject, documents=[Document(name="คำขอ")]
    )


def _visit() -> OneStopRequest:
    return OneStopRequest(centre="JSC", request_id=uuid4().hex, requester=REQUESTER, subject="คู่มือประหยัดพลังงาน")
