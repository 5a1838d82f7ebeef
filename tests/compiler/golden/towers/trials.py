"""Accumulating towers.

Vectorised trials, printed by Epochal from source.task.

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
    "name": "towers",
    "hash": "task1:29cd89b89db4",
    "inputs": ("fixation", "tower[left]", "tower[right]", "both"),
    "outputs": ("choice[left]", "choice[right]", "tally"),
    "epochs": {"fix": (0, 1), "cue": (1, 2), "respond": (2, 3)},
    "labels": {"side": ("left", "right"), "more": ("left", "right")},
    "units": {
        "period": "us", "on_left": "us", "on_left heights": "", "on_right": "us",
        "on_right heights": "", "flicker": "us", "flicker heights": "", "difference": "",
        "flashes": "", "fix": "us", "high": "Hz", "low": "Hz", "width": "us", "heights": "",
        "correct": "bool", "off": "", "close": "", "large": "", "seen": "", "longest trial": "us",
    },
    "arguments": {"high": "high", "low": "low", "width": "width", "heights": "heights"},
}

FIXATION, TOWER, BOTH = 0, slice(1, 3), 3  # columns of the inputs
CHOICE, TALLY = slice(0, 2), 2  # columns of the outputs
LEFT, RIGHT = range(2)  # labels of side
FIX, CUE, RESPOND, PADDING = range(4)  # segments


def sample_trials(
    n, seed, batch=0, stream=0, *,
    high=8.0,
    low=3.0,
    width=40.0,
    heights=(0.8, 1, 1.2),
):
    """Draw the trial table, each (N_batch,): side (label), period (us), on_left (39 times, us, nan
    after the last), on_left heights (as many), on_right (39 times, us, nan after the last),
    on_right heights (as many), flicker (2 trains of 24 times, us, nan after the last), flicker
    heights (as many), difference, more (label), flashes, fix (us), high (Hz), low (Hz), width
    (us).
    """
    high = hold(high, 0.0, 40.0, "high (Hz)")  # source.task:12
    low = hold(low, 0.0, 40.0, "low (Hz)")  # source.task:13
    width = us(width)  # source.task:14
    heights = np.asarray(heights)  # source.task:15
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    side = cell  # source.task:27
    period = whole(uniform(draw.unit("var:period"), 600_000, 900_000))  # source.task:28
    on_left = on_left_heights = on_right = on_right_heights = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        # source.task:29
        on_left = renewed(
            on_left,
            event_times(
                event_words(draw, "var:on_left", 39, attempt=attempt),
                np.where(side == LEFT, high, low),
                10_000,
                period,
                "on_left",
            ),
            again,
        )
        # source.task:29
        on_left_heights = renewed(
            on_left_heights,
            at_events(
                on_left,
                choice(event_words(draw, "var:on_left heights", 39, attempt=attempt), heights),
            ),
            again,
        )
        # source.task:30
        on_right = renewed(
            on_right,
            event_times(
                event_words(draw, "var:on_right", 39, attempt=attempt),
                np.where(side == LEFT, low, high),
                10_000,
                period,
                "on_right",
            ),
            again,
        )
        # source.task:30
        on_right_heights = renewed(
            on_right_heights,
            at_events(
                on_right,
                choice(event_words(draw, "var:on_right heights", 39, attempt=attempt), heights),
            ),
            again,
        )
        difference = event_count(on_left) - event_count(on_right)  # source.task:32
        # source.task:33
        again = np.logical_not(difference != 0)
        if settled(again, attempt, "difference != 0"):
            break
    # source.task:31
    flicker = event_times(event_words(draw, "var:flicker", 24, 2), 5, 0, 400_000, "flicker")
    # source.task:31
    flicker_heights = at_events(
        flicker,
        np.array((1, -1))[weighted(event_words(draw, "var:flicker heights", 24, 2), (0.8, 0.2))],
    )
    more = np.where(difference > 0, LEFT, RIGHT)  # source.task:34
    flashes = row_sum(event_count(flicker))  # source.task:35
    fix = whole(uniform(draw.unit("epoch:fix"), 100_000, 200_000))  # source.task:38
    return {
        "side": side,
        "period": period,
        "on_left": on_left,
        "on_left heights": on_left_heights,
        "on_right": on_right,
        "on_right heights": on_right_heights,
        "flicker": flicker,
        "flicker heights": flicker_heights,
        "difference": difference,
        "more": more,
        "flashes": flashes,
        "fix": fix,
        "high": np.full(n, high),
        "low": np.full(n, low),
        "width": np.full(n, width),
        "longest trial": np.full(n, 1_400_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 4); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 4), np.int64)
    time = np.zeros_like(longest)
    stop[:, FIX] = steps(time := time + trials["fix"], dt)  # source.task:38
    stop[:, CUE] = steps(time := time + trials["period"], dt)  # source.task:39
    stop[:, RESPOND] = steps(time := time + 300_000, dt)  # source.task:40
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 4), targets and weights (N_batch, N_steps, 3), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    period = trials["period"]
    difference = trials["difference"]
    more = trials["more"]
    width = trials["width"]
    # source.task:29
    on_left = pulses(
        trials["on_left"], trials["on_left heights"], width, period, index.shape[1], dt
    )
    # source.task:30
    on_right = pulses(
        trials["on_right"], trials["on_right heights"], width, period, index.shape[1], dt
    )
    # source.task:31
    flicker = pulses(
        trials["flicker"], trials["flicker heights"], 30_000, 400_000, index.shape[1], dt
    )

    drive = np.zeros((n, 4, 4))
    target = np.zeros((n, 4, 3))
    weight = np.ones((n, 4, 3))
    weight[:, PADDING] = 0

    drive[:, FIX : CUE + 1, FIXATION] = 1  # source.task:43
    target[trial, RESPOND, CHOICE.start + more] = 1  # source.task:54

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(stop[:, FIX], stop[:, CUE])  # source.task:46
    inputs[at, step, TOWER.start + LEFT] += on_left[at, k]
    inputs[at, step, TOWER.start + RIGHT] += on_right[at, k]  # source.task:47
    # source.task:51
    at, step, k = flat_steps(
        stop[:, FIX], np.where(event_count(trials["flicker"])[:, 0] > 0, stop[:, CUE], stop[:, FIX])
    )
    inputs[at, step, BOTH] = row_sum(flicker[at, k]) * 0.5
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(stop[:, FIX], stop[:, CUE])  # source.task:48
    targets[at, step, TALLY] = (
        0.1 * (integral(on_left[at, k], k, dt) - integral(on_right[at, k], k, dt)) / 1_000_000
    )
    at, step, k = flat_steps(stop[:, CUE], stop[:, RESPOND])  # source.task:55
    targets[at, step, TALLY] = 0.01 * difference[at]
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
        key = seed, stream, batch
        add_noise(inputs[:, :, TOWER], 0.05, key, "tower")  # source.task:19
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 3): correct (bool), off, close, large, seen, each
    (N_batch,).
    """
    outputs = outputs.astype(np.float64)
    targets = arrays(trials, dt)[1].astype(np.float64)
    stop = timeline(trials, dt)
    # source.task:58
    correct = (
        argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, CUE], stop[:, RESPOND]))
        == trials["more"]
    )
    # source.task:59
    off = span_rms(
        outputs[:, :, TALLY : TALLY + 1] - targets[:, :, TALLY : TALLY + 1],
        stop[:, FIX],
        stop[:, CUE],
    )
    # source.task:60
    close = span_mean(
        np.abs(outputs[:, :, CHOICE] - targets[:, :, CHOICE]) < 0.3, stop[:, CUE], stop[:, RESPOND]
    ).mean(axis=1)
    # source.task:61
    large = span_max(
        -(outputs[:, :, TALLY : TALLY + 1] - targets[:, :, TALLY : TALLY + 1]) * 2
        + trials["difference"][:, None, None],
        stop[:, CUE],
        stop[:, RESPOND],
    )[:, 0]
    seen = event_count(trials["on_left"]) + trials["flashes"]  # source.task:62
    return {"correct": correct, "off": off, "close": close, "large": large, "seen": seen}


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


