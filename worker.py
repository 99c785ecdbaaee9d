"""The worker of a joint service centre: the one place where everything is wired together.

    python worker.py            # or: casework worker

Temporal's own environment configuration says where the server is; CASEWORK_* the rest (see settings.py). It starts
while PostgreSQL or the mail server is down, and stops gracefully on SIGINT or SIGTERM.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import NoReturn

import structlog
from pydantic import ValidationError
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from casework import logs
from casework.adapters.notify.channels import NoChannel, router_of
from casework.adapters.postgres.feed import PostgresFeed
from casework.adapters.postgres.records import PostgresRecords
from casework.adapters.postgres.tickets import PostgresTickets
from casework.adapters.webhooks.sender import WebhookSender, WebhooksNotInstalled
from casework.leaving import leave
from casework.plugin import CaseworkPlugin
from casework.settings import Settings
from casework.standards.pack.loader import PackError, StandardsLibrary
from casework.starter.client import connect_config
from casework.starter.errors import CaseworkError
from casework.starter.setup import missing_search_attributes

# Activities under way may finish: a mail that is being sent is sent and noted.
GRACE = timedelta(seconds=10)
MOST_BETWEEN_TRIES = 15.0  # seconds


class NotReady(Exception):
    """A setting is missing; the message says which."""


async def run(settings: Settings) -> None:
    """Serve cases until told to stop."""
    log = structlog.get_logger()
    if settings.database_url is None:
        raise NotReady("CASEWORK_DATABASE_URL is not set: the records need a PostgreSQL database")
    library = StandardsLibrary.load(settings.packs)
    records = PostgresRecords(settings.database_url.get_secret_value())
    notifier = router_of(settings.channels, os.environ)
    plugin = CaseworkPlugin(library, records, notifier, tickets=PostgresTickets(records), reports=records)
    client = await _connected(plugin)
    worker = Worker(
        client,
        task_queue=settings.task_queue,
        max_cached_workflows=settings.max_cached_cases,
        graceful_shutdown_timeout=GRACE,
    )
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        async with worker, _events_out(PostgresFeed(records)):
            served = [f"{pack.id} {pack.version}" for pack in library.packs]
            await _warn_of_missing_attributes(client)
            log.info("worker ready", task_queue=settings.task_queue, namespace=client.namespace, standards=served)
            await stop.wait()
            log.info("worker stopping")
    finally:
        await records.close()
    log.info("worker stopped")


@asynccontextmanager
async def _events_out(feed: PostgresFeed) -> AsyncIterator[None]:
    """Beside the worker, endpoints are sent what happened; several workers share them."""
    try:
        sender = WebhookSender(feed)
    except WebhooksNotInstalled as missing:
        structlog.get_logger().info("no events are sent", reason=str(missing))
        yield
        return
    sending = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        sending.cancel()
        with suppress(asyncio.CancelledError):
            await sending


async def _connected(plugin: CaseworkPlugin) -> Client:
    """A worker may be there before its server: it waits, and says so now and then."""
    config, wait = connect_config(), 0.5
    while True:
        try:
            return await Client.connect(**config, plugins=[plugin])
        except RuntimeError as error:  # so temporalio says that the server cannot be reached
            reason = str(error).partition(":")[0]
            structlog.get_logger().warning("waiting for Temporal", address=config["target_host"], reason=reason)
        await asyncio.sleep(wait)
        wait = min(2 * wait, MOST_BETWEEN_TRIES)


async def _warn_of_missing_attributes(client: Client) -> None:
    """A case cannot show what the namespace does not know, and waits until it does."""
    with suppress(RPCError):  # some namespaces do not let workers ask
        missing = await missing_search_attributes(client)
        if missing:
            structlog.get_logger().error("search attributes missing; run: casework setup", missing=missing)


def main() -> None:
    """Entry point of `casework worker` and `python worker.py`."""
    try:
        settings = Settings()
        logs.configure(settings.log_level)
        asyncio.run(run(settings))
    except ValidationError as error:
        _stop([f"CASEWORK_{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors(include_input=False)], 2)
    except PackError as error:
        _stop(str(error).splitlines(), 2)
    except (NotReady, NoChannel) as error:
        _stop([str(error)], 2)
    except CaseworkError as error:
        _stop([str(error)], error.exit_code)
    leave(0)


def _stop(why: Sequence[str], exit_code: int) -> NoReturn:
    print("\n".join(why), file=sys.stderr)
    leave(exit_code)


if __name__ == "__main__":
    main()
