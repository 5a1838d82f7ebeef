"""What of NeuroGym's trials and ours is compared: few columns, and few of their products."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from peer_statistics import Array, Trials

MOST_INPUTS, MOST_OUTPUTS = 4, 3
UNSAID = (": weight ", "variance over time of target", "covariance of successive target")
"""NeuroGym has no weights; within an epoch its labels change where ours do, or on purpose."""
ANSWERS = frozenset(
    "decision test test1 test2 test3 rule_target watch stimulus recall1 recall2".split()
)
"""Epochs in which something is asked for: targets there are told with all else."""


class Side:
    """The inputs or the targets: few units are kept, many told by ``most`` random sums of them.

    The sums are the same in both programs; ``names`` are those of what is left.
    """

    def __init__(self, names: Sequence[str], most: int) -> None:
        self.names = tuple(names)
        self._mixing: Array | None = None
        if len(names) > most:
            mixing = np.random.default_rng(len(names)).standard_normal((len(names), most))
            self._mixing = mixing / math.sqrt(len(names))
            self.names = tuple(f"sum {k}" for k in range(most))

    def few(self, array: Array) -> Array:
        """Bring an array (.., N_units) to (.., N_left)."""
        return array if self._mixing is None else array @ self._mixing


def view(trials: Trials) -> Trials:
    """Keep what is compared."""
    inputs = Side(trials.input_names, MOST_INPUTS)
    outputs = Side(trials.output_names, MOST_OUTPUTS)
    targets = outputs.few(trials.targets)
    return replace(
        trials,
        inputs=inputs.few(trials.inputs),
        targets=targets,
        weights=np.ones_like(targets),
        input_names=inputs.names,
        output_names=outputs.names,
    )


def kept(name: str) -> bool:
    """Whether a statistic is compared: of products, squares and those with an answer."""
    if any(word in name for word in UNSAID):
        return False
    one, times, other = name.partition(" x ")
    return not times or one == other or (not _is_target(one) and _is_answer(other))


def _is_target(name: str) -> bool:
    return name.partition(": ")[2].startswith("target ")


def _is_answer(name: str) -> bool:
    return name.partition(": ")[0] in ANSWERS and _is_target(name)
