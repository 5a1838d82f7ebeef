"""Our trials, told in the numbers of `peer_statistics`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from peer_statistics import Array, Collected, Difference, Recorded, Trials, bound, differences, read

import epochal
from epochal import Batch, Task
from epochal.driver import Bindings
from epochal.library import library

RECORDED = Path(__file__).parent / "recorded"
TRIALS = 6000
PART = 250
Part = tuple[str, float, float | None]


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
        Our epochs that the recording has, by the name that it has there; ``("response", 0, 20)``
        is the part of one from 0 to 20 ms, None its end.
    leaving_out
        Patterns: statistics whose names hold one of them are not compared; say why beside it.
    absent
        A column of our trial table: where it is true, the values are not there.
    steps
        Whether durations of epochs are compared in steps: where both programs have one grid.
    joint
        Whether the recording has the products of inputs and targets for each label.
    noise
        Whether our inputs have their noise.
    group
        Trials in a batch that share draws: their means count as one number.
    """

    task: str
    recorded: str
    bound: Bindings
    values: Mapping[str, str]
    epochs: Mapping[str, str | Part]
    leaving_out: Sequence[str] = ()
    absent: str = ""
    steps: bool = True
    joint: bool = False
    noise: bool = True
    group: int = 1


def compare(match: Match, peer: str, task: Task | None = None) -> list[Difference]:
    """Draw our trials, and give what differs from the recording by more than chance allows.

    ``task`` stands in for that of the match: an altered one must differ.
    """
    theirs = read(RECORDED / f"{peer}.json")[match.recorded]
    task = task if task is not None else epochal.load(match.task)
    task = task.with_params(**match.bound) if match.bound else task
    found = differences(_tallies(match, theirs, task), theirs.tallies)
    compared = [one for one in found if not any(re.search(p, one.name) for p in match.leaving_out)]
    assert len(compared) > 10
    limit = bound(len(compared))
    return [one for one in compared if abs(one.z) > limit]


def _tallies(match: Match, theirs: Recorded, task: Task) -> Mapping[str, tuple[int, float, float]]:
    collected = Collected(joint=match.joint)
    size = match.group if match.group > 1 else PART
    for i in range(math.ceil(TRIALS / size)):
        collected.add(trials_of(match, task, theirs.dt, size, i), steps=match.steps)
    return collected.tallies(theirs.edges, match.group)


def trials_of(match: Match, task: Task, dt: float, n: int, i: int) -> Trials:
    """Make one batch of about n trials, (N_batch, ..), as the comparison wants them."""
    batch = task.batch(
        max(1, n // task.session), dt=dt, seed=20_251_125, batch=i, noise=match.noise
    )
    return Trials(
        inputs=batch.inputs,
        targets=batch.targets,
        weights=batch.weights,
        epochs={name: _span(batch.epochs, one, dt) for name, one in match.epochs.items()},
        values={
            theirs: _values(batch, mine, task, match.absent)
            for theirs, mine in match.values.items()
        },
        input_names=task.inputs,
        output_names=task.outputs,
    )


def _span(epochs: Mapping[str, Array], part: str | Part, dt: float) -> Array:
    """Give the first step of an epoch, or of a part of it, and the one after its last."""
    if isinstance(part, str):
        return epochs[part]
    name, start, stop = part
    first, after = epochs[name][:, 0], epochs[name][:, 1]
    end = after if stop is None else np.minimum(first + round(stop / dt), after)
    return np.stack((np.minimum(first + round(start / dt), after), end), axis=1)


def _values(batch: Batch, name: str, task: Task, absent: str) -> Array:
    """Give a column of the trial table in ms, deg and Hz, or as labels."""
    column = batch.trials[name]
    lacking: Array = batch.trials[absent] if absent else np.zeros(len(column), bool)
    if name in task.labels:
        labels: Array = np.array([*task.labels[name], "none"])
        named: Array = labels[np.where(lacking, -1, column)]
        return named
    found: Array = np.where(lacking, np.nan, np.asarray(column, float))
    return found / 1000 if task.units.get(name) == "us" else found


def told(found: Sequence[Difference]) -> str:
    """Say what differs, the most first."""
    return "\n".join(
        f"{one.name}: ours {one.ours[1]:.5g}, theirs {one.theirs[1]:.5g}, z = {one.z:.1f}"
        for one in found[:20]
    )


def altered(name: str, old: str, new: str, room: Path) -> Task:
    """Compile one of our tasks with a piece of its text replaced, which a comparison must find."""
    path = library().files.get(name, Path(name))
    text = path.read_text("utf-8")
    assert text.count(old) >= 1, f"{name} has no {old!r}"
    for beside in path.parent.glob("*.task"):  # what it uses
        (room / beside.name).write_text(beside.read_text("utf-8"), "utf-8")
    file = room / path.name
    file.write_text(text.replace(old, new), "utf-8")
    return epochal.load(file)
