"""When an operator resets the workflow: the case goes another way from there, and says so."""

from __future__ import annotations

import asyncio

from temporalio import workflow

from casework.workflows.case.command_desk import CommandDesk
from casework.workflows.case.file import CaseFile
from casework.workflows.case.journal import Journal
from casework.workflows.messages.events import EventType
from casework.workflows.ports import ResetMark


class Resets:
    """Notices resets of one case. A run gets another random seed when it is reset, and only then."""

    def __init__(self, file: CaseFile, desk: CommandDesk, journal: Journal) -> None:
        self._file = file
        self._desk = desk
        self._journal = journal
        self._pending = False
        self._seen = asyncio.Event()
        workflow.register_random_seed_callback(self._note)

    async def run(self) -> None:
        """Take up every reset, for as long as the case lives."""
        while True:
            await self._seen.wait()  # a condition would be looked at only after the commands that come with the reset
            self._seen.clear()
            self._desk.reset_at = workflow.info().get_current_history_length()
            await workflow.wait_condition(lambda: self._file.terms is not None or not self._pending)
            self.take_up()

    def take_up(self) -> None:
        """The records hear everything anew, and from where; what the abandoned way told is not told again."""
        file = self._file
        if self._pending and file.terms is not None:
            self._pending = False
            file.clocks_told = ""
            file.reset = ResetMark(event=file.seq, at=workflow.now())
            self._journal.record(EventType.RESET, from_event=file.seq)
            self._journal.commit()

    def _note(self, _: int) -> None:
        self._pending = True  # no more than that: Temporal calls this beside the workflow, and drops what it raises
        self._seen.set()
