"""casework standards chart, casework standards new."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import typer

from casework.standards.pack.chart import mermaid, published_chart
from casework.standards.pack.loader import PackError, load_pack
from casework.standards.pack.model import LONGEST_NAME, SERVICE_NAME
from casework.starter.cli.printing import console, note, table
from casework.starter.cli.shared import JsonFlag, ServiceArgument
from casework.starter.errors import InvalidCase
from casework.starter.services import library_of, services

EXAMPLE, NAME = "new_service.yaml", "my_service"


def chart(
    service: ServiceArgument,
    file: Annotated[Path | None, typer.Argument(metavar="[FILE]", help="A pack; without it, those of CASEWORK_PACKS.")] = None,
    as_mermaid: Annotated[bool, typer.Option("--mermaid", help="The stages of a declared service as a Mermaid diagram.")] = False,
    as_json: JsonFlag = False,
) -> None:
    """Draw a service: its published steps (who, within what time), or with --mermaid the ways between its stages."""
    try:
        pack = load_pack(file) if file else library_of(None).current()
        if as_mermaid:
            print(mermaid(pack, service))
            return
        rows = published_chart(pack, service)
    except PackError as error:
        raise InvalidCase(str(error), error.problems) from error
    except (KeyError, ValueError) as error:
        raise InvalidCase(str(error.args[0])) from error
    if as_json:
        print(json.dumps([{**row._asdict(), "step": row.step.model_dump()} for row in rows], ensure_ascii=False))
        return
    offered = pack.service(service)
    found = table("", f"{offered.th} · {offered.en}", "by", "within", "")
    for row in rows:
        limit = row.limit or "ไม่จำกัดเวลา · no limit"
        found.add_row(str(row.number), f"{row.step.th} · {row.step.en}", row.actor, limit, "promised" if row.promised else "")
    console.print(found)


def new(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="Its name: small letters, digits and _.")],
    folder: Annotated[Path, typer.Option(help="Where the file is written.")] = Path("."),
) -> None:
    """Write a commented example of a service without Python into SERVICE.yaml: change it, check it, play it."""
    if not re.fullmatch(SERVICE_NAME, service) or len(service) > LONGEST_NAME:
        raise InvalidCase(f"{service} is no name for a service: small letters, digits and _, such as licence_copy")
    if service in services():
        raise InvalidCase(f"there is a service {service} already; take another name")
    file = folder / f"{service}.yaml"
    if file.exists():
        raise InvalidCase(f"{file} is there already; nothing was written")
    text = (
        (files("casework.starter.cli") / EXAMPLE)
        .read_text(encoding="utf-8")
        .replace(NAME, service)
        .replace(NAME.replace("_", "-"), service.replace("_", "-"))
    )
    file.write_text(text, encoding="utf-8")
    print(file)
    note(f"then: casework standards check {file} · casework standards chart {service} {file} --mermaid")
    note(f"serve it: CASEWORK_PACKS={file} casework up · casework commands {service}")
