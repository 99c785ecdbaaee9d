"""The end of a process that used Temporal."""

from __future__ import annotations

import os
import sys
from typing import NoReturn


def leave(exit_code: int) -> NoReturn:
    """End the process now, with everything printed.

    The threads of Temporal's native core sometimes crash CPython before 3.14 while it tears itself down, after all work is
    done (temporalio/sdk-python #300, python/cpython #87135; seen as exit codes 134 and 139 in about one run of ten): an
    exit code must say what happened, so nothing is torn down.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
