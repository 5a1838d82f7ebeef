"""Distributions as inverse functions of u, numbers in (0, 1) drawn by `Draw`.

Parameters are numbers for the batch or (N_batch,) arrays; u is (N_batch,), or any shape that the
parameters broadcast with.  The same bits on every machine.
"""

import numpy as np
from numpy.typing import ArrayLike

from epochal.compiler.prelude.portable import portable_exp, portable_log
from epochal.compiler.prelude.words import Array, Bools, Draw, Floats, Ints, Number, Words

# Wichura (1988), algorithm AS241, PPND16: the ratio of two polynomials in each of three regions.
WICHURA_MID = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
WICHURA_NEAR = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
WICHURA_FAR = (
    (
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)


def whole(x: ArrayLike) -> Ints:
    """Round to the nearest whole number, halves to even."""
    return np.asarray(np.rint(x)).astype(np.int64)


def uniform(u: Floats, low: Number, high: Number) -> Floats:
    """Draw uniformly between low and high."""
    return low + (high - low) * u


def pick(u: Floats, k: Number) -> Ints:
    """Draw a position 0 to k - 1, each as likely."""
    return np.floor(u * k).astype(np.int64)


def integers(u: Floats, low: Number, high: Number) -> Ints:
    """Draw a whole number from low to high, both included."""
    return (low + np.floor(u * (high - low + 1))).astype(np.int64)


def choice(u: Floats, values: ArrayLike) -> Array:
    """Draw one of values, each as likely: (N_batch,), or (N_batch, m) from k rows of m."""
    table = np.asarray(values)
    return table[pick(u, len(table))]


def one_each(place: Ints, values: tuple[ArrayLike, ...]) -> Array:
    """Take the value at a place, 0 to k - 1, of k values that differ from row to row."""
    place, *rows = np.broadcast_arrays(place, *values)
    chosen: Array = np.take_along_axis(np.stack(rows), place[None], axis=0)[0]
    return chosen


def weighted(u: Floats, weights: ArrayLike) -> Ints:
    """Draw a position in proportion to its weight, in the shape of u.

    The weights are (k,), or (N_batch, k) where they differ from trial to trial.
    """
    below = np.cumsum(np.asarray(weights, np.float64), axis=-1)
    level = np.asarray(u * below[..., -1])  # under the last sum, since u is under 1
    return np.asarray((below <= level[..., None]).sum(axis=-1), np.int64)


def bernoulli(u: Floats, p: Number) -> Bools:
    """Draw true with probability p."""
    return u < p


def exponential(u: Floats, mean: Number, low: Number = 0.0, high: Number = np.inf) -> Floats:
    """Draw low plus an exponential of this mean, given that the sum is at most high."""
    mass = 1 - portable_exp(np.divide(low - high, mean))
    return np.clip(low - mean * portable_log(1 - u * mass), low, high)


def geometric(u: Floats, p: Number, low: Number = 1, high: Number = np.inf) -> Ints:
    """Draw the trial of the first success, each of probability p, given low <= trial <= high.

    The law has no memory, so that it starts afresh at low (low >= 1).
    """
    failure = portable_log(1 - p)
    tail = portable_exp((high - low + 1) * failure)  # probability of a trial after high
    trial = low + np.floor(portable_log(tail + u * (1 - tail)) / failure)
    return np.clip(trial, low, high).astype(np.int64)


def poisson(u: Floats, rate: Number, most: int) -> Ints:
    """Draw a count of this mean, at most `most`, where all counts above it are put; rate <= 700."""
    p = portable_exp(-rate)
    below, count = p, np.zeros(u.shape, np.int64)
    for i in range(1, most + 1):
        above = u > below
        if not above.any():
            break
        count += above
        p = p * rate / i
        below = below + p
    return count


def normal(u: Floats, mean: Number, sd: Number) -> Floats:
    """Draw from the normal law."""
    return mean + sd * normal_quantile(u)


def normal_quantile(u: Floats) -> Floats:
    """Quantile of the standard normal law, to 1e-15 (Wichura 1988, AS241)."""
    q = u - 0.5
    s = np.sqrt(-portable_log(np.minimum(u, 1 - u)))
    mid = q * polynomial_ratio(WICHURA_MID, 0.180625 - q * q)
    near = polynomial_ratio(WICHURA_NEAR, s - 1.6)
    far = polynomial_ratio(WICHURA_FAR, s - 5)
    tail = np.where(s <= 5, near, far)
    return np.where(np.abs(q) <= 0.425, mid, np.where(q < 0, -tail, tail))


def polynomial_ratio(
    coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Floats
) -> Floats:
    """Ratio of two polynomials in x, their coefficients from the constant up."""
    top, bottom = np.zeros_like(x), np.zeros_like(x)
    for a, b in zip(coefficients[0][::-1], coefficients[1][::-1], strict=True):
        top, bottom = top * x + a, bottom * x + b
    return top / bottom


def truncnormal(
    draw: Draw,
    name: str,
    mean: Number,
    sd: Number,
    low: Number,
    high: Number,
    attempt: int = 0,
    k: int = 0,
    once: bool = False,
) -> Floats:
    """Draw from the normal law given low <= x <= high, (n,), by redrawing up to 20,000 times.

    An attempt of a `require` above it has redraws of its own.  With k it draws an array, (n, k);
    with once, one row for the whole batch.
    """
    n = 1 if once else draw.n
    x = np.full((n, k) if k else n, np.nan)
    for redraw in range(20_000 * attempt, 20_000 * (attempt + 1)):
        inside = (x >= low) & (x <= high)
        if inside.all():
            return x
        if once:
            u = draw.once(name, k, redraw)
        else:
            u = draw.units(name, k, redraw) if k else draw.unit(name, redraw)
        x = np.where(inside, x, normal(u, mean, sd))
    raise ValueError(f"{name}: 20,000 normal draws of some trial all left [low, high]")


def quantize(x: Number, step: Number) -> Floats:
    """Round x to the nearest multiple of step, halves to the even one."""
    return np.asarray(np.rint(np.divide(x, step)) * step)


def except_index(u: Floats, k: Number, taken: Ints) -> Ints:
    """Draw a position 0 to k - 1 other than `taken`, each as likely; of others all are possible."""
    inside = (taken >= 0) & (taken < k)
    i = pick(u, k - inside)
    return i + (inside & (i >= taken))


def weighted_except(u: Floats, weights: ArrayLike, taken: Ints) -> Ints:
    """Draw a position in proportion to its weight, that of `taken` counted as 0."""
    weights = np.asarray(weights, np.float64)
    own = np.arange(weights.shape[-1]) == np.asarray(taken)[..., None]
    return weighted(u, np.where(own, 0, weights))


def permutation(words: Words) -> Ints:
    """Shuffle the positions 0 to k - 1 in each of n rows, (n, k), by as many random words."""
    return np.argsort(words, axis=1, kind="stable").astype(np.int64)
