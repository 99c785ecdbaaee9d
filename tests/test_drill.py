"""The drill in its short form: everything fails once while people work on 20 cases, and nothing is lost, doubled or other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import message_pb2 as history_pb2
from temporalio.client import WorkflowHistory

from casework.drill.counter import Remembered, wrong_with
from casework.drill.people import Answer
from casework.workflows.messages.queue import QueueEvent, TicketEvent
from casework.workflows.queue.audit import impossible
from casework.workflows.queue.journal import command_key


@pytest.mark.xdist_group("drill")
def test_a_short_drill_finds_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-m", "casework.drill", "--cases", "20", "--seed", "7"],
        env={k: v for k, v in os.environ.items() if not k.startswith(("TEMPORAL_", "CASEWORK_"))},
        capture_output=True, text=True, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every history replays" in " ".join(done.stdout.split())


NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def happened(*said: tuple[TicketEvent, str, int | None]) -> list[QueueEvent]:
    return [
        QueueEvent(seq=number, key=str(number), type=kind, at=NOW, ticket=ticket, point=point)
        for number, (kind, ticket, point) in enumerate(said, start=1)
    ]


TAKEN, CALLED, FINISHED = TicketEvent.TAKEN, TicketEvent.CALLED, TicketEvent.FINISHED


@pytest.mark.parametrize(
    ("events", "wrong"),
    [
        (happened((TAKEN, "A001", None), (CALLED, "A001", 2), (FINISHED, "A001", 2)), []),
        (
            happened((TAKEN, "A001", None), (CALLED, "A001", 2), (CALLED, "A001", 3)),
            ["A001 was called at 3, and is at another point"],
        ),
        (
            happened((TAKEN, "A001", None), (TAKEN, "A002", None), (CALLED, "A001", 2), (CALLED, "A002", 2)),
            ["A002 was called at 2, which had A001"],
        ),
        (
            happened((TAKEN, "A001", None), (CALLED, "A001", 2), (FINISHED, "A001", 2), (CALLED, "A001", 2)),
            ["A001 was called at 2, and is not in the queue"],
        ),
        (happened((TAKEN, "A001", None), (TAKEN, "A001", None)), ["A001 was given twice"]),
        (happened((TAKEN, "A001", None), (TAKEN, "A002", None))[1:], ["its events have gaps, or numbers twice"]),
    ],
)
def test_what_no_queue_may_have_is_seen(events: list[QueueEvent], wrong: list[str]) -> None:
    assert list(impossible(events)) == wrong


def test_what_people_at_the_counter_were_answered_is_held_against_the_records() -> None:
    given = {
        "1": ("take_ticket", Answer.DONE), "2": ("call_next", Answer.DONE), "3": ("call_next", Answer.REFUSED),
        "4": ("finish", Answer.DONE),
    }  # fmt: skip
    events = happened((TAKEN, "A001", None), (CALLED, "A001", 2), (TAKEN, "A002", None))
    keys = {1: "1", 2: "2", 3: "3"}
    events = [event.model_copy(update={"key": command_key(keys[event.seq])}) for event in events]
    batch = json.dumps({"events": [event.model_dump(mode="json") for event in events[:2]]}).encode()
    recorded = history_pb2.HistoryEvent(event_type=EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
    recorded.activity_task_scheduled_event_attributes.activity_type.name = "record_queue"
    recorded.activity_task_scheduled_event_attributes.input.payloads.append(Payload(data=batch))
    history = WorkflowHistory("queue", [recorded])
    found = [what for what, _ in wrong_with(Remembered(given=given), events, [history])]
    assert found == [
        "queue: recorded and not decided",
        "queue: refused to its giver, and in the records",
        "queue: answered, and not in the records once",
        "queue: neither served nor gone",
    ]
