"""The services that this machine knows: those that are installed, and those that the packs at hand declare."""

from __future__ import annotations

import os
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from casework.standards.counting.plan import ASKED
from casework.standards.limits import Named
from casework.standards.pack.loader import PackError, StandardsLibrary
from casework.starter.errors import InvalidCase
from casework.workflows import names
from casework.workflows.process import Process
from casework.workflows.processes import processes_for


def library_of(packs: list[Path] | None) -> StandardsLibrary:
    """The packs that a command counts with: those given, or those of CASEWORK_PACKS, or the default pack."""
    try:
        return StandardsLibrary.load(packs or [Path(part) for part in os.environ.get("CASEWORK_PACKS", "").split(":") if part])
    except PackError as error:
        raise InvalidCase(str(error), error.problems) from error


@cache
def services() -> dict[str, type[Process[Any]]]:
    """Every service by its name. Raises InvalidCase if a pack cannot be read."""
    return processes_for(library_of(None).packs)


def process_of(service: str) -> type[Process[Any]]:
    """The process of a service. Raises InvalidCase for one that nobody here knows."""
    if service not in services():
        raise InvalidCase(unknown("service", service, services()))
    return services()[service]


def service_of(case_id: str) -> str:
    """The service that a case id names: licence_copy for licence-copy-7K3QX9M2TD."""
    return case_id.rpartition("-")[0].replace("-", "_")


def all_stages() -> list[str]:
    """Every stage of every service."""
    stages = (stage.value for process in services().values() for stage in process.definition.stages)
    return list(dict.fromkeys([*stages, ASKED, names.CLOSED]))


def spoken(service: str, key: str) -> str:
    """A service, stage, outcome or step of a service as people read it: Thai · English."""
    named = services()[service].definition.named(key) if service in services() else Named(th=key, en=key)
    return f"{named.th} · {named.en}"


def unknown(what: str, given: str, known: Iterable[str]) -> str:
    """That something is unknown, and what was probably meant."""
    names_ = sorted(known)
    meant = get_close_matches(given, names_, 1)
    hint = f"did you mean {meant[0]}? " if meant else ""
    return f"unknown {what} {given}; {hint}{what}s are {', '.join(names_) or 'none'}"
