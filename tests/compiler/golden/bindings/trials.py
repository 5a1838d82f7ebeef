"""Parameters of every kind.

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
    "name": "bindings",
    "hash": "task1:5233fcd1e06a",
    "inputs": (
        "dots[0]", "dots[1]", "dots[2]", "dots[3]", "color[red]", "color[green]", "color[blue]",
        "wave",
    ),
    "outputs": ("choice[left]", "choice[right]"),
    "epochs": {"fix": (0, 1), "stimulus": (1, 2), "delay": (2, 3), "response": (3, 4)},
    "labels": {
        "side": ("left", "right"), "hue": ("red", "green", "blue"), "answer": ("left", "right"),
    },
    "units": {
        "coh": "", "delay_time": "us", "i": "", "dim": "", "level": "", "known": "bool",
        "base": "us", "third": "us", "rate": "Hz", "tilt": "deg", "flip": "bool", "rest": "",
        "correct": "bool", "missed": "bool", "longest trial": "us",
    },
    "arguments": {
        "base": "base", "third": "third", "rate": "rate", "tilt": "tilt", "flip": "flip",
        "rest": "rest",
    },
}

DOTS, COLOR, WAVE = slice(0, 4), slice(4, 7), 7  # columns of the inputs
CHOICE = slice(0, 2)  # columns of the outputs
N_PAIRS = 2  # source.task:11
N_UNITS = 2 * N_PAIRS  # source.task:12
SHARE = 0.2  # source.task:20
RED, GREEN, BLUE = range(3)  # labels of hue
FAVOURITE = GREEN  # source.task:14
FIX, STIMULUS, DELAY, RESPONSE, PADDING = range(5)  # segments


def sample_trials(
    n, seed, batch=0, stream=0, *,
    base=200.0,
    third=None,
    rate=5.0,
    tilt=28.64788975654116,
    flip=True,
    rest=(0.1, 0.2),
):
    """Draw the trial table, each (N_batch,): coh, delay_time (us), side (label), i, hue (label),
    dim, level, known (bool), base (us), third (us), rate (Hz), tilt (deg), flip (bool).
    """
    base = us(one_of(base, (100.0, 200.0), "base (ms)"))  # source.task:15
    # source.task:16
    third = whole(base / 3) if third is None else us(hold(third, 10.0, 1000.0, "third (ms)"))
    rate = hold(rate, 1.0, 40.0, "rate (Hz)")  # source.task:17
    flip = bool(flip)  # source.task:19
    rest = np.asarray(rest)  # source.task:24
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(4)
    coh = choice(draw.unit("param:coh"), (0.1, 0.5))  # source.task:21
    delay_time = whole(uniform(draw.unit("param:delay_time"), 100_000, 300_000))  # source.task:22
    side = cell % 2  # source.task:23
    i = integers(draw.unit("var:i"), 0, N_UNITS - 1)  # source.task:35
    hue = except_index(draw.unit("var:hue"), 3, FAVOURITE)  # source.task:36
    dim = choice(draw.unit("var:dim"), rest)  # source.task:37
    level = np.array((2 * SHARE, 1 - SHARE))[cell // 2]  # source.task:38
    # source.task:39
    known = np.isin(dim, rest) & ((hue == RED) | (hue == BLUE)) & np.isin(level, (0.4, 0.8))
    return {
        "coh": coh,
        "delay_time": delay_time,
        "side": side,
        "i": i,
        "hue": hue,
        "dim": dim,
        "level": level,
        "known": known,
        "base": np.full(n, base),
        "third": np.full(n, third),
        "rate": np.full(n, rate),
        "tilt": np.full(n, tilt),
        "flip": np.full(n, flip),
        "longest trial": np.full(n, whole(np.ceil(300_000 + 2 * base + 2.5 * third + 1))),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 5); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 5), np.int64)
    time = np.zeros_like(longest)
    stop[:, FIX] = steps(time := time + trials["base"], dt)  # source.task:42
    stop[:, STIMULUS] = steps(time := time + trials["third"], dt)  # source.task:43
    stop[:, DELAY] = steps(time := time + trials["delay_time"], dt)  # source.task:44
    # source.task:45
    stop[:, RESPONSE] = steps(time := time + whole(trials["base"] + 1.5 * trials["third"]), dt)
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 8), targets and weights (N_batch, N_steps, 2), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    coh = trials["coh"]
    side = trials["side"]
    i = trials["i"]
    hue = trials["hue"]
    dim = trials["dim"]
    level = trials["level"]
    known = trials["known"]
    rate = trials["rate"]
    tilt = trials["tilt"]
    flip = trials["flip"]

    drive = np.zeros((n, 5, 8))
    drive[:, :, COLOR] = SHARE / 2  # source.task:28
    target = np.zeros((n, 5, 2))
    weight = np.ones((n, 5, 2))
    weight[:, PADDING] = 0

    drive[trial, STIMULUS, DOTS.start + np.asarray(i, int)] = coh  # source.task:48
    drive[:, STIMULUS, COLOR.start + FAVOURITE] = level  # source.task:49
    drive[trial, STIMULUS, COLOR.start + hue] += dim  # source.task:50
    target[trial[known], RESPONSE, (CHOICE.start + side)[known]] = 1  # source.task:57
    # source.task:58
    target[trial[known], RESPONSE, (CHOICE.start + (1 - side))[known]] = (
        -(coh * coh) + power(2, coh)
    )[known]

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(stop[:, FIX], stop[:, STIMULUS])  # source.task:51
    t = k * us(dt)
    inputs[at, step, WAVE] = portable_sin(np.radians(t * rate[at] / 1_000_000 * 360 + tilt[at]))
    # source.task:54
    at, step, k = flat_steps(stop[:, STIMULUS], np.where(flip, stop[:, DELAY], stop[:, STIMULUS]))
    inputs[at, step, WAVE] = (
        floor_mod(hue[at], 2) + np.sign(coh[at] - 0.3) + np.floor(-0.5) + np.clip(coh[at], 0.2, 0.4)
    )
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
    """Score outputs (N_batch, N_steps, 2): answer (label), correct (bool), missed (bool), each
    (N_batch,).
    """
    stop = timeline(trials, dt)
    # source.task:61
    answer = argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, DELAY], stop[:, RESPONSE]))
    correct = answer == trials["side"]  # source.task:62
    missed = np.where(answer < 0, -1, 1 - answer) == trials["side"]  # source.task:63
    return {"answer": answer, "correct": correct, "missed": missed}


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


def except_index(u: Floats, k: Number, taken: Ints) -> Ints:
    """Draw a position 0 to k - 1 other than `taken`, each as likely; of others all are possible."""
    inside = (taken >= 0) & (taken < k)
    i = pick(u, k - inside)
    return i + (inside & (i >= taken))


LN2_HIGH = 0.6931471803691238  # first 33 bits of log(2)
LN2_LOW = 1.9082149292705877e-10
QUARTER_HIGH = 1.5707963267341256  # first 33 bits of pi / 2
QUARTER_LOW = 6.077100506506192e-11


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


def portable_sin(x: Number) -> Floats:
    """Sine of x in radians, the same bits everywhere; to 4e-16 for |x| < 1e5."""
    return sin_ahead(x, 0)


def sin_ahead(x: Number, quarters: int) -> Floats:
    """Sine of x radians plus a number of quarter turns."""
    x = np.asarray(x, np.float64)
    q = np.rint(x * 0.6366197723675814)
    r = x - q * QUARTER_HIGH - q * QUARTER_LOW
    z = r * r
    cosine, sine = np.ones_like(r), np.ones_like(r)
    for j in range(16, 0, -2):
        cosine = 1 - cosine * z / (j * (j - 1))
        sine = 1 - sine * z / (j * (j + 1))
    q = q + quarters
    q = q - 4 * np.floor(q / 4)
    value = np.where((q == 1) | (q == 3), cosine, sine * r)
    return np.where(q >= 2, -value, value)


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


def hold(x: Number, low: float, high: float, name: str) -> Number:
    """Give x back, or raise ValueError where parameter `name` leaves [low, high]."""
    if not np.all((np.asarray(x) >= low) & (np.asarray(x) <= high)):
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], not {x}")
    return x


def one_of(x: Number, allowed: tuple[float, ...], name: str) -> Number:
    """Give x back, or raise ValueError where parameter `name` is none of its allowed values."""
    if not np.all(np.isin(x, allowed)):
        raise ValueError(f"{name} must be one of {allowed}, not {x}")
    return x


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
