"""Trials run through a network and scored."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.batch import Column, Float, Stream, TrialSource
from epochal.runtime.models import Model
from epochal.runtime.noise import noise_sd, recurrent_noise

# Outputs (N_batch, N_steps, N_out) from inputs (N_batch, N_steps, N_in), recurrent noise
# (N_steps, N_batch, N_rec) and the number of steps to run.
Forward = Callable[[Float, Float, int], Float]

CHUNK = 256  # sequences at a time; one compiled program serves every chunk
MOST_RATES = 2**23  # rates of one chunk, N_batch N_steps N_rec: 32 MiB an array


@dataclass(frozen=True)
class Scored:
    """Trials and what a network made of them: columns of the trial table, and scores."""

    trials: dict[str, Column]
    scores: dict[str, Column]

    @property
    def correct(self) -> NDArray[np.float64]:
        """1, 0, or NaN for a trial that does not count, (N,); (N, K) where it has K answers."""
        return self.values("correct")

    def values(self, score: str) -> NDArray[np.float64]:
        """Give one score as numbers, NaN for a trial that does not count."""
        return np.asarray(self.scores[score], np.float64)


def score_trials(
    forward: Forward,
    task: TrialSource,
    model: Model,
    n: int,
    *,
    dt: float,
    seed: int,
    stream: Stream,
    first: int = 0,
) -> Scored:
    """Run ``n`` fresh trials, in batches numbered from ``first``, through a network.

    Where a task has sessions, there are as many whole sequences as hold them.  The last batch may
    hold fewer sequences; it is padded to the size of the others, so that they share one compiled
    program.
    """
    sequences = math.ceil(n / task.session)
    size = batch_size(task, sequences, model.units, dt)
    parts = []
    for number, begin in enumerate(range(0, sequences, size), start=first):
        some = min(size, sequences - begin)
        batch = task.batch(some, dt=dt, seed=seed, batch=number, stream=stream)
        noise = recurrent_noise(
            batch.inputs.shape[1], size, model.units, noise_sd(model, dt), seed, stream, number
        )
        inputs = np.pad(batch.inputs, ((0, size - some), (0, 0), (0, 0)))
        outputs = forward(inputs, noise, int(batch.lengths.max()))[:some]
        scores = _checked(task.score(outputs, batch), some * task.session)
        parts.append(Scored(dict(batch.trials), scores))
    return Scored(_joined([p.trials for p in parts]), _joined([p.scores for p in parts]))


def batch_size(task: TrialSource, sequences: int, n_units: int, dt: float) -> int:
    """Give the sequences of one batch of a measure.

    A large network or long sequences make batches small, so that measuring takes less memory than
    learning.  Where batches differ from each other they are many enough.
    """
    most, values = CHUNK, task.n_steps(dt) * n_units
    while most > 1 and most * values > MOST_RATES:
        most //= 2
    return max(1, min(most, sequences // task.spread))


def _checked(scores: Mapping[str, Column], n_trials: int) -> dict[str, Column]:
    assert "correct" in scores, "a task scores `correct`"
    assert len(scores["correct"]) == n_trials, "a score has a value for each trial"
    return dict(scores)


def _joined(parts: list[dict[str, Column]]) -> dict[str, Column]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
