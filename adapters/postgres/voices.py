"""The voice of the customer in the records: what was said, what was answered, and the search for it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from casework.adapters.postgres.records import PostgresRecords

ADD = """
INSERT INTO casework.voices (kind, life_stage, centre, service, channel, segment, stakeholder, case_id, words, at, entered_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING voice_id
"""
ANSWER = """
INSERT INTO casework.voice_answers (voice_id, words, answered_at, answered_by)
SELECT voice_id, $2, $3, $4 FROM casework.voices
WHERE voice_id = $1 AND kind = 'question' AND at <= $3 ON CONFLICT DO NOTHING RETURNING voice_id
"""
SEARCH = """
SELECT v.voice, v.kind, v.life_stage, v.centre, v.service, v.channel, v.segment, v.stakeholder, v.at, v.words, v.answer,
       v.answered_at, n.case_no, c.requester->>'name' AS name
FROM casework.voices_in_words v LEFT JOIN casework.cases c USING (case_id) LEFT JOIN casework.case_numbers n USING (case_id)
WHERE ($1::text IS NULL OR v.words ILIKE $1 OR v.answer ILIKE $1) AND ($2::text IS NULL OR v.kind = $2)
  AND ($3::text[] IS NULL OR v.words ILIKE ANY ($3)) AND ($4::text IS NULL OR v.centre = $4)
  AND ($5::timestamptz IS NULL OR v.at >= $5) AND ($6::timestamptz IS NULL OR v.at < $6)
  AND ($7::text IS NULL OR v.service = $7) AND (NOT $8 OR v.kind = 'question' AND v.answered_at IS NULL)
ORDER BY v.at DESC, v.voice LIMIT $9
"""
CASE = "SELECT c.case_id, c.service, c.centre, c.segment, c.concluded_at FROM casework.cases c WHERE c.case_id = $1"
THEME = """
SELECT count(*) AS n, count(*) FILTER (WHERE words ILIKE ANY ($4)) AS found
FROM casework.voices_in_words WHERE at >= $1 AND at < $2 AND ($3::text IS NULL OR centre = $3)
  AND kind IN ('dissatisfaction', 'complaint', 'comment')
"""


class NewVoice(NamedTuple):
    """Something that somebody said. `at` is when (aware)."""

    kind: str
    life_stage: str
    centre: str
    service: str | None
    channel: str
    segment: str
    stakeholder: str
    case_id: str | None
    words: str
    at: datetime
    entered_by: str


class PostgresVoices:
    """Voices beside the cases."""

    def __init__(self, records: PostgresRecords) -> None:
        self._records = records

    async def add(self, voice: NewVoice) -> int:
        """Enter what was said; its number."""
        return int((await self._records.rows(ADD, *voice))[0]["voice_id"])

    async def answer(self, number: int, words: str, at: datetime, by: str) -> bool:
        """Enter the answer to a question; False if there is no such question asked before then, or it was answered."""
        return bool(await self._records.rows(ANSWER, number, words, at, by))

    async def search(
        self,
        text: str | None = None,
        kind: str | None = None,
        words: Sequence[str] | None = None,
        centre: str | None = None,
        begins: datetime | None = None,
        ends: datetime | None = None,
        service: str | None = None,
        unanswered: bool = False,
        limit: int = 100,
    ) -> list[dict[str, Any]]:
        """What was said, newest first; `text` stands in it, or one of `words`."""
        any_of = [_like(word) for word in words] if words is not None else None
        like = _like(text) if text else None
        rows = await self._records.rows(SEARCH, like, kind, any_of, centre, begins, ends, service, unanswered, limit)
        return [dict(row) for row in rows]

    async def theme(self, begins: datetime, ends: datetime, centre: str | None, words: Sequence[str]) -> tuple[int, int]:
        """In how many of how many critical voices of a period one of these words stands."""
        [row] = await self._records.rows(THEME, begins, ends, centre, [_like(word) for word in words])
        return row["found"], row["n"]

    async def case(self, case_id: str) -> dict[str, Any] | None:
        """What a voice takes from the case it is about."""
        rows = await self._records.rows(CASE, case_id)
        return dict(rows[0]) if rows else None


def _like(text: str) -> str:
    """A pattern that finds a text as it is written."""
    return "%" + text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
