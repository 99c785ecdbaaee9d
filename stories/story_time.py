"""Story time: a story may be told of any year, while the server's clock only goes forward.

A case of a story lives in the story's time: the runner of its worker moves the time of every workflow task by the distance
between the two, before the workflow sees it. Timers are durations, so they are the same in both; everything that is counted,
recorded or told has the dates of the story, so calendars, leap years and daylight saving are those of the story.

What people do is done at the very moment that the story says: the server is stopped close to it, and what a case hears from
then on, it hears at that moment. Timers fire at their own.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails, WorkflowRunner

from casework.runner import InstanceAround, RunnerAround

LEAD = timedelta(seconds=30)  # what people do at one moment of a story must be done within so much real time
# The server is not stopped within this after a timer: it may be busy with it then, and would run on to the next one.
CLEAR_OF_TIMERS = timedelta(seconds=1.1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Said(NamedTuple):
    """From this time of the server until that, it is one moment of the story."""

    since: datetime
    until: datetime
    moment: datetime


class CaseTime:
    """The time of one case: how far the server is ahead of the story, and which moments were said since when."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead
        self._said: list[Said] = []

    def stop_at(self, moment: datetime) -> datetime:
        """When the server is to be stopped for what people do at a moment: half a minute short of a full minute; just past a
        second between, since timers stand at full minutes."""
        return moment + CLEAR_OF_TIMERS if moment.second else moment - LEAD

    def say(self, since: datetime, moment: datetime) -> None:
        """From this time of the server on it is that moment of the story, until the server is past it, and for a while."""
        until = since + LEAD if moment.second else moment + self.ahead
        self._said.append(Said(since, until, moment))

    def of(self, server: datetime) -> datetime:
        """The story's time at a time of the server. It follows from what was said before that time, so that a replay finds
        the same."""
        last = next((said for said in reversed(self._said) if said.since <= server), None)
        if last is None:
            return server - self.ahead
        return last.moment if server < last.until else max(last.moment, server - self.ahead)


class StoryTime:
    """The time of each case of a story."""

    def __init__(self) -> None:
        self._cases: dict[str, CaseTime] = {}
        self._last = CaseTime(timedelta())

    def begin(self, case_id: str, story: datetime, server: datetime) -> None:
        """A case is opened: at this moment of its story, at that moment of the server."""
        self._cases[case_id] = self._last = CaseTime(server - story + LEAD)
        self._last.say(server, story)

    def case(self, case_id: str) -> CaseTime:
        """The time of a case; one that another one went on as has the other's."""
        return self._cases.setdefault(case_id, self._last)


class CasesInStoryTime(RunnerAround):
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
