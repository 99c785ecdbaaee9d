"""An HTTP endpoint of somebody else, on loopback: it keeps what it gets, and answers as it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Got(NamedTuple):
    """One request."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The event in it."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Endpoint:
    """Answers 204, or what `answer` says of a request."""

    def __init__(self, answer: Callable[[Got], int] = lambda got: 204) -> None:
        self.answer = answer
        self.got: list[Got] = []
        self.taken: list[Got] = []
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                got = Got({key.lower(): value for key, value in self.headers.items()}, self.rfile.read(_length(self.headers)))
                endpoint.got.append(got)
                status = endpoint.answer(got)
                if status < 300:
                    endpoint.taken.append(got)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/events"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Nobody answers any more."""
        self._server.shutdown()
        self._server.server_close()

    def numbers(self, subject: str) -> list[int]:
        """The numbers of the events of a case, as they were taken."""
        return [got.event["data"]["number"] for got in self.taken if got.event["subject"] == subject]


def _length(headers: Any) -> int:
    return int(headers["content-length"])
