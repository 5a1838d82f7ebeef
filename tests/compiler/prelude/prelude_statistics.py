"""p values of the three tests that the statistical checks use."""

from collections.abc import Callable
from math import exp, sqrt
from statistics import NormalDist

import numpy as np

from epochal.compiler.prelude.words import Array, Floats


def chi_square_p(counts: Array, probabilities: Array) -> float:
    """Chance of counts at least this far from their law (Wilson and Hilferty 1931)."""
    expected = np.asarray(probabilities) * counts.sum()
    assert expected.min() >= 5
    freedom = len(expected) - 1
    x = float(((counts - expected) ** 2 / expected).sum())
    z = ((x / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / sqrt(2 / (9 * freedom))
    return 1 - NormalDist().cdf(z)


def kolmogorov_p(sample: Floats, cdf: Callable[[Floats], Floats]) -> float:
    """Chance of a sample at least this far from its law (Stephens 1970)."""
    n = len(sample)
    level = cdf(np.sort(sample))
    step = np.arange(n + 1) / n
    distance = max(float((level - step[:-1]).max()), float((step[1:] - level).max()))
    reach = (sqrt(n) + 0.12 + 0.11 / sqrt(n)) * distance
    terms = [(-1) ** (k - 1) * exp(-2 * k * k * reach * reach) for k in range(1, 101)]
    return float(min(1.0, max(0.0, 2 * sum(terms))))


def two_sided_p(z: float) -> float:
    """Chance of a standard normal at least this far from 0."""
    return 2 * NormalDist().cdf(-abs(z))
