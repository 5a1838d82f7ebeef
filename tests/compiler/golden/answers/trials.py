"""An answer to every probe: scores with one value for each repetition.

Vectorised trials, printed by Epochal from source.task.

Needs only NumPy; keep it, edit it.  Arguments are in ms, Hz and deg.  In the trial table times are
whole microseconds, angles are in deg, and labels are positions in TASK["labels"].
"""

import hashlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TASK = {
    "name": "answers",
    "hash": "task1:6ed2e60b04a4",
    "inputs": (
        "fixation", "item[left]", "item[right]", "memory[0]", "memory[1]", "memory[2]",
        "memory[3]", "memory[4]", "memory[5]", "memory[6]", "memory[7]",
    ),
    "outputs": (
        "choice[left]", "choice[right]", "press", "report[0]", "report[1]", "report[2]",
        "report[3]", "report[4]", "report[5]", "report[6]", "report[7]",
    ),
    "epochs": {"fix": (0, 1), "probe": (1, 11), "answer": (2, 13), "rest": (13, 14)},
    "labels": {"side": ("left", "right"), "picked": ("left", "right")},
    "units": {
        "n": "", "angle": "deg", "wait": "us", "go": "bool", "probe": "us", "level": "",
        "there": "bool", "first": "bool", "away": "deg", "latency": "us", "peak": "",
        "strongest": "", "spread": "", "overall": "bool", "mean_away": "deg", "quickest": "us",
        "highest": "", "all_right": "bool", "n_first": "", "before": "bool", "swapped": "bool",
        "place": "", "held": "bool", "correct": "", "longest trial": "us",
    },
    "arguments": {"level": "level"},
}

FIXATION, ITEM, MEMORY = 0, slice(1, 3), slice(3, 11)  # columns of the inputs
CHOICE, PRESS, REPORT = slice(0, 2), 2, slice(3, 11)  # columns of the outputs
MOST = 4  # source.task:11
FIX, REST, PADDING = 0, 13, 14  # segments, then loose cuts
PROBE, ANSWER_1, ANSWER_2 = np.arange(1, 13).reshape(4, 3).T  # segments, one a repetition
ANSWER = np.stack((ANSWER_1, ANSWER_2), axis=1)
CUT_1 = np.arange(15, 19)


