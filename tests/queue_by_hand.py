"""A day at the counter counted a second time, by somebody who has never seen the engine: lists, a loop over the minutes, no imports
of casework. Only the rules of the story's text: who comes first is called first; a point that gives several services calls whoever of
them came first; who does not come is called four times, a minute apart; who was carried along to another service keeps the time of
arrival.

    python -m tests.queue_by_hand tests/stories/long/counter_a_thousand_visitors.yaml
"""

from __future__ import annotations

import sys
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import yaml

CALLS = 4
CLOSES, ENDS = 16 * 60 + 30, 17 * 60 + 30  # the office, and the last call


def minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def count(file: Path) -> dict[str, Any]:
    """The figures of a story's day."""
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    patience = data["given"]["changes"]["queue"]["wait_warn_minutes"]
    given = {point["no"]: point["services"] for point in data["given"]["changes"]["service_points"]}
    points = [
        {
            "number": point["point"], "services": given[point["point"]], "takes": point["serves"], "has": None,
            "hours": [tuple(map(minute, span.split("-"))) for span in point["hours"]],
        }
        for point in data["queue"]["points"]
    ]  # fmt: skip
    arrivals = []
    for order, group in enumerate(data["queue"]["visitors"]):
        for at in range(minute(group["from"]), minute(group["until"]) + 1, group["every"]):
            arrivals.append((at, order, dict(group)))
    arrivals.sort(key=lambda each: each[:2])
    waiting: list[dict[str, Any]] = []
    everybody: list[dict[str, Any]] = []
    outcomes: Counter[str] = Counter()
    service_minutes: Counter[str] = Counter()
    sent_home = 0
    for now in range(ENDS + 60):
        while arrivals and arrivals[0][0] == now:
            _, _, group = arrivals.pop(0)
            if now < CLOSES:
                visitor = {
                    "came": now, "since": now, "for": group["service"], "asked": group["service"], "away": group.get("stays_away"),
                    "then": group.get("goes_on_to"), "number": len(everybody), "called": None, "late": None,
                }  # fmt: skip
                everybody.append(visitor)
                waiting.append(visitor)
        for point in points:
            visitor = point["has"]
            if visitor is not None and visitor["away"]:
                visitor["calls"] += 1
                if visitor["calls"] > CALLS:
                    outcomes["no_show"] += 1
                    point["has"] = None
            elif visitor is not None and visitor["until"] <= now:
                if visitor["then"]:
                    visitor["for"], visitor["then"], visitor["since"] = visitor["then"], None, now
                    waiting.append(visitor)
                else:
                    outcomes["served"] += 1
                    service_minutes[visitor["for"]] += now - visitor["began"]
                point["has"] = None
            staffed = any(begins <= now < ends for begins, ends in point["hours"])
            mine = [each for each in waiting if each["for"] in point["services"]]
            if point["has"] is None and staffed and mine:
                first = min(mine, key=lambda each: (each["came"], each["number"]))
                waiting.remove(first)
                first["called"] = now if first["called"] is None else first["called"]
                first.update(calls=1, began=now, until=now + point["takes"])
                point["has"] = first
        if now <= ENDS:
            for visitor in waiting:  # after everybody who is free has called
                if now - max(visitor["since"], 8 * 60 + 30) >= patience:
                    visitor["late"] = True
        if now == ENDS:  # who is being served is served to the end
            sent_home, waiting = len(waiting), []
    waits = defaultdict(list)
    for visitor in everybody:
        if visitor["called"] is not None:
            waits[visitor["asked"]].append(visitor["called"] - visitor["came"])
    return {
        "tickets": len(everybody),
        "served": outcomes["served"],
        "no_show": outcomes["no_show"],
        "sent_home": sent_home,
        "waited_long": sum(bool(visitor["late"]) for visitor in everybody),
        "longest_wait": {service: max(each) for service, each in waits.items()},
        "total_wait": {service: sum(each) for service, each in waits.items()},
        "service_time": dict(service_minutes),
    }


if __name__ == "__main__":
    print(yaml.safe_dump(count(Path(sys.argv[1])), sort_keys=False, allow_unicode=True))
