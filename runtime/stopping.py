"""When training is over."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from statistics import fmean

from epochal.runtime.config import Stop


class Reason(Enum):
    """Why training ended."""

    ACCURACY = "accuracy reached"
    PLATEAU = "accuracy stopped rising"
    UPDATES = "all updates done"
    CURRICULUM = "curriculum finished"
    STAGE = "a stage did not reach its goal"
    INTERRUPTED = "interrupted"


def reason_to_stop(accuracies: Sequence[float], stop: Stop) -> Reason | None:
    """Say why to stop after these evaluations, or None to go on.

    The first accuracy is that of the untrained network.  It stands for chance, which no rule
    could name for every task.  A plateau counts only once the network has clearly left chance:
    some tasks stay there for a thousand updates and are then learnt within a hundred, and others
    rest half-way, where they follow one of two cues.
    """
    trained = accuracies[1:]
    if len(trained) >= stop.last and fmean(trained[-stop.last :]) >= stop.accuracy:
        return Reason.ACCURACY
    if len(trained) < 2 * stop.patience:
        return None
    chance = min(accuracies[0], stop.accuracy)
    left = chance + stop.left_chance * (stop.accuracy - chance)
    before = fmean(trained[-2 * stop.patience : -stop.patience])
    since = fmean(trained[-stop.patience :])
    if since >= left and since < before + stop.rise:
        return Reason.PLATEAU
    return None
