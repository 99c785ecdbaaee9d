"""casework due, casework standards check. Neither needs a server."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import datetime
from importlib.metadata import version as library_version
from pathlib import Path
from typing import Annotated, Literal

import typer

from casework.standards.counting.calendar_rules import FrozenDay, Holidays
from casework.standards.counting.explanation import Entry, explain
from casework.standards.counting.government_holidays import provided
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.counting.plan import Plan
from casework.standards.pack.chart import mermaid
from casework.standards.pack.checks import rungs_out_of_place
from casework.standards.pack.loader import FROZEN, PackError, default_pack, frozen_years, load_pack, located
from casework.standards.pack.model import EARLIEST_YEAR, LATEST_YEAR, ServiceStandards
from casework.standards.thai_dates import format_time
from casework.starter.cli.printing import complain, console, local, table
from casework.starter.errors import InvalidCase
from casework.starter.explaining import described
from casework.starter.services import library_of
from casework.workflows.pack_needs import unserved
from casework.workflows.processes import processes_for

PackOption = Annotated[
    Path | None,
    typer.Option("--pack", metavar="FILE", help="Another pack than that of CASEWORK_PACKS, or the default one."),
]


def due(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="A service of the pack, such as forward.")],
    step: Annotated[
        str, typer.Argument(metavar="STEP", help="A step of the service, or `promise` for the whole promise; a+b chains steps.")
    ],
    starts: Annotated[
        list[str],
        typer.Argument(metavar="START...", help="ISO 8601 with offset (2026-03-02T11:00:00+07:00), or - for one a line."),
    ],
    pack: PackOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line each: start, due_at, rungs of at, action, to.")] = False,
    explained: Annotated[bool, typer.Option("--explain", help="Show the count day by day.")] = False,
    lang: Annotated[Literal["th", "en"], typer.Option(help="Language of the explanation.")] = "en",
) -> None:
    """When a step is due that starts then, and every rung of its ladder. Needs no server.

    Example: casework due forward owner_act 2026-03-02T11:00:00+07:00
    """
    calculator = PackCalculator(_pack(pack) if pack else library_of(None).current())
    wrong = False
    for start in _starts(starts):
        try:
            at = datetime.fromisoformat(start)
            if at.year > LATEST_YEAR:
                raise ValueError(f"{at.year} looks like a Buddhist year; write {at.year - 543}")
            plan = calculator.plan(service, step, at)
        except KeyError as error:
            raise InvalidCase(str(error.args[0])) from error
        except OverflowError:
            complain(f"{start}: too far away to count")
            wrong = True
            continue
        except ValueError as error:
            reason = "is not a time in ISO 8601" if "isoformat" in str(error) else str(error)
            complain(f"{start}: {reason}")
            wrong = True
            continue
        days = _explain(calculator, service, step, plan) if explained else None
        if as_json:
            print(json.dumps(_json(start, plan, days), ensure_ascii=False), flush=True)
        else:
            _print(start, plan, lang)
            for day in days or []:
                console.print(f"  {day.words(lang)}")
    if wrong:
        raise typer.Exit(2)


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A pack in YAML.")],
    graph: Annotated[bool, typer.Option("--graph", help="Then print the graph of each declared service, for Mermaid.")] = False,
) -> None:
    """Check an agency's own pack: every error with file, line, path and reason."""
    pack = _pack(file)
    served = pack.commands or any(service.declared for service in pack.services.values())
    problems = unserved(pack, processes_for([pack])) if served else []
    for problem in located(file, problems):
        complain(f"{file}: {problem}")
    if problems:
        raise typer.Exit(2)
    steps = sum(len(service.steps) for service in pack.services.values())
    size = f"{len(pack.services)} services, {steps} steps, {len(pack.notifications)} texts"
    console.print(f"[green]✓[/] {file}: {pack.id} {pack.version}, {size}")
    if not served:
        console.print("[yellow]![/] no section `commands`: it counts (casework due), but no worker serves it")
    for warning in rungs_out_of_place(pack):
        console.print(f"[yellow]![/] {warning}")
    verified = pack.calendar.holidays.verified_through
    if verified:
        console.print(f"  holidays are verified through {verified}; due times after that carry a warning")
    for name in [name for name, service in pack.services.items() if service.declared and graph]:
        print(mermaid(pack, name))


