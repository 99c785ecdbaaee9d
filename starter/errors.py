"""What can go wrong between a client and a case.

CaseworkError
├── InvalidCase      the request or command is not valid; nothing changed          (exit 2)
├── CaseRefused      the case does not allow it now; it says what it allows        (exit 3)
│   ├── CaseClosed   it is closed; nothing is possible any more
│   └── CaseExists   the id belongs to another request
├── NotFound         no such case                                                  (exit 4)
└── Unreachable      no server or no worker answered                               (exit 5)
"""

from __future__ import annotations

from collections.abc import Sequence


class CaseworkError(Exception):
    """Base of all."""

    exit_code = 2

    def __init__(self, message: str, details: Sequence[str] = ()) -> None:
        self.details = list(details)
        super().__init__(message)


class InvalidCase(CaseworkError):
    """The request or command is not valid. `details` has one line for each reason."""


class CaseRefused(CaseworkError):
    """The case does not allow it now. `details` lists what it allows."""

    exit_code = 3


class CaseClosed(CaseRefused):
    """The case is closed."""


class CaseExists(CaseRefused):
    """The id belongs to another request."""


class NotFound(CaseworkError):
    """No such case."""

    exit_code = 4


class Unreachable(CaseworkError):
    """No server or no worker answered."""

    exit_code = 5
