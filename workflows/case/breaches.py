"""Breaches: that a limit was passed, and that it turns out not to have been, since what stopped the clock had come in time."""

from __future__ import annotations

from datetime import datetime

from casework.standards.counting.plan import PROMISE
from casework.standards.limits import Action
from casework.workflows.case.clock import Clock
from casework.workflows.case.file import Breach, CaseFile
from casework.workflows.case.journal import Journal
from casework.workflows.messages.events import EventType
from casework.workflows.ports import StepDone


def breached(file: CaseFile, what: str, at: datetime) -> None:
    """The limit of a step, or the promise, was passed."""
    file.breaches.append(Breach(what=what, at=at))


def stop(file: CaseFile, journal: Journal, clock: Clock, at: datetime) -> None:
    """A step was done then. If its limit, or the promise that ends with it, was called passed before that became known, it was
    not; what happened earlier to other steps stays."""
    if clock.stopped_at is not None:
        return
    clock.stop(at)
    if clock.breached_at is not None and at <= clock.due_at:
        _take_back(file, clock.step, clock.breached_at)
        clock.breached_at, clock.overdue = None, False
        journal.record(EventType.WAS_IN_TIME, step=clock.step, received_at=at.isoformat(), due_at=clock.due_at.isoformat())
    promise = file.promise
    if promise and promise.breached_at and at <= promise.due_at and promise.chain.split("+")[-1] == clock.step:
        _take_back(file, PROMISE, promise.breached_at)
        promise.breached_at = None
        journal.record(EventType.WAS_IN_TIME, step=PROMISE, received_at=at.isoformat(), due_at=promise.due_at.isoformat())
    journal.step_done(_done(file, clock, at))


def _done(file: CaseFile, clock: Clock, at: datetime) -> StepDone:
    assert file.terms is not None, "clocks run under the terms of the case"
    rules = file.terms.rules.step(clock.step)
    if any(rung.do is Action.BREACH for rung in rules.rungs):
        late = clock.breached_at is not None  # the ladder says when it is: some steps may take their time
    else:
        late = at > clock.due_at and not (rules.soft or rules.expires or rules.binds_requester)
    stood = [min(pause.end, at) - pause.begun for pause in clock.ledger.pauses if pause.begun < at]
    return StepDone(
        step=clock.step,
        started_at=clock.started_at,
        due_at=clock.due_at,
        stopped_at=at,
        paused=round(sum(span.total_seconds() for span in stood)),
        extended=len(clock.ledger.extensions),
        late=late,
        agency=file.agency,
    )


def _take_back(file: CaseFile, what: str, at: datetime) -> None:
    file.breaches = [breach for breach in file.breaches if not (breach.what == what and breach.at == at)]
