"""Changes of running clocks, case by case: other ladders, nights, what stops in a pause, calendars that cannot be counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import Worker

from casework.adapters.notify.smtp import SmtpNotifier
from casework.adapters.postgres.records import PostgresRecords
from casework.plugin import CaseworkPlugin
from casework.standards.counting.calendar_rules import AddedHoliday, CalendarChange, ChangeKind, RemovedHoliday, calendar_for
from casework.standards.counting.ledger import ExtensionEntry, Ledger
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.limits import Action, OutsideHours, Unit
from casework.standards.pack.loader import PackError, StandardsLibrary, default_pack, parse_pack
from casework.standards.pack.model import ServiceStandards
from casework.starter.client import CaseClient
from casework.starter.recounting import Recounting, under_version
from casework.workflows.case.clock import Clock
from casework.workflows.messages.commands import ChangeStandard, Pause, Recount, Settle, Withdraw
from casework.workflows.messages.forward import AssignToOwner, ForwardApplication
from tests.line import Line
from tests.mailbox import Mailbox
from tests.office import CITIZEN, COMPLAINTS, OFFICER, OWNER, Office
from tests.test_clock_machine import ACTOR, OFFICES, ClockMachine
from tests.test_scenarios import PACK_TEXT

CLOCK = PackCalculator(default_pack())
START = datetime.fromisoformat("2026-03-02T11:00:00+07:00")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+07:00")


def with_ladder(*rungs: str) -> ServiceStandards:
    """The default pack with another ladder for owners."""
    begins, ends = PACK_TEXT.index("  owner_30wd:\n") + len("  owner_30wd:\n"), PACK_TEXT.index("  letters:  ")
    return parse_pack(PACK_TEXT[:begins] + "".join(f"    - {rung}\n" for rung in rungs) + PACK_TEXT[ends:], "other")


CHASE = "{at: {n: 15, unit: working_day}, do: chase, to: [owner_agency]}"
BREACH = "{at: due, do: breach, to: [owner_director]}"
AGAIN = "{at: {due_plus: 7, unit: calendar_day}, repeat_every: {n: 7, unit: calendar_day}, do: escalate, to: [deputy_permanent_secretary]}"


def played(pack: ServiceStandards, now: datetime) -> Clock:
    """An owner's clock whose rungs up to now have fired."""
    clock = Clock.planned(PackCalculator(pack).plan("forward", "owner_act", Ledger(started_at=START)))
    for rung in list(clock.rungs):
        if rung.at <= now:
            clock.mark_fired(rung)
            clock.breached_at = clock.breached_at or (rung.at if rung.action is Action.BREACH else None)
    return clock


def moved(clock: Clock, pack: ServiceStandards, now: datetime) -> dict[str, datetime]:
    plan = PackCalculator(pack).of("forward").replan("owner_act", clock.ledger, clock.due_at, now)
    clock.other_ladder(plan, now)
    clock.replan(plan, now)
    return {f"{rung.action.value} {' '.join(rung.to)}": rung.at for rung in clock.rungs}


def test_a_breach_comes_although_the_new_ladder_has_fewer_rungs_before_it() -> None:
    now = at("2026-04-13 10:00")  # two chases and an escalation have fired
    ahead = moved(played(default_pack(), now), with_ladder(CHASE, BREACH), now)
    assert ahead["breach owner_director"] == at("2026-04-20 16:30")
    assert "chase owner_agency" not in ahead


def test_a_chase_that_was_made_is_not_made_again_under_a_ladder_that_has_it_later() -> None:
    now = at("2026-03-25 10:00")
    later = CHASE.replace("n: 15", "n: 20")
    ahead = moved(played(default_pack(), now), with_ladder(later, BREACH), now)
    assert "chase owner_agency" not in ahead


def test_what_a_new_ladder_asks_for_in_the_past_was_never_asked_for() -> None:
    now = at("2026-03-20 10:00")
    early = "{at: {n: 5, unit: working_day}, do: warn, to: [complaint_centre]}"
    ahead = moved(played(default_pack(), now), with_ladder(early, CHASE, BREACH), now)
    assert set(ahead) == {"chase owner_agency", "breach owner_director", "progress requester"}


def test_an_overdue_case_moved_to_another_version_goes_on_repeating() -> None:
    pack, now = with_ladder(CHASE, BREACH, AGAIN), at("2026-05-06 10:00")
    clock = played(pack, now)
    assert [rung.key for rung in clock.rungs] == []
    plan = PackCalculator(pack).of("forward").replan("owner_act", clock.ledger, clock.due_at, now)
    clock.other_ladder(plan, now)
    [base] = [rung for rung in plan.rungs if rung.repeat_every]
    assert base.key in clock.fired
    again = PackCalculator(pack).of("forward").repeat("owner_act", clock.last_repeat(base), plan.due_at, now)
    clock.replan(plan, now, [again])
    assert [rung.at for rung in clock.rungs] == [at("2026-05-11 16:30")]
    assert clock.breached_at


