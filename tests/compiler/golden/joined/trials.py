"""Tasks that differ in all that tasks may differ in.

Vectorised trials of a set of tasks, printed by Epochal from source.task.

Needs only NumPy; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial table times are
whole microseconds, angles are in deg, and labels are positions in TASK["labels"].  A column that a
task lacks is nan on its trials, -1 for labels, False for truths.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping
from functools import cache
from statistics import NormalDist
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TASK = {
    "name": "joined",
    "hash": "task1:954cffda7889",
    "inputs": (
        "tone", "task_cue[find]", "task_cue[faint]", "task_cue[count]", "light[left]",
        "light[right]", "fixation",
    ),
    "outputs": ("choice[left]", "choice[right]", "hold"),
    "members": ("find", "faint", "count"),
    "epochs": {"fix": (1, 2), "show": (3, 4), "respond": (5, 6), "on": (7, 8), "off": (9, 10)},
    "labels": {
        "task": ("find", "faint", "count"), "side": ("left", "right"),
        "answer": ("left", "right"),
    },
    "units": {
        "catch": "bool", "wait": "us", "order": "", "contrast": "", "sigma": "", "hit": "bool",
        "reached": "us", "correct": "", "flashes": "", "size": "", "off": "us",
        "longest trial": "us",
    },
}

TONE, TASK_CUE, LIGHT, FIXATION = 0, slice(1, 4), slice(4, 6), 6  # columns of the inputs
CHOICE, HOLD = slice(0, 2), 2  # columns of the outputs


def find():
    """Give the functions for trials of find and faint, given their parameters."""
    FIX, SHOW, RESPOND_1, RESPOND_2, PADDING = range(5)  # segments

    def sample_trials(draw, *, contrast, sigma):
        """Draw the trial table, each (N_batch,): side (label), catch (bool), wait (us), order (3
        values), contrast, sigma.
        """
        n = draw.n
        contrast = hold(contrast, 0, 1, "contrast")  # source.task:5
        cell = draw.design(2)
        side = cell  # source.task:18
        catch = bernoulli(draw.unit("var:catch"), 0.2)  # source.task:19
        # source.task:20
        wait = whole(truncnormal(draw, "var:wait", 300_000, 100_000, 100_000, 500_000))
        order = permutation(draw.each("var:order", 3))  # source.task:21
        return {
            "side": side,
            "catch": catch,
            "wait": wait,
            "order": order,
            "contrast": np.full(n, contrast),
            "sigma": np.full(n, sigma),
            "longest trial": 1_600_000,
        }

    def timeline(trials, dt):
        """Say at which step each segment stops, (N_batch, 5); dt in ms."""
        longest = trials["longest trial"]
        stop = np.empty((len(longest), 5), np.int64)
        time = np.zeros_like(longest)
        stop[:, FIX] = steps(time := time + trials["wait"], dt)  # source.task:25
        stop[:, SHOW] = steps(time := time + 407_000, dt)  # source.task:26
        start, time = time, 1_600_000  # source.task:27
        stop[:, RESPOND_2] = steps(time, dt)
        stop[:, RESPOND_1] = np.clip(steps(start + 100_000, dt), stop[:, SHOW], stop[:, RESPOND_2])
        stop[:, PADDING] = steps(longest, dt)
        return stop

    def arrays(trials, dt, out=None):
        """Make inputs (N_batch, N_steps, 7), targets and weights (N_batch, N_steps, 3), without
        noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of
        three, are filled instead of new ones.
        """
        stop = timeline(trials, dt)
        index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
        n = len(stop)
        out = out or (None, None, None)
        trial = np.arange(n)
        task = trials["task"]
        side = trials["side"]
        order = trials["order"]
        contrast = trials["contrast"]

        drive = np.zeros((n, 5, 7))
        drive[:, :, TONE] = 0.1  # source.task:102
        drive[:, :, TASK_CUE] = 0.05  # source.task:103
        target = np.zeros((n, 5, 3))
        target[:, :, CHOICE] = 0.1  # source.task:15
        target[:, :, HOLD] = 0.3  # source.task:109
        weight = np.ones((n, 5, 3))
        weight[:, PADDING] = 0

        drive[trial, RESPOND_1:PADDING, TASK_CUE.start + task] = 1  # source.task:103
        drive[:, FIX : SHOW + 1, FIXATION] = 1  # source.task:30
        drive[:, SHOW, LIGHT] = 0.5  # source.task:34
        drive[trial, SHOW, LIGHT.start + side] += contrast  # source.task:35
        drive[:, SHOW, TONE] += 0.05 * order[:, 0]  # source.task:36
        target[:, FIX : SHOW + 1, HOLD] = 1  # source.task:31
        target[trial, RESPOND_1:PADDING, CHOICE.start + side] = 1  # source.task:42
        weight[:, RESPOND_1] = 0  # source.task:45

        inputs = spread(drive, index, out[0])
        targets = spread(target, index, out[1])
        weights = spread(weight, index, out[2])
        return inputs, targets, weights

    def noise(trials, dt):
        """Give the sd of each step, (N_batch, N_steps) or one number, of channels by name."""
        n = len(trials["longest trial"])
        found = {}
        stop = timeline(trials, dt)
        index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
        catch = trials["catch"]
        sigma = trials["sigma"]
        # source.task:10
        sd = np.full((n, 5, 1), sigma[0] * np.sqrt(20_000 / us(dt)), np.float64)
        sd[catch, SHOW, 0] = 0.5  # source.task:39
        step_sd = spread(sd, index)
        found["light"] = step_sd[:, :, 0]  # source.task:10
        return found

    def score(outputs, trials, dt):
        """Score outputs (N_batch, N_steps, 3): answer (label), hit (bool), reached (us), correct,
        each (N_batch,).
        """
        stop = timeline(trials, dt)
        # source.task:48
        answer = argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, SHOW], stop[:, RESPOND_2]))
        hit = answer == trials["side"]  # source.task:49
        # source.task:50
        reached = first_above(
            outputs[:, :, HOLD : HOLD + 1], 0.5, stop[:, SHOW], stop[:, RESPOND_2], dt
        )[:, 0]
        correct = np.where(trials["catch"], np.nan, answer == trials["side"])  # source.task:51
        return {"answer": answer, "hit": hit, "reached": reached, "correct": correct}

    return SimpleNamespace(
        sample_trials=sample_trials, timeline=timeline, arrays=arrays, noise=noise, score=score,
        epochs={"fix": (0, 1), "show": (1, 2), "respond": (2, 4)},
        labels={},
    )


def count():
    """Give the functions for trials of count."""
    MOST = 3  # source.task:56
    RESPOND, PADDING = 6, 7  # segments
    ON, OFF = np.arange(0, 6).reshape(3, 2).T  # segments, one a repetition

    def sample_trials(draw, *, sigma):
        """Draw the trial table, each (N_batch,): side (label), flashes, size (3 values), catch
        (bool), off (3 values, us), sigma.
        """
        n = draw.n
        side = pick(draw.unit("var:side"), 2)  # source.task:66
        flashes = integers(draw.unit("var:flashes"), 1, MOST)  # source.task:67
        size = None
        again = np.ones(n, bool)
        for attempt in range(ATTEMPTS):
            # source.task:68
            size = renewed(size, normal(draw.units("var:size", 3, attempt), 1, 0.1), again)
            # source.task:70
            again = np.logical_not(row_sum(size) > MOST - 1)
            if settled(again, attempt, "sum(size) > most - 1"):
                break
        catch = bernoulli(draw.unit("var:catch"), 0.1)  # source.task:69
        off = whole(uniform(draw.units("epoch:off", 3), 50_000, 90_000))  # source.task:75
        return {
            "side": side,
            "flashes": flashes,
            "size": size,
            "catch": catch,
            "off": off,
            "sigma": np.full(n, sigma),
            "longest trial": 750_000,
        }

    def timeline(trials, dt):
        """Say at which step each segment stops, (N_batch, 8); dt in ms."""
        longest = trials["longest trial"]
        n = len(longest)
        span = np.zeros((n, 8), np.int64)  # how long each lasts, us
        at, i = repetitions(n, 3)  # source.task:73
        at, i = kept(i < trials["flashes"][at], at, i)
        span[at, ON[i]] = 60_000  # source.task:74
        span[at, OFF[i]] = trials["off"][at, i]  # source.task:75
        span[:, RESPOND] = 300_000  # source.task:76
        span[:, PADDING] = longest - span.sum(axis=1)
        end = np.cumsum(span, axis=1)
        return steps(end, dt)

    def arrays(trials, dt, out=None):
        """Make inputs (N_batch, N_steps, 7), targets and weights (N_batch, N_steps, 3), without
        noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of
        three, are filled instead of new ones.
        """
        stop = timeline(trials, dt)
        index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
        n = len(stop)
        out = out or (None, None, None)
        trial = np.arange(n)
        task = trials["task"]
        side = trials["side"]
        size = trials["size"]

        drive = np.zeros((n, 8, 7))
        drive[:, :, TONE] = 0.2  # source.task:102
        drive[:, :, TASK_CUE] = 0.05  # source.task:103
        target = np.zeros((n, 8, 3))
        target[:, :, HOLD] = 0.3  # source.task:109
        weight = np.ones((n, 8, 3))
        weight[:, PADDING] = 0

        drive[trial, RESPOND, TASK_CUE.start + task] = 1  # source.task:103
        at, i = repetitions(n, 3)  # source.task:79
        drive[at, ON[i], LIGHT.start + np.array((1, 0))[side[at]]] = size[at, i]  # source.task:79
        drive[:, RESPOND, TONE] = 1  # source.task:82
        target[trial, RESPOND, CHOICE.start + np.array((1, 0))[side]] = 1  # source.task:83

        inputs = spread(drive, index, out[0])
        targets = spread(target, index, out[1])
        at, step, k = flat_steps(stop[:, OFF[-1]], stop[:, RESPOND])  # source.task:84
        t = k * us(dt)
        targets[at, step, CHOICE.start + np.array((1, 0))[1 - side[at]]] = t / 300_000
        weights = spread(weight, index, out[2])
        return inputs, targets, weights

    def noise(trials, dt):
        """Give the sd of each step, (N_batch, N_steps) or one number, of channels by name."""
        found = {}
        sigma = trials["sigma"]
        found["light"] = sigma[0] / 2 * np.sqrt(20_000 / us(dt))  # source.task:60
        return found

    def score(outputs, trials, dt):
        """Score outputs (N_batch, N_steps, 3): answer (label), correct (bool), each (N_batch,)."""
        stop = timeline(trials, dt)
        # source.task:87
        answer = argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, OFF[-1]], stop[:, RESPOND]))
        correct = answer == np.array((1, 0, -1))[trials["side"]]  # source.task:88
        return {"answer": answer, "correct": correct}

    return SimpleNamespace(
        sample_trials=sample_trials, timeline=timeline, arrays=arrays, noise=noise, score=score,
        epochs={"on": (0, 5), "off": (1, 6), "respond": (6, 7)},
        labels={"side": (1, 0)},
    )


MEMBERS = (find(), find(), count())
PARAMS = {
    "find": {"contrast": 0.4, "sigma": 0.2},
    "faint": {"contrast": 0.1, "sigma": 0.1},
    "count": {"sigma": 0.3},
}

# What stands in the trial table, and in the scores, of a task that lacks a column.
COLUMNS = {
    "side": -1, "catch": False, "wait": np.nan, "order": np.nan, "contrast": np.nan,
    "sigma": np.nan, "flashes": np.nan, "size": np.nan, "off": np.nan,
}
SCORES = {"answer": -1, "hit": False, "reached": np.nan, "correct": np.nan}


def sample_trials(n, seed, batch=0, stream=0, **params):
    """Draw the trial table, each (N_batch,): task (label), side (label), catch (bool), wait (us),
    order (3 values), contrast, sigma, flashes, size (3 values), off (3 values, us).

    An argument is named as in PARAMS, "member.param", or "param" for all members that have it.
    """
    draw = Draw(n, seed, batch, stream)
    task = deal_members(draw, (1, 1, 2))  # source.task:90
    parts = []
    for k, values in enumerate(member_arguments(PARAMS, params)):
        rows = np.flatnonzero(task == k)
        own = MEMBERS[k].sample_trials(MemberDraw(n, seed, batch, stream, rows), **values)
        parts.append((rows, MEMBERS[k], own))
    longest = max(own["longest trial"] for _, _, own in parts)
    table = joined_tables(parts, n, COLUMNS)
    return {"task": task, **table, "longest trial": np.full(n, longest)}


def timeline(trials, dt):
    """Say at which step each epoch begins and stops, (N_batch, 10); dt in ms.

    The columns are those of TASK["epochs"], -1 on the trials of a task without the epoch.
    """
    stop = np.full((len(trials["task"]), 10), -1)
    for rows, member, own in by_member(trials, MEMBERS):
        edges = np.insert(member.timeline(own, dt), 0, 0, axis=1)
        for name, ends in member.epochs.items():
            columns = np.subtract(TASK["epochs"][name], 1)
            stop[rows[:, None], columns] = edges[:, ends]
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 7), targets and weights (N_batch, N_steps, 3), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    n, n_steps = len(trials["task"]), steps(trials["longest trial"][0], dt)
    inputs, targets, weights = out or (
        np.empty((n, n_steps, units), np.float32) for units in (7, 3, 3)
    )
    for rows, member, own in by_member(trials, MEMBERS):
        if len(rows) == n:  # no copy where all trials are of one member
            return member.arrays(own, dt, (inputs, targets, weights))
        inputs[rows], targets[rows], weights[rows] = member.arrays(own, dt)
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
        sd = {name: np.zeros(inputs.shape[:2]) for name in ("light",)}
        for rows, member, own in by_member(trials, MEMBERS):
            for name, one in member.noise(own, dt).items():
                sd[name][rows] = one
        add_noise(inputs[:, :, TONE : TONE + 1], 0.1, key, "tone")  # source.task:102
        add_scaled_noise(inputs[:, :, LIGHT], sd["light"], key, "light")  # source.task:10
        add_noise(inputs[:, :, FIXATION : FIXATION + 1], 2 / 40, key, "fixation")  # source.task:105
    closed = np.isin(trials["task"], (0, 1))
    inputs[closed, :, LIGHT] = np.maximum(inputs[closed, :, LIGHT], 0)
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 3): answer (label), hit (bool), reached (us), correct, each
    (N_batch,).
    """
    parts = [
        (rows, member, member.score(outputs[rows], own, dt))
        for rows, member, own in by_member(trials, MEMBERS)
    ]
    return joined_tables(parts, len(outputs), SCORES)


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


