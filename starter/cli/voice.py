"""casework voice."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic import TypeAdapter, ValidationError

from casework.adapters.postgres.voices import NewVoice, PostgresVoices
from casework.reports.masking import masked
from casework.standards.pack.model import EARLIEST_YEAR, LATEST_YEAR, ServiceStandards
from casework.starter.cli.printing import console, local, note, table
from casework.starter.cli.shared import JsonFlag, actor_said, run
from casework.starter.errors import InvalidCase, NotFound
from casework.starter.open_records import open_records
from casework.starter.services import library_of, unknown
from casework.workflows.messages.fields import Prose
from casework.workflows.messages.people import Actor

NUMBER = re.compile(r"V[0-9]{1,9}")
MOST = 1000
SHOWN = 90
app = typer.Typer(
    help="What people say before, during and after a service, and what they were answered.", no_args_is_help=True,
    add_completion=False,
)  # fmt: skip
AsOption = Annotated[str, typer.Option("--as", metavar="ID:ROLE", help="Who asks or says so, such as somying:centre_officer.")]
ServiceOption = Annotated[str | None, typer.Option(help="The service it is about.")]


class Kind(StrEnum):
    """What staff enter; ratings, complaints, ideas and requests for information are there by themselves."""

    COMMENT = "comment"
    QUESTION = "question"
    PRAISE = "praise"
    DISSATISFACTION = "dissatisfaction"
    CONTACT = "contact"
    INFORMATION_GIVEN = "information_given"
    EXTRA_HELP = "extra_help"


class LifeStage(StrEnum):
    """Where in the life of a service."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@app.command("add")
def add(
    kind: Annotated[Kind, typer.Argument(help="What it is; information_given: unasked; extra_help: time given.")],
    words: Annotated[str, typer.Argument(help="What was said.")],
    actor: AsOption,
    case: Annotated[str | None, typer.Option(help="The case it is about, by id or number.")] = None,
    stage: Annotated[LifeStage | None, typer.Option(help="Of the service; else as the case stands, or before.")] = None,
    service: ServiceOption = None,
    centre: Annotated[str | None, typer.Option(help="The centre; else the organisation's own.")] = None,
    channel: Annotated[str, typer.Option(help="How it came: walk_in, phone, letter, email, web, line …")] = "walk_in",
    segment: Annotated[str | None, typer.Option(help="Whose group it is; else that of the case, or the pack's first.")] = None,
    stakeholder: Annotated[str, typer.Option(help="Whose voice: requester, or another that the pack lists.")] = "requester",
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When, with time zone; else now.")] = None,
) -> None:
    """Enter what somebody said, once; it is never changed. Prints its number."""
    pack = library_of(None).current()
    who = actor_said(actor)
    _prose(words)
    _may_read(pack, who)
    for what, said, known in (
        ("channel", channel, sorted({each for one in pack.services.values() for each in one.channels})),
        ("segment", segment, pack.segments),
        ("stakeholder", stakeholder, pack.voices.stakeholders),
        ("service", service, list(pack.services)),
        ("centre", centre, pack.known_centres),
    ):
        if said is not None and said not in known:
            raise InvalidCase(unknown(what, said, known))
    moment = _past(at, ZoneInfo(pack.calendar.timezone))

    async def go() -> None:
        async with open_records() as records:
            voices = PostgresVoices(records)
            about = await voices.case(await records.case_of(case) or case) if case else None
            if case and about is None:
                raise NotFound(f"the records know no case {case}")
            stands = LifeStage.BEFORE if about is None else LifeStage.AFTER if about["concluded_at"] else LifeStage.DURING
            voice = NewVoice(
                kind=kind.value,
                life_stage=(stage or stands).value,
                centre=centre or (about["centre"] if about else pack.organisation.centre.code),
                service=service or (about["service"] if about else None),
                channel=channel,
                segment=segment or (about["segment"] if about else pack.segments[0]),
                stakeholder=stakeholder,
                case_id=about["case_id"] if about else None,
                words=words,
                at=moment,
                entered_by=who.id,
            )
            print(f"V{await voices.add(voice)}")

    run(go())


