"""Tables: keys of labels, truths, numbers and tuples, values of every type.

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
    "name": "lookups",
    "hash": "task1:2f27da64893d",
    "inputs": (
        "light", "cue[red]", "cue[green]", "cue[blue]", "ring_[0]", "ring_[1]", "ring_[2]",
        "ring_[3]", "ring_[4]", "ring_[5]", "dots[0]", "dots[1]",
    ),
    "outputs": ("choice[left]", "choice[right]", "choice[up]", "hold"),
    "epochs": {"show": (0, 1), "wait": (1, 2), "flash": (2, 4), "respond": (4, 5)},
    "labels": {
        "shape": ("circle", "square"), "color": ("red", "green", "blue"),
        "a": ("circle", "square"), "answer": ("left", "right", "up"),
        "chosen": ("left", "right", "up"), "back": ("right", "left", "up"),
    },
    "units": {
        "b": "Hz", "go": "bool", "interval": "us", "k": "", "ks": "", "x": "", "theta": "deg",
        "strength": "", "joint": "", "far": "", "yes": "bool", "many": "", "wait_time": "us",
        "scaled": "", "angle": "deg", "near": "", "far_off": "", "pause": "us", "worth": "",
        "sure": "bool", "early": "", "never": "bool", "correct": "bool", "longest trial": "us",
    },
    "arguments": {"pause": "pause"},
}

LIGHT, CUE, RING, DOTS = 0, slice(1, 4), slice(4, 10), slice(10, 12)  # columns of the inputs
CHOICE, HOLD = slice(0, 3), 3  # columns of the outputs
GAIN = 1.5  # source.task:9
LEVELS = (480_000, 560_000, 640_000)  # source.task:10
CIRCLE, SQUARE = range(2)  # labels of shape
RED, GREEN, BLUE = range(3)  # labels of color
LEFT, RIGHT, UP = range(3)  # labels of answer
BACK_RIGHT, BACK_LEFT, BACK_UP = range(3)  # labels of back
SHOW, WAIT, RESPOND, PADDING, CUT_1, CUT_2 = 0, 1, 4, 5, 6, 7  # segments, then loose cuts
FLASH = np.arange(2, 4)  # segments, one a repetition


def sample_trials(n, seed, batch=0, stream=0, *, pause=100.0):
    """Draw the trial table, each (N_batch,): shape (label), color (label), a (label), b (Hz), go
    (bool), interval (us), k, ks (2 values), x, theta (deg), answer (label), strength, joint, far,
    yes (bool), many (2 values), wait_time (us), scaled, angle (deg), near, far_off (2 values),
    pause (us).
    """
    pause = us(hold(pause, 0.0, 1000.0, "pause (ms)"))  # source.task:11
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(18)
    shape = cell % 2  # source.task:24
    color = x = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        color = renewed(color, pick(draw.unit("var:color", attempt), 3), again)  # source.task:25
        x = renewed(x, uniform(draw.unit("var:x", attempt), 0, 1), again)  # source.task:31
        # source.task:47
        again = np.logical_not(lookup(color, {RED: True, GREEN: x > 0.2, BLUE: x < 0.9}))
        if settled(again, attempt, "lookup(color, {red: true, green: x > 0.2, blue:..."):
            break
    a_b = cell // 2 % 3  # source.task:26
    a = np.array((CIRCLE, SQUARE, CIRCLE))[a_b]  # source.task:26
    b = np.array((10, 20, 20))[a_b]  # source.task:26
    go = bernoulli(draw.unit("var:go"), 0.5)  # source.task:27
    interval = np.array(LEVELS)[cell // 6]  # source.task:28
    k_ = integers(draw.unit("var:k"), 0, 2)  # source.task:29
    ks = choice(draw.units("var:ks", 2), (1, 2, 4))  # source.task:30
    theta = uniform(draw.unit("var:theta"), 0, 360)  # source.task:32
    # source.task:33
    answer = lookup(
        (shape, color),
        {
            (CIRCLE, RED): LEFT,
            (CIRCLE, GREEN): RIGHT,
            (CIRCLE, BLUE): UP,
            (SQUARE, RED): RIGHT,
            (SQUARE, GREEN): LEFT,
            (SQUARE, BLUE): UP,
        },
    )
    strength = lookup(color, {RED: 0.2, GREEN: x, BLUE: 1 - x})  # source.task:37
    joint = lookup((a, b), {(CIRCLE, 10): 1, (SQUARE, 20): 2, (CIRCLE, 20): 3})  # source.task:38
    far = lookup(interval, {480_000: 1, 560_000: 2, 640_000: 3})  # source.task:39
    yes = lookup(k_, {0: True, 1: go, 2: np.logical_not(go)})  # source.task:40
    many = lookup(ks, {1: 10, 2: x[:, None], 4: 1000})  # source.task:41
    wait_time = whole(lookup(shape, {CIRCLE: pause, SQUARE: 2 * pause}))  # source.task:42
    scaled = np.full(n, lookup(GAIN, {1.5: 2}))  # source.task:43
    angle = lookup(go, {True: theta, False: 90})  # source.task:44
    near = lookup(np.where(go, 2, 3), {2: 5, 3: 6})  # source.task:45
    far_off = lookup(shape[:, None], {CIRCLE: many, SQUARE: ks})  # source.task:46
    longest = whole(np.ceil(np.maximum(250_000 + pause, 250_000 + 2 * pause)))
    return {
        "shape": shape,
        "color": color,
        "a": a,
        "b": b,
        "go": go,
        "interval": interval,
        "k": k_,
        "ks": ks,
        "x": x,
        "theta": theta,
        "answer": answer,
        "strength": strength,
        "joint": joint,
        "far": far,
        "yes": yes,
        "many": many,
        "wait_time": wait_time,
        "scaled": scaled,
        "angle": angle,
        "near": near,
        "far_off": far_off,
        "pause": np.full(n, pause),
        "longest trial": np.full(n, longest),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 8); dt in ms."""
    longest = trials["longest trial"]
    n = len(longest)
    span = np.zeros((n, 8), np.int64)  # how long each lasts, us
    # source.task:50
    span[:, SHOW] = lookup(trials["color"], {RED: 100_000, GREEN: 150_000, BLUE: 120_000})
    span[:, WAIT] = trials["wait_time"]  # source.task:51
    at, i = repetitions(n, 2)  # source.task:52
    span[at, FLASH[i]] = 20_000 + lookup(i, {0: 10_000, 1: 0})  # source.task:53
    span[:, RESPOND] = 50_000  # source.task:54
    span[:, PADDING] = longest - span.sum(axis=1)
    end = np.cumsum(span, axis=1)
    end[:, CUT_1] = np.minimum(end[:, RESPOND] - span[:, RESPOND] + 40_000, end[:, RESPOND])
    end[:, CUT_2] = np.minimum(end[:, RESPOND] - span[:, RESPOND] + 50_000, end[:, RESPOND])
    return steps(end, dt)


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 12), targets and weights (N_batch, N_steps, 4), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    shape = trials["shape"]
    color = trials["color"]
    go = trials["go"]
    ks = trials["ks"]
    x = trials["x"]
    theta = trials["theta"]
    answer = trials["answer"]
    strength = trials["strength"]
    joint = trials["joint"]
    far = trials["far"]
    yes = trials["yes"]
    many = trials["many"]
    near = trials["near"]

    drive = np.zeros((n, 6, 12))
    target = np.zeros((n, 6, 4))
    weight = np.ones((n, 6, 4))
    weight[:, PADDING] = 0

    drive[:, SHOW, LIGHT] = lookup(shape, {CIRCLE: 0.5, SQUARE: strength})  # source.task:57
    # source.task:58
    drive[:, SHOW, CUE] = lookup(
        color[:, None], {RED: onehot(RED, 3)[None], GREEN: onehot(BLUE, 3)[None] * 0.5, BLUE: 0}
    )
    # source.task:59
    drive[:, SHOW, RING] = lookup(shape[:, None], {CIRCLE: bump(theta, 20, 6), SQUARE: 0.1})
    drive[:, SHOW, DOTS] = lookup(shape[:, None], {CIRCLE: many, SQUARE: 0})  # source.task:60
    # source.task:63
    drive[trial[yes], WAIT, (CUE.start + lookup(shape, {CIRCLE: RED, SQUARE: BLUE}))[yes]] = 1
    at, i = repetitions(n, 2)  # source.task:66
    drive[at, FLASH[i], LIGHT] = lookup(i, {0: 0.5, 1: x[at]})  # source.task:66
    # source.task:67
    drive[at, FLASH[i], DOTS.start + np.asarray(lookup(i, {0: 1, 1: 0}), int)] = lookup(
        ks[at, i], {1: 1, 2: 2, 4: 4}
    )
    target[trial, RESPOND, CHOICE.start + answer] = 1  # source.task:71
    target[:, RESPOND, HOLD] = joint + far + near  # source.task:72

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(stop[:, FLASH[-1]], stop[:, RESPOND])  # source.task:70
    t = k * us(dt)
    inputs[at, step, LIGHT] = lookup(go[at], {True: t / 100_000, False: 0.5})
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
    """Score outputs (N_batch, N_steps, 4): chosen (label), worth, back (label), sure (bool),
    early, never (bool), correct (bool), each (N_batch,).
    """
    stop = timeline(trials, dt)
    # source.task:75
    chosen = argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, FLASH[-1]], stop[:, RESPOND]))
    worth = lookup(chosen, {LEFT: 1, RIGHT: 2, UP: 3}, np.nan)  # source.task:76
    back = lookup(chosen, {LEFT: BACK_RIGHT, RIGHT: BACK_LEFT, UP: BACK_UP}, -1)  # source.task:77
    sure = lookup(chosen, {LEFT: True, RIGHT: False, UP: trials["go"]}, False)  # source.task:78
    # source.task:79
    early = lookup(
        argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, CUT_1], stop[:, RESPOND])),
        {LEFT: 1, RIGHT: 2, UP: 3},
        np.nan,
    )
    # source.task:80
    never = (
        lookup(
            argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, CUT_2], stop[:, RESPOND])),
            {LEFT: BACK_RIGHT, RIGHT: BACK_LEFT, UP: BACK_UP},
            -1,
        )
        == BACK_UP
    )
    # source.task:81
    correct = lookup(
        (trials["shape"], chosen),
        {
            (CIRCLE, LEFT): True,
            (CIRCLE, RIGHT): False,
            (CIRCLE, UP): trials["go"],
            (SQUARE, LEFT): False,
            (SQUARE, RIGHT): True,
            (SQUARE, UP): False,
        },
        False,
    )
    return {
        "chosen": chosen,
        "worth": worth,
        "back": back,
        "sure": sure,
        "early": early,
        "never": never,
        "correct": correct,
    }


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


