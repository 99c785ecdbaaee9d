"""A service as people draw it: the steps of the published chart, and the ways between the stages of a declared one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from casework.standards.limits import Named
from casework.standards.pack.declared import StageSpec, Way
from casework.standards.pack.model import Service, ServiceStandards


class ChartRow(NamedTuple):
    """One step of the published chart: what is done, by whom, within what time."""

    number: int
    step: Named
    actor: str
    limit: str
    promised: bool


def published_chart(pack: ServiceStandards, service: str) -> list[ChartRow]:
    """The steps in the order of the standard. Raises KeyError for an unknown service."""
    offered = pack.service(service)
    return [
        ChartRow(
            number,
            pack.labels.get(step.id, Named(th=step.id, en=step.id)),
            step.actor,
            str(step.limit) if step.limit else "",
            step.id in (*offered.promise, *offered.promise_remote),
        )
        for number, step in enumerate(offered.steps, start=1)
    ]


def mermaid(pack: ServiceStandards, service: str) -> str:
    """The stages of a declared service and the ways between them, for Mermaid. Raises KeyError for an unknown service, ValueError
    for one that is not declared."""
    offered = pack.service(service)
    if offered.declared is None:
        raise ValueError(f"{service} is not declared in the pack; its process is Python, and its docstrings quote the procedure")
    lines = ["stateDiagram-v2", f"    [*] --> {offered.declared.first_stage}"]
    lines += [f"    {name}: {stage.th}\\n{stage.en}" for name, stage in offered.stages.items()]
    lines += [line for name, stage in offered.stages.items() for line in _ways(pack, offered, name, stage)]
    return "\n".join(dict.fromkeys(lines))


def _ways(pack: ServiceStandards, service: Service, name: str, stage: StageSpec) -> Iterator[str]:
    for command, spec in stage.commands.items():
        for way in spec.leads_to:
            yield from _way(pack, name, command, way)
    for step, way in stage.expires.items():
        limit = service.step(step).limit
        yield from _way(pack, name, f"⏰ {step} ({limit})", way)
    if stage.ask_satisfaction:
        yield f"    {name} --> [*]"


def _way(pack: ServiceStandards, stage: str, what: str, way: Way) -> Iterator[str]:
    conditions = ", ".join(f"{field} = {_value(wanted)}" for field, wanted in way.conditions.items())
    words = f"{what} [{conditions}]" if conditions else what
    if way.outcome is not None:
        label = pack.labels.get(way.outcome)
        yield f"    {stage} --> {way.ask_in or '[*]'}: {words} → {label.th if label else way.outcome} · {way.outcome}"
    else:
        yield f"    {stage} --> {way.stage or stage}: {words}"


def _value(wanted: object) -> str:
    if isinstance(wanted, bool):
        return "yes" if wanted else "no"
    return " | ".join(map(str, wanted)) if isinstance(wanted, list) else str(wanted)
