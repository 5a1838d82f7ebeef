"""Blocks of every kind, and looking back everywhere.

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
    "name": "history",
    "hash": "task1:3d1a7d3a7ddb",
    "inputs": (
        "stim[left]", "stim[middle]", "stim[right]", "ramp", "ring_[0]", "ring_[1]", "ring_[2]",
        "ring_[3]", "ring_[4]", "ring_[5]", "ring_[6]", "ring_[7]",
    ),
    "outputs": ("choice[left]", "choice[middle]", "choice[right]", "speed"),
    "epochs": {"wait": (0, 1), "show": (1, 2), "respond": (2, 3)},
    "labels": {
        "place": ("left", "middle", "right"), "context": ("calm", "busy", "wild"),
        "kind": ("easy", "hard"), "answer": ("left", "middle", "right"),
    },
    "units": {
        "block": "", "gain": "", "half": "", "bias": "", "spread": "", "trial_in_block": "",
        "trial_in_session": "", "strength": "", "day": "", "cue": "deg", "jitter": "us",
        "theta": "deg", "frames": "", "jumped": "deg", "simple": "bool", "again": "bool",
        "lasting": "", "moved": "", "grown": "", "same_place": "bool", "show": "us",
        "p_switch": "", "slowest": "us", "correct": "bool", "repeats": "bool", "lucky": "",
        "pace": "", "turn": "", "longest trial": "us",
    },
    "arguments": {"p_switch": "p_switch", "slowest": "slowest"},
}

SESSION = 9  # trials of a sequence
BLOCKS = 5  # blocks of a sequence, at most
STIM, RAMP, RING = slice(0, 3), 3, slice(4, 12)  # columns of the inputs
CHOICE, SPEED = slice(0, 3), 3  # columns of the outputs
N_TRIALS = 9  # source.task:11
LEVELS = (0.2, 0.5, 1)  # source.task:13
LEFT, MIDDLE, RIGHT = range(3)  # labels of place
CALM, BUSY, WILD = range(3)  # labels of context
EASY, HARD = range(2)  # labels of kind
WAIT, SHOW, RESPOND, PADDING, CUT_1, CUT_2 = range(6)  # segments, then loose cuts


def sample_trials(n, seed, batch=0, stream=0, *, p_switch=0.4, slowest=160.0):
    """Draw the trials of n sequences, N_trials = n * SESSION, one after another, each (N_trials,):
    block, place (label), gain, context (label), half, bias (3 values), spread, trial_in_block,
    trial_in_session, strength, kind (label), day, cue (deg), jitter (us), theta (deg), frames (3
    values), jumped (deg), simple (bool), again (bool), lasting, moved (3 values), grown (3
    values), same_place (bool), show (us), p_switch, slowest (us).
    """
    p_switch = hold(p_switch, 0, 1, "p_switch")  # source.task:12
    slowest = us(hold(slowest, 100.0, 300.0, "slowest (ms)"))  # source.task:14
    sequences, n = n, n * BLOCKS  # one row a block
    draw = Draw(n, seed, batch, stream)
    block = np.arange(n) % BLOCKS
    place = markov(draw, "block:place", BLOCKS, 3, p_switch, 2)  # source.task:20
    gain_context = alternate(draw, "block:gain,context", BLOCKS, 3)  # source.task:21
    gain = np.array((1, 2, 3))[gain_context]  # source.task:21
    context = np.array((CALM, BUSY, WILD))[gain_context]  # source.task:21
    half = block / 2  # source.task:22
    bias = uniform(draw.units("block:bias", 3), -0.1, 0.1)  # source.task:23
    spread_ = truncnormal(draw, "block:spread", 0.1, 0.05, 0.05, 0.2)  # source.task:24
    cue = choice(draw.unit("var:cue"), (40, 200))  # source.task:40
    jitter = whole(uniform(draw.unit("var:jitter"), 60_000, slowest))  # source.task:41
    length = geometric(draw.unit("block:length"), 0.4, 2, 4)  # source.task:25
    row, trial_in_block = trials_of_blocks(length, BLOCKS, SESSION)
    block = block[row]
    place = place[row]
    gain = gain[row]
    context = context[row]
    half = half[row]
    bias = bias[row]
    spread_ = spread_[row]
    cue = cue[row]
    jitter = jitter[row]

    n = sequences * SESSION  # one row a trial
    trial_in_session = np.arange(n) % SESSION
    draw = Draw(n, seed, batch, stream)
    cell = dealt_within(draw, 9, SESSION)
    strength = np.array(LEVELS)[cell % 3]  # source.task:37
    kind = np.repeat(np.arange(2), (2, 1))[cell // 3]  # source.task:38
    day = np.full(n, choice(draw.once("var:day"), (1, 2)))  # source.task:39
    theta = None
    again = np.ones(n, bool)
    for attempt in range(ATTEMPTS):
        # source.task:42
        theta = renewed(theta, uniform(draw.unit("var:theta", attempt), 0, 360), again)
        # source.task:43
        again = np.logical_not(np.abs(angle_between(theta, cue)) > 20)
        if settled(again, attempt, "abs(angle_between(theta, cue)) > 20 deg"):
            break
    frames = normal(draw.units("var:frames", 3), 0, spread_[:, None])  # source.task:44
    jumped = theta - previous(theta, 0, SESSION)  # source.task:45
    simple = kind == EASY  # source.task:46
    again_ = kind == previous(kind, HARD, SESSION)  # source.task:47
    lasting = strength + previous(previous(strength, 0, SESSION), -1, SESSION)  # source.task:48
    moved = frames - previous(frames, 0, SESSION)  # source.task:49
    grown = previous(frames, bias, SESSION)  # source.task:50
    same_place = place == previous(place, place, SESSION)  # source.task:51
    show = whole(uniform(draw.unit("epoch:show"), 80_000, slowest))  # source.task:55
    return {
        "block": block,
        "place": place,
        "gain": gain,
        "context": context,
        "half": half,
        "bias": bias,
        "spread": spread_,
        "trial_in_block": trial_in_block,
        "trial_in_session": trial_in_session,
        "strength": strength,
        "kind": kind,
        "day": day,
        "cue": cue,
        "jitter": jitter,
        "theta": theta,
        "frames": frames,
        "jumped": jumped,
        "simple": simple,
        "again": again_,
        "lasting": lasting,
        "moved": moved,
        "grown": grown,
        "same_place": same_place,
        "show": show,
        "p_switch": np.full(n, p_switch),
        "slowest": np.full(n, slowest),
        "longest trial": np.full(n, 320_000 + slowest + 1),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_trials, 6); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 6), np.int64)
    time = np.zeros_like(longest)
    stop[:, CUT_1] = steps(time + 20_000, dt)
    # source.task:54
    stop[:, WAIT] = steps(
        time := time + whole(trials["jitter"] + 20_000 * trials["trial_in_block"]), dt
    )
    # source.task:55
    stop[:, SHOW] = steps(
        time := time + np.where(previous(trials["simple"], True, SESSION), 100_000, trials["show"]),
        dt,
    )
    stop[:, RESPOND] = steps(time := time + 100_000, dt)  # source.task:56
    stop[:, CUT_2] = steps(time - 20_000, dt)
    stop[:, PADDING] = steps(longest, dt)
    stop[:, CUT_1] = np.clip(stop[:, CUT_1], 0, stop[:, RESPOND])
    stop[:, CUT_2] = np.clip(stop[:, CUT_2], 0, stop[:, RESPOND])
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 12), targets and weights (N_batch, N_steps, 4), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(in_sequences(segment_lengths(stop[:, : PADDING + 1]), SESSION))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    place = trials["place"]
    gain = trials["gain"]
    context = trials["context"]
    half = trials["half"]
    strength = trials["strength"]
    theta = trials["theta"]
    again_ = trials["again"]
    lasting = trials["lasting"]
    moved = trials["moved"]
    grown = trials["grown"]
    same_place = trials["same_place"]

    drive = np.zeros((n, 4, 12))
    drive[:, :, STIM] = (0.1 * gain)[:, None, None]  # source.task:28
    target = np.zeros((n, 4, 4))
    weight = np.ones((n, 4, 4))
    weight[:, PADDING] = 0

    drive[trial, SHOW, STIM.start + place] += strength  # source.task:59
    drive[:, SHOW, STIM] += moved + grown  # source.task:60
    # source.task:61
    drive[:, SHOW, RING] = bump(theta, 40, 8) - (previous(gain, 0, SESSION) / 4)[:, None]
    drive[again_, SHOW, STIM.start + MIDDLE] -= 0.25  # source.task:67
    guard = np.logical_not(previous(same_place, False, SESSION))
    target[trial[guard], RESPOND, (CHOICE.start + place)[guard]] = 1  # source.task:70
    guard = np.logical_not(previous(same_place, False, SESSION))
    weight[guard, RESPOND, SPEED] *= np.where(context == WILD, 2, 0.5)[guard]  # source.task:72

    origin = first_steps(stop[:, PADDING - 1], SESSION)
    inputs = spread(drive, index, out[0])
    at, step, k = flat_steps(stop[:, WAIT], stop[:, SHOW])  # source.task:62
    t = k * us(dt)
    inputs[at // SESSION, origin[at] + step, RAMP] = (
        t / 100_000 + previous(strength, half, SESSION)[at]
    )
    inputs[at // SESSION, origin[at] + step, RAMP] += 1  # source.task:63
    targets = spread(target, index, out[1])
    # source.task:71
    at, step, k = flat_steps(
        stop[:, SHOW],
        np.where(
            np.logical_not(previous(same_place, False, SESSION)), stop[:, RESPOND], stop[:, SHOW]
        ),
    )
    t = k * us(dt)
    targets[at // SESSION, origin[at] + step, SPEED] = (
        t / 100_000 * previous(lasting, 0, SESSION)[at]
    )
    weights = spread(weight, index, out[2])
    return inputs, targets, weights


def generate(n, dt, seed, batch=0, stream=0, noise=True, out=None, **params):
    """Make one batch of n sequences at dt ms; params are those of sample_trials.

    Returns inputs, targets and weights as in arrays, the inputs with their noise, and the trial
    table.
    """
    trials = sample_trials(n, seed, batch, stream, **params)
    inputs, targets, weights = arrays(trials, dt, out)
    if noise:
        stop = timeline(trials, dt)
        index = segment_index(in_sequences(segment_lengths(stop[:, : PADDING + 1]), SESSION))
        n = len(stop)
        gain = trials["gain"]
        spread_ = trials["spread"]
        again_ = trials["again"]
        key = seed, stream, batch
        # source.task:28
        sd = np.full((n, 4, 1), (0.1 * gain * np.sqrt(20_000 / us(dt)))[:, None, None], np.float64)
        sd[again_, SHOW, 0] = spread_[again_]  # source.task:66
        step_sd = spread(sd, index)
        add_scaled_noise(inputs[:, :, STIM], step_sd[:, :, 0], key, "stim")
    np.maximum(inputs[:, :, RING], 0, out=inputs[:, :, RING])  # source.task:30
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 4): answer (label), correct (bool), repeats (bool), lucky,
    pace, turn, each (N_trials,).
    """
    stop = timeline(trials, dt)
    outputs = by_trial(outputs, stop[:, PADDING - 1], SESSION)
    # source.task:75
    answer = argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, SHOW], stop[:, RESPOND]))
    correct = answer == trials["place"]  # source.task:76
    repeats = (answer == previous(answer, LEFT, SESSION)) & (answer >= 0)  # source.task:77
    # source.task:78
    lucky = np.where(
        trials["day"] == 1, previous(previous(correct, True, SESSION), False, SESSION), np.nan
    )
    # source.task:79
    pace = span_mean(outputs[:, :, SPEED : SPEED + 1], stop[:, CUT_1], stop[:, CUT_2])[:, 0]
    turn = trials["jumped"]  # source.task:80
    return {
        "answer": answer,
        "correct": correct,
        "repeats": repeats,
        "lucky": lucky,
        "pace": pace,
        "turn": turn,
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


# Wichura (1988), algorithm AS241, PPND16: the ratio of two polynomials in each of three regions.
WICHURA_MID = (
    (
        3.3871328727963666080e0,
        1.3314166789178437745e2,
        1.9715909503065514427e3,
        1.3731693765509461125e4,
        4.5921953931549871457e4,
        6.7265770927008700853e4,
        3.3430575583588128105e4,
        2.5090809287301226727e3,
    ),
    (
        1.0,
        4.2313330701600911252e1,
        6.8718700749205790830e2,
        5.3941960214247511077e3,
        2.1213794301586595867e4,
        3.9307895800092710610e4,
        2.8729085735721942674e4,
        5.2264952788528545610e3,
    ),
)
WICHURA_NEAR = (
    (
        1.42343711074968357734e0,
        4.63033784615654529590e0,
        5.76949722146069140550e0,
        3.64784832476320460504e0,
        1.27045825245236838258e0,
        2.41780725177450611770e-1,
        2.27238449892691845833e-2,
        7.74545014278341407640e-4,
    ),
    (
        1.0,
        2.05319162663775882187e0,
        1.67638483018380384940e0,
        6.89767334985100004550e-1,
        1.48103976427480074590e-1,
        1.51986665636164571966e-2,
        5.47593808499534494600e-4,
        1.05075007164441684324e-9,
    ),
)
WICHURA_FAR = (
    (
        6.65790464350110377720e0,
        5.46378491116411436990e0,
        1.78482653991729133580e0,
        2.96560571828504891230e-1,
        2.65321895265761230930e-2,
        1.24266094738807843860e-3,
        2.71155556874348757815e-5,
        2.01033439929228813265e-7,
    ),
    (
        1.0,
        5.99832206555887937690e-1,
        1.36929880922735805310e-1,
        1.48753612908506148525e-2,
        7.86869131145613259100e-4,
        1.84631831751005468180e-5,
        1.42151175831644588870e-7,
        2.04426310338993978564e-15,
    ),
)


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


def geometric(u: Floats, p: Number, low: Number = 1, high: Number = np.inf) -> Ints:
    """Draw the trial of the first success, each of probability p, given low <= trial <= high.

    The law has no memory, so that it starts afresh at low (low >= 1).
    """
    failure = portable_log(1 - p)
    tail = portable_exp((high - low + 1) * failure)  # probability of a trial after high
    trial = low + np.floor(portable_log(tail + u * (1 - tail)) / failure)
    return np.clip(trial, low, high).astype(np.int64)


def normal(u: Floats, mean: Number, sd: Number) -> Floats:
    """Draw from the normal law."""
    return mean + sd * normal_quantile(u)


def normal_quantile(u: Floats) -> Floats:
    """Quantile of the standard normal law, to 1e-15 (Wichura 1988, AS241)."""
    q = u - 0.5
    s = np.sqrt(-portable_log(np.minimum(u, 1 - u)))
    mid = q * polynomial_ratio(WICHURA_MID, 0.180625 - q * q)
    near = polynomial_ratio(WICHURA_NEAR, s - 1.6)
    far = polynomial_ratio(WICHURA_FAR, s - 5)
    tail = np.where(s <= 5, near, far)
    return np.where(np.abs(q) <= 0.425, mid, np.where(q < 0, -tail, tail))


def polynomial_ratio(
    coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Floats
) -> Floats:
    """Ratio of two polynomials in x, their coefficients from the constant up."""
    top, bottom = np.zeros_like(x), np.zeros_like(x)
    for a, b in zip(coefficients[0][::-1], coefficients[1][::-1], strict=True):
        top, bottom = top * x + a, bottom * x + b
    return top / bottom


def truncnormal(
    draw: Draw,
    name: str,
    mean: Number,
    sd: Number,
    low: Number,
    high: Number,
    attempt: int = 0,
    k: int = 0,
    once: bool = False,
) -> Floats:
    """Draw from the normal law given low <= x <= high, (n,), by redrawing up to 20,000 times.

    An attempt of a `require` above it has redraws of its own.  With k it draws an array, (n, k);
    with once, one row for the whole batch.
    """
    n = 1 if once else draw.n
    x = np.full((n, k) if k else n, np.nan)
    for redraw in range(20_000 * attempt, 20_000 * (attempt + 1)):
        inside = (x >= low) & (x <= high)
        if inside.all():
            return x
        if once:
            u = draw.once(name, k, redraw)
        else:
            u = draw.units(name, k, redraw) if k else draw.unit(name, redraw)
        x = np.where(inside, x, normal(u, mean, sd))
    raise ValueError(f"{name}: 20,000 normal draws of some trial all left [low, high]")


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


def dealt_within(draw: Draw, cells: int, trials: int) -> Ints:
    """Deal the cells of a balanced design to each sequence of so many trials, (N_trials,).

    Each sequence holds whole copies, the rest without replacement.
    """
    n = draw.n // trials
    cell = np.argsort(draw.words("design:cells", n * cells).reshape(n, -1), axis=1, kind="stable")
    place = np.argsort(draw.words("design:order", draw.n).reshape(n, -1), axis=1, kind="stable")
    return np.take_along_axis(cell, place % cells, axis=1).ravel().astype(np.int64)


def first_levels(draw: Draw, name: str, n: int, k: int) -> Ints:
    """Deal the first of k levels to n sequences, (n,): whole copies, the rest at random."""
    level = np.argsort(draw.words(f"{name}:cells", k), kind="stable")
    place = np.argsort(draw.words(f"{name}:order", n), kind="stable")
    return level[place % k].astype(np.int64)


def alternate(draw: Draw, name: str, blocks: int, k: int) -> Ints:
    """Let k levels follow each other round and round, block by block, (N_batch * blocks,)."""
    level = first_levels(draw, name, draw.n // blocks, k)[:, None] + np.arange(blocks)
    return (level % k).ravel()


def markov(draw: Draw, name: str, blocks: int, k: int, p: Number, longest: float = np.inf) -> Ints:
    """Let each block have another of k levels with probability p, (N_batch * blocks,).

    A level that has come `longest` times in a row must change; the others are as likely.
    """
    u = draw.unit(name).reshape(-1, blocks)
    chance = np.broadcast_to(np.asarray(p, float), draw.n).reshape(u.shape)
    level = np.empty(u.shape, np.int64)
    level[:, 0] = first_levels(draw, name, len(u), k)
    run = np.ones(len(u), np.int64)
    for block in range(1, blocks):
        now = np.where(run >= longest, 1.0, chance[:, block])
        change = u[:, block] < now
        step = np.floor(u[:, block] / np.where(change, now, 1.0) * (k - 1)).astype(np.int64)
        step = np.where(change, 1 + np.minimum(step, k - 2), 0)
        level[:, block] = (level[:, block - 1] + step) % k
        run = np.where(change, 1, run + 1)
    return level.ravel()


def trials_of_blocks(length: Number, blocks: int, trials: int) -> tuple[Ints, Ints]:
    """Say in which row of the block table each trial is, and its place there: both (N_trials,).

    length is (N_batch * blocks,), in trials; what does not fit into a sequence is cut off.
    """
    held = np.minimum(np.asarray(length), trials).astype(np.int64).reshape(-1, blocks)
    stop = np.minimum(np.cumsum(held, axis=1), trials)
    size = np.diff(stop, axis=1, prepend=0).ravel()
    row = np.repeat(np.arange(size.size), size)
    first = np.cumsum(size) - size
    return row, np.arange(row.size) - first[row]


def previous(x: Array, initial: Number, trials: int) -> Array:
    """Take the x of the trial before, and initial on the first trial of a sequence: as x."""
    first = np.arange(len(x)) % trials == 0
    return np.where(first.reshape(-1, *[1] * (x.ndim - 1)), initial, np.roll(x, 1, axis=0))


def in_sequences(length: Ints, trials: int) -> Ints:
    """Join the segments of the trials of each sequence: (N_batch, trials * S) from (N_trials, S).

    The last segment of a trial is padding; all of it moves to the end of the sequence.
    """
    joined = length.reshape(-1, trials, length.shape[1]).copy()
    padding = joined[:, :, -1].sum(axis=1)
    joined[:, :, -1] = 0
    joined[:, -1, -1] = padding
    return joined.reshape(len(joined), -1)


def first_steps(length: Ints, trials: int) -> Ints:
    """Say at which step of its sequence each trial begins, (N_trials,), from lengths in steps."""
    stop = np.cumsum(length.reshape(-1, trials), axis=1)
    return stop.ravel() - length


def by_trial(x: Floats32, length: Ints, trials: int) -> Floats32:
    """Cut sequences (N_batch, N_steps, C) into trials, (N_trials, N_steps / trials, C).

    length is (N_trials,), in steps; what lies behind the end of a trial is of no meaning.
    """
    step = first_steps(length, trials)[:, None] + np.arange(x.shape[1] // trials)
    sequence = np.arange(len(length))[:, None] // trials
    cut: Floats32 = x[sequence, np.minimum(step, x.shape[1] - 1)]
    return cut


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


def add_scaled_noise(
    x: Floats32, sd: Floats | Floats32, key: tuple[int, int, int], name: str
) -> None:
    """Add the noise of `add_noise` with an sd of each step, (N_batch, N_steps)."""
    add_noise(x, sd, key, name)


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