@app.command("answer")
def answer(
    voice: Annotated[str, typer.Argument(metavar="VOICE", help="Its number, such as V12.")],
    words: Annotated[str, typer.Argument(help="What was answered.")],
    actor: AsOption,
    at: Annotated[str | None, typer.Option(metavar="TIME", help="When, with time zone; else now.")] = None,
) -> None:
    """Enter what was answered to a question, once."""
    who = actor_said(actor)
    pack = library_of(None).current()
    _may_read(pack, who)
    _prose(words)
    if not NUMBER.fullmatch(voice):
        raise InvalidCase("VOICE: the number of what staff entered, such as V12; the others are answered in their cases")
    moment = _past(at, ZoneInfo(pack.calendar.timezone))

    async def go() -> None:
        async with open_records() as records:
            if not await PostgresVoices(records).answer(int(voice[1:]), words, moment, who.id):
                raise NotFound(f"there is no question {voice} asked before then that was not answered")

    run(go())
    note(f"{voice} is answered")


@app.command("search")
def search(
    actor: AsOption,
    text: Annotated[str | None, typer.Argument(metavar="[WORDS]", help="What stands in it.")] = None,
    theme: Annotated[str | None, typer.Option(help="A theme of the pack, by its words.")] = None,
    kind: Annotated[str | None, typer.Option(help="question, praise, dissatisfaction, complaint, idea, contact …")] = None,
    service: ServiceOption = None,
    centre: Annotated[str | None, typer.Option(help="Only of this centre.")] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="From this time on, with time zone.")] = None,
    unanswered: Annotated[bool, typer.Option("--unanswered", help="Only questions that nobody has answered.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most so many, newest first.")] = 50,
    as_json: JsonFlag = False,
) -> None:
    """Search what people said. The pack says which roles may (voices.readers); names, addresses and numbers are masked, but for
    roles in voices.unmasked. Needs CASEWORK_DATABASE_URL."""
    pack = library_of(None).current()
    who = actor_said(actor)
    masks = _may_read(pack, who)
    if theme is not None and theme not in pack.voices.themes:
        raise InvalidCase(unknown("theme", theme, pack.voices.themes))
    words = pack.voices.themes[theme].words if theme else None

    async def go() -> None:
        async with open_records() as records:
            found = await PostgresVoices(records).search(
                text, kind, words, centre, _moment(since) if since else None, None, service, unanswered, limit
            )
        for row in found:
            name = row.pop("name")
            for key in ("words", "answer"):
                row[key] = masked(row[key], name) if masks and row[key] else row[key]
        if masks and text:  # what is masked is not found either
            found = [row for row in found if text.casefold() in f"{row['words']}\n{row['answer'] or ''}".casefold()]
        if as_json:
            for row in found:
                print(json.dumps(row, ensure_ascii=False, default=str))
            return
        shown = table("voice", "at", "kind", "stage", "whose", "case", "said", "answered")
        for row in found:
            said = str(row["words"]).replace("\n", " ")
            shown.add_row(
                row["voice"] if row["voice"].startswith("V") else "–", local(row["at"], ZoneInfo(pack.calendar.timezone)),
                row["kind"], row["life_stage"], f"{row['segment']} {row['channel']}", row["case_no"] or "–",
                f"{said[:SHOWN]}…" if len(said) > SHOWN else said,
                local(row["answered_at"], ZoneInfo(pack.calendar.timezone)),
            )  # fmt: skip
        console.print(shown)

    run(go())


def _may_read(pack: ServiceStandards, who: Actor) -> bool:
    """Whether what they read is masked. Raises InvalidCase if they may not read at all."""
    voices = pack.voices
    if who.role not in (*voices.readers, *voices.unmasked):
        allowed = ", ".join(dict.fromkeys([*voices.readers, *voices.unmasked])) or "nobody; the pack names no voices.readers"
        raise InvalidCase(f"{who.role} may not search what people said; {allowed}")
    return who.role not in voices.unmasked


def _prose(words: str) -> None:
    try:
        TypeAdapter(Prose).validate_python(words)
    except ValidationError as error:
        raise InvalidCase(f"WORDS: {error.errors(include_input=False)[0]['msg']}") from None


def _past(said: str | None, zone: ZoneInfo) -> datetime:
    """When it was: a moment that has been, else now."""
    now = datetime.now(zone)
    at = _moment(said) if said else now
    if at > now + timedelta(minutes=1):
        raise InvalidCase(f"--at {said}: lies in the future")
    return at


def _moment(said: str) -> datetime:
    try:
        at = datetime.fromisoformat(said)
    except ValueError:
        raise InvalidCase(f"{said}: a time such as 2026-11-23T10:00+07:00") from None
    if at.tzinfo is None:
        raise InvalidCase(f"{said}: say the time zone, such as 2026-11-23T10:00+07:00")
    if not EARLIEST_YEAR <= at.year <= LATEST_YEAR:
        raise InvalidCase(f"{said}: a year from {EARLIEST_YEAR} to {LATEST_YEAR}")
    return at
