"""casework events and casework webhooks: what happened, for whoever listens."""

from __future__ import annotations

import base64
import json
import os
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit

import typer
from pydantic import TypeAdapter, ValidationError

from casework.adapters.postgres.feed import PostgresFeed
from casework.standards.pack.model import EARLIEST_YEAR, LATEST_YEAR
from casework.starter.cli.printing import console, local, note, table
from casework.starter.cli.shared import JsonFlag, run
from casework.starter.errors import InvalidCase, NotFound
from casework.starter.open_records import open_records
from casework.starter.services import library_of, unknown
from casework.starter.services import services as services_here
from casework.workflows.messages.events import EventType
from casework.workflows.messages.fields import Code
from casework.workflows.messages.queue import TicketEvent
from casework.workflows.processes import every_command

PREFIX = "whsec_"
SECRET_BYTES, SHORTEST, LONGEST = 32, 24, 64
LAST_POSITION = 2**62
LABEL = "[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"(?=.{{1,253}}$)({LABEL}\.)*{LABEL}|[0-9a-f:]+")
LOOK_EVERY = 1.0  # seconds
SinceOption = Annotated[
    str | None, typer.Option(metavar="POSITION|TIME", help="After this position (`sequence` of an event), or from this time on.")
]
TypeOption = Annotated[list[str] | None, typer.Option("--type", help="Only these: breached, rated … (may be repeated).")]
ServiceOption = Annotated[list[str] | None, typer.Option("--service", help="Only of these services (and queues).")]
CentreOption = Annotated[list[str] | None, typer.Option("--centre", help="Only of these centres.")]
FullOption = Annotated[bool, typer.Option("--in-full", help="Also what people wrote, which may name people.")]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="What the endpoint is called here.")]

webhooks = typer.Typer(
    help="Endpoints that are sent every event: signed, at least once, in order for each case.",
    no_args_is_help=True,
    add_completion=False,
)


def events(
    since: SinceOption = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what happens from now on.")] = False,
    case: Annotated[str | None, typer.Option(help="Only of this case or queue, by its id.")] = None,
    types: TypeOption = None,
    services: ServiceOption = None,
    centres: CentreOption = None,
    in_full: FullOption = False,
) -> None:
    """Print what happened, one CloudEvents 1.0 JSON object a line, in the one order that all listeners get.

    Whoever stops goes on with --since and the `sequence` of the last line. Needs CASEWORK_DATABASE_URL.
    Example: casework events --since 2026-11-01T00:00:00+07:00 --type breached
    """

    async def go() -> None:
        async with open_records() as records:
            feed = PostgresFeed(records)
            await feed.move()
            after = await _position(feed, since, 0)
            async with feed.bell() as bell:
                while True:
                    page = await feed.read(after, None, case, types or None, services or None, centres or None)
                    for event in page:
                        print(json.dumps(event.cloud_event(in_full), ensure_ascii=False), flush=True)
                        after = event.position
                    if page:
                        continue
                    if not follow:
                        return
                    await bell(LOOK_EVERY)
                    await feed.move()

    run(go())


@webhooks.command("add")
def add(
    name: NameArgument,
    url: Annotated[str, typer.Argument(metavar="URL", help="https://… that takes a POST of CloudEvents JSON.")],
    since: SinceOption = None,
    types: TypeOption = None,
    services: ServiceOption = None,
    centres: CentreOption = None,
    in_full: FullOption = False,
) -> None:
    """Enter an endpoint and print its secret, once: whoever receives checks `webhook-signature` with it (Standard Webhooks).

    It hears what happens from now on, or everything after --since. The workers send; they need casework\\[webhooks].
    CASEWORK_WEBHOOK_SECRET, if set, is taken as the secret.
    """
    if not _is_address(url):
        raise InvalidCase("URL: an address such as https://dashboard.example/events, without a password in it")
    pack = library_of(None).current()
    for what, said, known in (
        ("type", types, _types()),
        ("service", services, list(pack.services)),
        ("centre", centres, pack.known_centres),
    ):
        for each in said or ():
            if each not in known:
                raise InvalidCase(unknown(what, each, known))
    made = f"{PREFIX}{base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"
    secret = os.environ.get("CASEWORK_WEBHOOK_SECRET") or made
    if not _is_secret(secret):
        raise InvalidCase("CASEWORK_WEBHOOK_SECRET: whsec_ and base64 of 24 to 64 bytes")
    try:
        TypeAdapter(Code).validate_python(name)
    except ValidationError as error:
        raise InvalidCase(f"NAME: {error.errors(include_input=False)[0]['msg']}") from None

    async def go() -> None:
        async with open_records() as records:
            feed = PostgresFeed(records)
            await feed.move()
            position = await _position(feed, since, await feed.end())
            if not await feed.add(name, url, secret, position, types or None, services or None, centres or None, in_full):
                raise InvalidCase(f"there is an endpoint {name} already")

    run(go())
    if url.startswith("http:"):
        note("http: whoever is on the way reads along")
    print(secret)


