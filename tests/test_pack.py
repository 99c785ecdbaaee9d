"""The pack: errors name file, line, path and reason; a pack that a case could not be carried through is not served."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from casework.activities.composing import compose
from casework.adapters.ports import OwedNotice
from casework.plugin import CaseworkPlugin
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.counting.plan import PlannedRung
from casework.standards.limits import Action
from casework.standards.pack.loader import PackError, StandardsLibrary, UnknownStandard, default_pack, load_pack, parse_pack
from casework.standards.pack.texts import TIMES, render
from casework.standards.thai_dates import format_time
from casework.workflows.messages.people import Officer, Requester
from casework.workflows.pack_needs import unserved
from casework.workflows.ports import CaseState
from casework.workflows.processes import installed

PACKS = Path(__file__).parent.parent / "standards/packs"
TEXT = (PACKS / "moe_jsc.yaml").read_text(encoding="utf-8")
PACK = default_pack()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("limit: {n: 15, unit: minute}, start_on", "limit: {n: -15, unit: minute}, start_on", "services.information_request.steps[0].limit.n: Input should be greater than 0"),
        ("{due_plus: 15, unit: minute}", "{due_plus: 15, unit: fortnight}", "escalations.counter_15m[2].at.unit: Input should be"),
        ("{before_due: 120, unit: minute}", "{sometime: 120}", "escalations.centre_1wd[0].at: must be due, {n, unit}"),
        ("escalation: owner_30wd", "escalation: owner_40wd", "unknown escalation owner_40wd"),
        ("timezone: Asia/Bangkok", "timezone: Asia/Atlantis", "calendar.timezone: must be a time zone name"),
        ('open: "08:30"', 'open: "8.30"', "calendar.hours[0].open: must be a time of day"),
        ("en: Number {ticket_no}", "en: Number {ticket_number}", "notifications.ticket_called: unknown token ticket_number"),
        ("version: \"2569.1\"", "version: \"2569.1\"\nversion: \"2\"", "the key version stands twice"),
        ("repeat_every: {n: 7, unit: calendar_day}", "repeat_every: {n: 7, unit: minute}", "repeat_every needs"),
        ("ask_after: [provided", "ask_after: [povided", "no service has the outcome povided"),
        ("limit: {n: 30, unit: working_day}", "limit: {n: 9000, unit: working_day}", "at most 1200 working days"),
        ("effective_from: 2026-10-01", "effective_from: 2026-02-30", "is not valid YAML"),
        ("    first_day: excluded", "    due_is_inclusive: false\n    first_day: excluded", "calendar.counting.due_is_inclusive: Extra inputs are not permitted"),
        ("schema: 1", "schema: [1", "is not valid YAML"),
        ("breaks: []", "braeks: []", "calendar.braeks: Extra inputs are not permitted"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_pack_is_named_with_file_path_and_reason(old: str, new: str, says: str) -> None:
    assert old in TEXT
    with pytest.raises(PackError) as wrong:
        parse_pack(TEXT.replace(old, new, 1), "their.yaml")
    assert "their.yaml: " in str(wrong.value)
    assert says in str(wrong.value)


def test_the_line_of_a_mistake_is_named() -> None:
    line = next(n for n, text in enumerate(TEXT.splitlines(), 1) if "id: provide" in text)
    with pytest.raises(PackError, match=f"line {line}: "):
        parse_pack(TEXT.replace("limit: {n: 15, unit: minute}, start_on", "limit: {n: 0, unit: minute}, start_on", 1), "x")


@pytest.mark.parametrize("name", ["moe_jsc.yaml", "demo.yaml"])
def test_the_packs_of_the_house_can_be_served(name: str) -> None:
    assert unserved(load_pack(PACKS / name), installed()) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("{id: relay, actor", "{id: pass_on, actor", "the process needs the step relay"),
        ("{id: tell_requester, actor: centre_officer, limit: {n: 1, unit: working_day}", "{id: tell_requester, actor: centre_officer, limit: null", "needs a limit here"),
        ("{id: relay, actor: complaint_centre,", "{id: relay, ends_stage: true, actor: complaint_centre,", "nothing follows when this step expires"),
        ("  case_settled:\n", "  case_agreed:\n", "forward needs the text case_settled"),
        ("do: breach, to: [centre_supervisor]", "do: breach, to: [centre_supervizor]", "the role centre_supervizor has no address"),
        ("      start_service: [centre_officer]\n      record_no_show: [centre_officer]\n    serving:", "      start_service: []\n    serving:", "no role may take this stage further"),
        ("{before_due: 120, unit: minute}", "{before_due: 480, unit: minute}", "lies before its start (1 working day)"),
        ('hours: [{open: "08:30", close: "16:30"}]', 'hours: [{open: "08:30", close: "16:30"}, {open: "20:00", close: "09:00"}]', "calendar.hours: the night shift and the hours of the day after it overlap"),
        ("up_to: {n: 15, unit: working_day}", "up_to: {n: 15, unit: calendar_day}", "must be in the unit of the limit"),
        ("outcomes: [provided, referred_answered", "outcomes: [provided, vanished, referred_answered", "it does not end as vanished"),
        ("https://jsc.example/rate/{case_id}", "https://jsc.example/{person}", "links.survey_url: only {case_id}"),
        ("forward_application: [centre_officer]", "send_on: [centre_officer]", "unknown command; forward has"),
        ("      start_service: [centre_officer]\n      record_no_show: [centre_officer]\n    serving:", "      start_service: [centre_officer]\n      report_held: [centre_officer]\n    serving:", "not a command of this stage; it belongs to serving"),
    ],
)  # fmt: skip
def test_a_pack_that_would_stop_a_case_half_way_is_not_served(old: str, new: str, says: str) -> None:
    assert old in TEXT
    pack = parse_pack(TEXT.replace(old, new, 1).replace("unknown_step", ""), "x")
    assert any(says in problem for problem in unserved(pack, installed()))
    nothing: object = None
    with pytest.raises(PackError):
        CaseworkPlugin(StandardsLibrary([pack]), nothing, nothing)  # type: ignore[arg-type]


def test_a_new_case_takes_the_pack_in_force_on_its_day_and_a_running_one_keeps_its_own() -> None:
    newer = PACK.model_copy(update={"version": "2570.1", "effective_from": date(2027, 10, 1)})
    library = StandardsLibrary([PACK, newer])
    assert library.current(on=date(2027, 9, 30)).version == "2569.1"
    assert library.current(on=date(2027, 10, 1)).version == "2570.1"
    assert library.get("moe-jsc", "2569.1") is PACK
    with pytest.raises(UnknownStandard, match="CASEWORK_PACKS"):
        library.get("moe-jsc", "1999.1")
    with pytest.raises(PackError, match="two different packs"):
        StandardsLibrary([PACK, PACK.model_copy(update={"segments": ["citizen"]})])


def test_dates_are_in_the_buddhist_era_and_in_thai_digits_if_the_pack_says_so() -> None:
    at = datetime(2026, 3, 2, 16, 30)
    assert format_time(at, "th") == "วันที่ 2 มีนาคม 2569 เวลา 16.30 น."
    assert format_time(at, "th", thai_digits=True) == "วันที่ ๒ มีนาคม ๒๕๖๙ เวลา ๑๖.๓๐ น."
    assert format_time(at, "en") == "2 March 2026, 16:30"
    assert "2569" in render(PACK, "case_received", "th", {"due_at": at})


def test_every_letter_has_a_head_a_foot_and_a_subject_of_its_own() -> None:
    assert PACK.letterhead is not None
    subjects = [text.about for text in PACK.notifications.values() if text.about]
    assert len(subjects) == len(PACK.notifications) - 1, "all but the call of a ticket"
    assert "{today}" in PACK.letterhead.head.th


@pytest.mark.parametrize("template", sorted(set(PACK.notifications) - {"ticket_called", "ticket_sent_home", "queue_waits_long"}))
def test_every_text_the_engine_sends_has_something_to_say_for_each_of_its_tokens(template: str) -> None:
    calculator = PackCalculator(PACK)
    at = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    text = PACK.notifications[template]
    given = {"result_text", "missing_list", "reason", "other_agency", "contact", "reply_by", "due_at", "old_due_at", "new_due_at"}
    values = {token: at.isoformat() if token in TIMES else "คำ" for token in text.tokens & given} | {"step": "owner_act"}
    to = text.to if text.to in ("requester", "owner_agency", "centre") else "centre_supervisor"
    notice = OwedNotice(
        id="1", case_id="forward-7K3QX9M2TD", case_no="JSC-2569-00001", service="forward", centre="JSC", template=template, to=to,
        values=dict(values), ordered_at=at + timedelta(days=1), received_at=at, subject="ขยายสถานี",
        requester=Requester(name="สมชาย", email="a@home.example"),
        state=CaseState(
            standard_id="moe-jsc", standard_version="2569.1", stage="with_owner", officer=Officer(id="s", name="สมหญิง"),
            agency="DOEB", promised_at=at, due_at=at,
        ),
    )  # fmt: skip
    message = compose(PACK, calculator.calendar, notice)
    assert message is not None
    filled = dict.fromkeys(text.tokens, "«»")
    assert "«»" in render(PACK, template, "en", filled) or not text.tokens
    for words in ("  ", " .", "by .", "because .", "no. ,", "{"):
        assert words not in message.body, message.body


def test_a_rung_repeats_from_the_due_date_for_years_without_running_out() -> None:
    calculator = PackCalculator(load_pack(PACKS / "demo.yaml"))
    due = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
    rung = PlannedRung(key="owner_30wd/4", at=due + timedelta(seconds=4), action=Action.ESCALATE, to=["x"])
    later = calculator.of("forward").repeat("owner_act", rung, due, due + timedelta(days=2))
    assert due + timedelta(days=2) < later.at <= due + timedelta(days=2, seconds=4)
    assert calculator.of("forward").repeat("owner_act", later, due, later.at).at == later.at + timedelta(seconds=4)
