"""The records that the settings name, for a command of an operator."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from casework.adapters.postgres.records import PostgresRecords, RecordsError
from casework.standards.counting.calendar_rules import CalendarChange
from casework.starter.errors import InvalidCase, Unreachable
from casework.workflows.messages.events import Event
from casework.workflows.messages.views import CaseView


@asynccontextmanager
async def open_records() -> AsyncIterator[PostgresRecords]:
    """The records of CASEWORK_DATABASE_URL. Raises InvalidCase if it is not set, Unreachable if nobody answers there."""
    url = os.environ.get("CASEWORK_DATABASE_URL")
    if not url:
        raise InvalidCase("CASEWORK_DATABASE_URL is not set: postgresql://user:password@host:port/database")
    records = PostgresRecords(url)
    try:
        yield records
    except RecordsError as error:
        advice = "; bring the schema up to date: casework migrate" if "UndefinedTable" in str(error) else ""
        raise Unreachable(f"{error}{advice}") from error
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        raise Unreachable(f"PostgreSQL does not answer: {error or type(error).__name__}") from error
    finally:
        await records.close()


async def known_events(view: CaseView) -> list[Event]:
    """Everything that happened in a case, if the settings say where the records are; else what the case itself keeps."""
    if not os.environ.get("CASEWORK_DATABASE_URL"):
        return view.events
    async with open_records() as records:
        return await records.events(view.case_id)


async def known_changes() -> list[CalendarChange]:
    """The changes of the calendar, if the settings say where the records are; else none."""
    if not os.environ.get("CASEWORK_DATABASE_URL"):
        return []
    async with open_records() as records:
        return await records.calendar_changes()