def integers(u: Floats, low: Number, high: Number) -> Ints:
    """Draw a whole number from low to high, both included."""
    return (low + np.floor(u * (high - low + 1))).astype(np.int64)


def bernoulli(u: Floats, p: Number) -> Bools:
    """Draw true with probability p."""
    return u < p


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


def permutation(words: Words) -> Ints:
    """Shuffle the positions 0 to k - 1 in each of n rows, (n, k), by as many random words."""
    return np.argsort(words, axis=1, kind="stable").astype(np.int64)


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


Table = Mapping[str, Array]
Part = tuple[Ints, SimpleNamespace, Table]


class MemberDraw(Draw):
    """Draws for some trials of a batch of n: each has the words that it has among all."""

    def __init__(self, n: int, seed: int, batch: int, stream: int, rows: Ints) -> None:
        super().__init__(len(rows), seed, batch, stream)
        self.n_batch, self.rows = n, rows

    def each(self, name: str, k: int, attempt: int = 0) -> Words:
        """Draw k words for each trial, (n, k)."""
        if not len(self.rows):
            return np.empty((0, k), np.uint64)
        words = self.words(name, self.n_batch * k, attempt)
        return words.reshape(self.n_batch, k)[self.rows]


def deal_members(draw: Draw, copies: tuple[int, ...]) -> Ints:
    """Deal members over trials, (n,): whole copies of the mix, the rest without replacement."""
    members = np.repeat(np.arange(len(copies)), copies)
    words = draw.words("design:members", len(members) + draw.n)
    cell = np.argsort(words[: len(members)], kind="stable")
    place = np.argsort(words[len(members) :], kind="stable")
    return members[cell[place % len(members)]]


