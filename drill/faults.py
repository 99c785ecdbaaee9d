"""What goes wrong in a drill, in a seeded order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, NamedTuple

from casework.drill.mailbox import Mood
from casework.drill.servers import DrillServers, in_thread


class Fault(NamedTuple):
    """One thing that goes wrong, and how it is put right again."""

    name: str
    happen: Callable[[], Coroutine[Any, Any, None]]


class Happened(NamedTuple):
    """When a fault began and ended, in seconds since the epoch."""

    name: str
    began: float
    ended: float


def faults(servers: DrillServers, seed: int, short: bool) -> list[Fault]:
    """Every kind of fault, more often in a long drill."""
    random = Random(f"{seed}/faults")  # noqa: S311 - a drill is to be repeated
    frozen_for = 8.0 if short else 60.0

    def worker(number: int) -> Fault:
        return Fault("worker killed", lambda: in_thread(servers.kill_worker, number))

    def mail(mood: Mood) -> Fault:
        async def happen() -> None:
            await in_thread(servers.mailbox.set, mood)
            await asyncio.sleep(4 if short else 6)
            await in_thread(servers.mailbox.set, Mood.WELL)

        return Fault(f"mail: {mood.value}", happen)

    async def freeze() -> None:
        await in_thread(servers.freeze_postgres)
        await asyncio.sleep(frozen_for)
        await in_thread(servers.thaw_postgres)

    temporal = Fault("Temporal killed", lambda: in_thread(servers.kill_temporal))
    database = Fault("PostgreSQL killed", lambda: in_thread(servers.kill_postgres))
    many, some = (2, 1) if short else (10, 4)
    chosen = [worker(number) for number in range(many)] + [temporal] * some + [database] * (1 if short else 2)
    chosen += [mail(mood) for mood in Mood if mood is not Mood.WELL]
    random.shuffle(chosen)
    chosen.insert(len(chosen) // 2, Fault("everything killed at once", lambda: in_thread(servers.kill_everything)))
    # The long freeze runs over other faults if it comes early; it is put in the middle by itself.
    chosen.insert(len(chosen) // 2, Fault(f"PostgreSQL frozen for {frozen_for:.0f} s", freeze))
    return chosen
