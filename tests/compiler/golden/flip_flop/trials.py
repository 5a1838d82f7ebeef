"""N-bit flip-flop.

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
    "name": "flip_flop",
    "hash": "task1:aa0aa4bfe7b2",
    "inputs": ("pulse[0]", "pulse[1]", "pulse[2]"),
    "outputs": ("memory[0]", "memory[1]", "memory[2]"),
    "epochs": {"run": (0, 1)},
    "labels": {},
    "units": {
        "flips": "us", "flips heights": "", "rate": "Hz", "width": "us", "correct": "bool",
        "longest trial": "us",
    },
    "arguments": {"rate": "rate", "width": "width"},
}

PULSE = slice(0, 3)  # columns of the inputs
MEMORY = slice(0, 3)  # columns of the outputs
BITS = 3  # source.task:11
RUN, PADDING = range(2)  # segments


def sample_trials(n, seed, batch=0, stream=0, *, rate=4.0, width=20.0):
    """Draw the trial table, each (N_batch,): flips (3 trains of 41 times, us, nan after the last),
    flips heights (as many), rate (Hz), width (us).
    """
    width = us(width)  # source.task:13
    draw = Draw(n, seed, batch, stream)
    # source.task:22
    flips = event_times(event_words(draw, "var:flips", 41, 3), rate, width, 2_000_000, "flips")
    # source.task:22
    flips_heights = at_events(flips, choice(event_words(draw, "var:flips heights", 41, 3), (-1, 1)))
    return {
        "flips": flips,
        "flips heights": flips_heights,
        "rate": np.full(n, rate),
        "width": np.full(n, width),
        "longest trial": np.full(n, 2_000_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 2); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 2), np.int64)
    time = np.zeros_like(longest)
    stop[:, RUN] = steps(time := time + 2_000_000, dt)  # source.task:25
    stop[:, PADDING] = steps(longest, dt)
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
    width = trials["width"]
    # source.task:22
    flips = pulses(trials["flips"], trials["flips heights"], width, 2_000_000, index.shape[1], dt)

    drive = np.zeros((n, 2, 3))
    target = np.zeros((n, 2, 3))
    weight = np.ones((n, 2, 3))
    weight[:, PADDING] = 0

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(np.zeros(n, np.int64), stop[:, RUN])  # source.task:28
    inputs[at, step, PULSE] = flips[at, k]
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(np.zeros(n, np.int64), stop[:, RUN])  # source.task:29
    targets[at, step, MEMORY] = latch(flips[at, k], k, 0)
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
    """Score outputs (N_batch, N_steps, 3): correct (bool), each (N_batch,)."""
    targets = arrays(trials, dt)[1].astype(np.float64)
    stop = timeline(trials, dt)
    n = len(stop)
    # source.task:32
    correct = (
        span_rms(outputs[:, :, MEMORY] - targets[:, :, MEMORY], np.zeros(n, np.int64), stop[:, RUN])
        < 0.2
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


def latch(x: Number, k: Ints, initial: Number) -> Floats:
    """Hold the last value of x in its span that was not 0; before the first, `initial`."""
    x = each_step(x, k)
    place = np.arange(len(k)).reshape(-1, *[1] * (x.ndim - 1))
    first = np.reshape(k == 0, place.shape)
    last = np.maximum.accumulate(np.where((x != 0) | first, place, 0), axis=0)
    held = np.take_along_axis(x, last, axis=0)
    return np.where(held != 0, held, initial)


def each_step(x: Number, k: Ints) -> Floats:
    """Give a value of its own to every step, also where all have one row: (N,) or (N, n)."""
    x = np.asarray(x, np.float64)
    return np.broadcast_to(x, (len(k), *x.shape[1:]))


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
