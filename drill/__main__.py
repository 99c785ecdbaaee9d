"""casework drill: everything that can fail fails while people work, and then nothing may be lost, doubled or different."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.client import WorkflowExecutionStatus

from casework.adapters.postgres.records import PostgresRecords
from casework.drill.counter import CounterPeople, judge_counter
from casework.drill.faults import Happened, faults
from casework.drill.listeners import Listeners
from casework.drill.people import People
from casework.drill.servers import DrillServers, stopping_on_signals
from casework.drill.verdict import Finding, Judge, Verdict
from casework.leaving import leave
from casework.starter.client import CaseClient
from casework.starter.errors import CaseworkError
from casework.workflows.messages.commands import RecordCallBack, RecordService, Withdraw
from casework.workflows.messages.people import Actor

SHORT = 40  # cases; below this the drill has its short form
QUIET_WITHIN = 240.0
GAP = (1.0, 4.0)  # seconds between two faults
stderr = Console(stderr=True, highlight=False)
console = Console(highlight=False)


async def drill(cases: int, seed: int, folder: Path) -> Verdict:
    """Play one drill in a folder."""
    short = cases < SHORT
    with DrillServers(folder) as servers:
        records = PostgresRecords(servers.database_url)
        await records.migrate()
        listeners = Listeners(records, seed)
        await listeners.begin()
        servers.start_workers()
        client = await CaseClient.connect(servers.address)
        people = People(client, seed, cases, at_once=6 if short else 12)
        counter = CounterPeople(client, seed, visitors=cases)
        happened: list[Happened] = []
        began = time.monotonic()
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=stderr,
            transient=True,
        ) as bar:
            task = bar.add_task("cases", total=cases)
            working = asyncio.gather(people.work(), counter.work())
            for fault in faults(servers, seed, short):
                bar.update(task, description=fault.name, completed=people.done)
                at = time.time()
                await fault.happen()
                happened.append(Happened(fault.name, at, time.time()))
                await asyncio.sleep(GAP[0] if short else GAP[1])
            bar.update(task, description="no more faults")
            while not working.done():
                bar.update(task, completed=people.done)
                await asyncio.sleep(0.5)
            await working
            servers.start_workers()
            people.account.cases += counter.remembered.cases
            bar.update(task, description="coming to rest", completed=cases)
            stuck = await _at_rest(client, people.account.cases)
            bar.update(task, description="judging")
            wrong, counted, calls = await judge_counter(counter, records)
            unheard, delivered = await listeners.judge()
            verdict = await Judge(client, records, servers.mailbox.mails, happened, calls).judge(people.account)
        await records.close()
        seconds = round(time.monotonic() - began)
        figures = {"seed": seed, **verdict.figures, **counted, **delivered, "faults": len(happened), "seconds": seconds}
        return Verdict([*stuck, *wrong, *unheard, *verdict.findings], figures)


async def _at_rest(client: CaseClient, cases: list[str]) -> list[Finding]:
    """Serve the letters that wait, withdraw what is open, and wait until every case is closed and owes nothing."""
    stuck: list[Finding] = []
    deadline = time.monotonic() + QUIET_WITHIN

    async def end(case_id: str) -> None:
        case = client.case(case_id)
        while True:
            try:
                view = await case.view()  # one that waits for a rating closes by itself when its time passes
                for letter in view.letters:
                    officer = Actor(id="end", role="centre_officer")
                    await case.act(RecordService(actor=officer, letter=letter.id, how="handed_over"))
                allowed = [each.name for each in view.allowed_commands]
                if "record_call_back" in allowed:
                    await case.act(RecordCallBack(actor=Actor(id="end", role="centre_supervisor"), reached=True))
                if "withdraw" in allowed:
                    await case.act(Withdraw(actor=Actor(id=f"end-{case_id}"[:64], role="requester")))
                described = await case.workflow.describe()
                if described.status is not WorkflowExecutionStatus.RUNNING:
                    for link in view.links:
                        if link.relation == "to":
                            await end(link.case_id)
                    return
            except CaseworkError:
                pass
            if time.monotonic() > deadline:
                described = await case.workflow.describe()
                raw = described.raw_description
                started = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
                pending = [
                    f"{each.activity_type.name} attempt {each.attempt} {'started' if each.state == started else 'waiting'}"
                    for each in raw.pending_activities
                ]
                attempt = raw.pending_workflow_task.attempt
                stuck.append(Finding("stuck", case_id, f"activities {pending}, workflow task attempt {attempt}"))
                return
            await asyncio.sleep(0.5)

    await asyncio.gather(*(end(case_id) for case_id in cases))
    return stuck


def report(verdict: Verdict) -> int:
    """Print what was found; 0 if nothing."""
    for name, figure in verdict.figures.items():
        console.print(f"{name:>55}  {figure}")
    for finding in verdict.findings[:60]:
        console.print(f"[red]✗[/] {finding.what}: {finding.case_id}: {finding.detail}", soft_wrap=True)
    if verdict.findings:
        console.print(f"[red]{len(verdict.findings)} finding(s)[/]")
        return 1
    console.print(
        "[green]✓[/] every case's events are its records, everybody was told once, listeners heard everything, "
        "every history replays, nothing is owed"
    )
    return 0


def main() -> None:
    """Entry point of `casework drill`."""
    parser = argparse.ArgumentParser(prog="casework drill")
    parser.add_argument("--cases", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    with stopping_on_signals(), tempfile.TemporaryDirectory(prefix="casework-drill-", ignore_cleanup_errors=True) as folder:
        where = given.keep or Path(folder)
        where.mkdir(parents=True, exist_ok=True)
        code = report(asyncio.run(drill(given.cases, given.seed, where)))
    leave(code)


if __name__ == "__main__":
    main()