def test_days_of_a_region_stand_above_those_of_the_country_whichever_came_later() -> None:
    rules = default_pack().calendar
    day = date(2026, 11, 6)
    both = rules.model_copy(
        update={
            "regions": {"CNX": "north"},
            "holidays": rules.holidays.model_copy(
                update={"add": [AddedHoliday(date=day, name_th="อุทกภัย", region="north")], "remove": [RemovedHoliday(date=day)]}
            ),
        }
    )
    assert [each.date for each in calendar_for(both, "CNX", []).holidays.add] == [day]
    assert calendar_for(both, "JSC", []).holidays.add == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("  breaks: []", "  breaks: []\n  special_days: [{date: 2026-11-06, name_th: ก, hours: [{open: '08:30', close: '12:00'}, {open: '11:00', close: '16:30'}]}]", "overlap"),
        ("  breaks: []", "  breaks: [{from: '12:00', to: '13:00'}]\n  special_days: [{date: 2026-11-06, name_th: ก, hours: [{open: '12:00', close: '13:00'}]}]", "leave no opening hours"),
        ("    add: []", "    add: [{date: 2026-11-06, name_th: ก, region: nroth}]", "no centre is in the region nroth"),
    ],
)  # fmt: skip
def test_a_calendar_that_cannot_be_counted_on_is_refused_before_a_case_is(before: str, after: str, said: str) -> None:
    assert before in PACK_TEXT
    with pytest.raises(PackError, match=said):
        parse_pack(PACK_TEXT.replace(before, after, 1), "calendar")


@pytest.fixture
def machine() -> Iterator[ClockMachine]:
    """An owner's clock, 2 March to 20 April 2026, driven without a server."""
    machine = ClockMachine()
    machine.open(OFFICES[0], "owner_act", datetime(2026, 3, 2, tzinfo=UTC), 240, {1})  # 11:00; the 3rd is a holiday
    yield machine
    machine.teardown()


def recount(machine: ClockMachine, day: date, kind: ChangeKind, name: str = "หยุด") -> None:
    revision = len(machine.changes.made) + 1
    machine.changes.made.append(
        CalendarChange(
            standard="moe-jsc", date=day, kind=kind, reason="มติ", by="x", revision=revision, at=machine.now, name_th=name
        )
    )
    machine.run(machine.follower.recount(Recount(actor=ACTOR, revision=revision)))


