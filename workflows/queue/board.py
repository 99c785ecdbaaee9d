"""The board of the day, for the Temporal UI: who is called where, who waits since when, which point is open with whom."""

from __future__ import annotations

from datetime import datetime

from casework.standards.limits import Named
from casework.standards.thai_dates import format_day
from casework.workflows.queue.file import QueueFile
from casework.workflows.queue.views import lines_of, points_of


def board(file: QueueFile, now: datetime) -> str:
    """Markdown in Thai and English. No requester's name stands in it."""
    terms = file.terms
    assert terms is not None
    day = datetime.fromisoformat(file.start.day).date()
    lines = [f"### {terms.centre_name.th} · {terms.centre_name.en}", f"{format_day(day, 'th')} · {format_day(day, 'en')}", ""]
    if terms.opens_at is None:
        return "\n".join([*lines, "**ปิดทำการ · closed**"])
    lines += ["| จุด · point | บริการ · services | เจ้าหน้าที่ · officer | หมายเลข · number |", "|---|---|---|---|"]
    names = {point.no: point for point in terms.points}
    for point in points_of(file):
        given = names[point.no].th if point.no in names else "–"
        officer = (point.officer.name or point.officer.id) if point.officer and (point.open or point.ticket) else "ปิด · closed"
        lines.append(f"| {point.no} | {given} | {officer} | {f'**{point.ticket}**' if point.ticket else '–'} |")
    lines += ["", "| บริการ · service | รอ · waiting | ตั้งแต่ · since | ประมาณ · about |", "|---|---|---|---|"]
    for line in lines_of(file, now):
        named = terms.services.get(line.service) or Named(th=line.service, en=line.service)  # the pack has it no more
        longest = f"{line.since.astimezone(terms.zone):%H:%M}" if line.since else "–"
        about = f"{line.wait[0]}–{line.wait[1]} นาที · min" if line.wait else "–"
        lines.append(f"| {named.th} · {named.en} | {line.waiting} | {longest} | {about} |")
    called = ", ".join(f"{each.number} → {each.point}" for each in file.line.last_called)
    return "\n".join([*lines, "", f"เรียกล่าสุด · last called: {called or '–'}"])
