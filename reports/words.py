"""A report in plain sentences, and its figures as people write them."""

from __future__ import annotations

from collections.abc import Iterator

from casework.reports.definitions import FIGURES
from casework.reports.figures import Figure
from casework.reports.report import Language, Report

FEW = 30  # of fewer than this a share says little; it is said
CLEARLY = 0.02  # a share that moved by less stayed the same
HOURS_OF_A_DAY = 24


def written(figure: Figure | None) -> str:
    """A figure as it stands in a table."""
    if figure is None or figure.value is None:
        return "–"
    match FIGURES[figure.name].unit:
        case "share":
            return f"{figure.value:.0%}"
        case "days" | "answers":
            return f"{figure.value:,.1f}"
        case "hours":
            return f"{figure.value:,.1f}"
        case "minutes":
            return f"{figure.value:,.0f}"
    return f"{figure.value:,.0f}"


def interval(figure: Figure) -> str:
    """Between what a share lies."""
    if figure.low is None or figure.high is None:
        return ""
    narrow = figure.high - figure.low < CLEARLY
    return f"{figure.low:.1%}–{figure.high:.1%}" if narrow else f"{figure.low:.0%}–{figure.high:.0%}"


def sentences(report: Report, language: Language) -> list[str]:
    """The first page: what a reader must know, in order."""
    return list((_thai if language == "th" else _english)(report))


def _changed(report: Report, name: str) -> tuple[str, Figure] | None:
    """Whether a share is clearly another than before: 'more' or 'less', and what it was."""
    now, before = report.get(name), report.before.get((name, ()))
    if now is None or before is None or now.value is None or before.value is None:
        return None
    if abs(now.value - before.value) < CLEARLY:
        return None
    return ("more" if now.value > before.value else "less"), before


def _worst_step(report: Report) -> Figure | None:
    late = [figure for figure in report.all("step_late", "service", "step") if figure.value and figure.n >= FEW]
    return max(late, key=lambda figure: figure.value or 0, default=None)


def _english(report: Report) -> Iterator[str]:
    received, done, late = report.get("received"), report.get("concluded"), report.get("late")
    if done is None or not done.value:
        yield f"No case was done in {report.period.en}; {written(received)} were received."
        return
    yield f"{written(received)} matters reached the centre, and {written(done)} were done."
    in_time = report.get("in_time")
    if in_time and late:
        sure, many = f"{interval(in_time)} with 95 % confidence", round((late.value or 0) * late.n)
        line = f"{written(in_time)} of them were in time ({sure}); {many:,} were late."
        if (changed := _changed(report, "in_time")) is not None:
            line += (
                f" That is {'better' if changed[0] == 'more' else 'worse'} than the {written(changed[1])} of the period before."
            )
        yield line
    half, most = report.get("days"), report.get("days_of_most")
    yield f"Half of them took no more than {written(half)} days, nine of ten no more than {written(most)}."
    if (step := _worst_step(report)) is not None:
        service, name = report.word(step.of("service") or "", "en"), report.word(step.of("step") or "", "en")
        yield f"Most often late was “{name}” of “{service}”: {written(step)} of {step.n:,}."
    waiting, old = report.get("open"), report.get("open_longer")
    if waiting:
        yield f"{written(waiting)} were still open at the end, {written(old)} of them for more than 90 days."
    answered, silent = report.get("answered"), report.get("silent")
    content = report.get("satisfied", item="overall")
    if answered and answered.n:
        yield f"Of {answered.n:,} asked, {written(answered)} answered; {written(silent)} kept silent, which counts for nothing."
    if content and content.value is not None:
        few = f" That is few: between {interval(content)} may be so." if content.n < FEW else f" ({interval(content)})"
        yield f"{written(content)} of {content.n:,} scores for the service as a whole were above the middle.{few}"
    tasks = report.get("tasks_opened")
    if tasks and tasks.value:
        better = written(report.get("tasks_better"))
        yield f"{written(tasks)} improvement tasks were opened, {better} were closed with a better effect."


def _thai(report: Report) -> Iterator[str]:
    received, done, late = report.get("received"), report.get("concluded"), report.get("late")
    if done is None or not done.value:
        yield f"ไม่มีเรื่องที่แล้วเสร็จใน{report.period.th} รับเรื่องไว้ {written(received)} เรื่อง"
        return
    yield f"ศูนย์รับเรื่อง {written(received)} เรื่อง และดำเนินการแล้วเสร็จ {written(done)} เรื่อง"
    in_time = report.get("in_time")
    if in_time and late:
        line = (
            f"ทันกำหนดร้อยละ {_percent(in_time)} (ระหว่าง {interval(in_time)} ที่ความเชื่อมั่นร้อยละ 95) "
            f"เกินกำหนด {round((late.value or 0) * late.n):,} เรื่อง"
        )
        if (changed := _changed(report, "in_time")) is not None:
            line += f" {'ดีขึ้น' if changed[0] == 'more' else 'ลดลง'}จากช่วงก่อนซึ่งเป็นร้อยละ {_percent(changed[1])}"
        yield line
    half, most = report.get("days"), report.get("days_of_most")
    yield f"ครึ่งหนึ่งแล้วเสร็จภายใน {written(half)} วัน และเก้าในสิบเรื่องภายใน {written(most)} วัน"
    if (step := _worst_step(report)) is not None:
        service, name = report.word(step.of("service") or "", "th"), report.word(step.of("step") or "", "th")
        yield f"ขั้นตอนที่เกินกำหนดบ่อยที่สุดคือ “{name}” ของ “{service}” ร้อยละ {_percent(step)} จาก {step.n:,} ครั้ง"
    waiting, old = report.get("open"), report.get("open_longer")
    if waiting:
        yield f"เมื่อสิ้นช่วงยังคงค้าง {written(waiting)} เรื่อง ในจำนวนนี้เกิน 90 วัน {written(old)} เรื่อง"
    answered, silent = report.get("answered"), report.get("silent")
    content = report.get("satisfied", item="overall")
    if answered and answered.n:
        yield f"ถามความพึงพอใจ {answered.n:,} ราย ตอบร้อยละ {_percent(answered)} ไม่ตอบร้อยละ {_percent(silent)} ซึ่งไม่นับเป็นความพึงพอใจ"
    if content and content.value is not None:
        few = " ซึ่งเป็นจำนวนน้อย" if content.n < FEW else ""
        yield f"คะแนนโดยรวมสูงกว่ากึ่งกลางร้อยละ {_percent(content)} จาก {content.n:,} คำตอบ ({interval(content)}){few}"
    tasks = report.get("tasks_opened")
    if tasks and tasks.value:
        yield f"เปิดงานปรับปรุงบริการ {written(tasks)} งาน ปิดโดยวัดแล้วดีขึ้น {written(report.get('tasks_better'))} งาน"


def _percent(figure: Figure | None) -> str:
    return "–" if figure is None or figure.value is None else f"{figure.value * 100:.0f}"
