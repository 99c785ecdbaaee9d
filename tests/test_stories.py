"""Every story of tests/stories comes out as told; and a story that does not is seen."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment

from casework.adapters.postgres.records import PostgresRecords
from casework.stories.queue_runner import QueueRunner
from casework.stories.queue_story import QueueStory, kind_of
from casework.stories.runner import Played, StoryRunner
from casework.stories.story import StoryError, read_as, read_story
from casework.workflows.processes import installed
from tests.queue_by_hand import count
from tests.test_scenarios import SCENARIOS

FOLDER = Path(__file__).parent / "stories"
STORIES = sorted(FOLDER.glob("*.yaml"))
COUNTED = [FOLDER / "counter_a_busy_morning.yaml", FOLDER / "long/counter_a_thousand_visitors.yaml"]


async def played(temporal: WorkflowEnvironment, records: PostgresRecords, file: Path) -> Played:
    story = read_as(file, kind_of)
    if isinstance(story, QueueStory):
        return await QueueRunner(temporal, records).play(story, file.parent)
    return await StoryRunner(temporal, records).play(story, file.parent)


@pytest.mark.parametrize("file", STORIES, ids=lambda file: file.stem)
async def test_a_story_comes_out_as_told(temporal: WorkflowEnvironment, records: PostgresRecords, file: Path) -> None:
    story = await played(temporal, records, file)
    assert story.checks
    assert not [check for check in story.checks if not check.ok]


@pytest.mark.parametrize("file", COUNTED, ids=lambda file: file.stem)
def test_what_a_day_at_the_counter_expects_was_counted_by_hand(file: Path) -> None:
    story = read_as(file, kind_of)
    assert isinstance(story, QueueStory)
    assert story.then.model_dump(exclude_defaults=True) == {key: value for key, value in count(file).items() if value}


def test_the_long_day_is_one_of_a_thousand_tickets_at_seven_points_with_three_breaks() -> None:
    story = read_as(COUNTED[1], kind_of)
    assert isinstance(story, QueueStory)
    assert (story.then.tickets, len(story.queue.points)) == (1000, 7)
    assert all(len(point.hours) == 4 for point in story.queue.points)


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("served: 8", "served: 9", "served"),
        ("no_show: 1", "no_show: 0", "no_show"),
        ("B005, B002", "B002, B005", "called at 4"),
        ("one_stop: 0", "one_stop: 1", "longest wait, one_stop"),
        ("the counter closed at 16:30", "the counter closed at 15:30", "refused"),
    ],
)
async def test_a_day_at_the_counter_that_does_not_come_out_is_seen(
    temporal: WorkflowEnvironment, records: PostgresRecords, tmp_path: Path, before: str, after: str, what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("casework.stories.queue_runner.SETTLED_WITHIN", 0.5)
    text = (FOLDER / "counter_a_priority_class_and_a_break.yaml").read_text(encoding="utf-8")
    assert before in text
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    story = await played(temporal, records, file)
    assert [check.what for check in story.checks if not check.ok] == [what]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("then: {}", "expects nothing"),
        ("then: {sreved: 1}", "then.sreved: Extra inputs"),
        (
            "queue: {day: 2026-03-04, visitors: [{service: forward, at: noon}]}\nthen: {served: 1}",
            "a time of the day, such as 08:30",
        ),
        ("queue: {day: 2026-03-04, visitors: [{service: forward}]}\nthen: {served: 1}", "takes `at`, or `from` and `until`"),
    ],
)
def test_a_story_of_the_counter_that_cannot_be_read_says_why(tmp_path: Path, text: str, said: str) -> None:
    queue = "" if "queue:" in text else 'queue: {day: 2026-03-04, visitors: [{service: forward, at: "08:30"}]}\n'
    file = tmp_path / "story.yaml"
    file.write_text(f"story: x\n{queue}{text}\n", encoding="utf-8")
    with pytest.raises(StoryError) as error:
        read_as(file, kind_of)
    assert said in str(error.value)


async def test_names_that_the_pack_does_not_know_are_found_first(
    temporal: WorkflowEnvironment, records: PostgresRecords, tmp_path: Path
) -> None:
    file = tmp_path / "story.yaml"
    visitors = 'visitors: [{service: forwards, at: "08:30"}], points: [{point: 9, hours: ["08:30-09:00"], serves: 5}]'
    file.write_text(f"story: x\nqueue: {{day: 2026-03-04, {visitors}}}\nthen: {{served: 1}}\n", encoding="utf-8")
    with pytest.raises(StoryError) as error:
        await played(temporal, records, file)
    assert "unknown service forwards" in str(error.value)
    assert "unknown point 9" in str(error.value)


def test_every_scenario_of_the_domain_is_told_as_a_story() -> None:
    told = {file.stem.split("_")[0].upper() for file in STORIES}
    assert set(SCENARIOS) <= told


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("2026-03-02 08:40}\n    happened", "2026-03-02 08:41}\n    happened", "due provide"),
        ("event: warned, at: 2026-03-02 08:35", "event: warned, at: 2026-03-02 08:34", "warned"),
        ("event: breached", "event: extended", "extended"),
        ("A:\n    due", "A:\n    never: [warned]\n    due", "never warned"),
        ("A:\n    due", "A:\n    told: [{notice: delay_notice}]\n    due", "delay_notice"),
        ("A:\n    due", "A:\n    stage: closed\n    due", "stage"),
        (
            "do: start_service}\n  - {at: 2026-03-04 16:15, case: B, open",
            "do: report_held}\n  - {at: 2026-03-04 16:15, case: B, open",
            "report_held",
        ),
    ],
)
async def test_a_story_that_does_not_come_out_is_seen(
    temporal: WorkflowEnvironment, records: PostgresRecords, tmp_path: Path, before: str, after: str, what: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr("casework.stories.runner.SETTLED_WITHIN", 0.3)
    text = (FOLDER / "s02_fifteen_minutes_across_closing_time.yaml").read_text(encoding="utf-8")
    assert before in text
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    story = await played(temporal, records, file)
    assert what in {check.what for check in story.checks if not check.ok}
    assert not story.ok


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("story: x\nwhen: [{at: 2026-03-02 10:00, opne: forward}]", "line 2: when[0].opne: Extra inputs"),
        ("story: x\nwhen: [{at: 2569-03-02 10:00, open: forward}]", "looks like a Buddhist year; write 2026-03-02"),
        ("story: x\nwhen: [{at: noon, open: forward}]", "line 2: when[0].at: must be a time such as 2026-03-04 10:15"),
        ("story: x\nwhen: [{at: 2026-03-02 10:00, do: pause}]", "when 1: case is not open"),
        ("story: x\nwhen: [{at: 2026-03-02 10:00}]", "takes one of open, do, calendar, migrate_to"),
        (
            "story: x\nwhen: [{at: 2026-03-02 10:00, open: forward}, {at: 2026-03-01 10:00, do: pause}]",
            "when 2: 2026-03-01 10:00 comes before what is told above it",
        ),
        ("story: x\nwhen: [{at: 2026-03-02 9.30, open: forward}]", "the office's own; write 2026-03-02 09:30"),
        (
            "story: x\nwhen: [{at: 2026-03-02 10:00, open: forward}, {at: 2026-03-03 10:00, then: {stage: submitted}}, "
            "{at: 2026-03-03 10:00, do: pause}]",
            "when 3: that moment is over, it was looked at",
        ),
        ("story: x\nwhen: [{at: 2026-03-02 09:30, open: forward}]", "expects nothing"),
        (
            "story: x\nwhen: [{at: 2026-03-02 09:30, open: forward}]\nthen: {due: {relay: 2569-03-02 09:30}}",
            "line 3: then.due.relay: 2569",
        ),
        ("story: [", "is not valid YAML"),
        ("when: []", "story: Field required"),
    ],
)
def test_a_story_that_cannot_be_read_is_refused_with_the_place(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "story.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(StoryError) as refused:
        read_story(file)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("do: start_service", "do: start_servise", "when 2: unknown command start_servise; did you mean start_service?"),
        ("due: {provide: 2026-03-02", "due: {provde: 2026-03-02", "then.A: unknown step provde; did you mean provide?"),
        ("A:\n    due", "A:\n    never: [brached]\n    due", "then.A: unknown event brached; did you mean breached?"),
        (
            "A:\n    due",
            "A:\n    told_times: {delay_notise: 0}\n    due",
            "unknown notice delay_notise; did you mean delay_notice?",
        ),
        ("A:\n    due", "A:\n    stage: close\n    due", "unknown stage close; did you mean closed?"),
    ],
)
async def test_a_name_that_nobody_knows_is_refused_before_the_story_is_played(
    temporal: WorkflowEnvironment, records: PostgresRecords, tmp_path: Path, before: str, after: str, said: str
) -> None:
    text = (FOLDER / "s02_fifteen_minutes_across_closing_time.yaml").read_text(encoding="utf-8")
    assert before in text
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(StoryError) as refused:
        await played(temporal, records, file)
    assert said in str(refused.value)


def test_what_a_case_records_has_a_name_that_stories_know() -> None:
    """The mechanism takes its events from one enumeration; what a process records beside is in its definition."""
    folder = FOLDER.parent.parent / "workflows"
    mechanism = {file: file.read_text(encoding="utf-8") for file in (*folder.glob("case/*.py"), folder / "declared.py")}
    assert not [file.name for file, text in mechanism.items() if re.search(r"record\(\s*\"", text)]
    for process in installed().values():
        text = Path(inspect.getfile(process)).read_text(encoding="utf-8")
        assert set(re.findall(r"record\(\s*\"([a-z_]+)\"", text)) == set(process.definition.events)
