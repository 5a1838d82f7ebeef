"""Continuous-time recurrent networks, in both published forms, with gradients by hand."""

from __future__ import annotations

from collections.abc import Mapping

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.cells.activations import activation
from epochal.runtime.cells.loops import Tensors, affine, ahead, back, outer, shifted
from epochal.runtime.models import Ctrnn


def ctrnn(
    model: Ctrnn,
    dt: float,
    w: Mapping[str, Tensor],
    inputs: Tensor,
    noise: Tensor,
    n_steps: Tensor,
) -> Tensor:
    """Rates of a continuous-time network, (N_max, N_batch, N_rec).

    With ``alpha = dt / tau``, and noise of a standard deviation for each form:

    `current`: ``s[t] = (1 - alpha) s[t-1] + alpha (W_rec f(s[t-1]) + W_in x[t] + b_rec) +
    noise[t]`` and ``r[t] = f(s[t])``.

    `rate`: ``r[t] = (1 - alpha) r[t-1] + alpha f(W_rec r[t-1] + W_in x[t] + b_rec + noise[t])``.

    Parameters
    ----------
    w
        Weights in force; ``w["initial"]`` are currents, or rates in the `rate` form.
    inputs, noise
        (N_max, N_batch, N_in) and (N_max, N_batch, N_rec).
    n_steps
        Scalar int32 tensor: steps to run.  Rates of later steps are 0, and nothing they drive has
        a gradient.

    References
    ----------
    `current`: Ehrlich, Stone et al. 2021 (PsychRNN); Song et al. 2016 (pycog).  `rate`: Yang et
    al. 2019.
    """
    alpha = dt / model.tau
    initial = tf.tile(w["initial"][None], [inputs.shape[1], 1])
    if model.form == "rate":
        drive = affine(inputs, w["W_in"], w["b_rec"]) + noise
        return _rate(model, alpha, w["W_rec"], drive, initial, n_steps)
    drive = affine(inputs, alpha * w["W_in"], alpha * w["b_rec"]) + noise
    return _current(model, alpha, w["W_rec"], drive, initial, n_steps)


def _current(
    model: Ctrnn, alpha: float, W_rec: Tensor, drive: Tensor, initial: Tensor, n_steps: Tensor
) -> Tensor:
    f, slope = activation(model.activation, model.power)
    n_max, n_batch, n_rec = drive.shape
    size, leak = (n_max, n_batch), 1 - alpha

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(W_rec: Tensor, drive: Tensor, initial: Tensor) -> Tensor:
        W = tf.transpose(alpha * W_rec)

        def step(t: Tensor, s: Tensor, r: Tensor) -> tuple[Tensors, Tensors]:
            s = leak * s + tf.matmul(r, W) + drive[t]
            r = f(s)
            return (s, r), (r,)

        (r,) = ahead(step, (initial, f(initial)), n_steps, size, (n_rec,))

        def gradient(G: Tensor) -> Tensors:
            W = alpha * W_rec

            def step(t: Tensor, d: Tensor) -> tuple[Tensors, Tensors]:
                d = leak * d + slope(r[t]) * (G[t] + tf.matmul(d, W))
                return (d,), (d,)

            (d,), (D,) = back(step, (tf.zeros_like(initial),), n_steps, size, (n_rec,))
            first = f(initial)
            dW = alpha * outer(D, shifted(first, r))
            return dW, D, leak * d + slope(first) * tf.matmul(d, W)

        return r, gradient

    return run(W_rec, drive, initial)


def _rate(
    model: Ctrnn, alpha: float, W_rec: Tensor, drive: Tensor, initial: Tensor, n_steps: Tensor
) -> Tensor:
    f, slope = activation(model.activation, model.power)
    n_max, n_batch, n_rec = drive.shape
    size, leak = (n_max, n_batch), 1 - alpha

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(W_rec: Tensor, drive: Tensor, initial: Tensor) -> Tensor:
        W = tf.transpose(W_rec)

        def step(t: Tensor, r: Tensor) -> tuple[Tensors, Tensors]:
            target = f(tf.matmul(r, W) + drive[t])
            r = leak * r + alpha * target
            return (r,), (r, target)

        r, target = ahead(step, (initial,), n_steps, size, (n_rec, n_rec))

        def gradient(G: Tensor) -> Tensors:
            def step(t: Tensor, d: Tensor) -> tuple[Tensors, Tensors]:
                d = d + G[t]  # with respect to r[t]
                into = alpha * slope(target[t]) * d  # with respect to drive[t]
                return (leak * d + tf.matmul(into, W_rec),), (into,)

            (d,), (D,) = back(step, (tf.zeros_like(initial),), n_steps, size, (n_rec,))
            return outer(D, shifted(initial, r)), D, d

        return r, gradient

    return run(W_rec, drive, initial)
