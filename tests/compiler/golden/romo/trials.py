"""Delayed vibrotactile frequency discrimination.

Vectorised trials, printed by Epochal from romo.task.

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
    "name": "romo",
    "hash": "task1:06dcacad75d2",
    "inputs": ("rising", "falling", "go"),
    "outputs": ("choice[f1_higher]", "choice[f2_higher]"),
    "epochs": {
        "baseline": (0, 1), "first": (1, 2), "delay": (2, 3), "second": (3, 4),
        "response": (4, 5),
    },
    "labels": {"answer": ("f1_higher", "f2_higher")},
    "units": {
        "low": "Hz", "high": "Hz", "f1": "Hz", "f2": "Hz", "baseline": "us", "sigma": "",
        "correct": "bool", "longest trial": "us",
    },
    "arguments": {"sigma": "sigma"},
}

RISING, FALLING, GO = 0, 1, 2  # columns of the inputs
CHOICE = slice(0, 2)  # columns of the outputs
PAIRS = ((10, 18), (14, 22), (18, 26), (22, 30), (26, 34))  # romo.task:11
F1_HIGHER, F2_HIGHER = range(2)  # labels of answer
BASELINE, FIRST, DELAY, SECOND, RESPONSE, PADDING = range(6)  # segments


def sample_trials(n, seed, batch=0, stream=0, *, sigma=0.1):
    """Draw the trial table, each (N_batch,): low (Hz), high (Hz), answer (label), f1 (Hz), f2
    (Hz), baseline (us), sigma.
    """
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(10)
    low_high = cell % 5  # romo.task:23
    low = np.array((10, 14, 18, 22, 26))[low_high]  # romo.task:23
    high = np.array((18, 22, 26, 30, 34))[low_high]  # romo.task:23
    answer = cell // 5  # romo.task:24
    f1 = np.where(answer == F1_HIGHER, high, low)  # romo.task:25
    f2 = np.where(answer == F1_HIGHER, low, high)  # romo.task:26
    baseline = whole(uniform(draw.unit("epoch:baseline"), 100_000, 300_000))  # romo.task:29
    return {
        "low": low,
        "high": high,
        "answer": answer,
        "f1": f1,
        "f2": f2,
        "baseline": baseline,
        "sigma": np.full(n, sigma),
        "longest trial": np.full(n, 4_800_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 6); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 6), np.int64)
    time = np.zeros_like(longest)
    stop[:, BASELINE] = steps(time := time + trials["baseline"], dt)  # romo.task:29
    stop[:, FIRST] = steps(time := time + 500_000, dt)  # romo.task:30
    stop[:, DELAY] = steps(time := time + 3_000_000, dt)  # romo.task:31
    stop[:, SECOND] = steps(time := time + 500_000, dt)  # romo.task:32
    stop[:, RESPONSE] = steps(time := time + 500_000, dt)  # romo.task:33
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 3), targets and weights (N_batch, N_steps, 2), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    answer = trials["answer"]
    f1 = trials["f1"]
    f2 = trials["f2"]

    drive = np.zeros((n, 6, 3))
    target = np.zeros((n, 6, 2))
    weight = np.ones((n, 6, 2))
    weight[:, PADDING] = 0

    drive[:, FIRST, RISING] = rescale(f1, 10, 34, 0.4, 1.2)  # romo.task:36
    drive[:, FIRST, FALLING] = rescale(f1, 10, 34, 1.2, 0.4)  # romo.task:37
    drive[:, SECOND, RISING] = rescale(f2, 10, 34, 0.4, 1.2)  # romo.task:40
    drive[:, SECOND, FALLING] = rescale(f2, 10, 34, 1.2, 0.4)  # romo.task:41
    drive[:, RESPONSE, GO] = 1  # romo.task:44
    target[:, RESPONSE, CHOICE] = 0.2  # romo.task:45
    target[trial, RESPONSE, CHOICE.start + answer] = 1  # romo.task:46
    weight[:, DELAY] = 0  # romo.task:49

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
        # romo.task:15
        add_noise(
            inputs[:, :, RISING : RISING + 1], sigma[0] * np.sqrt(20_000 / us(dt)), key, "rising"
        )
        # romo.task:16
        add_noise(
            inputs[:, :, FALLING : FALLING + 1], sigma[0] * np.sqrt(20_000 / us(dt)), key, "falling"
        )
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 2): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # romo.task:52
    correct = (
        argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, SECOND], stop[:, RESPONSE]))
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


def uniform(u: Floats, low: Number, high: Number) -> Floats:
    """Draw uniformly between low and high."""
    return low + (high - low) * u


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


def rescale(
    x: Number, of_low: Number, of_high: Number, onto_low: Number, onto_high: Number
) -> Floats:
    """Map x from the range [of_low, of_high] onto [onto_low, onto_high], in a straight line."""
    part = np.divide(x - of_low, of_high - of_low)
    return np.asarray(onto_low + part * (onto_high - onto_low))


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
