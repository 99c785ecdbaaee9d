"""The table of commands in docs/protocol.md, from the code: python -m tests.protocol_tables writes it anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from casework.stories import defaults
from casework.workflows.case.command_desk import CommandDefinition, commands_of
from casework.workflows.case.shared_commands import Process
from casework.workflows.processes import installed

FILE = Path(__file__).parent.parent / "docs/protocol.md"
BEGIN, END = "<!-- commands -->\n", "<!-- /commands -->"
MORE: dict[str, dict[str, Any]] = {
    "extend": {"step": "owner_act", "by": 5, "reason": "รอผลตรวจ"},
    "pause": {"reason": "awaiting_requester"},
    "record_service": {"how": "handed_over"},
    "record_selection": {"documents": ["แผ่นพับ"]},
}


def example(one: CommandDefinition) -> str:
    """A payload that the model takes."""
    given = {**defaults.COMMANDS.get(one.name, {}), **MORE.get(one.name, {})}
    said = {"actor": {"id": "somying", "role": "centre_officer"}, **given}
    one.message.model_validate(said)
    return json.dumps(given, ensure_ascii=False) if given else "–"


def row(service: str, one: CommandDefinition) -> str:
    """One line of the table."""
    fields = [
        f"{name}{'*' if field.is_required() else ''}" for name, field in one.message.model_fields.items() if name != "actor"
    ]
    return f"| {service} | `{one.name}` | {' '.join(fields) or '–'} | `{example(one)}` |"


def table() -> str:
    """Every command of every installed service; those by operators are given with casework itself."""
    shared = commands_of(Process)
    lines = ["| service | command | fields (* needed) | example, beside `actor` |", "|---|---|---|---|"]
    lines += [row("every", one) for one in shared.values() if not one.by_operators]
    for service, process in installed().items():
        lines += [row(service, one) for name, one in commands_of(process).items() if name not in shared]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The document with the table as it is now."""
    head, _, rest = text.partition(BEGIN)
    return f"{head}{BEGIN}{table()}{END}{rest.partition(END)[2]}"


if __name__ == "__main__":
    FILE.write_text(with_table(FILE.read_text(encoding="utf-8")), encoding="utf-8")
