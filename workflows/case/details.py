"""The current details of a case in the Temporal UI: what it waits for, since when, who is late, what may be done."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from casework.workflows.case.clock import Clock
from casework.workflows.case.definition import ProcessDefinition
from casework.workflows.case.file import CaseFile
from casework.workflows.labels import label
from casework.workflows.messages.views import AllowedCommand


def current_details(file: CaseFile, definition: ProcessDefinition, allowed: Sequence[AllowedCommand]) -> str:
    """Markdown in Thai and English, without personal data."""
    stage, number = file.stage, file.case_no or "–"
    lines = [
        f"### {_named(definition, stage)}",
        "",
        f"เลขที่ · no. **{number}** — {_named(definition, file.request.service)}",
        "",
    ]
    lines += [f"ตั้งแต่ · since {_time(file.stage_since, file)}", ""]
    if file.outcome:
        lines += [f"ผล · outcome: **{_named(definition, file.outcome)}**", ""]
    if file.promised_at and file.promise_stands:
        anew = ", นับใหม่เมื่อผู้รับบริการดำเนินการแล้ว · counted anew after the requester's own time" if file.in_requesters_time else ""
        lines += [f"กำหนดที่แจ้งผู้รับบริการ · promised by **{_time(file.promised_at, file)}**{anew}", ""]
    if file.promise and file.promise.warning and file.outcome is None:
        lines += [f"⚠ {file.promise.warning}", ""]
    if file.pause and file.terms:
        rule = file.terms.rules.pauses[file.pause.reason]
        until = _time(file.pause.until, file)
        lines += [f"⏸ **หยุดนับเวลา · paused**: {rule.th} · {rule.en} (ไม่เกิน · until {until} at the latest)", ""]
    lines += _clocks(file, definition)
    lines += _responsible(file)
    if file.outbox:
        lines += [f"⚠ ยังไม่ได้บันทึก · {file.unrecorded} event(s) wait for the records", ""]
    if file.owed:
        waiting = ", ".join(sorted({f"{notice.template} → {notice.to}" for notice in file.owed}))
        lines += [f"⚠ ยังไม่ได้แจ้ง · notices still owed: {waiting}", ""]
    for letter_id, letter in file.letters.items():
        step = file.starts_when_told.get(letter_id)
        then = f" → {_named(definition, step)}" if step else ""
        if letter.deemed_at:
            lines += [
                f"✉ ส่งทางไปรษณีย์แล้ว · posted: {letter.template}, ถือว่าได้รับ · served {_time(letter.deemed_at, file)}{then}",
                "",
            ]
        else:
            lines += [f"✉ หนังสือรอส่งมอบ · letter to serve: {letter.template}, ตั้งแต่ · since {_time(letter.since, file)}{then}", ""]
    if allowed:
        lines += ["| ทำได้ขณะนี้ · possible now | โดย · by |", "|---|---|"]
        ordered = sorted(allowed, key=lambda command: not command.decides)  # what takes the case further comes first
        lines += [f"| {_said(command)} | {', '.join(command.roles)} |" for command in ordered]
    return "\n".join(lines)


def _clocks(file: CaseFile, definition: ProcessDefinition) -> list[str]:
    if not file.running:
        return []
    lines = [
        "| ขั้นตอน · step | เริ่ม · since | กำหนด · due | ต่อไป · next |",
        "|---|---|---|---|",
    ]
    for clock in file.running:
        late = " ⚠ **เกินกำหนด · overdue**" if clock.overdue else ""
        if clock.pause:
            late += f" ⏸ {clock.balance.words}"
        name = _named(definition, clock.step)
        since, due = _time(clock.started_at, file), _time(clock.due_at, file)
        lines.append(f"| {name} | {since} | {due}{late} | {_next(clock, file)} |")
    told = {file.promise.warning} if file.promise and file.outcome is None else set()
    warnings = [f"⚠ {clock.step}: {clock.warning}" for clock in file.running if clock.warning and clock.warning not in told]
    return [*lines, "", *warnings, *([""] if warnings else [])]


def _next(clock: Clock, file: CaseFile) -> str:
    rung = min(clock.rungs, key=lambda rung: rung.at, default=None)
    if rung is None:
        return "–"
    to = ", ".join(label(role).th for role in rung.to)
    return f"{_time(rung.at, file)} {label(rung.action.value).th} · {rung.action.value} → {to}"


def _responsible(file: CaseFile) -> list[str]:
    lines = []
    if file.officer:
        point = f" · จุดที่ · point {file.officer.point}" if file.officer.point else ""
        lines.append(f"ผู้รับผิดชอบ · officer `{file.officer.id}`{point}")
    if file.agency:
        lines.append(f"ส่วนราชการเจ้าของเรื่อง · owner agency `{file.agency}`")
    if file.escalation:
        lines.append(f"เสนอผู้บังคับบัญชา · escalated {file.escalation} time(s)")
    for link in file.links:
        words = "มาจาก · from" if link.relation == "from" else "ดำเนินการต่อที่ · goes on as"
        lines.append(f"{words} `{link.case_id}`")
    return [line for text in lines for line in (text, "")]


def _time(at: datetime, file: CaseFile) -> str:
    return f"{at.astimezone(file.zone):%Y-%m-%d %H:%M}"


def _said(command: AllowedCommand) -> str:
    return f"**`{command.name}`**" if command.decides else f"`{command.name}`"


def _named(definition: ProcessDefinition, key: str) -> str:
    named = definition.named(key)
    return f"{named.th} · {named.en}"
