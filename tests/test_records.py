"""The records: what is written twice is there once, what belongs together commits together, nothing is ever rewritten."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from casework.adapters.postgres import records as postgres
from casework.adapters.postgres import statements
from casework.adapters.postgres.records import Migration, PostgresRecords, RecordsError, SchemaError, migrations
from casework.workflows.messages.events import Event
from casework.workflows.messages.people import Actor, Requester
from casework.workflows.messages.views import PauseView
from casework.workflows.ports import Batch, CaseState, Founding, KeptClocks, NoticeFate, NoticeOrder, NoticeStatus, ResetMark
from tests.office import CITIZEN_ID

NOW = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
OFFICER = Actor(id="somying", role="centre_officer", unit="JSC")


def batch(case_id: str, *seqs: int, at: datetime = NOW, founds: bool | None = None, **changes: Any) -> Batch:
    """A batch as a case hands it over; the one with event 1 founds the case."""
    founding = Founding(
        request_id=case_id,
        digest="d",
        service="forward",
        centre=changes.pop("centre", "JSC"),
        year=changes.pop("year", 2569),
        channel="web",
        subject="ก",
        requester=Requester(name="สมชาย", citizen_id=CITIZEN_ID),
        received_at=NOW,
        opened_at=NOW,
    )
    state = CaseState(standard_id="moe-jsc", standard_version="2569.1", stage=changes.pop("stage", "submitted"))
    data: dict[int, dict[str, Any]] = changes.pop("data", {})
    types: dict[int, str] = changes.pop("types", {})
    key = at.strftime("%d%H%M")
    events = [
        Event(seq=n, key=key, type=types.get(n, f"event_{n}"), at=at + timedelta(seconds=n), actor=OFFICER, data=data.get(n, {}))
        for n in seqs
    ]
    last = max(seqs, default=1)
    return Batch(
        case_id=case_id,
        digest=changes.pop("digest", "d"),
        number=last,
        at=at + timedelta(seconds=last),
        last_event=last,
        state=state,
        founding=founding if (1 in seqs if founds is None else founds) else None,
        events=events,
        **changes,
    )


def notice(name: str) -> NoticeOrder:
    return NoticeOrder(id=name, event=1, template="case_received", to="requester")


def new_id() -> str:
    return f"forward-{uuid4().hex[:10].upper()}"


async def stage_of(records: PostgresRecords, case_id: str) -> str:
    [row] = await records.rows("SELECT stage FROM casework.cases WHERE case_id = $1", case_id)
    return str(row["stage"])


async def test_a_batch_written_twice_is_there_once(records: PostgresRecords) -> None:
    case_id = new_id()
    data = {1: {"documents": [{"name": "คำขอ", "kind": "evidence"}]}, 2: {"scores": {"overall": 5}, "praise": "ดี"}}
    whole = batch(case_id, 1, 2, data=data, types={1: "opened", 2: "rated"}, notices=[notice("n1")])
    first, second = await records.write(whole), await records.write(whole)
    assert first.case_no == second.case_no
    assert ([one.id for one in first.claimed], list(second.claimed)) == (["n1"], [])
    assert [event.seq for event in await records.events(case_id)] == [1, 2]
    for table in ("documents", "notices", "satisfaction_answers"):
        rows = await records.rows(f"SELECT 1 FROM casework.{table} WHERE case_id = $1", case_id)
        assert len(rows) == 1, table


async def test_registry_numbers_run_without_gaps_per_centre_and_buddhist_year(records: PostgresRecords) -> None:
    centre = f"C{uuid4().hex[:6]}"
    cases = [batch(new_id(), 1, centre=centre) for _ in range(20)]
    # Each twice and all at once: a retry must not take a number either.
    written = await asyncio.gather(*(records.write(case) for case in [*cases, *cases]))
    assert sorted({one.case_no for one in written}) == [f"{centre}-2569-{n:05d}" for n in range(1, 21)]
    assert (await records.write(batch(new_id(), 1, centre=centre, year=2570))).case_no == f"{centre}-2570-00001"


async def test_a_case_row_never_goes_back_when_an_old_batch_comes_late(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1))
    await records.write(batch(case_id, 2, stage="with_owner"))
    await records.write(batch(case_id, 1))
    assert await stage_of(records, case_id) == "with_owner"


async def test_batches_may_come_in_any_order_once_the_case_is_founded(records: PostgresRecords) -> None:
    case_id = new_id()
    with pytest.raises(RecordsError, match="earlier transition"):
        await records.write(batch(case_id, 2, stage="with_owner"))
    await records.write(batch(case_id, 1))
    clocks = KeptClocks(pause=PauseView(reason="x", by="y", begun=NOW, until=NOW, steps=[]))
    await records.write(batch(case_id, 3, stage="completed"))
    await records.write(batch(case_id, 2, stage="with_owner", clocks=clocks))
    assert await stage_of(records, case_id) == "completed"
    assert [event.seq for event in await records.events(case_id)] == [1, 2, 3]
    [row] = await records.rows("SELECT pause FROM casework.kept_clocks WHERE case_id = $1", case_id)
    assert row["pause"] is not None, "the late batch was the last to say something of the clocks"


async def test_something_else_under_a_known_key_is_set_aside_and_stops_nobody(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1))
    other = batch(case_id, 1, 2, types={1: "something_else"})
    written = await records.write(other)
    assert list(written.conflicts) == [f"1.{other.events[0].key}"]
    assert [event.type for event in await records.events(case_id)] == ["event_1", "event_2"]
    [row] = await records.rows("SELECT offered->>'type' AS type FROM casework.conflicts WHERE case_id = $1", case_id)
    assert row["type"] == "something_else"


async def test_rows_of_another_request_under_the_same_id_are_never_touched(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1))
    before = await records.case(case_id)
    for other in (batch(case_id, 1, digest="other", at=NOW + timedelta(days=400)), batch(case_id, 2, digest="other")):
        with pytest.raises(RecordsError, match="another request"):
            await records.write(other)
    assert await records.case(case_id) == before


async def test_a_request_sent_again_after_it_was_terminated_goes_on_in_its_row(records: PostgresRecords) -> None:
    case_id = new_id()
    first = await records.write(batch(case_id, 1))
    await records.rows("UPDATE casework.cases SET ended_as = 'terminated' WHERE case_id = $1", case_id)
    again = await records.write(batch(case_id, 1, at=NOW + timedelta(days=1)))
    assert again.case_no == first.case_no
    assert await records.ended(case_id) is None


async def test_what_an_abandoned_way_told_in_the_same_words_is_told_once_for_each_time(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1))
    told = [NoticeOrder(id=f"old{n}", event=2, template="owner_chase", to="owner_agency") for n in range(2)]
    await records.write(batch(case_id, 2, notices=told))
    await records.settle(case_id, [NoticeFate(id=one.id, status=NoticeStatus.SENT, at=NOW) for one in told])
    later = NOW + timedelta(hours=1)
    mark = ResetMark(event=1, at=later)
    same = [NoticeOrder(id=f"new{n}", event=3, template="owner_chase", to="owner_agency") for n in range(2)]
    other = NoticeOrder(id="moved", event=3, template="owner_chase", to="owner_agency", values={"due_at": "later"})
    written = await records.write(batch(case_id, 3, at=later, notices=[*same, other], reset=mark))
    assert [one.id for one in written.claimed] == ["moved"], "twice told, twice not again; what says something else is told"
    third = NoticeOrder(id="third", event=4, template="owner_chase", to="owner_agency")
    written = await records.write(batch(case_id, 4, at=later, notices=[third], reset=mark))
    assert [one.id for one in written.claimed] == ["third"]


async def test_the_hundred_thousandth_case_of_a_year_has_its_number(records: PostgresRecords) -> None:
    centre = f"C{uuid4().hex[:6]}"
    await records.write(batch(new_id(), 1, centre=centre))
    await records.rows("UPDATE casework.registry SET last_number = 99999 WHERE code = $1", centre)
    numbers = [(await records.write(batch(new_id(), 1, centre=centre))).case_no for _ in range(2)]
    assert numbers == [f"{centre}-2569-100000", f"{centre}-2569-100001"]


async def test_what_a_reset_case_does_differently_stands_beside_what_it_did_before(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1, 2))
    await records.write(batch(case_id, 2, at=NOW + timedelta(hours=1), stage="with_owner"))
    assert [event.seq for event in await records.events(case_id)] == [1, 2, 2]
    assert await stage_of(records, case_id) == "with_owner"


async def test_papers_of_a_reset_case_stand_beside_those_of_before(records: PostgresRecords) -> None:
    case_id, types = new_id(), {2: "document_added"}
    for name, at in (("ก", NOW), ("ข", NOW + timedelta(hours=1))):
        papers = {2: {"documents": [{"name": name, "kind": "photo"}]}}
        await records.write(batch(case_id, 2, at=at, types=types, data=papers, founds=True))
    rows = await records.rows("SELECT name FROM casework.documents WHERE case_id = $1 ORDER BY name", case_id)
    assert [row["name"] for row in rows] == ["ก", "ข"]


async def test_notices_alone_can_follow_their_events(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1))
    written = await records.write(batch(case_id, notices=[notice("late")]))
    assert [one.id for one in written.claimed] == ["late"]
    assert written.claimed[0].requester.name == "สมชาย"


async def test_a_notice_is_claimed_by_one_and_settled_once(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1, notices=[notice("n")]))
    assert not await records.claim(case_id, "n")  # the writer has it
    await records.settle(case_id, [NoticeFate(id="n", status=NoticeStatus.OWED, at=NOW, error="ConnectionError")])
    claims = await asyncio.gather(*(records.claim(case_id, "n") for _ in range(5)))
    assert sum(claim is not None for claim in claims) == 1
    await records.settle(case_id, [NoticeFate(id="n", status=NoticeStatus.SENT, at=NOW)])
    await records.settle(case_id, [NoticeFate(id="n", status=NoticeStatus.OWED, at=NOW)])
    assert not await records.claim(case_id, "n")
    assert [fate.status for fate in await records.fates(case_id, ["n"])] == [NoticeStatus.SENT]


async def test_a_batch_that_came_too_close_to_the_first_leaves_its_notices_free(
    records: PostgresRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1))
    unseen = statements.WRITE_BATCH.replace("coalesce(f.service, b.service) AS service", "NULL::text AS service")
    assert unseen != statements.WRITE_BATCH
    with monkeypatch.context() as patched:  # as if the row of the case had not been seen yet
        patched.setattr(statements, "WRITE_BATCH", unseen)
        with pytest.raises(RecordsError, match="not in the records yet"):
            await records.write(batch(case_id, 2, notices=[notice("n")]))
    await records.write(batch(case_id, 2, notices=[notice("n")]))
    assert await records.claim(case_id, "n")


async def test_a_claim_that_nobody_settled_can_be_taken_again_after_its_lease(
    records: PostgresRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LEASE", timedelta(seconds=0.2))
    case_id = new_id()
    await records.write(batch(case_id, 1, notices=[notice("n")]))
    assert not await records.claim(case_id, "n")
    await asyncio.sleep(0.3)
    assert await records.claim(case_id, "n")


async def test_events_cannot_be_changed_or_deleted(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1))
    for statement in (
        "UPDATE casework.events SET type = 'x' WHERE case_id = $1",
        "DELETE FROM casework.events WHERE case_id = $1",
    ):
        with pytest.raises(RecordsError, match="RaiseError"):
            await records.rows(statement, case_id)


async def test_a_batch_that_fails_leaves_nothing_behind(records: PostgresRecords) -> None:
    case_id = new_id()
    broken = batch(case_id, 1)
    broken.events[0].data["n"] = "\x00"  # PostgreSQL cannot store it in jsonb
    with pytest.raises(RecordsError, match="UntranslatableCharacterError"):
        await records.write(broken)
    assert await records.rows("SELECT 1 FROM casework.cases WHERE case_id = $1", case_id) == []


async def test_citizen_ids_are_stored_masked(records: PostgresRecords) -> None:
    case_id = new_id()
    await records.write(batch(case_id, 1))
    [row] = await records.rows("SELECT requester::text AS text FROM casework.cases WHERE case_id = $1", case_id)
    assert CITIZEN_ID not in row["text"]
    assert "x-xxxx-xxxx0-70-8" in row["text"]


async def test_migrating_again_does_nothing_and_two_at_once_do_it_once(database_url: str) -> None:
    first, second = PostgresRecords(database_url), PostgresRecords(database_url)
    assert [*await first.migrate(), *await second.migrate()] == []
    assert await first.schema_version() == migrations()[-1].version
    await first.close()
    await second.close()


async def test_a_migration_changed_after_it_was_applied_is_refused(
    records: PostgresRecords, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = [Migration(m.version, m.name, m.sql + "-- changed") for m in migrations()]
    monkeypatch.setattr(postgres, "migrations", lambda: changed)
    with pytest.raises(SchemaError, match="changed after it was applied"):
        await records.migrate()
    monkeypatch.setattr(postgres, "migrations", list)
    with pytest.raises(SchemaError, match="newer version"):
        await records.migrate()
