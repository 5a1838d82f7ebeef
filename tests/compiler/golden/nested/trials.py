"""Repeats in repeats: drawn counts, ramps, loose slices, noise, spans across edges.

Vectorised trials, printed by Epochal from source.task.

Needs only NumPy; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial table times are
whole microseconds, angles are in deg, and labels are positions in TASK["labels"].
"""

import hashlib
import math
from collections.abc import Callable
from functools import cache
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TASK = {
    "name": "nested",
    "hash": "task1:515111dd1c38",
    "inputs": (
        "fixation", "tone[low]", "tone[high]", "place[0]", "place[1]", "place[2]", "place[3]",
        "place[4]", "place[5]", "place[6]", "place[7]",
    ),
    "outputs": ("press[low]", "press[high]", "level"),
    "epochs": {
        "fix": (0, 1), "lead": (1, 18), "pulse": (3, 27), "gap": (4, 30), "pause": (15, 31),
        "cue": (31, 37), "blink": (32, 41), "respond": (41, 42),
    },
    "labels": {"side": ("low", "high")},
    "units": {
        "loud": "bool", "n_trains": "", "n_pulses": "", "strength": "", "rank": "", "wait": "us",
        "lead": "us", "pulse": "us", "correct": "bool", "early": "", "late": "", "shown": "",
        "pressed": "bool", "presses": "", "longest trial": "us",
    },
    "arguments": {},
}

FIXATION, TONE, PLACE = 0, slice(1, 3), slice(3, 11)  # columns of the inputs
PRESS, LEVEL = slice(0, 2), 2  # columns of the outputs
LOW, HIGH = range(2)  # labels of side
FIX, RESPOND, PADDING = 0, 41, 42  # segments, then loose cuts
CUT_3, CUT_4, CUT_5, CUT_6 = 51, 52, 53, 54  # segments, then loose cuts
LEAD_1, LEAD_2, PAUSE = np.arange(1, 31).reshape(2, 15)[:, [0, 1, 14]].T
PULSE, GAP_1, GAP_2, GAP_3 = np.arange(1, 31).reshape(2, 15)[:, 2 : 14].reshape(6, 4).T
CUE = np.arange(31, 41).reshape(2, 5)[:, 0]  # segments, one a repetition
BLINK_1, BLINK_2 = np.arange(31, 41).reshape(2, 5)[:, 1 : 5].reshape(4, 2).T
CUT_1 = np.arange(43, 49)
CUT_2 = np.arange(49, 51)
CUT_7 = np.arange(55, 57)


