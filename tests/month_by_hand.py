"""A made month at a centre: told as a story, and counted from that story without SQL and without anything of casework.

    python -m tests.month_by_hand 400 7 tests/stories/long/a_month_of_400_cases.yaml

The office is open 08:30 to 16:30 and has no lunch break; Makha Bucha Day, 3 March 2026, is a holiday.
"""

from __future__ import annotations

import random
import statistics
import sys
from collections import defaultdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml

CENTRE, HOLIDAYS = "MAR", {date(2026, 3, 3)}
BEGINS, ENDS = datetime(2026, 3, 1), datetime(2026, 4, 1)
OPENS, CLOSES = time(8, 30), time(16, 30)
LAST = "2026-04-10 12:00"
HEAD = """story: A month at the counter and behind it, {cases} cases
source: reports are counted by hand
given:
  changes:
    centres:
      MAR: {{th: ศูนย์ทดสอบรายงาน, en: Centre of the report}}
when:
"""


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in HOLIDAYS


def next_working_day(day: date) -> date:
    day += timedelta(days=1)
    while not works(day):
        day += timedelta(days=1)
    return day


def make(cases: int, seed: int) -> str:
    """The story."""
    chance, steps = random.Random(seed), []
    days = [date(2026, 3, n) for n in range(2, 28) if works(date(2026, 3, n))]
    for number in range(cases):
        at = datetime.combine(chance.choice(days), time(9, 0)) + timedelta(minutes=chance.randrange(300))
        steps += _case(chance, f"c{number:03}", at)
    steps.sort(key=lambda step: step[0])
    lines = [f"  - {{at: {at:%Y-%m-%d %H:%M}, case: {case}, {what}}}" for at, case, what in steps]
    return HEAD.format(cases=cases) + "\n".join([*lines, f"  - {{at: {LAST}, then: {{c000: {{never: [withdrawn]}}}}}}"]) + "\n"


def _case(chance: random.Random, name: str, at: datetime) -> list[tuple[datetime, str, str]]:
    steps: list[tuple[datetime, str, str]] = []

    def then(what: str, minutes: int = 1, **said: Any) -> None:
        nonlocal at
        at += timedelta(minutes=minutes)
        words = (
            f", with: {yaml.safe_dump(said, default_flow_style=True, allow_unicode=True, width=10_000).strip()}" if said else ""
        )
        steps.append((at, name, f"{what}{words}"))

    kind = chance.choices(["information_request", "publications", "no_show", "forward"], [4, 4, 1, 3])[0]
    segment = chance.choice(["citizen", "citizen", "business"])
    requester = {"name": "ผู้รับบริการ", "segment": segment, "email": f"{name}@story.example", "citizen_id": "1101700230708"}
    if kind == "forward":
        then("open: forward", 0, centre=CENTRE, channel="web", requester=requester)
        if chance.random() < 0.25:
            then("do: issue_deficiency_list", 30)
            then("do: complete_documents", 20)
        for _ in range(chance.choice([0, 0, 1, 3])):  # so many working days pass
            at = datetime.combine(next_working_day(at.date()), at.time())
        then("do: forward_application", 5)
        then("do: assign_to_owner", 5, agency="DOEB")
        if chance.random() < 0.3:
            then("do: assign_to_owner", 5, agency="DEDE", reason="อยู่ในอำนาจหน้าที่")
        if chance.random() < 0.75:
            then("do: report_result", 10)
            _rated(chance, then)
        return steps
    service = "information_request" if kind == "information_request" else "one_stop"
    then(f"open: {service}", 0, centre=CENTRE, requester=requester)
    if kind == "no_show":
        then("do: record_no_show", 20)
        return steps
    then("do: start_service", chance.randrange(1, 30))
    if kind == "information_request":
        then("do: report_held", chance.randrange(3, 22))
        then("do: record_selection", 3)
    else:
        then("do: begin_publications", 2)
        then("do: give_publications", chance.randrange(3, 22))
    _rated(chance, then)
    return steps


def _rated(chance: random.Random, then: Any) -> None:
    if chance.random() < 0.6:
        said: dict[str, Any] = {"scores": {"overall": chance.randint(1, 5), "officer": chance.randint(2, 5)}}
        if chance.random() < 0.5:
            said["engagement"] = {"recommend": chance.random() < 0.7}
        if said["scores"]["overall"] < 3 and chance.random() < 0.7:
            said["dissatisfaction"] = "รอนาน"
        elif chance.random() < 0.3:
            said["praise"] = "ใจดี"
        then("do: rate", 5, **said)


def count(file: Path) -> dict[str, Any]:
    """What the report must say: figures of everything and of each service, as plain numbers."""
    cases: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for step in yaml.safe_load(file.read_text(encoding="utf-8"))["when"]:
        if "case" in step:
            cases[step["case"]].append({**step, "at": datetime.fromisoformat(f"{step['at']}")})
    found: dict[str, Any] = defaultdict(list)
    for steps in cases.values():
        _counted(found, steps)
    return {
        name: (
            round(statistics.median(values), 6)
            if name.startswith("days")
            else sum(values)
            if isinstance(values, list)
            else values
        )
        for name, values in found.items()
    }


def _counted(found: dict[str, Any], steps: list[dict[str, Any]]) -> None:
    when = {step.get("do") or "open": step["at"] for step in steps}  # of what is done twice the last
    given = {step.get("do"): step.get("with", {}) for step in steps}
    service, received = steps[0]["open"], steps[0]["at"]
    segment = steps[0]["with"]["requester"]["segment"]
    ends = {"information_request": "record_selection", "forward": "report_result"}.get(service, "give_publications")
    done = when.get(ends) or when.get("record_no_show")

    def add(name: str, value: float = 1) -> None:
        found[name].append(value)
        found[f"{name} / {service}"].append(value)

    add("received")
    late = False
    if "start_service" in when and service == "information_request":
        late = when["report_held"] - when["start_service"] > timedelta(minutes=15)
        found["step provide late"].append(late)
    if "begin_publications" in when:
        late = when["give_publications"] - when["begin_publications"] > timedelta(minutes=15)
        found["step publications late"].append(late)
    if service == "forward":
        since = when.get("complete_documents", received)
        late = when["forward_application"] > datetime.combine(next_working_day(since.date()), CLOSES)
        found["step check_forward late"].append(late)
    if done is None or done >= ENDS:
        add("open")
        return
    add("concluded")
    add("late", late)
    add("days", (done - received) / timedelta(days=1))
    found["passed_on"].append(sum(step.get("do") == "assign_to_owner" for step in steps) > 1)
    found["deficient"].append("issue_deficiency_list" in when)
    if "record_no_show" in when:
        return  # the pack does not ask who never came
    add("asked")
    add("answered", "rate" in when)
    add("silent", "rate" not in when)
    if "rate" not in when or when["rate"] >= ENDS:
        return
    said = given["rate"]
    for item, score in said["scores"].items():
        found[f"scores {item}"].append(1)
        found[f"satisfied {item}"].append(score > 3)
        found[f"satisfied {item} / {segment}"].append(score > 3)
    add("dissatisfied", "dissatisfaction" in said)
    add("praised", "praise" in said)
    if "engagement" in said:
        found["engaged n"].append(1)
        found["engaged yes"].append(said["engagement"]["recommend"])


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(make(int(sys.argv[1]), int(sys.argv[2])), encoding="utf-8")
