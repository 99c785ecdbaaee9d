"""casework explain: why a case is due when it is, day by day."""

from __future__ import annotations

import json
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from casework.standards.counting.explanation import Explanation
from casework.standards.counting.ledger import Balance
from casework.standards.counting.plan import PROMISE
from casework.standards.thai_dates import format_time
from casework.starter.cli.printing import console, local, note, zone_of
from casework.starter.cli.shared import CaseArgument, JsonFlag, found, run
from casework.starter.errors import InvalidCase
from casework.starter.explaining import Explainer, as_json, moves
from casework.starter.open_records import known_changes, known_events
from casework.starter.services import library_of
from casework.workflows.messages.views import CaseView

StepArgument = Annotated[str | None, typer.Argument(metavar="[STEP]", help="One step; without it, every step with a clock.")]
PacksOption = Annotated[
    list[Path] | None,
    typer.Option("--pack", metavar="FILE", help="The pack of the case, if CASEWORK_PACKS does not have it."),
]


def explain_case(
    case_id: CaseArgument,
    step: StepArgument = None,
    lang: Annotated[Literal["th", "en"], typer.Option(help="Language of the explanation.")] = "en",
    packs: PacksOption = None,
    json_wanted: JsonFlag = False,
) -> None:
    """Count a case's due times and its promise day by day: counted, weekend, holiday by name, paused why, extended by whom.

    Example: casework explain forward-7K3QX9M2TD owner_act --lang th
    """
    library = library_of(packs)

    async def go() -> None:
        view = await (await found(case_id)).view()
        explainer = Explainer(library, await known_changes())
        counted = [(clock.step, clock, explainer.clock(view, clock)) for clock in view.clocks if step in (None, clock.step)]
        promise = explainer.promise(view) if step in (None, PROMISE) else None
        if not counted and promise is None:
            known = ", ".join(clock.step for clock in view.clocks) or "none yet"
            raise InvalidCase(f"{step or 'no step'} has no clock; steps with one are {known}, and there is {PROMISE}")
        for name, clock, explained in counted:
            if json_wanted:
                print(json.dumps(as_json(name, clock.due_at, explained), ensure_ascii=False))
            else:
                state = _paused(clock.balance, lang) if clock.paused else ""
                _print(f"[bold]{name}[/] {clock.limit}{state}", view, clock.due_at, explained, lang)
                if clock.digest != explained.plan.digest:
                    note(f"  it was counted on another calendar ({clock.digest}) than the one at hand ({explained.plan.digest})")
        if promise is not None and view.promise is not None:
            moved = moves(await known_events(view))
            if json_wanted:
                told = {**as_json(PROMISE, view.promise.due_at, promise), "moves": moved}
                print(json.dumps(told, ensure_ascii=False))
            elif any(name == view.promise.chain and e.plan.due_at == promise.plan.due_at for name, _, e in counted):
                console.print(f"[bold]{PROMISE}[/] is {view.promise.chain}, above")
            else:
                _print(f"[bold]{PROMISE}[/] {view.promise.chain} {promise.plan.limit}", view, view.promise.due_at, promise, lang)
            for move in moved if not json_wanted else []:
                console.print(f"  {_moved(move, zone_of(view), lang)}", markup=False)

    run(go())


def _print(head: str, view: CaseView, due_at: datetime, explained: Explanation, lang: Literal["th", "en"]) -> None:
    zone = zone_of(view)
    thai = lang == "th"
    console.print(f"{head}, {'ตั้งแต่' if thai else 'from'} {_spoken(explained.plan.started_at.astimezone(zone), lang)}")
    for line in explained.lines(lang) if explained.plan.due_at == due_at else []:  # another date is not explained as this one
        console.print(f"  {line}", markup=False)
    console.print(f"  {'กำหนด' if thai else 'due'} [bold]{_spoken(due_at.astimezone(zone), lang)}[/]")
    if explained.plan.warning:
        note(f"  {explained.plan.warning}")
    if explained.plan.due_at != due_at:
        note(f"the pack or the list of holidays has changed since: today the count comes to {local(explained.plan.due_at, zone)}")


def _moved(move: dict[str, Any], zone: tzinfo | None, lang: Literal["th", "en"]) -> str:
    at, old, new = (
        _spoken(datetime.fromisoformat(move[key]).astimezone(zone), lang) for key in ("at", "old_due_at", "new_due_at")
    )
    why, told = move[f"reason_{lang}"], move.get("told")
    if lang == "th":
        return f"{at}  เปลี่ยนจาก{old} เป็น{new} เนื่องจาก {why} ({f'แจ้งด้วย {told}' if told else 'ไม่มีหนังสือแจ้งเฉพาะ'})"
    return f"{at}  moved from {old} to {new}: {why} ({f'told by {told}' if told else 'no notice of its own'})"


def _paused(balance: Balance, lang: Literal["th", "en"]) -> str:
    """How it stood when it was paused; what follows is counted as if the pause lasted as long as it may."""
    if lang == "th":
        return f" หยุดนับอยู่ ใช้ไป {balance.consumed:g} จาก {balance.budget:g} (นับเสมือนหยุดนานที่สุด)"
    return f", paused at {balance.words}; counted as if the pause lasted as long as it may"


def _spoken(at: datetime, lang: Literal["th", "en"]) -> str:
    return format_time(at, "th", "BE", False) if lang == "th" else f"{at:%Y-%m-%d %H:%M:%S}"
