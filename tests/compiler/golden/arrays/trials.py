"""Arrays: draws, orders, indices, sums.

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
    "name": "arrays",
    "hash": "task1:432b928d866f",
    "inputs": (
        "x[0]", "x[1]", "x[2]", "x[3]", "x[4]", "x[5]", "x[6]", "x[7]", "x[8]", "x[9]", "x[10]",
        "x[11]", "x[12]", "x[13]", "x[14]", "x[15]", "pulse[0]", "pulse[1]", "pulse[2]",
        "flash[left]", "flash[right]",
    ),
    "outputs": ("y[same]", "y[different]", "z[0]", "z[1]", "z[2]"),
    "epochs": {"show": (0, 1), "respond": (1, 2)},
    "labels": {"kind": ("a", "b")},
    "units": {
        "theta": "deg", "on": "bool", "word": "", "place": "", "two": "", "which": "",
        "chosen": "deg", "d": "deg", "near": "", "total": "", "first": "", "all_a": "bool",
        "any_on": "bool", "m": "", "t0": "us", "some": "", "correct": "bool",
        "longest trial": "us",
    },
    "arguments": {},
}

X, PULSE, FLASH = slice(0, 16), slice(16, 19), slice(19, 21)  # columns of the inputs
Y, Z = slice(0, 2), slice(2, 5)  # columns of the outputs
K = 4  # source.task:11
BITS = 3  # source.task:12
A, B = range(2)  # labels of kind
LEFT, RIGHT = range(2)  # labels of flash
SAME, DIFFERENT = range(2)  # labels of y
SHOW, RESPOND, PADDING = range(3)  # segments


def sample_trials(n, seed, batch=0, stream=0):
    """Draw the trial table, each (N_batch,): theta (4 values, deg), on (4 values, bool), word (3
    values), place (4 values), two (2 values), kind (4 values, label), which, chosen (deg), d (4
    values, deg), near, total, first, all_a (bool), any_on (bool), m, t0 (4 values, us), some.
    """
    draw = Draw(n, seed, batch, stream)
    theta = uniform(draw.units("var:theta", 4), 0, 360)  # source.task:24
    on = word = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        on = renewed(on, bernoulli(draw.units("var:on", 4, attempt), 0.3), again)  # source.task:25
        # source.task:26
        word = renewed(word, choice(draw.units("var:word", 3, attempt), (-1, 1)), again)
        total = row_sum(np.where(on, 1, 0))  # source.task:34
        # source.task:40
        again = np.logical_not((total > 0) & (row_sum(word) != 3))
        if settled(again, attempt, "total > 0 and sum(word) != 3"):
            break
    place = permutation(draw.each("var:place", 4))  # source.task:27
    two = np.array((10, 20, 30))[permutation(draw.each("var:two", 3))[:, :2]]  # source.task:28
    kind = pick(draw.units("var:kind", 4), 2)  # source.task:29
    which = integers(draw.unit("var:which"), 0, K - 1)  # source.task:30
    chosen = element(theta, which)  # source.task:31
    d = np.abs(angle_between(theta, chosen[:, None]))  # source.task:32
    near = (d < 90).sum(axis=1)  # source.task:33
    first = place[:, 0] + two[:, 1]  # source.task:35
    all_a = (kind == A).all(axis=1)  # source.task:36
    any_on = (on & np.logical_not(kind == A)).any(axis=1)  # source.task:37
    m = row_sum(word) / 3 + word.max(axis=1) - word.min(axis=1)  # source.task:38
    t0 = whole(5000 * place)  # source.task:39
    some = np.where(any_on, 1, 0)  # source.task:41
    return {
        "theta": theta,
        "on": on,
        "word": word,
        "place": place,
        "two": two,
        "kind": kind,
        "which": which,
        "chosen": chosen,
        "d": d,
        "near": near,
        "total": total,
        "first": first,
        "all_a": all_a,
        "any_on": any_on,
        "m": m,
        "t0": t0,
        "some": some,
        "longest trial": np.full(n, 515_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 3); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 3), np.int64)
    time = np.zeros_like(longest)
    # source.task:44
    stop[:, SHOW] = steps(time := time + (300_000 + element(trials["t0"], trials["which"])), dt)
    stop[:, RESPOND] = steps(time := time + 200_000, dt)  # source.task:45
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 21), targets and weights (N_batch, N_steps, 5), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    theta = trials["theta"]
    on = trials["on"]
    word = trials["word"]
    chosen = trials["chosen"]
    any_on = trials["any_on"]
    some = trials["some"]

    drive = np.zeros((n, 3, 21))
    target = np.zeros((n, 3, 5))
    weight = np.ones((n, 3, 5))
    weight[:, PADDING] = 0

    drive[:, SHOW, X] = row_sum(bump(theta, 20, 16) * on[:, :, None])  # source.task:48
    drive[:, SHOW, PULSE] = word * 2  # source.task:49
    drive[:, SHOW, FLASH.start + LEFT] = theta[:, 0] / 360  # source.task:50
    drive[:, RESPOND, X] += bump(chosen, 10, 16)  # source.task:57
    target[any_on, RESPOND, Y.start + SAME] = some[any_on]  # source.task:53
    target[any_on, RESPOND, Z] = word[any_on]  # source.task:54

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
    """Score outputs (N_batch, N_steps, 5): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # source.task:60
    correct = argmax_unit(span_mean(outputs[:, :, Y], stop[:, SHOW], stop[:, RESPOND])) == SAME
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


def row_sum(x: Array) -> Array:
    """Add up the values of each row of (N_batch, n, ..), in order: the same bits everywhere."""
    total = x[:, 0]
    for i in range(1, x.shape[1]):
        total = total + x[:, i]
    return total


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


def angle_between(a: Number, b: Number) -> Floats:
    """Signed angle from b to a in (-180, 180] deg."""
    turn = wrap(np.subtract(a, b))
    return np.where(turn > 180, turn - 360, turn)


def wrap(x: Number) -> Floats:
    """Bring an angle in deg into [0, 360)."""
    return floor_mod(x, 360.0)


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
