"""casework up, demo, setup, migrate, doctor."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import asyncpg
import typer
from pydantic import ValidationError

from casework.adapters.postgres.records import PostgresRecords, RecordsError, SchemaError
from casework.settings import Settings
from casework.standards.pack.loader import PackError, StandardsLibrary
from casework.starter import doctor as checks
from casework.starter.cli.printing import console, note, table
from casework.starter.cli.shared import JsonFlag, connected, run
from casework.starter.client import CaseClient
from casework.starter.dev.embedded import NOTICES, READY_WITHIN, Embedded, NotInstalled, Unsuitable, is_free
from casework.starter.errors import CaseworkError, InvalidCase, Unreachable
from casework.starter.services import library_of
from casework.starter.setup import add_search_attributes, schedule_reports
from casework.workflows.pack_needs import unserved
from casework.workflows.processes import processes_for

FolderOption = Annotated[Path, typer.Option(help="Where the servers keep their state.")]
TEMPORAL_PORT, UI_PORT = 7233, 8233


def up(
    folder: FolderOption = Path(".casework"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Throw the state of the folder away first.")] = False,
    port: Annotated[int, typer.Option(help="Port of Temporal; 0 takes a free one.")] = TEMPORAL_PORT,
    ui_port: Annotated[int, typer.Option(help="Port of the Temporal UI; 0 takes a free one.")] = UI_PORT,
    packs: Annotated[list[Path] | None, typer.Option("--pack", help="Pack to serve; may be given several times.")] = None,
) -> None:
    """Start everything on this machine: Temporal with its UI, PostgreSQL, a worker. Ctrl-C stops it; the state stays.

    Needs the extra casework\\[embedded]. Everything binds to loopback.
    """
    for wanted in (port, ui_port):
        if wanted and not is_free(wanted):
            raise InvalidCase(f"port {wanted} is taken; is casework up running? Else: --port 0 --ui-port 0 --folder OTHER")
    _check(packs or [])
    with _servers(folder, fresh, port, ui_port) as servers:
        start_worker(servers, packs or [])
        where = table("", "")
        where.add_row("Temporal", servers.temporal_address)
        where.add_row("Temporal UI", f"[link={servers.ui_url}]{servers.ui_url}[/link]")
        where.add_row("PostgreSQL", servers.database_url)
        where.add_row("worker's log", str(servers.folder / "worker.log"))
        where.add_row("notices in words", str(servers.folder / NOTICES))
        console.print(where)
        note("in another terminal:")
        for name, value in servers.environment.items():
            console.print(f"export {name}='{value}'")
        if not servers.packs and (served := os.environ.get("CASEWORK_PACKS")):
            console.print(f"export CASEWORK_PACKS='{':'.join(str(Path(part).absolute()) for part in served.split(':') if part)}'")
        note("then: casework open forward examples/forward.json · casework list · casework doctor — Ctrl-C stops everything")
        wait_for_interrupt(servers)
    note("stopped")


def demo(
    keep: Annotated[bool, typer.Option("--keep", help="Leave everything running at the end, to look around.")] = False,
    folder: FolderOption = Path(".casework/demo"),
) -> None:
    """Play one case of each service on real servers, one of them unanswered, with limits of seconds."""
    from casework.starter.dev.demo import play

    with _servers(folder, True, 0, 0) as servers:
        start_worker(servers, [Path(__file__).parents[2] / "standards" / "packs" / "demo.yaml"])
        run(play(servers))
        if keep:
            console.print(f"\nTemporal UI [link={servers.ui_url}]{servers.ui_url}[/link]; in another terminal:")
            for name, value in servers.environment.items():
                console.print(f"export {name}='{value}'")
            note("then: casework list · casework show CASE · casework doctor — still running; Ctrl-C stops everything")
            wait_for_interrupt(servers)


def setup() -> None:
    """Prepare the namespace and the database that the settings name: search attributes, schema, and the schedule of the
    half-yearly report for whom the pack names. Safe to run again."""

    _database_url()

    async def go() -> None:
        client = await connected()
        added = await add_search_attributes(client.temporal)
        console.print(
            f"search attributes in {client.temporal.namespace}: {', '.join(added) + ' added' if added else 'all there'}"
        )
        pack = library_of(None).current()
        if pack.reports.half_yearly:
            await schedule_reports(client.temporal, pack.calendar.timezone, client.task_queue)
            console.print(f"half-yearly report: scheduled for {', '.join(pack.reports.half_yearly)}")
        await _migrate()

    run(go())


def migrate() -> None:
    """Bring the schema of the records up to date (CASEWORK_DATABASE_URL). Safe to run again."""
    run(_migrate())


def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Put right what can be put right: see docs/operating.md.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Is everything reachable and in order, the servers and every open case? A table with what to do about each thing that is
    not."""
    findings = run(checks.examine(_settings(), repair))
    if as_json:
        for finding in findings:
            print(finding.model_dump_json())
    else:
        found = table("", "what", "found", "what to do")
        for finding in findings:
            mark = {"ok": "[green]✓[/]", "warning": "[yellow]![/]", "wrong": "[red]✗[/]"}[finding.state]
            found.add_row(mark, finding.what, finding.found, finding.advice or "")
        console.print(found)
    if any(finding.state == "wrong" for finding in findings):
        raise typer.Exit(5 if any(finding.state == "wrong" and finding.unreachable for finding in findings) else 2)


