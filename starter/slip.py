"""The slip that a visitor takes along: the number large, service, time, people before, about how long, what to have at hand."""

from __future__ import annotations

from typing import NamedTuple
from zoneinfo import ZoneInfo

from casework.standards.pack.model import ServiceStandards
from casework.standards.thai_dates import format_time
from casework.starter.typesetting import Typesetter
from casework.workflows.messages.queue import TicketView

TEMPLATE = """
#let slip = json(bytes(sys.inputs.said))
#set page(width: 80mm, height: auto, margin: 5mm)
#set text(font: slip.fonts, size: 11pt, lang: "th", hyphenate: false)
#align(center, text(size: 48pt, weight: "bold", slip.number))
#for words in slip.lines { block(spacing: 0.8em, words) }
"""


class Slip(NamedTuple):
    """A slip in words."""

    number: str
    lines: list[str]

    @property
    def text(self) -> str:
        """As a printer of text prints it."""
        return "\n".join([self.number, *self.lines])

    def pdf(self) -> bytes:
        """Typeset, on a roll of 80 mm. Raises InvalidCase without the extra casework[letters]."""
        return Typesetter().pdf(TEMPLATE, {"number": self.number, "lines": self.lines})


def slip_of(pack: ServiceStandards, ticket: TicketView, centre: str) -> Slip:
    """The slip of a ticket: how many are before it while it waits, point and officer when it was called."""
    arrived = ticket.arrived_at.astimezone(ZoneInfo(pack.calendar.timezone))
    service, here = pack.service(ticket.service), pack.centre(centre)
    lines = [
        f"{here.th} · {here.en}",
        f"{service.th} · {service.en}",
        format_time(arrived, "th", pack.display.date_era),
    ]
    if ticket.point is not None and ticket.officer is not None:
        lines.append(f"เชิญจุดบริการที่ {ticket.point} · service point {ticket.point}")
        lines.append(f"เจ้าหน้าที่ · officer: {ticket.officer.name or ticket.officer.id}")
    if ticket.before is not None and ticket.wait is not None:
        low, high = ticket.wait
        lines.append(f"ก่อนท่าน {ticket.before} ราย · {ticket.before} before you")
        lines.append(f"ประมาณ {low}–{high} นาที · about {low}–{high} minutes")
    for matter in service.matters.values():
        papers = "; ".join(f"{paper.th} ({paper.en})" for paper in matter.papers)
        if papers:
            lines.append(f"โปรดเตรียม · please have at hand, {matter.th} ({matter.en}): {papers}")
    return Slip(ticket.number, lines)
