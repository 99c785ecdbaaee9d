"""The same durable steps on DBOS: a workflow, a step a transition, a message for each command. Client and worker are one process.

python -m bench.on_dbos JOURNEY CASES AT_ONCE      # prints JSON
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from typing import Any
from uuid import uuid4

from dbos import DBOS, DBOSConfig, SetWorkflowID

from bench.outside import DATABASE, JOURNEYS, Outside

OUTSIDE: list[Outside] = []


@DBOS.step(retries_allowed=True, interval_seconds=0.5, max_attempts=10)  # as Temporal does by itself
async def carry_out(case_id: str, number: int, events: list[str], notices: list[str], stage: str) -> dict[str, Any]:
    """Rows and mails of one transition."""
    return await OUTSIDE[0].carry_out(case_id, number, events, notices, stage)


@DBOS.workflow()
async def case(case_id: str, journey: str) -> str:
    """A case and nothing else."""
    for number, (command, events, notices, stage) in enumerate(JOURNEYS[journey], 1):
        if command not in ("open", ""):
            await DBOS.recv_async("command", timeout_seconds=86_400)
        await carry_out(case_id, number, events, notices, stage)
    return "closed"


async def one(journey: str) -> None:
    """Open a case, give its commands, wait for its end."""
    case_id = f"dbos-{uuid4().hex}"
    with SetWorkflowID(case_id):
        handle = await DBOS.start_workflow_async(case, case_id, journey)
    for command, *_ in JOURNEYS[journey]:
        if command not in ("open", ""):
            await DBOS.send_async(case_id, {"command": command}, "command")
    await handle.get_result()


async def main(journey: str, cases: int, at_once: int) -> None:
    """Play them."""
    url = os.environ["BENCH_DBOS_URL"]
    config: DBOSConfig = {"name": "bench", "system_database_url": url, "log_level": "ERROR", "console_log_level": "ERROR"}
    DBOS(config=config)
    DBOS.launch()
    OUTSIDE.append(Outside())
    slots = asyncio.Semaphore(at_once)

    async def in_turn() -> None:
        async with slots:
            await one(journey)

    await in_turn()
    began, used = time.perf_counter(), time.process_time()
    await asyncio.gather(*(in_turn() for _ in range(cases)))
    took = time.perf_counter() - began
    print(json.dumps({"seconds": took, "cpu": time.process_time() - used}))
    DBOS.destroy()


if __name__ == "__main__":
    assert DATABASE in os.environ, "the records must be named"
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