def sample_trials(n, seed, batch=0, stream=0, *, level=0.5):
    """Draw the trial table, each (N_batch,): n, side (4 values, label), angle (4 values, deg),
    wait (us), go (bool), probe (4 values, us), level.
    """
    level = hold(level, 0, 1, "level")  # source.task:12
    draw = Draw(n, seed, batch, stream)
    n_ = integers(draw.unit("var:n"), 1, MOST)  # source.task:25
    side = pick(draw.units("var:side", 4), 2)  # source.task:26
    angle = uniform(draw.units("var:angle", 4), 0, 360)  # source.task:27
    wait = whole(uniform(draw.unit("var:wait"), 0, 60_000))  # source.task:28
    go = bernoulli(draw.unit("var:go"), 0.8)  # source.task:29
    probe = whole(uniform(draw.units("epoch:probe", 4), 40_000, 80_000))  # source.task:34
    return {
        "n": n_,
        "side": side,
        "angle": angle,
        "wait": wait,
        "go": go,
        "probe": probe,
        "level": np.full(n, level),
        "longest trial": np.full(n, 800_004),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_batch, 19); dt in ms."""
    longest = trials["longest trial"]
    n = len(longest)
    span = np.zeros((n, 19), np.int64)  # how long each lasts, us
    span[:, FIX] = 60_000  # source.task:32
    at, i = repetitions(n, 4)  # source.task:33
    at, i = kept(i < trials["n"][at], at, i)
    span[at, PROBE[i]] = trials["probe"][at, i]  # source.task:34
    span[at, ANSWER_2[i]] = whole(60_000 + 20_000 * i)  # source.task:35
    span[:, REST] = 60_000  # source.task:36
    span[:, PADDING] = longest - span.sum(axis=1)
    end = np.cumsum(span, axis=1)
    at, i = repetitions(n, 4)  # source.task:33
    end[at, ANSWER_1[i]] = np.clip(
        end[at, ANSWER_1[i]] + trials["wait"][at], end[at, ANSWER_1[i]], end[at, ANSWER_2[i]]
    )
    at, i = repetitions(n, 4)  # source.task:33
    end[at, CUT_1[i]] = np.clip(
        end[at, ANSWER_2[i]] - span[at, ANSWER_2[i]] + whole(20_000 + 10_000 * i),
        end[at, ANSWER_2[i]] - span[at, ANSWER_2[i]],
        end[at, ANSWER_2[i]],
    )
    return steps(end, dt)


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 11), targets and weights (N_batch, N_steps, 11), without
    noise, from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three,
    are filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(segment_lengths(stop[:, : PADDING + 1]))
    n = len(stop)
    out = out or (None, None, None)
    side = trials["side"]
    angle = trials["angle"]
    go = trials["go"]

    drive = np.zeros((n, 15, 11))
    target = np.zeros((n, 15, 11))
    weight = np.ones((n, 15, 11))
    weight[:, PADDING] = 0

    drive[:, FIX : ANSWER_2[-1] + 1, FIXATION] = 1  # source.task:39
    at, i = repetitions(n, 4)  # source.task:42
    drive[at, PROBE[i], ITEM.start + side[at, i]] = 1  # source.task:42
    drive[at, PROBE[i], MEMORY] = bump(angle[at, i], 40, 8)  # source.task:43
    at, i = repetitions(n, 4)  # source.task:46
    at, i = kept(go[at], at, i)
    target[at[:, None], ANSWER[i], (CHOICE.start + side[at, i])[:, None]] = 1  # source.task:46
    target[at[:, None], ANSWER[i], PRESS] = 1  # source.task:47
    target[at[:, None], ANSWER[i], REPORT] = bump(angle[at, i], 40, 8)[:, None]  # source.task:48
    weight[:, ANSWER_1] = 0  # source.task:51

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
    """Score outputs (N_batch, N_steps, 11): there (4 values, bool), picked (4 values, label),
    first (4 values, bool), away (4 values, deg), latency (4 values, us), peak (4 values),
    strongest (4 values), spread (4 values), overall (bool), mean_away (deg), quickest (us),
    highest, all_right (bool), n_first, before (bool), swapped (4 values, bool), place (4 values),
    held (4 values, bool), correct (4 values), each (N_batch,).
    """
    stop = timeline(trials, dt)
    n = len(stop)
    there = np.arange(4)[None] < trials["n"][:, None]  # source.task:54
    # source.task:55
    picked = argmax_unit(
        each_span(span_mean, outputs[:, :, CHOICE], stop[:, PROBE], stop[:, ANSWER_2])
    )
    # source.task:56
    first = (
        argmax_unit(each_span(span_mean, outputs[:, :, CHOICE], stop[:, PROBE], stop[:, CUT_1]))
        == trials["side"]
    )
    # source.task:57
    away = np.abs(
        angle_between(
            population_vector(
                each_span(span_mean, outputs[:, :, REPORT], stop[:, PROBE], stop[:, ANSWER_2])
            ),
            trials["angle"],
        ),
    )
    # source.task:58
    latency = each_first_above(
        outputs[:, :, PRESS : PRESS + 1],
        trials["level"][:, None] + 0.1 * np.arange(4)[None],
        stop[:, ANSWER_1],
        stop[:, ANSWER_2],
        dt,
    )
    # source.task:59
    peak = each_span(
        span_max, outputs[:, :, PRESS : PRESS + 1], begin(stop, PROBE), stop[:, ANSWER_2]
    )[:, :, 0]
    # source.task:60
    strongest = each_span(span_max, outputs[:, :, CHOICE], stop[:, PROBE], stop[:, ANSWER_2]).max(
        axis=2
    )
    # source.task:61
    spread_ = (
        each_span(span_mean, outputs[:, :, CHOICE], stop[:, PROBE], stop[:, ANSWER_2]).max(axis=2)
        - each_span(span_mean, outputs[:, :, CHOICE], stop[:, PROBE], stop[:, ANSWER_2]).min(axis=2)
    )
    # source.task:62
    overall = (
        argmax_unit(
            known_sum(
                each_span(span_mean, outputs[:, :, CHOICE], stop[:, PROBE], stop[:, ANSWER_2])
            ),
        )
        == trials["side"][:, 0]
    )
    mean_away = known_mean(away)  # source.task:63
    quickest = known_min(latency)  # source.task:64
    highest = known_max(peak) - peak[:, 0]  # source.task:65
    all_right = ((picked == trials["side"]) | np.logical_not(there)).all(axis=1)  # source.task:66
    n_first = first.sum(axis=1)  # source.task:67
    # source.task:68
    before = (
        span_last(
            outputs[:, :, PRESS : PRESS + 1], np.zeros(n, np.int64), stop[:, ANSWER_2[-1]]
        )[:, 0]
        > known_mean(peak)
    )
    swapped = np.where(picked < 0, -1, 1 - picked) == trials["side"]  # source.task:69
    place = known_position(picked) + (known_sum(peak) / MOST)[:, None]  # source.task:70
    held = peak < trials["level"][:, None]  # source.task:71
    # source.task:72
    correct = np.where(
        np.logical_not(there),
        np.nan,
        np.where(trials["go"][:, None], picked == trials["side"], held),
    )
    return {
        "there": there,
        "picked": picked,
        "first": first,
        "away": away,
        "latency": latency,
        "peak": peak,
        "strongest": strongest,
        "spread": spread_,
        "overall": overall,
        "mean_away": mean_away,
        "quickest": quickest,
        "highest": highest,
        "all_right": all_right,
        "n_first": n_first,
        "before": before,
        "swapped": swapped,
        "place": place,
        "held": held,
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


def integers(u: Floats, low: Number, high: Number) -> Ints:
    """Draw a whole number from low to high, both included."""
    return (low + np.floor(u * (high - low + 1))).astype(np.int64)


def bernoulli(u: Floats, p: Number) -> Bools:
    """Draw true with probability p."""
    return u < p


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


def first_above(x: Array, level: Number, start: Ints, stop: Ints, dt: float) -> Floats:
    """Time in us from the span's start to its first step above level, (N_batch, N_units).

    nan where no step is; level is one number or (N_batch,), dt in ms.
    """
    above = (x > np.reshape(level, (-1, 1, 1))) & in_span(x, start, stop)
    time = (above.argmax(axis=1) - start[:, None]) * us(dt)
    return np.where(above.any(axis=1), time, np.nan)


def each_span(
    reduce: Callable[[Array, Ints, Ints], Floats], x: Array, start: Ints, stop: Ints
) -> Floats:
    """Reduce K spans of each trial by one of the functions above, (N_batch, K, N_units).

    start and stop are (N_batch, K) steps.
    """
    spans, length = cut_spans(x, start, stop)
    return reduce(spans, np.zeros_like(length), length).reshape(*start.shape, x.shape[2])


def each_first_above(x: Array, level: Number, start: Ints, stop: Ints, dt: float) -> Floats:
    """Time in us from the start of each of K spans to its first step above level, (N_batch, K).

    x has one unit; level is one number, (N_batch, 1) or (N_batch, K), dt in ms.
    """
    spans, length = cut_spans(x, start, stop)
    levels = np.broadcast_to(level, start.shape).ravel()
    return first_above(spans, levels, np.zeros_like(length), length, dt).reshape(start.shape)


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


def known_min(x: Array) -> Floats:
    """Smallest of the values of each row that are not nan; nan where all are."""
    x = x.astype(np.float64)  # whole numbers have no infinity
    known = ~np.isnan(x)
    least = np.min(x, axis=1, where=known, initial=np.inf)
    return np.where(known.any(axis=1), least, np.nan)


def known_max(x: Array) -> Floats:
    """Largest of the values of each row that are not nan; nan where all are."""
    return -known_min(-x)


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
