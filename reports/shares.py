"""How sure a share is: Wilson's interval, which holds for small numbers and for shares near nothing and everything.

E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist
from typing import NamedTuple

SURE = 0.95
Z = NormalDist().inv_cdf((1 + SURE) / 2)


class Share(NamedTuple):
    """A share, and between what it lies with 95 % confidence."""

    value: float
    low: float
    high: float


def share(part: int, whole: int) -> Share | None:
    """So many of so many; None of nothing."""
    if whole == 0:
        return None
    p, squared = part / whole, Z * Z / whole
    middle, spread = p + squared / 2, Z * sqrt((p * (1 - p) + squared / 4) / whole)
    return Share(p, max(0.0, (middle - spread) / (1 + squared)), min(1.0, (middle + spread) / (1 + squared)))
