"""A real SMTP server on loopback that keeps what it accepts, and misbehaves in every way a mail server can."""

from __future__ import annotations

import asyncio
from email import message_from_bytes, policy
from enum import StrEnum
from time import time
from types import TracebackType
from typing import Any, NamedTuple, Self, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from casework.starter.dev.embedded import LOOPBACK

HANGS_FOR = 20.0  # seconds: longer than any client waits


class Mood(StrEnum):
    """How the server takes a message."""

    WELL = "well"
    DOWN = "down"
    HANGS = "hangs"
    LATER = "451"
    NEVER = "550"
    DROPS_BEFORE = "drops the connection before its 250"
    DROPS_AFTER = "drops the connection after taking the message, before its 250"


class Mail(NamedTuple):
    """A message that was accepted: when, its Message-ID, to whom, whether the sender heard of it, and its text."""

    at: float
    message_id: str
    to: str
    acknowledged: bool
    text: str


class Mailbox:
    """Use with `with`. `set(mood)` changes how the next messages are taken."""

    def __init__(self, port: int) -> None:
        self.mails: list[Mail] = []
        self.url = f"smtp://{LOOPBACK}:{port}"
        self._port = port
        self._mood = Mood.WELL
        self._controller: Controller | None = None

    def __enter__(self) -> Self:
        self._start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop()

    def set(self, mood: Mood) -> None:
        """From now on."""
        self._mood = mood
        if mood is Mood.DOWN:
            self._stop()
        else:
            self._start()

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a message, or not."""
        match self._mood:
            case Mood.HANGS:
                await asyncio.sleep(HANGS_FOR)
                return "451 too slow"
            case Mood.LATER:
                return "451 try again later"
            case Mood.NEVER:
                return "550 not here"
            case Mood.DROPS_BEFORE:
                _drop(server)
                return "451 dropped"
            case Mood.DROPS_AFTER:
                self._keep(envelope, acknowledged=False)
                _drop(server)
                return "451 dropped"
            case _:
                self._keep(envelope, acknowledged=True)
                return "250 kept"

    def _keep(self, envelope: Envelope, acknowledged: bool) -> None:
        mail = message_from_bytes(cast("bytes", envelope.content), policy=policy.default)
        body: Any = mail.get_body()  # an EmailMessage under this policy
        text = body.get_content() if body else ""
        self.mails.append(Mail(time(), str(mail["Message-ID"]).strip("<>"), str(mail["To"]), acknowledged, text))

    def _start(self) -> None:
        if self._controller is None:
            self._controller = Controller(self, hostname=LOOPBACK, port=self._port)
            self._controller.start()

    def _stop(self) -> None:
        if self._controller is not None:
            self._controller.stop()
            self._controller = None


def _drop(server: SMTP) -> None:
    transport: Any = server.transport
    if transport is not None:
        transport.abort()
