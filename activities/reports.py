"""Sends the half-yearly report: its first page in words, to whom the pack names."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

import structlog
from temporalio import activity

from casework.adapters.ports import Message, Notifier, UndeliverableError
from casework.adapters.postgres.records import PostgresRecords
from casework.reports.period import last_half
from casework.reports.report import report
from casework.reports.words import sentences
from casework.standards.limits import Named
from casework.standards.pack.loader import StandardsLibrary
from casework.workflows.half_yearly_report import ReportPort, ReportRound

log = structlog.get_logger()
SUBJECTS = {"th": "รายงานการให้บริการ", "en": "Service report"}
MORE = {"th": "ฉบับเต็ม: casework report --half {half} --pdf FILE", "en": "In full: casework report --half {half} --pdf FILE"}


class ReportActivities(ReportPort):
    """Counts in the records, sends through the notifier."""

    def __init__(
        self, library: StandardsLibrary, records: PostgresRecords, notifier: Notifier, words: Mapping[str, Named]
    ) -> None:
        """`words` are what people read instead of the names of the processes."""
        self._library, self._records, self._notifier, self._words = library, records, notifier, words

    @activity.defn(name="readers_of_report")
    async def readers_of_report(self, round_: ReportRound) -> list[str]:
        """The roles whom the pack names."""
        at = round_.at or datetime.now(UTC)
        return self._library.current(round_.standard, at.date()).reports.half_yearly

    @activity.defn(name="send_half_yearly_report")
    async def send_half_yearly_report(self, round_: ReportRound) -> bool:
        """Send the report of the half year that ended last to one role; False if nobody can be reached there."""
        at = round_.at or datetime.now(UTC)
        pack = self._library.current(round_.standard, at.date())
        role = str(round_.role)
        address = pack.contact(role, pack.organisation.centre.code)
        if address is None:
            return False
        half = last_half(at.astimezone(ZoneInfo(pack.calendar.timezone)))
        made = await report(self._records, self._library, half, None, at, self._words)
        said = [
            "\n".join([*sentences(made, language), MORE[language].format(half=half.said)])
            for language in dict.fromkeys([pack.display.language, pack.display.second_language])
            if language is not None
        ]
        key = sha256(f"{pack.id}/{half.said}/{role}".encode()).hexdigest()[:32]
        title = f"{SUBJECTS[pack.display.language]} {half.th if pack.display.language == 'th' else half.en}"
        try:
            await self._notifier.send(Message(key, role, {"email": address}, title, "\n\n".join(said)))
        except UndeliverableError as refused:
            log.error("the half-yearly report cannot be sent", to=role, error=str(refused))
            return False
        return True
