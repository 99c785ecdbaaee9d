"""Endpoints that listen during a drill: one that answers well mostly, one that never does. What must be true of them after it."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from random import Random

from standardwebhooks import Webhook, WebhookVerificationError

from casework.adapters.postgres.feed import PostgresFeed
from casework.adapters.postgres.records import PostgresRecords, RecordsError
from casework.drill.endpoint import Endpoint, Got
from casework.drill.verdict import Finding

SECRET = "whsec_ZHJpbGxkcmlsbGRyaWxsZHJpbGxkcmlsbA=="  # noqa: S105 - of a drill on loopback
ALL_WITHIN = 90.0  # seconds
REFUSES, FAILS = 0.02, 0.03
COUNT = "SELECT (SELECT count(*) FROM casework.events) + count(*) FROM casework.queue_events"
OK, REFUSED, ILL = 204, 422, 503


class Listeners:
    """The endpoints of one drill."""

    def __init__(self, records: PostgresRecords, seed: int) -> None:
        self._feed, self._records = PostgresFeed(records), records
        self._random, self._refused = Random(f"{seed}/listeners"), set[str]()  # noqa: S311 - a drill is to be repeated
        self.well, self._dead = Endpoint(self._answer), Endpoint(lambda got: ILL)

    async def begin(self) -> None:
        """Listen from the first event on."""
        await self._feed.add("drill", self.well.url, SECRET, 0)
        await self._feed.add("dead", self._dead.url, SECRET, 0)

    async def judge(self) -> tuple[list[Finding], dict[str, int]]:
        """Every event of the records was delivered, in order for each case, with a signature that holds."""
        behind = await self._delivered()
        self.well.close()
        self._dead.close()
        arrived: dict[str, list[str]] = defaultdict(list)
        found: list[Finding] = [Finding("not delivered in time", "drill", behind)] if behind else []
        for got in self.well.taken:
            arrived[got.event["subject"]].append(got.event["id"])
            try:
                Webhook(SECRET).verify(got.body.decode(), got.headers)
            except WebhookVerificationError as error:
                found.append(Finding("signature does not hold", got.event["subject"], str(error)))
        expected: dict[str, list[str]] = defaultdict(list)
        for event in await self._feed.read(0, limit=1_000_000):
            expected[event.subject].append(event.id)
        [(recorded,)] = await self._records.rows(COUNT)
        for subject, ids in expected.items():
            first_seen = list(dict.fromkeys(arrived[subject]))
            if first_seen != ids:
                missing = len(set(ids) - set(first_seen))
                found.append(
                    Finding("listeners heard something else", subject, f"{missing} of {len(ids)} missing, or another order")
                )
        published = sum(map(len, expected.values()))
        if published != recorded:
            found.append(Finding("the feed is not the records", "feed", f"{published} of {recorded} events"))
        again = len(self.well.taken) - sum(len(set(ids)) for ids in arrived.values())
        figures = {
            "events delivered": published,
            "delivered again, under the same id": again,
            "refused at first": len(self._refused),
        }
        return found, figures

    async def _delivered(self) -> str:
        """Wait until the endpoint has everything; what is missing, if it takes too long."""
        missing = "nobody answers"
        for _ in range(int(ALL_WITHIN)):
            try:
                await self._feed.move()
                [state] = [row for row in await self._feed.listeners() if row["name"] == "drill"]
            except RecordsError:
                await asyncio.sleep(1)
                continue
            missing = f"{state['behind']} events, {state['held']} cases held: {state['last_error']}"
            if not state["behind"] and not state["held"]:
                return ""
            await asyncio.sleep(1)
        return missing

    def _answer(self, got: Got) -> int:
        if got.event["id"] not in self._refused and self._random.random() < REFUSES:
            self._refused.add(got.event["id"])
            return REFUSED
        return ILL if self._random.random() < FAILS else OK
