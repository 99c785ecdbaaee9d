"""Notices by LINE, through its Messaging API (line-bot-sdk, extra casework[line]).

Every try of a message carries the same retry key, so LINE takes it once: it answers 409 to what it has taken before, which is
success. (developers.line.biz, "Retry failed API requests".)
"""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from casework.adapters.ports import Message, UndeliverableError

HOST = "https://api.line.me"
LONGEST, AT_ONCE = 5000, 5  # characters of a text message (UTF-16 units), text messages of a push
TIMEOUT = 5.0
TAKEN_BEFORE, REFUSED, UNKNOWN = 409, 400, 404


class LineNotInstalled(Exception):
    """line-bot-sdk is not installed."""


class LineNotifier:
    """Pushes text messages from the centre's official account."""

    takes = "line"

    def __init__(self, token: str, host: str = HOST) -> None:
        """`token` is the channel access token of the account."""
        try:
            from linebot.v3 import messaging
        except ImportError as missing:
            raise LineNotInstalled("LINE is not installed here: pip install 'casework[line]'") from missing
        self._sdk = messaging
        self._settings = messaging.Configuration(access_token=token, host=host)

    async def send(self, message: Message) -> None:
        """Deliver one message; UndeliverableError if LINE refuses this recipient or this text for good."""
        parts = [self._sdk.TextMessage(text=part) for part in split(f"{message.subject}\n\n{message.body}")]
        push = self._sdk.PushMessageRequest(to=message.at("line"), messages=parts)
        async with self._sdk.AsyncApiClient(self._settings) as client:
            try:
                call: Any = self._sdk.AsyncMessagingApi(client).push_message(push, x_line_retry_key=str(UUID(message.key)))
                await asyncio.wait_for(call, TIMEOUT)
            except self._sdk.ApiException as answer:
                if answer.status in (REFUSED, UNKNOWN):
                    raise UndeliverableError(f"LINE refused the recipient or the text ({answer.status})") from None
                if answer.status != TAKEN_BEFORE:
                    raise ConnectionError(f"LINE answered {answer.status}") from None


def split(text: str) -> list[str]:
    """A text in as few parts as LINE takes at once, cut between lines where that is possible. What is longer than all of them
    ends with an ellipsis."""
    parts: list[str] = []
    while text and len(parts) < AT_ONCE:
        if _units(text) <= LONGEST:
            parts.append(text)
            text = ""
        else:
            part = _first(text, LONGEST)
            cut = part.rfind("\n") if "\n" in part[len(part) // 2 :] else len(part)
            parts.append(text[:cut])
            text = text[cut:].lstrip("\n")
    if text:
        parts[-1] = f"{_first(parts[-1], LONGEST - 1)}…"
    return parts


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _first(text: str, units: int) -> str:
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", "ignore")
