"""What a process says of itself, once: its service, request, stages, outcomes, and what it needs of a pack.

Everything that must know a service (worker, client, lists, checks of packs, stories, what operators see) takes it from here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import BaseModel, ConfigDict

from casework.standards.counting.plan import ASKED
from casework.standards.limits import Named
from casework.workflows.labels import LABELS, label
from casework.workflows.messages.request import CaseRequest


class _Labelled(StrEnum):
    """Names with what people read instead, in Thai and English."""

    th: str
    en: str

    def __new__(cls, value: str, th: str, en: str) -> Self:
        member = str.__new__(cls, value)
        member._value_, member.th, member.en = value, th, en
        return member


class Stages(_Labelled):
    """Base of the stages of a process, in the order of the procedure: `RECEIVED = "received", "รับคำขอ", "received"`. The first is
    where a case begins. `closed` is every process's last and need not be named."""


class SharedStage(Stages):
    """A stage of every process."""

    ASKED = ASKED, *LABELS[ASKED]


class Outcomes(_Labelled):
    """Base of the ways in which a process ends: `LICENSED = "licensed", "ออกใบอนุญาต", "licensed"`."""


class OwnState(BaseModel):
    """Base of what a process keeps of a case beside the mechanism. It is carried in the file of the case, so it survives
    everything that the file does; it grows by optional fields only."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True)
class ProcessDefinition:
    """A process in one place.

    `service` is its name in packs, commands and as workflow type. A pack that offers it must have its `steps` (with limits)
    and texts for its `notices`; only steps in `expiring` may end a stage when their limit passes.
    """

    service: str
    label: Named
    request: type[CaseRequest]
    stages: type[Stages]
    outcomes: type[Outcomes]
    own: type[OwnState] = OwnState
    steps: Mapping[str, Named] = field(default_factory=dict)
    expiring: Collection[str] = ()
    notices: Iterable[str] = ()  # an enumeration: what it tells people beside what every service does
    events: Collection[str] = ()  # what it records beside its commands and what every case does
    form: type[CaseRequest] | None = None  # what people fill in, where a request is checked only by the case

    @property
    def first_stage(self) -> str:
        """Where a case begins."""
        return next(iter(self.stages)).value

    @cached_property
    def labels(self) -> dict[str, Named]:
        """What people read instead of the service, its stages, outcomes and steps."""
        named = {each.value: Named(th=each.th, en=each.en) for kind in (self.outcomes, self.stages) for each in kind}
        return {**named, **self.steps, self.service: self.label}

    def named(self, key: str) -> Named:
        """What people read instead of a service, stage, outcome or step; a word of the engine; else the key itself."""
        return self.labels.get(key) or label(key)
