"""The tables of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any

import yaml

from casework.reports.definitions import FIGURES
from casework.reports.figures import Figure
from casework.reports.report import Language, Report
from casework.reports.words import interval, written

OF_SERVICES = (
    "received", "concluded", "in_time", "days", "days_of_most", "passed_on", "deficient", "reopened", "extended", "answered",
    "dissatisfied",
)  # fmt: skip
OF_VISITS = ("visits", "no_show", "waited", "waited_by_most")
WHOLE = "overall"  # the item that stands for the service as a whole
WORDS: dict[Language, dict[str, str]] = yaml.safe_load((files("casework.reports") / "words.yaml").read_text(encoding="utf-8"))


def tables(report: Report, language: Language, words: Mapping[str, str]) -> list[dict[str, Any]]:
    """Those that there is something for: title, head, rows."""
    made = _Tables(report, language, words)
    found = [
        made.of_services("services", OF_SERVICES, "received"),
        made.table("steps", report.all("step_late", "service", "step"), "step", "service", "n", "value", "sure",
                   "step_net_hours", "step_gross_hours", "before", "year"),
        made.table("units", report.all("hop_hours", "unit"), "unit", "n", "value", "before", "year"),
        made.table("satisfaction", report.all("satisfied", "item"), "item", "n", "value", "sure", "score", "before", "year"),
        made.table("segments", _whole(report, "segment") + _whole(report, "channel"), "group", "n", "value", "sure", "before",
                   "year"),
        made.table("engaged", report.all("engaged", "item"), "item", "n", "value", "sure"),
        made.table("themes", report.all("theme", "theme"), "theme", "n", "value", "sure", "before", "year"),
        made.of_services("visits", OF_VISITS, "visits"),
        made.extensions(),
        made.peers(),
    ]  # fmt: skip
    return [table for table in found if table["rows"]]


def _whole(report: Report, kind: str) -> list[Figure]:
    return [figure for figure in report.all("satisfied", "item", kind) if figure.of("item") == WHOLE]


class _Tables:
    """Makes tables in one language."""

    def __init__(self, report: Report, language: Language, words: Mapping[str, str]) -> None:
        self._report, self._language, self._words = report, language, words

    def table(self, title: str, figures: Sequence[Figure], *columns: str) -> dict[str, Any]:
        """One row for each of these figures."""
        rows = [[self._cell(column, figure) for column in columns] for figure in figures if figure.value is not None]
        name = figures[0].name if figures else ""
        return {"title": self._words[title], "head": [self._head(column, name) for column in columns], "rows": rows}

    def of_services(self, title: str, names: Sequence[str], asked: str) -> dict[str, Any]:
        """One row for each service, the first for all."""
        of = sorted(figure.of("service") or "" for figure in self._report.all(asked, "service"))
        services = [None, *of] if of else []
        rows = [
            [self._word(service), *(written(self._report.get(name, **_by(service))) for name in names)] for service in services
        ]
        return {
            "title": self._words[title],
            "head": [self._words["service"], *(self._name(name) for name in names)],
            "rows": rows,
        }

    def extensions(self) -> dict[str, Any]:
        """Every step that was extended."""
        zone = self._report.period.begins.tzinfo
        rows = [
            [each.case_no or "–", self._word(each.service), self._word(each.step), self._word(each.role),
             *(f"{at.astimezone(zone):%Y-%m-%d %H:%M}" for at in (each.old_due_at, each.new_due_at))]
            for each in self._report.extensions
        ]  # fmt: skip
        head = [self._words[key] for key in ("case", "service", "step", "by", "old_due", "new_due")]
        return {"title": self._words["extensions"], "head": head, "rows": rows}

    def peers(self) -> dict[str, Any]:
        """What others have, and what is ours."""
        head = [self._words[key] for key in ("agency", "figure", "service", "n", "value", "ours")]
        rows = [
            [
                peer.agency,
                self._name(peer.name),
                self._word(peer.service),
                f"{peer.n:,}" if peer.n else "–",
                written(Figure(peer.name, peer.value, peer.n or 0)),
                written(self._report.get(peer.name, **_by(peer.service))),
            ]
            for peer in self._report.peers
        ]
        return {"title": self._words["peers"], "head": head, "rows": rows}

    def _cell(self, column: str, figure: Figure) -> str:
        match column:
            case "n":
                return f"{figure.n:,}"
            case "value":
                return written(figure)
            case "sure":
                return interval(figure)
            case "before":
                return written(self._report.before.get((figure.name, figure.by)))
            case "year":
                return written(self._report.a_year_ago.get((figure.name, figure.by)))
            case "group":
                return self._word(figure.of("segment") or figure.of("channel"))
            case other if other in FIGURES:
                return written(self._report.get(other, **dict(figure.by)))
        return self._word(figure.of(column))

    def _head(self, column: str, figure: str) -> str:
        return self._name(figure if column == "value" else column)

    def _name(self, key: str) -> str:
        if key in self._words or key not in FIGURES:
            return self._words.get(key, key)
        return FIGURES[key].th if self._language == "th" else FIGURES[key].en

    def _word(self, key: str | None) -> str:
        return self._words["everything"] if key is None else self._report.word(key, self._language)


def _by(service: str | None) -> dict[str, str]:
    return {} if service is None else {"service": service}
