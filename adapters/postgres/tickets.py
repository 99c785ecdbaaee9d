"""The queue in the records: what happened, and how long service took in the last weeks."""

from __future__ import annotations

import json
from datetime import date

from casework.adapters.postgres.records import PostgresRecords
from casework.workflows.messages.people import Actor
from casework.workflows.messages.queue import QueueEvent
from casework.workflows.queue.ports import QueueBatch
from casework.workflows.queue.waits import Measured

WRITE = """
WITH happened AS (
    SELECT * FROM jsonb_to_recordset($4::jsonb) AS e(
        seq integer, key text, type text, at timestamptz, ticket text, point integer, actor jsonb, data jsonb)
), written AS (
    INSERT INTO casework.queue_events (queue_id, seq, key, centre, day, at, type, ticket, point, actor_id, actor_role, data)
    SELECT $1, h.seq, h.key, $2, $3, h.at, h.type, h.ticket, h.point, h.actor->>'id', h.actor->>'role', coalesce(h.data, '{}')
    FROM happened h
    ON CONFLICT DO NOTHING
)
SELECT max(seq) AS last FROM happened
"""

EVENTS = """
SELECT seq, key, type, at, ticket, point, actor_id, actor_role, data FROM casework.queue_events
WHERE queue_id = $1 ORDER BY seq, recorded_at
"""

# $1 centre, $2 the day, $3 so many days back. Minutes of service by service, and how often the wait that was told came true.
TIMES = """
WITH served AS (
    SELECT service, extract(epoch FROM ended_at - began_at) / 60 AS minutes FROM casework.tickets t
    WHERE NOT EXISTS (  -- ended by the end of the day, not by an officer
        SELECT 1 FROM casework.queue_events e
        WHERE e.queue_id = t.queue_id AND e.ticket = t.ticket AND e.type = 'finished' AND e.data ? 'because')
    AND centre = $1 AND day < $2 AND day >= $2 - $3::integer AND outcome = 'finished' AND began_at IS NOT NULL
)
SELECT service, count(*)::integer AS n, sum(minutes)::float AS total, sum(minutes ^ 2)::float AS squares
FROM served GROUP BY service
"""


class PostgresTickets:
    """Ticket records (see casework.adapters.ports) beside the cases."""

    def __init__(self, records: PostgresRecords) -> None:
        self._records = records

    async def write_queue(self, batch: QueueBatch) -> int:
        """Write events; the last of them."""
        events = json.dumps([event.model_dump(mode="json") for event in batch.events])
        day = date.fromisoformat(batch.day)
        rows = await self._records.rows(WRITE, batch.queue_id, batch.centre, day, events)
        return int(rows[0]["last"])

    async def queue_events(self, queue_id: str) -> list[QueueEvent]:
        """Everything that happened in a queue, in order."""
        return [
            QueueEvent(
                seq=row["seq"],
                key=row["key"],
                type=row["type"],
                at=row["at"],
                actor=Actor(id=row["actor_id"], role=row["actor_role"]) if row["actor_id"] else None,
                ticket=row["ticket"],
                point=row["point"],
                data=json.loads(row["data"]),
            )
            for row in await self._records.rows(EVENTS, queue_id)
        ]

    async def service_times(self, centre: str, day: date, days: int) -> dict[str, Measured]:
        """How long service took at a centre in so many days before one, by service."""
        return {
            row["service"]: Measured(n=row["n"], total=row["total"], squares=row["squares"])
            for row in await self._records.rows(TIMES, centre, day, days)
        }
