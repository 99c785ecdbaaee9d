"""The channels that are set up: CASEWORK_CHANNELS names them in the order in which they are tried.

Built in are console, smtp and line. A package brings its own by the entry point group `casework.channels`: a callable that takes
the settings of its name (CASEWORK_SMS_URL is `url` for the channel sms) and gives an object with `takes` and `send(message)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any

from casework.adapters.notify.console import ConsoleNotifier
from casework.adapters.notify.line import LineNotifier, LineNotInstalled
from casework.adapters.notify.router import Router
from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.ports import Channel

ENTRY_POINTS = "casework.channels"
SENDER = "casework@localhost"


class NoChannel(Exception):
    """A channel cannot be set up; the message says why."""


def router_of(names: Sequence[str], environment: Mapping[str, str]) -> Router:
    """The channels of these names. Raises NoChannel for one that is unknown or lacks a setting."""
    known: dict[str, Callable[[Mapping[str, str]], Any]] = {"console": _console, "smtp": _smtp, "line": _line}
    offered = {point.name: point for point in entry_points(group=ENTRY_POINTS)}
    found: list[tuple[str, Channel]] = []
    if not names:
        raise NoChannel(f"CASEWORK_CHANNELS names no channel; there are {', '.join(sorted({*known, *offered}))}")
    for name in names:
        if name not in known and name not in offered:
            raise NoChannel(f"CASEWORK_CHANNELS: unknown channel {name}; there are {', '.join(sorted({*known, *offered}))}")
        begins = f"CASEWORK_{name.upper()}_"
        given = {key.removeprefix(begins).lower(): value for key, value in environment.items() if key.startswith(begins)}
        given |= {"mail_from": environment["CASEWORK_MAIL_FROM"]} if "CASEWORK_MAIL_FROM" in environment else {}
        try:
            found.append((name, known[name](given) if name in known else offered[name].load()(given)))
        except KeyError as missing:
            raise NoChannel(f"{begins}{str(missing.args[0]).upper()} is not set, and CASEWORK_CHANNELS names {name}") from None
        except (ValueError, ImportError, LineNotInstalled) as problem:
            raise NoChannel(f"CASEWORK_CHANNELS: {name}: {problem}") from problem
    return Router(found)


def _console(_: Mapping[str, str]) -> Channel:
    return ConsoleNotifier()


def _smtp(given: Mapping[str, str]) -> Channel:
    return SmtpNotifier(given["url"], given.get("mail_from", SENDER))


def _line(given: Mapping[str, str]) -> Channel:
    return LineNotifier(given["token"], *([given["host"]] if "host" in given else []))
