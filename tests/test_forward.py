"""Forward: every branch and outcome of service 1.2."""

from __future__ import annotations

import pytest

from casework.workflows.contracts import *
from tests.office import *

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_complete_application_is_forwarded_acted_on_and_both_are_told(office: Office) -> None:
    case = await office.forward()
    print(await case.view())
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    view = await case.view()
    await case.pass_time(view.clocks[-1].due_at)
    print(await case.types())
    r = await case.act(ReportResult(actor=OWNER, result="ตรวจแล้ว"))
    print(r)
    await case.act(Rate(actor=CITIZEN, scores={"overall": 5}))
    print(await case.handle.result())
    print(await case.types())
    for m in case.mails(): print(m["Subject"], m.get_content())
    h = await case.handle.workflow.fetch_history()
    from collections import Counter
    from temporalio.api.enums.v1 import EventType
    print(len(h.events), h.to_json().__len__(), Counter(EventType.Name(e.event_type) for e in h.events))
    for e in h.events: print(e.event_id, EventType.Name(e.event_type)[11:], e.ByteSize())
    assert 0
