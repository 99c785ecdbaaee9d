"""The feed of events in PostgreSQL, and the endpoints that listen to it.

The records write an outbox in the transaction of each event. Whoever reads moves what is there into the feed, under a lock: so
positions follow the order of commits, and the events of a case their own numbers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from casework.adapters.postgres.records import PostgresRecords, RecordsError
from casework.adapters.webhooks.cloud_events import PublishedEvent

PAGE = 500
CHANNEL = "casework_events"
LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('casework.feed'))"
# An event waits until every earlier one of its case is in the records: batches may come in any order.
MOVE = """
WITH next AS MATERIALIZED (  -- whole cases, so that a page never cuts one in the middle
    SELECT * FROM casework.outbox WHERE subject IN (SELECT subject FROM casework.outbox WHERE id > $2 ORDER BY id LIMIT $1)
), ready AS (
    SELECT o.id FROM next o
    WHERE (SELECT count(DISTINCT e.seq) FROM casework.events e
            WHERE o.kind = 'case' AND e.case_id = o.subject AND e.seq < o.seq) = CASE o.kind WHEN 'case' THEN o.seq - 1 ELSE 0 END
), moved AS (
    DELETE FROM casework.outbox o USING ready r WHERE o.id = r.id RETURNING o.*
)
INSERT INTO casework.feed (position, kind, subject, seq, key)
SELECT (SELECT coalesce(max(position), 0) FROM casework.feed) + row_number() OVER (ORDER BY at, subject, seq, id),
       kind, subject, seq, key
FROM moved
RETURNING position
"""
# Past those that wait for an earlier event of their case.
NEXT = "SELECT max(id) FROM (SELECT id FROM casework.outbox WHERE id > $2 ORDER BY id LIMIT $1) page"
READ = """
SELECT * FROM casework.published_events
WHERE position > $1 AND ($2::bigint IS NULL OR position <= $2) AND ($3::text IS NULL OR subject = $3)
  AND ($4::text[] IS NULL OR type = ANY ($4)) AND ($5::text[] IS NULL OR service = ANY ($5) OR kind = 'queue')
  AND ($6::text[] IS NULL OR centre = ANY ($6))
ORDER BY position LIMIT $7
"""
POSITION_AT = """
SELECT coalesce(
    (SELECT min(position) - 1 FROM casework.published_events WHERE at >= $1),
    (SELECT max(position) FROM casework.feed), 0)
"""
END = "SELECT coalesce(max(position), 0) FROM casework.feed"

CLAIM = """
UPDATE casework.webhooks w SET claimed_until = now() + $1::interval
WHERE name = (
    SELECT name FROM casework.webhooks c
    WHERE stopped_at IS NULL AND next_try_at <= now() AND (claimed_until IS NULL OR claimed_until < now())
      AND (position < (SELECT coalesce(max(position), 0) FROM casework.feed)
           OR EXISTS (SELECT 1 FROM casework.webhook_held h WHERE h.webhook = c.name AND h.next_try_at <= now()))
    ORDER BY next_try_at FOR UPDATE SKIP LOCKED LIMIT 1)
RETURNING w.name, w.url, w.secret, w.types, w.services, w.centres, w.in_full, w.position, w.attempts, w.claimed_until AS claim
"""
HELD = "SELECT subject, position, attempts, next_try_at <= now() AS due FROM casework.webhook_held WHERE webhook = $1"
HOLD = """
INSERT INTO casework.webhook_held (webhook, subject, position, attempts, next_try_at, last_error)
VALUES ($1, $2, $3, $4, now() + $5::interval, $6)
ON CONFLICT (webhook, subject) DO UPDATE SET position = EXCLUDED.position, attempts = EXCLUDED.attempts,
    next_try_at = EXCLUDED.next_try_at, last_error = EXCLUDED.last_error
"""
RELEASE = "DELETE FROM casework.webhook_held WHERE webhook = $1 AND subject = $2"
GO_ON = """
UPDATE casework.webhooks SET position = greatest(position, $2), delivered = delivered + $3,
    delivered_at = CASE WHEN $3 > 0 THEN now() ELSE delivered_at END, claimed_until = NULL, attempts = $4,
    next_try_at = now() + $5::interval, last_error = $6, stopped_at = CASE WHEN $7 THEN now() END
