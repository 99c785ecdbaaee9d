"""Several centres on one worker: their registers, their addresses; two ministries never count in one register."""

from __future__ import annotations

import re
from datetime import date

import pytest
from temporalio.testing import WorkflowEnvironment

from casework.adapters.postgres.records import PostgresRecords
from casework.standards.pack.layers import merged
from casework.standards.pack.loader import PackError, StandardsLibrary, default_pack
from casework.standards.pack.model import ServiceStandards
from tests.counter import Counter

CENTRES = {
    "CNX": {"th": "ศูนย์บริการร่วม เชียงใหม่", "en": "Chiang Mai", "registry": "ชม", "contacts": {"complaint_centre": "cnx@cc.example"}},
}  # fmt: skip


def pack(name: str, **changes: object) -> ServiceStandards:
    return ServiceStandards.model_validate(merged(default_pack().model_dump(mode="json", by_alias=True), {"id": name, **changes}))


async def test_each_centre_has_its_register_and_its_addresses(temporal: WorkflowEnvironment, records: PostgresRecords) -> None:
    async with Counter(temporal, records, pack("two-centres", centres=CENTRES)) as counter:
        numbers, told = {}, {}
        for centre in ("JSC", "CNX"):
            request = {"service": "forward", "centre": centre, "documents": [{"name": "คำขอ"}]}
            case = await counter.open(
                **request, requester={"name": "ก", "email": "a@home.example", "citizen_id": "1101700230708"}
            )
            reply = await case.send("forward_application", {"actor": {"id": "somying", "role": "centre_officer"}})
            view = await case.recorded(reply)
            numbers[centre] = view.case_no
            told[centre] = counter.addresses()
            await case.workflow.terminate()
    assert re.fullmatch(r"JSC-25\d\d-\d{5}", str(numbers["JSC"]))
    assert re.fullmatch(r"ชม-25\d\d-00001", str(numbers["CNX"]))
    assert "complaints@cc.example" in told["JSC"]
    assert "cnx@cc.example" in told["CNX"]


def test_two_ministries_never_share_a_register() -> None:
    other = {"ministry": {"th": "กระทรวงอื่น", "en": "Another ministry"}}
    with pytest.raises(PackError, match=r"counts in the registry JSC for another ministry"):
        StandardsLibrary([pack("a"), pack("b", organisation=other)])
    apart = pack("b", organisation={**other, "centre": {"code": "OTH", "th": "อื่น", "en": "other"}})
    assert StandardsLibrary([pack("a"), apart]).packs[1].known_centres == ["OTH"]


def test_who_acts_for_an_absent_role_is_said_by_dates() -> None:
    with pytest.raises(ValueError, match="a last day that is not before the first"):
        pack("x", acting=[{"role": "centre_head", "by": "centre_supervisor", "from": "2026-03-04", "until": "2026-03-03"}])
    [one] = pack(
        "x", acting=[{"role": "centre_head", "by": "centre_supervisor", "from": "2026-03-04", "until": "2026-03-05"}]
    ).acting
    assert (one.first_day, one.last_day) == (date(2026, 3, 4), date(2026, 3, 5))
