"""What all trials of a batch share.

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
    "name": "batches",
    "hash": "task1:f1b654a6d8b0",
    "inputs": (
        "first[0]", "first[1]", "first[2]", "first[3]", "first[4]", "first[5]", "first[6]",
        "first[7]", "second[0]", "second[1]", "second[2]", "second[3]", "second[4]", "second[5]",
        "second[6]", "second[7]", "go",
    ),
    "outputs": ("report[pro]", "report[anti]"),
    "epochs": {"wait": (0, 1), "show": (1, 2), "respond": (2, 3)},
    "labels": {"rule": ("pro", "anti"), "modality": ("x", "y")},
    "units": {
        "speed": "", "low": "", "high": "", "pause": "us", "longer": "us", "gain": "",
        "loud": "bool", "a": "", "b": "", "theta": "deg", "level": "", "slowest": "us",
        "correct": "bool", "longest trial": "us",
    },
    "arguments": {"slowest": "slowest"},
}

FIRST, SECOND, GO = slice(0, 8), slice(8, 16), 16  # columns of the inputs
REPORT = slice(0, 2)  # columns of the outputs
PRO, ANTI = range(2)  # labels of rule
X, Y = range(2)  # labels of modality
WAIT, SHOW, RESPOND, PADDING = range(4)  # segments


def sample_trials(n, seed, batch=0, stream=0, *, slowest=400.0):
    """Draw the trial table, each (N_batch,): rule (label), speed, low, high, pause (us), longer
    (us), gain, loud (bool), modality (label), a, b, theta (deg), level, slowest (us).
    """
    slowest = us(hold(slowest, 100.0, 1000.0, "slowest (ms)"))  # source.task:11
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    rule = np.array((PRO, ANTI))[np.full(n, draw.turn("var:rule", 2))]  # source.task:22
    speed = np.array((1, 1, 2))[np.full(n, draw.turn("var:speed", 3))]  # source.task:23
    low_high = np.full(n, draw.turn("var:low,high", 3))  # source.task:24
    low = np.array((1, 3, 5))[low_high]  # source.task:24
    high = np.array((2, 4, 6))[low_high]  # source.task:24
    pause = np.full(n, whole(uniform(draw.once("var:pause"), 100_000, slowest)))  # source.task:25
    longer = pause + 50_000  # source.task:26
    # source.task:27
    gain = np.full(
        n,
        np.where(
            rule == PRO,
            normal(draw.once("var:gain"), 1, 0.1),
            uniform(draw.once("var:gain"), 0, speed),
        ),
    )
    loud = np.full(n, bernoulli(draw.once("var:loud"), 0.3))  # source.task:28
    modality = np.full(n, pick(draw.once("var:modality"), 2))  # source.task:29
    a_b = np.full(n, pick(draw.once("var:a,b"), 2))  # source.task:30
    a = np.array((1, 2))[a_b]  # source.task:30
    b = np.array((2, 1))[a_b]  # source.task:30
    theta = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        # source.task:31
        theta = renewed(theta, uniform(draw.unit("var:theta", attempt), 0, 360), again)
        # source.task:33
        again = np.logical_not(theta > 20 * speed)
        if settled(again, attempt, "theta > 20 deg * speed"):
            break
    level = np.array((1, 2))[cell]  # source.task:32
    return {
        "rule": rule,
        "speed": speed,
        "low": low,
        "high": high,
        "pause": pause,
        "longer": longer,
        "gain": gain,
        "loud": loud,
        "modality": modality,
        "a": a,
        "b": b,
        "theta": theta,
        "level": level,
        "slowest": np.full(n, slowest),
        "longest trial": np.full(n, 550_000 + slowest),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 4); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 4), np.int64)
    time = np.zeros_like(longest)
    stop[:, WAIT] = steps(time := time + trials["longer"], dt)  # source.task:36
    stop[:, SHOW] = steps(time := time + 300_000, dt)  # source.task:37
    stop[:, RESPOND] = steps(time := time + 200_000, dt)  # source.task:38
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 17), targets and weights (N_batch, N_steps, 2), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    rule = trials["rule"]
    low = trials["low"]
    high = trials["high"]
    gain = trials["gain"]
    loud = trials["loud"]
    modality = trials["modality"]
    a = trials["a"]
    b = trials["b"]
    theta = trials["theta"]
    level = trials["level"]

    drive = np.zeros((n, 4, 17))
    target = np.zeros((n, 4, 2))
    weight = np.ones((n, 4, 2))
    weight[:, PADDING] = 0

    # source.task:41
    drive[:, SHOW, FIRST] = np.where(
        (modality == X)[:, None], gain[:, None] * bump(theta, 20, 8), 0
    )
    # source.task:42
    drive[:, SHOW, SECOND] = np.where(
        (modality == Y)[:, None], level[:, None] * bump(theta, 20, 8), 0
    )
    drive[:, RESPOND, GO] = np.where(loud, low + high + a - b, 1)  # source.task:45
    target[trial, RESPOND, REPORT.start + rule] = 1  # source.task:46

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
    """Score outputs (N_batch, N_steps, 2): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # source.task:49
    correct = (
        argmax_unit(span_mean(outputs[:, :, REPORT], stop[:, SHOW], stop[:, RESPOND]))
        == trials["rule"]
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


def whole(x: ArrayLike) -> Ints:
    """Round to the nearest whole number, halves to even."""
    return np.asarray(np.rint(x)).astype(np.int64)


def uniform(u: Floats, low: Number, high: Number) -> Floats:
    """Draw uniformly between low and high."""
    return low + (high - low) * u


def pick(u: Floats, k: Number) -> Ints:
    """Draw a position 0 to k - 1, each as likely."""
    return np.floor(u * k).astype(np.int64)


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


def portable_exp(x: Number) -> Floats:
    """Exponential, the same bits everywhere; 0 below -746, inf above 709.78."""
    x = np.asarray(x, np.float64)
    inside = np.fmin(np.fmax(x, -746.0), 709.782712893384)  # nan becomes a number here
    k = np.rint(inside * 1.4426950408889634)
    r = inside - k * LN2_HIGH - k * LN2_LOW
    series = np.ones_like(r)
    for j in range(13, 0, -1):
        series = 1 + series * r / j
    value = np.ldexp(series, k.astype(np.int32))
    return np.where(np.isnan(x), x, np.where(x > 709.782712893384, np.inf, value))


def us(ms: ArrayLike) -> Ints:
    """Whole microseconds of a time in ms."""
    return whole(np.multiply(ms, 1000.0))


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


def hold(x: Number, low: float, high: float, name: str) -> Number:
    """Give x back, or raise ValueError where parameter `name` leaves [low, high]."""
    if not np.all((np.asarray(x) >= low) & (np.asarray(x) <= high)):
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], not {x}")
    return x


