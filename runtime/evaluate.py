"""How well a saved network does its task, altogether and by condition."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec
import numpy as np
from numpy.typing import NDArray

from epochal.runtime.accuracy import accuracy_of
from epochal.runtime.batch import Column, Float, Stream, TrialSource
from epochal.runtime.errors import RunError, check_seed
from epochal.runtime.own import NO_CODE, OwnCode
from epochal.runtime.quantity import quantity
from epochal.runtime.rundir import Run
from epochal.runtime.scoring import Forward, Scored, score_trials
from epochal.runtime.weights import make_masks

MOST_VALUES = 12  # a variable with more is binned
BINS = 8


class Group(msgspec.Struct, frozen=True):
    """Trials that share a condition.

    ``condition`` has a value for each variable of the table, as it is printed.  ``counted``
    answers have a score, one a trial unless `correct` is an array; ``accuracy`` and its standard
    ``error`` are of those, and None where there are none.
    """

    condition: tuple[str, ...]
    trials: int
    counted: int
    accuracy: float | None
    error: float | None


class Evaluation(msgspec.Struct, frozen=True):
    """What a network does on fresh trials: all of them, and a table by ``by``."""

    task: str
    seed: int
    dt: float
    total: Group
    by: tuple[str, ...]
    groups: tuple[Group, ...]


def evaluate(
    run: Run,
    task: TrialSource,
    *,
    trials: int = 2000,
    by: Sequence[str] = (),
    seed: int = 0,
    of: str = "correct",
    own: OwnCode = NO_CODE,
) -> Evaluation:
    """Measure the accuracy of a run's network on fresh trials of the test stream.

    The stream is another than those of training, so that a seed used there may be used here;
    one seed for all compares networks on the same trials.

    Parameters
    ----------
    task
        The task of the run; its parameters may be bound to other values.
    by
        Variables of the trial table, or scores, to tabulate accuracy by.  One with more than 12
        values is cut into 8 bins of equally many trials.
    of
        The score whose mean is measured, in the place of `correct`.
    own
        The user's own code, where the run was trained with some.

    Raises
    ------
    RunError
        The task is another than the one trained, a variable does not exist, or there is
        nothing to run.
    """
    check_fit(run, task)
    if trials < 1:
        message = f"trials = {trials} is not allowed: trials must be 1 or more"
        raise RunError(message)
    check_seed(seed)
    record = run.record
    dt = record.profile.training.dt
    scored = score_trials(
        forward_of(run, own),
        task,
        record.profile.model,
        trials,
        dt=dt,
        seed=seed,
        stream=Stream.TEST,
    )
    return Evaluation(
        task=task.name,
        seed=seed,
        dt=dt,
        total=_group((), scored.values(of)),
        by=tuple(by),
        groups=tabulate(scored, task, by, of) if by else (),
    )


def forward_of(run: Run, own: OwnCode = NO_CODE) -> Forward:
    """Compile the outputs of a run's network as a function of inputs, noise and steps."""
    from epochal.runtime.backend import Tensor, compiled, tf
    from epochal.runtime.network import Network, own_cell
    from epochal.runtime.network import run as run_network

    model, record = run.record.profile.model, run.record
    masks = make_masks(model, record.task.n_in, record.task.n_out, run.connectivity)
    dt = record.profile.training.dt
    network = Network(model, masks, dt, own_cell(model, dt, own))
    weights = {name: tf.constant(array, tf.float32) for name, array in run.weights.items()}

    def outputs(inputs: Tensor, noise: Tensor, n_steps: Tensor) -> Tensor:
        return run_network(network, weights, inputs, noise, n_steps).outputs

    program = compiled(outputs)

    def forward(inputs: Float, noise: Float, n_steps: int) -> Float:
        made: Float = program(tf.constant(inputs), tf.constant(noise), tf.constant(n_steps)).numpy()
        return made

    return forward


def tabulate(
    scored: Scored, task: TrialSource, by: Sequence[str], of: str = "correct"
) -> tuple[Group, ...]:
    """Group trials by every combination of values that occurs, in the order of the values.

    Raises
    ------
    RunError
        A variable does not exist, or has several values a trial.
    """
    columns = _columns({**scored.trials, **scored.scores}, by)
    named, places = [], []
    for name, column in columns.items():
        names, place = _conditions(column, task.labels.get(name, ()), task.units.get(name, ""))
        named.append(names)
        places.append(place)
    combinations, group_of = np.unique(np.stack(places, axis=1), axis=0, return_inverse=True)
    return tuple(
        _group(
            tuple(names[place] for names, place in zip(named, combination, strict=True)),
            scored.values(of)[group_of.ravel() == i],
        )
        for i, combination in enumerate(combinations)
    )


def check_fit(run: Run, task: TrialSource) -> None:
    """Refuse a task that is not the one a run was trained on, or no longer fits its network.

    Raises
    ------
    RunError
        It says how they differ.
    """
    trained = run.record.task
    if task.hash != trained.hash:
        message = (
            f"{run.folder} was trained on {trained.name} {trained.hash}, "
            f"not on {task.name} {task.hash}"
        )
        raise RunError(message)
    if (task.n_in, task.n_out) != (trained.n_in, trained.n_out):
        message = (
            f"the network has {trained.n_in} inputs and {trained.n_out} outputs, but with "
            f"these parameters {task.name} has {task.n_in} and {task.n_out}"
        )
        raise RunError(message)


def _columns(available: Mapping[str, Column], by: Sequence[str]) -> dict[str, Column]:
    for name in by:
        if name not in available:
            known = ", ".join(sorted(n for n, column in available.items() if column.ndim == 1))
            message = f"no variable {name!r} to tabulate by; there are {known}"
            raise RunError(message)
        if available[name].ndim != 1:
            message = f"{name!r} has several values a trial: it cannot be tabulated by"
            raise RunError(message)
    return {name: available[name] for name in by}


def _conditions(
    column: Column, labels: Sequence[str], unit: str
) -> tuple[list[str], NDArray[np.intp]]:
    """Names of a variable's conditions, and each trial's position among them."""
    values, place = np.unique(column, return_inverse=True)
    if labels:
        return [labels[int(value)] if value >= 0 else "none" for value in values], place
    if len(values) <= MOST_VALUES:
        return [quantity(value, unit) for value in values], place
    edges = np.quantile(column.astype(np.float64), np.linspace(0, 1, BINS + 1))
    place = np.searchsorted(edges[1:-1], column, side="right")
    names = [f"{quantity(low, unit)} to {quantity(high, unit)}" for low, high in pairwise(edges)]
    return names, place


def _group(condition: tuple[str, ...], correct: NDArray[np.float64]) -> Group:
    found = accuracy_of(correct)
    known = not math.isnan(found.accuracy)
    return Group(
        condition=condition,
        trials=len(correct),
        counted=found.counted,
        accuracy=found.accuracy if known else None,
        error=found.error if known else None,
    )
