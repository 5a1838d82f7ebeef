"""Context-dependent integration of motion and colour.

Vectorised trials, printed by Epochal from mante.task.

Needs only NumPy; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial table times are
whole microseconds, angles are in deg, and labels are positions in TASK["labels"].
"""

import hashlib
import math
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TASK = {
    "name": "mante",
    "hash": "task1:dcf7ea13840b",
    "inputs": ("fixation", "motion", "color", "context[attend_motion]", "context[attend_color]"),
    "outputs": ("decision",),
    "epochs": {"fix": (0, 1), "stimulus": (1, 2), "delay": (2, 3), "response": (3, 4)},
    "labels": {"rule": ("attend_motion", "attend_color")},
    "units": {
        "motion_sign": "", "color_sign": "", "motion_level": "", "color_level": "", "answer": "",
        "congruent": "bool", "delay": "us", "motion_levels": "", "color_levels": "", "sigma": "",
        "correct": "bool", "longest trial": "us",
    },
    "arguments": {
        "motion_levels": "motion_levels", "color_levels": "color_levels", "sigma": "sigma",
    },
}

FIXATION, MOTION, COLOR, CONTEXT = 0, 1, 2, slice(3, 5)  # columns of the inputs
DECISION = 0  # columns of the outputs
ATTEND_MOTION, ATTEND_COLOR = range(2)  # labels of rule
FIX, STIMULUS, DELAY, RESPONSE, PADDING = range(5)  # segments


