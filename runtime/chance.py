"""How well a network does that knows nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from epochal.runtime.batch import Stream

if TYPE_CHECKING:
    from epochal.runtime.task import Task

CHANCE_TRIALS = 2000
_SEED = 0


def chance_level(task: Task) -> float | None:
    """Measure how often random outputs count as correct; None where `correct` is not defined.

    Each trial has one standard normal number a unit, held from the first step to the last, on
    2,000 trials of the test stream.
    """
    if not any(score.name == "correct" for score in task.ir.scores):
        return None
    rng = np.random.default_rng(_SEED)
    correct = []
    part = max(1, min(CHANCE_TRIALS, 2_000_000 // (task.n_steps(20.0) * (task.n_in + task.n_out))))
    for i, first in enumerate(range(0, CHANCE_TRIALS, part)):
        n = min(part, CHANCE_TRIALS - first)
        batch = task.batch(n, seed=_SEED, batch=i, stream=Stream.TEST, noise=False)
        held = rng.standard_normal((n, 1, task.n_out)).astype(np.float32)
        scores = task.score(np.broadcast_to(held, batch.targets.shape), batch)
        correct.append(np.asarray(scores["correct"], float))
    all_correct = np.concatenate(correct)
    known = all_correct[~np.isnan(all_correct)]
    return float(known.mean()) if known.size else None
