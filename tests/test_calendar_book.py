"""The calendar as workers know it: read beside counting, never waited for, and heard of by every case in the end."""

from __future__ import annotations

import asyncio
from datetime import date, datetime

import pytest

from casework.activities.calendar_book import CalendarBook
from casework.activities.standard import StandardActivities
from casework.adapters.postgres.records import PostgresRecords, RecordsError
from casework.standards.counting.calendar_rules import CalendarChange, ChangeKind, NewChange
from casework.standards.counting.plan import Plan
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.workflows.case.counting import calculator
from casework.workflows.messages.commands import AddNote
from casework.workflows.ports import StandardQuery
from tests.office import OFFICER, Office

START = datetime.fromisoformat("2026-03-02T11:00:00+07:00")


class AwayAtFirst:
    """Records that cannot be read until they are back."""

    def __init__(self) -> None:
        self.away = True
        self.made: list[CalendarChange] = []

    async def calendar_changes(self) -> list[CalendarChange]:
        if self.away:
            raise OSError("connection refused")
        return self.made


async def test_a_worker_that_never_read_the_calendar_says_so_and_counts_again_when_it_can(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("casework.activities.calendar_book.NOT_BEFORE", 0.0)
    records = AwayAtFirst()
    standard = StandardActivities(CalendarBook(StandardsLibrary([default_pack()]), records))  # type: ignore[arg-type]
    query = StandardQuery(service="forward", centre="JSC", on=START, counted_from=START, now=START, segment="citizen")

    async def check_forward() -> Plan:
        answer = await standard.read_standard(query)
        assert answer.terms is not None
        assert answer.calendar is not None
        return calculator(answer.terms.rules, answer.calendar).plan("check_forward", START)

    alone = await check_forward()
    assert alone.warning is not None
    assert "could not be read" in alone.warning
    records.away = False
    data = {"standard": "moe-jsc", "date": "2026-03-04", "kind": "holiday", "name_th": "ก", "reason": "ข", "by": "x"}
    records.made = [CalendarChange.model_validate({**data, "revision": 1, "at": START})]
    read = await check_forward()
    assert read.warning is None
    assert (read.revision, read.due_at) == (1, datetime.fromisoformat("2026-03-05T16:30:00+07:00"))


async def test_a_case_that_was_counted_beside_a_change_finds_itself_behind_and_counts_again(office: Office) -> None:
    case = await office.forward()
    before = (await case.view()).clocks[0].revision
    far = NewChange(standard="moe-jsc", date=date(2031, 5, 9), kind=ChangeKind.HOLIDAY, name_th="ก", reason="ข", by="x")
    [made] = await office.records.change_calendar([far])
    await case.act(AddNote(actor=OFFICER, text="อะไรก็ได้"))  # its write hears of the change
    view = await case.handle.wait(lambda view: view.clocks[0].revision == made.revision)
    assert view.clocks[0].revision > before
    assert "calendar_changed" not in [event.type for event in view.events], "nothing moved, so nothing is said"


async def test_the_changes_of_the_calendar_are_append_only_and_say_the_same_once(records: PostgresRecords) -> None:
    asked = NewChange(standard="moe-jsc", date=date(2031, 5, 12), kind=ChangeKind.HOLIDAY, name_th="ก", reason="ข", by="x")
    both = await asyncio.gather(records.change_calendar([asked]), records.change_calendar([asked]))
    assert sorted(len(made) for made in both) == [0, 1]
    with pytest.raises(RecordsError, match="refuses"):
        await records.rows("DELETE FROM casework.calendar_changes")


async def test_a_case_of_years_ago_still_takes_a_changed_calendar(office: Office) -> None:
    started = datetime.fromisoformat("2026-12-14T10:00:00+07:00")
    library = StandardsLibrary([default_pack()])
    standard = StandardActivities(CalendarBook(library, office.records))
    later = datetime.fromisoformat("2029-01-10T10:00:00+07:00")
    answer = await standard.read_standard(
        StandardQuery(service="forward", centre="JSC", on=later, counted_from=started, now=later, segment="citizen")
    )
    assert answer.calendar is not None
    assert min(answer.calendar.closed) <= 2026 < 2029 + 2 < max(answer.calendar.closed)
