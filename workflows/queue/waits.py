"""How long one waits: measured, told as an interval, and counted how often that came true."""

from __future__ import annotations

from math import ceil, floor, sqrt

from pydantic import BaseModel, ConfigDict

from casework.standards.pack.queue import WaitTold

ENOUGH = 20  # so many measurements, and what the pack expects counts no more


class Measured(BaseModel):
    """Service times of one service, in minutes, and how often the wait that was told came true."""

    model_config = ConfigDict(extra="forbid")

    n: int = 0
    total: float = 0
    squares: float = 0
    told: int = 0
    came_true: int = 0

    def add(self, minutes: float) -> None:
        """One more was served."""
        self.n, self.total, self.squares = self.n + 1, self.total + minutes, self.squares + minutes**2

    def told_and_waited(self, came_true: bool) -> None:
        """One more was called who had been told an interval."""
        self.told, self.came_true = self.told + 1, self.came_true + came_true

    def with_expected(self, minutes: float) -> Measured:
        """Together with what the pack expects, as if it had been measured as often as is missing to have enough."""
        missing = max(0, ENOUGH - self.n)
        squares = missing * (minutes**2 + (minutes / 2) ** 2)  # a spread of half its length
        return self.model_copy(
            update={"n": self.n + missing, "total": self.total + missing * minutes, "squares": self.squares + squares}
        )

    def __add__(self, other: Measured) -> Measured:
        """Both together."""
        return Measured(**{name: getattr(self, name) + getattr(other, name) for name in Measured.model_fields})

    @property
    def mean(self) -> float:
        """Minutes for one, on average."""
        return self.total / self.n if self.n else 0

    @property
    def variance(self) -> float:
        """Of one service time."""
        return max(0.0, self.squares / self.n - self.mean**2) if self.n else 0


def interval(before: int, free: int, busy: int, share: float, measured: Measured, told: WaitTold) -> tuple[int, int]:
    """The wait of who comes now, in minutes: `before` are ahead; of the points that are open for the service so many are free and
    so many serve; `share` of what all of them do falls to this service (each counts in part that others wait for too).

    With n points a place at one becomes free n times as often; whoever is being served is half way through on average.
    """
    if before < free:
        return (0, told.step_minutes)
    if not free + busy:
        busy, share = 1, 1.0  # as if one were open and had somebody: nobody knows when one opens
    ahead = before + (0 if free else busy / 2)
    expected = ahead * measured.mean / share
    spread = told.spread * sqrt(max(ahead, 1) * measured.variance) / share
    step = told.step_minutes
    low = max(0, floor((expected - spread) / step) * step)
    return (low, max(low + step, ceil((expected + spread) / step) * step))
