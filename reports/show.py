"""A report as a page, on paper, as CSV and as JSON: the same sentences, plots, tables and definitions."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from casework.reports.definitions import FIGURES, WITHOUT_CASES
from casework.reports.figures import as_json
from casework.reports.plots import title_of
from casework.reports.report import Language, Report
from casework.reports.tables import WORDS, tables
from casework.reports.words import sentences
from casework.standards.thai_dates import format_date

COLUMNS = (
    "figure",
    "service",
    "step",
    "unit",
    "segment",
    "channel",
    "item",
    "theme",
    "value",
    "n",
    "low",
    "high",
    "before",
    "a_year_ago",
)


def said(report: Report, language: Language, plots: Mapping[str, str], asked: str) -> dict[str, Any]:
    """Everything that a page or a paper shows. `asked` are the options that ask for this report again."""
    words = WORDS[language]
    centre = report.centre
    return {
        "language": language,
        "title": words["title"],
        "centre": words["all"] if centre is None else centre.th if language == "th" else centre.en,
        "period": report.period.th if language == "th" else report.period.en,
        "made": format_date(report.made_at, language, "BE" if language == "th" else "CE"),
        "sentences": sentences(report, language),
        "plots": [{"title": title_of(name, language), "svg": svg} for name, svg in plots.items()],
        "tables": tables(report, language, words),
        "definitions": [_definition(name, language) for name in FIGURES],
        "words": words,
        "asked": asked,
    }


def _definition(name: str, language: Language) -> dict[str, Any]:
    one = FIGURES[name]
    title, means = (one.th, one.means_th) if language == "th" else (one.en, one.means_en)
    return {"name": name, "title": title, "means": means, "traced": name not in WITHOUT_CASES}


def as_html(shown: Mapping[str, Any]) -> str:
    """The page. Everything but the drawings is escaped."""
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    template = (files("casework.reports") / "page.html").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(template)
    plots = [Markup(plot["svg"]) for plot in shown["plots"]]  # noqa: S704 - our own drawings
    return page.render({**shown, "plots": plots})


def template_of_paper() -> str:
    """The template for the typesetter."""
    return (files("casework.reports") / "paper.typ").read_text(encoding="utf-8")


def as_csv(report: Report) -> str:
    """Every figure, a line each."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for figure in report.figures:
        before, last = (each.get((figure.name, figure.by)) for each in (report.before, report.a_year_ago))
        earlier = {"before": before.value if before else None, "a_year_ago": last.value if last else None}
        shown = {"figure": figure.name, "value": figure.value, "n": figure.n, "low": figure.low, "high": figure.high}
        rows.writerow({**shown, **dict(figure.by), **earlier})
    return text.getvalue()


def as_lines(report: Report) -> str:
    """Every figure as JSON, beneath one object that says of what period."""
    about = {"period": report.period.said, "begins": report.period.begins.isoformat(), "ends": report.period.ends.isoformat()}
    found = [json.loads(as_json(figure)) for figure in report.figures]
    return json.dumps({**about, "made_at": report.made_at.isoformat(), "figures": found}, ensure_ascii=False)
