"""Repetitions of groups of epochs: which there are, and which columns and steps are theirs."""

import numpy as np

from epochal.compiler.prelude.words import Bools, Ints


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
