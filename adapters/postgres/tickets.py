"""The queue in the records: what happened, and how long service took in the last weeks."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any, NamedTuple

from casework.adapters.postgres.records import PostgresRecords
from casework.workflows.messages.people import Actor, Officer
from casework.workflows.messages.queue import QueueEvent
from casework.workflows.queue.ports import QueueBatch, QueueWritten
from casework.workflows.queue.roster import Duty
from casework.workflows.queue.waits import Measured

# Whoever holds a queue is locked while it writes, so that nobody takes it over in between.
WRITE = """
WITH holder AS (
    SELECT holder = $2 AS ours FROM casework.queue_holders WHERE queue_id = $1 ORDER BY since DESC, holder DESC LIMIT 1
), happened AS (
    SELECT * FROM jsonb_to_recordset($5::jsonb) AS e(
        seq integer, key text, type text, at timestamptz, ticket text, point integer, actor jsonb, data jsonb)
), written AS (
    INSERT INTO casework.queue_events (queue_id, seq, key, centre, day, at, type, ticket, point, actor_id, actor_role, data)
    SELECT $1, h.seq, h.key, $3, $4, h.at, h.type, h.ticket, h.point, h.actor->>'id', h.actor->>'role', coalesce(h.data, '{}')
    FROM happened h WHERE (SELECT ours FROM holder)
    ON CONFLICT DO NOTHING
)
SELECT max(seq) AS last, coalesce((SELECT ours FROM holder), false) AS ours,
       coalesce((SELECT max(revision) FROM casework.calendar_changes WHERE standard = $6), 0) AS calendar
FROM happened
"""

LOCK = "SELECT pg_advisory_xact_lock(hashtext('casework.queue ' || $1))"

HOLD = """
WITH entered AS (
    INSERT INTO casework.queue_holders (queue_id, holder, since) VALUES ($1, $2, $3)
    ON CONFLICT (queue_id, holder) DO UPDATE SET since = EXCLUDED.since
)
SELECT greatest($3, max(since) FILTER (WHERE holder <> $2)) FROM casework.queue_holders WHERE queue_id = $1
"""

EVENTS = """
SELECT seq, key, type, at, ticket, point, actor_id, actor_role, data FROM casework.queue_events
WHERE queue_id = $1 AND seq > $2 ORDER BY seq, recorded_at LIMIT $3
"""

# $1 centre, $2 the day, $3 so many days back. Minutes of service by service (but where the end of the day ended it), and how
# often the wait that was told came true.
TIMES = """
WITH days AS (
    SELECT t.*, f.data ? 'because' AS cut, k.data AS taken, extract(epoch FROM ended_at - began_at) / 60 AS minutes,
           extract(epoch FROM first_called_at - arrived_at) / 60 AS waited
    FROM casework.tickets t
    JOIN casework.queue_events k ON k.queue_id = t.queue_id AND k.ticket = t.ticket AND k.type = 'taken'
    LEFT JOIN casework.queue_events f ON f.queue_id = t.queue_id AND f.ticket = t.ticket AND f.type = 'finished'
    WHERE t.centre = $1 AND t.day < $2 AND t.day >= $2 - $3::integer
), served AS (
    SELECT service, count(*)::integer AS n, sum(minutes)::float AS total, sum(minutes ^ 2)::float AS squares
    FROM days WHERE outcome = 'finished' AND began_at IS NOT NULL AND NOT coalesce(cut, false) GROUP BY service
), told AS (
    SELECT taken->>'service' AS service, count(*)::integer AS told,
           (count(*) FILTER (
               WHERE waited BETWEEN (taken->'wait'->>0)::float AND (taken->'wait'->>1)::float))::integer AS came_true
    FROM days WHERE taken ? 'wait' AND first_called_at IS NOT NULL GROUP BY 1
)
SELECT service, coalesce(n, 0) AS n, coalesce(total, 0) AS total, coalesce(squares, 0) AS squares,
       coalesce(told, 0) AS told, coalesce(came_true, 0) AS came_true
FROM served FULL JOIN told USING (service)
"""

# $1 centre, $2 the day. Whoever stands in for an officer who is away comes with the entry.
DUTIES = """
SELECT d.point, d.from_time::text, d.until_time::text, o.officer_id, o.name,
       s.officer_id AS stand_in_id, s.name AS stand_in, coalesce($2 BETWEEN o.away_from AND o.away_until, false) AS away
FROM casework.duties d
LEFT JOIN casework.officers o ON o.officer_id = d.officer_id
LEFT JOIN casework.officers s ON s.officer_id = o.stand_in
WHERE d.centre = $1 AND $2 BETWEEN d.first_day AND d.last_day
  AND (d.weekdays IS NULL OR extract(isodow FROM $2::date)::integer = ANY (d.weekdays))
