"""The smallest Temporal workflow that does the same durable steps: it reads its standard, then one regular activity a
transition, a timer for the limit that runs, an update for each command. No checks, no clocks, no view.

    python -m bench.bare        # its worker
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.envconfig import ClientConfig
from temporalio.worker import Worker

QUEUE = "bare"
LIMIT = timedelta(days=1)

with workflow.unsafe.imports_passed_through():
    from bench.outside import JOURNEYS, Outside

OUTSIDE: list[Outside] = []


@activity.defn
async def carry_out(case_id: str, number: int, events: list[str], notices: list[str], stage: str) -> dict[str, Any]:
    """Rows and mails of one transition."""
    return await OUTSIDE[0].carry_out(case_id, number, events, notices, stage)


@activity.defn
async def read_limits(service: str) -> dict[str, int]:
    """The standard, as far as this workflow needs it."""
    return {"days": 1}


@workflow.defn
class Bare:
    """A case and nothing else."""

    def __init__(self) -> None:
        self.commands: list[str] = []

    @workflow.run
    async def run(self, journey: str, reads: bool) -> str:
        limit = LIMIT
        if reads:
            answer = await workflow.execute_activity(read_limits, "forward", start_to_close_timeout=timedelta(seconds=30))
            limit = timedelta(days=answer["days"])
        for number, (command, events, notices, stage) in enumerate(JOURNEYS[journey], 1):
            if command not in ("open", ""):
                await workflow.wait_condition(lambda: bool(self.commands), timeout=limit)
                self.commands.pop(0)
            await workflow.execute_activity(
                carry_out,
                args=[workflow.info().workflow_id, number, events, notices, stage],
                start_to_close_timeout=timedelta(seconds=30),
                retry_policy=RetryPolicy(initial_interval=timedelta(milliseconds=500)),
            )
        return "closed"

    @workflow.update
    async def command(self, name: str, text: str) -> str:
        """Any command."""
        self.commands.append(name)
        return name


async def main() -> None:
    """Serve."""
    OUTSIDE.append(Outside())
    client = await Client.connect(**ClientConfig.load_client_connect_config(), data_converter=pydantic_data_converter)
    async with Worker(client, task_queue=QUEUE, workflows=[Bare], activities=[carry_out, read_limits]):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
