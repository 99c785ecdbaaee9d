"""casework explain: why a case is due when it is, day by day."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from casework.standards.clock import Clockwork
from casework.standards.explanation import Explanation, explain
from casework.standards.loader import StandardsLibrary, UnknownStandard
from casework.starter.cli_cases import CaseArgument, JsonFlag, connected, library_of, run
from casework.starter.cli_standard import described
from casework.starter.errors import InvalidCase
from casework.starter.printing import console, local, note, zone_of
from casework.workflows.contracts import CaseView, ClockView

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
    as_json: JsonFlag = False,
) -> None:
    """Count a case's due times day by day: counted, weekend, holiday by name, first day, after hours."""
    library = library_of(packs)

    async def go() -> None:
        client = await connected()
        view = await client.case(case_id).view()
        wanted = [clock for clock in view.clocks if step in (None, clock.step)]
        if not wanted:
            known = ", ".join(clock.step for clock in view.clocks) or "none yet"
            raise InvalidCase(f"{step or 'no step'} has no clock; steps with one are {known}")
        clockwork = _clockwork(library, view)
        for clock in wanted:
            explained = explain(clockwork, view.service, clock.step, clock.started_at, clock.extended_by)
            if as_json:
                print(json.dumps(_json(clock, explained), ensure_ascii=False))
            else:
                _print(view, clock, explained, lang)

    run(go())


def _json(clock: ClockView, explained: Explanation) -> dict[str, object]:
    return {
        "step": clock.step,
        "due_at": clock.due_at.isoformat(),
        "agrees": explained.plan.due_at == clock.due_at,
        "days": [described(day) for day in explained.entries],
    }


def _print(view: CaseView, clock: ClockView, explained: Explanation, lang: Literal["th", "en"]) -> None:
    zone = zone_of(view)
    console.print(f"[bold]{clock.step}[/] {clock.limit}, from {local(clock.started_at, zone)}")
    for day in explained.entries:
        console.print(f"  {day.words(lang)}")
    console.print(f"  due [bold]{local(clock.due_at, zone)}[/]")
    if explained.plan.due_at != clock.due_at:
        note(f"the pack or the holidays have changed since: today the count comes to {local(explained.plan.due_at, zone)}")


def _clockwork(library: StandardsLibrary, view: CaseView) -> Clockwork:
    try:
        return Clockwork(library.get(view.standard_id or "", view.standard_version or ""))
    except UnknownStandard as error:
        raise InvalidCase(f"{error}, or give it with --pack") from error
