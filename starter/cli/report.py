"""casework report."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from casework.reports import show
from casework.reports.definitions import FIGURES, WITHOUT_CASES
from casework.reports.evidence import KINDS, NO_GRADE, cases_of, evidence
from casework.reports.figures import cases_behind
from casework.reports.peers import read_peers
from casework.reports.period import EXAMPLES, Period, last_half, period
from casework.reports.plots import PlotsNotInstalled, Plotter
from casework.reports.report import Language, Report, report
from casework.reports.words import interval, sentences, written
from casework.starter.cli.printing import console, note, table
from casework.starter.cli.shared import run
from casework.starter.errors import InvalidCase
from casework.starter.open_records import open_records
from casework.starter.services import library_of, services, unknown
from casework.starter.typesetting import Typesetter

MOST_CASES = 100_000


def report_command(
    month: Annotated[str | None, typer.Option(metavar=EXAMPLES["month"], help="A month.")] = None,
    quarter: Annotated[str | None, typer.Option(metavar=EXAMPLES["quarter"], help="A quarter.")] = None,
    half: Annotated[str | None, typer.Option(metavar=EXAMPLES["half"], help="A half year.")] = None,
    year: Annotated[str | None, typer.Option(metavar=EXAMPLES["year"], help="A year, common era.")] = None,
    fiscal_year: Annotated[
        str | None, typer.Option(metavar=EXAMPLES["fiscal_year"], help="A fiscal year, Buddhist era: October to September.")
    ] = None,
    centre: Annotated[str | None, typer.Option(help="Only this centre.")] = None,
    language: Annotated[str | None, typer.Option("--lang", help="th or en; else as the pack displays.")] = None,
    peers: Annotated[
        Path | None, typer.Option(metavar="CSV", help="Figures of similar agencies: agency,figure,service,value,n.")
    ] = None,
    cases: Annotated[str | None, typer.Option(metavar="FIGURE", help="List the cases behind a figure instead.")] = None,
    service: Annotated[str | None, typer.Option(help="With --cases: only this service.")] = None,
    proof: Annotated[bool, typer.Option("--evidence", help="What the records show of service mind, for an appraiser.")] = False,
    unit: Annotated[str | None, typer.Option(metavar="CODE", help="With --evidence: only this owner agency.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Every figure as JSON.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Every figure as CSV, a line each.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with plots.")] = None,
    pdf: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it as PDF.")] = None,
    fonts: Annotated[
        Path | None, typer.Option(envvar="CASEWORK_FONTS", help="A folder with Thai fonts, if the system has none.")
    ] = None,
) -> None:
    """Report on a period: what was received and done, in time and late, by service, step and unit; how long people waited; how
    content they were, and how many said nothing. Without a period, the half year that ended last.

    Counted by views that anybody may query (casework.report_…). Needs CASEWORK_DATABASE_URL; --html and --pdf need
    casework\\[reports].
    Example: casework report --month 2026-11 --html november.html
    """
    library = library_of(None)
    zone = ZoneInfo(library.current().calendar.timezone)
    asked = {"month": month, "quarter": quarter, "half": half, "year": year, "fiscal_year": fiscal_year}
    span = _period({kind: said for kind, said in asked.items() if said}, zone)
    speaks = _language(language, library.current().display.language)
    if centre is not None and centre not in library.current().known_centres:
        raise InvalidCase(unknown("centre", centre, library.current().known_centres))
    if cases in KINDS or (proof and cases is None):
        _evidence(span, centre, unit, cases, speaks, as_json)
        return
    if cases is not None:
        _list_cases(cases, span, centre, service, as_json)
        return
    try:
        others = read_peers(peers) if peers else []
        plotter = Plotter(fonts) if html or pdf else None
    except (ValueError, PlotsNotInstalled) as error:
        raise InvalidCase(str(error)) from None
    words = {key: word for process in services().values() for key, word in process.definition.labels.items()}

    async def go() -> Report:
        async with open_records() as records:
            return await report(records, library, span, centre, datetime.now(zone), words, others)

    made = run(go())
    if as_json:
        print(show.as_lines(made))
    if as_csv:
        print(show.as_csv(made), end="")
    if plotter is not None:
        options = f"--{span.kind.replace('_', '-')} {span.said}{f' --centre {centre}' if centre else ''}"
        if html is not None:
            _write(html, show.as_html(show.said(made, speaks, plotter.draw(made, speaks), options)).encode())
        if pdf is not None:
            shown = show.said(made, speaks, plotter.draw(made, speaks, on_paper=True), options)
            _write(pdf, Typesetter(fonts).pdf(show.template_of_paper(), shown))
    if not (as_json or as_csv or html or pdf):
        _print(made, speaks)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise InvalidCase(f"{file}: cannot be written to ({error.strerror})") from None
    note(f"{file} written")


def _print(made: Report, language: Language) -> None:
    console.print(f"[bold]{made.period.th if language == 'th' else made.period.en}[/]")
    for line in sentences(made, language):
        console.print(f"  {line}")
    shown = table("figure", "", "n", "", "before", "a year ago")
    for name, definition in FIGURES.items():
        figure = made.get(name)
        if figure is None:
            continue
        before, last = (each.get((name, ())) for each in (made.before, made.a_year_ago))
        shown.add_row(
            definition.th if language == "th" else definition.en, written(figure), f"{figure.n:,}", interval(figure),
            written(before), written(last),
        )  # fmt: skip
    console.print(shown)
    note("by service, step, unit, group: --html, --pdf, --csv, --json; the cases behind a figure: --cases FIGURE")


def _evidence(span: Period, centre: str | None, unit: str | None, cases: str | None, language: Language, as_json: bool) -> None:
    """What the records show of service mind, or the cases of one line of it."""

    async def go() -> None:
        async with open_records() as records:
            if cases is not None:
                for row in await cases_of(records, cases, span, centre, unit):
                    print(row["case_id"])
                return
            found = await evidence(records, span, centre, unit)
        if as_json:
            for line in found:
                about = {"evidence": line.name, "level": line.kind.level, "found": line.found, "of": line.of}
                print(json.dumps({**about, "th": line.kind.th, "en": line.kind.en}, ensure_ascii=False))
            return
        shown = table("level", "what the text asks for", "found", "of", "cases")
        for line in found:
            text = line.kind.th if language == "th" else line.kind.en
            shown.add_row(str(line.kind.level), text, f"{line.found:,}", f"{line.of:,}", f"--cases {line.name}")
        console.print(shown)
        console.print(NO_GRADE[language])

    run(go())


def _list_cases(figure: str, span: Period, centre: str | None, service: str | None, as_json: bool) -> None:
    traced = [name for name in FIGURES if name not in WITHOUT_CASES]
    if figure not in traced:
        raise InvalidCase(unknown("figure with cases", figure, traced))

    async def go() -> None:
        async with open_records() as records:
            found = await cases_behind(records, figure, span, centre, service, MOST_CASES)
        for row in found:
            print(
                json.dumps(row, ensure_ascii=False) if as_json else f"{row['case_no']}\t{row['case_id'] or '–'}\t{row['service']}"
            )
        note(f"{len(found)}{' or more' if len(found) == MOST_CASES else ''}: {FIGURES[figure].means_en}")

    run(go())


def _period(asked: dict[str, str], zone: ZoneInfo) -> Period:
    if len(asked) > 1:
        raise InvalidCase(f"one period at a time, not {' and '.join(f'--{kind}' for kind in asked)}")
    try:
        return period(*next(iter(asked.items())), zone) if asked else last_half(datetime.now(zone))
    except ValueError as error:
        raise InvalidCase(str(error)) from None


def _language(said: str | None, otherwise: Language) -> Language:
    if said not in (None, "th", "en"):
        raise InvalidCase("--lang: th or en")
    return "th" if said == "th" else "en" if said == "en" else otherwise
