"""What people and programs say to a case, and what it answers: one frozen model per message.

Requests open a case, commands act on it, views show it. Messages grow by optional fields only, so a running case
understands every version. Times are aware; durations and limits carry their unit.
"""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints
from stdnum.exceptions import ValidationError as NumberError
from stdnum.th import pin

from casework.standards.counting.ledger import Balance, Ledger
from casework.standards.counting.plan import PlannedRung
from casework.standards.limits import Frozen

# One address and nothing else: no spaces, control characters, quotes, comments or second addresses.
EMAIL = re.compile(
    r'[^@\s\x00-\x1f\x7f,;:<>()\[\]"\\]+@[^@\s\x00-\x1f\x7f,;:<>()\[\]"\\=?]+\.[^@\s\x00-\x1f\x7f,;:<>()\[\]"\\=?]+'
)
ENCODED_WORD = re.compile(r"=\?[^?]*\?[bBqQ]\?")  # RFC 2047: a mail program may read another address out of it
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("contains a NUL character, which no database keeps")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("contains half of a character (a lone surrogate)")
    return value


def _written_out(value: object) -> object:
    if isinstance(value, (int, float)):
        raise ValueError("must be a time in ISO 8601 with its offset, such as 2026-03-02T11:00:00+07:00")
    return value


def _plausible(value: datetime) -> datetime:
    if not EARLIEST <= value <= LATEST:
        raise ValueError("is not a time that an office could have received anything")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out), AfterValidator(_plausible)]
Line = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True), AfterValidator(_storable)]
Prose = Annotated[str, StringConstraints(min_length=1, max_length=10_000, strip_whitespace=True), AfterValidator(_storable)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=64)]


def _one_address(value: str) -> str:
    if not EMAIL.fullmatch(value) or ENCODED_WORD.search(value):
        raise ValueError("is not one e-mail address, such as somchai@home.example")
    return value


Email = Annotated[str, StringConstraints(max_length=254), AfterValidator(_one_address)]
MASKED_ID = re.compile(r"^x-xxxx-xxxx\d-\d{2}-\d$")


def _checked_and_masked(value: str) -> str:
    if MASKED_ID.fullmatch(value):
        return value
    try:
        digits = pin.validate(value)
    except NumberError:
        raise ValueError("is not a Thai citizen id: 13 digits whose last is the check digit") from None
    return f"x-xxxx-xxxx{digits[9]}-{digits[10:12]}-{digits[12]}"


# Checked where it is entered and masked at once: the whole number is never sent, stored or logged.
CitizenId = Annotated[str, StringConstraints(max_length=40), AfterValidator(_checked_and_masked)]


class Stage(StrEnum):
    """Where a case stands; the names of the published procedure."""

    QUEUED = "queued"
    SERVING = "serving"
    SELECTING = "selecting"
    REFERRED = "referred"
    TELLING = "telling"
    PROVIDED = "provided"
    ANSWERED = "answered"
    SUBMITTED = "submitted"
    AWAITING_DOCUMENTS = "awaiting_documents"
    WITH_OWNER = "with_owner"
    COMPLETED = "completed"
    TRIAGE = "triage"
    ADVISING = "advising"
    GIVING = "giving"
    ADVISED = "advised"
    GIVEN = "given"
    CLOSED = "closed"


class Outcome(StrEnum):
    """How a case ended."""

    PROVIDED = "provided"
    REFERRED_ANSWERED = "referred_answered"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    WITHDRAWN = "withdrawn"
    NO_SHOW = "no_show"
    COMPLETED = "completed"
    REFUSED_WITH_REASON = "refused_with_reason"
    RETURNED_INCOMPLETE = "returned_incomplete"
    SETTLED = "settled"
    ADVISED = "advised"
    PUBLICATIONS_GIVEN = "publications_given"
    CONVERTED = "converted"


class Actor(Frozen):
    """Who acts: an id without personal data in it, the role acted in, and the unit."""

    id: Code
    role: Code
    unit: Code | None = None


class Officer(Frozen):
    """An officer as the requester sees them: the name stands on notices and displays (standard 1.2(5)). Without a name, the
    one in the records is taken (casework officers)."""

    id: Code
    name: Line | None = None
    email: Email | None = None


class Document(Frozen):
    """A paper or file by its metadata; the file itself stays where it is."""

    name: Line
    kind: Code = "evidence"
    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")] | None = None
    dated: date | None = None


class Requester(Frozen):
    """The citizen or body served. `citizen_id` is checked (13 digits, check digit) and kept masked."""

    name: Line
    title: Annotated[str, StringConstraints(max_length=40)] | None = None  # นาย, นาง, คุณ …; "" for a body
    email: Email | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^[0-9+ ()-]{6,30}$")] | None = None
    segment: Code = "citizen"
    language: Literal["th", "en"] = "th"
    citizen_id: CitizenId | None = None
    other_identity: Line | None = None

    @property
    def identified(self) -> bool:
        """Whether the requester has shown who they are."""
        return bool(self.citizen_id or self.other_identity)


class CaseRequest(Frozen):
    """What opens a case. The same `request_id` twice is one case.

    `received_at` is when the matter reached the centre, if that was before it was entered (a letter, a mailbox);
    without it, the moment of opening counts.
    """

    request_id: Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_storable)]
    centre: Code = "JSC"
    channel: Code = "walk_in"
    requester: Requester
    subject: Line
    details: Annotated[str, StringConstraints(max_length=10_000), AfterValidator(_storable)] = ""
    received_at: Moment | None = None
    standard: Code | None = None
    linked_from: Code | None = None
    officer: Officer | None = None  # who takes the matter at the counter and answers for it

    @property
    def digest(self) -> str:
        """Tells apart requests that say something else under the same `request_id`."""
        return hashlib.sha256(self.model_dump_json(exclude_none=True).encode()).hexdigest()[:20]


