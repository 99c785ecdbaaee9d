"""casework desk."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.markup import escape

from casework.standards.counting.plan import OWNER, REQUESTER
from casework.starter.cli.printing import console, local, note, table
from casework.starter.cli.shared import JsonFlag, actor_said, connected, run
from casework.starter.client import CaseRow
from casework.starter.desk import Desk, desk_of
from casework.starter.errors import Unreachable
from casework.starter.open_records import open_records
from casework.starter.services import library_of, spoken

SHOWN = 15  # of each list


def desk(
    actor: Annotated[
        str, typer.Option("--as", envvar="CASEWORK_AS", metavar="ID:ROLE[:UNIT]", help="Whose desk: somying:centre_officer.")
    ],
    centre: Annotated[str | None, typer.Option(help="Only this centre.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """A person's day: what is late and with whom, what waits for them, what is theirs, letters to serve, notices that failed.

    Example: casework desk --as anan:owner_agency:DOEB
    """
    who = actor_said(actor)

    async def go() -> None:
        library = library_of(None)
        found = await desk_of(await connected(), library, who, centre)
        letters, failed = ([], []) if who.role == REQUESTER or who.role.startswith(OWNER) else await _from_records(centre)
        if as_json:
            lists = {"late": found.late, "waiting": found.waiting, "mine": found.mine, "due_next": found.due_next}
            shown = {name: [asdict(row) for row in rows] for name, rows in lists.items()}
            print(json.dumps({**shown, "letters": letters, "notices": failed}, default=str, ensure_ascii=False))
            return
        _print(found, ZoneInfo(library.current().calendar.timezone))
        for letter in letters[:SHOWN]:
            console.print("[yellow]✉ letter[/]  {case_no}  {notice}, for {days} day(s)".format(**letter))
        for notice in failed[:SHOWN]:
            console.print("[yellow]⚠ {status}[/]  {case_no}  {notice} to {to}".format(**notice))
        note(f"{found.seen} open case(s) looked at")

    run(go())


def _print(found: Desk, zone: ZoneInfo) -> None:
    for title, rows in (
        ("เกินกำหนด · late", found.late),
        ("รอรับเรื่อง · waiting for you", found.waiting),
        ("ของท่าน · yours", [row for row in found.mine if row not in found.late]),
    ):
        if rows:
            _table(title, rows, zone)
    if not (found.late or found.waiting or found.mine):
        console.print("ไม่มีเรื่องรอดำเนินการ · nothing waits for you")


def _table(title: str, rows: Sequence[CaseRow], zone: ZoneInfo) -> None:
    made = table(title, "stage", "due", "waits", "with")
    for row in rows[:SHOWN]:
        due = local(row.due_at, zone) if row.due_at else "–"
        made.add_row(
            row.case_no or row.case_id,
            escape(spoken(row.service or "", row.stage or "")),
            f"[red]{due}[/]" if row.overdue else due,
            _waited(row),
            row.assignee or row.unit or "–",
        )
    console.print(made)
    if len(rows) > SHOWN:
        note(f"  and {len(rows) - SHOWN} more: casework list")


def _waited(row: CaseRow) -> str:
    passed = datetime.now(UTC) - (row.stage_since or row.opened_at)
    hours, minutes = divmod(int(passed.total_seconds()) // 60, 60)
    return f"{passed.days} d" if passed.days else f"{hours} h {minutes} min" if hours else f"{minutes} min"


async def _from_records(centre: str | None) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The centre's letters to serve and its notices that are owed or failed, if the settings say where the records are."""
    if not os.environ.get("CASEWORK_DATABASE_URL"):
        return [], []
    with suppress(Unreachable):
        async with open_records() as records:
            letters = [
                {"case_no": letter.case_no, "notice": letter.template, "days": (datetime.now(UTC) - letter.ordered_at).days}
                for letter in await records.letters(centre)
                if letter.serve
            ]
            return letters, [dict(row) for row in await records.unsettled(centre)]
    return [], []
