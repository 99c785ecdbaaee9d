"""Story time: a story may be told of any year, while the server's clock only goes forward.

A case of a story lives in the server's time. Between the workflow and the activities an interceptor moves every time by the
distance between the two, so that the standard, the calendar and the records see the dates of the story, and the workflow
its own. All counting happens in story time, so calendars, leap years and daylight saving are those of the story.

What the standard is asked is asked to the full minute, as the story is told: the fraction of a second that a command takes
on its way must not push a limit over closing time.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pydantic import BaseModel
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

MOMENT = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")
STANDARD = ("open_terms", "plan_")
M = TypeVar("M", bound=BaseModel)


class StoryTime:
    """How far the server's time is ahead of each case's story."""

    def __init__(self) -> None:
        self._ahead: dict[str, timedelta] = {}
        self._last = timedelta()

    def begin(self, case_id: str, story: datetime, server: datetime) -> None:
        """A case is opened: at this moment of its story, at that moment of the server."""
        self._ahead[case_id] = self._last = server - story

    def ahead(self, case_id: str) -> timedelta:
        """The distance; a case that another one went on as has the other's."""
        return self._ahead.get(case_id, self._last)

    def told(self, case_id: str, value: M, to_minute: bool = False) -> M:
        """What the workflow says, in story time."""
        return _moved(value, -self.ahead(case_id), to_minute)

    def lived(self, case_id: str, value: M) -> M:
        """What the story says, in the workflow's time."""
        return _moved(value, self.ahead(case_id))


class StoryInterceptor(Interceptor):
    """Moves the times that go to activities, and those that come back."""

    def __init__(self, time: StoryTime) -> None:
        self._time = time

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Temporal asks for one per worker."""
        return _Mover(next, self._time)


class _Mover(ActivityInboundInterceptor):
    def __init__(self, following: ActivityInboundInterceptor, time: StoryTime) -> None:
        super().__init__(following)
        self._time = time

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        info = activity.info()
        case_id = info.workflow_id
        if case_id is None:
            return await super().execute_activity(input)
        of_standard = info.activity_type.startswith(STANDARD)
        input.args = [self._time.told(case_id, each, of_standard) if isinstance(each, BaseModel) else each for each in input.args]
        answer = await super().execute_activity(input)
        return self._time.lived(case_id, answer) if of_standard and isinstance(answer, BaseModel) else answer


def _moved(value: M, by: timedelta, to_minute: bool = False) -> M:
    return type(value).model_validate(_walk(value.model_dump(mode="json"), by, to_minute))


def _walk(value: Any, by: timedelta, to_minute: bool) -> Any:
    if isinstance(value, dict):
        return {key: _walk(each, by, to_minute) for key, each in value.items()}
    if isinstance(value, list):
        return [_walk(each, by, to_minute) for each in value]
    if isinstance(value, str) and MOMENT.match(value):
        moved = datetime.fromisoformat(value) + by
        return (moved.replace(second=0, microsecond=0) if to_minute else moved).isoformat()
    return value
