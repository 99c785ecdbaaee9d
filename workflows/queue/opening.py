"""Reading what a queue was started with."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError
from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from casework.workflows import errors, names
from casework.workflows.case.opening import decoded
from casework.workflows.queue.file import QueueFile, QueueStart

FURTHEST = 366  # days ahead; who looks further looks at nothing that is known


class CarriedOn(BaseModel):
    """What continue-as-new hands to the next run."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    carried_on: QueueFile


def read_start(start: RawValue) -> tuple[QueueFile, ApplicationError | None]:
    """The file of a new or continued queue, and why it cannot be opened if it cannot."""
    info = workflow.info()
    if info.continued_run_id and start.payload.data.startswith(b'{"carried_on"'):
        return CarriedOn.model_validate_json(start.payload.data).carried_on, None
    problem, asked = None, QueueStart(centre="unreadable", day="")
    try:
        asked = QueueStart.model_validate(decoded(start))
        if date.fromisoformat(asked.day).isoformat() != asked.day:
            problem = [f"day: write {date.fromisoformat(asked.day).isoformat()}"]
        elif date.fromisoformat(asked.day) > info.workflow_start_time.date() + timedelta(days=FURTHEST):
            problem = [f"day: {asked.day} is more than {FURTHEST} days ahead"]
        elif info.workflow_id != (expected := names.queue_id(asked.centre, asked.day)):
            problem = [f"workflow id: the queue of this day is {expected}; start it under that id"]
    except ValidationError as error:
        problem = errors.problems(error)
    except (ValueError, RecursionError) as error:
        problem = [str(error) if type(error) is ValueError else "it cannot be read as JSON"]
    file = QueueFile(queue_id=info.workflow_id, start=asked)
    return file, errors.invalid_request(problem, "the queue") if problem else None