def bernoulli(u: Floats, p: Number) -> Bools:
    """Draw true with probability p."""
    return u < p


LN2_HIGH = 0.6931471803691238  # first 33 bits of log(2)
LN2_LOW = 1.9082149292705877e-10


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


def hold(x: Number, low: float, high: float, name: str) -> Number:
    """Give x back, or raise ValueError where parameter `name` leaves [low, high]."""
    if not np.all((np.asarray(x) >= low) & (np.asarray(x) <= high)):
        raise ValueError(f"{name} must lie in [{low:g}, {high:g}], not {x}")
    return x


def lookup(
    key: Number | tuple[Number, ...], table: dict[Any, Number], none: float | None = None
) -> Array:
    """Take the value beside the key of each trial, (N_batch,) or the shape of key and values.

    A key of several parts, and then each row of the table, is a tuple.  Values are one for the
    batch or one a trial.  `none` is given to a key that has no row; without it each has one.
    """
    keys = key if isinstance(key, tuple) else (key,)
    found = []
    for row in table:
        same = np.asarray(True)
        for one, part in zip(keys, row if isinstance(row, tuple) else (row,), strict=True):
            same = same & (np.asarray(one) == part)
        found.append(same)
    values = [np.asarray(value) for value in table.values()]
    return np.select(found, values, values[-1] if none is None else none)


def repetitions(n: int, times: int) -> tuple[Ints, Ints]:
    """List every repetition of every trial: its trial and its number from 0, (n * times,) each."""
    trial, number = np.divmod(np.arange(n * times), times)
    return trial, number


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


def onehot(unit: Number, n_units: int) -> Floats:
    """Give 1 to one unit and 0 to the others: (N_batch, n_units)."""
    return np.asarray(np.asarray(unit)[..., None] == np.arange(n_units), np.float64)


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
