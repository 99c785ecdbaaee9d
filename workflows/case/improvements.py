"""Improvement tasks that a case gives rise to: each is a small durable case of its own, begun beside this one.

What is late or badly rated again and again is one problem: cases open one task a month for each service, cause and step, under
an id that all of them know, so the second finds it open. The month's other cases are found in the records.
"""

from __future__ import annotations

from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from casework.workflows import names
from casework.workflows.case.definition import ProcessDefinition
from casework.workflows.case.file import CaseFile, OwedTask
from casework.workflows.case.journal import Journal
from casework.workflows.messages.events import EventType, Link
from casework.workflows.messages.improvement import IMPROVEMENT, INTERNAL, Cause, ImprovementRequest
from casework.workflows.messages.people import Requester
from casework.workflows.options import PATIENT_RETRY, PATIENT_TIMEOUT
from casework.workflows.ports import TaskPort

CAUSES: dict[Cause, tuple[str, str]] = {
    "ratings": ("ผู้รับบริการไม่พึงพอใจ", "not content"),
    "breach": ("เกินกำหนด", "late"),
    "complaint": ("ข้อร้องเรียนมีมูล", "a complaint was right"),
}
BODY = "government_agency"
LONGEST_SUBJECT = 200


class Improvements:
    """Opens the improvement tasks of one case."""

    def __init__(self, file: CaseFile, definition: ProcessDefinition, journal: Journal) -> None:
        self._file, self._definition, self._journal = file, definition, journal

    def open(self, cause: Cause, step: str | None = None, because: str | None = None) -> None:
        """A problem was seen that should be improved on; nothing if the standard opens no tasks."""
        file, terms = self._file, self._file.terms
        if terms is None or not terms.open_improvement_task:
            return
        task = OwedTask(cause=cause, step=step, month=workflow.now().astimezone(file.zone).strftime("%Y-%m"))
        task_id = names.case_id(IMPROVEMENT, file.request.centre, self._request_id(task))
        where: dict[str, Any] = {"step": step} if step else {}
        self._journal.record(EventType.IMPROVEMENT_TASK_OPENED, task=task_id, **where, because=because or cause)
        link = Link(relation="to", case_id=task_id)
        if link not in file.links:
            file.links = [*file.links, link]
            file.owed_tasks = [*file.owed_tasks, task]

    async def run(self) -> None:
        """Begin the tasks that are owed, for as long as the case lives."""
        while True:
            await workflow.wait_condition(lambda: bool(self._file.owed_tasks))
            task = self._file.owed_tasks[0]
            try:
                await workflow.execute_activity_method(
                    TaskPort.open_task, self._request(task), start_to_close_timeout=PATIENT_TIMEOUT,
                    retry_policy=PATIENT_RETRY, summary=f"open an improvement task: {task.cause}",
                )  # fmt: skip
            except ActivityError as error:
                if is_cancelled_exception(error):  # the case goes on in a new run, which takes it up
                    raise
                # An operator gave it up: the event says that it was owed, and the next case of the month opens it.
            self._file.owed_tasks = self._file.owed_tasks[1:]

    def _request_id(self, task: OwedTask) -> str:
        file = self._file
        once = file.case_id if task.cause == "complaint" else task.month
        return "/".join(part for part in (task.cause, file.request.service, task.step, once) if part)

    def _request(self, task: OwedTask) -> ImprovementRequest:
        file, service = self._file, self._file.request.service
        assert file.terms is not None, "a task is owed by an open case"
        named = [self._definition.named(each) for each in (service, task.step) if each]
        thai, english = CAUSES[task.cause]
        where_th, where_en = (" · ".join(words) for words in ([each.th for each in named], [each.en for each in named]))
        return ImprovementRequest(
            request_id=self._request_id(task),
            centre=file.request.centre,
            channel=INTERNAL,
            requester=Requester(
                name=file.request.centre, title="", segment=BODY if BODY in file.terms.segments else file.terms.segments[0]
            ),
            subject=f"{thai}: {where_th} ({english}: {where_en}) {task.month}"[:LONGEST_SUBJECT],
            standard=file.terms.standard_id,
            linked_from=file.case_id if task.cause == "complaint" else None,  # the month's task is the same whoever opens it
            cause=task.cause,
            about_service=service,
            about_step=task.step,
            month=task.month,
        )
