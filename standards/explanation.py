"""A due time, shown day by day: what was counted, what was skipped and why.

    for entry in explain(clockwork, "forward", "owner_act", started_at).entries:
        print(entry.words("en"))

The totals agree with the due time that `Clockwork.plan` gives, to the minute; tests hold the two to each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from casework.standards.clock import Clockwork
from casework.standards.due_calculator import as_ledger
from casework.standards.due_counter import DueCounter
from casework.standards.ledger import ExtensionEntry, Ledger, PauseEntry
from casework.standards.limits import Frozen, Named, Unit
from casework.standards.plan import Plan
from casework.standards.thai_dates import format_day

DAY = timedelta(days=1)


class Why(StrEnum):
    """What a day was to a limit."""

    COUNTED = "counted"
    FIRST_DAY = "first_day"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    AFTER_HOURS = "after_hours"
    PAUSED = "paused"
    RESTARTED = "restarted"
    MOVED = "moved"
    KEPT = "kept"


class Entry(Frozen):
    """One day, or one part of it. `ordinal` is its number in a limit of days; `amount` the opening time of a limit of
    minutes that was used, or that a pause took."""

    day: date
    why: Why
    name: Named | None = None
    ordinal: int | None = None
    amount: timedelta | None = None
    closed: bool = False
    by: str | None = None
    extension: ExtensionEntry | None = None

    def words(self, language: Literal["th", "en"]) -> str:
        """The day in a line of Thai or English."""
        return f"{format_day(self.day, language)}  {self._reason(language)}"

    def _reason(self, language: Literal["th", "en"]) -> str:
        thai = language == "th"
        name = (self.name.th if thai else self.name.en) if self.name else ""
        amount = _length(self.amount, language) if self.amount is not None else ""
        if self.why is Why.COUNTED and self.amount is not None:
            return f"นับ {amount}" if thai else f"{amount} counted"
        if self.why is Why.COUNTED:
            closed = f" ({name or ('วันหยุด' if thai else 'closed day')})" if self.closed else ""
            return f"{f'นับเป็นวันที่ {self.ordinal}' if thai else f'day {self.ordinal}'}{closed}{self._extended(thai)}"
        if self.why is Why.PAUSED:
            took = f" {amount}" if amount else ""
            return f"หยุดนับ{took}: {name} (โดย {self.by})" if thai else f"paused{took}: {name} (by {self.by})"
        return {
            Why.FIRST_DAY: "วันแรก ไม่นับ" if thai else "first day, not counted",
            Why.WEEKEND: "วันหยุดประจำสัปดาห์ ไม่นับ" if thai else "weekend, not counted",
            Why.HOLIDAY: f"{name} ไม่นับ" if thai else f"{name}, not counted",
            Why.AFTER_HOURS: "นอกเวลาทำการ ไม่นับ" if thai else "after hours, not counted",
            Why.RESTARTED: f"เริ่มนับใหม่ หลังหยุดนับ: {name}" if thai else f"counted anew after a pause: {name}",
            Why.MOVED: "เลื่อนเป็นวันทำการถัดไป" if thai else "moved to the next working day",
            Why.KEPT: "คงกำหนดเดิมที่แจ้งไว้" if thai else "the date told before stands: a change came too late to bring it forward",
        }[self.why]

    def _extended(self, thai: bool) -> str:
        given = self.extension
        if given is None:
            return ""
        why = f"{given.by}: {given.reason}"
        return f" (ขยายเวลาโดย {why})" if thai else f" (extended by {why})"


class Explanation(Frozen):
    """A plan, the days it is made of, and the extensions that are part of it."""

    plan: Plan
    entries: list[Entry]
    extensions: list[ExtensionEntry] = []

    @property
    def counted_days(self) -> int:
        """How many days were counted."""
        return sum(entry.ordinal is not None for entry in self.entries)

    @property
    def counted_time(self) -> timedelta:
        """How much opening time was counted."""
        return sum((entry.amount for entry in self.entries if entry.amount and entry.why is Why.COUNTED), timedelta())

    def lines(self, language: Literal["th", "en"]) -> list[str]:
        """The whole account in Thai or English, a line for each day and each extension."""
        told = [entry.words(language) for entry in self.entries]
        for given in self.extensions if self.plan.limit.unit.seconds else []:
            day = format_day(given.at.astimezone(self.plan.due_at.tzinfo).date(), language)
            more = f"{given.n} {self.plan.limit.unit.value}"
            told.append(
                f"{day}  ขยายเวลา {more} โดย {given.by}: {given.reason}"
                if language == "th"
                else f"{day}  extended by {more} by {given.by}: {given.reason}"
            )
        return told


def explain(clockwork: Clockwork, service: str, step: str, run: Ledger | datetime) -> Explanation:
    """Count a step that started at `run` (aware), or that has this ledger, day by day.

    Raises what `Clockwork.plan` raises, and ValueError for a chain of limits in different units.
    """
    ledger = as_ledger(run)
    plan = clockwork.plan(service, step, ledger)
    if len({limit.unit for limit in clockwork.limits(service, step)}) > 1:
        raise ValueError(f"{step} chains limits of different units; explain {' and '.join(step.split('+'))} one by one")
    told = ledger.not_before is not None  # a date that stands although the count may come to an earlier one
    counted_to = clockwork.plan(service, step, ledger.model_copy(update={"not_before": None})).due_at if told else plan.due_at
    days = _Days(clockwork, ledger, plan, counted_to)
    if plan.limit.unit.seconds:
        entries = list(days.of_time())
    elif plan.limit.unit is Unit.WORKING_DAY:
        entries = [*days.until_receipt(), *days.working()]
    else:
        entries = [*days.until_receipt(), *days.calendar_days()]
    return Explanation(plan=plan, entries=[*days.before_restart(), *entries, *days.kept()], extensions=ledger.extensions)


class _Days:
    def __init__(self, clockwork: Clockwork, ledger: Ledger, plan: Plan, counted_to: datetime) -> None:
        self._counter: DueCounter = clockwork.counter(ledger)
        self._office = clockwork.calendar
        self._running = self._counter.running
        self._names = {reason: Named(th=rule.th, en=rule.en) for reason, rule in clockwork.pack.pauses.items()}
        self._ledger, self._plan = ledger, plan
        self._start = ledger.counted_from
        self._counted_to = counted_to

    def before_restart(self) -> Iterator[Entry]:
        """The pause after which the limit runs anew, if there was one."""
        for pause in self._ledger.pauses:
            if pause.then == "restart" and pause.end == self._start:
                yield Entry(day=self._local(pause.end), why=Why.RESTARTED, name=self._name(pause), by=pause.by)

    def until_receipt(self) -> Iterator[Entry]:
        """The days between what was received out of hours and the next opening, and the first day itself."""
        received = self._counter.receipt_date(self._start)
        opened = self._office.working_date(self._plan.effective_start)
        day = self._local(self._start)
        while day < opened:
            yield self._closed(day) or Entry(day=day, why=Why.AFTER_HOURS)
            day += DAY
        if received == opened:
            yield Entry(day=opened, why=Why.FIRST_DAY)

    def working(self) -> Iterator[Entry]:
        """The days of a limit of working days."""
        day, ordinal = self._counter.receipt_date(self._start), 0
        last = self._counter.date_of(self._counted_to)
        while day < last:
            day += DAY
            skipped = self._closed(day) or self._paused(day)
            if skipped:
                yield skipped
            else:
                ordinal += 1
                yield Entry(day=day, why=Why.COUNTED, ordinal=ordinal, extension=self._extension(ordinal))

    def calendar_days(self) -> Iterator[Entry]:
        """The days of a limit of calendar days or months, and those it is moved by."""
        day, ordinal = self._counter.receipt_date(self._start), 0
        end = self._counter.later(day, self._plan.limit)
        while day < end:
            day += DAY
            paused = self._paused(day)
            if paused:
                yield paused
                continue
            ordinal += 1
            yield Entry(
                day=day,
                why=Why.COUNTED,
                ordinal=ordinal,
                name=self._office.holiday(day),
                closed=not self._office.opens_on(day),
                extension=self._extension(ordinal),
            )
        last = self._counter.date_of(self._counted_to)
        while day < last:
            day += DAY
            yield self._closed(day) or self._paused(day) or Entry(day=day, why=Why.MOVED)

    def of_time(self) -> Iterator[Entry]:
        """The days of a limit of minutes."""
        day = self._local(self._start)
        last = self._local(self._counted_to)
        while day <= last:
            begin, end = self._office.midnight(day), self._office.midnight(day + DAY)
            begin, end = max(begin, self._start), min(end, self._counted_to)
            amount = self._running.working_time_between(begin, end)
            if amount:
                yield Entry(day=day, why=Why.COUNTED, amount=amount)
            took = [
                (p, self._office.working_time_between(max(begin, p.begun), min(end, p.end))) for p in self._ledger.counted_pauses
            ]
            for pause, lost in took:
                if lost:
                    yield Entry(day=day, why=Why.PAUSED, amount=lost, name=self._name(pause), by=pause.by)
            if not amount and not any(lost for _, lost in took):
                yield self._closed(day) or Entry(day=day, why=Why.AFTER_HOURS)
            day += DAY

    def kept(self) -> Iterator[Entry]:
        """The day of a due time that stands although the count comes to an earlier one."""
        if self._counted_to < self._plan.due_at:
            yield Entry(day=self._counter.date_of(self._plan.due_at), why=Why.KEPT)

    def _taken(self, begin: datetime, end: datetime) -> Iterator[tuple[PauseEntry, timedelta]]:
        """The opening time that pauses took between two moments."""
        for pause in self._ledger.counted_pauses:
            lost = self._office.working_time_between(max(begin, pause.begun), min(end, pause.end))
            if lost:
                yield pause, lost

    def _closed(self, day: date) -> Entry | None:
        holiday = self._office.holiday(day)
        if holiday:
            return Entry(day=day, why=Why.HOLIDAY, name=holiday, closed=True)
        return None if self._office.opens_on(day) else Entry(day=day, why=Why.WEEKEND, closed=True)

    def _paused(self, day: date) -> Entry | None:
        pause = self._running.pause_at_close(day)
        return Entry(day=day, why=Why.PAUSED, name=self._name(pause), by=pause.by) if pause else None

    def _extension(self, ordinal: int) -> ExtensionEntry | None:
        """The extension that a day belongs to: the last days of the limit, in the order they were given."""
        if self._plan.limit.unit is Unit.MONTH:
            return None
        passed = self._plan.limit.n - self._ledger.extended_by
        for given in self._ledger.extensions:
            if passed < ordinal <= passed + given.n:
                return given
            passed += given.n
        return None

    def _name(self, pause: PauseEntry) -> Named:
        return self._names.get(pause.reason) or Named(th=pause.reason, en=pause.reason)

    def _local(self, at: datetime) -> date:
        return at.astimezone(self._office.zone).date()


def _length(amount: timedelta, language: Literal["th", "en"]) -> str:
    minutes = f"{amount.total_seconds() / 60:g}"
    return f"{minutes} นาที" if language == "th" else f"{minutes} min"
