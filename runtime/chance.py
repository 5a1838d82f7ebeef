"""How well a network does that knows nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from epochal.compiler import ir
from epochal.compiler.describe import Chance
from epochal.runtime.batch import Stream
from epochal.runtime.scoring import accuracy_of

if TYPE_CHECKING:
    from epochal.runtime.task import Task

CHANCE_TRIALS = 2000
_SEED = 0


def scores_of(program: ir.Program) -> tuple[str, ...]:
    """Name the scores of a task, or of all members of a set."""
    tasks = [one.task for one in program.members] if isinstance(program, ir.Taskset) else [program]
    return tuple(dict.fromkeys(score.name for task in tasks for score in task.scores))


def chance_level(task: Task) -> Chance | None:
    """Measure how often random outputs count as correct; None where `correct` is not defined.

    Each trial has one standard normal number a unit, held from the first step to the last, on
    2,000 trials of the test stream.  It is scored with those and with their negatives, so that
    the accuracy of a choice between two is one half and has no error.
    """
    if "correct" not in scores_of(task.ir):
        return None
    rng = np.random.default_rng(_SEED)
    correct = []
    part = max(1, min(CHANCE_TRIALS, 2_000_000 // (task.n_steps(20.0) * (task.n_in + task.n_out))))
    if isinstance(task.ir, ir.Taskset) and task.ir.per_batch:  # as many batches as hold each member
        part = min(part, math.ceil(CHANCE_TRIALS / sum(one.copies for one in task.ir.members)))
    for i, first in enumerate(range(0, CHANCE_TRIALS, part)):
        n = min(part, CHANCE_TRIALS - first)
        batch = task.batch(n, seed=_SEED, batch=i, stream=Stream.TEST, noise=False)
        held = rng.standard_normal((n, 1, task.n_out)).astype(np.float32)
        shape = batch.targets.shape
        both = [task.score(np.broadcast_to(x, shape), batch)["correct"] for x in (held, -held)]
        correct.append(np.mean(np.asarray(both, float), axis=0))
    found = accuracy_of(np.concatenate(correct))
    return Chance(found.accuracy, found.error, CHANCE_TRIALS) if found.counted else None
