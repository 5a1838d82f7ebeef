"""Loops over time steps, and what they leave.

XLA differentiates a loop in time that grows as the square of its steps.  So no loop here is
differentiated: each cell has one loop ahead and one back, derived by hand, that carry only its
state; weight gradients are single matrix products afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from epochal.runtime.backend import Tensor, tf

Tensors: TypeAlias = tuple[Tensor, ...]
Step = Callable[..., tuple[Tensors, Tensors]]
"""From t and the state to the next state and what is kept of this step."""


def ahead(
    step: Step, state: Tensors, n_steps: Tensor, size: tuple[int, int], widths: Tensors
) -> Tensors:
    """Run steps 0, 1, .. and give what they kept, each (N_max, N_batch, width).

    Parameters
    ----------
    n_steps
        Scalar int32 tensor, at most N_max; it may change from call to call without a new
        compilation.  What is kept of later steps is 0.
    size
        N_max and N_batch.
    """
    n_max, _ = size

    def body(t: Tensor, *rest: Tensor) -> Tensors:
        after, made = step(t, *rest[: len(state)])
        return t + 1, *after, *_written(rest[len(state) :], t, made)

    _, *rest = tf.while_loop(
        lambda t, *_: t < n_steps,
        body,
        (tf.constant(0), *state, *_room(size, widths, state[0].dtype)),
        parallel_iterations=1,
        maximum_iterations=n_max,
    )
    return tuple(array.stack() for array in rest[len(state) :])


def back(
    step: Step, state: Tensors, n_steps: Tensor, size: tuple[int, int], widths: Tensors
) -> tuple[Tensors, Tensors]:
    """Run steps ``n_steps - 1`` to 0; give the state they end in, too."""
    n_max, _ = size

    def body(t: Tensor, *rest: Tensor) -> Tensors:
        after, made = step(t, *rest[: len(state)])
        return t - 1, *after, *_written(rest[len(state) :], t, made)

    _, *rest = tf.while_loop(
        lambda t, *_: t >= 0,
        body,
        (n_steps - 1, *state, *_room(size, widths, state[0].dtype)),
        parallel_iterations=1,
        maximum_iterations=n_max,
    )
    return tuple(rest[: len(state)]), tuple(array.stack() for array in rest[len(state) :])


def shifted(first: Tensor, later: Tensor) -> Tensor:
    """Values one step before: ``first``, then those of every step but the last."""
    return tf.concat([first[None], later[:-1]], axis=0)


def product(x: Tensor, W: Tensor) -> Tensor:
    """``x W^T`` over the last axis of x, as one matrix product."""
    rows, columns = W.shape
    flat = tf.matmul(tf.reshape(x, [-1, columns]), W, transpose_b=True)
    return tf.reshape(flat, [*x.shape[:-1], rows])


def outer(D: Tensor, r: Tensor) -> Tensor:
    """Sum over steps and trials of the outer products ``D r^T``: a gradient of weights."""
    flat = tf.reshape(D, [-1, D.shape[-1]])
    return tf.matmul(flat, tf.reshape(r, [-1, r.shape[-1]]), transpose_a=True)


def _room(size: tuple[int, int], widths: Tensors, dtype: Tensor) -> list[Tensor]:
    """Room for an array per step; what is never written is read as 0."""
    n_max, n_batch = size
    return [tf.TensorArray(dtype, size=n_max, element_shape=[n_batch, width]) for width in widths]


def _written(arrays: Tensors, t: Tensor, made: Tensors) -> list[Tensor]:
    return [array.write(t, one) for array, one in zip(arrays, made, strict=True)]
