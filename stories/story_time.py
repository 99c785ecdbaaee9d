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
from temporalio.converter import SerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner
from temporalio.worker._command_aware_visitor import CommandInfo
from temporalio.workflow import Info

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


class StoryRunner(WorkflowRunner):
    """Runs cases in the time of their stories."""

    def __init__(self, inner: WorkflowRunner, time: StoryTime) -> None:
        self._inner = inner
        self._time = time

    def prepare_workflow(self, defn: object) -> None:
        """See WorkflowRunner."""
        self._inner.prepare_workflow(defn)  # type: ignore[arg-type]  # the SDK's own definition, passed on as it is

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """See WorkflowRunner."""
        ahead = self._time.ahead(det.info.workflow_id)
        begun = (det.info.workflow_start_time - ahead).replace(second=0, microsecond=0)
        info = replace(det.info, start_time=det.info.start_time - ahead, workflow_start_time=begun)
        return _InStoryTime(self._inner.create_instance(replace(det, info=info)), ahead)

    def set_worker_level_failure_exception_types(self, types: object) -> None:
        """See WorkflowRunner."""
        self._inner.set_worker_level_failure_exception_types(types)  # type: ignore[arg-type]  # passed on as it is


class _InStoryTime(WorkflowInstance):
    def __init__(self, inner: WorkflowInstance, ahead: timedelta) -> None:
        self._inner = inner
        self._ahead = ahead // timedelta(microseconds=1) * 1000

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        at = act.timestamp.ToNanoseconds() - self._ahead
        if not any(job.HasField("fire_timer") for job in act.jobs):
            at -= at % MINUTE_NS
        act.timestamp.FromNanoseconds(at)
        return self._inner.activate(act)

    def get_serialization_context(self, command_info: CommandInfo | None) -> SerializationContext | None:
        return self._inner.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: CommandInfo | None):  # type: ignore[no-untyped-def]  # the SDK's own type
        return self._inner.get_external_store_context(command_info)

    def get_info(self) -> Info:
        return self._inner.get_info()

    def get_thread_id(self) -> int | None:
        return self._inner.get_thread_id()
