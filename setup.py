"""Packages are found, not listed: every folder at the root with an `__init__.py` is `casework.<folder>`, and so are those
in it. Everything else stands in pyproject.toml."""

from __future__ import annotations

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
NOT_SHIPPED = {"tests", "bench", "examples", "build"}

found = sorted(
    file.parent.relative_to(ROOT)
    for top in ROOT.iterdir()
    if top.is_dir() and top.name not in NOT_SHIPPED and not top.name.startswith(".")
    for file in top.rglob("__init__.py")
)
folders = {"casework": "."} | {f"casework.{'.'.join(folder.parts)}": folder.as_posix() for folder in found}


class WithoutThisFile(build_py):
    """The root is the package `casework`; what builds it is no part of it."""

    def find_package_modules(self, package: str, package_dir: str) -> list[tuple[str, str, str]]:
        """See build_py."""
        return [found for found in super().find_package_modules(package, package_dir) if found[:2] != ("casework", "setup")]


setup(cmdclass={"build_py": WithoutThisFile}, packages=list(folders), package_dir=folders)
