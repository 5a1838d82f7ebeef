"""Two-armed reversal learning, outcomes of both arms shown.

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
    "name": "reversal",
    "hash": "task1:e32f4508a266",
    "inputs": ("cue", "outcome[left]", "outcome[right]"),
    "outputs": ("choice[left]", "choice[right]"),
    "epochs": {"iti": (0, 1), "respond": (1, 2), "feedback": (2, 3)},
    "labels": {"good": ("left", "right")},
    "units": {
        "block": "", "trial_in_block": "", "trial_in_session": "", "win_left": "bool",
        "win_right": "bool", "iti": "us", "p_good": "", "correct": "bool", "late": "",
        "longest trial": "us",
    },
    "arguments": {"p_good": "p_good"},
}

SESSION = 60  # trials of a sequence
BLOCKS = 5  # blocks of a sequence, at most
CUE, OUTCOME = 0, slice(1, 3)  # columns of the inputs
CHOICE = slice(0, 2)  # columns of the outputs
LEFT, RIGHT = range(2)  # labels of good
ITI, RESPOND, FEEDBACK, PADDING = range(4)  # segments


def sample_trials(n, seed, batch=0, stream=0, *, p_good=0.8):
    """Draw the trials of n sequences, N_trials = n * SESSION, one after another, each (N_trials,):
    block, good (label), trial_in_block, trial_in_session, win_left (bool), win_right (bool), iti
    (us), p_good.
    """
    p_good = hold(p_good, 0.5, 1, "p_good")  # source.task:11
    sequences, n = n, n * BLOCKS  # one row a block
    draw = Draw(n, seed, batch, stream)
    block = np.arange(n) % BLOCKS
    good = alternate(draw, "block:good", BLOCKS, 2)  # source.task:18
    length = integers(draw.unit("block:length"), 12, 20)  # source.task:17
    row, trial_in_block = trials_of_blocks(length, BLOCKS, SESSION)
    block = block[row]
    good = good[row]

    n = sequences * SESSION  # one row a trial
    trial_in_session = np.arange(n) % SESSION
    draw = Draw(n, seed, batch, stream)
    # source.task:28
    win_left = bernoulli(draw.unit("var:win_left"), np.where(good == LEFT, p_good, 1 - p_good))
    # source.task:29
    win_right = bernoulli(draw.unit("var:win_right"), np.where(good == RIGHT, p_good, 1 - p_good))
    iti = whole(uniform(draw.unit("epoch:iti"), 200_000, 400_000))  # source.task:32
    return {
        "block": block,
        "good": good,
        "trial_in_block": trial_in_block,
        "trial_in_session": trial_in_session,
        "win_left": win_left,
        "win_right": win_right,
        "iti": iti,
        "p_good": np.full(n, p_good),
        "longest trial": np.full(n, 900_000),
    }


def timeline(trials, dt):
    """Say at which step each segment stops, (N_trials, 4); dt in ms."""
    longest = trials["longest trial"]
    stop = np.empty((len(longest), 4), np.int64)
    time = np.zeros_like(longest)
    stop[:, ITI] = steps(time := time + trials["iti"], dt)  # source.task:32
    stop[:, RESPOND] = steps(time := time + 300_000, dt)  # source.task:33
    stop[:, FEEDBACK] = steps(time := time + 200_000, dt)  # source.task:34
    stop[:, PADDING] = steps(longest, dt)
    return stop


def arrays(trials, dt, out=None):
    """Make inputs (N_batch, N_steps, 3), targets and weights (N_batch, N_steps, 2), without noise,
    from a trial table; dt in ms.  All are float32; arrays given as out, a tuple of three, are
    filled instead of new ones.
    """
    stop = timeline(trials, dt)
    index = segment_index(in_sequences(segment_lengths(stop[:, : PADDING + 1]), SESSION))
    n = len(stop)
    out = out or (None, None, None)
    trial = np.arange(n)
    good = trials["good"]
    trial_in_block = trials["trial_in_block"]
    win_left = trials["win_left"]
    win_right = trials["win_right"]

    drive = np.zeros((n, 4, 3))
    target = np.zeros((n, 4, 2))
    weight = np.ones((n, 4, 2))
    weight[:, PADDING] = 0

    drive[:, RESPOND, CUE] = 1  # source.task:37
    drive[:, FEEDBACK, OUTCOME.start + LEFT] = np.where(win_left, 1, -1)  # source.task:45
    drive[:, FEEDBACK, OUTCOME.start + RIGHT] = np.where(win_right, 1, -1)  # source.task:46
    target[trial, RESPOND, CHOICE.start + good] = 1  # source.task:38
    weight[:, RESPOND] = np.where(trial_in_block >= 3, 1, 0.1)[:, None]  # source.task:39
    weight[:, ITI] = 0  # source.task:42
    weight[:, FEEDBACK] = 0  # source.task:42

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
    return inputs, targets, weights, trials


def score(outputs, trials, dt):
    """Score outputs (N_batch, N_steps, 2): correct (bool), late, each (N_trials,)."""
    stop = timeline(trials, dt)
    outputs = by_trial(outputs, stop[:, PADDING - 1], SESSION)
    # source.task:49
    correct = (
        argmax_unit(span_mean(outputs[:, :, CHOICE], stop[:, ITI], stop[:, RESPOND]))
        == trials["good"]
    )
    late = np.where(trials["trial_in_block"] >= 5, correct, np.nan)  # source.task:50
    return {"correct": correct, "late": late}


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
