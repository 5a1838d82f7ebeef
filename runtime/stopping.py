"""When training is over."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from epochal.runtime.config import Stop


class Reason(Enum):
    """Why training ended."""

    ACCURACY = "accuracy reached"
    PLATEAU = "accuracy stopped rising"
    UPDATES = "all updates done"
    INTERRUPTED = "interrupted"


def reason_to_stop(accuracies: Sequence[float], stop: Stop) -> Reason | None:
    """Say why to stop after these evaluations, or None to go on.

    The first accuracy is that of the untrained network.  It stands for chance, which no rule
    could name for every task.  A plateau counts only once the network has clearly left chance:
    some tasks stay there for a thousand updates and are then learnt within a hundred, and others
    rest half-way, where they follow one of two cues.
    """
    means = _running_means(accuracies[1:], stop.last)
    if not means:
        return None
    if means[-1] >= stop.accuracy:
        return Reason.ACCURACY
    chance = min(accuracies[0], stop.accuracy)
    left = chance + stop.left_chance * (stop.accuracy - chance)
    before, since = means[: -stop.patience], means[-stop.patience :]
    if means[-1] >= left and before and max(since) < max(before) + stop.rise:
        return Reason.PLATEAU
    return None


def _running_means(values: Sequence[float], width: int) -> list[float]:
    return [sum(values[i - width : i]) / width for i in range(width, len(values) + 1)]
