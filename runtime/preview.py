"""A few trials of a task, taken apart for drawing: epochs, inputs, targets, weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.batch import Batch, Column, Float, Stream
from epochal.runtime.quantity import quantity

if TYPE_CHECKING:
    from epochal.runtime.task import Task

MOST_OF_A_SESSION = 4
"""How many trials of a sequence are shown."""

_MOST_VALUES = 6  # of variables


@dataclass(frozen=True, eq=False)
class Strip:
    """One channel: its units, and what they are at each step, (N_steps, N_units)."""

    name: str
    units: tuple[str, ...]
    values: Float


@dataclass(frozen=True)
class Span:
    """An epoch, from its first step to the one after its last."""

    name: str
    first: int
    stop: int


@dataclass(frozen=True, eq=False)
class Shown:
    """One trial, or the first trials of a sequence.

    Attributes
    ----------
    said
        What was drawn for the trial, as a person would write it: ``side = left``, ...
    dt
        Length of a step in ms.
    epochs
        In order of time; they overlap where some are repeated.
    inputs, targets, weights
        The channels; what outputs should be, and how much that counts.
    """

    said: tuple[str, ...]
    dt: float
    epochs: tuple[Span, ...]
    inputs: tuple[Strip, ...]
    targets: tuple[Strip, ...]
    weights: tuple[Strip, ...]

    @property
    def n_steps(self) -> int:
        """Count the steps, padding apart."""
        return len(self.targets[0].values)


def preview(
    task: Task, n: int = 3, *, dt: float = 20.0, seed: int = 0, noise: bool = False
) -> tuple[Shown, ...]:
    """Draw ``n`` trials, or sequences, of the test stream and take them apart.

    Raises
    ------
    ValueError
        As `Task.batch`.
    """
    batch = task.batch(n, dt=dt, seed=seed, stream=Stream.TEST, noise=noise)
    return tuple(_shown(task, batch, k) for k in range(n))


def _shown(task: Task, batch: Batch, k: int) -> Shown:
    rows = range(k * task.session, (k + 1) * task.session)[:MOST_OF_A_SESSION]
    epochs = tuple(sorted(_epochs(batch, rows), key=lambda one: (one.first, -one.stop)))
    n_steps = int(batch.lengths[k])
    if task.session > MOST_OF_A_SESSION:
        n_steps = max(one.stop for one in epochs)
    some = slice(n_steps)
    return Shown(
        said=_said(task, batch, rows[0]),
        dt=batch.dt,
        epochs=epochs,
        inputs=tuple(_strips(task.inputs, batch.inputs[k, some])),
        targets=tuple(_strips(task.outputs, batch.targets[k, some])),
        weights=tuple(_strips(task.outputs, batch.weights[k, some])),
    )


def _epochs(batch: Batch, rows: range) -> Iterator[Span]:
    for name, spans in batch.epochs.items():
        for first, stop in spans[rows.start : rows.stop]:
            if 0 <= first < stop:
                yield Span(name, int(first), int(stop))


def _strips(units: tuple[str, ...], values: Float) -> Iterator[Strip]:
    """Put the units of each channel together."""
    names = [unit.partition("[")[0] for unit in units]
    for name in dict.fromkeys(names):
        own = [i for i, one in enumerate(names) if one == name]
        yield Strip(name, tuple(units[i] for i in own), values[:, own])


def _said(task: Task, batch: Batch, row: int) -> tuple[str, ...]:
    """Say what is special about a trial; parameters, and what its task lacks, are left out."""
    bare = {name.rpartition(".")[2] for name in task.params}
    said = [
        f"{name} = {value}"
        for name, column in batch.trials.items()
        if column.ndim == 1 and " " not in name and name not in bare
        if (value := _value(task, name, column, row))
    ]
    return (*said[:_MOST_VALUES], *(["..."] if len(said) > _MOST_VALUES else []))


def _value(task: Task, name: str, column: Column, row: int) -> str:
    """Write the value of a variable on a trial; "" for none."""
    value = column[row]
    if name in task.labels:
        return task.labels[name][int(value)] if value >= 0 else ""
    number = np.asarray(value, np.float64)
    return "" if np.isnan(number) else quantity(value, task.units.get(name, ""))


def scale(strip: Strip) -> tuple[float, float]:
    """Give the least and the greatest value of a channel, 0 among them."""
    return min(0.0, float(strip.values.min())), max(0.0, float(strip.values.max()))


def counted(weights: Strip) -> NDArray[np.bool_]:
    """Say at which steps some unit of an output counts, (N_steps,)."""
    return np.asarray(np.any(weights.values > 0, axis=1))