def sample_trials(n, seed, batch=0, stream=0):
    """Draw the trial table, each (N_batch,): side (label), loud (bool), n_trains, n_pulses (2
    values), strength (6 values), rank (4 values), wait (us), lead (2 values, us), pulse (6 values,
    us).
    """
    draw = Draw(n, seed, batch, stream)
    cell = draw.design(2)
    side = cell  # source.task:20
    loud = bernoulli(draw.unit("var:loud"), 0.7)  # source.task:21
    n_trains = integers(draw.unit("var:n_trains"), 0, 2)  # source.task:22
    n_pulses = integers(draw.units("var:n_pulses", 2), 0, 3)  # source.task:23
    strength = uniform(draw.units("var:strength", 6), 0, 1)  # source.task:24
    rank = permutation(draw.each("var:rank", 4))  # source.task:25
    wait = whole(uniform(draw.unit("var:wait"), 10_000, 60_000))  # source.task:26
    at, train = repetitions(n, 2)  # source.task:31
    # source.task:31
    lead = whole(
        uniform(draw.units("epoch:lead", 2), 20_000, np.reshape(30_000 + 20_000 * train, (n, 2)))
    )
    pulse = whole(uniform(draw.units("epoch:pulse", 6), 20_000, 50_000))  # source.task:33
    return {
        "side": side,
        "loud": loud,
        "n_trains": n_trains,
        "n_pulses": n_pulses,
        "strength": strength,
        "rank": rank,
        "wait": wait,
        "lead": lead,
        "pulse": pulse,
        "longest trial": np.full(n, 1_240_008),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 57); dt in ms."""
    longest = trials["longest trial"]
    n = len(longest)
    span = np.zeros((n, 57), np.int64)  # how long each lasts, us
    span[:, FIX] = 100_000  # source.task:29
    at, train = repetitions(n, 2)  # source.task:30
    at, train = kept(train < trials["n_trains"][at], at, train)
    span[at, LEAD_2[train]] = trials["lead"][at, train]  # source.task:31
    span[at, PAUSE[train]] = whole(20_000 * (train + 1))  # source.task:35
    at, it = repetitions(n, 6)  # source.task:32
    train, i = np.unravel_index(it, (2, 3))
    at, it, train, i = kept(
        (train < trials["n_trains"][at]) & (i < trials["n_pulses"][at, train]), at, it, train, i
    )
    span[at, PULSE[it]] = trials["pulse"][at, train * 3 + i]  # source.task:33
    span[at, GAP_3[it]] = whole(30_000 + 10_000 * i)  # source.task:34
    span[:, CUE] = 80_000  # source.task:37
    span[:, BLINK_2] = 20_000  # source.task:39
    span[:, RESPOND] = 200_000  # source.task:40
    span[:, PADDING] = longest - span.sum(axis=1)
    end = np.cumsum(span, axis=1)
    end[:, LEAD_1] = np.minimum(end[:, LEAD_1] + 20_000, end[:, LEAD_2])
    at, it = repetitions(n, 6)  # source.task:32
    train, i = np.unravel_index(it, (2, 3))
    end[at, GAP_1[it]] = np.clip(
        end[at, GAP_1[it]] + whole(5000 * i), end[at, GAP_1[it]], end[at, GAP_3[it]]
    )
    end[:, GAP_2] = np.maximum(end[:, GAP_3] - 10_000, end[:, GAP_2])
    end[:, BLINK_1] = np.minimum(end[:, BLINK_1] + 10_000, end[:, BLINK_2])
    at, it = repetitions(n, 6)  # source.task:32
    train, i = np.unravel_index(it, (2, 3))
    end[at, CUT_1[it]] = np.clip(
        end[at, GAP_3[it]] - span[at, GAP_3[it]] + trials["wait"][at],
        end[at, GAP_3[it]] - span[at, GAP_3[it]],
        end[at, GAP_3[it]],
    )
    at, train = repetitions(n, 2)  # source.task:30
    end[at, CUT_2[train]] = np.clip(
        end[at, PULSE[::3][train]] - span[at, PULSE[::3][train]] + trials["wait"][at],
        end[at, PULSE[::3][train]] - span[at, PULSE[::3][train]],
        end[at, PAUSE[train]],
    )
    end[:, CUT_3] = end[:, PULSE[0]]
    at, it = repetitions(n, 6)  # source.task:32
    train, i = np.unravel_index(it, (2, 3))
    at, it, train, i = kept(
        (train < trials["n_trains"][at]) & (i < trials["n_pulses"][at, train]), at, it, train, i
    )
    end[at, CUT_3] = end[at, PULSE[it]]
    end[:, CUT_4] = np.minimum(end[:, FIX] - span[:, FIX] + 150_000, end[:, CUT_3])
    end[:, CUT_5] = end[:, PULSE[0]] - span[:, PULSE[0]]
    at, it = repetitions(n, 6)  # source.task:32
    train, i = np.unravel_index(it, (2, 3))
    at, it, train, i = kept(
        (train < trials["n_trains"][at]) & (i < trials["n_pulses"][at, train]), at, it, train, i
    )
    at, it, train, i = kept(np.s_[::-1], at, it, train, i)
    end[at, CUT_5] = end[at, PULSE[it]] - span[at, PULSE[it]]
    end[:, CUT_6] = np.maximum(end[:, CUE[-1]] - 30_000, end[:, CUT_5])
    end[:, CUT_7] = np.minimum(end[:, PULSE[::3]] - span[:, PULSE[::3]] + 10_000, end[:, PAUSE])
    return steps(end, dt)


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 11), targets and weights (N_batch, N_steps, 3), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    side = trials["side"]
    loud = trials["loud"]
    strength = trials["strength"]
    rank = trials["rank"]

    drive = np.zeros((n, 43, 11))
    target = np.zeros((n, 43, 3))
    weight = np.ones((n, 43, 3))
    weight[:, PADDING] = 0

    drive[:, FIX : PAUSE[-1] + 1, FIXATION] = 1  # source.task:43
    at, it = repetitions(n, 6)  # source.task:46
    train, i = np.unravel_index(it, (2, 3))
    drive[at, PULSE[it], TONE.start + side[at]] = strength[at, train * 3 + i]  # source.task:46
    # source.task:47
    drive[at, PULSE[it], TONE.start + LOW] += row_sum(strength[at] * (i + 1)[:, None]) / 20
    at, train = repetitions(n, 2)  # source.task:53
    # source.task:53
    drive[at[:, None], between(LEAD_1, GAP_3[2::3])[train], PLACE] += (
        0.1 * (train + 1)
    )[:, None, None]
    at, it = repetitions(n, 6)  # source.task:59
    train, i = np.unravel_index(it, (2, 3))
    drive[at, GAP_2[it], PLACE.start + np.asarray(rank[at, i], int)] = 2  # source.task:59
    target[:, between(LEAD_2, GAP_3[2::3]), LEVEL] += 0.5  # source.task:56
    at, it = repetitions(n, 6)  # source.task:60
    train, i = np.unravel_index(it, (2, 3))
    weight[at, GAP_2[it], PRESS] *= (1 + train)[:, None]  # source.task:60

    inputs = spread(drive, index, out[0])
    at, it = repetitions(n, 6)  # source.task:50
    train, i = np.unravel_index(it, (2, 3))
    at, it, train, i = kept(loud[at] & (i > 0), at, it, train, i)
    row, step, k = flat_steps(begin(stop, PULSE)[at, it], stop[at, PULSE[it]])
    at, it, train, i = kept(row, at, it, train, i)
    t = k * us(dt)
    inputs[at, step, TONE.start + HIGH] += t / 50_000
    at, it = repetitions(n, 6)  # source.task:63
    train, i = np.unravel_index(it, (2, 3))
    at, it, train, i = kept(i != 1, at, it, train, i)
    row, step, k = flat_steps(stop[at, PULSE[it]], stop[at, CUT_1[it]])
    at, it, train, i = kept(row, at, it, train, i)
    inputs[at, step, TONE.start + LOW] -= 0.3
    at, train = repetitions(n, 2)  # source.task:67
    row, step, k = flat_steps(stop[at, CUT_2[train]], stop[at, PAUSE[train]])
    at, train = kept(row, at, train)
    inputs[at, step, PLACE] = bump(90 * train, 40, 8)
    at, i = repetitions(n, 2)  # source.task:79
    row, step, k = flat_steps(begin(stop, CUE)[at, i], stop[at, CUE[i]])
    at, i = kept(row, at, i)
    inputs[at, step, TONE] += (0.2 * (i + 1))[:, None]
    at, it = repetitions(n, 4)  # source.task:79
    i, j = np.unravel_index(it, (2, 2))
    row, step, k = flat_steps(begin(stop, BLINK_1)[at, it], stop[at, BLINK_2[it]])
    at, it, i, j = kept(row, at, it, i, j)
    inputs[at, step, TONE] += (0.2 * (i + 1))[:, None]
    at, it = repetitions(n, 4)  # source.task:82
    i, j = np.unravel_index(it, (2, 2))
    row, step, k = flat_steps(begin(stop, BLINK_1)[at, it], stop[at, BLINK_1[it]])
    at, it, i, j = kept(row, at, it, i, j)
    inputs[at, step, PLACE.start + (i + j + 1)] += 1 + j
    targets = spread(target, index, out[1])
    at, step, k = flat_steps(stop[:, CUT_4], stop[:, CUT_3])  # source.task:70
    targets[at, step, LEVEL] = 0.4
    at, step, k = flat_steps(np.zeros(n, np.int64), stop[:, CUT_3])  # source.task:73
    targets[at, step, PRESS.start + LOW] = 0.2
    at, step, k = flat_steps(stop[:, BLINK_2[-1]], stop[:, RESPOND])  # source.task:91
    targets[at, step, PRESS.start + side[at]] = 1
    weights = spread(weight, index, out[2])
    at, step, k = flat_steps(stop[:, CUT_5], stop[:, CUT_6])  # source.task:76
    weights[at, step, LEVEL] += 1
    at, step, k = flat_steps(stop[:, PAUSE[-1]], stop[:, RESPOND])  # source.task:88
    weights[at, step, LEVEL] = 2
    return inputs, targets, weights


def generate(n, dt, seed, batch=0, stream=0, noise=True, out=None, **params):
    """Make one batch of n trials at dt ms; params are those of sample_trials.

    Returns inputs, targets and weights as in arrays, the inputs with their noise, and the trial
    table.
    """
    trials = sample_trials(n, seed, batch, stream, **params)
    inputs, targets, weights = arrays(trials, dt, out)
    if noise:
        stop = timeline(trials, dt)
        index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
        loud = trials["loud"]
        key = seed, stream, batch
        sd = np.full((n, 43, 1), 0.1, np.float64)  # source.task:12
        step_sd = spread(sd, index)
        at, it = repetitions(n, 6)  # source.task:64
        train, i = np.unravel_index(it, (2, 3))
        at, it, train, i = kept(i != 1, at, it, train, i)
        row, step, k = flat_steps(stop[at, PULSE[it]], stop[at, CUT_1[it]])
        at, it, train, i = kept(row, at, it, train, i)
        step_sd[at, step, 0] = 0.1 * (1 + i)
        add_scaled_noise(inputs[:, :, TONE], step_sd[:, :, 0], key, "tone")
        sd = np.full((n, 43, 1), 0.2 * np.sqrt(20_000 / us(dt)), np.float64)  # source.task:13
        at, i = repetitions(n, 2)  # source.task:85
        at, i = kept(np.logical_not(loud[at]), at, i)
        # source.task:85
        sd[at[:, None], between(CUE, BLINK_2[1::2])[i], 0] = 0.3 * np.sqrt(20_000 / us(dt))
        step_sd = spread(sd, index)
        add_scaled_noise(inputs[:, :, PLACE], step_sd[:, :, 0], key, "place")
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 3): correct (bool), early, late (2 values), shown, pressed
    (6 values, bool), presses, each (N_batch,).
    """
    stop = timeline(trials, dt)
    n = len(stop)
    # source.task:94
    correct = (
        argmax_unit(span_mean(outputs[:, :, PRESS], stop[:, BLINK_2[-1]], stop[:, RESPOND]))
        == trials["side"]
    )
    # source.task:95
    early = span_max(outputs[:, :, LEVEL : LEVEL + 1], np.zeros(n, np.int64), stop[:, CUT_3])[:, 0]
    # source.task:96
    late = each_span(
        span_mean, outputs[:, :, LEVEL : LEVEL + 1], stop[:, CUT_7], stop[:, PAUSE]
    )[:, :, 0]
    shown = known_mean(late)  # source.task:97
    # source.task:98
    pressed = (
        each_span(
            span_last, outputs[:, :, LEVEL : LEVEL + 1], begin(stop, PULSE), stop[:, PULSE]
        )[:, :, 0]
        > 0.3
    )
    presses = pressed.sum(axis=1)  # source.task:99
    return {
        "correct": correct,
        "early": early,
        "late": late,
        "shown": shown,
        "pressed": pressed,
        "presses": presses,
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


def begin(stop: Ints, columns: Ints) -> Ints:
    """Give the step at which segments begin, (N_batch, K), from that at which each stops."""
    return np.where(columns > 0, stop[:, columns - 1], 0)


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


def each_span(
    reduce: Callable[[Array, Ints, Ints], Floats], x: Array, start: Ints, stop: Ints
) -> Floats:
    """Reduce K spans of each trial by one of the functions above, (N_batch, K, N_units).

    start and stop are (N_batch, K) steps.
    """
    spans, length = cut_spans(x, start, stop)
    return reduce(spans, np.zeros_like(length), length).reshape(*start.shape, x.shape[2])


def cut_spans(x: Array, start: Ints, stop: Ints) -> tuple[Array, Ints]:
    """Cut K spans out of each trial, (N_batch * K, longest, N_units), and give their lengths."""
    length = np.maximum(stop - start, 0).ravel()
    trial = np.repeat(np.arange(len(x)), start.shape[1])
    step = start.reshape(-1, 1) + np.arange(length.max(initial=1))
    return x[trial[:, None], np.minimum(step, x.shape[1] - 1)], length


def known_sum(x: Array) -> Array:
    """Sum of the values of each row that are not nan, (N_batch, ..) from (N_batch, n, ..)."""
    return row_sum(np.where(np.isnan(x), 0, x))


def known_mean(x: Array) -> Floats:
    """Mean of the values of each row that are not nan; nan where all are."""
    n = np.sum(~np.isnan(x), axis=1)
    return np.where(n > 0, known_sum(x) / np.maximum(n, 1), np.nan)


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