def freeze(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A pack in YAML.")],
    first: Annotated[int, typer.Option("--from", metavar="YEAR", help="The first year (Common Era).")],
    last: Annotated[int, typer.Option("--through", metavar="YEAR", help="The last year.")],
) -> None:
    """Write the closed days of a pack year by year into FILE's .holidays.yaml, each with its source.

    Years that the file has already stay as they are: what was published does not change with a library. Days that nobody has
    verified (after verified_through) are marked as predicted; when the gazette has them, write its number there by hand. The pack
    uses the file once it says `calendar.holidays.frozen: NAME.holidays.yaml`.
    """
    pack = _pack(file)
    rules = pack.calendar.holidays
    if rules.provider == "none":
        raise InvalidCase("this pack asks no library for holidays; there is nothing to freeze")
    if not EARLIEST_YEAR <= first <= last <= LATEST_YEAR:
        raise InvalidCase(f"--from and --through are years from {EARLIEST_YEAR} to {LATEST_YEAR}, in this order")
    target = file.with_name(f"{file.stem}{FROZEN}.yaml")
    made = f"holidays {library_version('holidays')}"
    known = dict(frozen_years(target) if target.exists() else rules.years)
    years = dict(known)
    try:
        for year in range(first, last + 1):
            years.setdefault(year, _of_year(rules, year, made))
    except ValueError as error:
        raise InvalidCase(str(error)) from error
    lines = [f"# The closed days of {pack.id}, as it is published. Kept by: casework standards freeze", "years:"]
    for year, days in sorted(years.items()):
        lines.append(f"  {year}:")
        lines += [f"    - {json.dumps(day.model_dump(mode='json'), ensure_ascii=False)}" for day in days]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")
    total = sum(map(len, years.values()))
    console.print(
        f"{target}: {len(years)} years, {total} closed days ({len(known)} kept as they were, {len(years) - len(known)} added)"
    )
    if rules.frozen != target.name:
        console.print(f"to use it, write into the pack: calendar.holidays.frozen: {target.name}")


def _of_year(rules: Holidays, year: int, made: str) -> list[FrozenDay]:
    days = provided(rules, year)
    if not days:
        raise ValueError(f"no holidays of {rules.country} are known for {year}")
    verified = rules.verified_through
    return [
        FrozenDay(date=day, th=name.th, en=name.en, source=made if verified and day <= verified else f"predicted by {made}")
        for day, name in sorted(days.items())
    ]


def _pack(path: Path | None) -> ServiceStandards:
    try:
        return load_pack(path) if path else default_pack()
    except PackError as error:
        raise InvalidCase(str(error), error.problems) from error


def _starts(given: list[str]) -> Iterator[str]:
    for start in given:
        if start == "-":
            yield from (line.strip() for line in sys.stdin if line.strip())
        else:
            yield start


def _explain(calculator: PackCalculator, service: str, step: str, plan: Plan) -> list[Entry]:
    try:
        return explain(calculator, service, step, plan.started_at).entries
    except ValueError as error:
        raise InvalidCase(str(error)) from error


def _json(start: str, plan: Plan, days: list[Entry] | None) -> dict[str, object]:
    line: dict[str, object] = {
        "start": start,
        "due_at": plan.due_at.isoformat(),
        "rungs": [{"at": rung.at.isoformat(), "action": rung.action.value, "to": rung.to} for rung in plan.rungs],
        "effective_start": plan.effective_start.isoformat(),
    }
    if plan.internal_target:
        line["internal_target"] = plan.internal_target.isoformat()
    if plan.warning:
        line["warning"] = plan.warning
    if days is not None:
        line["days"] = [described(day) for day in days]
    return line


def _print(start: str, plan: Plan, lang: Literal["th", "en"]) -> None:
    zone = plan.due_at.tzinfo
    counted = "" if plan.effective_start == plan.started_at else f", counted from {local(plan.effective_start, zone)}"
    console.print(f"[bold]{plan.step}[/] {plan.limit}, start {start}{counted}")
    due = format_time(plan.due_at, "th") if lang == "th" else f"{local(plan.due_at, zone)}[/] ({plan.due_at:%A})"
    console.print(f"  {'กำหนด' if lang == 'th' else 'due'}       [bold]{due}")
    if plan.internal_target:
        console.print(f"  target    {local(plan.internal_target, zone)} (the last day is a closed day)")
    if plan.warning:
        console.print(f"  [yellow]warning[/]   {plan.warning}")
    if plan.rungs:
        rungs = table("  at", "action", "to", "")
        for rung in plan.rungs:
            again = f"then every {rung.repeat_every}" if rung.repeat_every else ""
            rungs.add_row(f"  {local(rung.at, zone)}", rung.action.value, ", ".join(rung.to), again)
        console.print(rungs)
