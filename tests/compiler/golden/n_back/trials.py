"""N-back: is this the letter of one trial ago, or of two?.

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
    "name": "n_back",
    "hash": "task1:e96f45df0f03",
    "inputs": ("letter[a]", "letter[b]", "letter[c]", "letter[d]", "rule[one]", "rule[two]"),
    "outputs": ("answer[same]", "answer[different]"),
    "epochs": {"show": (0, 1), "respond": (1, 2)},
    "labels": {
        "back": ("one", "two"), "shown": ("a", "b", "c", "d"), "last": ("a", "b", "c", "d"),
        "before": ("a", "b", "c", "d"), "asked": ("a", "b", "c", "d"),
    },
    "units": {
        "block": "", "pace": "us", "trial_in_block": "", "trial_in_session": "", "counts": "bool",
        "right": "bool", "correct": "", "after_error": "", "longest trial": "us",
    },
    "arguments": {},
}

SESSION = 24  # trials of a sequence
BLOCKS = 4  # blocks of a sequence, at most
LETTER, RULE = slice(0, 4), slice(4, 6)  # columns of the inputs
ANSWER = slice(0, 2)  # columns of the outputs
ONE, TWO = range(2)  # labels of back
A, B, C, D = range(4)  # labels of shown
SAME, DIFFERENT = range(2)  # labels of answer
SHOW, RESPOND, PADDING = range(3)  # segments


def sample_trials(n, seed, batch=0, stream=0):
    """Draw the trials of n sequences, N_trials = n * SESSION, one after another, each (N_trials,):
    block, back (label), pace (us), trial_in_block, trial_in_session, shown (label), last (label),
    before (label), asked (label), counts (bool).
    """
    sequences, n = n, n * BLOCKS  # one row a block
    draw = Draw(n, seed, batch, stream)
    block = np.arange(n) % BLOCKS
    back = alternate(draw, "block:back", BLOCKS, 2)  # source.task:17
    pace = whole(uniform(draw.unit("block:pace"), 200_000, 400_000))  # source.task:19
    length = np.where(back == ONE, 8, 6)  # source.task:18
    row, trial_in_block = trials_of_blocks(length, BLOCKS, SESSION)
    block = block[row]
    back = back[row]
    pace = pace[row]

    n = sequences * SESSION  # one row a trial
    trial_in_session = np.arange(n) % SESSION
    draw = Draw(n, seed, batch, stream)
    shown = pick(draw.unit("var:shown"), 4)  # source.task:29
    last = previous(shown, A, SESSION)  # source.task:30
    before = previous(last, A, SESSION)  # source.task:31
    asked = np.where(back == ONE, last, before)  # source.task:32
    counts = trial_in_block >= 2  # source.task:33
    return {
        "block": block,
        "back": back,
        "pace": pace,
        "trial_in_block": trial_in_block,
        "trial_in_session": trial_in_session,
        "shown": shown,
        "last": last,
        "before": before,
        "asked": asked,
        "counts": counts,
        "longest trial": np.full(n, 700_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_trials, 3); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 3), np.int64)
    time = np.zeros_like(longest)
    stop[:, SHOW] = steps(time := time + 300_000, dt)  # source.task:36
    stop[:, RESPOND] = steps(time := time + trials["pace"], dt)  # source.task:37
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 6), targets and weights (N_batch, N_steps, 2), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(in_sequences(segment_lengths(stop[:, : PADDING + 1]), SESSION))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    back = trials["back"]
    shown = trials["shown"]
    asked = trials["asked"]
    counts = trials["counts"]

    drive = np.zeros((n, 3, 6))
    target = np.zeros((n, 3, 2))
    weight = np.ones((n, 3, 2))
    weight[:, PADDING] = 0

    drive[trial, SHOW:PADDING, RULE.start + back] = 1  # source.task:40
    drive[trial, SHOW, LETTER.start + shown] = 1  # source.task:43
    target[:, RESPOND, ANSWER.start + SAME] = np.where(shown == asked, 1, 0)  # source.task:46
    target[:, RESPOND, ANSWER.start + DIFFERENT] = np.where(shown == asked, 0, 1)  # source.task:47
    weight[:, RESPOND, ANSWER] = np.where(counts, 1, 0)[:, None]  # source.task:48

    inputs = spread(drive, index, out[0])
    targets = spread(target, index, out[1])
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
        key = seed, stream, batch
        # source.task:22
        add_noise(inputs[:, :, LETTER], 0.1 * np.sqrt(20_000 / us(dt)), key, "letter")
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 2): right (bool), correct, after_error, each (N_trials,)."""
    stop = timeline(trials, dt)
    outputs = by_trial(outputs, stop[:, PADDING - 1], SESSION)
    # source.task:51
    right = (
        argmax_unit(span_mean(outputs[:, :, ANSWER], stop[:, SHOW], stop[:, RESPOND]))
        == np.where(trials["shown"] == trials["asked"], SAME, DIFFERENT)
    )
    correct = np.where(trials["counts"], right, np.nan)  # source.task:52
    # source.task:53
    after_error = np.where(np.logical_not(previous(right, True, SESSION)), right, np.nan)
    return {"right": right, "correct": correct, "after_error": after_error}


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


def first_levels(draw: Draw, name: str, n: int, k: int) -> Ints:
    """Deal the first of k levels to n sequences, (n,): whole copies, the rest at random."""
    level = np.argsort(draw.words(f"{name}:cells", k), kind="stable")
    place = np.argsort(draw.words(f"{name}:order", n), kind="stable")
    return level[place % k].astype(np.int64)


def alternate(draw: Draw, name: str, blocks: int, k: int) -> Ints:
    """Let k levels follow each other round and round, block by block, (N_batch * blocks,)."""
    level = first_levels(draw, name, draw.n // blocks, k)[:, None] + np.arange(blocks)
    return (level % k).ravel()


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
