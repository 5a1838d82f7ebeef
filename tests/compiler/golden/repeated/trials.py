"""Inside a repeat: shifted indices, units that differ between trials, guards.

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
    "name": "repeated",
    "hash": "task1:e65a830d5f9e",
    "inputs": (
        "motion[left]", "motion[right]", "item[0]", "item[1]", "item[2]", "item[3]", "item[4]",
        "item[5]", "item[6]", "item[7]", "slot[0]", "slot[1]", "slot[2]", "slot[3]", "slot[4]",
    ),
    "outputs": ("choice[left]", "choice[right]"),
    "epochs": {"show": (0, 5), "gap": (1, 6), "respond": (6, 7)},
    "labels": {"side": ("left", "right")},
    "units": {
        "go": "bool", "attempt": "", "again": "", "n": "", "strength": "", "place": "",
        "which": "", "correct": "bool", "longest trial": "us",
    },
    "arguments": {},
}

MOTION, ITEM, SLOT = slice(0, 2), slice(2, 10), slice(10, 15)  # columns of the inputs
CHOICE = slice(0, 2)  # columns of the outputs
RESPOND, PADDING = 6, 7  # segments
SHOW, GAP = np.arange(0, 6).reshape(3, 2).T  # segments, one a repetition


def sample_trials(n, seed, batch=0, stream=0):
    """Draw the trial table, each (N_batch,): side (label), go (bool), attempt, again, n, strength
    (5 values), place (4 values), which.
    """
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    side = cell  # source.task:19
    go = bernoulli(draw.unit("var:go"), 0.5)  # source.task:20
    attempt_ = again_ = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        # source.task:21
        attempt_ = renewed(attempt_, uniform(draw.unit("var:attempt", attempt), 0, 1), again)
        # source.task:22
        again_ = renewed(again_, uniform(draw.unit("var:again", attempt), 0, 1), again)
        # source.task:23
        again = np.logical_not((attempt_ > 0.2) & (again_ > 0.2))
        if settled(again, attempt, "attempt > 0.2 and again > 0.2"):
            break
    n_ = integers(draw.unit("var:n"), 0, 3)  # source.task:24
    strength = uniform(draw.units("var:strength", 5), 0, 1)  # source.task:25
    place = permutation(draw.each("var:place", 4))  # source.task:26
    which = integers(draw.unit("var:which"), 0, 1)  # source.task:27
    return {
        "side": side,
        "go": go,
        "attempt": attempt_,
        "again": again_,
        "n": n_,
        "strength": strength,
        "place": place,
        "which": which,
        "longest trial": np.full(n, 490_003),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 8); dt in ms."""
    longest = trials["longest trial"]
    n = len(longest)
    span = np.zeros((n, 8), np.int64)  # how long each lasts, us
    at, i = repetitions(n, 3)  # source.task:30
    at, i = kept(i < trials["n"][at], at, i)
    span[at, SHOW[i]] = whole(60_000 + 10_000 * trials["place"][at, i])  # source.task:31
    span[at, GAP[i]] = 40_000  # source.task:32
    span[:, RESPOND] = 100_000  # source.task:33
    span[:, PADDING] = longest - span.sum(axis=1)
    end = np.cumsum(span, axis=1)
    return steps(end, dt)


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 15), targets and weights (N_batch, N_steps, 2), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    side = trials["side"]
    go = trials["go"]
    attempt_ = trials["attempt"]
    strength = trials["strength"]
    place = trials["place"]
    which = trials["which"]

    drive = np.zeros((n, 8, 15))
    target = np.zeros((n, 8, 2))
    weight = np.ones((n, 8, 2))
    weight[:, PADDING] = 0

    at, i = repetitions(n, 3)  # source.task:36
    drive[at, SHOW[i], MOTION.start + side[at]] += strength[at, i + 1]  # source.task:36
    # source.task:37
    drive[at, SHOW[i], MOTION.start + (1 - side[at])] -= element(strength[at], i + which[at]) / 2
    drive[at, SHOW[i], SLOT.start + (i + 1)] = 1 + i  # source.task:38
    drive[at, SHOW[i], SLOT.start + np.asarray(place[at, i], int)] += 2  # source.task:39
    at, i = repetitions(n, 3)  # source.task:42
    at, i = kept(go[at] & (i > 0), at, i)
    drive[at, SHOW[i], MOTION.start + side[at]] = 3  # source.task:42
    # source.task:43
    drive[at, SHOW[i], ITEM] += (attempt_[at] * strength[at, i])[:, None] * bump(90 * i, 30, 8)
    at, i = repetitions(n, 3)  # source.task:46
    at, i = kept(np.logical_not(go[at]), at, i)
    drive[at[:, None], between(SHOW, GAP)[i], ITEM] = 0.25  # source.task:46
    target[trial, RESPOND, CHOICE.start + side] = 1  # source.task:52
    at, i = repetitions(n, 3)  # source.task:49
    weight[at, GAP[i], CHOICE.start + side[at]] *= 2  # source.task:49

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
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 2): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # source.task:55
    correct = (
        argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, GAP[-1]], stop[:, RESPOND]))
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


def floor_mod(a: Number, b: Number) -> Floats:
    """Remainder of a / b in [0, b), for b > 0."""
    rest = np.asarray(a - b * np.floor(np.divide(a, b)))
    rest = np.where(rest < 0, rest + b, rest)  # the quotient was rounded up to a whole number
    return np.where(rest >= b, rest - b, rest)  # rest + b, or the product, was rounded up


def element(x: Array, i: Number) -> Array:
    """Take value i of each row of (N_batch, n); i is whole, one for all or one a row."""
    return x[np.arange(len(x)), np.asarray(i, np.int64)]


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
