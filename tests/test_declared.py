"""Services without Python: played on real servers from what a pack says of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Replayer

from casework.activities.composing import _name
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.runner import casework_runner
from casework.standards.pack.loader import PackError, StandardsLibrary, default_pack, parse_pack
from casework.starter.client import CaseHandle
from casework.starter.errors import CaseRefused, InvalidCase
from casework.stories.runner import StoryRunner
from casework.stories.story import read_story
from casework.workflows.pack_needs import unserved
from casework.workflows.processes import processes_for
from tests.counter import Counter, Silent

EXAMPLES = Path(__file__).parent.parent / "examples/declared"
FORWARD_STORIES = sorted(
    file for file in (Path(__file__).parent / "stories").glob("*.yaml") if "open: forward" in file.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*_story.yaml")), ids=lambda file: file.stem)
async def test_a_declared_service_plays_its_story(temporal: WorkflowEnvironment, records: PostgresRecords, file: Path) -> None:
    played = await StoryRunner(temporal, records).play(read_story(file), file.parent)
    assert not [check for check in played.checks if not check.ok]


@pytest.mark.parametrize("file", FORWARD_STORIES, ids=lambda file: file.stem)
async def test_forward_written_as_data_passes_the_stories_of_forward(
    temporal: WorkflowEnvironment, records: PostgresRecords, file: Path
) -> None:
    story = read_story(file)
    assert story.given.pack is None, "it is told of the default pack"
    declared = story.model_copy(update={"given": story.given.model_copy(update={"pack": "forward.yaml"})})
    played = await StoryRunner(temporal, records).play(declared, EXAMPLES)
    assert played.checks
    assert not [check for check in played.checks if not check.ok]


COPY = (EXAMPLES / "licence_copy.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("leads_to: {outcome: handed_over, ask_in: given, tell: [copy_ready]}", "leads_to: {stage: paid}", "stages.awaiting_payment.commands.record_payment.leads_to.stage: unknown stage paid; stages are searching, awaiting_payment, given"),
        ("stage: awaiting_payment}", "stage: searching}", "stages.awaiting_payment: no way leads here"),
        ("outcomes: [handed_over,", "outcomes: [lost, handed_over,", "outcomes: no way ends as lost"),
        ("pay: {outcome: not_paid}", "pay: {outcome: forgotten}", "expires.pay.outcome: unknown outcome forgotten"),
        ("pay: {outcome: not_paid}", "pay: {tell: [copy_ready]}", "expires.pay: when a limit passes it leads to a stage or an outcome"),
        ("clocks: [find]", "clocks: [seek]", "stages.searching.clocks: unknown step seek; steps are find, pay, satisfaction"),
        ("clocks: [find]", "clocks: []", "steps.find: its clock starts in no stage"),
        ("clocks_when_told: {pay: fee_due}", "clocks_when_told: {pay: copy_read}", "tell: no text copy_read in notifications"),
        ("with: {reason: reason}", "with: {reason: why}", "tell.information_refused.with.reason: unknown why; known are licence_no, certified, reason, papers, missing, due:STEP"),
        ("with: {reason: reason}", "with: {reazon: reason}", "tell.information_refused.with.reazon: the text has no such token"),
        ("{if: {fee: true}, stage: awaiting_payment}", "{if: {free: true}, stage: awaiting_payment}", "leads_to[0].if: unknown field free; fields are licence_no, certified, pages, fee"),
        ("{if: {fee: true}, stage: awaiting_payment}", "{if: {fee: yes}, stage: awaiting_payment}", "leads_to[0].if.fee: it is true or false"),
        ("- {if: {fee: true}, stage: awaiting_payment}", "- {stage: awaiting_payment}", "leads_to[0]: the ways after this one are never taken; it needs an `if`"),
        ("- {outcome: handed_over, ask_in: given, tell: [copy_ready]}", "- {if: {fee: false}, outcome: handed_over}", "leads_to[1]: the last way has no `if`"),
        ("by: [centre_officer]\n            fields: {reason", "by: [centre_offizer]\n            fields: {reason", "by: the role centre_offizer has no address"),
        ("ask_satisfaction: true", "ask_satisfaction: false", "ask_in: given is no stage with `ask_satisfaction: true`"),
        ("      withdraw: [requester, centre_officer]", "", "outcomes: no way ends as withdrawn"),
        ("outcomes: [handed_over, no_such_licence, not_paid, withdrawn]", "outcomes: [handed_over, no_such_licence, not_paid]", "withdraw is given, and it ends as withdrawn"),
        ("  not_paid: {th: ไม่ชำระค่าธรรมเนียม, en: not paid}\n", "", "labels: not_paid has no words in Thai and English"),
        ("report_not_found:", "add_note:", "commands.add_note: every service has this command"),
        ("clocks: [find]", "clocks: [find, pay]", "the limit of pay ends another stage; say where it leads here"),
        ("{if: {fee: true}, stage: awaiting_payment}", "{if: {fee: true}, stage: given}", "given asks satisfaction with an outcome"),
        ("pages: {th", "event: {th", "event cannot be the name of a field"),
        ("report_found:", "report__found:", "String should match pattern"),
        ("report_found:", "opened:", "every service has this command"),
        ("promise: [find]", "promise: []", "promise: say which steps the requester is promised"),
        ("clocks: [find]", "clocks: [find]\n        promise: find+pay", "the first stage keeps the whole promise, find"),
        ("rate: {by: [requester, centre_officer]}", "rate: {by: [requester]}\n          shout: {th: ก, en: a, by: [centre_officer]}", "rate and reopen are all that is done"),
        ("fee: {th: มีค่าธรรมเนียม, en: a fee is due, type: yes_no}", "fee: {th: ก, en: a, type: yes_no}\n              documents: {th: ก, en: a, type: papers}", "a list of papers is asked for by one command (papers_asked) and brought by another (papers)"),
        ("      record_service: [centre_officer]\n", "", "must be served; no role may give record_service in every stage"),
        ("{if: {fee: true}, stage: awaiting_payment}", "{if: {pages: \">3\"}, stage: awaiting_payment}", "if.pages: it is a number"),
        ("receipt: {th", "documents: {th", "papers come in a field named documents"),
        ("by: [centre_officer]\n            fields: {receipt", "by: [centre_officer]\n            event: closed\n            fields: {receipt", "closed is what the engine records itself"),
        ("licence_no: {th", "json: {th", "json cannot be the name of a field"),
        ("licence_no: {th", "subject: {th", "request.subject: every request has this field already"),
        ("type: yes_no}\n            leads_to:", "type: choice}\n            leads_to:", "`choices` are given for the type choice, and only then"),
        ("tell: [case_received]", "tell: [case_received, case_received]", "stages.searching.tell: case_received is told twice to the same people"),
        ("fields: {receipt", "tell: [copy_ready]\n            fields: {receipt", "copy_ready is told by the command already"),
        ("leads_to: {outcome: handed_over, ask_in: given, tell: [copy_ready]}\n        expires:\n          pay: {outcome: not_paid}", "at_most: 1\n            leads_to: {outcome: not_paid}", "stages.awaiting_payment: no way from here ends the case that may not be used up"),
        ("      searching:\n", "      any: {th: ก, en: a, commands: {}}\n      searching:\n", "stages.any: a stage cannot be named so"),
        ("receipt: {th: เลขที่ใบเสร็จ, en: number of the receipt, type: line}", "pages: {th: ก, en: a, type: line}", "fields.pages: services.licence_copy.stages.searching.commands.report_found.fields.pages has another type"),
        ("report_found:", "rated:", "commands.rated.event: rated is what the engine records itself"),
        ("outcome: handed_over, ask_in: given, tell: [copy_ready]}\n          report", "outcome: handed_over, event: closed}\n          report", "leads_to[1].event: closed is what the engine records itself"),
        ("ask_satisfaction: true", "ask_satisfaction: true\n        tell: [copy_ready]", "only the invitation is told"),
        ("with: {reason: reason}", "with: {case_no: reason}", "with.case_no: every notice says this itself"),
        ("with: {reason: reason}", "with: {due_at: reason}", "with.due_at: a time is said by"),
        ("with: {reason: reason}", "with: {reason: \"due:find\"}", "with.reason: a time is said by"),
        ("            th: พบใบอนุญาต\n", "", "commands.report_found: say in `th` and `en` what it does"),
        ("{if: {fee: true}, stage: awaiting_payment}", "{if: {fee: []}, stage: awaiting_payment}", "if.fee: names no value"),
        ("{if: {fee: true}, stage: awaiting_payment}", "{if: {pages: 1.5}, stage: awaiting_payment}", "if.pages: it is a whole number"),
        ("{if: {fee: true}, stage: awaiting_payment}", "{if: {papers_complete: maybe}, stage: awaiting_payment}", "if.papers_complete: it is true or false"),
        ("- {if: {fee: true}, stage: awaiting_payment}", "- {if: {fee: [true, false]}, stage: awaiting_payment}", "leads_to[1]: never taken"),
        ("    process: declared\n", "", "`stages` and `request` are given with `process: declared`, and only then"),
    ],
)  # fmt: skip
def test_a_service_that_would_not_reach_its_end_is_not_served(old: str, new: str, says: str) -> None:
    assert old in COPY
    text = COPY.replace(old, new, 1)
    try:
        pack = parse_pack(text, "copy.yaml")
        problems = unserved(pack, processes_for([pack]))
    except PackError as error:
        problems = error.problems
    assert any(says in problem for problem in problems), problems


def test_a_circle_without_an_end_is_not_served() -> None:
    """Every stage is reached and left, and no case would ever end."""
    text = COPY.replace(
        "              - {outcome: handed_over, ask_in: given, tell: [copy_ready]}\n",
        "              - {stage: awaiting_payment}\n",
    )
    text = text.replace(
        "leads_to: {outcome: no_such_licence, when_told: true, tell: [{", "leads_to: {stage: awaiting_payment, tell: [{"
    )
    text = text.replace("pay: {outcome: not_paid}", "pay: {stage: searching}")
    text = text.replace("leads_to: {outcome: handed_over, ask_in: given, tell: [copy_ready]}", "leads_to: {stage: searching}")
    pack = parse_pack(text, "copy.yaml")
    problems = unserved(pack, processes_for([pack]))
    for stage in ("searching", "awaiting_payment"):
        assert (
            f"services.licence_copy.stages.{stage}: no way from here ends the case that may not be used up (at_most, papers)"
            in problems
        )


COPY_OF = {"service": "licence_copy", "licence_no": "12/2560"}
OFFICER = {"id": "somying", "role": "centre_officer"}


async def test_bad_input_gets_the_field_and_the_reason(temporal: WorkflowEnvironment, records: PostgresRecords) -> None:
    async with Counter(temporal, records, parse_pack(COPY, "copy.yaml")) as counter:
        for fields, says in (
            ({"licence_no": ""}, "licence_no: String should have at least 1 character"),
            ({"licence_no": None}, "licence_no: Input should be a valid string"),
            ({"licence_no": "1\x00"}, "licence_no: contains a NUL character"),
            ({"colour": "red"}, "colour: Extra inputs are not permitted"),
            ({"certified": "maybe"}, "certified: Input should be a valid boolean"),
        ):
            with pytest.raises(InvalidCase, match=re.escape(says)):
                await counter.open(**{**COPY_OF, **fields})
        case = await counter.open(**COPY_OF)
        for payload, says in (
            ({}, "actor: Field required; pages: Field required; fee: Field required"),
            ({"pages": "three", "fee": True}, "pages: Input should be a valid integer"),
            ({"pages": 10**40, "fee": True}, "pages: Input should be less than or equal"),
            ({"pages": 1, "fee": 1}, "fee: Input should be a valid boolean"),
            ({"pages": 1, "fee": True, "x": 1}, "x: Extra inputs are not permitted"),
            ([], "report_found is not valid"),
        ):
            given = payload if not payload else {**payload, "actor": OFFICER} if isinstance(payload, dict) else payload
            with pytest.raises(InvalidCase, match=re.escape(says)):
                await case.send("report_found", given)
        with pytest.raises(CaseRefused, match="takes centre_officer, not requester"):
            await case.send("report_found", {"pages": 1, "fee": True, "actor": {"id": "r", "role": "requester"}})
        with pytest.raises(CaseRefused, match="not possible in the stage searching"):
            await case.send("record_payment", {"receipt": "1", "actor": OFFICER})
        assert (await case.view()).stage == "searching"
        await case.workflow.terminate()


async def test_what_was_asked_for_is_seen_and_told(temporal: WorkflowEnvironment, records: PostgresRecords) -> None:
    """The fields of a request stand in the case and in the records, and texts may use them."""
    tells = COPY.replace("tell: [case_received]", "tell: [{notice: case_received, with: {subject: licence_no}}]", 1)
    async with Counter(temporal, records, parse_pack(tells, "copy.yaml")) as counter:
        case = await counter.open(**COPY_OF)
        view = await case.view()
        assert view.request == {"licence_no": "12/2560"}
        kept = await records.case(case.case_id)
        assert kept is not None
        assert kept.request == {"licence_no": "12/2560"}
        await case.workflow.terminate()


async def test_two_versions_are_served_together_and_their_cases_go_their_own_ways(
    temporal: WorkflowEnvironment, records: PostgresRecords
) -> None:
    """The later version renames a command and drops a field; each case takes its own version's."""
    later = (
        COPY.replace('version: "1"', 'version: "2"')
        .replace("record_payment:", "confirm_payment:")
        .replace("effective_from: 2026-10-01", "effective_from: 2026-10-02")
    )
    packs = parse_pack(COPY, "one.yaml"), parse_pack(later, "two.yaml")
    async with Counter(temporal, records, *packs) as counter:
        old = await counter.open(**COPY_OF, standard="licence-copies", received_at="2026-10-01T09:00:00+07:00")
        new = await counter.open(**COPY_OF, standard="licence-copies")
        paid = {"receipt": "1", "actor": OFFICER}
        for case in (old, new):
            await case.send("report_found", {"pages": 1, "fee": True, "actor": OFFICER})
        with pytest.raises(CaseRefused):
            await old.send("confirm_payment", paid)
        with pytest.raises(CaseRefused):
            await new.send("record_payment", paid)
        assert (await old.send("record_payment", paid)).stage == "given"
        assert (await new.send("confirm_payment", paid)).stage == "given"
        for case in (old, new):
            await case.workflow.terminate()


