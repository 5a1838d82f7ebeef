"""Tracking what drifts.

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
    "name": "processes",
    "hash": "task1:c1c23153e73f",
    "inputs": (
        "fixation", "drift[0]", "drift[1]", "place[0]", "place[1]", "place[2]", "place[3]",
        "place[4]", "place[5]", "place[6]", "place[7]",
    ),
    "outputs": ("followed[0]", "followed[1]", "level", "late"),
    "epochs": {"fix": (0, 1), "track": (1, 2), "show": (2, 5), "gap": (3, 6)},
    "labels": {},
    "units": {
        "gain": "", "knocks": "us", "knocks heights": "", "fix": "us", "track": "us",
        "show": "us", "tau": "us", "delay": "us", "spread": "", "correct": "bool", "first": "us",
        "longest trial": "us", "design seed": "", "design stream": "", "design batch": "",
        "design row": "",
    },
    "arguments": {"tau": "tau", "delay": "delay", "spread": "spread_"},
}

FIXATION, DRIFT, PLACE = 0, slice(1, 3), slice(3, 11)  # columns of the inputs
FOLLOWED, LEVEL, LATE = slice(0, 2), 2, 3  # columns of the outputs
FIX, TRACK, PADDING, CUT_1, CUT_2 = 0, 1, 6, 7, 8  # segments, then loose cuts
SHOW, GAP = np.arange(2, 6).reshape(2, 2).T  # segments, one a repetition
CUT_3 = np.arange(9, 11)


def sample_trials(n, seed, batch=0, stream=0, *, tau=80.0, delay=60.0, spread_=0.5):
    """Draw the trial table, each (N_batch,): gain, knocks (30 times, us, nan after the last),
    knocks heights (as many), fix (us), track (us), show (2 values, us), design seed, design
    stream, design batch, design row (where the random words of processes are), tau (us), delay
    (us), spread.
    """
    tau = us(tau)  # source.task:12
    delay = us(delay)  # source.task:13
    draw = Draw(n, seed, batch, stream)
    gain = choice(draw.unit("var:gain"), (0.5, 1))  # source.task:27
    # source.task:30
    knocks = event_times(event_words(draw, "var:knocks", 30), 6, 30_000, 900_000, "knocks")
    # source.task:30
    knocks_heights = at_events(
        knocks, choice(event_words(draw, "var:knocks heights", 30), (-1, 1, 2))
    )
    fix = whole(uniform(draw.unit("epoch:fix"), 100_000, 180_000))  # source.task:33
    track = whole(uniform(draw.unit("epoch:track"), 200_000, 500_000))  # source.task:34
    show = whole(uniform(draw.units("epoch:show", 2), 40_000, 80_000))  # source.task:36
    return {
        "gain": gain,
        "knocks": knocks,
        "knocks heights": knocks_heights,
        "fix": fix,
        "track": track,
        "show": show,
        "tau": np.full(n, tau),
        "delay": np.full(n, delay),
        "spread": np.full(n, spread_),
        "longest trial": np.full(n, 900_000),
        "design seed": np.full(n, seed, np.uint64),
        "design stream": np.full(n, stream, np.uint64),
        "design batch": np.full(n, batch, np.uint64),
        "design row": np.arange(n),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 11); dt in ms."""
    longest = trials["longest trial"]
    n = len(longest)
    span = np.zeros((n, 11), np.int64)  # how long each lasts, us
    span[:, FIX] = trials["fix"]  # source.task:33
    span[:, TRACK] = trials["track"]  # source.task:34
    at, i = repetitions(n, 2)  # source.task:35
    span[at, SHOW[i]] = trials["show"][at, i]  # source.task:36
    span[:, GAP] = 30_000  # source.task:37
    span[:, PADDING] = longest - span.sum(axis=1)
    end = np.cumsum(span, axis=1)
    end[:, CUT_1] = np.minimum(end[:, TRACK] - span[:, TRACK] + 50_000, end[:, TRACK])
    end[:, CUT_2] = np.maximum(end[:, TRACK] - 50_000, end[:, TRACK] - span[:, TRACK])
    end[:, CUT_3] = np.minimum(end[:, SHOW] - span[:, SHOW] + 20_000, end[:, SHOW])
    return steps(end, dt)


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 11), targets and weights (N_batch, N_steps, 4), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    gain = trials["gain"]
    tau = trials["tau"]
    delay = trials["delay"]
    spread_ = trials["spread"]
    # source.task:28
    motion = ou(step_normals(trials, "var:motion", index.shape[1], 2), gain * spread_, tau, dt)
    # source.task:29
    wander = random_walk(step_normals(trials, "var:wander", index.shape[1]), spread_, dt)
    # source.task:30
    knocks = pulses(trials["knocks"], trials["knocks heights"], 30_000, 900_000, index.shape[1], dt)

    drive = np.zeros((n, 7, 11))
    target = np.zeros((n, 7, 4))
    weight = np.ones((n, 7, 4))
    weight[:, PADDING] = 0

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(np.zeros(n, np.int64), stop[:, FIX])  # source.task:40
    inputs[at, step, FIXATION] = np.where(wander[at, k] > 0, 1, 0.5)
    at, step, k = flat_steps(stop[:, FIX], stop[:, TRACK])  # source.task:40
    inputs[at, step, FIXATION] = np.where(wander[at, k] > 0, 1, 0.5)
    inputs[at, step, DRIFT] = motion[at, k]  # source.task:43
    t = k * us(dt)
    inputs[at, step, DRIFT.start + 1] += wander[at, k] * t / 1_000_000  # source.task:44
    inputs[at, step, PLACE] = bump(90 + wander[at, k] * 40, 30, 8)  # source.task:45
    at, i = repetitions(n, 2)  # source.task:55
    at, i = kept(gain[at] == 1, at, i)
    row, step, k = flat_steps(begin(stop, SHOW)[at, i], stop[at, GAP[i]])
    at, i = kept(row, at, i)
    inputs[at, step, DRIFT.start + i] = (i + 1) * motion[at, k, 1 - i]
    at, i = repetitions(n, 2)  # source.task:59
    row, step, k = flat_steps(stop[at, CUT_3[i]], stop[at, SHOW[i]])
    at, i = kept(row, at, i)
    inputs[at, step, DRIFT] += latch(knocks[at, k], k, 0)[:, None]
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(stop[:, FIX], stop[:, TRACK])  # source.task:46
    targets[at, step, FOLLOWED] = (
        lag(motion[at, k], k, delay[at], dt) + latch(knocks[at, k], k, gain[at])[:, None]
    )
    targets[at, step, LEVEL] = ema(row_sum(motion[at, k]), k, tau[at], dt)  # source.task:47
    # source.task:48
    targets[at, step, LATE] = integral(lag(knocks[at, k], k, 40_000, dt), k, dt) / 100_000
    # source.task:51
    at, step, k = flat_steps(stop[:, CUT_1], np.where(gain == 1, stop[:, CUT_2], stop[:, CUT_1]))
    targets[at, step, LEVEL] += latch(np.where(np.abs(motion[at, k, 0]) > 0.3, 1, 0), k, 0)
    targets[at, step, LATE] *= motion[at, k].max(axis=1)  # source.task:52
    at, i = repetitions(n, 2)  # source.task:56
    at, i = kept(gain[at] == 1, at, i)
    row, step, k = flat_steps(begin(stop, SHOW)[at, i], stop[at, GAP[i]])
    at, i = kept(row, at, i)
    targets[at, step, FOLLOWED] += ema(motion[at, k, i] + wander[at, k], k, 20_000, dt)[:, None]
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
    """Score outputs (N_batch, N_steps, 4): correct (bool), first (us), each (N_batch,)."""
    outputs = outputs.astype(np.float64)
    targets = arrays(trials, dt)[1].astype(np.float64)
    stop = timeline(trials, dt)
    # source.task:62
    correct = (
        span_rms(outputs[:, :, FOLLOWED] - targets[:, :, FOLLOWED], stop[:, FIX], stop[:, TRACK])
        < 1
    )
    # source.task:63
    first = first_above(
        np.abs(outputs[:, :, LEVEL : LEVEL + 1] - targets[:, :, LEVEL : LEVEL + 1]),
        0.5,
        stop[:, FIX],
        stop[:, TRACK],
        dt,
    )[:, 0]
    return {"correct": correct, "first": first}


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


