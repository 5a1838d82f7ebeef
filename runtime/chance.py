"""How well a network does that knows nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from epochal.compiler import ir
from epochal.compiler.describe import Chance
from epochal.compiler.sizes import width
from epochal.runtime.accuracy import accuracy_of
from epochal.runtime.batch import Batch, Float, Stream

if TYPE_CHECKING:
    from epochal.runtime.task import Task

CHANCE_TRIALS = 2000
MOST_VALUES = 50_000_000
_MOST_BYTES = 2**30  # of one sequence
_SEED = 0


def scores_of(program: ir.Program) -> tuple[str, ...]:
    """Name the scores of a task, or of all members of a set."""
    tasks = [one.task for one in program.members] if isinstance(program, ir.Taskset) else [program]
    return tuple(dict.fromkeys(score.name for task in tasks for score in task.scores))


def chance_level(task: Task) -> Chance | None:
    """Measure how often random outputs count as correct.

    None where `correct` is not defined, or where one sequence alone is too large to make.

    Each trial has one standard normal number a unit, held from the first step to the last, on
    2,000 trials of the test stream, or fewer where those are very long.  It is scored with those
    and with their negatives, so that the accuracy of a choice between two is one half and has no
    error.  In a session each trial has numbers of its own.
    """
    if "correct" not in scores_of(task.ir):
        return None
    if task.n_bytes(1, 20.0) > _MOST_BYTES:
        return None
    rng = np.random.default_rng(_SEED)
    correct = []
    values = task.n_steps(20.0) * (task.n_in + task.n_out) + task.session * width(task.ir)
    trials = max(20, min(CHANCE_TRIALS, MOST_VALUES * task.session // values))
    sequences = math.ceil(trials / task.session)
    part = max(1, min(sequences, 2_000_000 // values))
    if isinstance(task.ir, ir.Taskset) and task.ir.per_batch:  # as many batches as hold each member
        part = min(part, math.ceil(trials / sum(one.copies for one in task.ir.members)))
    for i, first in enumerate(range(0, sequences, part)):
        n = min(part, sequences - first)
        batch = task.batch(n, seed=_SEED, batch=i, stream=Stream.TEST, noise=False)
        numbers = rng.standard_normal((n * task.session, task.n_out)).astype(np.float32)
        both = [task.score(_held(x, batch), batch)["correct"] for x in (numbers, -numbers)]
        correct.append(np.mean(np.asarray(both, float), axis=0))
    found = accuracy_of(np.concatenate(correct))
    trials = sequences * task.session
    return Chance(found.accuracy, found.error, trials) if found.counted else None


def _held(numbers: Float, batch: Batch) -> Float:
    """Hold the numbers of each trial, (N_trials, N_out), over its steps: as the targets."""
    n, n_steps, n_out = batch.targets.shape
    if len(numbers) == n:
        return np.broadcast_to(numbers[:, None], batch.targets.shape)
    start = np.min([first[:, 0] for first in batch.epochs.values()], axis=0).reshape(n, -1)
    length = np.diff(start, axis=1, append=n_steps)
    return np.repeat(numbers, length.ravel(), axis=0).reshape(n, n_steps, n_out)
