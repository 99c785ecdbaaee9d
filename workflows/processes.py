"""The processes that are installed: the house's own, and those that packages offer as entry points `casework.processes`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib.metadata import entry_points
from typing import Any

from casework.standards.limits import Named
from casework.standards.pack.model import Service, ServiceStandards
from casework.workflows.case.command_desk import CommandDefinition, commands_of
from casework.workflows.complaint import ComplaintProcess
from casework.workflows.declared import declared_process
from casework.workflows.forward import ForwardProcess
from casework.workflows.improvement import ImprovementProcess
from casework.workflows.information_request import InformationRequestProcess
from casework.workflows.one_stop import OneStopProcess
from casework.workflows.process import Process

ENTRY_POINTS = "casework.processes"
OURS: tuple[type[Process[Any]], ...] = (
    InformationRequestProcess,
    ForwardProcess,
    OneStopProcess,
    ComplaintProcess,
    ImprovementProcess,
)


class NoProcess(Exception):
    """An entry point that names no process; the message says which."""


@cache
def installed() -> dict[str, type[Process[Any]]]:
    """Every installed process by the service it carries out. Raises NoProcess for an entry point that cannot be used."""
    found = {process.definition.service: process for process in OURS}
    for point in entry_points(group=ENTRY_POINTS):
        try:
            process = point.load()
            service = process.definition.service
        except Exception as error:
            raise NoProcess(f"the entry point {point.name} = {point.value} of {ENTRY_POINTS} cannot be used: {error}") from error
        if service in found:
            raise NoProcess(f"the entry point {point.name} = {point.value}: there is a process {service} already")
        found[service] = process
    return found


def processes_for(packs: Iterable[ServiceStandards]) -> dict[str, type[Process[Any]]]:
    """The installed processes, and those that these packs declare."""
    found = dict(installed())
    offered: dict[str, list[tuple[Service, dict[str, Named]]]] = {}
    for pack in sorted(packs, key=lambda pack: pack.effective_from, reverse=True):
        for name, service in pack.services.items():
            if service.declared is not None:
                offered.setdefault(name, []).append((service, pack.labels))
    return found | {name: declared_process(name, versions) for name, versions in offered.items()}


def mixed(packs: Iterable[ServiceStandards], given: Iterable[str] = ()) -> list[str]:
    """Services that one pack declares and another (or a process in `given`) carries out in Python: a worker can do one only."""
    offered = [(pack, name, service) for pack in packs for name, service in pack.services.items()]
    declared = {name: pack.id for pack, name, service in offered if service.declared is not None}
    python = {name: pack.id for pack, name, service in offered if service.declared is None} | dict.fromkeys(given, "the worker")
    return [
        f"services.{name}: declared in {declared[name]}, and in Python for {python[name]}; a worker serves one of the two"
        for name in sorted(declared.keys() & python.keys())
    ]


def first_stage(service: str) -> str | None:
    """Where a case of this service begins, if the service is installed here."""
    return installed()[service].definition.first_stage if service in installed() else None


def every_command(processes: dict[str, type[Process[Any]]]) -> dict[str, CommandDefinition]:
    """Every command of these processes by name."""
    return {name: one for process in processes.values() for name, one in commands_of(process).items()}
