"""Three rules from a 20-task set.

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
    "name": "yang_mini",
    "hash": "task1:869c4f7faad8",
    "inputs": (
        "fixation", "mod1[0]", "mod1[1]", "mod1[2]", "mod1[3]", "mod1[4]", "mod1[5]", "mod1[6]",
        "mod1[7]", "mod1[8]", "mod1[9]", "mod1[10]", "mod1[11]", "mod1[12]", "mod1[13]",
        "mod1[14]", "mod1[15]", "mod1[16]", "mod1[17]", "mod1[18]", "mod1[19]", "mod1[20]",
        "mod1[21]", "mod1[22]", "mod1[23]", "mod1[24]", "mod1[25]", "mod1[26]", "mod1[27]",
        "mod1[28]", "mod1[29]", "mod1[30]", "mod1[31]", "mod2[0]", "mod2[1]", "mod2[2]",
        "mod2[3]", "mod2[4]", "mod2[5]", "mod2[6]", "mod2[7]", "mod2[8]", "mod2[9]", "mod2[10]",
        "mod2[11]", "mod2[12]", "mod2[13]", "mod2[14]", "mod2[15]", "mod2[16]", "mod2[17]",
        "mod2[18]", "mod2[19]", "mod2[20]", "mod2[21]", "mod2[22]", "mod2[23]", "mod2[24]",
        "mod2[25]", "mod2[26]", "mod2[27]", "mod2[28]", "mod2[29]", "mod2[30]", "mod2[31]",
        "rule[go_pro]", "rule[go_anti]", "rule[delayed_go]",
    ),
    "outputs": (
        "hold", "saccade[0]", "saccade[1]", "saccade[2]", "saccade[3]", "saccade[4]",
        "saccade[5]", "saccade[6]", "saccade[7]", "saccade[8]", "saccade[9]", "saccade[10]",
        "saccade[11]", "saccade[12]", "saccade[13]", "saccade[14]", "saccade[15]", "saccade[16]",
        "saccade[17]", "saccade[18]", "saccade[19]", "saccade[20]", "saccade[21]", "saccade[22]",
        "saccade[23]", "saccade[24]", "saccade[25]", "saccade[26]", "saccade[27]", "saccade[28]",
        "saccade[29]", "saccade[30]", "saccade[31]",
    ),
    "members": ("go_pro", "go_anti", "delayed_go"),
    "epochs": {"fix": (1, 2), "stimulus": (3, 4), "delay": (5, 6), "response": (7, 8)},
    "labels": {"task": ("go_pro", "go_anti", "delayed_go"), "modality": ("first", "second")},
    "units": {
        "theta": "deg", "goal": "deg", "fix": "us", "anti": "", "delay_time": "us",
        "answer": "deg", "correct": "bool", "longest trial": "us",
    },
}

FIXATION, MOD1, MOD2, RULE = 0, slice(1, 33), slice(33, 65), slice(65, 68)  # columns of the inputs
HOLD, SACCADE = 0, slice(1, 33)  # columns of the outputs


def go_pro():
    """Give the functions for trials of go_pro and go_anti, given their parameters."""
    FIRST, SECOND = range(2)  # labels of modality
    FIX_1, FIX_2, STIMULUS, DELAY, RESPONSE_1, RESPONSE_2, PADDING = range(7)  # segments

    def sample_trials(draw, *, anti, delay_time):
        """Draw the trial table, each (N_batch,): modality (label), theta (deg), goal (deg), fix
        (us), anti, delay_time (us).
        """
        n = draw.n
        anti = one_of(anti, (0, 1), "anti")  # source.task:9
        delay_time = us(delay_time)  # source.task:10
        cell = draw.design(2)
        modality = cell  # source.task:22
        theta = uniform(draw.unit("var:theta"), 0, 360)  # source.task:23
        goal = np.where(anti == 1, wrap(theta + 180), theta)  # source.task:24
        fix = whole(uniform(draw.unit("epoch:fix"), 300_000, 700_000))  # source.task:27
        return {
            "modality": modality,
            "theta": theta,
            "goal": goal,
            "fix": fix,
            "anti": np.full(n, anti),
            "delay_time": np.full(n, delay_time),
            "longest trial": 1_700_000 + delay_time,
        }

    def timeline(trials, dt):
        """Say at which step each segment stops, (N_batch, 7); dt in ms."""
        longest = trials["longest trial"]
        stop = np.empty((len(longest), 7), np.int64)
        time = np.zeros_like(longest)
        start, time = time, time + trials["fix"]  # source.task:27
        stop[:, FIX_2] = steps(time, dt)
        stop[:, FIX_1] = np.clip(steps(start + 100_000, dt), 0, stop[:, FIX_2])
        stop[:, STIMULUS] = steps(time := time + 500_000, dt)  # source.task:28
        stop[:, DELAY] = steps(time := time + trials["delay_time"], dt)  # source.task:29
        start, time = time, time + 500_000  # source.task:30
        stop[:, RESPONSE_2] = steps(time, dt)
        stop[:, RESPONSE_1] = np.clip(
            steps(start + 100_000, dt), stop[:, DELAY], stop[:, RESPONSE_2]
        )
        stop[:, PADDING] = steps(longest, dt)
        return stop

    def arrays(trials, dt, out=None):
        """Make inputs (N_batch, N_steps, 68), targets and weights (N_batch, N_steps, 33), without
        noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of
        three, are filled instead of new ones.
        """
        stop = timeline(trials, dt)
        index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
        n = len(stop)
        out = out or (None, None, None)
        trial = np.arange(n)
        task = trials["task"]
        modality = trials["modality"]
        theta = trials["theta"]
        goal = trials["goal"]

        drive = np.zeros((n, 7, 68))
        target = np.zeros((n, 7, 33))
        target[:, :, HOLD] = 0.05  # source.task:18
        target[:, :, SACCADE] = 0.05  # source.task:19
        weight = np.ones((n, 7, 33))
        weight[:, PADDING] = 0

        drive[trial, FIX_1:PADDING, RULE.start + task] = 1  # source.task:65
        drive[:, FIX_1 : DELAY + 1, FIXATION] = 1  # source.task:33
        # source.task:37
        drive[:, STIMULUS, MOD1] = np.where((modality == FIRST)[:, None], bump(theta, 22.5, 32), 0)
        # source.task:38
        drive[:, STIMULUS, MOD2] = np.where((modality == SECOND)[:, None], bump(theta, 22.5, 32), 0)
        target[:, FIX_1 : DELAY + 1, HOLD] = 0.85  # source.task:34
        # source.task:41
        target[:, RESPONSE_1:PADDING, SACCADE] += (0.8 * bump(goal, 22.5, 32))[:, None]
        weight[:, RESPONSE_1:PADDING] = 25  # source.task:42
        weight[:, FIX_1] = 0  # source.task:45
        weight[:, RESPONSE_1] = 0  # source.task:45
        weight[:, FIX_1:PADDING, HOLD] *= 4  # source.task:48

        inputs = spread(drive, index, out[0])
        targets = spread(target, index, out[1])
        weights = spread(weight, index, out[2])
        return inputs, targets, weights

    def score(outputs, trials, dt):
        """Score outputs (N_batch, N_steps, 33): answer (deg), correct (bool), each (N_batch,)."""
        stop = timeline(trials, dt)
        # source.task:51
        answer = population_vector(
            span_mean(outputs[:, :, SACCADE], stop[:, DELAY], stop[:, RESPONSE_2])
        )
        correct = np.abs(angle_between(answer, trials["goal"])) < 36  # source.task:52
        return {"answer": answer, "correct": correct}

    return SimpleNamespace(
        sample_trials=sample_trials, timeline=timeline, arrays=arrays, score=score,
        epochs={"fix": (0, 2), "stimulus": (2, 3), "delay": (3, 4), "response": (4, 6)},
        labels={},
    )


def delayed_go():
    """Give the functions for trials of delayed_go."""
    FIRST, SECOND = range(2)  # labels of modality
    FIX_1, FIX_2, STIMULUS, DELAY, RESPONSE_1, RESPONSE_2, PADDING = range(7)  # segments

    def sample_trials(draw, *, anti):
        """Draw the trial table, each (N_batch,): delay_time (us), modality (label), theta (deg),
        goal (deg), fix (us), anti.
        """
        n = draw.n
        anti = one_of(anti, (0, 1), "anti")  # source.task:9
        cell = draw.design(2)
        # source.task:10
        delay_time = whole(uniform(draw.unit("param:delay_time"), 200_000, 1_600_000))
        modality = cell  # source.task:22
        theta = uniform(draw.unit("var:theta"), 0, 360)  # source.task:23
        goal = np.where(anti == 1, wrap(theta + 180), theta)  # source.task:24
        fix = whole(uniform(draw.unit("epoch:fix"), 300_000, 700_000))  # source.task:27
        return {
            "delay_time": delay_time,
            "modality": modality,
            "theta": theta,
            "goal": goal,
            "fix": fix,
            "anti": np.full(n, anti),
            "longest trial": 3_300_000,
        }

    def timeline(trials, dt):
        """Say at which step each segment stops, (N_batch, 7); dt in ms."""
        longest = trials["longest trial"]
        stop = np.empty((len(longest), 7), np.int64)
        time = np.zeros_like(longest)
        start, time = time, time + trials["fix"]  # source.task:27
        stop[:, FIX_2] = steps(time, dt)
        stop[:, FIX_1] = np.clip(steps(start + 100_000, dt), 0, stop[:, FIX_2])
        stop[:, STIMULUS] = steps(time := time + 500_000, dt)  # source.task:28
        stop[:, DELAY] = steps(time := time + trials["delay_time"], dt)  # source.task:29
        start, time = time, time + 500_000  # source.task:30
        stop[:, RESPONSE_2] = steps(time, dt)
        stop[:, RESPONSE_1] = np.clip(
            steps(start + 100_000, dt), stop[:, DELAY], stop[:, RESPONSE_2]
        )
        stop[:, PADDING] = steps(longest, dt)
        return stop

    def arrays(trials, dt, out=None):
        """Make inputs (N_batch, N_steps, 68), targets and weights (N_batch, N_steps, 33), without
        noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of
        three, are filled instead of new ones.
        """
        stop = timeline(trials, dt)
        index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
        n = len(stop)
        out = out or (None, None, None)
        trial = np.arange(n)
        task = trials["task"]
        modality = trials["modality"]
        theta = trials["theta"]
        goal = trials["goal"]

        drive = np.zeros((n, 7, 68))
        target = np.zeros((n, 7, 33))
        target[:, :, HOLD] = 0.05  # source.task:18
        target[:, :, SACCADE] = 0.05  # source.task:19
        weight = np.ones((n, 7, 33))
        weight[:, PADDING] = 0

        drive[trial, FIX_1:PADDING, RULE.start + task] = 1  # source.task:65
        drive[:, FIX_1 : DELAY + 1, FIXATION] = 1  # source.task:33
        # source.task:37
        drive[:, STIMULUS, MOD1] = np.where((modality == FIRST)[:, None], bump(theta, 22.5, 32), 0)
        # source.task:38
        drive[:, STIMULUS, MOD2] = np.where((modality == SECOND)[:, None], bump(theta, 22.5, 32), 0)
        target[:, FIX_1 : DELAY + 1, HOLD] = 0.85  # source.task:34
        # source.task:41
        target[:, RESPONSE_1:PADDING, SACCADE] += (0.8 * bump(goal, 22.5, 32))[:, None]
        weight[:, RESPONSE_1:PADDING] = 25  # source.task:42
        weight[:, FIX_1] = 0  # source.task:45
        weight[:, RESPONSE_1] = 0  # source.task:45
        weight[:, FIX_1:PADDING, HOLD] *= 4  # source.task:48

        inputs = spread(drive, index, out[0])
        targets = spread(target, index, out[1])
        weights = spread(weight, index, out[2])
        return inputs, targets, weights

    def score(outputs, trials, dt):
        """Score outputs (N_batch, N_steps, 33): answer (deg), correct (bool), each (N_batch,)."""
        stop = timeline(trials, dt)
        # source.task:51
        answer = population_vector(
            span_mean(outputs[:, :, SACCADE], stop[:, DELAY], stop[:, RESPONSE_2])
        )
        correct = np.abs(angle_between(answer, trials["goal"])) < 36  # source.task:52
        return {"answer": answer, "correct": correct}

    return SimpleNamespace(
        sample_trials=sample_trials, timeline=timeline, arrays=arrays, score=score,
        epochs={"fix": (0, 2), "stimulus": (2, 3), "delay": (3, 4), "response": (4, 6)},
        labels={},
    )


MEMBERS = (go_pro(), go_pro(), delayed_go())
PARAMS = {
    "go_pro": {"anti": 0, "delay_time": 500.0},
    "go_anti": {"anti": 1, "delay_time": 500.0},
    "delayed_go": {"anti": 0},
}

# What stands in the trial table, and in the scores, of a task that lacks a column.
COLUMNS = {
    "modality": -1, "theta": np.nan, "goal": np.nan, "fix": np.nan, "anti": np.nan,
    "delay_time": np.nan,
}
SCORES = {"answer": np.nan, "correct": False}


def sample_trials(n, seed, batch=0, stream=0, **params):
    """Draw the trial table, each (N_batch,): task (label), modality (label), theta (deg), goal
    (deg), fix (us), anti, delay_time (us).

    An argument is named as in PARAMS, "member.param", or "param" for all members that have it.
    """
    draw = Draw(n, seed, batch, stream)
    task = deal_members(draw, (1, 1, 2))  # source.task:54
    parts = []
    for k, values in enumerate(member_arguments(PARAMS, params)):
        rows = np.flatnonzero(task == k)
        own = MEMBERS[k].sample_trials(MemberDraw(n, seed, batch, stream, rows), **values)
        parts.append((rows, MEMBERS[k], own))
    longest = max(own["longest trial"] for _, _, own in parts)
    table = joined_tables(parts, n, COLUMNS)
    return {"task": task, **table, "longest trial": np.full(n, longest)}


def timeline(trials, dt):
    """Say at which step each epoch begins and stops, (N_batch, 8); dt in ms.

    The columns are those of TASK["epochs"], -1 on the trials of a task without the epoch.
    """
    stop = np.full((len(trials["task"]), 8), -1)
    for rows, member, own in by_member(trials, MEMBERS):
        edges = np.insert(member.timeline(own, dt), 0, 0, axis=1)
        for name, ends in member.epochs.items():
            columns = np.subtract(TASK["epochs"][name], 1)
            stop[rows[:, None], columns] = edges[:, ends]
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 68), targets and weights (N_batch, N_steps, 33), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    n, n_steps = len(trials["task"]), steps(trials["longest trial"][0], dt)
    inputs, targets, weights = out or (
        np.empty((n, n_steps, units), np.float32) for units in (68, 33, 33)
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
        # source.task:14
        add_noise(inputs[:, :, MOD1], 0.01 * np.sqrt(20_000 / us(dt)), key, "mod1")
        # source.task:15
        add_noise(inputs[:, :, MOD2], 0.01 * np.sqrt(20_000 / us(dt)), key, "mod2")
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 33): answer (deg), correct (bool), each (N_batch,)."""
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


def whole(x: ArrayLike) -> Ints:
    """Round to the nearest whole number, halves to even."""
    return np.asarray(np.rint(x)).astype(np.int64)


def uniform(u: Floats, low: Number, high: Number) -> Floats:
    """Draw uniformly between low and high."""
    return low + (high - low) * u


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


def one_of(x: Number, allowed: tuple[float, ...], name: str) -> Number:
    """Give x back, or raise ValueError where parameter `name` is none of its allowed values."""
    if not np.all(np.isin(x, allowed)):
        raise ValueError(f"{name} must be one of {allowed}, not {x}")
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