def choice(u: Floats, values: ArrayLike) -> Array:
    """Draw one of values, each as likely: (N_batch,), or (N_batch, m) from k rows of m."""
    table = np.asarray(values)
    return table[pick(u, len(table))]


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


def flat_steps(start: Ints, stop: Ints) -> tuple[Ints, Ints, Ints]:
    """List every step in [start, stop) of each trial: its trial, its step, and k from 0 in each."""
    length = np.maximum(stop - start, 0)
    trial = np.repeat(np.arange(len(length)), length)
    k = np.arange(len(trial)) - np.repeat(np.cumsum(length) - length, length)
    return trial, start[trial] + k, k


def repetitions(n: int, times: int) -> tuple[Ints, Ints]:
    """List every repetition of every trial: its trial and its number from 0, (n * times,) each."""
    trial, number = np.divmod(np.arange(n * times), times)
    return trial, number


def kept(rows: Bools | Ints, *columns: Ints) -> list[Ints]:
    """Keep some rows of each column."""
    return [column[rows] for column in columns]


def begin(stop: Ints, columns: Ints) -> Ints:
    """Give the step at which segments begin, (N_batch, K), from that at which each stops."""
    return np.where(columns > 0, stop[:, columns - 1], 0)


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


def row_sum(x: Array) -> Array:
    """Add up the values of each row of (N_batch, n, ..), in order: the same bits everywhere."""
    total = x[:, 0]
    for i in range(1, x.shape[1]):
        total = total + x[:, i]
    return total


