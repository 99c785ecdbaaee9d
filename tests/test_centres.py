"""Several centres on one worker: their registers, their addresses; two ministries never count in one register."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment

from casework.adapters.postgres.records import PostgresRecords
from casework.standards.pack.layers import merged
from casework.standards.pack.loader import PackError, StandardsLibrary, default_pack
from casework.standards.pack.model import ServiceStandards
from casework.workflows.pack_needs import unserved
from casework.workflows.processes import installed
from tests.counter import Counter

CENTRES = {
    "CNX": {"th": "ศูนย์บริการร่วม เชียงใหม่", "en": "Chiang Mai", "registry": "ชม", "hours": [{"open": "09:00", "close": "15:00"}], "contacts": {"complaint_centre": "cnx@cc.example"}},
}  # fmt: skip


def pack(name: str, **changes: object) -> ServiceStandards:
    return ServiceStandards.model_validate(merged(default_pack().model_dump(mode="json", by_alias=True), {"id": name, **changes}))


async def test_each_centre_has_its_register_and_its_addresses(temporal: WorkflowEnvironment, records: PostgresRecords) -> None:
    async with Counter(temporal, records, pack("two-centres", centres=CENTRES)) as counter:
        numbers, told, said = {}, {}, {}
        for centre in ("JSC", "CNX"):
            request = {"service": "forward", "centre": centre, "documents": [{"name": "คำขอ"}]}
            case = await counter.open(
                **request, requester={"name": "ก", "email": "a@home.example", "citizen_id": "1101700230708"}
            )
            reply = await case.send("forward_application", {"actor": {"id": "somying", "role": "centre_officer"}})
            view = await case.recorded(reply)
            numbers[centre] = view.case_no
            sent = counter.messages()
            told[centre] = [message.addresses.get("email") for message in sent]
            [received] = [message for message in sent if message.to == "requester" and message.template == "case_received"]
            said[centre] = f"{received.subject}\n{received.body}"
            await case.workflow.terminate()
    assert re.fullmatch(r"JSC-25\d\d-\d{5}", str(numbers["JSC"]))
    assert re.fullmatch(r"ชม-25\d\d-00001", str(numbers["CNX"]))
    assert "complaints@cc.example" in told["JSC"]
    assert "cnx@cc.example" in told["CNX"]
    assert "เวลา 08.30-16.30 น." in said["JSC"]
    assert "เวลา 09.00-15.00 น." in said["CNX"]
    assert "ติดต่อ ศูนย์บริการร่วม เชียงใหม่" in said["CNX"]
    assert "ศูนย์บริการร่วม กระทรวงพลังงาน" not in said["CNX"]


async def test_two_centres_may_have_the_same_request_id(temporal: WorkflowEnvironment, records: PostgresRecords) -> None:
    async with Counter(temporal, records, pack("twins", centres=CENTRES)) as counter:
        request = {"service": "one_stop", "request_id": uuid4().hex}
        here, there = await counter.open(**request, centre="JSC"), await counter.open(**request, centre="CNX")
        assert here.case_id != there.case_id
        assert not there.existed
        for case in (here, there):
            await case.workflow.terminate()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"centres": {"JSC": {"th": "ก", "en": "a"}}}, "centres.JSC: this is the organisation's own centre"),
        ({"centres": {"CNX": {"th": "ก", "en": "a", "contacts": {"centre_hed": "a@b.example"}}}}, "unknown role centre_hed"),
        ({"centres": {"CNX": {"th": "ก", "en": "a", "registry": "JSC"}}}, "two centres count in the registry JSC"),
        (
            {"acting": [{"role": "centre_head", "by": "centre_hed", "from": "2026-03-04", "until": "2026-03-05"}]},
            "unknown role centre_hed",
        ),
        (
            {"acting": [{"role": "centre_head", "by": "centre", "from": "2026-03-04", "until": "2026-03-05", "centre": "X"}]},
            "unknown centre X",
        ),
        (
            {
                "acting": [
                    {"role": "centre_head", "by": "centre_supervisor", "from": "2026-03-04", "until": "2026-03-05"},
                    {"role": "centre_supervisor", "by": "centre", "from": "2026-03-05", "until": "2026-03-06"},
                ]
            },
            "acting[0].by: centre_supervisor is absent itself in that time",
        ),
        ({"commands": {"one_stop": {"any": {"add_note": ["centre_offizer"]}}}}, "the role centre_offizer has no address"),
    ],
)
def test_a_name_that_means_nobody_is_found_before_a_worker_serves_it(changes: dict[str, Any], says: str) -> None:
    problems = unserved(pack("x", **changes), installed())
    assert any(says in problem for problem in problems), problems


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
