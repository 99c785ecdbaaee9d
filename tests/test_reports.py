"""Reports: totals are those that were counted by hand; silence is never satisfied; everything leads to its cases."""

from __future__ import annotations

import csv
import io
import os
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from temporalio.testing import WorkflowEnvironment

from casework.adapters.postgres.records import PostgresRecords
from casework.reports import show
from casework.reports.definitions import FIGURES
from casework.reports.figures import cases_behind
from casework.reports.peers import read_peers
from casework.reports.period import last_half, period
from casework.reports.plots import Plotter
from casework.reports.report import Report, report
from casework.reports.shares import share
from casework.reports.words import sentences
from casework.standards.pack.loader import StandardsLibrary, default_pack
from casework.starter.typesetting import Typesetter
from casework.stories.runner import StoryRunner
from casework.stories.story import read_story
from casework.workflows.messages.commands import Extend
from tests.month_by_hand import CENTRE, count, make
from tests.office import HEAD, Office
from tests.test_forward import forwarded

ZONE = ZoneInfo("Asia/Bangkok")
MARCH = period("month", "2026-03", ZONE)
LONG = Path(__file__).parent / "stories/long/a_month_of_400_cases.yaml"
CASES = 24


@pytest.fixture(scope="session")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short month; CASEWORK_LONG=1 plays the one of 400 cases."""
    if os.environ.get("CASEWORK_LONG"):
        return LONG
    file = tmp_path_factory.mktemp("month") / "month.yaml"
    file.write_text(make(CASES, 3), encoding="utf-8")
    return file


@pytest.fixture
async def made(temporal: WorkflowEnvironment, records: PostgresRecords, month: Path) -> Report:
    """The report of the month, played once."""
    if not await records.rows("SELECT 1 FROM casework.cases WHERE centre = $1 LIMIT 1", CENTRE):
        played = await StoryRunner(temporal, records).play(read_story(month), month.parent)
        assert [check for check in played.checks if not check.ok] == []
    return await report(records, StandardsLibrary([default_pack()]), MARCH, CENTRE, datetime.now(ZONE), {})


def seen(made: Report) -> dict[str, Any]:
    """The report in the words of who counted by hand."""
    found: dict[str, Any] = {}
    for figure in made.figures:
        of, n, value = dict(figure.by), figure.n, figure.value or 0
        where = f" / {of['service']}" if set(of) == {"service"} else ""
        if figure.name == "step_late" and set(of) == {"service", "step"}:
            found[f"step {of['step']} late"] = round(value * n)
        elif figure.name == "satisfied" and set(of) in ({"item"}, {"item", "segment"}):
            found[f"satisfied {of['item']}" + (f" / {of['segment']}" if "segment" in of else "")] = round(value * n)
            found[f"scores {of['item']}"] = n if "segment" not in of else found.get(f"scores {of['item']}")
        elif figure.name == "engaged":
            found |= {"engaged n": n, "engaged yes": round(value * n)}
        elif set(of) <= {"service"}:
            found[f"{figure.name}{where}"] = round(value * n) if FIGURES[figure.name].unit == "share" else round(value, 6)
    return found


async def test_the_report_of_a_month_is_what_was_counted_by_hand(made: Report, month: Path) -> None:
    expected, found = count(month), seen(made)
    assert {key: found.get(key, 0) for key in expected} == {
        key: value for key, value in expected.items() if not key.startswith("days")
    } | {key: pytest.approx(value, abs=1e-3) for key, value in expected.items() if key.startswith("days")}
    assert expected["received"] >= CASES


async def test_silence_is_never_satisfied(made: Report, month: Path) -> None:
    expected = count(month)
    overall = made.get("satisfied", item="overall")
    answered, silent = made.get("answered"), made.get("silent")
    assert overall is not None
    assert answered is not None
    assert silent is not None
    assert expected["silent"] > 0
    assert overall.n == expected["answered"]
    assert (answered.value or 0) + (silent.value or 0) == pytest.approx(1)


async def test_the_cases_behind_a_figure_are_as_many_as_it_says(made: Report, records: PostgresRecords) -> None:
    for name in ("received", "concluded", "late", "in_time", "open", "passed_on", "deficient", "asked", "answered", "silent"):
        figure = made.get(name)
        assert figure is not None
        behind = await cases_behind(records, name, MARCH, CENTRE, None, 1000)
        many = round((figure.value or 0) * figure.n) if FIGURES[name].unit == "share" else figure.value
        assert len({row["case_id"] for row in behind}) == many, name


async def test_every_figure_can_be_traced(records: PostgresRecords) -> None:
    for name in FIGURES:
        await cases_behind(records, name, MARCH, None, None, 10)


async def test_the_page_says_it_in_words_plots_and_tables_and_names_nobody(made: Report) -> None:
    for language in ("th", "en"):
        shown = show.said(made, language, Plotter().draw(made, language), "--month 2026-03")
        page = show.as_html(shown)
        assert all(line in page.replace("&#39;", "'").replace("&#34;", '"') for line in sentences(made, language))
        assert "ทันกำหนด แยกตามบริการ" in page if language == "th" else "In time, by service" in page
        assert page.count("<svg") >= 3
        assert "ผู้รับบริการ</" not in page
        assert "--cases in_time" in page
        assert [table["title"] for table in shown["tables"]]
    rows = list(csv.DictReader(io.StringIO(show.as_csv(made))))
    assert len(rows) == len(made.figures)


async def test_each_extension_is_named(office: Office) -> None:
    case = await forwarded(office)
    await case.act(Extend(actor=HEAD, step="owner_act", by=5, reason="รอผลตรวจ"))
    now = datetime.now(ZONE)
    made = await report(office.records, StandardsLibrary([default_pack()]), period("month", f"{now:%Y-%m}", ZONE), "JSC", now, {})
    [table] = [each for each in show.said(made, "en", {}, "")["tables"] if each["title"] == "Extensions, one by one"]
    number = (await case.view()).case_no
    [row] = [row for row in table["rows"] if row[0] == number]
    assert row[3] == "the head of the centre"
    assert row[4] < row[5]
    assert "รอผลตรวจ" not in " ".join(row)


async def test_the_pdf_has_the_thai_as_text(made: Report) -> None:
    shown = show.said(made, "th", Plotter().draw(made, "th", on_paper=True), "--month 2026-03")
    pdf = Typesetter().pdf(show.template_of_paper(), shown)
    assert pdf.startswith(b"%PDF")
    assert b"/ToUnicode" in pdf
    assert all("<text" not in plot["svg"] for plot in shown["plots"])


def test_periods_are_those_of_the_office() -> None:
    assert period("fiscal_year", "2570", ZONE)[2:] == (datetime(2026, 10, 1, tzinfo=ZONE), datetime(2027, 10, 1, tzinfo=ZONE))
    assert period("quarter", "2026-Q4", ZONE)[2:] == (datetime(2026, 10, 1, tzinfo=ZONE), datetime(2027, 1, 1, tzinfo=ZONE))
    assert period("half", "2026-H2", ZONE).before.begins == datetime(2026, 1, 1, tzinfo=ZONE)
    assert period("month", "2026-01", ZONE).before.begins == datetime(2025, 12, 1, tzinfo=ZONE)
    assert MARCH.a_year_ago.begins == datetime(2025, 3, 1, tzinfo=ZONE)
    assert last_half(datetime(2026, 7, 2, tzinfo=ZONE)).said == "2026-H1"
    assert last_half(datetime(2027, 1, 2, tzinfo=ZONE)).said == "2026-H2"
    assert (MARCH.th, period("half", "2026-H1", ZONE).en) == ("มีนาคม 2569", "January 2026 to June 2026")
    for kind, wrong in (("month", "2026-13"), ("quarter", "2026-5"), ("half", "2026"), ("year", "26")):
        with pytest.raises(ValueError, match="is said like"):
            period(kind, wrong, ZONE)


def test_an_interval_is_wilsons() -> None:
    # Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), table I, method 3
    for part, whole, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        found = share(part, whole)
        assert found is not None
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)
    assert share(0, 0) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("agency,figure\na,in_time\n", "the first line lacks value"),
        ("agency,figure,value\nกรม,in_tme,0.5\n", "line 2: unknown figure in_tme"),
        ("agency,figure,value\nกรม,in_time,90\n", "a share lies between 0 and 1"),
        ("agency,figure,value\nกรม,days,soon\n", "are numbers"),
    ],
)
def test_figures_of_others_are_checked(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "peers.csv"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said):
        read_peers(file)


async def test_figures_of_others_stand_beside_ours(records: PostgresRecords, tmp_path: Path) -> None:
    file = tmp_path / "peers.csv"
    file.write_text("agency,figure,service,value,n\nกรมที่ดิน,in_time,,0.91,1200\n", encoding="utf-8")
    library = StandardsLibrary([default_pack()])
    made = await report(records, library, MARCH, None, datetime.now(ZONE), {}, read_peers(file))
    [table] = [each for each in show.said(made, "th", {}, "")["tables"] if each["title"] == "เทียบกับหน่วยงานอื่น"]
    assert table["rows"][0][:5] == ["กรมที่ดิน", "ทันกำหนด", "ทั้งหมด", "1,200", "91%"]
