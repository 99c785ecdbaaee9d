"""casework story: play a story of the standard, months in milliseconds."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from casework.starter.errors import InvalidCase


def story(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Stories in YAML, or folders of them.")],
    timeline: Annotated[
        bool, typer.Option("--timeline", help="Print everything that happened, also of a story that came out.")
    ] = False,
    texts: Annotated[bool, typer.Option("--texts", help="Print every notice in words.")] = False,
) -> None:
    """Play stories: given a calendar, when people act and time passes, then dates, events and notices. What happened is printed
    beside what was expected. Starts a Temporal that skips time and a PostgreSQL of its own; needs casework\\[embedded].

    Exit codes: 0 all came out as told, 1 something did not, 2 a story cannot be read. Example: casework story tests/stories
    """
    found = [each for file in files for each in (sorted(file.glob("*.yaml")) if file.is_dir() else [file])]
    if not found:
        raise InvalidCase("no stories (*.yaml) there")
    options = [name for name, given in (("--timeline", timeline), ("--texts", texts)) if given]
    sys.stdout.flush()
    # The same Python in a process of its own: playing needs a worker, which no client carries.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "casework.stories", *options, *map(str, found)])  # noqa: S606
