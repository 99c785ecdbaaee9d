"""An agency that embeds casework: its own worker, its own records, its own way to tell people, its own workflow.

pip install casework
python worker.py            # TEMPORAL_ADDRESS says where Temporal is; run `casework setup` there once
"""

import asyncio
import os
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from temporalio.client import Client
from temporalio.worker import Worker
from workflows.licence import GrantLicence, LicenceProcess, LicenceRequest, ReportInspection  # the agency's own package
from workflows.station_permit import StationPermit

from casework.adapters.ports import Letter, Message, OwedNotice, Written
from casework.leaving import leave
from casework.plugin import CaseworkPlugin
from casework.standards.counting.calendar_rules import CalendarChange
from casework.standards.pack.loader import StandardsLibrary, load_pack
from casework.starter.client import CaseClient, CaseHandle
from casework.starter.errors import NotFound
from casework.workflows.messages.commands import Rate
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication, ForwardRequest, ReportResult
from casework.workflows.messages.people import Actor, Document, Requester
from casework.workflows.names import case_id
from casework.workflows.ports import Batch, Founding, NoticeFate, NoticeStatus

PACK = Path(__file__).parent / "petrol.yaml"


class Ledger:
    """The agency's own records. A real one writes a database; both write what they already have only once."""

    def __init__(self) -> None:
        self.founding: dict[str, Founding] = {}
        self.events: dict[tuple[str, int, str], str] = {}
        self.notices: dict[str, OwedNotice] = {}
        self.fate: dict[str, NoticeFate] = {}

    async def write(self, batch: Batch) -> Written:
        if batch.founding:
            self.founding[batch.case_id] = batch.founding
        about = self.founding[batch.case_id]  # a batch that came before the first one is tried again
        number = f"PERMIT-{about.year}-1"
        self.events |= {(batch.case_id, event.seq, event.key): event.type for event in batch.events}
        new = [OwedNotice.of(batch, one, number, about) for one in batch.notices if one.id not in self.fate]
        self.notices |= {one.id: one for one in new}
        self.fate |= {one.id: NoticeFate(id=one.id, status=NoticeStatus.OWED, at=datetime.now(UTC)) for one in new}
        return Written(case_no=number, claimed=new)

    async def fates(self, case_id: str, notice_ids: Sequence[str]) -> list[NoticeFate]:
        return [self.fate[one] for one in notice_ids if one in self.fate]

    async def claim(self, case_id: str, notice_id: str) -> OwedNotice | None:
        return self.notices[notice_id] if self.fate[notice_id].status is NoticeStatus.OWED else None

    async def settle(
        self,
        case_id: str,
        fates: Sequence[NoticeFate],
        letters: Mapping[str, Letter] | None = None,
        ways: Mapping[str, str] | None = None,
    ) -> None:
        self.fate |= {fate.id: fate for fate in fates}

    async def handlers(self, case: str) -> list[str]:
        return []  # this agency takes no complaints

    async def calendar_changes(self) -> list[CalendarChange]:
        return []  # this agency keeps the published calendar


class Pager:
    """The agency's own way to tell people."""

    async def send(self, message: Message) -> None:
        print(f"page {message.address}: {message.subject}")


async def is_there(case: CaseHandle) -> bool:
    """Whether the permit has started its case by now."""
    try:
        return bool((await case.view()).case_no)
    except NotFound:
        return False


async def main() -> None:
    ledger = Ledger()
    plugin = CaseworkPlugin(StandardsLibrary([load_pack(PACK)]), ledger, Pager(), processes=[LicenceProcess])
    client = await Client.connect(os.environ.get("TEMPORAL_ADDRESS", "localhost:7233"), plugins=[plugin])
    queue = f"petrol-{uuid4().hex[:6]}"
    async with Worker(client, task_queue=queue, workflows=[StationPermit]):
        requester = Requester(
            name="บริษัท ปั๊มดี จำกัด", email="owner@station.example", segment="business", other_identity="0105551234567"
        )
        application = ForwardRequest(
            centre="JSC", request_id=uuid4().hex, requester=requester, subject="ขยายสถานี", documents=[Document(name="คำขอ")]
        )
        permit = await client.start_workflow(
            StationPermit.run, application, id=f"permit-{application.request_id}", task_queue=queue
        )
        case = CaseClient(client, queue).case(case_id("forward", application.centre, application.request_id))
        while not await is_there(case):
            await asyncio.sleep(0.1)
        await case.act(ForwardApplication(actor=Actor(id="nok", role="centre_officer")))
        await case.act(AssignToOwner(actor=Actor(id="malee", role="complaint_centre"), agency="DOEB"))
        await case.act(ReportResult(actor=Actor(id="anan", role="owner_agency", unit="DOEB"), result="อนุญาต"))
        await case.wait(lambda view: view.stage == "completed")
        await case.act(Rate(actor=Actor(id="r", role="requester"), scores={"overall": 5}))
        print(await permit.result())

        licence = await CaseClient(client, queue).open(
            LicenceRequest(centre="JSC", request_id=uuid4().hex, requester=requester, subject="คลังน้ำมัน", premises="9 ถนนพหลโยธิน")
        )
        inspector, head = Actor(id="nok", role="centre_officer"), Actor(id="wichai", role="centre_head")
        await licence.act(ReportInspection(actor=inspector, fit=True, findings="ถังเก็บได้มาตรฐาน"))
        await licence.act(GrantLicence(actor=head, number="12/2569"))
        await licence.wait(lambda view: view.stage == "decided")
        await licence.act(Rate(actor=Actor(id="r", role="requester"), scores={"overall": 5}))
        print(f"licence: {(await licence.result()).outcome}")
        print("ledger:", ", ".join(ledger.events.values()))


if __name__ == "__main__":
    asyncio.run(main())
    leave(0)
