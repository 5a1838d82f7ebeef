"""Arrays of rings: one ring, all rings, rings of outputs, in repeats and over time.

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
    "name": "rings",
    "hash": "task1:bc61637eb04a",
    "inputs": (
        "stim[0, 0]", "stim[0, 1]", "stim[0, 2]", "stim[0, 3]", "stim[0, 4]", "stim[1, 0]",
        "stim[1, 1]", "stim[1, 2]", "stim[1, 3]", "stim[1, 4]", "stim[2, 0]", "stim[2, 1]",
        "stim[2, 2]", "stim[2, 3]", "stim[2, 4]", "stim[3, 0]", "stim[3, 1]", "stim[3, 2]",
        "stim[3, 3]", "stim[3, 4]", "field[left, 0]", "field[left, 1]", "field[left, 2]",
        "field[left, 3]", "field[right, 0]", "field[right, 1]", "field[right, 2]",
        "field[right, 3]", "pulse[0]", "pulse[1]", "pulse[2]", "dot[0]",
    ),
    "outputs": (
        "press", "report[0, 0]", "report[0, 1]", "report[0, 2]", "report[1, 0]", "report[1, 1]",
        "report[1, 2]", "report[2, 0]", "report[2, 1]", "report[2, 2]", "report[3, 0]",
        "report[3, 1]", "report[3, 2]",
    ),
    "epochs": {"wait": (0, 1), "show": (1, 2), "flash": (2, 7), "gap": (3, 8), "turn": (8, 10)},
    "labels": {"side": ("left", "right")},
    "units": {
        "place": "", "which": "", "theta": "deg", "go": "bool", "one": "deg",
        "speed": "time**-1 angle**1", "show": "us", "near": "", "strongest": "", "late": "",
        "correct": "bool", "longest trial": "us",
    },
    "arguments": {},
}

STIM, FIELD = slice(0, 20), slice(20, 28)  # columns of the inputs
PULSE, DOT = slice(28, 31), slice(31, 32)  # columns of the inputs
PRESS, REPORT = 0, slice(1, 13)  # columns of the outputs
SLOTS = 4  # source.task:9
LEFT, RIGHT = range(2)  # labels of side
WAIT, SHOW, TURN_1, TURN_2, PADDING, CUT_1 = 0, 1, 8, 9, 10, 11  # segments, then loose cuts
FLASH, GAP = np.arange(2, 8).reshape(3, 2).T  # segments, one a repetition


def sample_trials(n, seed, batch=0, stream=0):
    """Draw the trial table, each (N_batch,): side (label), place (4 values), which, theta (4
    values, deg), go (bool), one (deg), speed (time**-1 angle**1), show (us).
    """
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    side = cell  # source.task:22
    place = permutation(draw.each("var:place", 4))  # source.task:23
    which = integers(draw.unit("var:which"), 0, SLOTS - 1)  # source.task:24
    theta = uniform(draw.units("var:theta", 4), 0, 360)  # source.task:25
    go = bernoulli(draw.unit("var:go"), 0.5)  # source.task:26
    one = uniform(draw.unit("var:one"), 0, 90)  # source.task:27
    speed = np.full(n, 36 * 10)  # source.task:28
    show = whole(uniform(draw.unit("epoch:show"), 50_000, 100_000))  # source.task:32
    return {
        "side": side,
        "place": place,
        "which": which,
        "theta": theta,
        "go": go,
        "one": one,
        "speed": speed,
        "show": show,
        "longest trial": np.full(n, 370_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 12); dt in ms."""
    longest = trials["longest trial"]
    n = len(longest)
    span = np.zeros((n, 12), np.int64)  # how long each lasts, us
    span[:, WAIT] = 100_000  # source.task:31
    span[:, SHOW] = trials["show"]  # source.task:32
    span[:, FLASH] = 20_000  # source.task:34
    span[:, GAP] = 20_000  # source.task:35
    span[:, TURN_2] = 50_000  # source.task:36
    span[:, PADDING] = longest - span.sum(axis=1)
    end = np.cumsum(span, axis=1)
    end[:, TURN_1] = np.minimum(end[:, TURN_1] + 10_000, end[:, TURN_2])
    end[:, CUT_1] = np.minimum(end[:, SHOW] - span[:, SHOW] + 90_000, end[:, SHOW])
    return steps(end, dt)


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 32), targets and weights (N_batch, N_steps, 13), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    side = trials["side"]
    place = trials["place"]
    which = trials["which"]
    theta = trials["theta"]
    go = trials["go"]
    one = trials["one"]
    speed = trials["speed"]

    drive = np.zeros((n, 11, 32))
    drive[:, :, STIM] = 0.1  # source.task:12
    drive_stim = by_slot(drive[:, :, STIM], 4)
    drive_field = by_slot(drive[:, :, FIELD], 2)
    target = np.zeros((n, 11, 13))
    target_report = by_slot(target[:, :, REPORT], 4)
    weight = np.ones((n, 11, 13))
    weight[:, PADDING] = 0
    weight_report = by_slot(weight[:, :, REPORT], 4)

    drive[go, WAIT, PULSE] = np.arange(3)[None]  # source.task:39
    drive[go, WAIT, DOT] = bump(one, 20, 1)[go]  # source.task:40
    drive[go, WAIT, STIM] = side_by_side(bump(np.arange(4)[None] * 60, 20, 5))  # source.task:41
    # source.task:44
    drive_stim[trial, WAIT : SHOW + 1, np.asarray(which, int)] += bump(one, 20, 5)[:, None]
    drive_stim[:, WAIT : SHOW + 1, 2] = 0.5  # source.task:45
    drive[:, WAIT : SHOW + 1, STIM] *= np.repeat(place, 5, axis=1)[:, None]  # source.task:46
    drive_field[trial, WAIT : SHOW + 1, side] = bump(one, 30, 4)[:, None]  # source.task:47
    drive_field[trial, WAIT : SHOW + 1, 1 - side] = 0.1  # source.task:48
    drive[:, WAIT : SHOW + 1, FIELD] += np.tile(onehot(2, 4)[None], 2)[:, None]  # source.task:49
    # source.task:55
    drive_stim[trial[go], SHOW, np.asarray(which, int)[go]] = bump(20, 20, 5)[None]
    drive_stim[go, SHOW, 3] -= bump(20, 20, 5)[None]  # source.task:56
    drive[go, SHOW, FIELD] = 1  # source.task:57
    # source.task:58
    drive_field[go, SHOW, LEFT] = np.where((place[:, 0] == 1)[:, None], bump(one, 30, 4), 2)[go]
    at, i = repetitions(n, 3)  # source.task:62
    at, i = kept(go[at], at, i)
    drive_stim[at, FLASH[i], i] = bump(one[at], 20, 5)  # source.task:62
    drive_field[at, FLASH[i], side[at]] += 0.5  # source.task:63
    # source.task:66
    drive[:, between(FLASH, GAP), PULSE] = (np.arange(3)[None] * one[:, None])[:, None, None]
    at, i = repetitions(n, 3)  # source.task:67
    # source.task:67
    drive_stim[at[:, None], between(FLASH, GAP)[i], np.asarray(which[at], int)[:, None]] += bump(
        theta[at, i], 20, 5
    )[:, None]
    # source.task:68
    drive[at[:, None], between(FLASH, GAP)[i], FIELD] += np.tile(
        0.1 * bump(theta[at, i], 10, 4), 2
    )[:, None]
    # source.task:69
    drive[:, between(FLASH, GAP), STIM] += side_by_side(
        place[:, :, None] * bump(theta, 10, 5)
    )[:, None, None]
    # source.task:72
    drive[:, TURN_1:PADDING, STIM] = np.tile(row_sum(bump(theta, 20, 5)), 4)[:, None]
    # source.task:50
    target_report[trial, WAIT : SHOW + 1, np.asarray(which, int)] = bump(one, 60, 3)[:, None]
    # source.task:51
    target[:, WAIT : SHOW + 1, REPORT] += side_by_side(
        (0.1 * place)[:, :, None] * onehot(1, 3)[None][:, None]
    )[:, None]
    at, i = repetitions(n, 3)  # source.task:61
    at, i = kept(go[at], at, i)
    target[at, FLASH[i], PRESS] = 1  # source.task:61
    target[:, TURN_1:PADDING, REPORT] = np.repeat(place, 3, axis=1)[:, None]  # source.task:73
    weight_report[trial, WAIT : SHOW + 1, np.asarray(which, int)] = 3  # source.task:52

    inputs = spread(drive, index, out[0])
    inputs_stim = by_slot(inputs[:, :, STIM], 4)
    # source.task:76
    at, step, k = flat_steps(
        stop[:, TURN_1], np.where(side == LEFT, stop[:, TURN_2], stop[:, TURN_1])
    )
    t = k * us(dt)
    inputs_stim[at, step, np.asarray(which[at], int)] += bump(
        one[at] + speed[at] * t / 1_000_000, 20, 5
    )
    t = k * us(dt)
    # source.task:77
    inputs[at, step, STIM] += side_by_side(
        np.where(
            go[at][:, None, None],
            place[at][:, :, None] * bump(theta[at] + (speed[at] * t / 1_000_000)[:, None], 20, 5),
            0,
        ),
    )
    inputs[at, step, STIM] += np.tile(bump(one[at], 20, 5), 4)  # source.task:78
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
        key = seed, stream, batch
        add_noise(inputs[:, :, STIM], 0.1 * np.sqrt(20_000 / us(dt)), key, "stim")  # source.task:12
    np.maximum(inputs[:, :, STIM], 0, out=inputs[:, :, STIM])  # source.task:12
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 13): near, strongest, late, correct (bool), each
    (N_batch,).
    """
    stop = timeline(trials, dt)
    n = len(stop)
    # source.task:81
    near = (
        row_sum(
            np.where(
                np.abs(
                    angle_between(
                        population_vector(
                            by_slot(
                                span_mean(outputs[:, :, REPORT], stop[:, GAP[-1]], stop[:, TURN_2]),
                                4,
                            ),
                        ),
                        trials["theta"],
                    ),
                )
                < 36,
                1,
                0,
            ),
        )
        / 4
    )
    # source.task:82
    strongest = span_mean(outputs[:, :, REPORT], np.zeros(n, np.int64), stop[:, WAIT]).max(axis=1)
    # source.task:83
    late = known_max(
        population_vector(
            by_slot(span_last(outputs[:, :, REPORT], stop[:, CUT_1], stop[:, SHOW]), 4)
        ),
    )
    correct = near > 0.4  # source.task:84
    return {"near": near, "strongest": strongest, "late": late, "correct": correct}


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


def integers(u: Floats, low: Number, high: Number) -> Ints:
    """Draw a whole number from low to high, both included."""
    return (low + np.floor(u * (high - low + 1))).astype(np.int64)


def bernoulli(u: Floats, p: Number) -> Bools:
    """Draw true with probability p."""
    return u < p


def permutation(words: Words) -> Ints:
    """Shuffle the positions 0 to k - 1 in each of n rows, (n, k), by as many random words."""
    return np.argsort(words, axis=1, kind="stable").astype(np.int64)


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


def repetitions(n: int, times: int) -> tuple[Ints, Ints]:
    """List every repetition of every trial: its trial and its number from 0, (n * times,) each."""
    trial, number = np.divmod(np.arange(n * times), times)
    return trial, number


def kept(rows: Bools | Ints, *columns: Ints) -> list[Ints]:
    """Keep some rows of each column."""
    return [column[rows] for column in columns]


def between(first: Ints, last: Ints) -> Ints:
    """List the columns from first to last in each of K repetitions, (K, n); both are (K,)."""
    return first[:, None] + np.arange(last[0] - first[0] + 1)


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


def side_by_side(x: Array) -> Array:
    """Set the rings of each trial side by side, (N_batch, slots * n) from (N_batch, slots, n)."""
    return x.reshape(len(x), x.shape[1] * x.shape[2])


def by_slot(x: Array, slots: int) -> Array:
    """View an array of rings slot by slot, (.., slots, n) from (.., slots * n); writing is seen."""
    return x.reshape(*x.shape[:-1], slots, x.shape[-1] // slots)


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


def known_min(x: Array) -> Floats:
    """Smallest of the values of each row that are not nan; nan where all are."""
    x = x.astype(np.float64)  # whole numbers have no infinity
    known = ~np.isnan(x)
    least = np.min(x, axis=1, where=known, initial=np.inf)
    return np.where(known.any(axis=1), least, np.nan)


def known_max(x: Array) -> Floats:
    """Largest of the values of each row that are not nan; nan where all are."""
    return -known_min(-x)


def population_vector(x: Array) -> Floats:
    """Angle in [0, 360) deg of the sum of the preferred directions, weighted by x: (N_batch, ..).

    Unit k of x (N_batch, .., n_units) prefers k * 360 / n_units deg; nan where the sum has no
    length.
    """
    preferred = np.arange(x.shape[-1]) * (2 * np.pi / x.shape[-1])
    x = x.astype(np.float64)
    east, north = (x * np.cos(preferred)).sum(axis=-1), (x * np.sin(preferred)).sum(axis=-1)
    pointed = np.hypot(east, north) > 1e-12 * np.abs(x).sum(axis=-1)
    return np.where(pointed, wrap(np.degrees(np.arctan2(north, east))), np.nan)


def angle_between(a: Number, b: Number) -> Floats:
    """Signed angle from b to a in (-180, 180] deg."""
    turn = wrap(np.subtract(a, b))
    return np.where(turn > 180, turn - 360, turn)


def wrap(x: Number) -> Floats:
    """Bring an angle in deg into [0, 360)."""
    return floor_mod(x, 360.0)


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
