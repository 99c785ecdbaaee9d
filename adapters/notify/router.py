"""One message, several ways: as the recipient wishes, else in the order in which the ways are set up.

A way that refuses for good is followed by the next. One that is down is not: the message may have gone out after all, so it is
tried again by the same way until it answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from casework.adapters.ports import Channel, Message, UndeliverableError


class Router:
    """Sends by the first channel that takes the message."""

    def __init__(self, channels: Sequence[tuple[str, Channel]]) -> None:
        """`channels` by name, the first choice first."""
        self._channels = list(channels)

    async def send(self, message: Message) -> str:
        """Deliver one message; which way it went, and what was tried before. Raises UndeliverableError if no way takes it."""
        spoken = {"phone"} if message.in_writing else set()
        ways = [(name, channel) for name, channel in self._channels if channel.takes in message.addresses.keys() - spoken]
        ways.sort(key=lambda way: way[1].takes != message.prefers)
        tried: list[str] = []
        for name, channel in ways:
            try:
                await channel.send(message)
            except UndeliverableError as refused:
                tried.append(f"{name}: {refused}")
            else:
                return "; ".join([*tried, name])
        raise UndeliverableError("; ".join(tried) or "no way that is set up reaches the recipient")
