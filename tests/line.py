"""A command line beside the servers of `casework up`."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from casework.starter.dev.embedded import free_port, is_free

CASEWORK = str(Path(sys.executable).parent / "casework")


class Line:
    """A command line beside a running `casework up`."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder, self.port, self.ui_port = folder, free_port(), free_port()
        self.environment = {k: v for k, v in os.environ.items() if not k.startswith(("TEMPORAL_", "CASEWORK_", "COLUMNS"))}
        self.environment |= environment
        ports = ["--port", str(self.port), "--ui-port", str(self.ui_port)]
        self.up = subprocess.Popen(
            [CASEWORK, "up", "--folder", str(folder), *ports],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=self.environment, start_new_session=True,
        )  # fmt: skip
        said = ""
        assert self.up.stdout is not None
        for line in self.up.stdout:
            said += line
            if line.startswith("export "):
                name, value = line.removeprefix("export ").strip().split("=", 1)
                self.environment[name] = value.strip("'")
            if "then:" in line:
                return
        raise AssertionError(said)

    def __call__(self, *words: str, stdin: Any = None, exit_code: int = 0, **environment: str) -> str:
        """Run casework; what it says on stdout, or on stderr when it is to fail."""
        text = stdin if isinstance(stdin, str) else json.dumps(stdin) if stdin is not None else ""
        done = subprocess.run(
            [CASEWORK, *words], input=text, capture_output=True, text=True, timeout=60, env={**self.environment, **environment}
        )
        assert done.returncode == exit_code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done.stderr if exit_code else done.stdout

    def said(self, *words: str) -> str:
        """What a command that does its work remarks on stderr."""
        done = subprocess.run([CASEWORK, *words], capture_output=True, text=True, timeout=60, env=self.environment)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def worker(self) -> int:
        """The process id of the worker."""
        found = subprocess.run(["pgrep", "-P", str(self.up.pid), "-f", "casework.worker"], capture_output=True, text=True)
        return int(found.stdout.split()[0])

    def stop(self) -> None:
        """Ctrl-C stops everything."""
        self.up.send_signal(signal.SIGINT)
        assert self.up.wait(40) == 0
        assert is_free(self.port), "Ctrl-C left Temporal running"