def event_words(draw: Draw, name: str, n_events: int, *size: int, attempt: int = 0) -> Floats:
    """Draw a number in (0, 1) for each event there may be: (N_batch, [n,] N_events).

    They are drawn 16 events at a time, `name:0`, `name:1`, .., so that N_events moves none.
    """
    k = 16 * math.prod(size)
    parts = [draw.each(f"{name}:{i}", k, attempt) for i in range(-(-n_events // 16))]
    u = [middles(words).reshape(draw.n, *size, 16) for words in parts]
    return np.concatenate(u, axis=-1)[..., :n_events]


def event_times(u: Floats, rate: Number, refractory: Number, over: Number, name: str) -> Floats:
    """Draw the times of events in us from the start, nan after the last: (N_batch, [n,] N_events).

    The gap before an event is the refractory time plus an exponential one of mean 1 / rate; the
    first event has no refractory time before it.  None comes at `over` or later.

    Parameters
    ----------
    u : (N_batch, [n,] N_events), from `event_words`.
    rate : in Hz, one number or (N_batch,); 0 gives no event.
    refractory, over : in us, one number or (N_batch,).
    name : of the process, for the error where N_events do not reach as far as `over`.
    """
    rate, refractory, over = (across(x, u.ndim) for x in (rate, refractory, over))
    mean = np.divide(1e6, rate, out=np.full(np.shape(rate), np.inf), where=rate > 0)
    gap = -mean * portable_log(1 - u)
    gap[..., 1:] += refractory
    time = np.cumsum(gap, axis=-1)
    if (time[..., -1:] + refractory < over).any():
        raise ValueError(
            f"{name} has more than {u.shape[-1]} events on a trial: compile the task with the rate "
            "and the times that it is to have"
        )
    return np.where(time < over, time, np.nan)


def at_events(time: Floats, height: Number) -> Floats:
    """Give every event its height; nan where there is none."""
    return np.where(np.isnan(time), np.nan, height)


def pulses(
    time: Floats, height: Floats, width: Number, over: Number, n_steps: int, dt: float
) -> Floats:
    """Lay out a pulse at every event, in steps from the start of a span: (N_batch, N_steps[, n]).

    A pulse holds from the step nearest to its event to the one nearest to its end, at least one
    step, and always before the step of `over`.  Pulses that overlap add up.

    Parameters
    ----------
    time, height : (N_batch, [n,] N_events) in us, nan where there is no event.
    width, over : in us, one number or (N_batch,).
    dt : in ms.
    """
    width, over = across(width, time.ndim), across(over, time.ndim)
    last = nearest(over, dt)
    start = np.minimum(nearest(np.where(np.isnan(time), 0, time), dt), last - 1)
    stop = np.minimum(nearest(np.where(np.isnan(time), 0, time + width), dt), last)
    stop = np.where(np.isnan(time), start, np.maximum(stop, start + 1))
    event, step, _ = flat_steps(
        np.clip(start, 0, n_steps).ravel(), np.clip(stop, 0, n_steps).ravel()
    )
    train = event // time.shape[-1]
    size = time[..., 0].size
    x = np.bincount(train * n_steps + step, height.ravel()[event], size * n_steps)
    return np.moveaxis(np.asarray(x, np.float64).reshape(*time.shape[:-1], n_steps), -1, 1)


def step_normals(trials: dict[str, Array], name: str, n_steps: int, *size: int) -> Floats:
    """Draw a standard normal number for each step of each trial: (N_batch, N_steps[, n]).

    The trial table says which words each trial has; step k has those of attempt k.
    """
    row = trials["design row"]
    key = np.stack([trials[f"design {part}"] for part in ("seed", "batch", "stream")], axis=1)
    u = np.empty((len(row), n_steps, *size))
    for one in np.unique(key, axis=0):
        mine = (key == one).all(axis=1)
        seed, batch, stream = one.tolist()
        draw = Draw(int(row[mine].max()) + 1, seed, batch, stream)
        for k in range(n_steps):
            words = draw.words(name, draw.n * math.prod(size), k)
            u[mine, k] = middles(words).reshape(draw.n, *size)[row[mine]]
    return normal_quantile(u)


def ou(z: Floats, sd: Number, tau: Number, dt: float) -> Floats:
    """Ornstein-Uhlenbeck process of mean 0, exact at every dt: (N_batch, N_steps[, n]).

    It starts from its stationary law, and its autocorrelation is exp(-t / tau).

    Parameters
    ----------
    z : (N_batch, N_steps[, n]) standard normal.
    sd : stationary standard deviation; tau : in us; each one number or (N_batch,).
    """
    sd, tau = across(sd, z.ndim), across(tau, z.ndim)
    kept = portable_exp(-us(dt) / tau)
    x = sd * np.sqrt(1 - kept * kept) * z
    x[:, :1] = sd * z[:, :1]
    for k in range(1, z.shape[1]):
        x[:, k] += kept[:, 0] * x[:, k - 1]
    return x


def random_walk(z: Floats, sd: Number, dt: float) -> Floats:
    """Random walk from 0, of standard deviation sd after one second: (N_batch, N_steps[, n])."""
    step = across(sd, z.ndim) * np.sqrt(us(dt) / 1e6) * z
    step[:, :1] = 0
    return np.cumsum(step, axis=1)


def latch(x: Number, k: Ints, initial: Number) -> Floats:
    """Hold the last value of x in its span that was not 0; before the first, `initial`."""
    x = each_step(x, k)
    place = np.arange(len(k)).reshape(-1, *[1] * (x.ndim - 1))
    first = np.reshape(k == 0, place.shape)
    last = np.maximum.accumulate(np.where((x != 0) | first, place, 0), axis=0)
    held = np.take_along_axis(x, last, axis=0)
    return np.where(held != 0, held, initial)


def lag(x: Number, k: Ints, by: Number, dt: float) -> Floats:
    """Give x some time earlier in its span, 0 before the span; by is in us, dt in ms."""
    x = each_step(x, k)
    back = np.broadcast_to(nearest(np.asarray(by), dt), k.shape)
    earlier = x[np.maximum(np.arange(len(k)) - back, 0)]
    return np.where(np.reshape(back <= k, (-1, *[1] * (x.ndim - 1))), earlier, 0)


def integral(x: Number, k: Ints, dt: float) -> Floats:
    """Integrate x from the start of its span to the start of each step, over us."""
    laid, span = by_span(each_step(x, k), k)
    total = np.zeros_like(laid)
    np.cumsum(laid[:, :-1], axis=1, out=total[:, 1:])
    return total[span, k] * us(dt)


def ema(x: Number, k: Ints, tau: Number, dt: float) -> Floats:
    """Average x exponentially: tau dy / dt = x - y from y = 0, exact where x keeps still in steps.

    y is taken at the start of each step; tau is in us, one number or one a step, dt in ms.
    """
    x = each_step(x, k)
    rate = 1 - portable_exp(-us(dt) / np.asarray(tau, np.float64))
    rate = np.reshape(np.broadcast_to(rate, k.shape), (-1, *[1] * (x.ndim - 1)))
    (laid, span), (share, _) = by_span(x, k), by_span(rate, k)
    y = np.zeros_like(laid)
    for i in range(1, laid.shape[1]):
        y[:, i] = y[:, i - 1] + share[:, i - 1] * (laid[:, i - 1] - y[:, i - 1])
    return y[span, k]


def each_step(x: Number, k: Ints) -> Floats:
    """Give a value of its own to every step, also where all have one row: (N,) or (N, n)."""
    x = np.asarray(x, np.float64)
    return np.broadcast_to(x, (len(k), *x.shape[1:]))


def by_span(x: Floats, k: Ints) -> tuple[Floats, Ints]:
    """Lay values of flat steps out by their spans, (N_spans, N_steps[, n]), and number the spans.

    What lies past the end of a shorter span is 0.
    """
    span = np.cumsum(k == 0) - 1
    laid = np.zeros((np.count_nonzero(k == 0), k.max(initial=0) + 1, *x.shape[1:]))
    laid[span, k] = x
    return laid, span


def nearest(time: Number, dt: float) -> Ints:
    """Give the step nearest to a time in us, half up, which need not be whole."""
    return np.floor(np.asarray(time) / us(dt) + 0.5).astype(np.int64)


def across(x: Number, ndim: int) -> Floats:
    """Give numbers of trials, (N_batch,) or one for all, the axes of what they meet."""
    return np.asarray(x, np.float64).reshape(-1, *[1] * (ndim - 1))


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


def first_above(x: Array, level: Number, start: Ints, stop: Ints, dt: float) -> Floats:
    """Time in us from the span's start to its first step above level, (N_batch, N_units).

    nan where no step is; level is one number or (N_batch,), dt in ms.
    """
    above = (x > np.reshape(level, (-1, 1, 1))) & in_span(x, start, stop)
    time = (above.argmax(axis=1) - start[:, None]) * us(dt)
    return np.where(above.any(axis=1), time, np.nan)
