"""Measure an interval and reproduce it, with a gain.

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
    "name": "ready_set_go",
    "hash": "task1:2eb487e7c035",
    "inputs": ("ready", "set", "context"),
    "outputs": ("ramp",),
    "epochs": {
        "baseline": (0, 1), "ready_flash": (1, 2), "measure": (2, 3), "set_flash": (3, 4),
        "produce": (4, 5), "after": (5, 6),
    },
    "labels": {},
    "units": {
        "interval": "us", "gain": "", "produced": "us", "baseline": "us", "pulse": "us",
        "window": "", "went": "us", "relative_error": "", "correct": "bool",
        "longest trial": "us",
    },
    "arguments": {"pulse": "pulse", "window": "window"},
}

READY, SET, CONTEXT = 0, 1, 2  # columns of the inputs
RAMP = 0  # columns of the outputs
INTERVALS = (480_000, 560_000, 640_000, 720_000, 800_000)  # source.task:11
GAINS = (1, 1.5)  # source.task:12
BASELINE, READY_FLASH, MEASURE, SET_FLASH, PRODUCE, AFTER, PADDING = range(7)  # segments


def sample_trials(n, seed, batch=0, stream=0, *, pulse=50.0, window=0.2):
    """Draw the trial table, each (N_batch,): interval (us), gain, produced (us), baseline (us),
    pulse (us), window.
    """
    pulse = us(pulse)  # source.task:13
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(10)
    interval = np.array(INTERVALS)[cell % 5]  # source.task:25
    gain = np.array(GAINS)[cell // 5]  # source.task:26
    produced = whole(gain * interval)  # source.task:27
    baseline = whole(uniform(draw.unit("epoch:baseline"), 100_000, 300_000))  # source.task:30
    return {
        "interval": interval,
        "gain": gain,
        "produced": produced,
        "baseline": baseline,
        "pulse": np.full(n, pulse),
        "window": np.full(n, window),
        "longest trial": np.full(n, 2_600_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 7); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 7), np.int64)
    time = np.zeros_like(longest)
    stop[:, BASELINE] = steps(time := time + trials["baseline"], dt)  # source.task:30
    stop[:, READY_FLASH] = steps(time := time + trials["pulse"], dt)  # source.task:31
    # source.task:32
    stop[:, MEASURE] = steps(time := time + (trials["interval"] - trials["pulse"]), dt)
    stop[:, SET_FLASH] = steps(time := time + trials["pulse"], dt)  # source.task:33
    # source.task:34
    stop[:, PRODUCE] = steps(time := time + (trials["produced"] - trials["pulse"]), dt)
    stop[:, AFTER] = steps(time := time + 300_000, dt)  # source.task:35
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 3), targets and weights (N_batch, N_steps, 1), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    gain = trials["gain"]
    produced = trials["produced"]

    drive = np.zeros((n, 7, 3))
    target = np.zeros((n, 7, 1))
    weight = np.ones((n, 7, 1))
    weight[:, PADDING] = 0

    drive[:, BASELINE:PADDING, CONTEXT] = (0.5 * gain)[:, None]  # source.task:38
    drive[:, READY_FLASH, READY] = 1  # source.task:41
    drive[:, SET_FLASH, SET] = 1  # source.task:44
    weight[:, BASELINE : MEASURE + 1] = 0  # source.task:53

    inputs = spread(drive, index, out[0])
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(stop[:, MEASURE], stop[:, PRODUCE])  # source.task:47
    t = k * us(dt)
    targets[at, step, RAMP] = t / produced[at]
    at, step, k = flat_steps(stop[:, PRODUCE], stop[:, AFTER])  # source.task:50
    targets[at, step, RAMP] = 1
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
    """Score outputs (N_batch, N_steps, 1): went (us), relative_error, correct (bool), each
    (N_batch,).
    """
    stop = timeline(trials, dt)
    # source.task:56
    went = first_above(
        outputs[:, :, RAMP : RAMP + 1], 0.95, stop[:, MEASURE], stop[:, AFTER], dt
    )[:, 0]
    relative_error = (went - trials["produced"]) / trials["produced"]  # source.task:57
    correct = np.abs(relative_error) < trials["window"]  # source.task:58
    return {"went": went, "relative_error": relative_error, "correct": correct}


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


def flat_steps(start: Ints, stop: Ints) -> tuple[Ints, Ints, Ints]:
    """List every step in [start, stop) of each trial: its trial, its step, and k from 0 in each."""
    length = np.maximum(stop - start, 0)
    trial = np.repeat(np.arange(len(length)), length)
    k = np.arange(len(trial)) - np.repeat(np.cumsum(length) - length, length)
    return trial, start[trial] + k, k


def in_span(x: Array, start: Ints, stop: Ints) -> Bools:
    """Say which steps of x lie in the span, (N_batch, N_steps, 1)."""
    step = np.arange(x.shape[1])
    return ((step >= start[:, None]) & (step < stop[:, None]))[:, :, None]


def first_above(x: Array, level: Number, start: Ints, stop: Ints, dt: float) -> Floats:
    """Time in us from the span's start to its first step above level, (N_batch, N_units).

    nan where no step is; level is one number or (N_batch,), dt in ms.
    """
    above = (x > np.reshape(level, (-1, 1, 1))) & in_span(x, start, stop)
    time = (above.argmax(axis=1) - start[:, None]) * us(dt)
    return np.where(above.any(axis=1), time, np.nan)
