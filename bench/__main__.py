"""make bench: casework beside the smallest bare Temporal workflow and DBOS, on the same servers, in interleaved rounds.

Ratios within one run are what counts; absolute figures are this machine's of this day.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psutil
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.contrib.pydantic import pydantic_data_converter

from bench import bare
from bench.outside import DATABASE, JOURNEYS, SMTP
from casework.adapters.postgres.records import PostgresRecords
from casework.standards.pack.layers import merged
from casework.standards.pack.loader import default_pack
from casework.starter.client import CaseClient, CaseHandle
from casework.starter.dev.embedded import Embedded, free_port
from casework.starter.queue import QueueClient
from casework.workflows.messages.commands import Command, Rate, Redirect
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication, ForwardRequest, ReportResult
from casework.workflows.messages.people import Actor, Document, Officer, Requester
from casework.workflows.messages.queue import CallNext, Finish, OpenPoint, Serve, TakeTicket

FOLDER = Path(__file__).parent
OFFICER, CITIZEN = Actor(id="somying", role="centre_officer"), Actor(id="requester", role="requester")
COMPLAINTS, OWNER = Actor(id="malee", role="complaint_centre"), Actor(id="anan", role="owner_agency", unit="DOEB")
COMMANDS: dict[str, Command] = {
    "redirect": Redirect(actor=OFFICER, to="กรมที่ดิน", contact="02 141 5555"),
    "forward_application": ForwardApplication(actor=OFFICER),
    "assign_to_owner": AssignToOwner(actor=COMPLAINTS, agency="DOEB"),
    "report_result": ReportResult(actor=OWNER, result="อนุญาต"),
    "rate": Rate(actor=CITIZEN, scores={"overall": 4}),
}


ALWAYS_OPEN = {
    "calendar": {
        "hours": [{"open": "00:00", "close": "24:00"}],
        "working_weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "holidays": {"provider": "none", "frozen": None, "categories": None, "exclude_names_en": None, "years": None},
    }
}


class Bench:
    """The servers, the workers, and what is measured."""

    def __init__(self, folder: Path) -> None:
        self._servers = Embedded(folder)
        self._folder = folder
        self.processes: dict[str, psutil.Process] = {}
        self.answers: dict[str, list[float]] = defaultdict(list)
        self.rows: dict[str, list[float]] = defaultdict(list)

    async def __aenter__(self) -> Bench:
        servers = self._servers.__enter__()
        pack = self._folder / "always_open.yaml"  # tickets are given at any hour; the limits are those of the default pack
        pack.write_text(json.dumps(merged(default_pack().model_dump(mode="json", by_alias=True), ALWAYS_OPEN)), encoding="utf-8")
        smtp = free_port()
        servers.start(
            [sys.executable, "-m", "aiosmtpd", "-n", "-c", "aiosmtpd.handlers.Sink", "-l", f"127.0.0.1:{smtp}"], "smtp.log"
        )
        self.environment = {
            **servers.environment,
            "CASEWORK_PACKS": str(pack),
            SMTP: f"smtp://127.0.0.1:{smtp}",
            "CASEWORK_CHANNELS": "smtp",
            "CASEWORK_LOG_LEVEL": "error",
            "BENCH_DBOS_URL": servers.database_url.replace("/postgres?", "/bench_dbos?"),
        }
        os.environ |= self.environment
        self.records = PostgresRecords(servers.database_url)
        await self.records.migrate()
        await self.records.rows("CREATE DATABASE bench_dbos")
        for name, module in (("casework", "casework.worker"), ("bare", "bench.bare")):
            started = servers.start([sys.executable, "-m", module], f"{name}.log", **self.environment)
            self.processes[f"{name} worker"] = psutil.Process(started.pid)
        for process in psutil.process_iter(["cmdline"]):
            line = process.info["cmdline"] or []
            if "start-dev" in line and str(self._folder / "temporal.db") in line:
                self.processes["temporal"] = process
        self.postmaster = psutil.Process(int((self._folder / "postgres/postmaster.pid").read_text().split()[0]))
        self.client = await CaseClient.connect(servers.temporal_address)
        self.temporal = await Client.connect(servers.temporal_address, data_converter=pydantic_data_converter)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.records.close()
        self._servers.__exit__(None, None, None)

    # One case of each contestant

    async def casework(self, journey: str, measured: bool = False) -> CaseHandle:
        """Open a case, give its commands, wait for its end."""
        requester = Requester(name="สมชาย", email="citizen@home.example", citizen_id="1101700230708")
        request = ForwardRequest(
            centre="JSC", request_id=uuid4().hex, requester=requester, subject="ขยายสถานี", documents=[Document(name="คำขอ")]
        )
        case = await self.client.open(request)
        for command, events, *_ in JOURNEYS[journey]:
            if command in COMMANDS:
                began = time.perf_counter()
                await case.act(COMMANDS[command])
                if measured:
                    self.answers["casework"].append(time.perf_counter() - began)
                    await self._row("casework", case.case_id, events[0], began)
                if command == "report_result":
                    await case.wait(lambda view: view.stage == "completed")
        await case.workflow.result()
        return case

    def bare(self, reads: bool) -> Callable[..., Awaitable[WorkflowHandle[Any, Any]]]:
        """The bare workflow, with or without reading its standard by an activity."""

        async def one(journey: str, measured: bool = False) -> WorkflowHandle[Any, Any]:
            handle = await self.temporal.start_workflow(
                bare.Bare.run, args=[journey, reads], id=f"bare-{uuid4().hex}", task_queue=bare.QUEUE
            )
            for command, events, *_ in JOURNEYS[journey]:
                if command in COMMANDS:
                    began = time.perf_counter()
                    await handle.execute_update(bare.Bare.command, args=[command, "ไม่อยู่ในหลักเกณฑ์"])
                    if measured:
                        self.answers["bare"].append(time.perf_counter() - began)
                        await self._row("bare", handle.id, events[0], began)
            await handle.result()
            return handle

        return one

    async def _row(self, name: str, case_id: str, event: str, began: float) -> None:
        while not await self.records.rows("SELECT 1 FROM casework.events WHERE case_id = $1 AND type = $2", case_id, event):
            await asyncio.sleep(0.001)
        self.rows[name].append(time.perf_counter() - began)

    # Measuring

    def cpu(self) -> dict[str, float]:
        """Seconds used so far, by process."""
        used = {name: sum(process.cpu_times()[:2]) for name, process in self.processes.items()}
        family = [self.postmaster, *self.postmaster.children(recursive=True)]
        used["postgres"] = sum(sum(each.cpu_times()[:4]) for each in family)
        return used

    async def at_once(self, one: Callable[[str], Awaitable[Any]], journey: str, cases: int) -> dict[str, Any]:
        """So many cases at once: cases a second, and CPU a case by process."""
        before, began = self.cpu(), time.perf_counter()
        await asyncio.gather(*(one(journey) for _ in range(cases)))
        took, after = time.perf_counter() - began, self.cpu()
        return {"cases_per_s": cases / took, "cpu_ms": {k: max(0.0, (after[k] - before[k]) * 1000 / cases) for k in after}}

    async def on_dbos(self, journey: str, cases: int) -> dict[str, Any]:
        """The same on DBOS, in a process of its own."""
        before = self.cpu()["postgres"]
        words = [sys.executable, "-m", "bench.on_dbos", journey, str(cases), str(cases)]
        done = await asyncio.to_thread(
            subprocess.run, words, capture_output=True, text=True, env=os.environ, cwd=FOLDER.parent, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
        said = json.loads(done.stdout.splitlines()[-1])
        cpu = {"dbos process": said["cpu"] * 1000 / cases, "postgres": (self.cpu()["postgres"] - before) * 1000 / cases}
        return {"cases_per_s": cases / said["seconds"], "cpu_ms": cpu}

    async def shape(self, handle: WorkflowHandle[Any, Any]) -> dict[str, int]:
        """Events, workflow tasks and bytes of one history."""
        events = (await handle.fetch_history()).events
        tasks = sum(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED for event in events)
        return {"events": len(events), "tasks": tasks, "bytes": sum(event.ByteSize() for event in events)}

    async def ticket(self, tickets: int) -> dict[str, float]:
        """What one ticket costs the queue that it stands in: taken, called, served, finished, one after the other."""
        queue = QueueClient(self.client.temporal).queue("JSC", datetime.now(ZoneInfo("Asia/Bangkok")).date())
        await queue.act(OpenPoint(actor=OFFICER, point=4, officer=Officer(id="somying", name="สมหญิง ใจดี")))
        await asyncio.sleep(1)  # until it is written down
        before, began = await self.shape(queue.workflow), time.perf_counter()
        for _ in range(tickets):
            await queue.act(TakeTicket(actor=CITIZEN, service="forward"))
            for command in (CallNext, Serve, Finish):
                await queue.act(command(actor=OFFICER, point=4))
        took = time.perf_counter() - began
        await asyncio.sleep(1)
        after = await self.shape(queue.workflow)
        return {**{name: (after[name] - before[name]) / tickets for name in after}, "answer_ms": took * 250 / tickets}

    async def memory(self, cases: int) -> float:
        """Megabytes that a worker holds for 1,000 cases in its cache, above what it holds with none."""
        process = self.processes["casework worker"]
        before = process.memory_info().rss
        slots = asyncio.Semaphore(20)

        async def one(number: int) -> None:
            async with slots:
                requester = Requester(name="สมชาย", citizen_id="1101700230708")
                request = ForwardRequest(
                    centre="JSC",
                    request_id=f"memory-{number}-{uuid4().hex}",
                    requester=requester,
                    subject="ก",
                    documents=[Document(name="คำขอ")],
                )
                await self.client.open(request)

        await asyncio.gather(*(one(number) for number in range(cases)))
        return (process.memory_info().rss - before) / 2**20 * 1000 / cases


async def run(rounds: int, cases: int, memory: int) -> dict[str, Any]:
    """Everything, in interleaved rounds."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="casework-bench-", ignore_cleanup_errors=True) as folder:
        async with Bench(Path(folder)) as bench:
            contestants: dict[str, Any] = {
                "casework": bench.casework,
                "bare": bench.bare(reads=True),
                "bare, standard in its code": bench.bare(reads=False),
            }
            for journey in JOURNEYS:
                samples: dict[str, list[dict[str, Any]]] = defaultdict(list)
                for one in contestants.values():
                    await bench.at_once(one, journey, 20)  # everything is loaded
                for number in range(rounds):
                    for name, one in contestants.items():
                        samples[name].append(await bench.at_once(one, journey, cases))
                    samples["dbos"].append(await bench.on_dbos(journey, cases))
                    print(f"{journey}: round {number + 1} of {rounds}", file=sys.stderr)
                found[journey] = {name: _median(each) for name, each in samples.items()}
                for name, one in contestants.items():
                    handle = await one(journey)
                    found[journey][name] |= await bench.shape(getattr(handle, "workflow", handle))
            for _ in range(20):
                await bench.casework("short", measured=True)
                await bench.bare(reads=True)("short", measured=True)
            found["answer_ms_p50"] = {name: statistics.median(each) * 1000 for name, each in bench.answers.items()}
            found["row_ms_p50"] = {name: statistics.median(each) * 1000 for name, each in bench.rows.items()}
            found["a ticket"] = await bench.ticket(50)
            if memory:
                found["mb_per_1000_cached_cases"] = await bench.memory(memory)
    for journey in JOURNEYS:
        ours = found[journey]["casework"]
        for name in ("bare", "bare, standard in its code", "dbos"):
            found[journey].setdefault("ratio", {})[f"cases_per_s to {name}"] = (
                ours["cases_per_s"] / found[journey][name]["cases_per_s"]
            )
        worker = found[journey]["bare"]["cpu_ms"]["bare worker"]
        found[journey]["ratio"]["worker cpu to bare"] = ours["cpu_ms"]["casework worker"] / worker
    found["ratio_to_bare"] = found["short"]["ratio"]["cases_per_s to bare"]
    return found


def _median(samples: list[dict[str, Any]]) -> dict[str, Any]:
    keys = samples[0]["cpu_ms"]
    return {
        "cases_per_s": statistics.median(each["cases_per_s"] for each in samples),
        "cpu_ms": {key: statistics.median(each["cpu_ms"][key] for each in samples) for key in keys},
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return round(value, 2) if isinstance(value, float) else value


def main() -> None:
    """Entry point of `make bench`."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cases", type=int, default=100)
    parser.add_argument("--memory", type=int, default=1000, help="cases opened to measure memory; 0 leaves it out")
    given = parser.parse_args()
    found = _rounded(asyncio.run(run(given.rounds, given.cases, given.memory)))
    (FOLDER / "last.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))
    assert DATABASE in os.environ, "set while it ran"
    os._exit(0)


if __name__ == "__main__":
    main()
