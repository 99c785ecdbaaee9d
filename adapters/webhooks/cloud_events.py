"""What happened as CloudEvents 1.0 (cloudevents.io): one JSON object for each event of a case or a queue."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple

PREFIX = "casework"
CODE = re.compile(r"[A-Za-z0-9_.:+/@#-]{1,80}")
OUR_WORDS = {"low score", "the longest pause has passed"}
# What of an event is said to everybody: facts that name nobody. What people wrote (reasons, answers, names) is not.
FACTS = frozenset({
    "agency", "because", "chain", "channel", "counted_from", "due_at", "effect", "engagement", "from_event", "how", "into",
    "late", "minutes", "new_due_at", "old_due_at", "outcome", "planned_at", "point", "priority", "problem", "promised_at",
    "reached", "received_at", "round", "rung", "scores", "serious", "service", "standard", "step", "steps", "task", "ticket",
    "until", "upheld", "wait", "case_id",
})  # fmt: skip


class PublishedEvent(NamedTuple):
    """An event at its place in the feed."""

    position: int
    kind: str
    subject: str
    seq: int
    key: str
    at: datetime
    type: str
    service: str | None
    centre: str
    case_no: str | None
    actor_id: str | None
    actor_role: str | None
    actor_unit: str | None
    data: dict[str, Any]

    @property
    def id(self) -> str:
        """The same however often it is sent."""
        return f"{self.subject}/{self.seq}.{self.key}"

    def cloud_event(self, in_full: bool = False) -> dict[str, Any]:
        """The event for others; `in_full` with what people wrote, which may name people."""
        said = {key: value for key, value in self.data.items() if in_full or (key in FACTS and _is_a_fact(value))}
        by = {"role": self.actor_role, "unit": self.actor_unit, **({"id": self.actor_id} if in_full else {})}
        about = {"service": self.service, "centre": self.centre, "case_no": self.case_no, "number": self.seq}
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/{PREFIX}/{self.centre}",
            "type": f"{PREFIX}.{self.kind}.{self.type}",
            "subject": self.subject,
            "time": self.at.isoformat(),
            "datacontenttype": "application/json",
            "sequence": f"{self.position:020d}",
            "data": {
                **{key: value for key, value in about.items() if value is not None},
                **({"by": {key: value for key, value in by.items() if value}} if self.actor_role else {}),
                "said": said,
            },
        }


def _is_a_fact(value: Any) -> bool:
    """Whether a value is a number, a yes or no, a code or a time, and not something that somebody wrote in words."""
    if isinstance(value, dict):
        return all(_is_a_fact(each) for each in (*value, *value.values()))
    if isinstance(value, list):
        return all(_is_a_fact(each) for each in value)
    return not isinstance(value, str) or CODE.fullmatch(value) is not None or value in OUR_WORDS
