"""Backpropagation through time, derived by hand, for continuous-time recurrent networks.

XLA differentiates a loop in time that grows as the square of its steps.  Here both directions are
plain loops that carry only the state: weight gradients are single matrix products afterwards.
"""

from __future__ import annotations

from collections.abc import Callable

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.config import Activation

# For each activation: rates from currents, and the slope as a function of the rate, so that
# the backward pass needs nothing but the rates.
ACTIVATIONS: dict[Activation, tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = {
    "relu": (tf.nn.relu, lambda r: tf.cast(r > 0, r.dtype)),
    "softplus": (tf.nn.softplus, lambda r: 1 - tf.exp(-r)),
    "tanh": (tf.nn.tanh, lambda r: 1 - r * r),
    "sigmoid": (tf.nn.sigmoid, lambda r: r * (1 - r)),
}


def rates(
    W_rec: Tensor,
    drive: Tensor,
    initial: Tensor,
    n_steps: Tensor,
    *,
    alpha: float,
    activation: Activation,
) -> Tensor:
    """Rates of a recurrent network, (N_max, N_batch, N_rec), with a gradient by hand.

    ``s[t] = (1 - alpha) s[t-1] + alpha f(s[t-1]) W_rec^T + drive[t]`` and ``r[t] = f(s[t])``.

    Parameters
    ----------
    W_rec
        (N_rec, N_rec) effective weights, [post, pre].
    drive
        (N_max, N_batch, N_rec): ``alpha (x W_in^T + b_rec)`` and the noise of each step.
    initial
        (N_batch, N_rec) currents before the first step.
    n_steps
        Scalar int32 tensor: steps to run, at most N_max.  Rates of later steps are 0, and
        nothing they drive has a gradient.  It may change from call to call without a new
        compilation.
    alpha
        ``dt / tau``.

    References
    ----------
    Ehrlich, Stone et al. 2021 (PsychRNN): the equation.
    """
    f, slope = ACTIVATIONS[activation]
    n_max, n_batch, n_rec = drive.shape
    leak = 1 - alpha

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(W_rec: Tensor, drive: Tensor, initial: Tensor) -> Tensor:
        r = _forward(f, leak, tf.transpose(alpha * W_rec), drive, initial, n_steps)

        def gradient(G: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            first = f(initial)
            D, carried = _backward(slope, leak, alpha * W_rec, r, G, n_steps)
            before = tf.concat([first[None], r[:-1]], axis=0)
            dW = alpha * tf.matmul(
                tf.reshape(D, [-1, n_rec]), tf.reshape(before, [-1, n_rec]), transpose_a=True
            )
            later = tf.matmul(carried, alpha * W_rec)
            return dW, D, leak * carried + slope(first) * later

        return r, gradient

    drive = tf.ensure_shape(drive, [n_max, n_batch, n_rec])
    return run(W_rec, drive, initial)


def _forward(
    f: Callable[[Tensor], Tensor],
    leak: float,
    W: Tensor,
    drive: Tensor,
    initial: Tensor,
    n_steps: Tensor,
) -> Tensor:
    n_max, n_batch, n_rec = drive.shape

    def step(t: Tensor, s: Tensor, r: Tensor, kept: Tensor) -> tuple[Tensor, ...]:
        s = leak * s + tf.matmul(r, W) + drive[t]
        r = f(s)
        return t + 1, s, r, kept.write(t, r)

    kept = _zeros(n_max, n_batch, n_rec, drive.dtype)
    *_, kept = tf.while_loop(
        lambda t, *_: t < n_steps,
        step,
        (tf.constant(0), initial, f(initial), kept),
        parallel_iterations=1,
        maximum_iterations=n_max,
    )
    return kept.stack()


def _backward(
    slope: Callable[[Tensor], Tensor],
    leak: float,
    W: Tensor,
    r: Tensor,
    G: Tensor,
    n_steps: Tensor,
) -> tuple[Tensor, Tensor]:
    """Give the derivatives with respect to the current of every step, and of the first."""
    n_max, n_batch, n_rec = r.shape

    def step(t: Tensor, d: Tensor, kept: Tensor) -> tuple[Tensor, ...]:
        d = leak * d + slope(r[t]) * (G[t] + tf.matmul(d, W))
        return t - 1, d, kept.write(t, d)

    kept = _zeros(n_max, n_batch, n_rec, r.dtype)
    _, d, kept = tf.while_loop(
        lambda t, *_: t >= 0,
        step,
        (n_steps - 1, tf.zeros([n_batch, n_rec], r.dtype), kept),
        parallel_iterations=1,
        maximum_iterations=n_max,
    )
    return kept.stack(), d


def _zeros(n_max: int, n_batch: int, n_rec: int, dtype: Tensor) -> Tensor:
    """Room for an array per step; what is never written is read as 0."""
    return tf.TensorArray(dtype, size=n_max, element_shape=[n_batch, n_rec])
