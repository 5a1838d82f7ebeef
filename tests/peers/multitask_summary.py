"""What a batch of a task of Yang et al. 2019 or Driscoll et al. 2024 is like, in numbers.

NumPy alone, so that the same lines run beside the original code and beside Epochal.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.floating]
Bounds = Mapping[str, tuple[int, int]]

FIXATION = 0
BASELINE = {32: 0.05, 2: 0.0}  # of the response units, by how many there are


def summarize(
    inputs: Array, targets: Array, weights: Array, epochs: Bounds, n_ring: int, dt: float
) -> dict[str, float]:
    """Give one number a statistic for a batch whose trials share their times.

    Parameters
    ----------
    inputs
        (N_batch, N_steps, N_in): fixation, modality 1, modality 2, with noise, and what follows.
    targets, weights
        (N_batch, N_steps, 1 + n_ring): fixation and response; weights of the squared error.
    epochs
        The first step of each epoch, and the one after its last.
    n_ring
        Units of a modality, and of the response.
    dt
        Length of a step in ms.
    """
    stop = max(last for _, last in epochs.values())
    goal = targets[:, stop - 1, 1:] - BASELINE[n_ring]
    found = {
        "responds": float(np.mean(targets[:, stop - 1, 0] < 0.5)),
        "goal, tenth harmonic": _harmonic(goal, 10),
    }
    for name, (first, last) in epochs.items():
        part = slice(first, last)
        shown = _shown(inputs[:, part], n_ring, goal)
        asked = _asked(targets[:, part], weights[:, part], dt)
        found |= {f"{name}: {what}": value for what, value in {**shown, **asked}.items()}
    return found


def summarize_times(epochs: Bounds, dt: float) -> dict[str, float]:
    """Give the length of each epoch in ms, and its square."""
    lengths = {name: (last - first) * dt for name, (first, last) in epochs.items()}
    squares = {f"{name}: duration squared": value**2 for name, value in lengths.items()}
    return {f"{name}: duration": value for name, value in lengths.items()} | squares


def _shown(inputs: Array, n_ring: int, goal: Array) -> dict[str, float]:
    """Tell of the inputs in one epoch."""
    some = np.linspace(0, inputs.shape[1] - 1, 5).astype(int)  # as many for every length of epoch
    steady = inputs[:, some].mean(axis=1)
    rings = [steady[:, 1 + k * n_ring : 1 + (k + 1) * n_ring] for k in (0, 1)]
    found = {
        "fixation": float(steady[:, FIXATION].mean()),
        "noise of an input, variance": float(inputs[:, :, FIXATION].var(axis=1, ddof=1).mean()),
        "modalities, squared difference": float(np.square(rings[0] - rings[1]).mean()),
        "modalities, product": float((rings[0] * rings[1]).mean()),
    }
    for k, ring in enumerate(rings, start=1):
        found[f"modality {k}, mean"] = float(ring.mean())
        found[f"modality {k}, mean square"] = float(np.square(ring).mean())
        found[f"modality {k}, product with the goal"] = float((ring * goal).mean())
    return found


def _asked(targets: Array, weights: Array, dt: float) -> dict[str, float]:
    """Tell of the targets and weights in one epoch; nan where no step of it counts."""
    counts = weights[:, :, 0] > 0
    counted = weights[counts] if counts.any() else np.full((1, weights.shape[2]), np.nan)
    return {
        "fixation wanted": float(targets[:, :, 0].mean()),
        "response wanted": float(targets[:, :, 1:].mean()),
        "response wanted, mean square": float(np.square(targets[:, :, 1:]).mean()),
        "ignored, ms": float((~counts).sum(axis=1).mean() * dt),
        "weight of fixation": float(counted[:, 0].mean()),
        "weight of the response": float(counted[:, 1:].mean()),
    }


def _harmonic(goal: Array, k: int) -> float:
    """Give the cosine of k times the angle that the response units point to, 0 for none."""
    if goal.shape[1] == 2:
        angle = np.arctan2(goal[:, 0], goal[:, 1])
    else:
        preferred = 2j * np.pi * np.arange(goal.shape[1]) / goal.shape[1]
        angle = np.angle((goal * np.exp(preferred)).sum(axis=1))
    responds = np.abs(goal).sum(axis=1) > 1e-3
    return float(np.mean(np.where(responds, np.cos(k * angle), 0)))