ORDER BY d.duty_id
"""

ENTER_DUTY = """
INSERT INTO casework.duties (centre, point, officer_id, first_day, last_day, weekdays, from_time, until_time, entered_by)
VALUES ($1, $2, $3, $4, $5, $6, $7::text::time, $8::text::time, $9)
"""


EVERYTHING = 2**31 - 1


class NewDuty(NamedTuple):
    """Who is on duty at a point from one day through another, on some weekdays (ISO, 1 = Monday; None: all), from a time until
    another, of the office's clock (HH:MM; 24:00 ends a day). Without an officer nobody is there."""

    centre: str
    point: int
    officer_id: str | None
    first_day: date
    last_day: date
    weekdays: list[int] | None
    begins: str
    ends: str
    by: str


class PostgresTickets:
    """Ticket records (see casework.adapters.ports) beside the cases."""

    def __init__(self, records: PostgresRecords) -> None:
        self._records = records

    async def hold(
        self, queue_id: str, holder: str, since: datetime, after: int = 0, limit: int = EVERYTHING
    ) -> tuple[datetime, list[QueueEvent]]:
        """From now on only this holder writes to a queue, unless one does since later; so many of the events after this one."""
        async with self._records.transaction() as sql:
            await sql.execute(LOCK, queue_id)
            held = await sql.fetchval(HOLD, queue_id, holder, since)
            return held, [_event(row) for row in await sql.fetch(EVENTS, queue_id, after, limit)]

    async def queue_events(self, queue_id: str) -> list[QueueEvent]:
        """Everything that happened in a queue, in order."""
        return [_event(row) for row in await self._records.rows(EVENTS, queue_id, 0, EVERYTHING)]

    async def write_queue(self, batch: QueueBatch) -> QueueWritten:
        """Write events; nothing if another holds the queue."""
        events = json.dumps([event.model_dump(mode="json") for event in batch.events])
        day = date.fromisoformat(batch.day)
        async with self._records.transaction() as sql:
            await sql.execute(LOCK, batch.queue_id)
            row = await sql.fetchrow(WRITE, batch.queue_id, batch.holder, batch.centre, day, events, batch.standard)
        assert row is not None, "an aggregate has a row"
        return QueueWritten(last=row["last"], calendar=row["calendar"], superseded=not row["ours"])

    async def duties(self, centre: str, day: date) -> list[Duty]:
        """Who is on duty on a day."""
        return [_duty(row) for row in await self._records.rows(DUTIES, centre, day)]

    async def enter_duty(self, duty: NewDuty) -> None:
        """Enter who is on duty, and when; it goes before what was entered earlier. The officer must be known."""
        await self._records.rows(
            ENTER_DUTY, duty.centre, duty.point, duty.officer_id, duty.first_day, duty.last_day, duty.weekdays, duty.begins,
            duty.ends, duty.by,
        )  # fmt: skip

    async def officer(self, officer_id: str) -> Officer | None:
        """An officer as requesters see them."""
        rows = await self._records.rows("SELECT name FROM casework.officers WHERE officer_id = $1", officer_id)
        return Officer(id=officer_id, name=rows[0]["name"]) if rows else None

    async def service_times(self, centre: str, day: date, days: int) -> dict[str, Measured]:
        """How long service took at a centre in so many days before one, by service."""
        return {
            row["service"]: Measured(**dict(list(row.items())[1:])) for row in await self._records.rows(TIMES, centre, day, days)
        }


def _event(row: Any) -> QueueEvent:
    return QueueEvent(
        seq=row["seq"],
        key=row["key"],
        type=row["type"],
        at=row["at"],
        actor=Actor(id=row["actor_id"], role=row["actor_role"]) if row["actor_id"] else None,
        ticket=row["ticket"],
        point=row["point"],
        data=json.loads(row["data"]),
    )


def _duty(row: Any) -> Duty:
    officer = Officer(id=row["officer_id"], name=row["name"]) if row["officer_id"] else None
    instead_of = None
    if officer is not None and row["away"]:
        instead_of = officer.id
        officer = Officer(id=row["stand_in_id"], name=row["stand_in"]) if row["stand_in_id"] else None
    return Duty(
        point=row["point"], officer=officer, instead_of=instead_of,
        from_minute=_minutes(row["from_time"]), until_minute=_minutes(row["until_time"]),
    )  # fmt: skip


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")[:2]
    return int(hours) * 60 + int(minutes)
