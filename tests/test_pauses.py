"""Pauses: minutes and days resume exactly, whatever hour a pause begins or ends, and for as long as the standard says."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from casework.standards.counting.explanation import Why, explain
from casework.standards.counting.ledger import Ledger, PauseEntry
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.pack.loader import default_pack
from casework.starter.errors import CaseRefused
from casework.workflows.messages.commands import Extend, Pause, Resume, StartService
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication, ReportResult
from casework.workflows.messages.information_request import RecordOwnerReply, ReferToOwner
from casework.workflows.messages.views import CaseView
from tests.office import CITIZEN, COMPLAINTS, HEAD, OFFICER, OWNER, SOMYING, Office, PlayedCase

CLOCK = PackCalculator(default_pack())
MINUTE = timedelta(minutes=1)


def at(text: str) -> datetime:
    """A time in Bangkok."""
    return datetime.fromisoformat(f"{text}+07:00")


def paused(start: str, *pauses: tuple[str, str], then: str = "continue") -> Ledger:
    entries = [
        PauseEntry.model_validate(
            {"reason": "awaiting_requester", "by": "somying", "begun": at(a), "until": at(b), "ended": at(b), "then": then}
        )
        for a, b in pauses
    ]
    return Ledger(started_at=at(start), pauses=entries)


def due(step: str, ledger: Ledger) -> str:
    service = {"provide": "information_request", "owner_gather": "information_request"}.get(step, "forward")
    return CLOCK.plan(service, step, ledger).due_at.strftime("%Y-%m-%d %H:%M")


def test_seven_of_fifteen_minutes_used_on_friday_leave_eight_on_monday() -> None:
    ledger = paused("2026-02-27 16:21", ("2026-02-27 16:28", "2026-03-02 09:00"))
    assert due("provide", ledger) == "2026-03-02 09:08"
    balance = CLOCK.plan("information_request", "provide", ledger, at("2026-02-28 12:00")).balance
    assert (balance.consumed, balance.budget, balance.left) == (7, 15, 8)


@pytest.mark.parametrize(
    ("begun", "ended", "expected"),
    [
        ("2026-03-04 10:00", "2026-03-06 10:00", "2026-04-22 16:30"),  # two closings: two days
        ("2026-03-04 10:00", "2026-03-04 15:00", "2026-04-20 16:30"),  # the same day: none
        ("2026-03-02 16:30", "2026-03-04 08:30", "2026-04-20 16:30"),  # from closing to opening across the holiday: none
        ("2026-03-02 16:29", "2026-03-04 08:30", "2026-04-20 16:30"),  # the day of receipt is not counted anyway
        ("2026-03-04 16:29", "2026-03-05 08:31", "2026-04-21 16:30"),  # a minute before closing: that day
        ("2026-03-04 09:00", "2026-03-04 16:30", "2026-04-21 16:30"),  # ended at closing: the clock did not run then
        ("2026-03-07 12:00", "2026-03-08 12:00", "2026-04-20 16:30"),  # within a weekend
        ("2026-03-06 20:00", "2026-03-09 07:00", "2026-04-20 16:30"),  # begun and ended outside hours
        ("2026-03-06 20:00", "2026-03-09 18:00", "2026-04-21 16:30"),  # over a Monday
        ("2026-04-09 10:00", "2026-04-16 10:00", "2026-04-22 16:30"),  # across Songkran: Thursday and Friday only
    ],
)
def test_a_pause_costs_as_many_working_days_as_it_saw_closings(begun: str, ended: str, expected: str) -> None:
    assert due("owner_act", paused("2026-03-02 11:00", (begun, ended))) == expected


def test_two_pauses_the_same_day_count_each_for_itself() -> None:
    twice = paused("2026-03-05 10:00", ("2026-03-05 10:05", "2026-03-05 11:00"), ("2026-03-05 11:03", "2026-03-05 12:00"))
    assert due("provide", twice) == "2026-03-05 12:07"
    days = paused("2026-03-02 11:00", ("2026-03-04 09:00", "2026-03-04 10:00"), ("2026-03-04 16:00", "2026-03-05 09:00"))
    assert due("owner_act", days) == "2026-04-21 16:30"


def test_calendar_days_pause_by_the_day_too_and_still_end_where_the_law_says() -> None:
    plain = CLOCK.plan("forward", "requester_complete", at("2026-03-30 10:00"))
    assert plan_date(plain.due_at) == date(2026, 4, 16)  # day 15 is 14 April, Songkran: moved
    longer = CLOCK.plan("forward", "requester_complete", paused("2026-03-30 10:00", ("2026-04-01 10:00", "2026-04-04 10:00")))
    assert plan_date(longer.due_at) == date(2026, 4, 17)  # 14 + 3 days
    agency = CLOCK.plan(
        "information_request", "owner_gather", paused("2026-03-30 10:00", ("2026-04-01 10:00", "2026-04-02 10:00"))
    )
    assert plan_date(agency.due_at) == date(2026, 4, 15)
    assert agency.internal_target == at("2026-04-10 16:30")


def plan_date(moment: datetime) -> date:
    return moment.date()


def test_after_a_restart_the_whole_limit_runs_anew() -> None:
    ledger = paused("2026-03-05 10:00", ("2026-03-05 10:14", "2026-03-05 13:00"), then="restart")
    assert due("provide", ledger) == "2026-03-05 13:15"
    words = explain(CLOCK, "information_request", "provide", ledger).lines("en")
    assert "counted anew after a pause: waiting for the requester's documents" in words[0]


def test_what_comes_after_a_breach_waits_as_well_but_the_breach_stands() -> None:
    plain = CLOCK.plan("information_request", "provide", at("2026-03-05 10:00"))
    late = CLOCK.plan("information_request", "provide", paused("2026-03-05 10:00", ("2026-03-05 10:20", "2026-03-05 11:20")))
    assert late.due_at == plain.due_at == at("2026-03-05 10:15")
    assert [rung.at.strftime("%H:%M") for rung in late.rungs] == ["10:10", "10:15", "11:30"]


def test_rungs_before_the_due_time_keep_their_distance_in_running_time() -> None:
    ledger = paused("2026-03-02 11:00", ("2026-03-04 15:00", "2026-03-04 16:00"))
    warn = CLOCK.plan("forward", "check_forward", ledger).rungs[0]
    assert warn.at == at("2026-03-04 13:30")  # 120 running minutes before 16:30, an hour of them paused


def test_a_pause_is_explained_with_its_reason_and_who_began_it() -> None:
    ledger = paused("2026-03-02 11:00", ("2026-03-04 10:00", "2026-03-06 10:00"))
    explained = explain(CLOCK, "forward", "owner_act", ledger)
    assert explained.counted_days == 30
    assert sum(entry.why is Why.PAUSED for entry in explained.entries) == 2
    assert "Wed  4 Mar 2026  paused: waiting for the requester's documents (by somying)" in explained.lines("en")
    assert any("หยุดนับ: รอเอกสารหรือข้อมูลจากผู้รับบริการ (โดย somying)" in line for line in explained.lines("th"))
    minutes = explain(
        CLOCK, "information_request", "provide", paused("2026-02-27 16:21", ("2026-02-27 16:28", "2026-03-02 09:00"))
    )
    assert minutes.counted_time == 15 * MINUTE
    assert "Fri 27 Feb 2026  paused 2 min: waiting for the requester's documents (by somying)" in minutes.lines("en")


# On the real servers


async def with_owner(office: Office) -> PlayedCase:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    return case


def clock(view: CaseView, step: str) -> object:
    return next(clock for clock in view.clocks if clock.step == step)


async def test_a_paused_case_chases_nobody_and_goes_on_where_it_stood(office: Office) -> None:
    case = await with_owner(office)
    before = await case.view()
    owner = before.clocks[-1]
    chase = next(rung for rung in owner.rungs if rung.action.value == "chase")
    await case.act(Pause(actor=OWNER, reason="awaiting_requester", note="สำเนาทะเบียนบ้าน"))
    standing = await case.view()
    assert standing.pause is not None
    assert standing.pause.steps == ["owner_act"]
    assert standing.clocks[-1].paused
    assert standing.clocks[-1].due_at > owner.due_at  # the latest it can be
    assert standing.promised_at == standing.clocks[-1].due_at
    with pytest.raises(CaseRefused, match="stand still already"):
        await case.act(Pause(actor=OWNER, reason="force_majeure"))
    await case.pass_time(timedelta(days=6))
    await case.act(Resume(actor=OWNER))
    resumed = await case.view()
    assert resumed.pause is None
    [entry] = resumed.clocks[-1].ledger.pauses
    expected = CLOCK.plan("forward", "owner_act", resumed.clocks[-1].ledger)
    assert resumed.clocks[-1].due_at == expected.due_at == resumed.promised_at
    assert owner.due_at < expected.due_at < standing.clocks[-1].due_at
    assert entry.ended is not None
    moved = next(rung for rung in resumed.clocks[-1].rungs if rung.key == chase.key)
    assert moved.at > chase.at
    await case.pass_time(moved.at)
    types = await case.types()
    assert types.count("chased") == 1
    assert [t for t in types if t in ("paused", "resumed")] == ["paused", "resumed"]
    told = [mail.get_content() for mail in case.mails()]
    assert sum("หยุดนับระยะเวลาชั่วคราว เนื่องจากรอเอกสารหรือข้อมูลจากผู้รับบริการ (สำเนาทะเบียนบ้าน)" in text for text in told) == 1
    assert sum("stands still (waiting for the requester's documents (สำเนาทะเบียนบ้าน))" in text for text in told) == 1
    assert sum("เริ่มนับระยะเวลาต่อแล้ว" in text for text in told) == 1


async def test_a_pause_that_nobody_ends_reminds_and_then_ends_by_itself(office: Office) -> None:
    case = await with_owner(office)
    await case.act(Pause(actor=OWNER, reason="awaiting_requester"))
    standing = await case.view()
    assert standing.pause is not None
    await case.pass_time(standing.pause.until - timedelta(days=1))
    assert (await case.types())[-1] == "pause_reminded"
    await case.pass_time(standing.pause.until)
    after = await case.view()
    assert after.pause is None
    assert after.events[-1].type == "resumed"
    assert after.events[-1].data["because"] == "the longest pause has passed"
    assert after.clocks[-1].due_at == standing.clocks[-1].due_at  # it was planned for this
    texts = [mail.get_content() for mail in case.mails()]
    assert sum("จะเริ่มนับต่อใน" in text for text in texts) == 1


async def test_a_result_that_comes_during_a_pause_is_in_time(office: Office) -> None:
    case = await with_owner(office)
    await case.act(Pause(actor=OWNER, reason="awaiting_third_party"))
    await case.act(ReportResult(actor=OWNER, result="ระหว่างหยุดนับ"))
    view = await case.handle.wait(lambda view: view.stage == "completed")
    assert view.pause is None
    assert not next(c for c in view.clocks if c.step == "owner_act").breached
    assert next(c for c in view.clocks if c.step == "owner_act").ledger.pauses[0].ended is not None


async def test_a_promise_is_counted_again_when_a_stage_ends_during_a_pause(office: Office) -> None:
    case = await office.information()
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    await case.act(ReferToOwner(actor=OFFICER, agency="DOEB", question="จำนวนสถานี"))
    told = (await case.view()).promised_at
    await case.act(Pause(actor=OWNER, reason="awaiting_requester"))
    assert (await case.view()).promised_at > told  # type: ignore[operator]
    await case.act(RecordOwnerReply(actor=OWNER, answer="14"))
    assert (await case.view()).promised_at == told  # the pause lasted no day


async def test_a_pause_is_refused_for_a_reason_a_step_or_a_role_that_the_standard_does_not_name(office: Office) -> None:
    case = await office.forward()
    with pytest.raises(CaseRefused, match="no pause for tea; it has awaiting_requester"):
        await case.act(Pause(actor=OFFICER, reason="tea"))
    with pytest.raises(CaseRefused, match="is for owner_act; running: check_forward"):
        await case.act(Pause(actor=OFFICER, reason="awaiting_requester"))
    with pytest.raises(CaseRefused, match="not requester"):
        await case.act(Pause(actor=CITIZEN, reason="force_majeure"))
    with pytest.raises(CaseRefused, match="no clock stands still"):
        await case.act(Resume(actor=OFFICER))


async def test_a_step_may_be_extended_while_it_stands_still(office: Office) -> None:
    case = await with_owner(office)
    await case.act(Pause(actor=OWNER, reason="awaiting_requester"))
    await case.act(Extend(actor=HEAD, step="owner_act", by=5, reason="รอผลตรวจ"))
    await case.act(Resume(actor=OWNER))
    view = await case.view()
    assert view.clocks[-1].due_at == CLOCK.plan("forward", "owner_act", view.clocks[-1].ledger).due_at
    assert view.clocks[-1].limit == "35 working days"
    assert view.promised_at == view.clocks[-1].due_at


async def test_at_the_counter_a_system_that_is_down_starts_the_limit_anew(office: Office) -> None:
    case = await office.information()
    await case.act(StartService(actor=OFFICER, officer=SOMYING))
    started = (await case.view()).clocks[0]
    await case.act(Pause(actor=OFFICER, reason="system_down"))
    await case.pass_time(timedelta(minutes=30))
    await case.act(Resume(actor=OFFICER))
    view = await case.view()
    [entry] = view.clocks[0].ledger.pauses
    assert entry.ended is not None
    assert view.clocks[0].due_at == CLOCK.plan("information_request", "provide", entry.ended).due_at
    assert view.clocks[0].started_at == started.started_at
    assert view.promised_at is not None
