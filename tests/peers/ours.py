"""Our trials, told in the numbers of `peer_statistics`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from peer_statistics import Array, Collected, Difference, Recorded, Trials, bound, differences, read

import epochal
from epochal import Task
from epochal.driver import Bindings

RECORDED = Path(__file__).parent / "recorded"
TRIALS = 6000
PART = 250


@dataclass(frozen=True)
class Match:
    """One of our tasks that is held against a recording, and how it is asked.

    Attributes
    ----------
    task
        A name of the library, or a file beside the tests.
    recorded
        The name in the recording.
    bound
        Parameters that make it the original's task, in the language.
    values
        The columns of our trial table that the recording has, by the name that it has there.
    epochs
        Our epochs that the recording has, by the name that it has there.
    leaving_out
        Words: statistics whose names hold one of them are not compared; say why beside it.
    steps
        Whether durations of epochs are compared in steps: where both programs have one grid.
    group
        Trials in a batch that share draws: their means count as one number.
    """

    task: str
    recorded: str
    bound: Bindings
    values: Mapping[str, str]
    epochs: Mapping[str, str]
    leaving_out: Sequence[str] = ()
    steps: bool = True
    group: int = 1


def compare(match: Match, peer: str, task: Task | None = None) -> list[Difference]:
    """Draw our trials, and give what differs from the recording by more than chance allows.

    ``task`` stands in for that of the match: an altered one must differ.
    """
    theirs = read(RECORDED / f"{peer}.json")[match.recorded]
    task = task if task is not None else epochal.load(match.task)
    task = task.with_params(**match.bound) if match.bound else task
    found = differences(_tallies(match, theirs, task), theirs.tallies)
    compared = [one for one in found if not any(word in one.name for word in match.leaving_out)]
    assert len(compared) > 10
    limit = bound(len(compared))
    return [one for one in compared if abs(one.z) > limit]


def _tallies(match: Match, theirs: Recorded, task: Task) -> Mapping[str, tuple[int, float, float]]:
    collected = Collected()
    size = match.group if match.group > 1 else PART
    for i in range(math.ceil(TRIALS / size)):
        collected.add(trials_of(match, task, theirs.dt, size, i), steps=match.steps)
    return collected.tallies(theirs.edges, match.group)


def trials_of(match: Match, task: Task, dt: float, n: int, i: int) -> Trials:
    """Make one batch of about n trials, (N_batch, ..), as the comparison wants them."""
    batch = task.batch(max(1, n // task.session), dt=dt, seed=20_251_125, batch=i)
    return Trials(
        inputs=batch.inputs,
        targets=batch.targets,
        weights=batch.weights,
        epochs={theirs: batch.epochs[mine] for theirs, mine in match.epochs.items()},
        values={theirs: _values(batch.trials[mine], mine, task) for theirs, mine in match.values.items()},
        input_names=task.inputs,
        output_names=task.outputs,
    )


def _values(column: Array, name: str, task: Task) -> Array:
    """Give a column of the trial table in ms, deg and Hz, or as labels."""
    if name in task.labels:
        return np.array([*task.labels[name], "none"])[np.asarray(column, int)]
    times = task.units.get(name) == "us"
    return np.asarray(column, float) / (1000 if times else 1)


def told(found: Sequence[Difference]) -> str:
    """Say what differs, the most first."""
    return "\n".join(
        f"{one.name}: ours {one.ours[1]:.5g}, theirs {one.theirs[1]:.5g}, z = {one.z:.1f}"
        for one in found[:20]
    )
