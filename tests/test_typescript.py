"""The TypeScript client, against the servers of `casework up`. Left out where there is no Node with npm."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.line import Line

FOLDER = Path(__file__).parent.parent / "clients/typescript"
NPM = shutil.which("npm")
pytestmark = [
    pytest.mark.xdist_group("cli"),
    pytest.mark.skipif(NPM is None, reason="there is no npm here: the TypeScript client is not tried"),
]


def npm(*words: str, **environment: str) -> str:
    done = subprocess.run([str(NPM), *words], cwd=FOLDER, env={**os.environ, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def packages() -> None:
    npm("ci", "--no-audit", "--no-fund", "--ignore-scripts")


@pytest.mark.usefixtures("packages")
def test_the_types_are_those_of_the_schemas(casework: Line, tmp_path: Path) -> None:
    (FOLDER / "schema.json").write_text(casework("commands", "--json-schema"), encoding="utf-8")
    words = ["--no-additionalProperties", "--input", "schema.json", "--output", str(tmp_path / "messages.ts")]
    npm("exec", "--", "json2ts", *words)
    made = (tmp_path / "messages.ts").read_text(encoding="utf-8")
    assert made == (FOLDER / "src/messages.ts").read_text(encoding="utf-8"), (
        "casework commands --json-schema > schema.json && npm run types"
    )


@pytest.mark.usefixtures("packages")
def test_the_client_opens_acts_watches_lists_and_names_what_is_refused(casework: Line) -> None:
    npm("run", "build")
    npm("test", TEMPORAL_ADDRESS=casework.environment["TEMPORAL_ADDRESS"])
