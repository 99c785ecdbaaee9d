"""casework drill: let everything fail while people work, and see that nothing is lost."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer


def drill(
    cases: Annotated[int, typer.Option(min=1, help="How many cases; below 40 the drill has its short form.")] = 150,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people and the same order of faults.")] = 1,
    keep: Annotated[Path | None, typer.Option(help="Keep the servers' state and logs in this folder.")] = None,
) -> None:
    """Let everything fail while people work, then compare histories, records and mailbox.

    Seeded random commands on all services, two workers, real servers: worker, Temporal and PostgreSQL are killed and
    started again, PostgreSQL is frozen, the mail server is down, hangs, refuses and drops connections before and after its
    250. Then every case's events must be its records one by one, everybody told once, every history must replay, nothing
    may be stuck or owed. Starts its own servers on loopback; needs casework\\[embedded]. Takes some 5 minutes; 1 with --cases 20.

    Exit codes: 0 nothing was found, 1 something was.
    """
    options = ["--cases", str(cases), "--seed", str(seed), *(["--keep", str(keep)] if keep else [])]
    sys.stdout.flush()
    # The same Python in a process of its own: a drill needs workers, which no client carries.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "casework.drill", *options])  # noqa: S606
