"""Who serves, as a pack says it: the ministry, its centres, the owner agencies, and who acts for whom."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Self

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from casework.standards.counting.calendar_rules import Break, Hours
from casework.standards.limits import Code, Frozen, Named

Registry = Annotated[str, StringConstraints(pattern=r"^[^\s/]{1,20}$")]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s,;:<>()]+@[^@\s,;:<>()]+$")]


class Organisation(Named):
    """A body with its short name."""

    code: Code


class Organisations(Frozen):
    """Who runs the centre, and the complaint centre that relays forwarded matters to the owner agencies."""

    ministry: Named
    centre: Organisation
    complaint_centre: Organisation


class Agency(Named):
    """An owner agency and the addresses of its roles."""

    contacts: dict[str, Address] = {}


class Centre(Named):
    """A centre beside the organisation's own: what is different there."""

    region: str | None = None  # whose holidays and floods it keeps
    hours: list[Hours] = []  # its own opening hours; empty: those of the calendar
    breaks: list[Break] | None = None
    contacts: dict[str, Address] = {}  # of its own roles; others are the pack's
    registry: Registry | None = None  # what its numbers begin with; its own code if it is not given


class ActingRole(Frozen):
    """Who acts for a role that is absent, from one day through another."""

    role: str
    by: str
    first_day: date = Field(alias="from")
    last_day: date = Field(alias="until")
    centre: Code | None = None  # only there; None: everywhere

    model_config = ConfigDict(populate_by_name=True)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last_day < self.first_day or self.role == self.by:
            raise ValueError("names two roles, and a last day that is not before the first")
        return self


class Reports(Frozen):
    """Who is sent reports (source 001: at least twice a year)."""

    half_yearly: list[str] = []  # roles that have an address in contacts