def bump(center: Number, width: Number, n_units: int) -> Floats:
    """Circular Gaussian of height 1 on a ring, exp(-(d / width)**2 / 2): (N_batch, n_units).

    Unit k prefers k * 360 / n_units deg, and d is its distance from center the shorter way round.
    center and width are in deg, one number or (N_batch,); both one number give (n_units,).
    """
    d = ring_distance(center, n_units) / np.asarray(width)[..., None]
    return portable_exp(-0.5 * d * d)


def ring_distance(center: Number, n_units: int) -> Floats:
    """Distance in deg of each unit of a ring from center, the shorter way: (N_batch, n_units)."""
    preferred = np.arange(n_units) * 360.0 / n_units
    d = floor_mod(preferred - np.asarray(center)[..., None], 360.0)
    return np.asarray(np.minimum(d, 360.0 - d))


def floor_mod(a: Number, b: Number) -> Floats:
    """Remainder of a / b in [0, b), for b > 0."""
    rest = np.asarray(a - b * np.floor(np.divide(a, b)))
    rest = np.where(rest < 0, rest + b, rest)  # the quotient was rounded up to a whole number
    return np.where(rest >= b, rest - b, rest)  # rest + b, or the product, was rounded up


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


def argmax_unit(x: Array) -> Ints:
    """Position of the largest unit of x (.., N_units), the first of equals; -1 for a nan."""
    return np.where(np.isnan(x).any(axis=-1), -1, x.argmax(axis=-1))


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
