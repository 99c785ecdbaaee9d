"""A person's desk: what waits for them, what is theirs, nothing of other agencies."""

from __future__ import annotations

from temporalio.testing import WorkflowEnvironment

from casework.adapters.postgres.records import PostgresRecords
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.starter.client import CaseRow
from casework.starter.desk import Desk, desk_of
from casework.workflows.messages.people import Actor
from tests.counter import Counter
from tests.test_outages import eventually

LIBRARY = StandardsLibrary([default_pack()])
APPLICANT = {"name": "สมชาย รักไทย", "citizen_id": "1101700230708", "email": "s@home.example"}
SOMYING = Actor(id="somying-at-the-desk", role="centre_officer")
MALEE = Actor(id="malee", role="complaint_centre")


def numbers(rows: list[CaseRow]) -> set[str]:
    return {row.case_id for row in rows}


async def test_a_desk_has_what_somebody_can_take_further_and_nothing_of_others(
    temporal: WorkflowEnvironment, records: PostgresRecords
) -> None:
    async with Counter(temporal, records, default_pack()) as counter:
        new, mine = [
            await counter.open(service="forward", documents=[{"name": "คำขอ"}], requester=APPLICANT, centre="JSC")
            for _ in range(2)
        ]
        await mine.send("forward_application", {"actor": SOMYING.model_dump(exclude_none=True)})

        async def desk(actor: Actor) -> Desk:
            return await desk_of(counter.client, LIBRARY, actor)

        async def forwarded() -> bool:
            return mine.case_id in numbers((await desk(MALEE)).waiting)

        await eventually(forwarded)
        hers = await desk(SOMYING)
        assert new.case_id in numbers(hers.waiting)
        assert mine.case_id in numbers(hers.mine)
        assert mine.case_id not in numbers(hers.waiting)
        assert {new.case_id, mine.case_id} <= numbers(hers.due_next)
        assert new.case_id not in numbers((await desk(MALEE)).waiting)
        doeb, dede = (Actor(id="a", role="owner_agency", unit=unit) for unit in ("DOEB", "DEDE"))
        assert mine.case_id not in numbers((await desk(doeb)).waiting)
        await mine.send("assign_to_owner", {"actor": MALEE.model_dump(exclude_none=True), "agency": "DOEB"})

        async def assigned() -> bool:
            return mine.case_id in numbers((await desk(doeb)).waiting)

        await eventually(assigned)
        assert mine.case_id not in numbers((await desk(dede)).waiting)
        view = await new.view()
        assert (view.subject, view.requester) == ("เรื่อง", "ส… ร…")
        for case in (new, mine):
            await case.workflow.terminate()