def test_a_rung_brought_forward_at_night_waits_for_the_morning_and_is_not_called_late(machine: ClockMachine) -> None:
    chase = next(rung for rung in machine.clock.rungs if rung.action is Action.CHASE)
    machine.time_passes((chase.at - machine.now) // timedelta(minutes=1) - 18 * 60)  # 22:30 the night before
    recount(machine, date(2026, 3, 3), ChangeKind.WITHDRAWN)
    moved_to = next(rung for rung in machine.clock.rungs if rung.key == chase.key)
    assert moved_to.brought_forward
    machine.time_passes(60)
    assert machine.count_fired() == 1, "the progress notice of day 10 only; nobody is chased at night"
    machine.time_passes(10 * 60)
    [chased] = [event for event in machine.file.events if event.type == "chased"]
    assert chased.at.astimezone(machine.slow.zone).strftime("%H:%M") == "08:30"
    assert "late" not in chased.data


def test_what_a_ladder_skips_outside_hours_is_recorded_as_skipped(machine: ClockMachine) -> None:
    machine.clock.rungs = [
        rung.model_copy(update={"outside_hours": OutsideHours.SKIP}) if rung.action is Action.CHASE else rung
        for rung in machine.clock.rungs
    ]
    chase = next(rung for rung in machine.clock.rungs if rung.action is Action.CHASE)
    machine.now = chase.at + timedelta(hours=10)  # nobody was there; it is night
    machine.timekeeper.catch_up()
    assert [event.type for event in machine.file.events if event.data.get("rung") == chase.key] == ["rung_skipped"]


def test_a_rung_that_waits_for_the_morning_goes_on_waiting_when_the_calendar_changes(machine: ClockMachine) -> None:
    chase = next(rung for rung in machine.clock.rungs if rung.action is Action.CHASE)
    machine.now = chase.at + timedelta(hours=10)
    machine.timekeeper.catch_up()
    recount(machine, date(2026, 4, 10), ChangeKind.HOLIDAY)
    machine.time_passes(12 * 60)
    [chased] = [event for event in machine.file.events if event.type == "chased"]
    assert chased.data["late"] is True
    assert chased.data["planned_at"] == chase.at.isoformat()


def test_requesters_are_told_what_changed_since_not_everything_that_ever_did(machine: ClockMachine) -> None:
    recount(machine, date(2026, 3, 10), ChangeKind.HOLIDAY, "แรก")
    recount(machine, date(2026, 3, 11), ChangeKind.HOLIDAY, "สอง")
    said = [event.data["because"] for event in machine.file.events if event.type == "calendar_changed"]
    assert said == ["แรก", "สอง"]


async def test_what_stops_in_a_pause_is_counted_as_it_was(office: Office) -> None:
    case = await office.forward()
    await case.act(ForwardApplication(actor=OFFICER))
    await case.act(AssignToOwner(actor=COMPLAINTS, agency="DOEB"))
    before = await case.view()
    await case.act(Pause(actor=OWNER, reason="awaiting_requester"))
    await case.act(Settle(actor=OWNER, terms="ตกลงกันได้"))
    view = await case.handle.wait(lambda view: view.stage == "closed")
    owner = next(clock for clock in view.clocks if clock.step == "owner_act")
    assert owner.due_at == before.clocks[-1].due_at
    assert view.promised_at == before.promised_at
    assert owner.due_at == CLOCK.plan("forward", "owner_act", owner.ledger).due_at


@pytest.mark.xdist_group("cli")
def test_cases_are_moved_to_another_version_only_when_a_worker_serves_it(casework: Line, tmp_path: Path) -> None:
    request = {
        "centre": "JSC",
        "request_id": uuid4().hex,
        "requester": {"name": "ก", "citizen_id": "1101700230708"},
        "subject": "ก",
    }
    case = casework("open", "forward", stdin={**request, "documents": [{"name": "คำขอ"}]}).strip()
    casework("do", case, "forward_application", "--as", "somying:centre_officer:JSC")
    old, new = tmp_path / "old.yaml", tmp_path / "new.yaml"
    old.write_text(PACK_TEXT, encoding="utf-8")
    text = PACK_TEXT.replace('version: "2569.1"', 'version: "2570.1"').replace(
        "limit: {n: 30, unit: working_day}", "limit: {n: 25, unit: working_day}"
    )
    new.write_text(text, encoding="utf-8")
    packs = f"{old}:{new}"
    words = ["standards", "migrate", "moe-jsc@2569.1", "moe-jsc@2570.1", "--service", "forward"]
    lines = [json.loads(line) for line in casework(*words, "--json", CASEWORK_PACKS=packs).splitlines()]
    [mine] = [line for line in lines if line["case_id"] == case]
    assert {move["step"] for move in mine["moves"]} == {"owner_act", "promise"}
    for _ in range(2):  # the second run is not answered with what the first one heard
        said = casework(*words, "--apply", exit_code=3, CASEWORK_PACKS=packs)
        assert "does not fit moe-jsc 2570.1" in said
        assert "could not follow" in said
    assert json.loads(casework("show", case, "--json"))["standard_version"] == "2569.1"
    assert "is not loaded" in casework("standards", "migrate", "moe-jsc@2569.1", "moe-jsc@9", exit_code=2, CASEWORK_PACKS=packs)
    assert "ID@VERSION" in casework("standards", "migrate", "moe-jsc", "moe-jsc@2570.1", exit_code=2, CASEWORK_PACKS=packs)


def test_a_pending_chase_excuses_one_rung_of_another_ladder_not_all_that_say_the_same() -> None:
    now = at("2026-03-20 10:00")  # the chase of day 15 is still to come
    early = [CHASE.replace("n: 15", f"n: {n}") for n in (3, 6)]
    pack = with_ladder(*early, CHASE, BREACH)
    clock = played(default_pack(), now)
    plan = PackCalculator(pack).of("forward").replan("owner_act", clock.ledger, clock.due_at, now)
    clock.other_ladder(plan, now)
    clock.replan(plan, now)
    assert [rung.at for rung in clock.rungs if rung.action is Action.CHASE] == [at("2026-03-24 16:30")]


def test_a_rung_that_waits_is_planned_anew_when_an_extension_puts_it_ahead() -> None:
    warn = "{at: {before_due: 5, unit: working_day}, do: warn, to: [complaint_centre]}"
    pack = with_ladder(warn, BREACH)
    now = at("2026-04-09 22:00")
    clock = played(pack, at("2026-04-01 10:00"))
    clock.rungs = [
        rung.model_copy(update={"at": at("2026-04-10 08:30"), "waited_since": rung.at}) if rung.action is Action.WARN else rung
        for rung in clock.rungs
    ]
    given = ExtensionEntry(at=now, n=15, unit=Unit.WORKING_DAY, by="x", reason="ข")
    plan = PackCalculator(pack).plan("forward", "owner_act", clock.ledger.model_copy(update={"extensions": [given]}), now)
    clock.next_round(plan, now)
    clock.replan(plan, now)
    assert [rung.at for rung in clock.rungs if rung.action is Action.WARN] == [
        rung.at for rung in plan.rungs if rung.action is Action.WARN
    ]


def test_what_put_up_its_own_repeat_while_the_plan_was_asked_for_keeps_it() -> None:
    pack, now = with_ladder(CHASE, BREACH, AGAIN), at("2026-04-27 16:31")
    clock = played(pack, at("2026-04-27 16:00"))
    plan = PackCalculator(pack).plan("forward", "owner_act", clock.ledger, now)
    base = next(rung for rung in clock.rungs if rung.repeat_every)
    again = PackCalculator(pack).of("forward").repeat("owner_act", base, clock.due_at, now)
    clock.rungs.append(again)
    clock.mark_fired(base)
    clock.replan(plan, now, [])
    assert [rung.key for rung in clock.rungs] == [again.key]


async def test_open_cases_are_looked_at_and_then_moved_to_another_version(
    temporal: WorkflowEnvironment, records: PostgresRecords, mailbox: Mailbox
) -> None:
    old = default_pack().model_copy(update={"id": f"moved-{uuid4().hex[:6]}"})
    text = PACK_TEXT.replace("limit: {n: 30, unit: working_day}", "limit: {n: 25, unit: working_day}")
    new = parse_pack(text, "new").model_copy(update={"id": old.id, "version": "2570.1", "effective_from": date(2399, 1, 1)})
    library = StandardsLibrary([old, new])
    config = temporal.client.config()
    config["plugins"] = [CaseworkPlugin(library, records, SmtpNotifier(mailbox.url, "casework@jsc.example"))]
    office = Office(temporal, records, mailbox)
    office.client = CaseClient(temporal.client, old.id)
    async with Worker(type(temporal.client)(**config), task_queue=old.id):
        free, paused = await office.forward(), await office.forward()
        for case in (free, paused):
            await case.act(ForwardApplication(actor=OFFICER))
        await paused.act(Pause(actor=OWNER, reason="awaiting_requester"))

        def recounting() -> Recounting:
            counted = under_version(library, [], (old.id, old.version), (new.id, new.version), None)
            return Recounting(office.client, records, old.id, counted, every=True)

        found = {each.case_id: each async for each in recounting().moving() if each}
        assert {move.step for move in found[free.case_id].moves} == {"owner_act", "promise"}
        assert "stand still" in str(found[paused.case_id].problem)
        assert (await free.view()).standard_version == old.version, "looking changes nothing"
        message = ChangeStandard(
            actor=OFFICER,
            from_id=old.id,
            from_version=old.version,
            standard_id=new.id,
            standard_version=new.version,
            reason="ใหม่",
        )
        told = [each async for each in recounting().apply(list(found.values()), message)]
        assert {each.case.case_id: bool(each.error) for each in told} == {free.case_id: False, paused.case_id: True}
        view = await free.view()
        assert (view.standard_version, view.clocks[-1].limit) == ("2570.1", "25 working days")
        assert view.clocks[-1].due_at == view.promised_at == found[free.case_id].moves[0].new
        left = [each async for each in recounting().moving() if each]
        assert [each.case_id for each in left] == [paused.case_id]
        for case in (free, paused):
            await case.act(Withdraw(actor=CITIZEN))
            await case.handle.result()


def test_the_end_of_a_pause_that_was_told_does_not_move_into_the_past() -> None:
    machine = ClockMachine()
    machine.open(OFFICES[0], "provide", datetime(2026, 12, 20, tzinfo=UTC), 27 * 60, {2})  # Monday 10:00; Tuesday is a holiday
    machine.pause(1)  # the system is down: one working day at most, so until Wednesday
    standing = machine.file.pause
    assert standing is not None
    told = standing.until
    machine.time_passes(2 * 24 * 60)
    recount(machine, date(2026, 12, 22), ChangeKind.WITHDRAWN)
    assert machine.file.pause is not None
    assert machine.file.pause.until == told == at("2026-12-23 16:30")
    machine.teardown()


def test_what_repeats_goes_on_after_a_pause_where_it_was(machine: ClockMachine) -> None:
    machine.the_due_time_comes(22 * 24 * 60)  # overdue for three weeks: the first and two repeats have fired
    before = [key for key in machine.clock.fired if key.startswith("owner_30wd/4")]
    assert before == ["owner_30wd/4", "owner_30wd/4#1", "owner_30wd/4#2"]
    machine.pause(0)
    machine.time_passes(10 * 24 * 60)
    machine.resume()
    [again] = machine.clock.rungs
    assert again.key == "owner_30wd/4#3"
    assert again.at == machine.slow_moment(again.key)
