"""casework officers."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from casework.starter.cli.printing import console, note, table
from casework.starter.cli.shared import JsonFlag, run
from casework.starter.errors import InvalidCase, NotFound
from casework.starter.open_records import open_records
from casework.workflows.messages.fields import Code, Email, Line

app = typer.Typer(
    help="Who answers for matters: names on notices, and who stands in.", no_args_is_help=True, add_completion=False
)
OfficerArgument = Annotated[str, typer.Argument(metavar="ID", help="The officer's id, as commands give it.")]


@app.command("list")
def list_officers(as_json: JsonFlag = False) -> None:
    """List the officers that the records know."""

    async def go() -> None:
        async with open_records() as records:
            known = await records.officers()
        if as_json:
            for row in known:
                print(TypeAdapter(dict).dump_json(row).decode())
            return
        found = table("id", "name", "position", "e-mail", "away", "stand-in")
        for row in known:
            away = f"{row['away_from']} – {row['away_until']}" if row["away_from"] else "–"
            found.add_row(
                row["officer_id"], row["name"], row["position"] or "–", row["email"] or "–", away, row["stand_in"] or "–"
            )
        console.print(found)

    run(go())


@app.command("set")
def set_officer(
    officer: OfficerArgument,
    name: Annotated[str, typer.Option(help="As requesters read it.")],
    position: Annotated[str | None, typer.Option(help="As it stands under a letter.")] = None,
    email: Annotated[str | None, typer.Option(help="Where warnings go.")] = None,
) -> None:
    """Enter an officer, or correct what is known of one."""
    for what, kind, value in (
        ("ID", Code, officer),
        ("--name", Line, name),
        ("--position", Line, position),
        ("--email", Email, email),
    ):
        try:
            TypeAdapter(kind).validate_python(value) if value is not None else None
        except ValidationError as error:
            raise InvalidCase(f"{what}: {error.errors(include_input=False)[0]['msg']}") from None

    async def go() -> None:
        async with open_records() as records:
            await records.set_officer(officer, name, position, email)

    run(go())
    note(f"{officer} is known")


@app.command("away")
def away(
    officer: OfficerArgument,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="The first day away, such as 2026-12-01.")],
    last: Annotated[str, typer.Option("--until", metavar="DATE", help="The last day away.")],
    stand_in: Annotated[
        str, typer.Option("--stand-in", metavar="ID", help="Who stands in: gets the warnings, is named on notices.")
    ],
) -> None:
    """Say that an officer is away, and who stands in for them meanwhile."""
    try:
        days = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise InvalidCase("--from and --until take dates such as 2026-12-01") from None
    if days[1] < days[0]:
        raise InvalidCase("--until lies before --from")
    if stand_in == officer:
        raise InvalidCase("nobody stands in for themselves")
    _set(officer, *days, stand_in)
    note(f"{stand_in} stands in for {officer} from {first} until {last}")


@app.command("back")
def back(officer: OfficerArgument) -> None:
    """Say that an officer is back."""
    _set(officer, None, None, None)
    note(f"{officer} is back")


def _set(officer: str, first: date | None, last: date | None, stand_in: str | None) -> None:
    async def go() -> None:
        async with open_records() as records:
            rows = {row["officer_id"]: row for row in await records.officers()}
            known = set(rows)
            for each in (officer, stand_in):
                if each is not None and each not in known:
                    raise NotFound(f"the records know no officer {each}; enter one with: casework officers set {each} --name …")
            other = rows[stand_in] if stand_in else None
            if other and first and last and other["away_from"] and other["away_from"] <= last and first <= other["away_until"]:
                raise InvalidCase(f"{stand_in} is away too, from {other['away_from']} until {other['away_until']}")
            await records.officer_away(officer, first, last, stand_in)

    run(go())
