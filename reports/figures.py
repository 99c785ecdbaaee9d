"""The figures of a period, counted in the database: a handful of statements, whatever the number of cases."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from casework.adapters.postgres.records import PostgresRecords
from casework.reports.definitions import CONCLUDED, FIGURES, OPEN, RECEIVED
from casework.reports.period import Period
from casework.reports.shares import share

ScaleOf = Callable[[str, str, str], list[int]]  # of standard, version and segment: the scores that it asks for
AGGREGATES = 60.0  # seconds that a statement over years may take
MOST_NAMED = 200
OF_CONCLUDED = ("in_time", "late", "passed_on", "reassigned", "deficient", "reopened", "extended")
OF_ASKED = ("answered", "silent")
AGES = ("open_to_7_days", "open_to_30_days", "open_to_90_days", "open_longer")
OF_TASKS = ("tasks_opened", "tasks_better", "tasks_open")


class Figure(NamedTuple):
    """One figure: of so many (`n`), for shares between what it lies with 95 % confidence. `by` says of what it is: a service, a
    step, a unit (owner agency), segment, channel, item of the survey."""

    name: str
    value: float | None
    n: int
    low: float | None = None
    high: float | None = None
    by: tuple[tuple[str, str], ...] = ()

    def of(self, key: str) -> str | None:
        """What it is of, by kind."""
        return dict(self.by).get(key)


def _count(conditions: dict[str, str]) -> str:
    return ",\n".join(f"count(*) FILTER (WHERE {condition}) AS {name}" for name, condition in conditions.items())


HERE = "($3::text IS NULL OR centre = $3)"
MATTERS = f"casework.cases WHERE service <> 'improvement' AND {HERE}"  # quicker than the view, where its counts are not needed
RECEIVED_CASES = f"""
SELECT service, count(*) AS n FROM {MATTERS} AND {RECEIVED} GROUP BY GROUPING SETS ((service), ())
"""
DONE = f"""
SELECT service, CASE WHEN grouping(agency) = 0 THEN coalesce(agency, '–') END AS unit, count(*) AS n,
       {_count({name: FIGURES[name].of_those_done for name in OF_CONCLUDED})},
       percentile_cont(0.5) WITHIN GROUP (ORDER BY days) AS days,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY days) AS days_of_most,
       count(*) FILTER (WHERE asked) AS asked, count(*) FILTER (WHERE rated_low) AS rated_low,
       count(*) FILTER (WHERE rated_low AND called_back) AS called_back,
       {_count({name: FIGURES[name].of_those_done for name in OF_ASKED})}
FROM casework.report_cases WHERE {CONCLUDED} AND {HERE}
GROUP BY GROUPING SETS ((service), (service, agency), ())
"""
STILL_OPEN = f"""
SELECT service, count(*) AS n, {_count({name: FIGURES[name].of_those_open for name in AGES})} FROM {MATTERS}
AND {OPEN} AND $1::timestamptz IS NOT NULL GROUP BY GROUPING SETS ((service), ())
"""
STEPS = f"""
SELECT service, step, CASE WHEN grouping(agency) = 0 THEN coalesce(agency, '–') END AS unit, count(*) AS n,
       count(*) FILTER (WHERE late) AS late,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY net_hours) AS net,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY gross_hours) AS gross
FROM casework.report_steps WHERE stopped_at >= $1 AND stopped_at < $2 AND {HERE}
GROUP BY GROUPING SETS ((service, step), (service, step, agency))
"""
HOPS = f"""
SELECT agency AS unit, count(*) AS n, percentile_cont(0.5) WITHIN GROUP (ORDER BY hours) AS hours
FROM casework.report_hops WHERE until_at >= $1 AND until_at < $2 AND agency IS NOT NULL AND {HERE} GROUP BY agency
"""
SCORES = f"""
SELECT a.service, a.segment, a.channel, a.standard_id, a.standard_version, s.key AS item, s.value::integer AS score, count(*) AS n
FROM casework.report_answers a, jsonb_each_text(a.scores) s
WHERE answered_at >= $1 AND answered_at < $2 AND {HERE} GROUP BY 1, 2, 3, 4, 5, 6, 7
"""
SAID = f"""
SELECT service, count(*) AS n, count(*) FILTER (WHERE dissatisfied) AS dissatisfied, count(*) FILTER (WHERE praised) AS praised
FROM casework.report_answers WHERE answered_at >= $1 AND answered_at < $2 AND {HERE} GROUP BY GROUPING SETS ((service), ())
"""
ENGAGED = f"""
SELECT e.key AS item, count(*) AS n, count(*) FILTER (WHERE e.value = 'true') AS yes
FROM casework.report_answers a, jsonb_each_text(a.engagement) e
WHERE answered_at >= $1 AND answered_at < $2 AND {HERE} GROUP BY 1
"""
VISITS = f"""
SELECT service, count(*) AS n, count(*) FILTER (WHERE no_show) AS no_show, count(waited_minutes) AS called,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY waited_minutes) AS waited,
       percentile_cont(0.9) WITHIN GROUP (ORDER BY waited_minutes) AS waited_by_most