class InformationRequest(CaseRequest):
    """Ask for information or publications (standard 1.1)."""

    service: Literal["information_request"] = "information_request"


class ForwardRequest(CaseRequest):
    """File an application, with its evidence, to be forwarded to its owner agency (standard 1.2)."""

    service: Literal["forward"] = "forward"
    matter: Code | None = None  # what kind of application, by the standard's list; without it the first of the list
    documents: list[Document] = Field(max_length=100)


class OneStopRequest(CaseRequest):
    """Come in person for advice or publications on energy (standard 1.3)."""

    service: Literal["one_stop"] = "one_stop"


Request = Annotated[InformationRequest | ForwardRequest | OneStopRequest, Field(discriminator="service")]


class CommandReply(Frozen):
    """What every command answers, when it is decided. `event` is the case's latest; the records have it a moment later.

    `existed` is for a request that was sent before: the case is the one it opened then.
    """

    case_id: str
    stage: Stage
    event: int
    existed: bool = False


class Event(Frozen):
    """One thing that happened, in order. `actor` is None when the clock or the case itself acted.

    `key` follows from the content and the number: the same on every attempt and every replay, another for anything else,
    so it also tells apart what a case did at the same number before and after an operator reset it.
    """

    seq: int
    key: str
    type: str
    at: AwareDatetime
    actor: Actor | None = None
    data: dict[str, Any] = {}


class AllowedCommand(Frozen):
    """A command that is possible now, and the roles that may give it."""

    name: str
    roles: list[str]


class ClockView(Frozen):
    """A step's clock as people see it. `ledger` is what its due time follows from; `balance` how it stood when it was last
    counted; `calendar` and `revision` what it was counted on."""

    step: str
    limit: str
    started_at: AwareDatetime
    due_at: AwareDatetime
    internal_target: AwareDatetime | None = None
    entry_closes_at: AwareDatetime | None = None  # its limit ends the stage, once what came in time can have been entered
    stopped_at: AwareDatetime | None = None
    breached: bool
    paused: bool = False
    extended_by: int = 0  # in the limit's own unit
    ledger: Ledger
    balance: Balance
    rungs: list[PlannedRung] = []  # those that have not fired
    fired: list[str] = []
    next_rung_at: AwareDatetime | None = None
    next_rung: str | None = None
    calendar: str
    revision: int = 0
    digest: str = ""  # of the closed days and rules that it was counted with
    warning: str | None = None


class PromiseView(Frozen):
    """What the requester was promised: a chain of steps, joined by +, and what its date follows from."""

    chain: str
    due_at: AwareDatetime
    ledger: Ledger
    revision: int = 0
    warning: str | None = None


class PauseView(Frozen):
    """Why clocks stand still, since when, and until when at most."""

    reason: str
    by: str
    begun: AwareDatetime
    until: AwareDatetime
    cap: AwareDatetime | None = None  # whoever paused may not pause longer than this
    steps: list[str]


class RunningClock(Frozen):
    """What a running clock keeps, as the records have it."""

    step: str
    due_at: AwareDatetime
    ledger: Ledger
    rungs: list[PlannedRung]


class OpenCase(Frozen):
    """An open case and what its clocks keep, as the records have it. `promise` is None once the outcome is known."""

    case_id: str
    case_no: str | None
    service: str
    centre: str
    standard_id: str
    standard_version: str
    clocks: list[RunningClock]
    promise: PromiseView | None
    pause: PauseView | None


class Link(Frozen):
    """Another case this one came from or went on as."""

    relation: Literal["from", "to"]
    case_id: str


class NoticeView(Frozen):
    """A notice and its fate so far."""

    id: str
    template: str
    to: str
    status: str
    at: AwareDatetime | None = None


class LetterView(Frozen):
    """A letter that waits to be served, by its notice's id and text; `deemed_at` is when it counts as served, once it was
    posted."""

    id: str
    notice: str
    since: AwareDatetime
    deemed_at: AwareDatetime | None = None


class CaseView(Frozen):
    """A case as `show` and the `case` query give it. `events` are the latest; the records keep all."""

    case_id: str
    request_id: str
    request_digest: str = ""
    case_no: str | None
    service: str
    centre: str
    channel: str
    stage: Stage
    stage_since: AwareDatetime
    outcome: Outcome | None
    standard_id: str | None
    standard_version: str | None
    received_at: AwareDatetime
    promised_at: AwareDatetime | None
    promise: PromiseView | None = None
    timezone: str | None = None  # of the office
    pause: PauseView | None = None
    overdue: bool
    breached_at: AwareDatetime | None = None  # when a limit was first passed; stays for good
    escalation: int
    officer: Officer | None
    agency: str | None
    links: list[Link]
    documents: list[Document]
    recorded: int = 0  # the latest event that the records are known to have
    clocks: list[ClockView]
    notices: list[NoticeView]
    letters: list[LetterView] = []  # that wait to be served
    events: list[Event]
    allowed_commands: list[AllowedCommand]


class CaseResult(Frozen):
    """What a closed case returns."""

    case_id: str
    case_no: str | None
    outcome: Outcome
    events: int
