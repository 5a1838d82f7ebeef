"""Codes of stimuli: bumps on a ring, ranges, remainders.  The same bits on every machine."""

import numpy as np

from epochal.compiler.prelude.portable import portable_exp
from epochal.compiler.prelude.words import Floats, Number


def bump(center: Number, width: Number, n_units: int) -> Floats:
    """Circular Gaussian of height 1 on a ring, exp(-(d / width)**2 / 2): (N_batch, n_units).

    Unit k prefers k * 360 / n_units deg, and d is its distance from center the shorter way round.
    center and width are in deg, one number or (N_batch,); both one number give (n_units,).
    """
    preferred = np.arange(n_units) * 360.0 / n_units
    d = floor_mod(preferred - np.asarray(center)[..., None], 360.0)
    d = np.minimum(d, 360.0 - d) / np.asarray(width)[..., None]
    return portable_exp(-0.5 * d * d)


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
