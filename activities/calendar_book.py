"""The calendar as this worker knows it: the packs' own, and the changes that the records keep.

Counting must never wait for the records: what was read last is counted with, and read again when somebody says that there is
more. A worker that could not read it even once counts on the pack alone and says so; the case counts again when the records
are back and tell of a newer calendar.
"""

from __future__ import annotations

import asyncio
from time import monotonic

import structlog

from casework.adapters.ports import Records
from casework.standards.counting.calendar_rules import CalendarChange
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.pack.loader import StandardsLibrary

READ_AGAIN_AFTER = 20.0  # seconds; whoever changes the calendar also tells the cases, this is for those about to be opened
NOT_BEFORE = 5.0  # seconds between tries while the records are down
KEPT = 64

log = structlog.get_logger()


class CalendarBook:
    """What counts, by standard, centre or region, and state of the calendar."""

    def __init__(self, library: StandardsLibrary, records: Records) -> None:
        self.packs = library
        self._records = records
        self._changes: list[CalendarChange] | None = None
        self._asked_at = float("-inf")
        self._wait = 0.0  # before the next try, if it is urgent: none, unless the last one failed
        self._reading = asyncio.Lock()
        self._made: dict[tuple[str, str, str | None, str | None, int], PackCalculator] = {}

    async def calculator(self, standard_id: str, version: str, centre: str, revision: int = 0) -> PackCalculator:
        """The calculator of one centre, on a calendar at least as new as `revision` if the records can be read.

        Raises UnknownStandard if its pack is not loaded.
        """
        pack = self.packs.get(standard_id, version)
        changes = [change for change in await self._read(revision) if change.standard == standard_id]
        newest = self.newest(standard_id)
        own = centre if centre in pack.centres else None
        key = (standard_id, version, own, pack.region_of(centre), newest)
        if key not in self._made:
            if len(self._made) >= KEPT:
                del self._made[next(iter(self._made))]
            self._made[key] = PackCalculator(pack, centre, changes)
        return self._made[key]

    def newest(self, standard_id: str) -> int:
        """The latest change of a standard's calendar that this worker knows."""
        return max((change.revision for change in self._changes or [] if change.standard == standard_id), default=0)

    async def changes_after(self, standard_id: str, version: str, centre: str, revision: int) -> list[CalendarChange]:
        """The changes after a revision that concern a centre, as this worker knows them."""
        region = self.packs.get(standard_id, version).region_of(centre)
        return [
            change
            for change in self._changes or []
            if change.standard == standard_id and change.revision > revision and change.region in (None, region)
        ]

    @property
    def was_read(self) -> bool:
        """Whether the records could be read at least once."""
        return self._changes is not None

    async def _read(self, revision: int) -> list[CalendarChange]:
        if self._is_due(revision):
            async with self._reading:
                if self._is_due(revision):
                    try:
                        self._changes = await self._records.calendar_changes()
                        self._wait = 0.0
                    except Exception as trouble:  # noqa: BLE001 - whatever it is, counting goes on with what is known
                        log.warning("calendar not read", error=type(trouble).__name__)
                        self._wait = NOT_BEFORE
                    self._asked_at = monotonic()
        return self._changes or []

    def _is_due(self, revision: int) -> bool:
        age = monotonic() - self._asked_at
        known = max((change.revision for change in self._changes or []), default=0)
        urgent = self._changes is None or known < revision
        return age > (self._wait if urgent else READ_AGAIN_AFTER)
