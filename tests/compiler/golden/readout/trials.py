"""Rings and every reduction.

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
    "name": "readout",
    "hash": "task1:dd583ae0ec4b",
    "inputs": (
        "cue[0]", "cue[1]", "cue[2]", "cue[3]", "cue[4]", "cue[5]", "cue[6]", "cue[7]", "cue[8]",
        "cue[9]", "cue[10]", "cue[11]",
    ),
    "outputs": (
        "saccade[0]", "saccade[1]", "saccade[2]", "saccade[3]", "saccade[4]", "saccade[5]",
        "saccade[6]", "saccade[7]", "saccade[8]", "saccade[9]", "saccade[10]", "saccade[11]",
        "buttons[0]", "buttons[1]", "lever[up]", "lever[middle]", "lever[down]", "gauge",
    ),
    "epochs": {"show": (0, 1), "delay": (1, 2), "move": (2, 3)},
    "labels": {"choice_made": ("up", "middle", "down")},
    "units": {
        "theta": "deg", "shift": "deg", "goal": "deg", "k": "", "threshold": "", "wait": "us",
        "width": "deg", "speed": "time**-1 angle**1", "pointed": "deg", "error_angle": "deg",
        "pressed": "", "other_word": "", "latency": "us", "quiet": "", "least": "", "most": "",
        "final": "", "smallest": "", "unmoved": "bool", "gaze_error": "", "correct": "bool",
        "longest trial": "us",
    },
    "arguments": {"width": "width", "speed": "speed"},
}

CUE = slice(0, 12)  # columns of the inputs
SACCADE, BUTTONS = slice(0, 12), slice(12, 14)  # columns of the outputs
LEVER, GAUGE = slice(14, 17), 17  # columns of the outputs
N_UNITS = 12  # source.task:11
UP, MIDDLE, DOWN = range(3)  # labels of lever
SHOW, DELAY, MOVE, PADDING, CUT_1 = range(5)  # segments, then loose cuts


def sample_trials(n, seed, batch=0, stream=0, *, width=22.918311805232932, speed=None):
    """Draw the trial table, each (N_batch,): theta (deg), shift (deg), goal (deg), k, threshold,
    wait (us), width (deg), speed (time**-1 angle**1).
    """
    speed = 90 if speed is None else speed  # source.task:13
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    theta = uniform(draw.unit("var:theta"), 0, 360)  # source.task:25
    shift = np.array((-90, 90))[cell]  # source.task:26
    goal = wrap(theta + shift)  # source.task:27
    k_ = np.floor(wrap(theta) / 180)  # source.task:28
    threshold = uniform(draw.unit("var:threshold"), 0.2, 0.8)  # source.task:29
    wait = choice(draw.unit("var:wait"), (0, 100_000))  # source.task:30
    return {
        "theta": theta,
        "shift": shift,
        "goal": goal,
        "k": k_,
        "threshold": threshold,
        "wait": wait,
        "width": np.full(n, width),
        "speed": np.full(n, speed),
        "longest trial": np.full(n, 600_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 5); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 5), np.int64)
    time = np.zeros_like(longest)
    stop[:, CUT_1] = steps(time + 50_000, dt)
    stop[:, SHOW] = steps(time := time + 200_000, dt)  # source.task:33
    stop[:, DELAY] = steps(time := time + trials["wait"], dt)  # source.task:34
    stop[:, MOVE] = steps(time := time + 300_000, dt)  # source.task:35
    stop[:, PADDING] = steps(longest, dt)
    stop[:, CUT_1] = np.clip(stop[:, CUT_1], 0, stop[:, SHOW])
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 12), targets and weights (N_batch, N_steps, 18), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    theta = trials["theta"]
    goal = trials["goal"]
    k_ = trials["k"]
    threshold = trials["threshold"]
    width = trials["width"]
    speed = trials["speed"]

    drive = np.zeros((n, 4, 12))
    target = np.zeros((n, 4, 18))
    weight = np.ones((n, 4, 18))
    weight[:, PADDING] = 0

    drive[:, SHOW, CUE] = bump(theta, width, 12)  # source.task:38
    target[:, MOVE, SACCADE] = bump(goal, width, 12)  # source.task:42
    target[trial, MOVE, BUTTONS.start + np.asarray(k_, int)] = 1  # source.task:43
    target[trial, MOVE, BUTTONS.start + np.asarray(1 - k_, int)] -= 0.5  # source.task:44
    target[:, MOVE, LEVER.start + MIDDLE] = rescale(threshold, 0, 1, -1, 1)  # source.task:45

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(stop[:, DELAY], stop[:, MOVE])  # source.task:41
    t = k * us(dt)
    inputs[at, step, CUE] = 0.5 * bump(theta[at] + speed[at] * t / 1_000_000, 30, 12) + 0.1
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(stop[:, DELAY], stop[:, MOVE])  # source.task:46
    t = k * us(dt)
    targets[at, step, GAUGE] = portable_cos(np.radians(goal[at])) + portable_exp(-t / 100_000)
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
        add_noise(inputs[:, :, CUE], 0.1 * np.sqrt(20_000 / us(dt)), key, "cue")  # source.task:16
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 18): pointed (deg), error_angle (deg), pressed, choice_made
    (label), other_word, latency (us), quiet, least, most, final, smallest, unmoved (bool),
    gaze_error, correct (bool), each (N_batch,).
    """
    stop = timeline(trials, dt)
    n = len(stop)
    # source.task:49
    pointed = population_vector(span_mean(outputs[:, :, SACCADE], stop[:, DELAY], stop[:, MOVE]))
    error_angle = angle_between(pointed, trials["goal"])  # source.task:50
    # source.task:51
    pressed = known_position(
        argmax_unit(span_mean(outputs[:, :, BUTTONS], stop[:, DELAY], stop[:, MOVE]))
    )
    # source.task:52
    choice_made = argmax_unit(span_mean(outputs[:, :, LEVER], stop[:, SHOW], stop[:, DELAY]))
    other_word = known_position(choice_made)  # source.task:53
    # source.task:54
    latency = first_above(
        outputs[:, :, GAUGE : GAUGE + 1], trials["threshold"], stop[:, DELAY], stop[:, MOVE], dt
    )[:, 0]
    # source.task:55
    quiet = span_mean(outputs[:, :, SACCADE], stop[:, CUT_1], stop[:, SHOW]).max(axis=1)
    # source.task:56
    least = span_min(outputs[:, :, GAUGE : GAUGE + 1], stop[:, DELAY], stop[:, MOVE])[:, 0]
    # source.task:57
    most = span_max(outputs[:, :, GAUGE : GAUGE + 1], np.zeros(n, np.int64), stop[:, MOVE])[:, 0]
    # source.task:58
    final = span_last(outputs[:, :, LEVER], stop[:, DELAY], stop[:, MOVE]).mean(axis=1)
    # source.task:59
    smallest = span_max(outputs[:, :, LEVER], stop[:, DELAY], stop[:, MOVE]).min(axis=1)
    unmoved = (choice_made != UP) & (choice_made >= 0)  # source.task:60
    # source.task:61
    gaze_error = np.abs(error_angle) + np.sqrt(np.abs(least)) - portable_log(2 + np.abs(most))
    correct = (np.abs(error_angle) < 45) & (pressed == trials["k"])  # source.task:62
    return {
        "pointed": pointed,
        "error_angle": error_angle,
        "pressed": pressed,
        "choice_made": choice_made,
        "other_word": other_word,
        "latency": latency,
        "quiet": quiet,
        "least": least,
        "most": most,
        "final": final,
        "smallest": smallest,
        "unmoved": unmoved,
        "gaze_error": gaze_error,
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


def choice(u: Floats, values: ArrayLike) -> Array:
    """Draw one of values, each as likely: (N_batch,), or (N_batch, m) from k rows of m."""
    table = np.asarray(values)
    return table[pick(u, len(table))]


LN2_HIGH = 0.6931471803691238  # first 33 bits of log(2)
LN2_LOW = 1.9082149292705877e-10
QUARTER_HIGH = 1.5707963267341256  # first 33 bits of pi / 2
QUARTER_LOW = 6.077100506506192e-11


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


def rescale(
    x: Number, of_low: Number, of_high: Number, onto_low: Number, onto_high: Number
) -> Floats:
    """Map x from the range [of_low, of_high] onto [onto_low, onto_high], in a straight line."""
    part = np.divide(x - of_low, of_high - of_low)
    return np.asarray(onto_low + part * (onto_high - onto_low))


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


def span_last(x: Array, start: Ints, stop: Ints) -> Floats:
    """Value at the span's last step, (N_batch, N_units)."""
    last = x[np.arange(len(x)), np.maximum(stop - 1, 0)]
    return np.where((stop > start)[:, None], last.astype(np.float64), np.nan)


def span_min(x: Array, start: Ints, stop: Ints) -> Floats:
    """Smallest value in the span, (N_batch, N_units)."""
    inside = in_span(x, start, stop)
    least = np.min(x, axis=1, where=inside, initial=np.inf).astype(np.float64)
    return np.where(inside.any(axis=1), least, np.nan)


def span_max(x: Array, start: Ints, stop: Ints) -> Floats:
    """Largest value in the span, (N_batch, N_units)."""
    return -span_min(-x, start, stop)


def first_above(x: Array, level: Number, start: Ints, stop: Ints, dt: float) -> Floats:
    """Time in us from the span's start to its first step above level, (N_batch, N_units).

    nan where no step is; level is one number or (N_batch,), dt in ms.
    """
    above = (x > np.reshape(level, (-1, 1, 1))) & in_span(x, start, stop)
    time = (above.argmax(axis=1) - start[:, None]) * us(dt)
    return np.where(above.any(axis=1), time, np.nan)


def argmax_unit(x: Array) -> Ints:
    """Position of the largest unit of x (.., N_units), the first of equals; -1 for a nan."""
    return np.where(np.isnan(x).any(axis=-1), -1, x.argmax(axis=-1))


def known_position(position: Ints) -> Floats:
    """Give positions as numbers; nan for -1, which is none."""
    return np.where(position >= 0, position, np.nan)


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
