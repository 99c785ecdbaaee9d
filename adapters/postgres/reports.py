"""What is read of the records for people who look back: views that anybody may query (docs/reports.md), read here by name."""

from __future__ import annotations

from typing import Any

from casework.adapters.postgres.records import PostgresRecords

IMPROVEMENTS = """
SELECT * FROM casework.report_improvements
WHERE ($1::text IS NULL OR centre = $1) AND ($2 OR closed_at IS NULL)
ORDER BY due_at NULLS LAST, case_no
"""


async def improvements(records: PostgresRecords, centre: str | None = None, everything: bool = False) -> list[dict[str, Any]]:
    """Improvement tasks, the earliest due first; open ones unless `everything`."""
    return [dict(row) for row in await records.rows(IMPROVEMENTS, centre, everything)]
