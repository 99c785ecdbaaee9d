"""How a case learns of another calendar or another version of its standard: it reads them by an activity, as data, and then
counts again in one piece. It is told (`recount`, `change_standard`), or finds itself behind what the records say.
"""

from __future__ import annotations

from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from casework.standards.counting.due_calculator import UNCOUNTABLE
from casework.workflows import errors, options
from casework.workflows.case.clock_changes import ClockChanges
from casework.workflows.case.clock_checks import may_change_standard, strands
from casework.workflows.case.file import CaseFile
from casework.workflows.case.journal import Journal
from casework.workflows.case.timekeeper import Timekeeper
from casework.workflows.messages.commands import ChangeStandard, Recount
from casework.workflows.ports import StandardAnswer, StandardPort, StandardQuery

YEARS_AHEAD = 2  # a case whose calendar ends sooner reads it again


class CalendarFollower:
    """Keeps the calendar of one case up to date."""

    def __init__(self, file: CaseFile, clocks: ClockChanges, journal: Journal, timekeeper: Timekeeper) -> None:
        self._file = file
        self._clocks = clocks
        self._journal = journal
        self._timekeeper = timekeeper
        self._known_to_end = 0  # the last year of the calendar that was read last

    async def open_terms(self) -> StandardAnswer:
        """The standard and the calendar that a new case is opened under."""
        request = self._file.request
        query = StandardQuery(
            service=request.service,
            centre=request.centre,
            on=self._file.received_at,
            counted_from=self._file.received_at,
            now=workflow.now(),
            segment=request.requester.segment,
            standard=request.standard,
        )
        return await self._read(query, "standard and calendar")

    async def recount(self, message: Recount) -> None:
        """Count again on the calendar of now, which has changed up to a revision at least."""
        answer = await self._read(self._query(message.revision), f"calendar, from change {message.revision} on")
        if answer.calendar is None:
            raise errors.refused(f"the calendar could not be read: {answer.problem}")
        if answer.calendar.revision < message.revision:
            raise errors.refused(f"the calendar has no change {message.revision}, or the worker could not read it")
        self._timekeeper.catch_up()
        try:
            self._clocks.take_calendar(answer.calendar, answer.because, message.actor)
        except UNCOUNTABLE as error:
            raise errors.refused(f"the calendar cannot be counted with: {errors.words(error)}") from None

    async def change_standard(self, message: ChangeStandard) -> None:
        """Move the case to another version of its standard."""
        query = self._query(0).model_copy(update={"standard": message.standard_id, "version": message.standard_version})
        answer = await self._read(query, f"standard {message.standard_id} {message.standard_version}")
        problem = may_change_standard(self._file, message)  # it may have become impossible meanwhile
        if problem:
            raise errors.refused(problem)
        self._timekeeper.catch_up()
        try:
            if answer.terms is None or answer.calendar is None:
                raise ValueError(answer.problem)
            if problem := strands(self._file, answer.terms):
                raise ValueError(problem)
            self._clocks.take_standard(message, answer.terms, answer.calendar)
        except UNCOUNTABLE as error:
            other = f"{message.standard_id} {message.standard_version}"
            raise errors.refused(f"the case does not fit {other}: {errors.words(error)}") from None

    async def run(self) -> None:
        """Follow the calendar: whoever changes it tells the cases they know of; this finds those that were opened or counted
        beside it."""
        wait = options.FOLLOW_AGAIN
        while True:
            await workflow.wait_condition(self._is_behind)
            answer = await self._read(self._query(self._file.calendar_known), "the calendar has changed")
            self._timekeeper.catch_up()
            if answer.calendar is not None:
                self._known_to_end = max(answer.calendar.closed, default=0)  # there is no more to be had: asked once is enough
                with suppress(*UNCOUNTABLE):  # cannot be counted with: the dates told stand until it is corrected
                    self._clocks.take_calendar(answer.calendar, answer.because, None)
            self._journal.commit()
            if self._is_behind():
                await workflow.sleep(wait, summary="the calendar has changed and could not be counted with yet")
                wait = min(2 * wait, options.FOLLOW_AT_LEAST_EVERY)
            else:
                wait = options.FOLLOW_AGAIN

    def _is_behind(self) -> bool:
        file = self._file
        if file.calendar is None or not (file.running or file.promise_stands):
            return False
        ends = max(file.calendar.closed, default=0)
        too_short = workflow.now().year > ends - YEARS_AHEAD and ends != self._known_to_end
        return file.calendar.revision < file.calendar_known or too_short

    def _query(self, revision: int) -> StandardQuery:
        file = self._file
        assert file.terms is not None, "the calendar is read anew only by an open case"
        assert file.calendar is not None, "the calendar is read anew only by an open case"
        return StandardQuery(
            service=file.request.service,
            centre=file.request.centre,
            on=workflow.now(),
            counted_from=min(clock.started_at for clock in file.clocks.values()) if file.clocks else file.received_at,
            now=workflow.now(),
            segment=file.request.requester.segment,
            standard=file.terms.standard_id,
            version=file.terms.standard_version,
            revision=max(revision, file.calendar_known, 0),
            since=file.calendar.revision,
        )

    async def _read(self, query: StandardQuery, summary: str) -> StandardAnswer:
        try:
            return await workflow.execute_activity_method(
                StandardPort.read_standard,
                query,
                start_to_close_timeout=options.READ_TIMEOUT,
                retry_policy=options.READ_RETRY,
                summary=summary,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return StandardAnswer(problem=f"reading it was given up: {type(error.cause).__name__}")
