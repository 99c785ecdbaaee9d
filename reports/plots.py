"""Plots as SVG whose text stays text: it can be searched and copied, and the browser shapes the Thai."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from casework.reports.definitions import FIGURES
from casework.reports.figures import AGES, Figure
from casework.reports.report import Language, Report
from casework.standards.thai_fonts import THAI_FONTS

BLUE, RED, GREY = "#1f4e79", "#b03a2e", "#8a94a0"
WIDTH, ROW, MARGIN = 8.0, 0.34, 1.0
MOST_BARS = 14
TITLES = {
    "in_time": ("ทันกำหนด แยกตามบริการ", "In time, by service"),
    "steps": ("ขั้นตอนที่เกินกำหนด", "Steps that were late"),
    "trend": ("ทันกำหนด รายเดือน", "In time, month by month"),
    "open": ("เรื่องคงค้างเมื่อสิ้นช่วง", "Open at the end of the period"),
    "satisfied": ("คะแนนสูงกว่ากึ่งกลาง แยกตามข้อ", "Scores above the middle, by item"),
}


class PlotsNotInstalled(Exception):
    """casework[reports] is not installed."""


class Plotter:
    """Draws the plots of a report."""

    def __init__(self, fonts: Path | None = None) -> None:
        """Raises PlotsNotInstalled."""
        try:
            import matplotlib as mpl
            from matplotlib import font_manager
            from matplotlib.figure import Figure as Canvas
        except ImportError as missing:
            raise PlotsNotInstalled("reports with plots need: pip install 'casework[reports]'") from missing
        for file in font_manager.findSystemFonts([str(fonts)]) if fonts else ():
            font_manager.fontManager.addfont(file)
        known = {font.name for font in font_manager.fontManager.ttflist}
        families = [family for family in THAI_FONTS if family in known]
        self._canvas = Canvas
        self._style = mpl.rc_context
        self._rc: Any = {
            "svg.fonttype": "none", "font.family": [*families, "DejaVu Sans"], "font.size": 11, "svg.hashsalt": "casework",
            "axes.spines.top": False, "axes.spines.right": False,
        }  # fmt: skip

    def draw(self, report: Report, language: Language, on_paper: bool = False) -> dict[str, str]:
        """Every plot that there are figures for, by name. On paper letters are drawn as shapes: what turns SVG into PDF does not
        shape Thai, as browsers do."""
        self._rc["svg.fonttype"] = "path" if on_paper else "none"
        items = [figure for figure in report.all("satisfied", "item") if figure.value is not None]
        steps = sorted(
            (figure for figure in report.all("step_late", "service", "step") if figure.value is not None),
            key=lambda figure: -(figure.value or 0),
        )
        drawn = {
            "in_time": self._bars(report, "in_time", report.all("in_time", "service"), "service", language),
            "steps": self._bars(report, "steps", [figure for figure in steps if figure.value], "step", language, RED),
            "trend": self._line(report, language),
            "open": self._ages(report, language),
            "satisfied": self._bars(report, "satisfied", items, "item", language),
        }
        return {name: svg for name, svg in drawn.items() if svg}

    def _bars(
        self, report: Report, name: str, figures: Sequence[Figure], kind: str, language: Language, colour: str = BLUE
    ) -> str:
        """Shares, each with the interval in which it lies and the number behind it."""
        shown = [figure for figure in figures if figure.value is not None][:MOST_BARS]
        if not shown:
            return ""
        with self._style(self._rc):
            canvas = self._canvas(figsize=(WIDTH, MARGIN + ROW * len(shown)), layout="constrained")
            axes = canvas.subplots()
            places = range(len(shown))
            values = [figure.value or 0 for figure in shown]
            low = [max(0.0, value - (figure.low or 0)) for value, figure in zip(values, shown, strict=True)]
            high = [max(0.0, (figure.high or 0) - value) for value, figure in zip(values, shown, strict=True)]
            axes.barh(places, values, color=colour, height=0.62)
            axes.errorbar(values, places, xerr=[low, high], fmt="none", ecolor=GREY, capsize=3)
            names = [report.word(figure.of(kind) or "", language) for figure in shown]
            services = [report.word(figure.of("service") or "", language) for figure in shown]
            told = [
                f"{name} · {service}" if names.count(name) > 1 else name for name, service in zip(names, services, strict=True)
            ]
            axes.set_yticks(places, [f"{name}  (n = {figure.n:,})" for name, figure in zip(told, shown, strict=True)])
            axes.invert_yaxis()
            axes.set_xlim(0, 1)
            axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
            axes.set_title(title_of(name, language), loc="left", fontweight="bold")
            return _svg(canvas)

    def _line(self, report: Report, language: Language) -> str:
        shown = [figure for figure in report.trend if figure.value is not None]
        if len(shown) < 2:
            return ""
        with self._style(self._rc):
            canvas = self._canvas(figsize=(WIDTH, 2.8), layout="constrained")
            axes = canvas.subplots()
            months = [figure.of("month") or "" for figure in shown]
            axes.fill_between(months, [f.low or 0 for f in shown], [f.high or 0 for f in shown], color=BLUE, alpha=0.15)
            axes.plot(months, [figure.value or 0 for figure in shown], color=BLUE, marker="o")
            axes.set_ylim(0, 1.02)
            axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
            axes.tick_params(axis="x", rotation=45)
            axes.set_title(title_of("trend", language), loc="left", fontweight="bold")
            return _svg(canvas)

    def _ages(self, report: Report, language: Language) -> str:
        shown = [figure for name in AGES if (figure := report.get(name)) is not None]
        if not any(figure.value for figure in shown):
            return ""
        with self._style(self._rc):
            canvas = self._canvas(figsize=(WIDTH, MARGIN + ROW * len(shown)), layout="constrained")
            axes = canvas.subplots()
            places = range(len(shown))
            bars = axes.barh(places, [figure.value or 0 for figure in shown], color=[BLUE, BLUE, BLUE, RED], height=0.62)
            axes.bar_label(bars, [f"{figure.value:,.0f}" for figure in shown], padding=4)
            axes.set_yticks(places, [_name(figure.name, language) for figure in shown])
            axes.invert_yaxis()
            axes.set_title(title_of("open", language), loc="left", fontweight="bold")
            return _svg(canvas)


def _name(figure: str, language: Language) -> str:
    return FIGURES[figure].th if language == "th" else FIGURES[figure].en


def title_of(name: str, language: Language) -> str:
    """What stands above a plot."""
    return TITLES[name][0 if language == "th" else 1]


def _svg(canvas: Any) -> str:
    """The drawing as it stands in a page."""
    text = io.StringIO()
    canvas.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    drawn = text.getvalue()
    return drawn[drawn.index("<svg") :]
