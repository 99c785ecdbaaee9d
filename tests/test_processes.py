"""Services that are not the house's own: installed by an agency's package, told apart, refused where they cannot be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from casework.standards.counting.plan import ASKED
from casework.standards.pack.loader import PackError, load_pack, parse_pack
from casework.workflows.case.command_desk import commands_of
from casework.workflows.names import CLOSED
from casework.workflows.pack_needs import unserved
from casework.workflows.processes import installed

AGENCY = Path(__file__).parent.parent / "examples/agency"


@pytest.fixture(scope="module")
def agency(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which the agency's package is installed beside casework."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("installed")
    for file in (*AGENCY.glob("*.toml"), *AGENCY.glob("workflows/*.py")):
        copy = source / file.relative_to(AGENCY)
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes(file.read_bytes())
    words = [sys.executable, "-m", "uv", "-q", "pip", "install", "--target", str(target), "--no-deps", str(source)]
    subprocess.run(words, check=True)
    return {**os.environ, "PYTHONPATH": str(target)}


def casework(*words: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "casework.starter.cli.main", *words], env=env, capture_output=True, text=True, check=False
    )


def test_a_service_of_an_agency_plays_its_story(agency: dict[str, str]) -> None:
    done = casework("story", str(AGENCY / "licence_story.yaml"), env=agency)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "✓ A licence waits for the laboratory and is granted" in done.stdout


def test_its_pack_is_checked_against_its_process(agency: dict[str, str], tmp_path: Path) -> None:
    assert casework("standards", "check", str(AGENCY / "petrol.yaml"), env=agency).returncode == 0
    text = (AGENCY / "petrol.yaml").read_text()
    for old, new, says in (
        ("{id: decide,", "{id: think,", "unknown step decide"),
        ("outcomes: [licensed,", "outcomes: [licensed, vanished,", "services.licence.outcomes: it does not end as vanished"),
        ("grant_licence: [centre_head]", "hand_over: [centre_head]", "unknown command; licence has"),
    ):
        assert old in text
        (tmp_path / "petrol.yaml").write_text(text.replace(old, new, 1))
        done = casework("standards", "check", str(tmp_path / "petrol.yaml"), env=agency)
        assert done.returncode == 2
        assert says in done.stdout + done.stderr


def test_a_service_that_is_not_installed_is_not_served_and_the_reason_is_said() -> None:
    ours = "complaint, forward, improvement, information_request, one_stop"
    said = f"services.licence: no process is installed for it; installed are {ours}"
    assert said in unserved(load_pack(AGENCY / "petrol.yaml"), installed())


def test_an_entry_point_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    metadata = tmp_path / "broken-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Name: broken\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[casework.processes]\nbroken = nowhere.to.be:Found\n")
    done = casework("commands", "forward", env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.returncode == 2
    assert "the entry point broken = nowhere.to.be:Found of casework.processes cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("service", sorted(installed()))
def test_every_stage_of_a_process_is_walked_and_spoken(service: str) -> None:
    process = installed()[service]
    definition = process.definition
    assert CLOSED not in list(definition.stages), "closed is every process's last stage"
    waited = {stage for one in commands_of(process).values() if one.act is None for stage in one.stages(process)}
    assert waited == {*(stage.value for stage in definition.stages), ASKED}
    for key in (*definition.stages, *definition.outcomes, *definition.steps, service):
        named = definition.named(key)
        assert named.th != key
        assert named.en


def test_a_pack_says_only_what_differs_from_the_one_it_is_based_on(tmp_path: Path) -> None:
    (tmp_path / "ours.yaml").write_text(
        "based_on: moe_jsc.yaml\nschema: 1\nid: ours\nversion: '1'\nsegments: null\nsegments_: 1\n"
    )
    with pytest.raises(PackError) as found:
        load_pack(tmp_path / "ours.yaml")
    assert "line 6: segments_: Extra inputs are not permitted" in str(found.value)
    assert "segments: Field required" in str(found.value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("based_on: nowhere.yaml\nid: x\nversion: '1'\n", "based_on: nowhere.yaml cannot be read (No such file or directory)"),
        ("based_on: [1]\nid: x\nversion: '1'\n", "based_on: names another pack's file"),
        ("based_on: moe_jsc.yaml\nid: x\nversion: '1'\ncalendar: {timezone: Asia/Bangkokk}\n", "line 4: calendar.timezone"),
    ],
)
def test_a_base_that_cannot_be_used_is_named(text: str, says: str) -> None:
    with pytest.raises(PackError) as found:
        parse_pack(text, "ours.yaml")
    assert says in str(found.value)


def test_steps_are_changed_added_and_taken_away_by_their_ids() -> None:
    changes = "services: {one_stop: {steps: {triage: {limit: {n: 7}}, convert: null, farewell: {actor: centre_officer}}}}"
    pack = parse_pack(f"based_on: moe_jsc.yaml\nid: x\nversion: '1'\n{changes}\n", "x.yaml")
    steps = {step.id: step for step in pack.service("one_stop").steps}
    assert str(steps["triage"].limit) == "7 minutes"
    assert "convert" not in steps
    assert steps["farewell"].actor == "centre_officer"


def test_a_pack_based_on_another_has_a_name_of_its_own() -> None:
    with pytest.raises(PackError, match="id and version: a pack that is based on another has its own"):
        parse_pack("based_on: moe_jsc.yaml\n", "x.yaml")


def test_two_packs_that_are_based_on_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("based_on: b.yaml\nid: a\nversion: '1'\n")
    (tmp_path / "b.yaml").write_text("based_on: a.yaml\nid: b\nversion: '1'\n")
    with pytest.raises(PackError, match="never one that is based on this one"):
        load_pack(tmp_path / "a.yaml")