async def test_a_case_keeps_the_version_it_was_opened_under(temporal: WorkflowEnvironment, records: PostgresRecords) -> None:
    """Another version renames a command, adds a field and drops a stage; what runs goes on as it began, and replays so."""
    later = (
        COPY.replace('version: "1"', 'version: "2"')
        .replace("effective_from: 2026-10-01", "effective_from: 2026-10-02")
        .replace("report_found:", "report_search:")
        .replace("licence_no:", "licence_number:")
    )
    async with Counter(temporal, records, parse_pack(COPY, "copy.yaml")) as counter:
        case = await counter.open(**COPY_OF, standard="licence-copies")
        await case.send("report_found", {"pages": 1, "fee": True, "actor": OFFICER})
        with pytest.raises(CaseRefused, match=r"launch_rocket is not possible in the stage awaiting_payment.*record_payment"):
            await case.send("launch_rocket", {})
    async with Counter(temporal, records, parse_pack(COPY, "copy.yaml"), parse_pack(later, "later.yaml")) as counter:
        case = CaseHandle(counter.temporal, case.case_id)
        history = await case.workflow.fetch_history()
        processes = list(processes_for([parse_pack(later, "later.yaml")]).values())
        plugin = CaseworkPlugin(StandardsLibrary([parse_pack(later, "later.yaml")]), records, Silent())
        replayer = Replayer(
            workflows=processes,
            data_converter=plugin.data_converter(None),  # type: ignore[operator, misc]
            workflow_runner=casework_runner(None),
        )
        await replayer.replay_workflow(history)
        await case.workflow.terminate()


