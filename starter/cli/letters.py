"""casework letters."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from casework.adapters.ports import WaitingLetter
from casework.starter.cli.printing import console, local, note, table
from casework.starter.cli.shared import JsonFlag, run
from casework.starter.errors import InvalidCase
from casework.starter.letter_pdf import LetterPrinter
from casework.starter.open_records import open_records
from casework.starter.services import library_of


def letters(
    centre: Annotated[str | None, typer.Option(help="Only letters of this centre.")] = None,
    print_to: Annotated[Path | None, typer.Option("--print", metavar="DIR", help="Write each as a PDF into this folder.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Also those that were printed before.")] = False,
    fonts: Annotated[
        Path | None,
        typer.Option(envvar="CASEWORK_FONTS", help="A folder with fonts that have Thai letters, if the system has none."),
    ] = None,
    as_json: JsonFlag = False,
) -> None:
    """List what must be told on paper: notices to requesters whom no electronic address reaches. `--print DIR` makes letters of
    them, one PDF each.

    A letter marked "serve" counts as told only when it was served; say so with: casework do CASE record_service. It stays in the
    list until then. The others are done when they are printed. Needs CASEWORK_DATABASE_URL, and casework\\[letters] to print.
    """
    printer = LetterPrinter(fonts) if print_to is not None else None
    if print_to is not None:
        try:
            print_to.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidCase(f"{print_to}: cannot be written to ({error.strerror})") from error

    async def go() -> None:
        async with open_records() as records:
            waiting = [
                letter for letter in await records.letters(centre) if everything or letter.printed_at is None or letter.serve
            ]
            files: dict[str, Path] = {}
            for letter in waiting:
                if printer is None or print_to is None or letter.letter is None or (letter.printed_at and not everything):
                    continue
                which = letter.notice_id.partition("/")[0]  # of the event: a text may be sent twice, also after a reset
                file = files[letter.notice_id] = print_to / f"{letter.case_no}-{letter.template}-{which}.pdf"
                file.write_bytes(printer.pdf(letter.letter, f"{letter.case_no} {letter.template}"))
            if files:
                await records.mark_printed([letter for letter in waiting if letter.notice_id in files])
        if as_json:
            for letter in waiting:
                print(json.dumps(_as_json(letter, files.get(letter.notice_id)), ensure_ascii=False))
            return
        zone = ZoneInfo(library_of(None).current().calendar.timezone)
        found = table("case", "number", "letter", f"since ({zone.key})", "printed", "")
        for letter in waiting:
            how = "[yellow]serve[/]" if letter.serve else "print"
            printed = "now" if letter.notice_id in files else local(letter.printed_at, zone) if letter.printed_at else "–"
            printed = f"[red]{letter.error}[/]" if letter.letter is None else printed
            found.add_row(letter.case_id, letter.case_no, letter.template, local(letter.ordered_at, zone), printed, how)
        console.print(found)
        note(f"{len(waiting)} letter(s)" + (f", {len(files)} PDF in {print_to}" if files else ""))
        if any(letter.serve for letter in waiting):
            how = """echo '{"how": "handed_over"}' | casework do CASE record_service - --as ID:centre_officer"""
            note(f"when one was served: {how}")

    run(go())


def _as_json(letter: WaitingLetter, file: Path | None) -> dict[str, object]:
    return {
        "case_id": letter.case_id,
        "case_no": letter.case_no,
        "centre": letter.centre,
        "letter": letter.notice_id,
        "notice": letter.template,
        "serve": letter.serve,
        "ordered_at": letter.ordered_at.isoformat(),
        "printed_at": letter.printed_at.isoformat() if letter.printed_at else None,
        "file": str(file) if file else None,
        "error": letter.error,
        "pages": [page.model_dump() for page in letter.letter.pages] if letter.letter else [],
    }
