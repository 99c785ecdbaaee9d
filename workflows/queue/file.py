"""All that the queue of a day knows, in one serialisable model: what continue-as-new carries."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict

from casework.standards.limits import Code, Frozen
from casework.workflows.messages.queue import CarriedTicket, QueueEvent, QueueReply
from casework.workflows.queue.line import Line
from casework.workflows.queue.ports import QueueTerms

REPLIES_KEPT = 100


class QueueStart(Frozen):
    """What a queue is started with. `carried` are tickets of the day before that keep their places."""

    centre: Code
    day: str  # ISO 8601
    carried: list[CarriedTicket] = []


class QueueFile(BaseModel):
    """The state of one day's queue."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    queue_id: str
    start: QueueStart
    holder: str = ""  # names the run to the records: who held the queue before writes no more
    terms: QueueTerms | None = None
    terms_read_at: AwareDatetime | None = None
    line: Line = Line()
    outbox: list[QueueEvent] = []  # what the records do not have yet
    outbox_bytes: int = 0
    recorded: int = 0
    replies: dict[str, QueueReply] = {}
    done: dict[str, None] = {}  # what stands for each command of the day, in short: none is carried out twice
    told_at: AwareDatetime | None = None  # when the supervisor was last told of long waits
    ending: bool = False  # nobody is called any more, whatever becomes of the hours
    ended: bool = False
