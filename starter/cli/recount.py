"""What commands that count open cases again share: progress, the list of what moves, and carrying it out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from casework.starter.cli.printing import complain, console, local, note, stderr, table
from casework.starter.recounting import Moving, Recounting
from casework.workflows.messages.commands import ChangeStandard, Recount

ApplyFlag = Annotated[bool, typer.Option("--apply/--dry-run", help="Change it; without, only show what would move.")]
ByOption = Annotated[str | None, typer.Option(metavar="ID", help="Who makes the change; else whoever is logged in.")]
SHOWN = 200  # lines of a table; --json has all


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=stderr, transient=True)


async def look(recounting: Recounting) -> list[Moving]:
    """Every open case that is concerned, with a progress bar."""
    with _bar() as bar:
        task = bar.add_task("looking at open cases", total=await recounting.count_open())
        found = []
        async for case in recounting.moving():
            bar.advance(task)
            found += [case] if case else []
    return found


def print_moving(moving: Sequence[Moving], seen: int, as_json: bool) -> None:
    """What moves, case by case: old and new date of each step and of the promise."""
    if as_json:
        for case in moving:
            moves = [{"step": m.step, "old_due_at": m.old.isoformat(), "new_due_at": m.new.isoformat()} for m in case.moves]
            line = {"case_id": case.case_id, "case_no": case.case_no, "service": case.service, "moves": moves}
            print(json.dumps({**line, "problem": case.problem, "warning": case.warning}, ensure_ascii=False))
    elif moving:
        found = table("case", "number", "step", "due", "→", "")
        for case in moving[:SHOWN]:
            if case.problem:
                found.add_row(case.case_id, case.case_no or "–", "", "", "", f"[red]{case.problem}[/]")
            for move in case.moves:
                zone = move.new.tzinfo
                remark = "only its rungs move" if move.old == move.new else ""
                found.add_row(case.case_id, case.case_no or "–", move.step, local(move.old, zone), local(move.new, zone), remark)
        console.print(found)
        if len(moving) > SHOWN:
            note(f"… and {len(moving) - SHOWN} more (--json shows all)")
    warned = sum(case.warning is not None for case in moving)
    note(f"{sum(bool(case.moves) for case in moving)} of {seen} open case(s) move")
    if warned:
        note(f"{warned} of them depend on holidays after the verified range; their dates may still move")


async def apply_to(recounting: Recounting, moving: Sequence[Moving], message: Recount | ChangeStandard) -> int:
    """Tell the cases; returns the exit code: 0 when all have followed, 3 when some could not (run it again)."""
    wanted = [case for case in moving if case.problem is None]
    failed = [case.problem for case in moving if case.problem]
    began = time.monotonic()
    with _bar() as bar:
        task = bar.add_task("counting again", total=len(wanted))
        async for done in recounting.apply(wanted, message):
            bar.advance(task)
            if done.error:
                failed.append(done.error)
                complain(f"{done.case.case_id}: {done.error}")
    note(f"{len(moving) - len(failed)} case(s) counted again in {time.monotonic() - began:.1f} s")
    if failed:
        complain(f"{len(failed)} case(s) could not follow; the same command again finishes them")
    return 3 if failed else 0
