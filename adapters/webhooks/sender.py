"""Delivers the feed to endpoints, as Standard Webhooks (standardwebhooks.com): signed, at least once, in order for each case.

Each endpoint has a place of its own in the feed, so one that is dead delays nobody. An endpoint that does not answer is tried
again later, from where it stood. If it refuses one event, that case waits for it and the others go on. Several senders share
the endpoints.
"""

from __future__ import annotations

import asyncio
import json
import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from casework.adapters.postgres.feed import HeldCase, Listener, PostgresFeed
from casework.adapters.postgres.records import RecordsError
from casework.adapters.webhooks.cloud_events import PublishedEvent

AT_ONCE = 100  # events of a turn
TURN = timedelta(seconds=20)  # longer than a turn takes; so long an endpoint waits whose sender was killed
TURN_ENDS = 8.0  # seconds
ANSWER_WITHIN = 10.0  # seconds
LOOK_EVERY = 1.0  # seconds
GONE = 410
ITS_OWN_FAULT = {408, 425, 429}  # of the endpoint, not of what it was sent
SOON = timedelta(milliseconds=250)
LONGEST_WAIT = timedelta(hours=1)
# When a refused event is tried again (the schedule that Standard Webhooks recommends).
HOURS = (2, 5, 10, 14, 20)
REFUSED_AGAIN = [timedelta(seconds=5), timedelta(minutes=5), timedelta(minutes=30), *(timedelta(hours=n) for n in HOURS)]

log = structlog.get_logger()
logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs addresses, and some have a token in them


class WebhooksNotInstalled(Exception):
    """casework[webhooks] is not installed."""


class Refused(Exception):
    """The endpoint refuses this event."""


class Unanswered(Exception):
    """The endpoint does not answer, or not now. `wait` is how long it asked for."""

    def __init__(self, why: str, wait: timedelta | None = None) -> None:
        super().__init__(why)
        self.wait = wait


class Gone(Exception):
    """The endpoint wants nothing any more."""


