"""The case file as people see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from casework.workflows.case.clock import Clock
from casework.workflows.case.file import CaseFile, Promise, StandingPause
from casework.workflows.messages.request import CaseRequest
from casework.workflows.messages.views import AllowedCommand, CaseView, ClockView, LetterView, PauseView, PromiseView


def case_view(file: CaseFile, allowed: Sequence[AllowedCommand]) -> CaseView:
    """The view that the `case` query answers with."""
    return CaseView(
        case_id=file.case_id,
        request_id=file.request.request_id,
        request_digest=file.request.digest,
        case_no=file.case_no,
        service=file.request.service,
        centre=file.request.centre,
        channel=file.request.channel,
        stage=file.stage,
        stage_since=file.stage_since,
        subject=file.request.subject,
        requester=shown_name(file),
        request=request_fields(file.request),
        outcome=file.outcome,
        standard_id=file.terms.standard_id if file.terms else None,
        standard_version=file.terms.standard_version if file.terms else None,
        received_at=file.received_at,
        promised_at=file.promised_at,
        promise=promise_view(file.promise),
        timezone=file.calendar.rules.timezone if file.calendar else None,
        pause=pause_view(file.pause),
        overdue=file.overdue,
        breached_at=file.breached_at,
        escalation=file.escalation,
        officer=file.officer,
        agency=file.agency,
        links=file.links,
        documents=file.documents,
        recorded=min((batch.events[0].seq - 1 for batch in file.outbox if batch.events), default=file.committed),
        clocks=[_clock_view(clock) for clock in file.clocks.values()],
        notices=file.notices,
        letters=[
            LetterView(id=letter_id, notice=letter.template, since=letter.since, deemed_at=letter.deemed_at)
            for letter_id, letter in file.letters.items()
        ],
        events=file.events,
        allowed_commands=list(allowed),
    )


def request_fields(request: CaseRequest) -> dict[str, Any]:
    """The fields of a request that its process or pack adds to those of every request."""
    said = request.model_dump(mode="json", exclude_none=True, exclude=set(CaseRequest.model_fields))
    return {key: value for key, value in said.items() if key != "service"}


def shown_name(file: CaseFile) -> str | None:
    """The requester's name as the pack lets it be shown: whole, its first letters, or not at all."""
    name = file.request.requester.name
    if file.request.hides_requester:
        return None
    match file.terms.names_shown if file.terms else "hidden":
        case "full":
            return name
        case "initials":
            return " ".join(f"{part[0]}…" for part in name.split())
        case _:
            return None


def _clock_view(clock: Clock) -> ClockView:
    following = min(clock.rungs, key=lambda rung: rung.at, default=None) if clock.running else None
    return ClockView(
        step=clock.step,
        limit=str(clock.limit),
        started_at=clock.started_at,
        due_at=clock.due_at,
        internal_target=clock.internal_target,
        entry_closes_at=clock.entry_closes_at,
        stopped_at=clock.stopped_at,
        breached=clock.breached_at is not None,
        paused=clock.pause is not None,
        extended_by=clock.ledger.extended_by,
        ledger=clock.ledger,
        balance=clock.balance,
        rungs=clock.rungs,
        fired=list(clock.fired),
        next_rung_at=following.at if following else None,
        next_rung=f"{following.action.value} {', '.join(following.to)}" if following else None,
        calendar=clock.calendar,
        revision=clock.revision,
        digest=clock.digest,
        warning=clock.warning,
    )


def promise_view(promise: Promise | None) -> PromiseView | None:
    """The promise, if one was made."""
    if promise is None:
        return None
    return PromiseView(
        chain=promise.chain,
        due_at=promise.due_at,
        ledger=promise.ledger,
        revision=promise.revision,
        warning=promise.warning,
    )


def pause_view(pause: StandingPause | None) -> PauseView | None:
    """The pause, if one stands."""
    if pause is None:
        return None
    return PauseView(reason=pause.reason, by=pause.by, begun=pause.begun, until=pause.until, cap=pause.cap, steps=pause.steps)
