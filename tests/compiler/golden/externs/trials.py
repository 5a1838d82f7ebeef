"""Orientation of gratings, one or several.

Vectorised trials, printed by Epochal from source.task.

Needs NumPy and externs_for_tests; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial
table times are whole microseconds, angles are in deg, and labels are positions in TASK["labels"].
"""

import hashlib
import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
from externs_for_tests import adaptation as fades
from externs_for_tests import gabor, vignette
from externs_for_tests import luminance as spread_
from numpy.typing import ArrayLike, NDArray

TASK = {
    "name": "externs",
    "hash": "task1:26ccbc3116a2",
    "inputs": (
        "screen[0]", "screen[1]", "screen[2]", "screen[3]", "screen[4]", "screen[5]", "level",
        "trace[sum]", "trace[part]",
    ),
    "outputs": ("tilt[left]", "tilt[right]", "brightness"),
    "epochs": {
        "show": (0, 3), "flash": (3, 8), "gap": (4, 9), "plaid": (9, 10), "respond": (10, 11),
    },
    "labels": {"side": ("left", "right")},
    "units": {
        "gabor": "deg", "theta": "deg", "strong": "bool", "flashes": "", "turns": "deg",
        "show": "us", "contrast": "", "decay": "Hz", "correct": "bool", "longest trial": "us",
    },
    "arguments": {"contrast": "contrast", "decay": "decay"},
}

SCREEN, LEVEL, TRACE = slice(0, 6), 6, slice(7, 9)  # columns of the inputs
TILT, BRIGHTNESS = slice(0, 2), 2  # columns of the outputs
FRAMES = 3  # source.task:17
LEFT, RIGHT = range(2)  # labels of side
SUM, PART = range(2)  # labels of trace
SHOW_1, SHOW_2, SHOW_3, PLAID, RESPOND, PADDING = 0, 1, 2, 9, 10, 11  # segments
FLASH, GAP = np.arange(3, 9).reshape(3, 2).T  # segments, one a repetition


