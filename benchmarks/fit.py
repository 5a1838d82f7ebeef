"""How a cost grows."""

from __future__ import annotations

from collections.abc import Sequence
from math import log


def exponent(curve: Sequence[tuple[float, float]]) -> float:
    """Fit ``cost = a size^p`` by least squares of the logarithms; give p, 1 where it is linear."""
    xs, ys = [log(size) for size, _ in curve], [log(cost) for _, cost in curve]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    up = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True))
    return up / sum((a - x) ** 2 for a in xs)