def sample_trials(
    n, seed, batch=0, stream=0, *,
    motion_levels=(0.009, 0.036, 0.15),
    color_levels=(0.009, 0.036, 0.15),
    sigma=0.3,
):
    """Draw the trial table, each (N_batch,): rule (label), motion_sign, color_sign, motion_level,
    color_level, answer, congruent (bool), delay (us), sigma.
    """
    motion_levels = np.asarray(motion_levels)  # mante.task:11
    color_levels = np.asarray(color_levels)  # mante.task:12
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(8)
    rule = cell % 2  # mante.task:25
    motion_sign = np.array((-1, 1))[cell // 2 % 2]  # mante.task:26
    color_sign = np.array((-1, 1))[cell // 4]  # mante.task:27
    motion_level = choice(draw.unit("var:motion_level"), motion_levels)  # mante.task:28
    color_level = choice(draw.unit("var:color_level"), color_levels)  # mante.task:29
    answer = np.where(rule == ATTEND_MOTION, motion_sign, color_sign)  # mante.task:30
    congruent = motion_sign == color_sign  # mante.task:31
    # mante.task:36
    delay = whole(exponential(draw.unit("epoch:delay"), 300_000, 100_000, 1_500_000))
    return {
        "rule": rule,
        "motion_sign": motion_sign,
        "color_sign": color_sign,
        "motion_level": motion_level,
        "color_level": color_level,
        "answer": answer,
        "congruent": congruent,
        "delay": delay,
        "sigma": np.full(n, sigma),
        "longest trial": np.full(n, 2_900_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 5); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 5), np.int64)
    time = np.zeros_like(longest)
    stop[:, FIX] = steps(time := time + 350_000, dt)  # mante.task:34
    stop[:, STIMULUS] = steps(time := time + 750_000, dt)  # mante.task:35
    stop[:, DELAY] = steps(time := time + trials["delay"], dt)  # mante.task:36
    stop[:, RESPONSE] = steps(time := time + 300_000, dt)  # mante.task:37
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 5), targets and weights (N_batch, N_steps, 1), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    rule = trials["rule"]
    motion_sign = trials["motion_sign"]
    color_sign = trials["color_sign"]
    motion_level = trials["motion_level"]
    color_level = trials["color_level"]
    answer = trials["answer"]

    drive = np.zeros((n, 5, 5))
    target = np.zeros((n, 5, 1))
    weight = np.ones((n, 5, 1))
    weight[:, PADDING] = 0

    drive[:, FIX : DELAY + 1, FIXATION] = 1  # mante.task:40
    drive[trial, FIX:PADDING, CONTEXT.start + rule] = 1  # mante.task:44
    drive[:, STIMULUS, MOTION] = motion_sign * motion_level  # mante.task:47
    drive[:, STIMULUS, COLOR] = color_sign * color_level  # mante.task:48
    target[:, FIX : DELAY + 1, DECISION] = 0  # mante.task:41
    target[:, RESPONSE, DECISION] = answer  # mante.task:52
    weight[:, STIMULUS] = 0  # mante.task:49

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
    if noise:
        sigma = trials["sigma"]
        key = seed, stream, batch
        # mante.task:17
        add_noise(
            inputs[:, :, MOTION : MOTION + 1], sigma[0] * np.sqrt(1000 / us(dt)), key, "motion"
        )
        # mante.task:18
        add_noise(inputs[:, :, COLOR : COLOR + 1], sigma[0] * np.sqrt(1000 / us(dt)), key, "color")
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 1): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # mante.task:55
    correct = (
        np.sign(
            span_mean(
                outputs[:, :, DECISION : DECISION + 1], stop[:, DELAY], stop[:, RESPONSE]
            )[:, 0],
        )
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


def whole(x: ArrayLike) -> Ints:
    """Round to the nearest whole number, halves to even."""
    return np.asarray(np.rint(x)).astype(np.int64)


def pick(u: Floats, k: Number) -> Ints:
    """Draw a position 0 to k - 1, each as likely."""
    return np.floor(u * k).astype(np.int64)


def choice(u: Floats, values: ArrayLike) -> Array:
    """Draw one of values, each as likely: (N_batch,), or (N_batch, m) from k rows of m."""
    table = np.asarray(values)
    return table[pick(u, len(table))]


def exponential(u: Floats, mean: Number, low: Number = 0.0, high: Number = np.inf) -> Floats:
    """Draw low plus an exponential of this mean, given that the sum is at most high."""
    mass = 1 - portable_exp(np.divide(low - high, mean))
    return np.clip(low - mean * portable_log(1 - u * mass), low, high)


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


@cache
def normal_quantiles() -> Floats32:
    """Give the middles of 65,536 equally likely cells of the normal law, (65536,) float32.

    They are multiples of 2**-20, which every machine agrees on: variance 0.99998, |z| <= 4.33.
    """
    lower = np.array([*map(NormalDist().inv_cdf, (np.arange(32768) + 0.5) / 65536)])
    both = np.append(lower, -lower[::-1])
    rounded: Floats32 = (np.rint(both * 2**20) / 2**20).astype(np.float32)
    return rounded


def add_noise(
    x: Floats32, sd: float | Floats | Floats32, key: tuple[int, int, int], name: str
) -> None:
    """Add independent normal noise to x in place, the same bits on every machine.

    Each value is sd times one of 65,536 normal quantiles (|z| <= 4.33, kurtosis 2.999), picked by
    16 random bits.  Each trial has its own random words: ceil(N_steps * N_units / 4) of them, from
    the stream of its block of 256 trials.

    Parameters
    ----------
    x : (N_batch, N_steps, N_units) float32, may be some columns of a wider array.
    sd : one number, or (N_batch, N_steps).
    key : seed, stream and batch.
    name : of the channel.
    """
    n_batch, n_steps, n_units = x.shape
    n_values = n_steps * n_units
    n_words = -(-n_values // 4)
    sd = np.asarray(sd, np.float32)
    table = normal_quantiles() if sd.ndim else normal_quantiles() * sd
    chunk = max(1, 32768 // n_values)  # trials whose numbers stay in the second-level cache
    for block in range(0, n_batch, 256):
        source = np.random.SFC64([*key, code(name), block // 256])
        for first in range(block, min(block + 256, n_batch), chunk):
            part = x[first : min(first + chunk, block + 256)]
            words = source.random_raw(len(part) * n_words).astype("<u8", copy=False)
            places = words.view("<u2").reshape(len(part), -1)[:, :n_values]
            z = np.take(table, places, mode="clip").reshape(part.shape)
            scale = sd[first : first + len(part)] if sd.ndim else None
            if n_units < 8 and not part.flags.c_contiguous:
                for unit in range(n_units):  # six times faster than a strided block
                    one = z[:, :, unit]
                    part[:, :, unit] += one if scale is None else one * scale
            else:
                part += z if scale is None else z * scale[..., None]
