"""Every encoder, on one trial, over arrays, in conditions and over time.

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
    "name": "encoders",
    "hash": "task1:525cdd20dc20",
    "inputs": (
        "motion[0]", "motion[1]", "motion[2]", "motion[3]", "motion[4]", "motion[5]", "motion[6]",
        "motion[7]", "motion[8]", "motion[9]", "motion[10]", "motion[11]", "colour[0]",
        "colour[1]", "colour[2]", "colour[3]", "colour[4]", "colour[5]", "colour[6]", "colour[7]",
        "pair[0]", "pair[1]", "sides[left]", "sides[right]", "cue[red]", "cue[green]",
        "cue[blue]", "slot[0]", "slot[1]", "slot[2]", "slot[3]", "slot[4]",
    ),
    "outputs": (
        "choice[red]", "choice[green]", "choice[blue]", "way[0]", "way[1]", "way[2]", "way[3]",
        "way[4]", "way[5]",
    ),
    "epochs": {"show": (0, 2), "step": (2, 4), "move": (4, 5), "respond": (5, 6)},
    "labels": {
        "hue": ("red", "green", "blue"), "side": ("left", "right"), "hues": ("red", "green"),
    },
    "units": {
        "theta": "deg", "many": "deg", "k": "", "ks": "", "signal": "", "go": "bool",
        "move": "us", "kappa": "", "strength": "", "correct": "bool", "longest trial": "us",
    },
    "arguments": {"kappa": "kappa", "strength": "strength"},
}

MOTION, COLOUR, PAIR = slice(0, 12), slice(12, 20), slice(20, 22)  # columns of the inputs
SIDES, CUE, SLOT = slice(22, 24), slice(24, 27), slice(27, 32)  # columns of the inputs
CHOICE, WAY = slice(0, 3), slice(3, 9)  # columns of the outputs
RED, GREEN, BLUE = range(3)  # labels of hue
SHOW_1, SHOW_2, MOVE, RESPOND, PADDING = 0, 1, 4, 5, 6  # segments
STEP = np.arange(2, 4)  # segments, one a repetition


def sample_trials(n, seed, batch=0, stream=0, *, kappa=4, strength=0.4):
    """Draw the trial table, each (N_batch,): hue (label), side (label), theta (deg), many (3
    values, deg), hues (2 values, label), k, ks (2 values), signal, go (bool), move (us), kappa,
    strength.
    """
    kappa = hold(kappa, 0, 20, "kappa")  # source.task:9
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(3)
    hue = cell  # source.task:25
    side = pick(draw.unit("var:side"), 2)  # source.task:26
    theta = uniform(draw.unit("var:theta"), 0, 360)  # source.task:27
    many = uniform(draw.units("var:many", 3), 0, 360)  # source.task:28
    hues = pick(draw.units("var:hues", 2), 2)  # source.task:29
    k_ = integers(draw.unit("var:k"), 0, 4)  # source.task:30
    ks = integers(draw.units("var:ks", 2), 0, 4)  # source.task:31
    signal = uniform(draw.unit("var:signal"), -1, 1)  # source.task:32
    go = bernoulli(draw.unit("var:go"), 0.5)  # source.task:33
    move = whole(uniform(draw.unit("epoch:move"), 40_000, 60_000))  # source.task:39
    return {
        "hue": hue,
        "side": side,
        "theta": theta,
        "many": many,
        "hues": hues,
        "k": k_,
        "ks": ks,
        "signal": signal,
        "go": go,
        "move": move,
        "kappa": np.full(n, kappa),
        "strength": np.full(n, strength),
        "longest trial": np.full(n, 270_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 7); dt in ms."""
    longest = trials["longest trial"]
    n = len(longest)
    span = np.zeros((n, 7), np.int64)  # how long each lasts, us
    span[:, SHOW_2] = 100_000  # source.task:36
    span[:, STEP] = 30_000  # source.task:38
    span[:, MOVE] = trials["move"]  # source.task:39
    span[:, RESPOND] = 50_000  # source.task:40
    span[:, PADDING] = longest - span.sum(axis=1)
    end = np.cumsum(span, axis=1)
    end[:, SHOW_1] = np.minimum(end[:, SHOW_1] + 50_000, end[:, SHOW_2])
    return steps(end, dt)


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 32), targets and weights (N_batch, N_steps, 9), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    hue = trials["hue"]
    side = trials["side"]
    theta = trials["theta"]
    many = trials["many"]
    hues = trials["hues"]
    k_ = trials["k"]
    ks = trials["ks"]
    signal = trials["signal"]
    go = trials["go"]
    kappa = trials["kappa"]
    strength = trials["strength"]

    drive = np.zeros((n, 7, 32))
    target = np.zeros((n, 7, 9))
    weight = np.ones((n, 7, 9))
    weight[:, PADDING] = 0

    # source.task:43
    drive[:, SHOW_1 : SHOW_2 + 1, MOTION] = np.where(
        go[:, None], vonmises(theta, kappa, 12), 0.5 * vonmises(90, 2, 12)[None]
    )[:, None]
    # source.task:44
    drive[:, SHOW_1 : SHOW_2 + 1, MOTION] += row_sum(vonmises(many, 8, 12))[:, None]
    # source.task:45
    drive[:, SHOW_1 : SHOW_2 + 1, COLOUR] = (0.5 + 0.5 * cosine_tuning(theta, 8))[:, None]
    drive[:, SHOW_1 : SHOW_2 + 1, PAIR] = opponent(signal)[:, None]  # source.task:46
    # source.task:47
    drive[:, SHOW_1 : SHOW_2 + 1, SIDES] = (
        strength[:, None] * opponent(signal) + onehot(side, 2)
    )[:, None]
    drive[:, SHOW_1 : SHOW_2 + 1, CUE] = evidence(hue, strength, 3)[:, None]  # source.task:48
    # source.task:49
    drive[:, SHOW_1 : SHOW_2 + 1, SLOT] = (onehot(k_, 5) + 0.5 * onehot(2, 5)[None])[:, None]
    drive[go, SHOW_2, MOTION] = cosine_tuning(0, 12)[None] + 1  # source.task:52
    drive[go, SHOW_2, PAIR] += opponent(0.1)[None]  # source.task:53
    drive[go, SHOW_2, SLOT] = row_sum(onehot(ks, 5))[go]  # source.task:54
    # source.task:55
    drive[go, SHOW_2, CUE] += (row_sum(onehot(hues, 3)) - evidence(GREEN, 0.1, 3)[None])[go]
    at, i = repetitions(n, 2)  # source.task:58
    # source.task:58
    drive[at, STEP[i], SLOT] = onehot(ks[at, i], 5) + (0.1 * i)[:, None] * onehot(k_[at], 5)
    drive[at, STEP[i], CUE] = evidence(hues[at, i], 0.1 * (i + 1), 3)  # source.task:59
    drive[at, STEP[i], MOTION] = vonmises(many[at, i], 1 + i, 12)  # source.task:60
    # source.task:61
    drive[at, STEP[i], PAIR] = np.where((i == 1)[:, None], opponent(signal[at]), 0)
    target[:, RESPOND, CHOICE] = onehot(hue, 3)  # source.task:70
    # source.task:71
    target[:, RESPOND, WAY] = np.where(go[:, None], cosine_tuning(theta, 6), bump(theta, 40, 6))

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(stop[:, STEP[-1]], stop[:, MOVE])  # source.task:64
    t = k * us(dt)
    inputs[at, step, MOTION] = vonmises(theta[at] + 90 * t / 1_000_000, kappa[at], 12)
    t = k * us(dt)
    # source.task:65
    inputs[at, step, PAIR] = opponent(portable_cos(np.radians(360 * 8 * t / 1_000_000)))
    t = k * us(dt)
    inputs[at, step, CUE] = evidence(hue[at], t / 50_000, 3)  # source.task:66
    t = k * us(dt)
    # source.task:67
    inputs[at, step, SLOT] = (
        onehot(k_[at], 5) * portable_sin(np.radians(360 * 5 * t / 1_000_000))[:, None]
    )
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
    """Score outputs (N_batch, N_steps, 9): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # source.task:74
    correct = (
        argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, MOVE], stop[:, RESPOND]))
        == trials["hue"]
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


def pick(u: Floats, k: Number) -> Ints:
    """Draw a position 0 to k - 1, each as likely."""
    return np.floor(u * k).astype(np.int64)


def integers(u: Floats, low: Number, high: Number) -> Ints:
    """Draw a whole number from low to high, both included."""
    return (low + np.floor(u * (high - low + 1))).astype(np.int64)


def bernoulli(u: Floats, p: Number) -> Bools:
    """Draw true with probability p."""
    return u < p


LN2_HIGH = 0.6931471803691238  # first 33 bits of log(2)
LN2_LOW = 1.9082149292705877e-10
QUARTER_HIGH = 1.5707963267341256  # first 33 bits of pi / 2
QUARTER_LOW = 6.077100506506192e-11


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


def portable_sin(x: Number) -> Floats:
    """Sine of x in radians, the same bits everywhere; to 4e-16 for |x| < 1e5."""
    return sin_ahead(x, 0)


def portable_cos(x: Number) -> Floats:
    """Cosine of x in radians, the same bits everywhere; to 4e-16 for |x| < 1e5."""
    return sin_ahead(x, 1)


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


def vonmises(center: Number, kappa: Number, n_units: int) -> Floats:
    """Von Mises curve of height 1 on a ring, exp(kappa * (cos(d) - 1)): (N_batch, n_units).

    Units and d are those of `bump`; kappa is a number from 0 up, one or (N_batch,).
    """
    return portable_exp(np.asarray(kappa)[..., None] * (cosine_tuning(center, n_units) - 1))


def cosine_tuning(center: Number, n_units: int) -> Floats:
    """Cosine of the distance d of `bump` on a ring, from -1 to 1: (N_batch, n_units)."""
    return portable_cos(np.radians(ring_distance(center, n_units)))


def ring_distance(center: Number, n_units: int) -> Floats:
    """Distance in deg of each unit of a ring from center, the shorter way: (N_batch, n_units)."""
    preferred = np.arange(n_units) * 360.0 / n_units
    d = floor_mod(preferred - np.asarray(center)[..., None], 360.0)
    return np.asarray(np.minimum(d, 360.0 - d))


def onehot(unit: Number, n_units: int) -> Floats:
    """Give 1 to one unit and 0 to the others: (N_batch, n_units)."""
    return np.asarray(np.asarray(unit)[..., None] == np.arange(n_units), np.float64)


def opponent(x: Number) -> Floats:
    """Give x to the first of two units and -x to the second: (N_batch, 2)."""
    x = np.asarray(x, np.float64)
    return np.stack([x, -x], axis=-1)


def evidence(unit: Number, x: Number, n_units: int) -> Floats:
    """Give x to one unit and -x / (n_units - 1) to each other: (N_batch, n_units)."""
    own = np.asarray(unit)[..., None] == np.arange(n_units)
    x = np.asarray(x, np.float64)[..., None]
    return np.where(own, x, -x / (n_units - 1))


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


def argmax_unit(x: Array) -> Ints:
    """Position of the largest unit of x (.., N_units), the first of equals; -1 for a nan."""
    return np.where(np.isnan(x).any(axis=-1), -1, x.argmax(axis=-1))