def start_worker(servers: Embedded, packs: list[Path]) -> None:
    """Bring records and search attributes up to date and start the production worker beside embedded servers."""

    async def prepare() -> None:
        records = PostgresRecords(servers.database_url)
        try:
            await records.migrate()
        except SchemaError as error:
            raise InvalidCase(f"{error}; --fresh starts on an empty folder") from None
        finally:
            await records.close()
        # A folder kept from an earlier version may lack what this one shows of a case.
        await add_search_attributes((await CaseClient.connect(servers.temporal_address, "default")).temporal)

    run(prepare())
    if packs:
        servers.packs = ":".join(str(path.absolute()) for path in packs)
    log = servers.folder / "worker.log"
    before = log.stat().st_size if log.exists() else 0
    servers.worker = servers.start([sys.executable, "-P", "-m", "casework.worker"], "worker.log", NOTICES, **servers.environment)
    deadline = time.monotonic() + READY_WITHIN
    while "worker ready" not in (said := log.read_bytes()[before:].decode(errors="replace")):
        if servers.worker.poll() is not None or time.monotonic() > deadline:
            how = "it ended" if servers.worker.poll() is not None else f"it was not ready within {READY_WITHIN:.0f} s"
            last = said[-500:] or "it has said nothing so far"
            raise CaseworkError(f"the worker did not start ({how}); see {log}:\n{last}")
        time.sleep(0.05)


def wait_for_interrupt(servers: Embedded) -> None:
    """Until Ctrl-C; complains if the worker dies meanwhile."""
    try:
        while servers.worker is None or servers.worker.poll() is None:
            time.sleep(0.3)
        ended = servers.worker.returncode if servers.worker else 0
        how = f"by signal {-ended}" if ended < 0 else f"with exit code {ended}"
        raise CaseworkError(
            f"the worker stopped {how}; see {servers.folder / 'worker.log'}. The state is kept: casework up again"
        )
    except KeyboardInterrupt:
        note("stopping…")


@contextmanager
def _servers(folder: Path, fresh: bool, port: int, ui_port: int) -> Iterator[Embedded]:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # however we are stopped, the servers are stopped first
        signal.signal(number, signal.default_int_handler)
    try:
        with Embedded(folder, port=port, ui_port=ui_port, fresh=fresh) as servers:
            yield servers
    except NotInstalled as error:
        raise CaseworkError(str(error)) from error
    except Unsuitable as error:
        raise CaseworkError(f"{error}; choose another --folder") from error


async def _migrate() -> None:
    records = PostgresRecords(_database_url())
    try:
        done = await records.migrate()
        console.print(f"schema: {', '.join(done) + ' applied' if done else 'up to date'}")
    except SchemaError as error:
        raise InvalidCase(str(error)) from error
    except (OSError, RecordsError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError, ValueError) as error:
        raise Unreachable(f"PostgreSQL does not answer: {error or type(error).__name__}") from error
    finally:
        await records.close()


def _database_url() -> str:
    settings = _settings()
    if settings.database_url is None:
        raise InvalidCase("CASEWORK_DATABASE_URL is not set: postgresql://user:password@host:port/database")
    return settings.database_url.get_secret_value()


def _check(packs: list[Path]) -> None:
    """Better told before anything is started."""
    try:
        library = StandardsLibrary.load(packs)
    except PackError as error:
        raise InvalidCase(str(error), error.problems) from error
    problems = [
        f"{pack.id} {pack.version}: {problem}" for pack in library.packs for problem in unserved(pack, processes_for([pack]))
    ]
    if problems:
        raise InvalidCase("\n".join(problems), problems)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        found = [f"CASEWORK_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors(include_input=False)]
        raise InvalidCase("\n".join(found)) from error


def worker() -> None:
    """Serve cases: the production worker.

    Temporal's environment configuration says where the server is (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_PROFILE),
    CASEWORK_* the rest: DATABASE_URL, PACKS, CHANNELS, SMTP_URL, MAIL_FROM, LINE_TOKEN, TASK_QUEUE, LOG_LEVEL, MAX_CACHED_CASES.
    """
    os.execv(sys.executable, [sys.executable, "-P", "-m", "casework.worker"])  # noqa: S606 - the same Python, no shell wanted
