"""Draws of arrays that follow arrays, members of sets.

Vectorised trials, printed by Epochal from source.task.

Needs only NumPy; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial table times are
whole microseconds, angles are in deg, and labels are positions in TASK["labels"].
"""

import hashlib
import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TASK = {
    "name": "members",
    "hash": "task1:6ac6edee58fb",
    "inputs": ("light",),
    "outputs": ("out",),
    "epochs": {"w1": (0, 1)},
    "labels": {
        "h": ("red", "green", "blue"), "g": ("red", "green", "blue"),
        "hue": ("green", "red", "blue"),
    },
    "units": {
        "m": "", "go": "bool", "z": "", "x": "", "w": "", "y": "", "t2": "", "wt": "", "n_in": "",
        "some": "bool", "both": "", "k": "", "one": "bool", "b": "", "c": "", "levels": "",
        "correct": "bool", "longest trial": "us",
    },
    "arguments": {"levels": "levels"},
}

LIGHT = 0  # columns of the inputs
OUT = 0  # columns of the outputs
RED, GREEN, BLUE = range(3)  # labels of h
HUE_GREEN, HUE_RED, HUE_BLUE = range(3)  # labels of hue
PAIRS = ((1, 0), (2, 1))  # source.task:7
W1, PADDING = range(2)  # segments


def sample_trials(n, seed, batch=0, stream=0, *, levels=(1, 2)):
    """Draw the trial table, each (N_batch,): m (3 values), go (3 values, bool), z (3 values), x (3
    values), w (3 values), h (3 values, label), g (3 values, label), y (3 values), t2 (3 values),
    wt (3 values), n_in, some (bool), both, k, hue (label), one (bool), b (2 values), c (2 values),
    levels.
    """
    levels = np.asarray(levels)  # source.task:8
    draw = Draw(n, seed, batch, stream)
    m = uniform(draw.units("var:m", 3), 0, 1)  # source.task:14
    go = bernoulli(draw.units("var:go", 3), m)  # source.task:15
    z = k_ = hue = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        z = renewed(z, integers(draw.units("var:z", 3, attempt), 0, 2), again)  # source.task:16
        n_in = np.isin(z, levels).sum(axis=1)  # source.task:24
        k_ = renewed(k_, choice(draw.unit("var:k", attempt), (1, 2)), again)  # source.task:27
        hue = renewed(hue, pick(draw.unit("var:hue", attempt), 3), again)  # source.task:28
        # source.task:32
        again = np.logical_not(
            ((k_ == 1) & (hue == HUE_RED))
            | ((k_ == 2) & (hue == HUE_BLUE))
            | ((k_ == 2) & (hue == HUE_GREEN))
            | (n_in > 1),
        )
        if settled(again, attempt, "k == 1 and hue == red or k == 2 and hue == blue..."):
            break
    x = normal(draw.units("var:x", 3), m, (0.1 + row_sum(m))[:, None])  # source.task:17
    # source.task:18
    w = np.array((0, 1, 2))[except_index(draw.units("var:w", 3), 3, row_of((0, 1, 2), z))]
    h = pick(draw.units("var:h", 3), 3)  # source.task:19
    g = except_index(draw.units("var:g", 3), 3, h)  # source.task:20
    u = draw.units("var:y", 3)  # source.task:21
    y = np.where(go, uniform(u, 0, 1), quantize(normal(u, 0, 1), 0.5 + m))  # source.task:21
    t2 = truncnormal(draw, "var:t2", m, 1, m - 1, m + 1, k=3)  # source.task:22
    # source.task:23
    wt = np.array((0, 1, 2))[
        weighted_except(draw.units("var:wt", 3), (1, 2, 3), row_of((0, 1, 2), z))
    ]
    some = ((h == RED) | (h == BLUE)).any(axis=1)  # source.task:25
    both = (((z == 1) & (h == RED)) | ((z == 2) & (h == GREEN))).sum(axis=1)  # source.task:26
    one = ((k_ == 1) & (hue == HUE_RED)) | ((k_ == 2) & (hue == HUE_BLUE))  # source.task:29
    b = np.full((n, 2), uniform(draw.once("var:b", 2), 0, 1))  # source.task:30
    c = np.full((n, 2), normal(draw.once("var:c", 2), b, 1))  # source.task:31
    return {
        "m": m,
        "go": go,
        "z": z,
        "x": x,
        "w": w,
        "h": h,
        "g": g,
        "y": y,
        "t2": t2,
        "wt": wt,
        "n_in": n_in,
        "some": some,
        "both": both,
        "k": k_,
        "hue": hue,
        "one": one,
        "b": b,
        "c": c,
        "levels": np.tile(levels, (n, 1)),
        "longest trial": np.full(n, 100_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 2); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 2), np.int64)
    time = np.zeros_like(longest)
    stop[:, W1] = steps(time := time + 100_000, dt)  # source.task:34
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 1), targets and weights (N_batch, N_steps, 1), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    w = trials["w"]
    both = trials["both"]
    k_ = trials["k"]
    levels = trials["levels"]

    drive = np.zeros((n, 2, 1))
    target = np.zeros((n, 2, 1))
    weight = np.ones((n, 2, 1))
    weight[:, PADDING] = 0

    # source.task:36
    drive[np.isin(k_, levels), W1, LIGHT] = (row_sum(w) + both)[np.isin(k_, levels)]

    inputs = spread(drive, index, out[0])
    targets = spread(target, index, out[1])
    weights = spread(weight, index, out[2])
    return inputs, targets, weights


