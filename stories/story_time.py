"""Story time: a story may be told of any year, while the server's clock only goes forward.

A case of a story lives in the story's time: the runner of its worker moves the time of every workflow task by the distance
between the two, before the workflow sees it. Timers are durations, so they are the same in both; everything that is counted,
recorded or told has the dates of the story, so calendars, leap years and daylight saving are those of the story.

What people do is done to the full minute, as the story is told: the fraction of a second that a command takes on its way
must not push a limit over closing time. Timers fire at their own moment.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from casework.runner import InstanceAround, RunnerAround

MINUTE_NS = 60 * 10**9


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
        return self._ahead.setdefault(case_id, self._last)


class StoryRunner(RunnerAround):
    """Runs cases in the time of their stories."""

    def __init__(self, inner: WorkflowRunner, time: StoryTime) -> None:
        super().__init__(inner)
        self._time = time

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """See WorkflowRunner."""
        ahead = self._time.ahead(det.info.workflow_id)
        begun = (det.info.workflow_start_time - ahead).replace(second=0, microsecond=0)
        info = replace(det.info, start_time=det.info.start_time - ahead, workflow_start_time=begun)
        return _InStoryTime(self._inner.create_instance(replace(det, info=info)), ahead)


class _InStoryTime(InstanceAround):
    def __init__(self, inner: WorkflowInstance, ahead: timedelta) -> None:
        super().__init__(inner)
        self._ahead = ahead // timedelta(microseconds=1) * 1000

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        at = act.timestamp.ToNanoseconds() - self._ahead
        if not any(job.HasField("fire_timer") for job in act.jobs):
            at -= at % MINUTE_NS
        act.timestamp.FromNanoseconds(at)
        return self._inner.activate(act)