def sample_trials(n, seed, batch=0, stream=0, *, contrast=0.8, decay=3.0):
    """Draw the trial table, each (N_batch,): side (label), gabor (deg), theta (deg), strong
    (bool), flashes (3 values), turns (3 values, deg), show (us), contrast, decay (Hz).
    """
    contrast = hold(contrast, 0, 1, "contrast")  # source.task:15
    decay = hold(decay, 0.1, 100.0, "decay (Hz)")  # source.task:16
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    side = cell  # source.task:29
    gabor_ = uniform(draw.unit("var:gabor"), 5, 40)  # source.task:30
    theta = np.where(side == LEFT, -gabor_, gabor_)  # source.task:31
    strong = bernoulli(draw.unit("var:strong"), 0.5)  # source.task:32
    flashes = uniform(draw.units("var:flashes", 3), 0.2, 0.9)  # source.task:33
    turns = uniform(draw.units("var:turns", 3), 0, 180)  # source.task:34
    show = whole(uniform(draw.unit("epoch:show"), 200_000, 400_000))  # source.task:37
    return {
        "side": side,
        "gabor": gabor_,
        "theta": theta,
        "strong": strong,
        "flashes": flashes,
        "turns": turns,
        "show": show,
        "contrast": np.full(n, contrast),
        "decay": np.full(n, decay),
        "longest trial": np.full(n, 980_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 12); dt in ms."""
    longest = trials["longest trial"]
    n = len(longest)
    span = np.zeros((n, 12), np.int64)  # how long each lasts, us
    span[:, SHOW_3] = trials["show"]  # source.task:37
    span[:, FLASH] = 40_000  # source.task:39
    span[:, GAP] = 20_000  # source.task:40
    span[:, PLAID] = 100_000  # source.task:41
    span[:, RESPOND] = 300_000  # source.task:42
    span[:, PADDING] = longest - span.sum(axis=1)
    end = np.cumsum(span, axis=1)
    end[:, SHOW_1] = np.minimum(end[:, SHOW_1] + 50_000, end[:, SHOW_3])
    end[:, SHOW_2] = np.minimum(end[:, SHOW_2] + 100_000, end[:, SHOW_3])
    return steps(end, dt)


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 9), targets and weights (N_batch, N_steps, 3), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    side = trials["side"]
    theta = trials["theta"]
    strong = trials["strong"]
    flashes = trials["flashes"]
    turns = trials["turns"]
    contrast = trials["contrast"]
    decay = trials["decay"]

    drive = np.zeros((n, 12, 9))
    drive[:, :, SCREEN] = 0.1  # source.task:20
    target = np.zeros((n, 12, 3))
    weight = np.ones((n, 12, 3))
    weight[:, PADDING] = 0

    # source.task:45
    drive[:, SHOW_1 : SHOW_3 + 1, SCREEN] = (
        contrast[:, None] * call_extern("gabor", gabor, n, (theta, 90), 6)
    )[:, None]
    # source.task:46
    drive[:, SHOW_1 : SHOW_3 + 1, SCREEN] *= call_extern("vignette", vignette, n, (), 6)[:, None]
    # source.task:47
    drive[:, SHOW_1 : SHOW_3 + 1, LEVEL] = call_extern("spread", spread_, n, (0.25,))[:, None]
    # source.task:51
    drive[strong, SHOW_2, SCREEN] += np.where(
        (side == LEFT)[:, None], call_extern("gabor", gabor, n, (theta, 57.29577951308232), 6), 0.5
    )[strong]
    at, i = repetitions(n, 3)  # source.task:54
    # source.task:54
    drive[at, FLASH[i], SCREEN] = (
        flashes[at, i][:, None] * call_extern("gabor", gabor, 1, (turns[at, i], 10 * i), 6)
    )
    # source.task:55
    drive[at, FLASH[i], LEVEL] += call_extern("spread", spread_, 1, (flashes[at, i],))
    at, i = repetitions(n, 3)  # source.task:58
    at, i = kept(strong[at], at, i)
    drive[at, FLASH[i], LEVEL] *= call_extern("spread", spread_, 1, (i + 1,))  # source.task:58
    # source.task:61
    drive[:, PLAID, SCREEN] = row_sum(
        flashes[:, :, None] * call_extern("gabor", gabor, n, (turns, theta[:, None]), 6)
    )
    # source.task:62
    drive[:, PLAID, LEVEL] = call_extern("spread", spread_, n, (flashes,)).max(axis=1)
    # source.task:63
    target[:, PLAID, BRIGHTNESS] = call_extern(
        "spread", spread_, n, (call_extern("spread", spread_, n, (0.5,)) + np.where(strong, 1, 0),)
    )
    target[trial, RESPOND, TILT.start + side] = 1  # source.task:66

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(np.zeros(n, np.int64), stop[:, SHOW_3])  # source.task:48
    t = k * us(dt)
    inputs[at, step, TRACE.start + PART] = call_extern(
        "fades", fades, 1, (t, decay[at], strong[at])
    )
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(stop[:, PLAID], stop[:, RESPOND])  # source.task:67
    t = k * us(dt)
    targets[at, step, BRIGHTNESS] = np.where(
        strong[at], call_extern("fades", fades, 1, (t, decay[at], strong[at])), 0.2
    )
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
        add_noise(inputs[:, :, SCREEN], 0.05, key, "screen")  # source.task:20
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 3): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # source.task:70
    correct = (
        argmax_unit(span_mean(outputs[:, :, TILT], stop[:, PLAID], stop[:, RESPOND]))
        == trials["side"]
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


def bernoulli(u: Floats, p: Number) -> Bools:
    """Draw true with probability p."""
    return u < p


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


def repetitions(n: int, times: int) -> tuple[Ints, Ints]:
    """List every repetition of every trial: its trial and its number from 0, (n * times,) each."""
    trial, number = np.divmod(np.arange(n * times), times)
    return trial, number


def kept(rows: Bools | Ints, *columns: Ints) -> list[Ints]:
    """Keep some rows of each column."""
    return [column[rows] for column in columns]


def row_sum(x: Array) -> Array:
    """Add up the values of each row of (N_batch, n, ..), in order: the same bits everywhere."""
    total = x[:, 0]
    for i in range(1, x.shape[1]):
        total = total + x[:, i]
    return total


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


def call_extern(
    name: str,
    function: Callable[..., ArrayLike],
    n: int,
    arguments: tuple[ArrayLike, ...],
    units: int = 0,
) -> Floats:
    """Call a function once for all trials, and check the shape of what it gives.

    The function gets each argument as a column (rows,) that it may read and not change: a row for
    each trial, or for each value of an array, or for each step.  It gives one number a row,
    (rows,), or one for each unit, (rows, units); without arguments one number, or (units,).

    Parameters
    ----------
    name : of the function in the task.
    n : number of trials.
    arguments : each one number, (n,), or (n, k).
    units : how many units are set, 0 where one number is wanted.

    Returns
    -------
    (n,) or, where arguments are (n, k), (n, k); with a last axis of units where there are units.
    """
    columns = [np.asarray(one) for one in arguments]
    columns = [one if one.dtype == bool else one.astype(float) for one in columns]
    axes = max((one.ndim for one in columns), default=1)
    shape = np.broadcast_shapes((n, *[1] * (axes - 1)), *(one.shape for one in columns))
    rows, width = math.prod(shape), max(units, 1)
    made = np.zeros((rows, width))
    if rows:
        flat = [np.broadcast_to(np.broadcast_to(x, shape).reshape(-1), rows) for x in columns]
        try:
            given = np.asarray(function(*flat))
        except Exception as error:
            message = f"the extern `{name}` failed: {type(error).__name__}: {error}"
            raise ValueError(message) from error
        if not columns:
            given = np.broadcast_to(given, (rows, *given.shape))
        made = numbers_of_extern(given, name, rows, width)
    made = np.broadcast_to(made, (rows, width)).reshape(*shape, width)
    return made if units else made[..., 0]


def numbers_of_extern(given: Array, name: str, rows: int, width: int) -> Floats:
    """Check that an extern gave numbers, (rows, width) or (rows,), and give the latter a column."""
    if given.dtype.kind not in "biuf":
        raise ValueError(f"the extern `{name}` gave values of type {given.dtype}, not numbers")
    if given.shape == (rows, width):
        return given.astype(float)
    if given.shape == (rows,):
        return given.astype(float)[:, None]
    raise ValueError(
        f"the extern `{name}` gave an array of shape {given.shape}, and must give ({rows},) or "
        f"({rows}, {width}): a row for each value of its arguments, a column for each unit"
    )