WHERE name = $1 AND claimed_until = $8  -- else somebody said meanwhile where it is to go on
"""
ADD = """
INSERT INTO casework.webhooks (name, url, secret, types, services, centres, in_full, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING name
"""
LIST = """
SELECT w.name, w.url, w.types, w.services, w.centres, w.in_full, w.position, w.delivered, w.delivered_at, w.attempts,
       w.next_try_at, w.last_error, w.stopped_at, (SELECT count(*) FROM casework.webhook_held h WHERE h.webhook = w.name) AS held,
       (SELECT coalesce(max(position), 0) FROM casework.feed) - w.position AS behind
FROM casework.webhooks w ORDER BY w.name
"""
REMOVE = "DELETE FROM casework.webhooks WHERE name = $1 RETURNING name"
REPLAY = """
WITH forgotten AS (  -- what is heard again from there
    DELETE FROM casework.webhook_held WHERE webhook = $1 AND position > $2::bigint
), again AS (
    UPDATE casework.webhook_held SET next_try_at = now() WHERE webhook = $1 AND ($2::bigint IS NULL OR position <= $2)
)
UPDATE casework.webhooks SET position = least(coalesce($2, position), position), attempts = 0, next_try_at = now(),
    stopped_at = NULL, claimed_until = NULL
WHERE name = $1 RETURNING name
"""


class Listener(NamedTuple):
    """An endpoint, and what it wants to hear."""

    name: str
    url: str
    secret: str
    types: list[str] | None
    services: list[str] | None
    centres: list[str] | None
    in_full: bool
    position: int
    attempts: int
    claim: datetime  # until when it is ours; nobody else's turn has the same


class HeldCase(NamedTuple):
    """A case of which an endpoint refused an event: from where it waits, and how often it was tried."""

    subject: str
    position: int
    attempts: int
    due: bool


class PostgresFeed:
    """The feed beside the records."""

    def __init__(self, records: PostgresRecords) -> None:
        self._records = records

    @asynccontextmanager
    async def bell(self) -> AsyncIterator[Callable[[float], Awaitable[None]]]:
        """Something to wait with: until something was written, or so many seconds have passed. Without a connection that can be
        notified (a pooler between), only the seconds."""
        rung, connection = asyncio.Event(), None

        async def wait(seconds: float) -> None:
            nonlocal connection
            if connection is None or connection.is_closed():
                with suppress(RecordsError):
                    connection = await self._records.listen(CHANNEL, rung.set)
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), seconds)
            rung.clear()

        try:
            yield wait
        finally:
            if connection is not None:
                await connection.close()

    async def move(self) -> int:
        """Move what is in the outbox into the feed; how much it was. Nothing while somebody else does."""
        moved, after = 0, 0
        while True:
            async with self._records.transaction() as sql:
                if not await sql.fetchval(LOCK):
                    return moved
                last = await sql.fetchval(NEXT, PAGE, after)
                if last is None:
                    return moved
                moved += len(await sql.fetch(MOVE, PAGE, after))
            after = last

    async def read(
        self,
        after: int,
        until: int | None = None,
        subject: str | None = None,
        types: Sequence[str] | None = None,
        services: Sequence[str] | None = None,
        centres: Sequence[str] | None = None,
        limit: int = PAGE,
    ) -> list[PublishedEvent]:
        """The events after a position (until another), in order."""
        rows = await self._records.rows(READ, after, until, subject, types, services, centres, limit)
        return [PublishedEvent(**{**dict(row), "data": json.loads(row["data"])}) for row in rows]

    async def position_at(self, at: datetime) -> int:
        """The position before the first event that happened then or later."""
        return int((await self._records.rows(POSITION_AT, at))[0][0])

    async def end(self) -> int:
        """The last position."""
        return int((await self._records.rows(END))[0][0])

    async def claim(self, lease: timedelta) -> Listener | None:
        """An endpoint that is due, ours for so long; None if there is none."""
        rows = await self._records.rows(CLAIM, lease)
        return Listener(**dict(rows[0])) if rows else None

    async def held(self, name: str) -> list[HeldCase]:
        """The cases that wait at an endpoint."""
        return [HeldCase(**dict(row)) for row in await self._records.rows(HELD, name)]

    async def hold(self, name: str, subject: str, position: int, attempts: int, wait: timedelta, error: str) -> None:
        """A case waits from a position on, for so long."""
        await self._records.rows(HOLD, name, subject, position, attempts, wait, error)

    async def release(self, name: str, subject: str) -> None:
        """A case does not wait any more."""
        await self._records.rows(RELEASE, name, subject)

    async def go_on(
        self,
        listener: Listener,
        position: int,
        delivered: int,
        attempts: int,
        wait: timedelta,
        error: str | None,
        stop: bool = False,
    ) -> None:
        """Note how far an endpoint is, and when it is tried next; nothing if it is not ours any more."""
        await self._records.rows(GO_ON, listener.name, position, delivered, attempts, wait, error, stop, listener.claim)

    async def add(
        self,
        name: str,
        url: str,
        secret: str,
        position: int,
        types: Sequence[str] | None = None,
        services: Sequence[str] | None = None,
        centres: Sequence[str] | None = None,
        in_full: bool = False,
    ) -> bool:
        """Enter an endpoint that hears what comes after a position; False if the name is taken."""
        return bool(await self._records.rows(ADD, name, url, secret, types, services, centres, in_full, position))

    async def listeners(self) -> list[dict[str, Any]]:
        """Every endpoint and how far it is; without its secret."""
        return [dict(row) for row in await self._records.rows(LIST)]

    async def remove(self, name: str) -> bool:
        """Forget an endpoint; False if it is unknown."""
        return bool(await self._records.rows(REMOVE, name))

    async def replay(self, name: str, position: int | None) -> bool:
        """Let an endpoint hear everything after a position again (None: go on where it stood); False if it is unknown."""
        return bool(await self._records.rows(REPLAY, name, position))
