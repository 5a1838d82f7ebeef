"""Sessions: trials that follow each other in one sequence, and the blocks they come in.

N_trials is N_batch sequences times the trials of each; row s * trials + j of a trial table is trial
j of sequence s.
"""

import numpy as np

from epochal.compiler.prelude.words import Array, Draw, Floats32, Ints, Number


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
