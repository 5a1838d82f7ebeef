"""With and without a curriculum: how many trials until the criterion, in PsychRNN and in Epochal.

``python -m benchmarks.curriculum`` prints the table of docs/results.md from what was recorded, and
draws ``docs/curriculum.svg``.  Recorded are, in ``tests/peers/recorded``: PsychRNN's networks by
``tests/peers/psychrnn_curriculum.py``, and the ``seeds.json`` of

    epochal train tasks/psychrnn/curriculum.train
    epochal train tasks/psychrnn/direct.train
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from pathlib import Path
from statistics import mean, median, quantiles

import numpy as np

from benchmarks.drawing import BLUE, GREY, ORANGE, Drawing, Scale, linear

HERE = Path(__file__).parent.parent
RECORDED, FIGURE = HERE / "tests/peers/recorded", HERE / "docs/curriculum.svg"
BATCH = 50


@dataclass(frozen=True)
class Trainings:
    """Networks trained in one way: trials until the criterion, and accuracy at 10% afterwards."""

    library: str
    way: str
    trials: tuple[int, ...]
    accuracy: float

    def row(self) -> str:
        """Lay out a line of the table."""
        low, _, high = quantiles(self.trials, n=4, method="inclusive")
        ends = f"{min(self.trials):,} to {max(self.trials):,}"
        return (
            f"| {self.library} | {self.way} | {len(self.trials)} | {median(self.trials):,.0f} | "
            f"{low:,.0f} to {high:,.0f} | {ends} | {self.accuracy:.1%} |"
        )


def recorded() -> tuple[Trainings, ...]:
    """Read what was recorded: a curriculum and direct training, in both libraries."""
    peers = json.loads((RECORDED / "psychrnn_curriculum.json").read_bytes())
    ours = {
        way: json.loads((RECORDED / f"epochal_{way}.json").read_bytes())
        for way in ("curriculum", "direct")
    }
    found = []
    for way, seeds in ours.items():
        theirs = [one for one in peers if one["training"] == way]
        assert all(one["reached"] for one in theirs), "every network reached the criterion"
        assert all(one["ended"] == "curriculum finished" for one in seeds)
        tested = [one["measure lowest"] for one in seeds]
        found.append(_trainings("Epochal", way, seeds, tested))
        found.append(_trainings("PsychRNN", way, theirs, [one["test"] for one in theirs]))
    return tuple(sorted(found, key=lambda one: one.library))


def _trainings(
    library: str, way: str, seeds: Sequence[dict[str, int]], tested: Sequence[float]
) -> Trainings:
    trials = tuple(one["updates"] * BATCH for one in seeds)
    return Trainings(library, way, trials, mean(tested))


def sooner(one: Trainings, other: Trainings, shuffles: int = 100_000) -> tuple[float, float]:
    """Say how often a network of the first reaches the criterion sooner than one of the second.

    Gives the probability for two networks drawn at random, ties counted half, and how often it
    is as far from one half when networks are dealt to the two at random (Mann and Whitney 1947).
    """
    draw = np.random.default_rng(0)
    together, n = np.array(one.trials + other.trials), len(one.trials)
    ranks = np.array([(together < x).sum() + ((together == x).sum() + 1) / 2 for x in together])

    def share(of: np.ndarray) -> np.ndarray:
        sums = of[..., :n].sum(axis=-1) - n * (n + 1) / 2
        return np.asarray(1 - sums / (n * (len(together) - n)))

    found = float(share(ranks))
    dealt = share(draw.permuted(np.tile(ranks, (shuffles, 1)), axis=1))
    as_far = (np.abs(dealt - 0.5) >= abs(found - 0.5) - 1e-12).sum()
    return found, float((as_far + 1) / (shuffles + 1))


TICKS = (500, 1000, 2000, 5000, 10000, 20000)


def figure(found: Sequence[Trainings]) -> str:
    """Draw a dot for each network, with median and quartiles, on a logarithmic axis."""
    made = Drawing(720, 60 * len(found) + 70, "Trials until the criterion, 20 networks each")
    most = max(max(one.trials) for one in found)
    shown = [tick for tick in TICKS if tick < 2 * most]
    along = linear(log10(TICKS[0] / 1.3), log10(1.1 * max(most, shown[-1])), 190, 690)
    x: Scale = lambda trials: along(log10(trials))  # noqa: E731
    bottom = 60 * len(found) + 20
    for tick in shown:
        made.line(x(tick), 15, x(tick), bottom, "#dddddd", 1)
        made.text(x(tick), bottom + 16, f"{tick:,}", "middle", GREY)
    made.text(440, bottom + 38, "trials until 90% of a fresh batch are correct", "middle")
    for i, one in enumerate(found):
        _row_of_dots(made, one, 45 + 60 * i, x)
    return made.svg()


def _row_of_dots(made: Drawing, one: Trainings, y: float, x: Scale) -> None:
    color = BLUE if one.way == "curriculum" else ORANGE
    low, middle, high = quantiles(one.trials, n=4, method="inclusive")
    made.text(20, y + 4, f"{one.library}, {one.way}")
    made.box(x(low), x(high), y, 34, color)
    for place, trials in enumerate(sorted(one.trials)):
        made.dot(x(trials), y + 6 * (place % 3 - 1), color)
    made.line(x(middle), y - 20, x(middle), y + 20, color, 2)


if __name__ == "__main__":
    trainings = recorded()
    for trained in trainings:
        print(trained.row())
    for first, second in ((0, 1), (2, 3), (0, 2), (1, 3)):
        a, b = trainings[first], trainings[second]
        often, p = sooner(a, b)
        print(f"{a.library} {a.way} before {b.library} {b.way}: {often:.0%}, p = {p:.2g}")
    FIGURE.write_text(figure(trainings))
