"""Notices by e-mail, through aiosmtplib.

A message that is sent again after a crash carries the same Message-ID, so that a mailbox can tell it is the same one.
"""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

import aiosmtplib

from casework.adapters.ports import Message, UndeliverableError

TIMEOUT = 5.0


class SmtpNotifier:
    """Sends through one SMTP server: smtp://user:password@host:port, or smtps:// for TLS from the first byte."""

    takes = "email"

    def __init__(self, url: str, sender: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("the mail server must be smtp://host:port or smtps://host:port")
        self._host = parts.hostname
        self._tls = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._tls else 25)
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender

    async def send(self, message: Message) -> None:
        """Deliver one message; UndeliverableError if the server refuses this recipient or this text for good."""
        try:
            await aiosmtplib.send(
                self._mail(message),
                hostname=self._host,
                port=self._port,
                use_tls=self._tls,
                username=self._user,
                password=self._password,
                timeout=TIMEOUT,
            )
        except (ValueError, aiosmtplib.SMTPNotSupported) as unfit:
            raise UndeliverableError(f"not an address that mail can go to ({type(unfit).__name__})") from None
        except aiosmtplib.SMTPRecipientsRefused as refused:
            codes = [recipient.code for recipient in refused.recipients]
            if all(code >= 500 for code in codes):
                raise UndeliverableError(f"the mail server refused the recipient ({codes[0]})") from None
            raise
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as refused:
            if refused.code >= 500:
                what = "the sender" if isinstance(refused, aiosmtplib.SMTPSenderRefused) else "the message"
                raise UndeliverableError(f"the mail server refused {what} ({refused.code})") from None
            raise

    def _mail(self, message: Message) -> EmailMessage:
        mail = EmailMessage()
        mail["From"] = self._sender
        mail["To"] = message.address
        mail["Subject"] = message.subject
        mail["Date"] = formatdate(localtime=False)
        mail["Message-ID"] = f"<{message.key}@{self._sender.rpartition('@')[2]}>"
        mail.set_content(message.body)
        return mail