def member_arguments(
    defaults: Mapping[str, Mapping[str, object]], given: Mapping[str, object]
) -> list[dict[str, object]]:
    """Lay arguments over the defaults of each member.

    An argument is named ``member.param``, or ``param`` for all members that have it.
    """
    known = {f"{member}.{name}" for member, own in defaults.items() for name in own}
    known |= {name for own in defaults.values() for name in own}
    for name in given:
        if name not in known:
            raise TypeError(f"no member has the parameter {name!r}; there are {sorted(known)}")
    return [
        {name: given.get(f"{member}.{name}", given.get(name, own[name])) for name in own}
        for member, own in defaults.items()
    ]


def by_member(trials: Table, members: tuple[SimpleNamespace, ...]) -> Iterator[Part]:
    """Yield each member that has trials: their rows, the member, and its own trial table."""
    for k, member in enumerate(members):
        rows = np.flatnonzero(trials["task"] == k)
        if len(rows):
            own = {name: column[rows] for name, column in trials.items()}
            for name, places in member.labels.items():
                own[name] = own_labels(own[name], places)
            yield rows, member, own


def joined_tables(parts: list[Part], n: int, columns: Mapping[str, float]) -> dict[str, Array]:
    """Put tables of members together, each column (N_batch, ..).

    ``columns`` says what stands where a member lacks a column: nan, -1 for no label, or False.
    """
    table = {}
    for name, empty in columns.items():
        mine = [(rows, member, own[name]) for rows, member, own in parts if name in own]
        kinds = [part.dtype for _, _, part in mine]
        lacking = len(mine) < len(parts)
        if lacking:
            kinds.append(np.asarray(empty).dtype)
        shapes = [part.shape[1:] for _, _, part in mine]
        shape = np.max(shapes, axis=0).astype(int) if mine else ()  # of the events of pulse trains
        some = empty if lacking or len(set(shapes)) > 1 else 0
        column = np.full((n, *shape), some, np.result_type(*kinds))
        for rows, member, part in mine:
            places = member.labels.get(name)
            inside: tuple[Ints | slice, ...] = (rows, *(slice(k) for k in part.shape[1:]))
            column[inside] = part if places is None else np.append(places, -1)[part]
        table[name] = column
    return table


def own_labels(column: Ints, places: tuple[int, ...]) -> Ints:
    """Turn positions among the labels of the set into those of a member; -1 is none."""
    own = np.full(max(places) + 2, -1)
    own[list(places)] = np.arange(len(places))
    return own[column]
