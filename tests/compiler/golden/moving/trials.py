"""Drives and targets that move: waves, ramps, opponent pairs, codes.

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
    "name": "moving",
    "hash": "task1:57748679bf09",
    "inputs": (
        "light", "pair[left]", "pair[right]", "dial[0]", "dial[1]", "dial[2]", "dial[3]",
        "dial[4]", "dial[5]", "dial[6]", "dial[7]", "tone",
    ),
    "outputs": ("hand[x]", "hand[y]", "ramp"),
    "epochs": {"show": (0, 1), "gap": (1, 2), "act": (2, 3)},
    "labels": {"side": ("left", "right")},
    "units": {
        "phase": "deg", "theta": "deg", "speed": "time**-1 angle**1", "rise": "us", "go": "bool",
        "gap": "us", "f": "Hz", "depth": "", "correct": "bool", "longest trial": "us",
    },
    "arguments": {"f": "f", "depth": "depth"},
}

LIGHT, PAIR, DIAL, TONE = 0, slice(1, 3), slice(3, 11), 11  # columns of the inputs
HAND, RAMP = slice(0, 2), 2  # columns of the outputs
X, Y = range(2)  # labels of hand
SHOW, GAP, ACT, PADDING, CUT_1, CUT_2 = range(6)  # segments, then loose cuts


def sample_trials(n, seed, batch=0, stream=0, *, f=5.0, depth=0.5):
    """Draw the trial table, each (N_batch,): phase (deg), theta (deg), speed (time**-1 angle**1),
    side (label), rise (us), go (bool), gap (us), f (Hz), depth.
    """
    f = hold(f, 1.0, 40.0, "f (Hz)")  # source.task:9
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    phase = uniform(draw.unit("var:phase"), 0, 360)  # source.task:23
    theta = uniform(draw.unit("var:theta"), 0.0, 358.09862195676453)  # source.task:24
    speed = choice(draw.unit("var:speed"), (90, 180))  # source.task:25
    side = cell  # source.task:26
    rise = whole(uniform(draw.unit("var:rise"), 100_000, 200_000))  # source.task:27
    go = bernoulli(draw.unit("var:go"), 0.5)  # source.task:28
    gap = whole(uniform(draw.unit("epoch:gap"), 20_000, 60_000))  # source.task:32
    return {
        "phase": phase,
        "theta": theta,
        "speed": speed,
        "side": side,
        "rise": rise,
        "go": go,
        "gap": gap,
        "f": np.full(n, f),
        "depth": np.full(n, depth),
        "longest trial": np.full(n, 460_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 6); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 6), np.int64)
    time = np.zeros_like(longest)
    stop[:, CUT_1] = steps(time + 50_000, dt)
    stop[:, SHOW] = steps(time := time + 200_000, dt)  # source.task:31
    stop[:, CUT_2] = steps(time - 20_000, dt)
    stop[:, GAP] = steps(time := time + trials["gap"], dt)  # source.task:32
    stop[:, ACT] = steps(time := time + trials["rise"], dt)  # source.task:33
    stop[:, PADDING] = steps(longest, dt)
    stop[:, CUT_1] = np.clip(stop[:, CUT_1], 0, stop[:, SHOW])
    stop[:, CUT_2] = np.clip(stop[:, CUT_2], 0, stop[:, SHOW])
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 12), targets and weights (N_batch, N_steps, 3), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    phase = trials["phase"]
    theta = trials["theta"]
    speed = trials["speed"]
    side = trials["side"]
    rise = trials["rise"]
    go = trials["go"]
    f = trials["f"]
    depth = trials["depth"]

    drive = np.zeros((n, 4, 12))
    target = np.zeros((n, 4, 3))
    weight = np.ones((n, 4, 3))
    weight[:, PADDING] = 0

    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(np.zeros(n, np.int64), stop[:, SHOW])  # source.task:36
    t = k * us(dt)
    inputs[at, step, LIGHT] = portable_sin(np.radians(360 * 5 * t / 1_000_000))
    t = k * us(dt)
    # source.task:37
    inputs[at, step, PAIR] = opponent(
        depth[at] * portable_cos(np.radians(360 * f[at] * t / 1_000_000 + phase[at]))
    )
    t = k * us(dt)
    inputs[at, step, DIAL] = bump(theta[at] + speed[at] * t / 1_000_000, 30, 8)  # source.task:38
    t = k * us(dt)
    inputs[at, step, TONE] = np.where(t < 100_000, t / 200_000, 1 - t / 200_000)  # source.task:39
    # source.task:42
    at, step, k = flat_steps(stop[:, CUT_1], np.where(go, stop[:, CUT_2], stop[:, CUT_1]))
    t = k * us(dt)
    inputs[at, step, LIGHT] += portable_exp(-t / 40_000)
    t = k * us(dt)
    inputs[at, step, PAIR.start + side[at]] = floor_mod(t, 30_000) / 30_000  # source.task:43
    t = k * us(dt)
    # source.task:44
    inputs[at, step, PAIR.start + (1 - side[at])] -= np.where(floor_mod(t, 20_000) < 10_000, 1, 0)
    at, step, k = flat_steps(stop[:, GAP], stop[:, ACT])  # source.task:52
    t = k * us(dt)
    inputs[at, step, LIGHT] = (
        np.sqrt(t / 1_000_000)
        + np.abs(portable_sin(np.radians(57.29577951308232 * 10 * t / 1_000_000)))
    )
    t = k * us(dt)
    # source.task:53
    inputs[at, step, DIAL] = (
        vonmises(wrap(theta[at] - speed[at] * t / 1_000_000), 4, 8) * (t / rise[at])[:, None]
    )
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(np.zeros(n, np.int64), stop[:, ACT])  # source.task:47
    t = k * us(dt)
    targets[at, step, HAND.start + X] = portable_cos(
        np.radians(speed[at] * t / 1_000_000 + phase[at])
    )
    t = k * us(dt)
    # source.task:48
    targets[at, step, HAND.start + Y] = portable_sin(
        np.radians(speed[at] * t / 1_000_000 + phase[at])
    )
    at, step, k = flat_steps(stop[:, GAP], stop[:, ACT])  # source.task:51
    t = k * us(dt)
    targets[at, step, RAMP] = np.clip(t / rise[at], 0.1, 0.9) * np.clip(t / rise[at], 0.1, 0.9)
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
        # source.task:16
        add_noise(inputs[:, :, TONE : TONE + 1], 0.1 * np.sqrt(20_000 / us(dt)), key, "tone")
    # source.task:16
    np.maximum(inputs[:, :, TONE : TONE + 1], 0, out=inputs[:, :, TONE : TONE + 1])
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 3): correct (bool), each (N_batch,)."""
    stop = timeline(trials, dt)
    # source.task:56
    correct = (
        np.abs(span_last(outputs[:, :, RAMP : RAMP + 1], stop[:, GAP], stop[:, ACT])[:, 0] - 0.81)
        < 0.5
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


def choice(u: Floats, values: ArrayLike) -> Array:
    """Draw one of values, each as likely: (N_batch,), or (N_batch, m) from k rows of m."""
    table = np.asarray(values)
    return table[pick(u, len(table))]


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


def opponent(x: Number) -> Floats:
    """Give x to the first of two units and -x to the second: (N_batch, 2)."""
    x = np.asarray(x, np.float64)
    return np.stack([x, -x], axis=-1)


def floor_mod(a: Number, b: Number) -> Floats:
    """Remainder of a / b in [0, b), for b > 0."""
    rest = np.asarray(a - b * np.floor(np.divide(a, b)))
    rest = np.where(rest < 0, rest + b, rest)  # the quotient was rounded up to a whole number
    return np.where(rest >= b, rest - b, rest)  # rest + b, or the product, was rounded up


def span_last(x: Array, start: Ints, stop: Ints) -> Floats:
    """Value at the span's last step, (N_batch, N_units)."""
    last = x[np.arange(len(x)), np.maximum(stop - 1, 0)]
    return np.where((stop > start)[:, None], last.astype(np.float64), np.nan)


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
