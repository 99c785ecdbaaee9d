"""Evidence of service mind for a human appraiser: counts of cases for each thing that the text asks for, each with its cases.

It never computes a grade: what the levels mean in a person is for people to judge (sources 000 and 001).
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Literal, NamedTuple

import yaml

from casework.adapters.postgres.records import PostgresRecords
from casework.reports.definitions import CONCLUDED
from casework.reports.figures import AGGREGATES
from casework.reports.period import Period
from casework.standards.limits import Frozen

NO_GRADE = {
    "th": "ข้อมูลประกอบสำหรับผู้ประเมินเท่านั้น ระบบไม่คำนวณระดับของบุคคลหรือหน่วยงาน และระดับ 0 คือยังไม่มีหลักฐานเพียงพอ",
    "en": "Evidence for whoever appraises. No level of a person or a unit is computed; level 0 means that there is not enough.",
}
HERE = "($3::text IS NULL OR centre = $3)"


class Kind(Frozen):
    """One thing that the text asks for: of the rows of a view, those for which something holds."""

    level: Literal[1, 2, 3, 4, 5]
    th: str
    en: str
    view: Literal["cases", "voices", "improvements"]
    of: str
    where: str

    @property
    def rows(self) -> str:
        """What is looked at, as SQL; of one owner agency where the view knows it."""
        unit = " AND ($4::text IS NULL OR agency = $4)" if self.view == "cases" else " AND $4::text IS NULL"
        return f"casework.report_{self.view} WHERE {self.of.format(concluded=CONCLUDED)} AND {HERE}{unit}"


class Evidence(NamedTuple):
    """So many of so many."""

    name: str
    kind: Kind
    found: int
    of: int


KINDS = {
    name: Kind.model_validate(said)
    for name, said in yaml.safe_load((files("casework.reports") / "evidence.yaml").read_text(encoding="utf-8")).items()
}


async def evidence(records: PostgresRecords, period: Period, centre: str | None, unit: str | None) -> list[Evidence]:
    """What the records show of a period, at a centre and an owner agency (None: of all)."""
    found = []
    for name, kind in KINDS.items():
        statement = f"SELECT count(*) AS n, count(*) FILTER (WHERE {kind.where}) AS found FROM {kind.rows}"
        [row] = await records.rows(statement, period.begins, period.ends, centre, unit, timeout=AGGREGATES)
        found.append(Evidence(name, kind, row["found"], row["n"]))
    return found


async def cases_of(
    records: PostgresRecords, name: str, period: Period, centre: str | None, unit: str | None
) -> list[dict[str, Any]]:
    """The cases that are evidence of one thing, by id."""
    kind = KINDS[name]
    statement = f"SELECT DISTINCT case_id FROM {kind.rows} AND {kind.where} AND case_id IS NOT NULL ORDER BY 1"
    rows = await records.rows(statement, period.begins, period.ends, centre, unit, timeout=AGGREGATES)
    return [dict(row) for row in rows]
