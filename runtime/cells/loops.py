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

NOTHING_BACK = -0.0
"""What a loop back keeps of later steps: 0, but not the zeros ahead, which XLA would copy."""

FEWEST_TERMS = 4
"""Terms of a sum of products from which XLA calls its library; fewer become a plain loop."""


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
    """Run steps ``n_steps - 1`` to 0; give the state they end in, too.

    What is kept of later steps is 0 here, too.
    """
    n_max, _ = size

    def body(t: Tensor, *rest: Tensor) -> Tensors:
        after, made = step(t, *rest[: len(state)])
        return t - 1, *after, *_written(rest[len(state) :], t, made)

    _, *rest = tf.while_loop(
        lambda t, *_: t >= 0,
        body,
        (n_steps - 1, *state, *_room(size, widths, state[0].dtype, NOTHING_BACK)),
        parallel_iterations=1,
        maximum_iterations=n_max,
    )
    return tuple(rest[: len(state)]), tuple(array.stack() for array in rest[len(state) :])


def shifted(first: Tensor, later: Tensor) -> Tensor:
    """Values one step before: ``first``, then those of every step but the last."""
    return tf.concat([first[None], later[:-1]], axis=0)


def affine(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
    """``W x + b`` over the last axis of x; forward and back, each is one matrix product.

    Parameters
    ----------
    x
        (.., n_in), of any number of steps and trials.
    W, b
        (n_out, n_in) and (n_out,).
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(x: Tensor, W: Tensor, b: Tensor) -> Tensor:
        def gradient(G: Tensor) -> Tensors:
            return _times(G, W), *_of_weights(G, x)

        return _times(x, tf.transpose(W)) + b, gradient

    return run(x, W, b)


def outer(D: Tensor, r: Tensor) -> Tensor:
    """Sum over steps and trials of the outer products ``D r^T``: a gradient of weights."""
    return tf.matmul(_flat(D), _flat(r), transpose_a=True)


def _of_weights(G: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """Give the gradients of W and b by that of ``W x + b``.

    In a product that sums over trials the narrower factor goes first: the first is turned in
    memory, which costs several times as much for the wider one.
    """
    n_in, n_out = x.shape[-1], G.shape[-1]
    if n_in >= n_out:
        return outer(G, x), tf.reduce_sum(_flat(G), axis=0)
    both = outer(_with_ones(x), G)  # XLA would turn `outer(x, G)` alone round again
    return tf.transpose(both[:n_in]), both[n_in]


def _times(x: Tensor, M: Tensor) -> Tensor:
    """``x M`` over the last axis of x, with at least so many terms as XLA is fast at."""
    n_terms, n_out = M.shape
    shape = [*x.shape[:-1], n_out]
    x, more = _flat(x), max(0, FEWEST_TERMS - n_terms)
    if more:
        x, M = tf.pad(x, [[0, 0], [0, more]]), tf.pad(M, [[0, more], [0, 0]])
    return tf.reshape(tf.matmul(x, M), shape)


def _with_ones(x: Tensor) -> Tensor:
    return tf.concat([x, tf.ones([*x.shape[:-1], 1], x.dtype)], axis=-1)


def _flat(x: Tensor) -> Tensor:
    return tf.reshape(x, [-1, x.shape[-1]])


def _room(
    size: tuple[int, int], widths: Tensors, dtype: Tensor, nothing: float = 0.0
) -> list[Tensor]:
    """Room for an array per step; what is never written is read as ``nothing``."""
    room = [tf.fill([*size, width], tf.constant(nothing, dtype)) for width in widths]
    return [tf.TensorArray(dtype, size=size[0]).unstack(one) for one in room]


def _written(arrays: Tensors, t: Tensor, made: Tensors) -> list[Tensor]:
    return [array.write(t, one) for array, one in zip(arrays, made, strict=True)]
