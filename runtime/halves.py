"""Updates in which two threads share a batch, each with the gradients of one half of its trials.

XLA runs the steps of a network one after another on one thread, so that a second core would have
little to do.  Which batches are halved follows from their size and the kind of training, never
from the number of cores: the same seed gives the same bits on one core, only later.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from typing import TypeAlias

from epochal.runtime.backend import Tensor, compiled, tf
from epochal.runtime.config import Training
from epochal.runtime.cores import n_cores
from epochal.runtime.learning import Omega, OwnLoss, OwnPenalty
from epochal.runtime.network import Network

Gradients: TypeAlias = list[Tensor]
Feed: TypeAlias = tuple[Tensor, ...]

FEWEST = 64
"""Trials of a batch from which its halves are worth two threads."""


def may_halve(network: Network, training: Training) -> bool:
    """Whether the gradient is the sum of those of two halves, and a second thread may help.

    It is not where the user's own code sees the whole batch, where a penalty or a consolidation
    is a function of the gradient, and on a GPU, which shares a batch among its cores by itself.
    """
    whole = (Omega, OwnPenalty)
    return not (
        network.cell is not None
        or isinstance(training.loss, OwnLoss)
        or training.consolidation is not None
        or any(isinstance(one, whole) for one in training.regularizers)
        or tf.config.list_physical_devices("GPU")
    )


def half_of(feed: Feed, k: Tensor) -> Feed:
    """Take the first or the second half of the trials of a feed, k 0 or 1."""
    *arrays, noise, n_steps = feed
    mine = [_half(x, k, axis=0) for x in arrays]
    return (*mine, _half(noise, k, axis=1), n_steps)


def _half(x: Tensor, k: Tensor, axis: int) -> Tensor:
    """Take a half of x along an axis by a gather: XLA compiles a slice for each k."""
    shape = [*x.shape]
    shape[axis : axis + 1] = [2, x.shape[axis] // 2]
    return tf.gather(tf.reshape(x, shape), k, axis=axis)


class Halves:
    """A program of an update, or one of the gradients of a half and one that joins two of them.

    Parameters
    ----------
    whole
        Changes the weights by a feed; gives what was minimised.
    half
        From k, 0 or 1, and a feed: what was minimised of that half, and its gradients.
    join
        Changes the weights by the sum of two gradients, given one after the other.
    like
        Tensors of the shapes of the gradients, in their order.
    """

    def __init__(
        self,
        whole: Callable[..., Tensor],
        half: Callable[..., tuple[Tensor, Gradients]],
        join: Callable[..., Tensor],
        like: Iterable[Tensor],
    ) -> None:
        self.whole, self._half, self._join = compiled(whole), compiled(half), compiled(join)
        self._like = [tf.TensorSpec(one.shape, one.dtype) for one in like]
        self._numbers = tf.constant(0), tf.constant(1)
        self._prepared: Future[tuple[Tensor, Gradients]] | None = None
        self._ready = False
        self._in_turn = _n_threads() == 1

    @cached_property
    def _thread(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(max_workers=1, thread_name_prefix="epochal-half")

    def trace(self, *feed: Tensor) -> None:
        """Write the programs for feeds like this one down, as `Program.trace` does."""
        if not _is_halved(feed):
            self.whole.trace(*feed)
            return
        self._half.trace(self._numbers[0], *feed)
        self._join.trace(*self._like, *self._like)

    def prepare(self, *feed: Tensor) -> None:
        """Begin to compile the gradients of a half on the second thread, by making some."""
        if _is_halved(feed):
            self._prepared = self._thread.submit(self._half, self._numbers[1], *feed)

    def __call__(self, *feed: Tensor) -> Tensor:
        """Change the weights by a feed; give what was minimised."""
        if not _is_halved(feed):
            return self.whole(*feed)
        if self._prepared is not None:
            self._prepared.result()
            self._prepared, self._ready = None, True
        first, second = self._numbers
        if self._ready and not self._in_turn:
            other = self._thread.submit(self._half, second, *feed)
            value, found = self._half(first, *feed)
            more, others = other.result()
        else:  # whether XLA takes the program is seen on one thread
            value, found = self._half(first, *feed)
            more, others = self._half(second, *feed)
            self._ready = True
        self._join(*found, *others)
        return value + more


def _n_threads() -> int:
    """Count the threads that TensorFlow was given, or else the cores."""
    given = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return int(given) if given.isdigit() and int(given) > 0 else n_cores()


def _is_halved(feed: Feed) -> bool:
    n_batch = feed[0].shape[0]
    return bool(n_batch >= FEWEST and n_batch % 2 == 0)
