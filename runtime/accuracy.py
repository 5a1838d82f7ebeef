"""The fraction correct, and its error."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Accuracy:
    """Fraction correct of the answers that count, and its standard error.

    With one answer a trial the error is binomial; with several, those of one trial are not taken
    for independent.
    """

    accuracy: float
    error: float
    counted: int


def accuracy_of(correct: NDArray[np.float64]) -> Accuracy:
    """Count the correct among the answers that count, (N,) or (N, K); NaN where none does."""
    known = ~np.isnan(correct)
    counted = int(known.sum())
    if not counted:
        return Accuracy(math.nan, math.nan, 0)
    p = float(correct[known].mean())
    surplus = np.where(known, correct - p, 0).reshape(len(correct), -1).sum(axis=1)
    return Accuracy(p, math.sqrt(float(np.square(surplus).sum())) / counted, counted)
