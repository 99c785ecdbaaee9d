"""A report: the figures of a period beside those of earlier ones and of others, with everything that is needed to read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from casework.adapters.postgres.records import PostgresRecords
from casework.adapters.postgres.voices import PostgresVoices
from casework.reports.figures import Extension, Figure, by_month, extensions, figures, theme
from casework.reports.peers import PeerFigure
from casework.reports.period import MONTHS, Period
from casework.standards.limits import Named
from casework.standards.pack.loader import StandardsLibrary, UnknownStandard
from casework.workflows.labels import LABELS

Language = Literal["th", "en"]
TREND = MONTHS  # months that the trend shows, the last of the period at its end
USUAL_SCALE = [1, 2, 3, 4, 5]


class Report(NamedTuple):
    """What is shown."""

    period: Period
    centre: Named | None  # None: all centres
    made_at: datetime
    figures: Sequence[Figure]
    before: Mapping[tuple[str, tuple[tuple[str, str], ...]], Figure]
    a_year_ago: Mapping[tuple[str, tuple[tuple[str, str], ...]], Figure]
    trend: Sequence[Figure]
    extensions: Sequence[Extension]
    peers: Sequence[PeerFigure]
    words: Mapping[str, Named]  # what people read instead of a service, step, unit, item, segment, channel

    def get(self, name: str, **by: str) -> Figure | None:
        """One figure; of everything, without `by`."""
        wanted = dict(by)
        return next((figure for figure in self.figures if figure.name == name and dict(figure.by) == wanted), None)

    def all(self, name: str, *kinds: str) -> list[Figure]:
        """The figures of this name that are of just these kinds."""
        return [figure for figure in self.figures if figure.name == name and {key for key, _ in figure.by} == set(kinds)]

    def word(self, key: str, language: Language) -> str:
        """What people read instead of a name."""
        named = self.words.get(key)
        return key if named is None else named.th if language == "th" else named.en


async def report(
    records: PostgresRecords,
    library: StandardsLibrary,
    period: Period,
    centre: str | None,
    made_at: datetime,
    words: Mapping[str, Named],
    peers: Sequence[PeerFigure] = (),
) -> Report:
    """Count a report. `words` are those of the processes; the pack's go before them."""
    pack = library.current()

    def scale_of(standard: str, version: str, segment: str) -> list[int]:
        try:
            return sorted(library.get(standard, version).satisfaction.survey(segment).scale)
        except UnknownStandard:  # a version that this machine does not have any more
            return USUAL_SCALE

    async def counted(span: Period) -> list[Figure]:
        voices = PostgresVoices(records)
        themes = [
            theme(name, *await voices.theme(span.begins, span.ends, centre, said.words))
            for name, said in pack.voices.themes.items()
        ]
        return [*await figures(records, span, centre, scale_of), *themes]

    now, before, a_year_ago = [await counted(span) for span in (period, period.before, period.a_year_ago)]
    last_year = Period("year", "", period.ends.replace(year=period.ends.year - 1), period.ends)
    asked = [pack.satisfaction.survey(segment) for segment in pack.segments]
    items = [item for survey in asked for item in (*survey.items, *survey.engagement)]
    said = {
        **{key: Named(th=th, en=en) for key, (th, en) in LABELS.items()},
        **words,
        **{name: Named(th=service.th, en=service.en) for name, service in pack.services.items()},
        **{code: Named(th=agency.th, en=agency.en) for code, agency in pack.agencies.items()},
        **{name: Named(th=each.th, en=each.en) for name, each in pack.voices.themes.items()},
        **{item.id: Named(th=item.th, en=item.en) for item in items},
        **pack.labels,
    }
    return Report(
        period,
        pack.centre(centre) if centre else None,
        made_at,
        now,
        {(figure.name, figure.by): figure for figure in before},
        {(figure.name, figure.by): figure for figure in a_year_ago},
        await by_month(records, last_year, centre),
        await extensions(records, period, centre),
        peers,
        said,
    )
