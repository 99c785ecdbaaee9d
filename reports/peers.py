"""Figures of similar agencies, from a CSV that they gave: agency, figure, value, n, and what it is of.

agency,figure,service,value,n
กรมที่ดิน,in_time,,0.91,1200
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

from casework.reports.definitions import FIGURES

MOST = 10**9
COLUMNS = {"agency", "figure", "value"}


class PeerFigure(NamedTuple):
    """A figure of another agency; of one service, or of all of theirs."""

    agency: str
    name: str
    service: str | None
    value: float
    n: int | None


def read_peers(file: Path) -> list[PeerFigure]:
    """The figures of a file. Raises ValueError that names the line."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            rows = csv.DictReader(text)
            if missing := COLUMNS - set(rows.fieldnames or ()):
                raise ValueError(f"{file.name}: the first line lacks {', '.join(sorted(missing))}")
            return [_figure(row, f"{file.name}: line {rows.line_num}") for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{file.name}: cannot be read ({type(error).__name__})") from error


def _figure(row: dict[str, str], where: str) -> PeerFigure:
    if row["figure"] not in FIGURES:
        raise ValueError(f"{where}: unknown figure {row['figure']}; figures are {', '.join(FIGURES)}")
    agency = (row["agency"] or "").strip()
    if not agency or not agency.isprintable():
        raise ValueError(f"{where}: agency: a name")
    try:
        value, n = float(row["value"] or ""), int(row.get("n") or 0)
    except ValueError:
        raise ValueError(f"{where}: value and n are numbers") from None
    if not 0 <= value <= MOST or not 0 <= n <= MOST:
        raise ValueError(f"{where}: value and n lie between 0 and {MOST:,}")
    if FIGURES[row["figure"]].unit == "share" and value > 1:
        raise ValueError(f"{where}: a share lies between 0 and 1")
    return PeerFigure(agency, row["figure"], row.get("service") or None, value, n or None)
