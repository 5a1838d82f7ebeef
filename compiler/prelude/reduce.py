"""Reductions of outputs (N_batch, N_steps, N_units) over a span of steps, for scores.

A span is [start, stop), each (N_batch,) steps; an empty one gives nan.  Results are float64.
"""

from collections.abc import Callable

import numpy as np

from epochal.compiler.prelude.encode import floor_mod, row_sum
from epochal.compiler.prelude.timeline import us
from epochal.compiler.prelude.words import Array, Bools, Floats, Ints, Number


def in_span(x: Array, start: Ints, stop: Ints) -> Bools:
    """Say which steps of x lie in the span, (N_batch, N_steps, 1)."""
    step = np.arange(x.shape[1])
    return ((step >= start[:, None]) & (step < stop[:, None]))[:, :, None]


def span_mean(x: Array, start: Ints, stop: Ints) -> Floats:
    """Mean over the span, (N_batch, N_units)."""
    inside = in_span(x, start, stop)
    total = np.sum(x, axis=1, dtype=np.float64, where=inside)
    length = inside.sum(axis=1)
    return np.where(length > 0, total / np.maximum(length, 1), np.nan)


def span_last(x: Array, start: Ints, stop: Ints) -> Floats:
    """Value at the span's last step, (N_batch, N_units)."""
    last = x[np.arange(len(x)), np.maximum(stop - 1, 0)]
    return np.where((stop > start)[:, None], last.astype(np.float64), np.nan)


def span_min(x: Array, start: Ints, stop: Ints) -> Floats:
    """Smallest value in the span, (N_batch, N_units)."""
    inside = in_span(x, start, stop)
    least = np.min(x, axis=1, where=inside, initial=np.inf).astype(np.float64)
    return np.where(inside.any(axis=1), least, np.nan)


def span_max(x: Array, start: Ints, stop: Ints) -> Floats:
    """Largest value in the span, (N_batch, N_units)."""
    return -span_min(-x, start, stop)


def first_above(x: Array, level: Number, start: Ints, stop: Ints, dt: float) -> Floats:
    """Time in us from the span's start to its first step above level, (N_batch, N_units).

    nan where no step is; level is one number or (N_batch,), dt in ms.
    """
    above = (x > np.reshape(level, (-1, 1, 1))) & in_span(x, start, stop)
    time = (above.argmax(axis=1) - start[:, None]) * us(dt)
    return np.where(above.any(axis=1), time, np.nan)


def each_span(
    reduce: Callable[[Array, Ints, Ints], Floats], x: Array, start: Ints, stop: Ints
) -> Floats:
    """Reduce K spans of each trial by one of the functions above, (N_batch, K, N_units).

    start and stop are (N_batch, K) steps.
    """
    spans, length = cut_spans(x, start, stop)
    return reduce(spans, np.zeros_like(length), length).reshape(*start.shape, x.shape[2])


def each_first_above(x: Array, level: Number, start: Ints, stop: Ints, dt: float) -> Floats:
    """Time in us from the start of each of K spans to its first step above level, (N_batch, K).

    x has one unit; level is one number, (N_batch, 1) or (N_batch, K), dt in ms.
    """
    spans, length = cut_spans(x, start, stop)
    levels = np.broadcast_to(level, start.shape).ravel()
    return first_above(spans, levels, np.zeros_like(length), length, dt).reshape(start.shape)


def cut_spans(x: Array, start: Ints, stop: Ints) -> tuple[Array, Ints]:
    """Cut K spans out of each trial, (N_batch * K, longest, N_units), and give their lengths."""
    length = np.maximum(stop - start, 0).ravel()
    trial = np.repeat(np.arange(len(x)), start.shape[1])
    step = start.reshape(-1, 1) + np.arange(length.max(initial=1))
    return x[trial[:, None], np.minimum(step, x.shape[1] - 1)], length


def known_sum(x: Array) -> Array:
    """Sum of the values of each row that are not nan, (N_batch, ..) from (N_batch, n, ..)."""
    return row_sum(np.where(np.isnan(x), 0, x))


def known_mean(x: Array) -> Floats:
    """Mean of the values of each row that are not nan; nan where all are."""
    n = np.sum(~np.isnan(x), axis=1)
    return np.where(n > 0, known_sum(x) / np.maximum(n, 1), np.nan)


def known_min(x: Array) -> Floats:
    """Smallest of the values of each row that are not nan; nan where all are."""
    known = ~np.isnan(x)
    least = np.min(x, axis=1, where=known, initial=np.inf)
    return np.where(known.any(axis=1), least, np.nan)


def known_max(x: Array) -> Floats:
    """Largest of the values of each row that are not nan; nan where all are."""
    return -known_min(-x)


def argmax_unit(x: Array) -> Ints:
    """Position of the largest unit of x (.., N_units), the first of equals; -1 for a nan."""
    return np.where(np.isnan(x).any(axis=-1), -1, x.argmax(axis=-1))


def known_position(position: Ints) -> Floats:
    """Give positions as numbers; nan for -1, which is none."""
    return np.where(position >= 0, position, np.nan)


def population_vector(x: Array) -> Floats:
    """Angle in [0, 360) deg of the sum of the preferred directions, weighted by x: (N_batch, ..).

    Unit k of x (N_batch, .., n_units) prefers k * 360 / n_units deg; nan where the sum has no
    length.
    """
    preferred = np.arange(x.shape[-1]) * (2 * np.pi / x.shape[-1])
    x = x.astype(np.float64)
    east, north = (x * np.cos(preferred)).sum(axis=-1), (x * np.sin(preferred)).sum(axis=-1)
    pointed = np.hypot(east, north) > 1e-12 * np.abs(x).sum(axis=-1)
    return np.where(pointed, wrap(np.degrees(np.arctan2(north, east))), np.nan)


def angle_between(a: Number, b: Number) -> Floats:
    """Signed angle from b to a in (-180, 180] deg."""
    turn = wrap(np.subtract(a, b))
    return np.where(turn > 180, turn - 360, turn)


def wrap(x: Number) -> Floats:
    """Bring an angle in deg into [0, 360)."""
    return floor_mod(x, 360.0)