@webhooks.command("list")
def list_webhooks(as_json: JsonFlag = False) -> None:
    """List endpoints, how far behind they are, and what they answered last."""

    async def go() -> None:
        async with open_records() as records:
            feed = PostgresFeed(records)
            await feed.move()
            known = await feed.listeners()
        if as_json:
            for row in known:
                print(json.dumps(row, default=str, ensure_ascii=False))
            return
        shown = table("name", "url", "hears", "delivered", "last", "behind", "cases held", "state")
        zone = datetime.now().astimezone().tzinfo
        for row in known:
            hears = [f"{what}: {', '.join(row[what])}" for what in ("types", "services", "centres") if row[what]]
            state = "stopped" if row["stopped_at"] else f"again {local(row['next_try_at'], zone)}" if row["attempts"] else "ok"
            why = f" ({row['last_error']})" if row["last_error"] else ""
            shown.add_row(
                row["name"], row["url"], "; ".join(hears) or "everything", str(row["delivered"]),
                local(row["delivered_at"], zone), str(row["behind"]), str(row["held"]), f"{state}{why}",
            )  # fmt: skip
        console.print(shown)

    run(go())


@webhooks.command("remove")
def remove(name: NameArgument) -> None:
    """Forget an endpoint."""
    _on(name, lambda feed: feed.remove(name))
    note(f"{name} hears nothing more")


@webhooks.command("replay")
def replay(name: NameArgument, since: SinceOption = None) -> None:
    """Try an endpoint again at once, also one that was stopped: from where it stood, or everything after --since again."""

    async def again(feed: PostgresFeed) -> bool:
        return await feed.replay(name, await _position(feed, since, 0) if since else None)

    _on(name, again)


def _on(name: str, act: Callable[[PostgresFeed], object]) -> None:
    async def go() -> None:
        async with open_records() as records:
            if not await act(PostgresFeed(records)):  # type: ignore[misc]
                raise NotFound(f"there is no endpoint {name}; casework webhooks list")

    run(go())


async def _position(feed: PostgresFeed, since: str | None, otherwise: int) -> int:
    """Where to begin: a position, a time, or otherwise."""
    if since is None:
        return otherwise
    if since.isascii() and since.isdecimal():
        return min(int(since), LAST_POSITION)
    try:
        at = datetime.fromisoformat(since)
    except ValueError:
        raise InvalidCase("--since takes a position, or a time such as 2026-11-01T00:00:00+07:00") from None
    if at.tzinfo is None:
        raise InvalidCase("--since: say the time zone, such as 2026-11-01T00:00:00+07:00")
    if not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
        raise InvalidCase(f"--since: a year from {EARLIEST_YEAR} to {LATEST_YEAR}")
    return await feed.position_at(at)


def _is_address(url: str) -> bool:
    """Whether somebody can be reached there."""
    try:
        where = urlsplit(url)
        return bool(
            HOST.fullmatch(where.hostname or "")
            and where.scheme in ("https", "http")
            and (where.port is None or where.port > 0)
            and not (where.username or where.password)
            and url.isascii()
            and url.isprintable()
            and " " not in url
        )
    except ValueError:  # a port or an address that is none
        return False


def _types() -> list[str]:
    """Every event that is known here."""
    commands = (one.message.event for one in every_command(services_here()).values())
    return sorted({*EventType, *TicketEvent, *commands})


def _is_secret(secret: str) -> bool:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:
        return False
    return secret.startswith(PREFIX) and SHORTEST <= len(key) <= LONGEST
