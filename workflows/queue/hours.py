"""The hours of a queue's day: when it ends, who has waited too long, when something is due next."""

from __future__ import annotations

from datetime import date, datetime, timedelta, tzinfo

from casework.workflows.queue.file import QueueFile
from casework.workflows.queue.line import Ticket
from casework.workflows.queue.ports import QueueTerms


class Hours:
    """Looks at the file of a queue whose terms are known, and at a moment."""

    def __init__(self, file: QueueFile) -> None:
        self._file = file

    @property
    def terms(self) -> QueueTerms:
        """The rules of the day."""
        assert self._file.terms is not None, "only asked once the queue is open"
        return self._file.terms

    @property
    def zone(self) -> tzinfo:
        """The office's."""
        return self.terms.zone

    @property
    def patience(self) -> timedelta:
        """How long people may wait before somebody is told."""
        return timedelta(minutes=self.terms.rules.wait_warn_minutes)

    @property
    def ends(self) -> datetime:
        """When nobody is called any more."""
        return self.terms.ends_at or self.midnight(0) - timedelta(minutes=1)

    def midnight(self, days: int) -> datetime:
        """The end of the queue's day, or of so many days after it; -1 is its beginning."""
        day = date.fromisoformat(self._file.start.day) + timedelta(days=days + 1)
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def has_ended(self, now: datetime) -> bool:
        """Whether nobody is called any more."""
        return now >= self.ends

    @property
    def counter_opens(self) -> datetime:
        """When the first ticket may be taken; at midnight where the day is closed, as far as is known."""
        opens = self.terms.opens_at
        return opens - timedelta(minutes=self.terms.rules.opens_before_minutes) if opens else self.midnight(-1)

    def waits_since(self, ticket: Ticket) -> datetime:
        """Since when their patience is tried: not before the doors open, nor while they were served."""
        return max(ticket.waits_since, self.terms.opens_at or ticket.waits_since)

    def waiting_too_long(self, now: datetime) -> list[Ticket]:
        """Who has waited too long, and the supervisor does not know."""
        waiting = self._file.line.waiting()
        return [each for each in waiting if not each.warned and now - self.waits_since(each) >= self.patience]

    def next_moment(self) -> datetime:
        """When somebody will have waited too long, the supervisor is told again, or the day ends."""
        file, waiting = self._file, self._file.line.waiting()
        due = [self.waits_since(each) + self.patience for each in waiting if not each.warned]
        again = [file.told_at + self.patience] if file.told_at and any(each.warned for each in waiting) else []
        return min([*due, *again, self.ends])

    def carries_over(self, now: datetime) -> bool:
        """Whether places are kept for the next day: not when that has passed too, and nobody was there to end this one."""
        kept = self.terms.rules.day_end == "carried_over" and self.terms.opens_next is not None
        return kept and now.astimezone(self.zone).date().isoformat() <= self.next_day()

    def next_day(self) -> str:
        """The next day on which the centre is open, ISO 8601."""
        assert self.terms.opens_next is not None
        return self.terms.opens_next.astimezone(self.zone).date().isoformat()