FROM casework.report_visits WHERE arrived_at >= $1 AND arrived_at < $2 AND {HERE} GROUP BY GROUPING SETS ((service), ())
"""
TASKS = f"""
SELECT {_count({name: FIGURES[name].condition for name in OF_TASKS})}
FROM casework.report_improvements WHERE {HERE}
"""
QUESTIONS = f"""
SELECT count(*) AS n, count(*) FILTER (WHERE answered) AS answered,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY reply_hours) AS hours
FROM casework.report_voices WHERE at >= $1 AND at < $2 AND kind = 'question' AND {HERE}
"""
EXTENSIONS = f"""
SELECT n.case_no, c.service, e.data->>'step' AS step, e.actor_role AS role, (e.data->>'old_due_at')::timestamptz AS old_due_at,
       (e.data->>'new_due_at')::timestamptz AS new_due_at
FROM casework.events e JOIN casework.cases c USING (case_id) LEFT JOIN casework.case_numbers n USING (case_id)
WHERE e.type = 'extended' AND e.at >= $1 AND e.at < $2 AND {HERE} AND c.service <> 'improvement' ORDER BY e.at LIMIT $4
"""
BY_MONTH = f"""
SELECT to_char(concluded_at AT TIME ZONE $4, 'YYYY-MM') AS month, count(*) AS n,
       count(*) FILTER (WHERE breached_at IS NULL) AS in_time