def generate(n, dt, seed, batch=0, stream=0, noise=True, out=None, **params):
    """Make one batch of n trials at dt ms; params are those of sample_trials.

    Returns inputs, targets and weights as in arrays, the inputs with their noise, and the trial
    table.
    """
    trials = sample_trials(n, seed, batch, stream, **params)
    inputs, targets, weights = arrays(trials, dt, out)
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 1): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    n = len(stop)
    # source.task:38
    correct = (
        (span_mean(outputs[:, :, OUT : OUT + 1], np.zeros(n, np.int64), stop[:, W1])[:, 0] > 0)
        & True
    )
    return {"correct": correct}


# Below stands what the functions above need, copied from Epochal's prelude.


Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Bools = NDArray[np.bool_]
Floats32 = NDArray[np.float32]
Array = NDArray[Any]
Number = float | Array  # one for the batch, or one a trial


def code(name: str) -> int:
    """Give a name as a 64-bit number, the same on every machine."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "little")


def middles(words: Words) -> Floats:
    """Turn words into numbers in (0, 1), never 0 or 1: the middles of 2**52 equal cells."""
    return ((words >> np.uint64(12)).astype(np.float64) + 0.5) * 2.0**-52


class Draw:
    """Draws for one batch of n trials.

    Each variable has its own block of Philox counters, so that no draw can move another.

    Parameters
    ----------
    n : number of trials.
    seed, batch, stream : integers in [0, 2**64).
    """

    def __init__(self, n: int, seed: int, batch: int, stream: int) -> None:
        self.n, self.batch = n, batch
        self.philox = np.random.Philox(key=np.array([seed, stream], np.uint64))
        self.state = self.philox.state

    def words(self, name: str, count: int, attempt: int = 0, batch: int | None = None) -> Words:
        """Draw 64-bit words, (count,); a redraw has the next attempt."""
        batch = self.batch if batch is None else batch
        counter = np.array([0, attempt, code(name), batch], np.uint64)
        self.state["state"]["counter"][:] = counter
        self.philox.state = self.state
        return self.philox.random_raw(count)

    def each(self, name: str, k: int, attempt: int = 0) -> Words:
        """Draw k words for each trial, (n, k)."""
        return self.words(name, self.n * k, attempt).reshape(self.n, k)

    def unit(self, name: str, attempt: int = 0) -> Floats:
        """Draw one number in (0, 1) a trial, (n,)."""
        return middles(self.each(name, 1, attempt)[:, 0])

    def units(self, name: str, k: int, attempt: int = 0) -> Floats:
        """Draw k numbers in (0, 1) a trial, (n, k)."""
        return middles(self.each(name, k, attempt))

    def once(self, name: str, k: int = 0, attempt: int = 0) -> Floats:
        """Draw one number in (0, 1) for the whole batch, (1,); with k an array, (1, k)."""
        u = middles(self.words(name, max(k, 1), attempt))
        return u[None] if k else u

    def turn(self, name: str, k: int) -> int:
        """Choose one of k levels for the whole batch; k successive batches have each once."""
        block, place = divmod(self.batch, k)
        return int(np.argsort(self.words(name, k, batch=block), kind="stable")[place])

    def design(self, cells: int) -> Ints:
        """Deal the cells of a balanced design, (n,): whole copies, the rest without replacement."""
        cell = np.argsort(self.words("design:cells", cells), kind="stable")
        place = np.argsort(self.each("design:order", 1)[:, 0], kind="stable")
        return cell[place % cells].astype(np.int64)


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


LN2_HIGH = 0.6931471803691238  # first 33 bits of log(2)
LN2_LOW = 1.9082149292705877e-10


def portable_log(x: Number) -> Floats:
    """Natural logarithm, the same bits everywhere; -inf at 0, nan below."""
    x = np.asarray(x, np.float64)
    ordinary = (x > 0) & (x < np.inf)
    m, e = np.frexp(np.where(ordinary, x, 1.0))
    small = m < 0.7071067811865476
    m, e = np.where(small, 2 * m, m), e - small
    s = (m - 1) / (m + 1)  # log(m) = 2 artanh(s), |s| < 0.172
    z = s * s
    series = np.zeros_like(s)
    for k in range(21, 0, -2):
        series = series * z + 1 / k
    edge = np.where(x == 0, -np.inf, np.where(x < 0, np.nan, x))
    return np.where(ordinary, 2 * s * series + e * LN2_LOW + e * LN2_HIGH, edge)


def steps(time: Ints, dt: float) -> Ints:
    """Give the number of steps of dt ms nearest to a time in us, half up."""
    step = round(1000 * dt)  # whole microseconds
    return (time + step // 2) // step


def segment_lengths(stop: Ints) -> Ints:
    """Count the steps of each segment, (N_batch, S), from the step at which each stops."""
    length = stop.copy()
    length[:, 1:] -= stop[:, :-1]
    return length


def segment_index(length: Ints) -> Ints:
    """Say in which segment each step lies, (N_batch, N_steps), from lengths (N_batch, S) in steps.

    Segment s of a trial is number trial * S + s; every trial has the same total length.  Raises
    ValueError where a length is negative: arguments may stretch a trial beyond its longest.
    """
    if (length < 0).any():
        raise ValueError(
            "a trial lasts longer than the longest, or an epoch less than 0: compile the task with "
            "the parameters that it is to have"
        )
    return np.repeat(np.arange(length.size), length.ravel()).reshape(len(length), -1)


def spread(rows: Floats, index: Ints, out: Floats32 | None = None) -> Floats32:
    """Hold each segment's row for the steps of that segment: (N_batch, N_steps, C) float32.

    NumPy copies rows of 1, 2, 4 or 8 columns three times faster than others, so that 3 columns
    stand in memory as 4, and 5, 6 or 7 as 8.

    Parameters
    ----------
    rows : (N_batch, S, C), one row a segment.
    index : (N_batch, N_steps), from `segment_index`.
    out : array of the same shape to fill and return, fastest when it came from here.
    """
    n_batch, n_segments, n_columns = rows.shape
    width = 4 if n_columns == 3 else 8 if 4 < n_columns < 8 else n_columns
    table = np.zeros((n_batch * n_segments, width), np.float32)
    table[:, :n_columns] = rows.reshape(-1, n_columns)
    if out is not None and width == n_columns:
        return np.take(table, index, axis=0, out=out, mode="clip")
    full = full_rows(out, (*index.shape, width))
    np.take(table, index, axis=0, out=full, mode="clip")
    if out is None:
        return full[:, :, :n_columns]
    if out.base is not full.base:
        out[...] = full[:, :, :n_columns]
    return out


def full_rows(out: Floats32 | None, shape: tuple[int, ...]) -> Floats32:
    """Give the whole rows behind an array that `spread` made, or new ones."""
    flat = None if out is None else out.base
    if out is not None and isinstance(flat, np.ndarray) and flat.shape == (math.prod(shape),):
        full = flat.reshape(shape)
        if full[:, :, : out.shape[2]].__array_interface__ == out.__array_interface__:
            return full
    return np.empty(math.prod(shape), np.float32).reshape(shape)


def row_of(rows: Any, *keys: Number) -> Ints:
    """Say which of some rows (k,), or (k, m) for m keys, equals the keys: (N_batch,); -1 if none.

    The first of equal rows is meant.
    """
    columns = np.asarray(rows).reshape(len(rows), -1).T
    same = np.asarray(True)
    for key, column in zip(keys, columns, strict=True):
        same = same & (np.asarray(key)[..., None] == column)
    return np.where(same.any(axis=-1), same.argmax(axis=-1), -1)


def row_sum(x: Array) -> Array:
    """Add up the values of each row of (N_batch, n, ..), in order: the same bits everywhere."""
    total = x[:, 0]
    for i in range(1, x.shape[1]):
        total = total + x[:, i]
    return total


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


ATTEMPTS = 100


def renewed(old: Array | None, new: Array, again: Bools) -> Array:
    """Take new values where `again` says so, (N_batch,); at the first attempt take all."""
    if old is None:
        return new
    return np.where(again.reshape(-1, *[1] * (new.ndim - 1)), new, old)


def settled(again: Bools, attempt: int, what: str) -> bool:
    """Say whether no trial needs another attempt; raise ValueError after the last attempt."""
    if not again.any():
        return True
    if attempt + 1 == ATTEMPTS:
        raise ValueError(
            f"{again.sum()} of {len(again)} trials still break `require {what}` after {ATTEMPTS} "
            "attempts: loosen it, or draw so that it holds more often"
        )
    return False
