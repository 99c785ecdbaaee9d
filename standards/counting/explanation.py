"""A due time, shown day by day: what was counted, what was skipped and why.

    for entry in explain(calculator, "forward", "owner_act", started_at).entries:
        print(entry.words("en"))

The totals agree with the due time that `PackCalculator.plan` gives, to the minute; tests hold the two to each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal

from casework.standards.counting.due_calculator import ChainLink, as_ledger
from casework.standards.counting.due_counter import DueCounter
from casework.standards.counting.ledger import ExtensionEntry, Ledger, PauseEntry
from casework.standards.counting.opening_times import DAY
from casework.standards.counting.pack_calculator import PackCalculator
from casework.standards.counting.plan import Plan
from casework.standards.counting.wall_clock import never_was
from casework.standards.limits import Frozen, Named, Unit
from casework.standards.thai_dates import format_day


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
    RECEIVED = "received"
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
    predicted: bool = False  # after the day through which the holidays are verified: it may still turn out otherwise
    by: str | None = None
    extension: ExtensionEntry | None = None

    def words(self, language: Literal["th", "en"]) -> str:
        """The day in a line of Thai or English."""
        unsure = (" (คาดการณ์)" if language == "th" else " (predicted)") if self.predicted else ""
        return f"{format_day(self.day, language)}  {self._reason(language)}{unsure}"

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
            Why.RECEIVED: "วันรับเรื่อง ไม่นับ" if thai else "received by the next, not counted",
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


def explain(calculator: PackCalculator, service: str, step: str, run: Ledger | datetime) -> Explanation:
    """Count a step that started at `run` (aware), or that has this ledger, day by day. Raises what `plan` does."""
    ledger = as_ledger(run)
    plan = calculator.plan(service, step, ledger)
    days = _Days(calculator, ledger, plan)
    entries: list[Entry] = []
    before: ChainLink | None = None
    for link in calculator.of(service).links(step, ledger):
        entries += days.of_link(link, before, entries)
        before = link
    assert before is not None, "a plan has a limit"
    return Explanation(
        plan=plan, entries=[*days.before_restart(), *entries, *days.kept(before.due_at)], extensions=ledger.extensions
    )


class _Days:
    def __init__(self, calculator: PackCalculator, ledger: Ledger, plan: Plan) -> None:
        self._counter: DueCounter = calculator.counter(ledger)
        self._office = calculator.calendar
        self._running = self._counter.running
        self._names = {reason: Named(th=rule.th, en=rule.en) for reason, rule in calculator.pack.pauses.items()}
        self._ledger, self._plan = ledger, plan
        self._verified = calculator.pack.calendar.holidays.verified_through
        self._start, self._pauses = ledger.counted_from, ledger.counted_pauses

    def of_link(self, link: ChainLink, before: ChainLink | None, told: list[Entry]) -> Iterator[Entry]:
        """The days of one limit of a chain: what comes after another one is received on its due date, or on the working day
        after that."""
        if link.limit.unit.seconds:
            through = before is not None and before.limit.unit.seconds
            start = self._start if before is None else before.due_at if through else self._office.close_of(link.received)
            yield from self.of_time(start, link.due_at)
            return
        if before is None:
            yield from self.until_receipt()
        else:
            day = self._counter.date_of(before.due_at)
            while day < link.received:
                day += DAY
                yield self._closed(day) or Entry(day=day, why=Why.RECEIVED)
        same = before is not None and before.limit.unit is link.limit.unit
        ordinal = max((entry.ordinal or 0 for entry in told), default=0) if same else 0
        extended = self._extended_days(link) if before is None else {}
        days = self.working(link) if link.limit.unit is Unit.WORKING_DAY else self.calendar_days(link)
        for entry in days:
            if entry.why is Why.COUNTED:
                ordinal += 1
                yield entry.model_copy(update={"ordinal": ordinal, "extension": extended.get(ordinal)})
            else:
                yield entry

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

    def working(self, link: ChainLink) -> Iterator[Entry]:
        """The days of a limit of working days."""
        day, last = link.received, self._counter.date_of(link.due_at)
        while day < last:
            day += DAY
            counted = Entry(day=day, why=Why.COUNTED, predicted=self._predicted(day))
            yield self._closed(day) or self._paused(day) or counted

    def calendar_days(self, link: ChainLink) -> Iterator[Entry]:
        """The days of a limit of calendar days or months, and those it is moved by."""
        day, end = link.received, self._counter.later(link.received, link.limit)
        while day < end:
            day += DAY
            if never_was(self._office.zone, day):
                continue
            closed = not self._office.opens_on(day)
            yield self._paused(day) or Entry(day=day, why=Why.COUNTED, name=self._office.holiday(day), closed=closed)
        last = self._counter.date_of(link.due_at)
        while day < last:
            day += DAY
            yield self._closed(day) or self._paused(day) or Entry(day=day, why=Why.MOVED)

    def of_time(self, start: datetime, due_at: datetime) -> Iterator[Entry]:
        """The days of a limit of minutes."""
        day, last = self._office.date_of(start), self._office.date_of(due_at)
        while day <= last:
            begin, end = self._office.midnight(day), self._office.midnight(day + DAY)
            begin, end = max(begin, start), min(end, due_at)
            amount = self._running.working_time_between(begin, end)
            if amount:
                yield Entry(day=day, why=Why.COUNTED, amount=amount)
            took = list(self._taken(begin, end))
            for pause, lost in took:
                yield Entry(day=day, why=Why.PAUSED, amount=lost, name=self._name(pause), by=pause.by)
            if not amount and not took:
                yield self._closed(day) or Entry(day=day, why=Why.AFTER_HOURS)
            day += DAY

    def kept(self, counted_to: datetime) -> Iterator[Entry]:
        """The day of a due time that stands although the count comes to an earlier one."""
        if counted_to < self._plan.due_at:
            yield Entry(day=self._counter.date_of(self._plan.due_at), why=Why.KEPT)

    def _predicted(self, day: date) -> bool:
        """Whether the holidays of that time are not verified: the day may still become a holiday, or a working day."""
        return self._verified is not None and day > self._verified

    def _taken(self, begin: datetime, end: datetime) -> Iterator[tuple[PauseEntry, timedelta]]:
        """The opening time that pauses took between two moments."""
        for pause in self._pauses:
            if pause.begun >= end or pause.end <= begin:
                continue
            lost = self._office.working_time_between(max(begin, pause.begun), min(end, pause.end))
            if lost:
                yield pause, lost

    def _closed(self, day: date) -> Entry | None:
        holiday = self._office.holiday(day)
        if holiday:
            return Entry(day=day, why=Why.HOLIDAY, name=holiday, closed=True, predicted=self._predicted(day))
        return None if self._office.opens_on(day) else Entry(day=day, why=Why.WEEKEND, closed=True)

    def _paused(self, day: date) -> Entry | None:
        pause = self._running.pause_at_close(day)
        return Entry(day=day, why=Why.PAUSED, name=self._name(pause), by=pause.by) if pause else None

    def _extended_days(self, link: ChainLink) -> dict[int, ExtensionEntry]:
        """The extension that a day belongs to, by its number: the last days of the limit, in the order they were given."""
        if link.limit.unit is Unit.MONTH:
            return {}
        given = [extension for extension in self._ledger.extensions for _ in range(extension.n)]
        return dict(enumerate(given, link.limit.n - len(given) + 1))

    def _name(self, pause: PauseEntry) -> Named:
        return self._names.get(pause.reason) or Named(th=pause.reason, en=pause.reason)

    def _local(self, at: datetime) -> date:
        return self._office.date_of(at)


def _length(amount: timedelta, language: Literal["th", "en"]) -> str:
    minutes = f"{amount.total_seconds() / 60:g}"
    return f"{minutes} นาที" if language == "th" else f"{minutes} min"
