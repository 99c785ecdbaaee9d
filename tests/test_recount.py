"""Preview and change are one count: what the records keep of a clock comes to what the clock itself comes to."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from casework.standards.counting.calendar_rules import AddedHoliday
from casework.standards.counting.ledger import Ledger
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.limits import Action
from casework.standards.pack.loader import default_pack
from casework.workflows.case.clock import Clock
from casework.workflows.case.recount import as_kept, moved, replanned
from casework.workflows.messages.views import RunningClock

PACK = default_pack()
START = datetime.fromisoformat("2026-03-02T11:00:00+07:00")


def closed_too(*days: date) -> PackCalculator:
    """The default pack with more holidays."""
    holidays = PACK.calendar.holidays.model_copy(update={"add": [AddedHoliday(date=day, name_th="หยุด") for day in days]})
    return PackCalculator(PACK.model_copy(update={"calendar": PACK.calendar.model_copy(update={"holidays": holidays})}))


def lived_until(now: datetime, counted: PackCalculator) -> Clock:
    """An owner's clock whose rungs up to now have fired, with the next moment of the one that repeats."""
    calculator = counted.of("forward")
    clock = Clock.planned(calculator.plan("owner_act", Ledger(started_at=START), START))
    while (rung := min(clock.rungs, key=lambda rung: rung.at, default=None)) is not None and rung.at <= now:
        again = calculator.repeat("owner_act", rung, clock.due_at, rung.at) if rung.repeat_every else None
        clock.mark_fired(rung)
        clock.rungs += [again] if again else []
        clock.overdue = clock.overdue or rung.action is Action.BREACH
    return clock


@pytest.mark.parametrize("days", [1, 12, 20, 40, 52, 55, 70, 90, 150])
@pytest.mark.parametrize("closed", [(3, 20), (60,), (66, 73), (80, 87, 94), (400,)])
def test_the_preview_finds_what_the_case_finds(days: int, closed: tuple[int, ...]) -> None:
    now = START + timedelta(days=days)
    clock = lived_until(now, PackCalculator(PACK))
    kept = RunningClock(step=clock.step, due_at=clock.due_at, ledger=clock.ledger, rungs=clock.rungs)
    calculator = closed_too(*(START.date() + timedelta(days=n) for n in closed)).of("forward")
    seen = as_kept(calculator, kept, now)
    ahead, itself = replanned(calculator, seen, None, now), replanned(calculator, clock, None, now)
    assert (ahead.due_at, ahead.rungs) == (itself.due_at, itself.rungs)
    assert moved(seen, ahead) == moved(clock, itself)


def test_a_repeating_rung_that_moves_is_in_the_preview() -> None:
    clock = lived_until(START + timedelta(days=70), PackCalculator(PACK))
    [repeating] = [rung for rung in clock.rungs if rung.times]
    calculator = closed_too(repeating.at.date()).of("forward")
    kept = RunningClock(step=clock.step, due_at=clock.due_at, ledger=clock.ledger, rungs=clock.rungs)
    before = as_kept(calculator, kept, START + timedelta(days=70))
    after = replanned(calculator, before, None, START + timedelta(days=70))
    assert before.due_at == after.due_at
    assert moved(before, after)
