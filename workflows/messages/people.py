"""Who asks, who acts, and the papers they bring."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from casework.standards.limits import Frozen
from casework.workflows.messages.fields import CitizenId, Code, Email, Line, Prose, _storable


class Actor(Frozen):
    """Who acts: an id without personal data in it, the role acted in, and the unit."""

    id: Code
    role: Code
    unit: Code | None = None


class Officer(Frozen):
    """An officer as the requester sees them: the name stands on notices and displays (standard 1.2(5)). Without a name, the
    one in the records is taken (casework officers). `point` is where they serve who comes to the counter."""

    id: Code
    name: Line | None = None
    email: Email | None = None
    point: Annotated[int, Field(ge=1, le=99)] | None = None


class Document(Frozen):
    """A paper or file by its metadata; the file itself stays where it is."""

    name: Line
    kind: Code = "evidence"
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    dated: date | None = None


class Requester(Frozen):
    """The citizen or body served. `citizen_id` is checked (13 digits, check digit) and kept masked."""

    name: Line
    title: Annotated[str, StringConstraints(max_length=40), AfterValidator(_storable)] | None = (
        None  # นาย, นาง, คุณ …; "" for a body
    )
    email: Email | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+ ()-]{6,30}$")] | None = None
    line_id: Annotated[str, StringConstraints(pattern=r"^U[0-9a-f]{32}$")] | None = None  # as LINE tells it
    postal: Prose | None = None  # where letters go
    prefers: Literal["email", "line", "phone", "letter"] | None = None  # how they wish to be told; else what is at hand
    segment: Code = "citizen"
    language: Literal["th", "en"] = "th"
    citizen_id: CitizenId | None = None
    other_identity: Line | None = None

    @property
    def addresses(self) -> dict[str, str]:
        """Where they can be reached, by kind."""
        known = {"email": self.email, "line": self.line_id, "phone": self.phone, "postal": self.postal}
        return {kind: address for kind, address in known.items() if address}

    @property
    def told_at_once(self) -> bool:
        """Whether they are reached electronically, and wish to be."""
        return bool(self.email or self.line_id) and self.prefers not in ("letter", "phone")

    @property
    def identified(self) -> bool:
        """Whether the requester has shown who they are."""
        return bool(self.citizen_id or self.other_identity)
