"""What is required of a trial: of the design, of draws, of draws that are linked.

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
    "name": "required",
    "hash": "task1:4277ea1772c5",
    "inputs": (
        "fixation", "first[0]", "first[1]", "first[2]", "first[3]", "first[4]", "first[5]",
        "first[6]", "first[7]", "second[0]", "second[1]", "second[2]", "second[3]", "second[4]",
        "second[5]", "second[6]", "second[7]",
    ),
    "outputs": ("report[near]", "report[far]"),
    "epochs": {"fix": (0, 1), "show": (1, 2), "respond": (2, 3)},
    "labels": {"answer": ("near", "far")},
    "units": {
        "sample": "", "test": "", "a": "deg", "b": "deg", "distance": "deg", "width": "deg",
        "low": "", "high": "", "wait": "us", "scale": "", "jitter": "deg", "gap": "deg",
        "correct": "bool", "longest trial": "us",
    },
    "arguments": {"gap": "gap"},
}

FIXATION, FIRST, SECOND = 0, slice(1, 9), slice(9, 17)  # columns of the inputs
REPORT = slice(0, 2)  # columns of the outputs
NEAR, FAR = range(2)  # labels of answer
FIX, SHOW, RESPOND, PADDING = range(4)  # segments


def sample_trials(n, seed, batch=0, stream=0, *, gap=30.0):
    """Draw the trial table, each (N_batch,): sample, test, a (deg), b (deg), distance (deg), width
    (deg), low, high, wait (us), scale, jitter (deg), answer (label), gap (deg).
    """
    gap = hold(gap, 0.0, 90.0, "gap (deg)")  # source.task:11
    draw = Draw(n, seed, batch, stream)
    cell = np.array((1, 2, 3, 5, 6, 7))[draw.design(6)]
    sample = np.array((1, 2, 3))[cell % 3]  # source.task:22
    test = np.array((1, 2, 3))[cell // 3]  # source.task:23
    a = b = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        a = renewed(a, uniform(draw.unit("var:a", attempt), 0, 360), again)  # source.task:25
        b = renewed(b, uniform(draw.unit("var:b", attempt), 0, 360), again)  # source.task:26
        distance = np.abs(angle_between(a, b))  # source.task:27
        # source.task:29
        again = np.logical_not(distance > gap)
        if settled(again, attempt, "distance > gap"):
            break
    width = np.where(distance > 90, 40, 20)  # source.task:28
    low_high = wait = scale = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        # source.task:30
        low_high = renewed(low_high, pick(draw.unit("var:low,high", attempt), 3), again)
        low = np.array((1, 2, 2))[low_high]  # source.task:30
        high = np.array((2, 2, 1))[low_high]  # source.task:30
        # source.task:31
        wait = renewed(
            wait,
            whole(truncnormal(draw, "var:wait", 200_000, 50_000, 100_000, 300_000, attempt)),
            again,
        )
        u = draw.unit("var:scale", attempt)  # source.task:32
        # source.task:32
        scale = renewed(scale, np.where(low < high, uniform(u, 0.5, 1.5), normal(u, 1, 0.1)), again)
        # source.task:33, 34
        again = (
            np.logical_not((low != high) & (wait > 150_000))
            | np.logical_not(wait + 10_000 * scale < 290_000)
        )
        if settled(again, attempt, "low != high and wait > 150 ms and wait + 10 ms ..."):
            break
    jitter = normal(draw.unit("var:jitter"), distance, 5)  # source.task:35
    answer = np.where(distance < 90, NEAR, FAR)  # source.task:36
    return {
        "sample": sample,
        "test": test,
        "a": a,
        "b": b,
        "distance": distance,
        "width": width,
        "low": low,
        "high": high,
        "wait": wait,
        "scale": scale,
        "jitter": jitter,
        "answer": answer,
        "gap": np.full(n, gap),
        "longest trial": np.full(n, 800_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 4); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 4), np.int64)
    time = np.zeros_like(longest)
    stop[:, FIX] = steps(time := time + trials["wait"], dt)  # source.task:39
    stop[:, SHOW] = steps(time := time + 300_000, dt)  # source.task:40
    stop[:, RESPOND] = steps(time := time + 200_000, dt)  # source.task:41
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
    a = trials["a"]
    b = trials["b"]
    width = trials["width"]
    low = trials["low"]
    scale = trials["scale"]
    answer = trials["answer"]

    drive = np.zeros((n, 4, 17))
    target = np.zeros((n, 4, 2))
    weight = np.ones((n, 4, 2))
    weight[:, PADDING] = 0

    drive[:, FIX : SHOW + 1, FIXATION] = 1  # source.task:44
    drive[:, SHOW, FIRST] = low[:, None] * bump(a, width, 8)  # source.task:47
    drive[:, SHOW, SECOND] = scale[:, None] * bump(b, width, 8)  # source.task:48
    target[trial, RESPOND, REPORT.start + answer] = 1  # source.task:51

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
    # source.task:54
    correct = (
        argmax_unit(span_mean(outputs[:, :, REPORT], stop[:, SHOW], stop[:, RESPOND]))
        == trials["answer"]
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


def angle_between(a: Number, b: Number) -> Floats:
    """Signed angle from b to a in (-180, 180] deg."""
    turn = wrap(np.subtract(a, b))
    return np.where(turn > 180, turn - 360, turn)


def wrap(x: Number) -> Floats:
    """Bring an angle in deg into [0, 360)."""
    return floor_mod(x, 360.0)


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
