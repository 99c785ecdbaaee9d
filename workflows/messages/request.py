"""What opens a case; each process has a request of its own."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from casework.standards.limits import Frozen
from casework.workflows.messages.fields import Code, Line, Moment, _storable
from casework.workflows.messages.people import Document, Officer, Requester


class CaseRequest(Frozen):
    """What opens a case. The same `request_id` twice is one case.

    `received_at` is when the matter reached the centre, if that was before it was entered (a letter, a mailbox);
    without it, the moment of opening counts.
    """

    service: Code
    request_id: Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_storable)]
    centre: Code  # where it is opened, by the code of the standard
    channel: Code = "walk_in"
    requester: Requester
    subject: Line
    details: Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_storable)] = ""
    received_at: Moment | None = None
    standard: Code | None = None
    linked_from: Code | None = None
    officer: Officer | None = None  # who takes the matter at the counter and answers for it
    matter: Code | None = None  # what kind of matter, by the standard's list; without it the first of the list
    documents: list[Document] = Field(default=[], max_length=100)

    @property
    def hides_requester(self) -> bool:
        """Whether nobody who looks at the case reads who asks."""
        return False

    @property
    def nobody_to_tell(self) -> bool:
        """Whether there is nobody outside who could be told anything: notices to the requester are not owed."""
        return False

    @property
    def digest(self) -> str:
        """Tells apart requests that say something else under the same `request_id`."""
        return hashlib.sha256(self.model_dump_json(exclude_none=True).encode()).hexdigest()[:20]
