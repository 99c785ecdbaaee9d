"""What Temporal's sandbox does not look at any more, since the mechanism is loaded once for all cases, is looked at here."""

from __future__ import annotations

import ast
import gc
import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import casework.standards
import casework.workflows
from casework.runner import FULL_SANDBOX, MECHANISM, PLAIN_DATA

ROOT = Path(__file__).parent.parent


def modules_of(package: ModuleType) -> list[str]:
    return [found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}.") if not found.ispkg]


PASSED = [
    name
    for name in (*modules_of(casework.workflows), *modules_of(casework.standards))
    if any(name == passed or name.startswith(f"{passed}.") for passed in MECHANISM + PLAIN_DATA)
]


CHANGES = {"append", "add", "update", "pop", "popitem", "clear", "extend", "insert", "remove", "setdefault", "discard"}


def changed_names(tree: ast.AST) -> set[str]:
    """The names that code changes in place: x[...] = , del x[...], x.append(…), x |= …, global x."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, (ast.Store, ast.Del)) and isinstance(node.value, ast.Name):
            found.add(node.value.id)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            found |= {node.func.value.id} if node.func.attr in CHANGES else set()
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
        if isinstance(node, ast.Global):
            found |= set(node.names)
    return found


def parsed(source: str) -> ast.AST:
    """CPython 3.11 may lose count if the garbage collector runs Python code while a tree is made (gh-106905)."""
    gc.disable()
    try:
        return ast.parse(source)
    finally:
        gc.enable()


@pytest.mark.parametrize("name", PASSED)
def test_no_module_that_cases_share_keeps_anything_that_changes(name: str) -> None:
    module = importlib.import_module(name)
    changeable = {key for key, value in vars(module).items() if isinstance(value, (list, dict, set)) and not key.startswith("__")}
    assert {key for key in changeable if not key.isupper()} == set(), "only constants"
    tree = parsed(Path(str(module.__file__)).read_text(encoding="utf-8"))
    assert changeable & changed_names(tree) == set()


def test_a_module_that_changed_a_constant_would_be_noticed() -> None:
    assert changed_names(ast.parse("def f(x):\n    SEEN[x] = 1\n    OTHERS.append(x)\n")) == {"SEEN", "OTHERS"}


def test_only_the_processes_stay_in_the_sandbox() -> None:
    inside = {name for name in modules_of(casework.workflows) if name not in PASSED}
    assert inside == {
        f"casework.workflows.{name}"
        for name in (
            "complaint",
            "forward",
            "half_yearly_report",
            "improvement",
            "information_request",
            "one_stop",
            "pack_needs",
            "processes",
            "service_queue",
        )
    }


def test_a_clock_or_a_number_from_the_system_is_refused_in_workflow_code(tmp_path: Path) -> None:
    bad = "from datetime import datetime\nimport random\nimport os\n\nx = datetime.now()\n"
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--config", str(ROOT / "workflows/ruff.toml"), "--select", "TID251", "-"],
        input=bad, capture_output=True, text=True, cwd=ROOT / "workflows",
    )  # fmt: skip
    assert done.stdout.count("TID251") == 3, done.stdout + done.stderr


SUITE = ["tests/test_forward.py", "tests/test_information_request.py", "tests/test_one_stop.py", "tests/test_replay.py"]


def test_the_processes_play_in_the_full_sandbox_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--basetemp={tmp_path / 'inner'}", *SUITE],
        env={**{k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}, FULL_SANDBOX: "1"},
        capture_output=True, text=True, cwd=ROOT, timeout=400,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
