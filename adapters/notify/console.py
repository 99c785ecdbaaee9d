"""Notices on a terminal, for development and demonstrations."""

from __future__ import annotations

import sys
from typing import TextIO

from casework.adapters.ports import Message


class ConsoleNotifier:
    """Prints each message; nothing leaves the machine."""

    takes = "email"

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stdout

    async def send(self, message: Message) -> None:
        """Print one message."""
        body = message.body.replace("\n", "\n  ")
        print(f"✉ {message.address} — {message.subject}\n  {body}", file=self._stream, flush=True)
