"""Recorded histories of every process and path replay: a change that running cases cannot follow does not land."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from tests.office import replay
from tests.record_histories import STORIES

FILES = sorted((Path(__file__).parent / "histories").glob("*.json"))


def test_every_story_has_its_history() -> None:
    assert {story.__name__ for story in STORIES} <= {file.stem.partition("@")[0] for file in FILES}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
async def test_a_recorded_history_replays(file: Path) -> None:
    await replay(history(file))


async def test_a_history_of_another_story_would_be_noticed() -> None:
    [file] = [file for file in FILES if file.stem.startswith("forward_returned@")]
    with pytest.raises(Exception, match=r"[Nn]ondetermin"):
        await replay(history(file, ('"issue_deficiency_list"', '"withdraw"'), ('"missing"', '"reason"'), ('["โฉนด"]', '"โฉนด"')))


def history(file: Path, *changes: tuple[str, str]) -> WorkflowHistory:
    """A recorded history, changed here and there if a test asks for it."""
    text = file.read_text(encoding="utf-8")
    for old, new in changes:
        text = text.replace(old, new)
    return WorkflowHistory.from_json(file.stem.partition("@")[2], text)
