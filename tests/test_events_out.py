"""Events out: written with the records, sent signed, at least once, in order for each case; a dead endpoint delays nobody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from standardwebhooks import Webhook, WebhookVerificationError

from casework.adapters.postgres.feed import PostgresFeed
from casework.adapters.postgres.records import PostgresRecords
from casework.adapters.webhooks import sender as sending
from casework.adapters.webhooks.sender import WebhookSender
from casework.drill.endpoint import Endpoint, Got
from tests.test_records import batch

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest_asyncio.fixture
async def feed(records: PostgresRecords) -> AsyncIterator[PostgresFeed]:
    """The feed; endpoints of a test are forgotten after it."""
    feed = PostgresFeed(records)
    await feed.move()
    yield feed
    for row in await feed.listeners():
        await feed.remove(row["name"])


def centre_of_its_own() -> str:
    return f"C{uuid4().hex[:8]}"


async def written(records: PostgresRecords, centre: str, *seqs: int, case_id: str | None = None, **changes: Any) -> str:
    case_id = case_id or f"forward-{uuid4().hex[:10].upper()}"
    await records.write(batch(case_id, *seqs, centre=centre, **changes))
    return case_id


async def listens(feed: PostgresFeed, name: str, url: str, centre: str, **changes: Any) -> None:
    await feed.move()
    await feed.add(name, url, SECRET, await feed.end(), centres=[centre], **changes)


async def sent(feed: PostgresFeed, sender: WebhookSender, until: Callable[[], bool], seconds: float = 8) -> None:
    """Let the sender work until something is so."""
    async with asyncio.timeout(seconds):
        while not until():
            await feed.move()
            await sender.turns()
            await asyncio.sleep(0.05)


async def test_an_event_goes_out_signed_as_a_cloud_event_and_names_nobody(records: PostgresRecords, feed: PostgresFeed) -> None:
    centre, endpoint = centre_of_its_own(), Endpoint()
    await listens(feed, "dashboard", endpoint.url, centre)
    await listens(feed, "inside", endpoint.url, centre, in_full=True)
    said = {"step": "owner_act", "reason": "คุณสมชายโทรมา"}
    case = await written(records, centre, 1, types={1: "breached"}, data={1: said})
    await sent(feed, WebhookSender(feed), lambda: len(endpoint.taken) == 2)
    outside, inside = sorted(endpoint.taken, key=lambda got: len(got.body))
    assert outside.event == {
        "specversion": "1.0",
        "id": outside.headers["webhook-id"],
        "source": f"/casework/{centre}",
        "type": "casework.case.breached",
        "subject": case,
        "time": outside.event["time"],
        "datacontenttype": "application/json",
        "sequence": outside.event["sequence"],
        "data": {
            "service": "forward",
            "centre": centre,
            "case_no": f"{centre}-2569-00001",
            "number": 1,
            "by": {"role": "centre_officer", "unit": "JSC"},
            "said": {"step": "owner_act"},
        },
    }
    assert datetime.fromisoformat(outside.event["time"]).tzinfo is not None
    assert inside.event["data"]["said"] == said
    assert outside.headers["content-type"].startswith("application/cloudevents+json")
    for got in endpoint.taken:
        Webhook(SECRET).verify(got.body.decode(), got.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(outside.body.decode() + " ", outside.headers)


async def test_a_dead_endpoint_delays_nobody_and_gets_everything_when_it_is_back(
    records: PostgresRecords, feed: PostgresFeed
) -> None:
    centre, well, down = centre_of_its_own(), Endpoint(), [True]
    ill = Endpoint(lambda got: 503 if down[0] else 204)
    await listens(feed, "ill", ill.url, centre)
    await listens(feed, "dead", "http://127.0.0.1:9/", centre)
    await listens(feed, "well", well.url, centre)
    cases = [await written(records, centre, 1, 2, 3) for _ in range(5)]
    sender = WebhookSender(feed)
    await sent(feed, sender, lambda: len(well.taken) == 15)
    assert ill.taken == []
    state = {row["name"]: row for row in await feed.listeners()}
    assert (state["ill"]["last_error"], state["dead"]["last_error"]) == ("it answered 503", "ConnectError")
    assert (state["well"]["delivered"], state["ill"]["delivered"], state["dead"]["held"]) == (15, 0, 0)
    down[0] = False
    await sent(feed, sender, lambda: len(ill.taken) == 15, seconds=15)
    assert all(ill.numbers(case) == [1, 2, 3] for case in cases)


async def test_a_refused_event_holds_up_its_own_case_only(
    records: PostgresRecords, feed: PostgresFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "REFUSED_AGAIN", [timedelta(milliseconds=300)] * 9)
    centre, refuses = centre_of_its_own(), [True]

    def answer(got: Got) -> int:
        return 422 if refuses[0] and got.event["subject"] == bad and got.event["data"]["number"] == 2 else 204

    endpoint = Endpoint(answer)
    await listens(feed, "picky", endpoint.url, centre)
    bad, good = await written(records, centre, 1, 2, 3), await written(records, centre, 1, 2)
    sender = WebhookSender(feed)
    await sent(feed, sender, lambda: endpoint.numbers(good) == [1, 2])
    await written(records, centre, 4, case_id=bad, at=datetime(2026, 3, 3, tzinfo=UTC))
    await asyncio.sleep(0.4)
    await sent(feed, sender, lambda: sum(got.event["subject"] == bad for got in endpoint.got) >= 3)
    assert endpoint.numbers(bad) == [1]
    refuses[0] = False
    await sent(feed, sender, lambda: endpoint.numbers(bad) == [1, 2, 3, 4])
    [row] = await feed.listeners()
    assert (row["held"], row["delivered"], row["behind"]) == (0, 6, 0)


async def test_gone_is_gone_until_somebody_says_again(records: PostgresRecords, feed: PostgresFeed) -> None:
    centre, gone = centre_of_its_own(), [True]
    endpoint = Endpoint(lambda got: 410 if gone[0] else 204)
    await listens(feed, "moved", endpoint.url, centre)
    case = await written(records, centre, 1)
    sender = WebhookSender(feed)
    await sent(feed, sender, lambda: len(endpoint.got) == 1)
    gone[0] = False
    await written(records, centre, 2, case_id=case)
    await feed.move()
    await sender.turns()
    assert len(endpoint.got) == 1
    assert await feed.replay("moved", None)
    await sent(feed, sender, lambda: endpoint.numbers(case) == [1, 2])


async def test_batches_that_come_late_do_not_overtake(records: PostgresRecords, feed: PostgresFeed) -> None:
    centre, endpoint = centre_of_its_own(), Endpoint()
    await listens(feed, "orderly", endpoint.url, centre)
    case = await written(records, centre, 1)
    later = datetime(2026, 3, 4, tzinfo=UTC)
    await written(records, centre, 4, 5, case_id=case, at=later)
    sender = WebhookSender(feed)
    await sent(feed, sender, lambda: len(endpoint.taken) == 1)
    await feed.move()
    await sender.turns()
    assert endpoint.numbers(case) == [1]
    await written(records, centre, 2, 3, case_id=case)
    await sent(feed, sender, lambda: len(endpoint.taken) == 5)
    assert endpoint.numbers(case) == [1, 2, 3, 4, 5]


async def test_many_write_and_many_move_and_nothing_is_lost_or_doubled(records: PostgresRecords, feed: PostgresFeed) -> None:
    centre, begin = centre_of_its_own(), await feed.end()
    cases = [f"forward-{uuid4().hex[:10].upper()}" for _ in range(40)]

    async def write(case: str) -> None:
        for number in range(1, 6):
            await written(records, centre, number, case_id=case, at=datetime(2026, 3, number, tzinfo=UTC))

    movers = [asyncio.create_task(_moving(feed)) for _ in range(3)]
    await asyncio.gather(*(write(case) for case in cases))
    for mover in movers:
        mover.cancel()
    await asyncio.sleep(0.2)
    await feed.move()
    events = await feed.read(begin, centres=[centre], limit=1000)
    assert [event.seq for event in events if event.subject == cases[0]] == [1, 2, 3, 4, 5]
    assert len({event.id for event in events}) == len(events) == 200
    assert all([e.seq for e in events if e.subject == case] == [1, 2, 3, 4, 5] for case in cases)
    everything = await feed.read(begin, limit=100_000)
    assert [event.position for event in everything] == sorted({event.position for event in everything})


async def _moving(feed: PostgresFeed) -> None:
    while True:
        await feed.move()
        await asyncio.sleep(0.001)


async def test_two_senders_share_the_endpoints(records: PostgresRecords, feed: PostgresFeed) -> None:
    centre, endpoint = centre_of_its_own(), Endpoint()
    await listens(feed, "shared", endpoint.url, centre)
    for _ in range(30):
        await written(records, centre, 1, 2)
    await feed.move()
    senders = [WebhookSender(feed), WebhookSender(feed)]
    async with asyncio.timeout(10):
        while len(endpoint.taken) < 60:
            await asyncio.gather(*(sender.turns() for sender in senders))
    assert len(endpoint.taken) == 60


async def test_what_was_not_committed_is_not_sent(records: PostgresRecords, feed: PostgresFeed) -> None:
    begin = await feed.end()
    with pytest.raises(ZeroDivisionError):
        async with records.transaction() as sql:
            await sql.execute(
                "INSERT INTO casework.queue_events (queue_id, seq, key, centre, day, at, type, data) "
                "VALUES ('q', 1, 'k', 'JSC', '2026-03-02', now(), 'taken', '{}')"
            )
            raise ZeroDivisionError
    await feed.move()
    assert [event for event in await feed.read(begin) if event.subject == "q"] == []
