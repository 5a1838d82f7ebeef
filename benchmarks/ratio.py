"""Comparing two actions in one run."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True)
class Ratio:
    """How long ours takes, relative to what it is held against.

    Attributes
    ----------
    name : str
        What was measured, against what.
    ratios : tuple of float
        Ours over theirs, one a round.
    ours, theirs : float
        Medians in ms, for orientation only.
    target : float
        The ratio to stay at or below.
    """

    name: str
    ratios: tuple[float, ...]
    ours: float
    theirs: float
    target: float

    def row(self) -> str:
        """Lay out one line of a table."""
        middle = median(self.ratios)
        verdict = "reached" if middle <= self.target else "missed"
        return (
            f"{self.name:<62} {middle:5.2f} ({min(self.ratios):.2f} to {max(self.ratios):.2f})  "
            f"target {self.target:.2f} {verdict}  [{self.ours:.2f} ms, {self.theirs:.2f} ms]"
        )


def compare(
    name: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    *,
    target: float,
    rounds: int = 15,
    repeats: int = 20,
) -> Ratio:
    """Run two actions in turn, ``repeats`` of each a round, after one round to warm up."""
    pairs = [(_time(ours, repeats), _time(theirs, repeats)) for _ in range(rounds + 1)][1:]
    return Ratio(
        name,
        tuple(a / b for a, b in pairs),
        median(a for a, _ in pairs),
        median(b for _, b in pairs),
        target,
    )


def _time(action: Callable[[], object], repeats: int) -> float:
    """Measure the mean time of an action in ms."""
    start = perf_counter()
    for _ in range(repeats):
        action()
    return (perf_counter() - start) / repeats * 1000