def hold(x: Number, low: float, high: float, name: str) -> Number:
    """Give x back, or raise ValueError where parameter `name` leaves [low, high]."""
    if not np.all((np.asarray(x) >= low) & (np.asarray(x) <= high)):
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], not {x}")
    return x


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


def event_count(time: Floats) -> Ints:
    """Count the events of each trial: (N_batch,), or (N_batch, n) of n trains."""
    return np.asarray(np.isfinite(time).sum(axis=-1))


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


def integral(x: Number, k: Ints, dt: float) -> Floats:
    """Integrate x from the start of its span to the start of each step, over us."""
    laid, span = by_span(each_step(x, k), k)
    total = np.zeros_like(laid)
    np.cumsum(laid[:, :-1], axis=1, out=total[:, 1:])
    return total[span, k] * us(dt)


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


def span_min(x: Array, start: Ints, stop: Ints) -> Floats:
    """Smallest value in the span, (N_batch, N_units)."""
    inside = in_span(x, start, stop)
    least = np.min(x, axis=1, where=inside, initial=np.inf).astype(np.float64)
    return np.where(inside.any(axis=1), least, np.nan)


def span_max(x: Array, start: Ints, stop: Ints) -> Floats:
    """Largest value in the span, (N_batch, N_units)."""
    return -span_min(-x, start, stop)


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
