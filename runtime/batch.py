"""What training needs of a task: batches of trials, and the protocol of their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]
Column = NDArray[np.generic]  # of a trial table: whole numbers, floats or booleans


class Stream(IntEnum):
    """Which of a seed's independent streams of trials a batch is drawn from."""

    TRAIN = 0
    EVALUATION = 1
    TEST = 2
    LOCK = 3


@dataclass(frozen=True, eq=False)
class Batch:
    """Trials ready for a network; nothing in it changes once it is made.

    A sequence is one trial, or the trials of one session of a task that has sessions: then
    N_trials, the rows of the trial table, is N_batch times as many.  N_batch counts sequences.

    Attributes
    ----------
    inputs
        (N_batch, N_steps, N_in) float32.
    targets, weights
        (N_batch, N_steps, N_out) float32: what the outputs should be and how much it counts.
        The weights are 0 in padding.
    trials
        The trial table, each column (N_trials,), arrays (N_trials, n); the trials of a session
        stand one after another.  Times are whole microseconds, labels are positions.
    lengths
        (N_batch,) steps of each sequence, padding apart.
    epochs
        For each epoch (N_trials, 2): the first step of the sequence in it, and the first after it;
        of a repeated epoch, from its first repetition to its last, with what lies between; -1 on
        the trials of a set whose task has no such epoch.
    dt
        Length of a step in ms.
    """

    inputs: Float
    targets: Float
    weights: Float
    trials: Mapping[str, Column]
    lengths: NDArray[np.int64]
    epochs: Mapping[str, NDArray[np.int64]]
    dt: float


class TrialSource(Protocol):
    """A compiled task, as training and evaluation see it.

    Its text, IR and module are kept with a run, so that the run can be repeated.
    """

    @property
    def name(self) -> str:
        """Name the task."""

    @property
    def hash(self) -> str:
        """Give the task hash, "task1:..."."""

    @property
    def source(self) -> str:
        """Give the text of the task."""

    @property
    def module_source(self) -> str:
        """Give the generated module, Python text."""

    @property
    def ir_json(self) -> bytes:
        """Give the IR as canonical JSON."""

    @property
    def n_in(self) -> int:
        """Count the inputs, N_in."""

    @property
    def n_out(self) -> int:
        """Count the outputs, N_out."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Name each column of the inputs, "motion[left]"."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Name each column of the outputs."""

    @property
    def session(self) -> int:
        """Count the trials of one sequence: 1, or those of a session."""

    @property
    def spread(self) -> int:
        """Count the batches that a measure takes at least: 1, or more where batches differ."""

    def n_steps(self, dt: float) -> int:
        """Count the steps of a sequence at dt ms, padding included."""

    @property
    def labels(self) -> Mapping[str, tuple[str, ...]]:
        """Give the labels of columns and scores that hold positions."""

    @property
    def units(self) -> Mapping[str, str]:
        """Give the units of columns and scores: "us", "Hz", "deg", ""."""

    @property
    def values(self) -> Mapping[str, object]:
        """Give the values that the parameters are bound to, as JSON may hold them."""

    def batch(
        self,
        n: int,
        *,
        dt: float,
        seed: int,
        batch: int = 0,
        stream: Stream = Stream.TRAIN,
        noise: bool = True,
    ) -> Batch:
        """Draw ``n`` sequences; the same arguments give the same trials."""

    def score(self, outputs: Float, batch: Batch) -> Mapping[str, Column]:
        """Score outputs (N_batch, N_steps, N_out), each score (N_trials,), arrays (N_trials, n).

        "correct" is what accuracy means: NaN is left out, false counts as an error.  Scores that
        are labels hold positions, -1 for none.
        """
