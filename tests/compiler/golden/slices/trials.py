"""Slices, ramps and guards.

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
    "name": "slices",
    "hash": "task1:1bc5de372330",
    "inputs": ("light", "tone[soft]", "tone[loud]"),
    "outputs": ("report[left]", "report[right]", "rate"),
    "epochs": {
        "fix": (0, 1), "sample": (1, 6), "delay": (6, 7), "test": (7, 9), "pause": (9, 10),
        "response": (10, 14),
    },
    "labels": {"side": ("left", "right")},
    "units": {
        "gap": "us", "lag": "us", "go": "bool", "ramp_time": "us", "early": "", "late": "",
        "correct": "bool", "longest trial": "us",
    },
    "arguments": {"ramp_time": "ramp_time"},
}

LIGHT, TONE = 0, slice(1, 3)  # columns of the inputs
REPORT, RATE = slice(0, 2), 2  # columns of the outputs
LEFT, RIGHT = range(2)  # labels of side
SOFT, LOUD = range(2)  # labels of tone
(  # segments, then loose cuts
    FIX, SAMPLE_1, SAMPLE_2, SAMPLE_3, SAMPLE_4, SAMPLE_5, DELAY, TEST_1, TEST_2, PAUSE, RESPONSE_1,
    RESPONSE_2, RESPONSE_3, RESPONSE_4, PADDING, CUT_1, CUT_2, CUT_3, CUT_4, CUT_5, CUT_6, CUT_7,
    CUT_8, CUT_9,
) = range(24)


def sample_trials(n, seed, batch=0, stream=0, *, ramp_time=150.0):
    """Draw the trial table, each (N_batch,): side (label), gap (us), lag (us), go (bool),
    ramp_time (us).
    """
    ramp_time = us(hold(ramp_time, 50.0, 200.0, "ramp_time (ms)"))  # source.task:11
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    side = cell  # source.task:22
    gap = whole(uniform(draw.unit("var:gap"), 0, 300_000))  # source.task:23
    lag_ = whole(uniform(draw.unit("var:lag"), 20_000, 280_000))  # source.task:24
    go = bernoulli(draw.unit("var:go"), 0.5)  # source.task:25
    return {
        "side": side,
        "gap": gap,
        "lag": lag_,
        "go": go,
        "ramp_time": np.full(n, ramp_time),
        "longest trial": np.full(n, 1_455_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 24); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 24), np.int64)
    time = np.zeros_like(longest)
    stop[:, FIX] = steps(time := time + 200_000, dt)  # source.task:28
    stop[:, CUT_3] = steps(time + 400_000, dt)
    stop[:, CUT_5] = steps(time + 20_000, dt)
    start, time = time, time + 305_000  # source.task:29
    stop[:, SAMPLE_5] = steps(time, dt)
    stop[:, SAMPLE_1] = np.clip(steps(start + 50_000, dt), stop[:, FIX], stop[:, SAMPLE_5])
    stop[:, SAMPLE_2] = np.clip(steps(time - 100_000, dt), stop[:, FIX], stop[:, SAMPLE_5])
    stop[:, SAMPLE_3] = np.clip(steps(start + 250_000, dt), stop[:, FIX], stop[:, SAMPLE_5])
    stop[:, SAMPLE_4] = np.clip(steps(time - 50_000, dt), stop[:, FIX], stop[:, SAMPLE_5])
    stop[:, DELAY] = steps(time := time + trials["gap"], dt)  # source.task:30
    stop[:, CUT_1] = steps(time + trials["gap"], dt)
    start, time = time, time + 250_000  # source.task:31
    stop[:, TEST_2] = steps(time, dt)
    stop[:, TEST_1] = np.clip(steps(start + trials["lag"], dt), stop[:, DELAY], stop[:, TEST_2])
    stop[:, CUT_2] = steps(time - 20_000, dt)
    stop[:, CUT_4] = steps(time - 100_000, dt)
    stop[:, CUT_7] = steps(time + trials["gap"], dt)
    stop[:, CUT_8] = steps(time + 350_000, dt)
    stop[:, PAUSE] = steps(time := time, dt)  # source.task:32
    stop[:, CUT_6] = steps(time + trials["lag"], dt)
    start, time = time, time + 400_000  # source.task:33
    stop[:, RESPONSE_4] = steps(time, dt)
    stop[:, RESPONSE_1] = np.clip(steps(start + 100_000, dt), stop[:, PAUSE], stop[:, RESPONSE_4])
    stop[:, RESPONSE_2] = np.clip(steps(start + 300_000, dt), stop[:, PAUSE], stop[:, RESPONSE_4])
    stop[:, RESPONSE_3] = np.clip(steps(time - 50_000, dt), stop[:, PAUSE], stop[:, RESPONSE_4])
    stop[:, CUT_9] = steps(time - 200_000, dt)
    stop[:, PADDING] = steps(longest, dt)
    stop[:, CUT_1] = np.clip(stop[:, CUT_1], stop[:, DELAY], stop[:, TEST_2])
    stop[:, CUT_2] = np.clip(stop[:, CUT_2], stop[:, DELAY], stop[:, TEST_2])
    stop[:, CUT_3] = np.clip(stop[:, CUT_3], stop[:, FIX], stop[:, TEST_2])
    stop[:, CUT_4] = np.clip(stop[:, CUT_4], stop[:, FIX], stop[:, TEST_2])
    stop[:, CUT_5] = np.clip(stop[:, CUT_5], stop[:, FIX], stop[:, SAMPLE_5])
    stop[:, CUT_6] = np.clip(stop[:, CUT_6], stop[:, PAUSE], stop[:, RESPONSE_4])
    stop[:, CUT_7] = np.clip(stop[:, CUT_7], stop[:, TEST_2], stop[:, RESPONSE_4])
    stop[:, CUT_8] = np.clip(stop[:, CUT_8], stop[:, TEST_2], stop[:, RESPONSE_4])
    stop[:, CUT_9] = np.clip(stop[:, CUT_9], stop[:, PAUSE], stop[:, RESPONSE_4])
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 3), targets and weights (N_batch, N_steps, 3), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    side = trials["side"]
    go = trials["go"]
    ramp_time = trials["ramp_time"]

    drive = np.zeros((n, 15, 3))
    drive[:, :, LIGHT] = 0.2  # source.task:14
    target = np.zeros((n, 15, 3))
    target[:, :, RATE] = 0.1  # source.task:19
    weight = np.ones((n, 15, 3))
    weight[:, PADDING] = 0

    drive[:, SAMPLE_2 : SAMPLE_4 + 1, LIGHT] += 0.5  # source.task:37
    drive[:, SAMPLE_3 : SAMPLE_5 + 1, TONE.start + LOUD] = 0.25  # source.task:40
    drive[:, RESPONSE_1, TONE.start + LOUD] = 0.25  # source.task:40
    drive[:, TEST_2, TONE.start + SOFT] = 1  # source.task:44
    drive[:, SAMPLE_4 : SAMPLE_5 + 1, LIGHT] -= 0.1  # source.task:52
    target[trial, RESPONSE_1:PADDING, REPORT.start + side] = 1  # source.task:69
    weight[:, RESPONSE_1:PADDING] = 2  # source.task:70
    weight[:, RESPONSE_1:PADDING, REPORT] *= 2  # source.task:71

    inputs = spread(drive, index, out[0])
    # source.task:47
    at, step, k = flat_steps(stop[:, CUT_1], np.where(go, stop[:, CUT_2], stop[:, CUT_1]))
    inputs[at, step, TONE.start + SOFT] *= 3
    inputs[at, step, TONE] += 0.5  # source.task:48
    at, step, k = flat_steps(stop[:, CUT_3], stop[:, CUT_4])  # source.task:55
    inputs[at, step, LIGHT] = 0.9
    at, step, k = flat_steps(stop[:, CUT_5], stop[:, SAMPLE_5])  # source.task:59
    t = k * us(dt)
    inputs[at, step, LIGHT] += 0.3 * np.minimum(t / ramp_time[at], 1)
    at, step, k = flat_steps(stop[:, PAUSE], stop[:, RESPONSE_4])  # source.task:59
    t = k * us(dt)
    inputs[at, step, LIGHT] += 0.3 * np.minimum(t / ramp_time[at], 1)
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(stop[:, CUT_5], stop[:, SAMPLE_5])  # source.task:60
    t = k * us(dt)
    targets[at, step, RATE] = np.where(side[at] == LEFT, 0.5 + t / 1_000_000, 0)
    at, step, k = flat_steps(stop[:, PAUSE], stop[:, RESPONSE_4])  # source.task:60
    t = k * us(dt)
    targets[at, step, RATE] = np.where(side[at] == LEFT, 0.5 + t / 1_000_000, 0)
    # source.task:63
    at, step, k = flat_steps(
        np.zeros(n, np.int64), np.where(np.logical_not(go), stop[:, FIX], np.zeros(n, np.int64))
    )
    t = k * us(dt)
    targets[at, step, RATE] += portable_sin(np.radians(t * 360 / 100_000))
    at, step, k = flat_steps(stop[:, RESPONSE_3], stop[:, RESPONSE_2])  # source.task:66
    targets[at, step, RATE] = 2
    weights = spread(weight, index, out[2])
    at, step, k = flat_steps(stop[:, PAUSE], stop[:, CUT_6])  # source.task:74
    weights[at, step] = 0
    weights[at, step, RATE] += 0.5  # source.task:75
    at, step, k = flat_steps(stop[:, CUT_7], stop[:, CUT_8])  # source.task:78
    weights[at, step, REPORT.start + side[at]] += 3
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
    """Score outputs (N_batch, N_steps, 3): early, late, correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # source.task:81
    early = span_mean(outputs[:, :, RATE : RATE + 1], stop[:, PAUSE], stop[:, CUT_6])[:, 0]
    # source.task:82
    late = span_last(outputs[:, :, RATE : RATE + 1], stop[:, RESPONSE_1], stop[:, RESPONSE_3])[:, 0]
    # source.task:83
    correct = (
        argmax_unit(span_mean(outputs[:, :, REPORT], stop[:, CUT_9], stop[:, RESPONSE_4]))
        == trials["side"]
    )
    return {"early": early, "late": late, "correct": correct}


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


def bernoulli(u: Floats, p: Number) -> Bools:
    """Draw true with probability p."""
    return u < p


QUARTER_HIGH = 1.5707963267341256  # first 33 bits of pi / 2
QUARTER_LOW = 6.077100506506192e-11


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


def span_last(x: Array, start: Ints, stop: Ints) -> Floats:
    """Value at the span's last step, (N_batch, N_units)."""
    last = x[np.arange(len(x)), np.maximum(stop - 1, 0)]
    return np.where((stop > start)[:, None], last.astype(np.float64), np.nan)


def argmax_unit(x: Array) -> Ints:
    """Position of the largest unit of x (.., N_units), the first of equals; -1 for a nan."""
    return np.where(np.isnan(x).any(axis=-1), -1, x.argmax(axis=-1))
