"""Story time: a story may be told of any year, while the server's clock only goes forward.

A case of a story lives in the story's time: the runner of its worker moves the time of every workflow task by the distance
between the two, before the workflow sees it. Timers are durations, so they are the same in both; everything that is counted,
recorded or told has the dates of the story, so calendars, leap years and daylight saving are those of the story.

What people do is done at the very moment that the story says: the server is stopped a little short of it (`LEAD`), and what a
case hears from then on, it hears at that moment, until the server has reached it. Timers fire at their own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from casework.runner import InstanceAround, RunnerAround

LEAD = timedelta(seconds=30)  # what people do in one minute of a story must be done within so much real time
SHORT_LEAD = timedelta(milliseconds=900)  # of a moment told to the second
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def lead(moment: datetime) -> timedelta:
    """How far before a moment the server is stopped for what people do then."""
    return SHORT_LEAD if moment.second else LEAD


class CaseTime:
    """The time of one case: how far the server is ahead of the story, and which moments were said since when."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead
        self._said: list[tuple[datetime, datetime]] = []

    def say(self, since: datetime, moment: datetime) -> None:
        """From this time of the server on it is that moment of the story, until the server is past it."""
        self._said.append((since, moment))

    def of(self, server: datetime) -> datetime:
        """The story's time at a time of the server. It follows from what was said before that time, so that a replay finds
        the same, and never goes back."""
        said = [moment for since, moment in self._said if since <= server]
        return max([server - self.ahead, *said])


class StoryTime:
    """The time of each case of a story."""

    def __init__(self) -> None:
        self._cases: dict[str, CaseTime] = {}
        self._last = CaseTime(timedelta())

    def begin(self, case_id: str, story: datetime, server: datetime) -> None:
        """A case is opened: at this moment of its story, at that moment of the server."""
        self._cases[case_id] = self._last = CaseTime(server - story + lead(story))
        self._last.say(server, story)

    def case(self, case_id: str) -> CaseTime:
        """The time of a case; one that another one went on as has the other's."""
        return self._cases.setdefault(case_id, self._last)


class StoryRunner(RunnerAround):
    """Runs cases in the time of their stories."""

    def __init__(self, inner: WorkflowRunner, time: StoryTime) -> None:
        super().__init__(inner)
        self._time = time

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        """See WorkflowRunner."""
        time = self._time.case(det.info.workflow_id)
        begun, run = time.of(det.info.workflow_start_time), time.of(det.info.start_time)
        info = replace(det.info, start_time=run, workflow_start_time=begun)
        return _InStoryTime(self._inner.create_instance(replace(det, info=info)), time)


class _InStoryTime(InstanceAround):
    def __init__(self, inner: WorkflowInstance, time: CaseTime) -> None:
        super().__init__(inner)
        self._time = time

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        at = self._time.of(act.timestamp.ToDatetime(tzinfo=UTC))
        act.timestamp.FromNanoseconds((at - EPOCH) // MICROSECOND * 1000)
        return self._inner.activate(act)
