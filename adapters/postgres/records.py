"""The records in PostgreSQL, through asyncpg.

records = PostgresRecords("postgresql://…")      # connects when first used: a worker starts while it is down
await records.migrate()
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from hashlib import sha256
from importlib.resources import files
from typing import Any, NamedTuple

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from casework.adapters.ports import Letter, OfficerCard, OwedNotice, WaitingLetter, Written
from casework.adapters.postgres import statements
from casework.standards.counting.calendar_rules import CalendarChange, NewChange, is_so_already
from casework.workflows.messages.events import Event
from casework.workflows.messages.people import Actor, Requester
from casework.workflows.messages.views import CaseView, NoticeView, OpenCase
from casework.workflows.ports import Batch, CaseState, NoticeFate, NoticeStatus

CONNECT_TIMEOUT = 3.0
JSON_COLUMNS = {"officer", "links", "documents", "requester", "request"}
STATEMENT_TIMEOUT = 5.0
MIGRATION_TIMEOUT = 3600.0  # large records take their time
PAGE = 500
# How long a notice stays with the sender that claimed it. Longer than any try at sending; after a crash it decides when
# somebody else may try.
LEASE = timedelta(seconds=45)


class RecordsError(Exception):
    """PostgreSQL answered with an error. Names its kind, never the data."""


class SchemaError(Exception):
    """The database does not have the schema this version needs."""


class Migration(NamedTuple):
    """One numbered SQL file."""

    version: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """Shows whether an applied file was changed afterwards."""
        return sha256(self.sql.encode()).hexdigest()[:16]


class _About(NamedTuple):
    """What the case row keeps for notices."""

    service: str
    centre: str
    received_at: datetime
    subject: str
    requester: Requester


class PostgresRecords:
    """Records (see casework.adapters.ports) in the schema `casework` of a PostgreSQL database."""

    def __init__(self, url: str, pool_size: int = 10) -> None:
        self._url = url
        self._pool_size = pool_size
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Give the connections back."""
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    async def write(self, batch: Batch) -> Written:
        """One statement for the whole batch; see WRITE_BATCH."""
        row = await self._row(
            statements.WRITE_BATCH,
            batch.case_id,
            batch.at,
            batch.last_event,
            batch.state.model_dump_json(),
            batch.founding.model_dump_json() if batch.founding else None,
            batch.clocks.model_dump_json() if batch.clocks else None,
            json.dumps([event.model_dump(mode="json") for event in batch.events]),
            json.dumps([notice.model_dump(mode="json") for notice in batch.notices]),
            LEASE,
            batch.digest,
            batch.reset.event if batch.reset else None,
            batch.reset.at if batch.reset else None,
            json.dumps([step.model_dump(mode="json") for step in batch.steps]),
        )
        if row["of_another"]:
            raise RecordsError("the records hold another request under this case id; use another request_id")
        if row["service"] is None:  # the founding batch was committed beside this one: its row was not seen yet
            # What was written stays; whoever tries again must find its notices free, not claimed by us.
            await self.settle(
                batch.case_id, [NoticeFate(id=each, status=NoticeStatus.OWED, at=batch.at) for each in row["claimed"]]
            )
            raise RecordsError("an earlier transition of this case is not in the records yet")
        if batch.fates:
            await self.settle(batch.case_id, batch.fates)
        # Written at the same moment by a second try: its number was committed after our statement began to look.
        case_no = row["case_no"] or (await self._row(statements.CASE_NUMBER, batch.case_id))["case_no"]
        claimed = set(row["claimed"])
        if not claimed:
            return Written(case_no, [], row["calendar"], tuple(row["conflicts"]))
        requester = Requester.model_validate_json(row["requester"])
        about = _About(row["service"], row["centre"], row["received_at"], row["subject"], requester)
        card = OfficerCard.model_validate_json(row["officer_card"]) if row["officer_card"] else None
        notices = [OwedNotice.of(batch, notice, case_no, about, card) for notice in batch.notices if notice.id in claimed]
        return Written(case_no, notices, row["calendar"], tuple(row["conflicts"]))

    async def fates(self, case_id: str, notice_ids: Sequence[str]) -> list[NoticeFate]:
        """How these notices stand."""
        rows = await self.rows(statements.NOTICE_STATES, case_id, list(notice_ids))
        return [NoticeFate(id=r["notice_id"], status=NoticeStatus(r["status"]), at=r["at"], error=r["last_error"]) for r in rows]

    async def claim(self, case_id: str, notice_id: str) -> OwedNotice | None:
        """Take an owed notice to send it."""
        rows = await self.rows(statements.CLAIM_NOTICE, case_id, notice_id, LEASE)
        if not rows:
            return None
        [row] = rows
        return OwedNotice(
            id=row["notice_id"],
            case_id=case_id,
            case_no=row["case_no"],
            service=row["service"],
            centre=row["centre"],
            template=row["template"],
            to=row["recipient"],
            values=json.loads(row["values"]),
            ordered_at=row["ordered_at"],
            received_at=row["received_at"],
            subject=row["subject"],
            requester=Requester.model_validate_json(row["requester"]),
            state=CaseState.model_validate_json(row["state"]),
            officer=OfficerCard.model_validate_json(row["officer_card"]) if row["officer_card"] else None,
        )

    async def settle(
        self,
        case_id: str,
        fates: Sequence[NoticeFate],
        letters: Mapping[str, Letter] | None = None,
        ways: Mapping[str, str] | None = None,
    ) -> None:
        """Write down how sending went, or how a letter was served."""
        ids, statuses, errors = [f.id for f in fates], [f.status.value for f in fates], [f.error for f in fates]
        served = [f.at if f.status is NoticeStatus.SERVED else None for f in fates]
        texts = [letters[f.id].model_dump_json() if letters and f.id in letters else None for f in fates]
        went = [ways.get(f.id) if ways else None for f in fates]
        await self.rows(statements.SETTLE_NOTICES, case_id, ids, statuses, errors, served, texts, went)

    async def letters(self, centre: str | None = None) -> list[WaitingLetter]:
        """The letters that were not served so far, oldest first, whether printed or not."""
        rows = await self.rows(statements.LETTERS, centre)
        return [
            WaitingLetter(
                r["case_id"], r["case_no"], r["centre"], r["notice_id"], r["template"], r["ordered_at"], r["printed_at"],
                Letter.model_validate_json(r["letter"]) if r["letter"] else None, r["last_error"], r["ended"],
            )
            for r in rows
        ]  # fmt: skip

    async def mark_printed(self, letters: Sequence[WaitingLetter]) -> None:
        """Remember that these letters were printed."""
        await self.rows(statements.MARK_PRINTED, [each.case_id for each in letters], [each.notice_id for each in letters])

    async def unsettled(self, centre: str | None = None) -> list[asyncpg.Record]:
        """Notices of open cases that are owed or failed: number of the case, text, recipient, status; oldest first."""
        return await self.rows(statements.UNSETTLED, centre)

    async def case_of(self, case_no: str) -> str | None:
        """The case that has this registry number."""
        rows = await self.rows(statements.CASE_OF_NUMBER, case_no)
        return rows[0]["case_id"] if rows else None

    async def handlers(self, case: str) -> list[str]:
        """The ids of the officers who answered for a case or acted on it, by its id or registry number; none if it is unknown."""
        return [row["id"] for row in await self.rows(statements.HANDLERS, case)]

    async def events(self, case_id: str) -> list[Event]:
        """The whole history of a case, oldest first."""
        rows = await self.rows(statements.CASE_EVENTS, case_id)
        return [
            Event(
                seq=r["seq"],
                key=r["key"],
                type=r["type"],
                at=r["at"],
                actor=Actor(id=r["actor_id"], role=r["actor_role"], unit=r["actor_unit"]) if r["actor_id"] else None,
                data=json.loads(r["data"]),
            )
            for r in rows
        ]

    async def case(self, case_id: str) -> CaseView | None:
        """A case as the records have it, whatever became of its workflow; None if they do not know it."""
        rows = await self.rows(statements.CASE_ROW, case_id)
        if not rows:
            return None
        row = {key: json.loads(value) if key in JSON_COLUMNS and value else value for key, value in dict(rows[0]).items()}
        notices = [
            NoticeView(id=n["notice_id"], template=n["template"], to=n["recipient"], status=n["status"], at=n["settled_at"])
            for n in await self.notices(case_id)
        ]
        shown = {key: row[key] for key in CaseView.model_fields if key in row and key != "requester"}
        return CaseView.model_validate(
            {
                **shown,
                "request_digest": row["digest"],
                "stage_since": row["closed_at"] or row["last_event_at"],
                "documents": row["documents"] or [],
                "recorded": row["last_event"],
                "clocks": [],
                "notices": notices,
                "events": await self.events(case_id),
                "allowed_commands": [],
            }
        )

    async def ended(self, case_id: str) -> tuple[str, str] | None:
        """How a case ended from outside and why, where the records were told."""
        rows = await self.rows(statements.CASE_ROW, case_id)
        return (rows[0]["ended_as"], rows[0]["ended_why"] or "") if rows and rows[0]["ended_as"] else None

    async def notices(self, case_id: str) -> list[dict[str, Any]]:
        """Every notice of a case and its fate."""
        return [dict(row) for row in await self.rows(statements.CASE_NOTICES, case_id)]

    async def officers(self) -> list[dict[str, Any]]:
        """The officers that the records know."""
        return [dict(row) for row in await self.rows(statements.OFFICERS)]

    async def set_officer(self, officer_id: str, name: str, position: str | None, email: str | None) -> None:
        """Enter an officer, or correct what is known of one."""
        await self.rows(statements.SET_OFFICER, officer_id, name, position, email)

    async def officer_away(self, officer_id: str, first: date | None, last: date | None, stand_in: str | None) -> bool:
        """From when to when (both inclusive) an officer is away, and who stands in; None: they are back. False if the records
        do not know the officer."""
        return bool(await self.rows(statements.OFFICER_AWAY, officer_id, first, last, stand_in))

    async def count_open_cases(self, standard_id: str) -> int:
        """How many cases of a standard are open."""
        n: int = (await self._row(statements.COUNT_OPEN_CASES, standard_id))["n"]
        return n

    async def open_cases(self, standard_id: str) -> AsyncIterator[OpenCase]:
        """The open cases of a standard and what their clocks keep, by case id."""
        last = ""
        while rows := await self.rows(statements.OPEN_CASES, standard_id, last, PAGE):
            for row in rows:
                kept = {key: json.loads(row[key]) if row[key] else None for key in ("clocks", "promise", "pause")}
                yield OpenCase.model_validate({**dict(row), **kept})
            last = rows[-1]["case_id"]

    async def calendar_changes(self) -> list[CalendarChange]:
        """Every change of the calendar, oldest first."""
        return [_change(row) for row in await self.rows(statements.CALENDAR_CHANGES)]

    async def change_calendar(self, changes: Sequence[NewChange]) -> list[CalendarChange]:
        """Make changes in one transaction; what already is as asked is not made again."""
        async with self.transaction() as connection:
            await connection.execute(statements.CALENDAR_LOCK)
            known = [_change(row) for row in await connection.fetch(statements.CALENDAR_CHANGES)]
            made: list[CalendarChange] = []
            for change in changes:
                if is_so_already(change, known):
                    continue
                hours = json.dumps([each.model_dump(mode="json") for each in change.hours])
                row = await connection.fetchrow(
                    statements.CHANGE_CALENDAR, change.standard, change.date, change.kind.value, change.name_th,
                    change.name_en, hours, change.reason, change.region, change.by,
                )  # fmt: skip
                assert row is not None, "an insert returns its row"
                made.append(_change(row))
                known.append(made[-1])
            return made

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PoolConnectionProxy[asyncpg.Record]]:
        """A connection for several statements that hold together. Raises RecordsError for what PostgreSQL refuses."""
        pool = await self._connected()
        try:
            async with pool.acquire(timeout=CONNECT_TIMEOUT) as connection, connection.transaction():
                yield connection
        except asyncpg.PostgresError as error:
            raise RecordsError(f"PostgreSQL refuses: {type(error).__name__} {error.sqlstate}") from None
        except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
            raise RecordsError(f"PostgreSQL does not answer ({type(error).__name__})") from None

    async def server_time(self) -> datetime:
        """The clock of the database server."""
        at: datetime = (await self._row(statements.SERVER_TIME))["now"]
        return at

    async def migrate(self) -> list[str]:
        """Bring the schema up to date; returns the names of the migrations applied now.

        Raises SchemaError if an applied migration was changed, or the database is newer than this program.
        """
        pool = await self._connected()
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute(statements.MIGRATION_LOCK)
            await connection.execute(statements.SCHEMA_TABLES)
            applied = {row["version"]: row for row in await connection.fetch(statements.APPLIED_MIGRATIONS)}
            known = migrations()
            if set(applied) - {m.version for m in known}:
                raise SchemaError("the database was migrated by a newer version of casework; upgrade this one")
            done = []
            for migration in known:
                if migration.version in applied:
                    if applied[migration.version]["checksum"] != migration.checksum:
                        raise SchemaError(f"migration {migration.name} was changed after it was applied")
                    continue
                await connection.execute(migration.sql, timeout=MIGRATION_TIMEOUT)
                await connection.execute(statements.NOTE_MIGRATION, migration.version, migration.name, migration.checksum)
                done.append(migration.name)
            return done

    async def schema_version(self) -> int:
        """The newest migration applied, 0 for none."""
        if not (await self._row(statements.HAS_MIGRATIONS))[0]:
            return 0
        return max((row["version"] for row in await self.rows(statements.APPLIED_MIGRATIONS)), default=0)

    async def _connected(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                self._pool = await asyncpg.create_pool(
                    self._url,
                    min_size=0,
                    max_size=self._pool_size,
                    timeout=CONNECT_TIMEOUT,
                    command_timeout=STATEMENT_TIMEOUT,
                )
            return self._pool

    async def listen(self, channel: str, heard: Callable[[], None]) -> asyncpg.Connection[asyncpg.Record]:
        """Call `heard` whenever PostgreSQL notifies this channel, as long as the connection that is returned stays open."""
        try:
            connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(self._url, timeout=CONNECT_TIMEOUT)
            await connection.add_listener(channel, lambda *_: heard())
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise RecordsError(f"PostgreSQL does not answer ({type(error).__name__})") from None
        return connection

    async def rows(self, statement: str, *values: Any, timeout: float = STATEMENT_TIMEOUT) -> list[asyncpg.Record]:
        """What a statement gives. Raises RecordsError, which repeats nothing of what was written."""
        pool = await self._connected()
        try:
            async with pool.acquire(timeout=CONNECT_TIMEOUT) as connection:
                rows: list[asyncpg.Record] = await connection.fetch(statement, *values, timeout=timeout)
                return rows
        except asyncpg.ForeignKeyViolationError:
            raise RecordsError("an earlier transition of this case is not in the records yet") from None
        except asyncpg.PostgresError as error:
            # The server's own words may quote what was written; they must not reach a log or a history.
            raise RecordsError(f"PostgreSQL refuses: {type(error).__name__} {error.sqlstate}") from None
        except (OSError, TimeoutError, asyncpg.InterfaceError) as error:
            raise RecordsError(f"PostgreSQL does not answer ({type(error).__name__})") from None

    async def _row(self, statement: str, *values: Any) -> asyncpg.Record:
        return (await self.rows(statement, *values))[0]


def _change(row: asyncpg.Record) -> CalendarChange:
    named = {**dict(row), "by": row["made_by"], "at": row["made_at"], "hours": json.loads(row["hours"])}
    return CalendarChange.model_validate({key: value for key, value in named.items() if key in CalendarChange.model_fields})


def migrations() -> list[Migration]:
    """The SQL files in order."""
    folder = files("casework.adapters.postgres.migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return [Migration(int(name[:4]), name, (folder / name).read_text(encoding="utf-8")) for name in names]
