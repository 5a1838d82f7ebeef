"""What trials are like, in numbers that two programs can be compared by.  NumPy alone.

Each statistic is one number a trial, nan where a trial has none: the mean of an input in an epoch,
the product of that with the mean target of an output in another, whether a duration is below an
edge.  Over
many trials it has a mean with a sampling error, and two programs that make the same trials have
the same means, up to those errors.  Squares and products are among the statistics, so that their
means tell of variances and covariances.

The same functions run beside the original, in an environment of its own (`record`), and beside
Epochal (`ours.py`).
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, product
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Numbers = dict[str, Array]
"""One number a trial, (N_trials,), by the name of the statistic."""
Tally = tuple[int, float, float]
"""On how many trials, the mean, and the standard deviation."""

MOST_COLUMNS = 4
"""Sides with more units are told by as many random sums of their units."""
MOST_LEVELS = 12
"""Values that take no more levels are counted level by level."""
DECILES = np.arange(0.1, 0.95, 0.1)
FAMILY = 1e-3
"""How likely it is that two programs that make the same trials differ in any statistic."""
ROUNDING = 1e-5
"""How far means may differ, relative to their size, where one program has single precision."""
SMALLEST = 1e-9
"""How far means may differ that are 0."""


@dataclass(frozen=True)
class Trials:
    """Some trials, as any program may make them.

    Attributes
    ----------
    inputs, targets, weights
        (N_sequences, N_steps, N_in), (N_sequences, N_steps, N_out) twice; a sequence holds one
        trial, or several one after another.
    epochs
        For each trial, the first step of an epoch and the one after its last, (N_trials, 2).
    values
        What was drawn on each trial, (N_trials,): numbers (times in ms), or texts for labels.
    input_names, output_names
        Names of the units, the same in both programs.
    """

    inputs: Array
    targets: Array
    weights: Array
    epochs: Mapping[str, Array]
    values: Mapping[str, Array]
    input_names: Sequence[str]
    output_names: Sequence[str]


@dataclass(frozen=True)
class Recorded:
    """What an original makes of one task.

    ``about`` says how it was asked; ``edges`` are those of its values.
    """

    dt: float
    about: str
    edges: Mapping[str, Sequence[float | str]]
    tallies: Mapping[str, Tally]


@dataclass(frozen=True)
class Difference:
    """One statistic of two programs, and by how many standard errors they differ."""

    name: str
    ours: Tally
    theirs: Tally
    z: float


@dataclass
class Collected:
    """The statistics of trials that come in parts.

    ``joint`` adds what pairs cannot tell: how inputs go with targets for each label by itself, as
    where a context says which of two inputs the answer follows.
    """

    joint: bool = False
    numbers: dict[str, list[Array]] = field(default_factory=dict)
    values: dict[str, list[Array]] = field(default_factory=dict)
    means: list[str] = field(default_factory=list)

    def add(self, trials: Trials, *, steps: bool = True) -> None:
        """Add the statistics of some trials, with or without the durations of epochs in steps."""
        means = means_of(trials)
        self.means = list(means)
        found = numbers_of(trials, steps=steps) | means | products_of(means)
        for name, numbers in found.items():
            self.numbers.setdefault(name, []).append(numbers)
        for name, values in trials.values.items():
            self.values.setdefault(name, []).append(np.asarray(values))

    def edges(self) -> dict[str, list[float | str]]:
        """Choose the edges by which each value is told."""
        return {name: edges_of(np.concatenate(parts)) for name, parts in self.values.items()}

    def tallies(
        self, edges: Mapping[str, Sequence[float | str]], group: int = 1
    ) -> dict[str, Tally]:
        """Sum up; trials that share draws in groups of ``group`` count as one."""
        every = {name: np.concatenate(parts) for name, parts in self.numbers.items()}
        for name, parts in self.values.items():
            values = np.concatenate(parts)
            told = indicators(name, values, edges[name])
            every |= told
            first = {name: told[name]} if name in told else told
            others = [name for name in self.numbers if _links(name)] if self.joint else []
            for one, other in product(first, [*self.means, *others]):
                every[f"{one} x {other}"] = first[one] * every[other]
        every = {name: averaged(numbers, group) for name, numbers in every.items()}
        return {name: tally(numbers) for name, numbers in every.items()}


# One number a trial.


def numbers_of(trials: Trials, *, steps: bool = True) -> Numbers:
    """Tell of each epoch: how long it is, how inputs and targets vary in it, and weights."""
    found: Numbers = {}
    weights, units = _side(trials.weights, trials.output_names)
    for epoch, place in _places(trials).items():
        length = (place[1][:, 1] - place[1][:, 0]).astype(float)
        found[f"{epoch}: is there"] = (length > 0).astype(float)
        if steps:
            found[f"{epoch}: steps"] = length
            found[f"{epoch}: steps squared"] = length**2
        found |= {
            f"{epoch}: weight {u}": x for u, x in zip(units, weights.of(*place)[0].T, strict=True)
        }
    for side, (sums, names) in _sides(trials).items():
        for epoch, place in _places(trials).items():
            _, within, successive = sums.of(*place)
            for k, name in enumerate(names):
                found[f"{epoch}: variance over time of {side} {name}"] = within[:, k]
                found[f"{epoch}: covariance of successive {side} {name}"] = successive[:, k]
    return found


def means_of(trials: Trials) -> Numbers:
    """Give the means over time of inputs and targets in each epoch."""
    found: Numbers = {}
    for side, (sums, names) in _sides(trials).items():
        for epoch, place in _places(trials).items():
            mean = sums.of(*place)[0]
            found |= {f"{epoch}: {side} {name}": mean[:, k] for k, name in enumerate(names)}
    return found


def products_of(means: Numbers) -> Numbers:
    """Multiply means of one epoch with each other, and all of inputs with all of targets."""
    found: Numbers = {}
    for one, other in combinations_with_replacement(means, 2):
        epochs = {name.partition(": ")[0] for name in (one, other)}
        if len(epochs) == 1 or (": input " in one and ": target " in other):
            found[f"{one} x {other}"] = means[one] * means[other]
    return found


def _links(name: str) -> bool:
    """Whether a statistic is a product of an input and a target."""
    return ": input " in name and " x " in name and ": target " in name


def _places(trials: Trials) -> dict[str, tuple[Array, Array]]:
    """Say for each epoch in which sequence each trial stands, and from where to where it goes."""
    n = len(next(iter(trials.epochs.values())))
    sequence = np.arange(n) * len(trials.inputs) // n
    return {name: (sequence, np.asarray(span, int)) for name, span in trials.epochs.items()}


def _sides(trials: Trials) -> dict[str, tuple[_Sums, Sequence[str]]]:
    """Give inputs, and targets where they count: elsewhere they may be anything, and are 0 here."""
    asked = np.where(trials.weights > 0, trials.targets, 0)
    return {
        "input": _side(trials.inputs, trials.input_names),
        "target": _side(asked, trials.output_names),
    }


def _side(array: Array, names: Sequence[str]) -> tuple[_Sums, Sequence[str]]:
    """Keep few units as they are; tell many by random sums of them, the same in all programs."""
    if len(names) <= MOST_COLUMNS:
        return _Sums(array), names
    mixing = np.random.default_rng(len(names)).standard_normal((len(names), MOST_COLUMNS))
    return _Sums(array @ (mixing / math.sqrt(len(names)))), [
        f"sum {k}" for k in range(MOST_COLUMNS)
    ]


class _Sums:
    """Running sums over time of an array (N_sequences, N_steps, N_units), for means over epochs."""

    def __init__(self, array: Array) -> None:
        x = np.asarray(array, float)
        self._first = _running(x)
        self._second = _running(x * x)
        self._next = _running(x[:, :-1] * x[:, 1:])
        self._x = x

    def of(self, rows: Array, span: Array) -> tuple[Array, Array, Array]:
        """Give mean, variance and covariance of successive steps in spans, (N_trials, N_units)."""
        first, after = span[:, 0], span[:, 1]
        n = (after - first)[:, None].astype(float)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (self._first[rows, after] - self._first[rows, first]) / np.where(
                n > 0, n, np.nan
            )
            square = (self._second[rows, after] - self._second[rows, first]) / n
            within = np.where(n > 1, (square - mean**2) * n / (n - 1), np.nan)
            last = np.maximum(after - 1, first)
            ends = (
                self._x[rows, np.minimum(first, self._x.shape[1] - 1)],
                self._x[rows, last - (n[:, 0] < 1)],
            )
            pairs = self._next.shape[1] - 1
            total = (
                self._next[rows, np.minimum(last, pairs)]
                - self._next[rows, np.minimum(first, pairs)]
            )
            # The mean over n - 1 pairs of (x[t] - mean) (x[t + 1] - mean).
            sums = 2 * mean * n - ends[0] - ends[1]
            successive = np.where(n > 2, (total - mean * sums) / (n - 1) + mean**2, np.nan)
        return mean, within, successive


def _running(x: Array) -> Array:
    return np.concatenate((np.zeros_like(x[:, :1]), np.cumsum(x, axis=1)), axis=1)


def edges_of(values: Array) -> list[float | str]:
    """Choose edges that tell of a distribution: its levels, where they are few, or its deciles."""
    if values.dtype.kind in "USO":
        return sorted({str(one) for one in values})
    levels = np.unique(values[np.isfinite(values)])
    chosen = levels if len(levels) <= MOST_LEVELS else np.quantile(levels, DECILES)
    return [float(one) for one in chosen]


def indicators(name: str, values: Array, edges: Sequence[float | str]) -> Numbers:
    """Tell of values: which label each is, or its square and whether it is up to each edge."""
    if values.dtype.kind in "USO":
        others = np.array([str(one) not in edges for one in values], float)
        labels = {f"{name} = {one}": (values == one).astype(float) for one in edges}
        return {**labels, f"{name} = something else": others}
    x = values.astype(float)
    found = {f"{name}": x, f"{name} squared": x**2, f"{name} is there": np.isfinite(x) * 1.0}
    for edge in edges:
        slack = ROUNDING * (1 + abs(float(edge)))
        found[f"{name} <= {float(edge):.6g}"] = np.where(
            np.isfinite(x), x <= float(edge) + slack, np.nan
        )
    return found


def averaged(numbers: Array, group: int) -> Array:
    """Average each ``group`` of trials, which share draws, into one number; nan counts not."""
    if group == 1:
        return numbers
    parts = numbers[: len(numbers) // group * group].reshape(-1, group)
    there = np.isfinite(parts)
    n = there.sum(axis=1)
    sums = np.where(there, parts, 0).sum(axis=1)
    return np.where(n > 0, sums / np.maximum(n, 1), np.nan)


# Means over trials, and their differences.


def tally(numbers: Array) -> Tally:
    """Count the trials that have a number, and give mean and standard deviation of those."""
    x = numbers[np.isfinite(numbers)]
    if not len(x):
        return 0, math.nan, math.nan
    return len(x), float(x.mean()), float(x.std())


def differences(ours: Mapping[str, Tally], theirs: Mapping[str, Tally]) -> list[Difference]:
    """Compare every statistic of two programs, the largest difference first.

    A statistic that one of them lacks is an infinite difference.
    """
    found = []
    for name in {**theirs, **ours}:
        mine, other = ours.get(name, _NONE), theirs.get(name, _NONE)
        found.append(Difference(name, mine, other, _z(mine, other)))
    return sorted(found, key=lambda one: -abs(one.z))


_NONE: Tally = (0, math.nan, math.nan)
_FEWEST = 30
"""A mean over fewer trials is not normal, and is not compared."""


def _z(ours: Tally, theirs: Tally) -> float:
    n, m = ours[0], theirs[0]
    if min(n, m) < _FEWEST:
        return 0.0 if max(n, m) < 4 * _FEWEST else math.inf
    # One that never varies on one side may vary on the other by what is too rare to be seen here.
    unseen = (max(abs(ours[1]), abs(theirs[1]), ours[2], theirs[2]) / min(n, m)) ** 2
    slack = (ROUNDING * max(abs(theirs[1]), theirs[2]) + SMALLEST) ** 2
    error = ours[2] ** 2 / n + theirs[2] ** 2 / m + unseen + slack
    return (ours[1] - theirs[1]) / math.sqrt(error)


def bound(comparisons: int) -> float:
    """Give the most standard errors that equal programs differ by in so many comparisons.

    All of them stay below it with probability 1 - ``FAMILY`` or more (Bonferroni).
    """
    return NormalDist().inv_cdf(1 - FAMILY / (2 * max(comparisons, 1)))


# Recordings.


def recorded(collected: Collected, dt: float, about: str, group: int = 1) -> Recorded:
    """Sum up what an original made of one task."""
    edges = collected.edges()
    return Recorded(dt, about, edges, collected.tallies(edges, group))


def write(path: Path, peer: str, tasks: Mapping[str, Recorded]) -> None:
    """Write ``recorded/PEER.json``: a line a statistic."""
    lines = [
        "{",
        f' "peer": {json.dumps(peer)},',
        f' "made by": {json.dumps(f"Python {platform.python_version()}, NumPy {np.__version__}")},',
        ' "tasks": {',
        ",\n".join(_lines(tasks)),
        " }",
        "}",
    ]
    path.write_text("\n".join(lines) + "\n", "utf-8")


def _lines(tasks: Mapping[str, Recorded]) -> Iterator[str]:
    for name, one in tasks.items():
        tallies = ",\n".join(
            f"    {json.dumps(key)}: {_rounded(found)}" for key, found in one.tallies.items()
        )
        edges = json.dumps({key: _list(found) for key, found in one.edges.items()})
        yield (
            f"  {json.dumps(name)}: {{\n"
            f'   "dt": {one.dt}, "about": {json.dumps(one.about)},\n'
            f'   "edges": {edges},\n'
            f'   "statistics": {{\n{tallies}\n   }}\n  }}'
        )


def _rounded(found: Tally) -> str:
    n, mean, sd = found
    return json.dumps([n, _number(mean), _number(sd)])


def _number(x: float) -> float | None:
    return float(f"{x:.9g}") if math.isfinite(x) else None


def _list(found: Iterable[float | str]) -> list[float | str]:
    return [one if isinstance(one, str) else float(f"{one:.9g}") for one in found]


def read(path: Path) -> dict[str, Recorded]:
    """Read what `write` wrote."""
    tasks = json.loads(path.read_text("utf-8"))["tasks"]
    return {
        name: Recorded(
            one["dt"],
            one["about"],
            one["edges"],
            {
                key: (n, *(math.nan if x is None else x for x in rest))
                for key, (n, *rest) in one["statistics"].items()
            },
        )
        for name, one in tasks.items()
    }
