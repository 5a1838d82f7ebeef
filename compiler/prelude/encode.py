"""Codes of stimuli: bumps on a ring, ranges, remainders.  The same bits on every machine."""

import numpy as np

from epochal.compiler.prelude.portable import portable_cos, portable_exp, portable_log
from epochal.compiler.prelude.words import Array, Floats, Number


def bump(center: Number, width: Number, n_units: int) -> Floats:
    """Circular Gaussian of height 1 on a ring, exp(-(d / width)**2 / 2): (N_batch, n_units).

    Unit k prefers k * 360 / n_units deg, and d is its distance from center the shorter way round.
    center and width are in deg, one number or (N_batch,); both one number give (n_units,).
    """
    d = ring_distance(center, n_units) / np.asarray(width)[..., None]
    return portable_exp(-0.5 * d * d)


def vonmises(center: Number, kappa: Number, n_units: int) -> Floats:
    """Von Mises curve of height 1 on a ring, exp(kappa * (cos(d) - 1)): (N_batch, n_units).

    Units and d are those of `bump`; kappa is a number from 0 up, one or (N_batch,).
    """
    return portable_exp(np.asarray(kappa)[..., None] * (cosine_tuning(center, n_units) - 1))


def cosine_tuning(center: Number, n_units: int) -> Floats:
    """Cosine of the distance d of `bump` on a ring, from -1 to 1: (N_batch, n_units)."""
    return portable_cos(np.radians(ring_distance(center, n_units)))


def ring_distance(center: Number, n_units: int) -> Floats:
    """Distance in deg of each unit of a ring from center, the shorter way: (N_batch, n_units)."""
    preferred = np.arange(n_units) * 360.0 / n_units
    d = floor_mod(preferred - np.asarray(center)[..., None], 360.0)
    return np.asarray(np.minimum(d, 360.0 - d))


def onehot(unit: Number, n_units: int) -> Floats:
    """Give 1 to one unit and 0 to the others: (N_batch, n_units)."""
    return np.asarray(np.asarray(unit)[..., None] == np.arange(n_units), np.float64)


def opponent(x: Number) -> Floats:
    """Give x to the first of two units and -x to the second: (N_batch, 2)."""
    x = np.asarray(x, np.float64)
    return np.stack([x, -x], axis=-1)


def evidence(unit: Number, x: Number, n_units: int) -> Floats:
    """Give x to one unit and -x / (n_units - 1) to each other: (N_batch, n_units)."""
    own = np.asarray(unit)[..., None] == np.arange(n_units)
    x = np.asarray(x, np.float64)[..., None]
    return np.where(own, x, -x / (n_units - 1))


def side_by_side(x: Array) -> Array:
    """Set the rings of each trial side by side, (N_batch, slots * n) from (N_batch, slots, n)."""
    return x.reshape(len(x), x.shape[1] * x.shape[2])


def by_slot(x: Array, slots: int) -> Array:
    """View an array of rings slot by slot, (.., slots, n) from (.., slots * n); writing is seen."""
    return x.reshape(*x.shape[:-1], slots, x.shape[-1] // slots)


def power(base: Number, exponent: Number) -> Floats:
    """Raise base to an exponent; exact products for whole exponents up to 1024.

    A negative base has no other powers: nan.
    """
    base, exponent = np.broadcast_arrays(np.asarray(base, float), np.asarray(exponent, float))
    whole = (exponent == np.floor(exponent)) & (np.abs(exponent) <= 1024)
    count = np.where(whole, np.abs(exponent), 0).astype(np.int64)
    product, factor = np.ones_like(base), base.copy()
    while count.any():
        np.multiply(product, factor, out=product, where=count % 2 == 1)
        count = count // 2
        np.multiply(factor, factor, out=factor, where=count > 0)
    np.divide(1, product, out=product, where=exponent < 0)
    broken = portable_exp(exponent * portable_log(np.where(whole, 1.0, base)))
    return np.where(whole, product, broken)


def rescale(
    x: Number, of_low: Number, of_high: Number, onto_low: Number, onto_high: Number
) -> Floats:
    """Map x from the range [of_low, of_high] onto [onto_low, onto_high], in a straight line."""
    part = np.divide(x - of_low, of_high - of_low)
    return np.asarray(onto_low + part * (onto_high - onto_low))


def floor_mod(a: Number, b: Number) -> Floats:
    """Remainder of a / b in [0, b), for b > 0."""
    rest = np.asarray(a - b * np.floor(np.divide(a, b)))
    rest = np.where(rest < 0, rest + b, rest)  # the quotient was rounded up to a whole number
    return np.where(rest >= b, rest - b, rest)  # rest + b, or the product, was rounded up


def row_sum(x: Array) -> Array:
    """Add up the values of each row of (N_batch, n, ..), in order: the same bits everywhere."""
    total = x[:, 0]
    for i in range(1, x.shape[1]):
        total = total + x[:, i]
    return total


def element(x: Array, i: Number) -> Array:
    """Take value i of each row of (N_batch, n); i is whole, one for all or one a row."""
    return x[np.arange(len(x)), np.asarray(i, np.int64)]


def known_element(x: Array, i: Number) -> Array:
    """Take value i of each row as `element` does; where i is nan give nan, or false of truths."""
    known = np.broadcast_to(np.asarray(i) >= 0, len(x))
    found = element(x, np.where(known, i, 0))
    known = known.reshape(-1, *[1] * (found.ndim - 1))
    return found & known if found.dtype == bool else np.where(known, found, np.nan)


def elements(x: Array, i: Array) -> Array:
    """Take several values of each row of (N_batch, n); i is (N_batch, k), or (1, k) for all."""
    places = np.broadcast_to(np.asarray(i, np.int64), (len(x), np.shape(i)[1]))
    return np.take_along_axis(x, places, axis=1)
