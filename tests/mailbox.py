"""A real SMTP server on loopback that keeps what it gets, and can be told to misbehave."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


class Mailbox:
    """Start it with `with`; `answer` is what it says to a message, such as "451 try later"."""

    def __init__(self, port: int) -> None:
        self.mails: list[EmailMessage] = []
        self.answers: dict[str, str] = {}
        self.delays: dict[str, float] = {}
        self._controller = Controller(self, hostname="127.0.0.1", port=port)
        self.url = f"smtp://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._controller.stop()

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]) -> str:  # noqa: N802
        """Refuse the recipients that a test names."""
        await asyncio.sleep(self.delays.get(address, 0))
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message."""
        content = cast("bytes", envelope.content)
        self.mails.append(message_from_bytes(content, policy=policy.default))
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        """The messages this address got, oldest first."""
        return [mail for mail in self.mails if mail["To"] == address]
