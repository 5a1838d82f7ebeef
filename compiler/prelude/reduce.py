"""Reductions of outputs (N_batch, N_steps, N_units) over a span of steps, for scores.

A span is [start, stop), each (N_batch,) steps; an empty one gives nan.  Results are float64.
"""

import numpy as np

from epochal.compiler.prelude.encode import floor_mod
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


def span_rms(x: Array, start: Ints, stop: Ints) -> Floats:
    """Root of the mean square over the span and all units, (N_batch,)."""
    square = np.square(x, dtype=np.float64)
    return np.asarray(np.sqrt(span_mean(square, start, stop).mean(axis=1)))


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


def argmax_unit(x: Array) -> Ints:
    """Position of the largest unit of x (N_batch, N_units), the first of equals; -1 for a nan."""
    return np.where(np.isnan(x).any(axis=1), -1, x.argmax(axis=1))


def known_position(position: Ints) -> Floats:
    """Give positions as numbers, (N_batch,); nan for -1, which is none."""
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
