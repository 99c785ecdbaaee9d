"""Every figure of a report: its name, what it counts, and which cases are behind it (definitions.yaml).

The condition that counts a share is the one that finds its cases, so the two cannot differ.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Literal

import yaml

from casework.standards.limits import Frozen

RECEIVED = "received_at >= $1 AND received_at < $2"
CONCLUDED = "concluded_at >= $1 AND concluded_at < $2"
NOT_DONE = "(concluded_at IS NULL OR concluded_at >= $2) AND (closed_at IS NULL OR closed_at >= $2)"
OPEN = f"received_at < $2 AND {NOT_DONE} AND ended_as IS NULL"


class Definition(Frozen):
    """A figure. `where` finds its rows in `view`, between $1 and $2."""

    th: str
    en: str
    means_th: str
    means_en: str
    unit: Literal["cases", "share", "days", "hours", "minutes", "visits", "tasks", "answers"]
    view: Literal["cases", "steps", "hops", "answers", "visits", "improvements", "voices"]
    where: str

    @property
    def condition(self) -> str:
        """The condition in full."""
        return self.where.format(concluded=CONCLUDED, received=RECEIVED, open=OPEN)

    @property
    def of_those_done(self) -> str:
        """What it asks of a case beside having been done in the period."""
        return self.where.removeprefix("{concluded} AND ")

    @property
    def of_those_open(self) -> str:
        """What it asks of a case beside being open at the end of the period."""
        return self.where.removeprefix("{open} AND ")


def _read() -> dict[str, Definition]:
    text = (files("casework.reports") / "definitions.yaml").read_text(encoding="utf-8")
    return {name: Definition.model_validate(said) for name, said in yaml.safe_load(text).items()}


FIGURES = _read()
WITHOUT_CASES = {"satisfied", "score", "engaged", "theme"}  # of items and words: --csv has them, casework voice finds them