FROM {MATTERS} AND {CONCLUDED} GROUP BY 1 ORDER BY 1
"""


async def figures(records: PostgresRecords, period: Period, centre: str | None, scale_of: ScaleOf) -> list[Figure]:
    """Every figure of a period at a centre (None: of all). `scale_of` says which scores a survey asks for."""
    counted = _Counted(records, period, centre)
    found = await counted.cases()
    found += await counted.steps()
    found += await counted.answers(scale_of)
    found += await counted.voices()
    found += await counted.visits()
    return found + await counted.tasks()


async def by_month(records: PostgresRecords, period: Period, centre: str | None) -> list[Figure]:
    """In time, month by month."""
    zone = str(period.begins.tzinfo)
    rows = await records.rows(BY_MONTH, period.begins, period.ends, centre, zone, timeout=AGGREGATES)
    return [_share("in_time", row["in_time"], row["n"], month=row["month"]) for row in rows]


async def cases_behind(
    records: PostgresRecords, name: str, period: Period, centre: str | None, service: str | None, limit: int
) -> list[dict[str, Any]]:
    """The cases behind a figure, by number, id and service; as many as `limit`."""
    definition = FIGURES[name]
    number = {"visits": "day || ' ' || ticket AS case_no", "voices": "voice AS case_no"}.get(definition.view, "case_no")
    services = "about_service" if definition.view == "improvements" else "service"
    rows = await records.rows(
        f"SELECT DISTINCT {number}, case_id, {services} AS service FROM casework.report_{definition.view} "
        f"WHERE {definition.condition} AND {HERE} AND $1::timestamptz IS NOT NULL AND $2::timestamptz IS NOT NULL "
        f"AND ($4::text IS NULL OR {services} = $4) ORDER BY 1, 2 LIMIT $5",
        period.begins, period.ends, centre, service, limit, timeout=AGGREGATES,
    )  # fmt: skip
    return [dict(row) for row in rows]


class Extension(NamedTuple):
    """A step that somebody extended: until when it was due, and until when it is."""

    case_no: str | None
    service: str
    step: str
    role: str
    old_due_at: datetime
    new_due_at: datetime


async def extensions(records: PostgresRecords, period: Period, centre: str | None, limit: int = MOST_NAMED) -> list[Extension]:
    """Every extension of a period, the earliest first; as many as `limit`."""
    rows = await records.rows(EXTENSIONS, period.begins, period.ends, centre, limit, timeout=AGGREGATES)
    return [Extension(**dict(row)) for row in rows]


def theme(name: str, found: int, of: int) -> Figure:
    """How often people spoke of a theme."""
    return _share("theme", found, of, theme=name)


def _share(name: str, part: int, whole: int, **by: str | None) -> Figure:
    found = share(part, whole)
    said = tuple((key, value) for key, value in by.items() if value is not None)
    if found is None:
        return Figure(name, None, 0, by=said)
    return Figure(name, found.value, whole, found.low, found.high, said)


def _figure(name: str, value: Any, n: int, **by: str | None) -> Figure:
    said = tuple((key, each) for key, each in by.items() if each is not None)
    return Figure(name, None if value is None else float(value), n, by=said)


class _Counted:
    """Asks the database, one statement after the other."""

    def __init__(self, records: PostgresRecords, period: Period, centre: str | None) -> None:
        self._records = records
        self._given = (period.begins, period.ends, centre)

    async def _rows(self, statement: str) -> list[Any]:
        return await self._records.rows(statement, *self._given, timeout=AGGREGATES)

    async def cases(self) -> list[Figure]:
        found = [_figure("received", row["n"], row["n"], service=row["service"]) for row in await self._rows(RECEIVED_CASES)]
        for row in await self._rows(DONE):
            of, n = {"service": row["service"], "unit": row["unit"]}, row["n"]
            found.append(_figure("concluded", n, n, **of))
            found += [_share(name, row[name], n, **of) for name in OF_CONCLUDED]
            found += [_figure(name, row[name], n, **of) for name in ("days", "days_of_most")]
            if row["unit"] is None:
                found.append(_figure("asked", row["asked"], n, **of))
                found += [_share(name, row[name], row["asked"], **of) for name in OF_ASKED]
                found.append(_share("called_back", row["called_back"], row["rated_low"], **of))
        for row in await self._rows(STILL_OPEN):
            found.append(_figure("open", row["n"], row["n"], service=row["service"]))
            found += [_figure(name, row[name], row["n"], service=row["service"]) for name in AGES]
        return found

    async def steps(self) -> list[Figure]:
        found = []
        for row in await self._rows(STEPS):
            of, n = {"service": row["service"], "step": row["step"], "unit": row["unit"]}, row["n"]
            found.append(_share("step_late", row["late"], n, **of))
            found += [_figure("step_net_hours", row["net"], n, **of), _figure("step_gross_hours", row["gross"], n, **of)]
        return found + [_figure("hop_hours", row["hours"], row["n"], unit=row["unit"]) for row in await self._rows(HOPS)]

    async def answers(self, scale_of: ScaleOf) -> list[Figure]:
        """Scores in the groups that the sources ask for: by item, by segment, by channel, by service."""
        groups: dict[tuple[tuple[str, str], ...], list[tuple[int, int, bool]]] = defaultdict(list)
        for row in await self._rows(SCORES):
            scale = scale_of(row["standard_id"], row["standard_version"], row["segment"])
            content = row["score"] > (min(scale) + max(scale)) / 2
            of = {key: row[key] for key in ("service", "segment", "channel", "item")}
            for keys in (("item",), ("item", "service"), ("item", "segment"), ("item", "channel")):
                groups[tuple((key, of[key]) for key in keys)].append((row["score"], row["n"], content))
        found = []
        for by, scores in sorted(groups.items()):
            n = sum(count for _, count, _ in scores)
            found.append(_share("satisfied", sum(count for _, count, content in scores if content), n, **dict(by)))
            found.append(_figure("score", sum(score * count for score, count, _ in scores) / n, n, **dict(by)))
        for row in await self._rows(SAID):
            found += [_share(name, row[name], row["n"], service=row["service"]) for name in ("dissatisfied", "praised")]
        return found + [_share("engaged", row["yes"], row["n"], item=row["item"]) for row in await self._rows(ENGAGED)]

    async def voices(self) -> list[Figure]:
        [row] = await self._rows(QUESTIONS)
        return [_share("questions", row["answered"], row["n"]), _figure("reply_hours", row["hours"], row["answered"])]

    async def visits(self) -> list[Figure]:
        found = []
        for row in await self._rows(VISITS):
            found.append(_figure("visits", row["n"], row["n"], service=row["service"]))
            found.append(_share("no_show", row["no_show"], row["n"], service=row["service"]))
            found += [_figure(name, row[name], row["called"], service=row["service"]) for name in ("waited", "waited_by_most")]
        return found

    async def tasks(self) -> list[Figure]:
        [row] = await self._rows(TASKS)
        return [_figure(name, row[name], row[name]) for name in OF_TASKS]


def as_json(figure: Figure) -> str:
    """A figure as a line of JSON."""
    said = {key: value for key, value in figure._asdict().items() if key != "by"} | dict(figure.by)
    return json.dumps(said, ensure_ascii=False)
