"""The drill in its short form: everything fails once while people work on 20 cases, and nothing is lost, doubled or other."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest


@pytest.mark.xdist_group("drill")
def test_a_short_drill_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "casework.drill", "--cases", "20", "--seed", "7"],
        env={k: v for k, v in os.environ.items() if not k.startswith(("TEMPORAL_", "CASEWORK_"))},
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every history replays" in " ".join(done.stdout.split())