def test_a_service_is_declared_for_all_of_a_worker_or_for_none(records: PostgresRecords) -> None:
    declared = parse_pack((EXAMPLES / "forward.yaml").read_text(encoding="utf-8"), "forward.yaml")
    with pytest.raises(PackError, match=r"services\.forward: declared in declared-forward, and in Python for moe-jsc"):
        CaseworkPlugin(StandardsLibrary([declared, default_pack()]), records, Silent())


async def test_a_message_with_a_thousand_mistakes_gets_a_short_answer(
    temporal: WorkflowEnvironment, records: PostgresRecords
) -> None:
    async with Counter(temporal, records, parse_pack(COPY, "copy.yaml")) as counter:
        case = await counter.open(**COPY_OF)
        strange = {f"field_{number}_{'x' * 300}": 1 for number in range(1000)}
        with pytest.raises(InvalidCase, match="and 970 more") as refused:
            await case.send("report_found", {"pages": 1, "fee": False, "actor": OFFICER, **strange})
        assert len(str(refused.value)) < 20_000
        with pytest.raises(InvalidCase):
            await counter.open(**COPY_OF, **strange)
        await case.workflow.terminate()


def test_a_stage_has_the_words_of_its_own_service() -> None:
    """The ministry's one-stop service has a stage `given` too; what is told of a copy is not told of its publications."""
    pack = parse_pack(COPY, "copy.yaml")
    [known] = StandardsLibrary([pack]).with_labels({n: p.definition.labels for n, p in processes_for([pack]).items()}).packs
    assert _name(known, "licence_copy", "given").en == "handed over"
    assert _name(known, "one_stop", "given").en == "publications given"
    assert _name(known, "licence_copy", "find").en == "search"
    assert _name(known, "forward", "check_forward").en == "check and forward"