class WebhookSender:
    """Delivers events to every endpoint that the records name."""

    def __init__(self, feed: PostgresFeed) -> None:
        """Raises WebhooksNotInstalled."""
        try:
            import httpx
            import standardwebhooks
        except ImportError as missing:
            raise WebhooksNotInstalled("events cannot be sent from here: pip install 'casework[webhooks]'") from missing
        self._feed = feed
        self._under_way: set[asyncio.Task[None]] = set()
        self._signer = standardwebhooks.Webhook
        self._http: Any = httpx.AsyncClient(timeout=ANSWER_WITHIN, follow_redirects=False)
        self._not_answering = (httpx.HTTPError, httpx.InvalidURL)

    async def run(self) -> None:
        """Deliver until cancelled; what is wrong with the records or with one endpoint stops nothing."""
        async with self._http, self._feed.bell() as bell:
            while True:
                try:
                    await self._feed.move()
                    await self._begin_turns()  # one that is slow holds up nobody's next turn
                except RecordsError:
                    pass  # they are away for a while
                except Exception as error:  # noqa: BLE001 - a mistake with one event must not end all sending in silence
                    log.error("events are not sent", error=type(error).__name__)
                await bell(LOOK_EVERY)

    async def turns(self) -> None:
        """A turn for each endpoint that is due, beside one another, and an end to all of them."""
        await self._begin_turns()
        await asyncio.gather(*self._under_way)

    async def _begin_turns(self) -> None:
        while (listener := await self._feed.claim(TURN)) is not None:
            turn = asyncio.create_task(self._turn(listener))
            self._under_way.add(turn)
            turn.add_done_callback(self._under_way.discard)

    async def _turn(self, listener: Listener) -> None:
        delivered, position = 0, listener.position
        ends = asyncio.get_running_loop().time() + TURN_ENDS
        try:
            held = {case.subject: case for case in await self._feed.held(listener.name)}
            for case in [case for case in held.values() if case.due]:
                if asyncio.get_running_loop().time() > ends:
                    break
                delivered += await self._catch_up(listener, case, ends)
                held = {each.subject: each for each in await self._feed.held(listener.name)}
            until = min(await self._feed.end(), position + 10 * AT_ONCE)  # who hears little goes on in large steps
            events = await self._wanted(listener, position, until, limit=AT_ONCE)
            until = events[-1].position if len(events) == AT_ONCE else until
            for event in events:
                if asyncio.get_running_loop().time() > ends:
                    until = position
                    break
                if event.subject not in held:
                    try:
                        await self._deliver(listener, event)
                        delivered += 1
                    except Refused as refusal:
                        held[event.subject] = HeldCase(event.subject, event.position, 1, due=False)
                        await self._feed.hold(listener.name, event.subject, event.position, 1, REFUSED_AGAIN[0], str(refusal))
                position = event.position
            await self._feed.go_on(listener, until, delivered, 0, timedelta(), None)
        except Unanswered as trouble:
            wait = trouble.wait or min(LONGEST_WAIT, SOON * 2 ** min(listener.attempts, 14))
            await self._feed.go_on(listener, position, delivered, listener.attempts + 1, wait, str(trouble))
            log.warning("endpoint does not answer", webhook=listener.name, error=str(trouble), again_in=str(wait))
        except Gone:
            await self._feed.go_on(listener, position, delivered, 0, timedelta(), "it answered 410 Gone", stop=True)
            log.warning("endpoint is gone; nothing more is sent to it", webhook=listener.name)
        except RecordsError:
            pass  # what was delivered and not noted is delivered again
        except Exception as error:  # noqa: BLE001 - a mistake with one endpoint is tried again, and holds up no other
            log.error("events are not sent", webhook=listener.name, error=type(error).__name__)
            with suppress(RecordsError):
                await self._feed.go_on(listener, position, delivered, listener.attempts + 1, LONGEST_WAIT, type(error).__name__)

    async def _catch_up(self, listener: Listener, case: HeldCase, ends: float) -> int:
        """Deliver what waits of a case, in order, as far as the endpoint is with the others; how much it was."""
        delivered, after = 0, case.position - 1
        while events := await self._wanted(listener, after, listener.position, case.subject):
            for event in events:
                if asyncio.get_running_loop().time() > ends:  # the rest in the next turn
                    await self._feed.hold(listener.name, case.subject, event.position, case.attempts, SOON, "there is more")
                    return delivered
                try:
                    await self._deliver(listener, event)
                except Refused as refusal:
                    tries = case.attempts + 1 if event.position == case.position else 1
                    wait = REFUSED_AGAIN[min(tries, len(REFUSED_AGAIN)) - 1]
                    await self._feed.hold(listener.name, case.subject, event.position, tries, wait, str(refusal))
                    return delivered
                delivered, after = delivered + 1, event.position
        await self._feed.release(listener.name, case.subject)
        return delivered

    async def _wanted(
        self, listener: Listener, after: int, until: int, subject: str | None = None, limit: int = AT_ONCE
    ) -> list[PublishedEvent]:
        return await self._feed.read(after, until, subject, listener.types, listener.services, listener.centres, limit)

    async def _deliver(self, listener: Listener, event: PublishedEvent) -> None:
        body = json.dumps(event.cloud_event(listener.in_full), ensure_ascii=False)
        now = datetime.now(UTC)
        headers = {
            "content-type": "application/cloudevents+json; charset=utf-8",
            "webhook-id": event.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer(listener.secret).sign(event.id, now, body),
        }
        try:
            async with asyncio.timeout(ANSWER_WITHIN):  # in all: one that drips its answer does not answer
                async with self._http.stream("POST", listener.url, content=body.encode(), headers=headers) as answer:
                    status = answer.status_code
        except (*self._not_answering, TimeoutError) as error:
            raise Unanswered(type(error).__name__) from error
        if answer.is_success:
            return
        if status == GONE:
            raise Gone
        if 400 <= status < 500 and status not in ITS_OWN_FAULT:
            raise Refused(f"it answered {status}")
        asked = answer.headers.get("retry-after", "")
        wait = timedelta(seconds=min(int(asked), LONGEST_WAIT.seconds)) if asked.isdecimal() else None
        raise Unanswered(f"it answered {status}", wait)
