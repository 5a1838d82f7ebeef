"""Gated recurrent units, with a gradient by hand."""

from __future__ import annotations

from collections.abc import Mapping

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.cells.activations import activation
from epochal.runtime.cells.loops import Tensors, affine, ahead, back, outer, shifted
from epochal.runtime.models import Gru, LeakyGru


def gru(
    model: Gru | LeakyGru,
    dt: float,
    w: Mapping[str, Tensor],
    inputs: Tensor,
    noise: Tensor,
    n_steps: Tensor,
) -> Tensor:
    """Rates h of a gated network, (N_max, N_batch, N_rec).

    ``z = sigmoid(W_z x + U_z h + b_z)``, ``k = sigmoid(W_k x + U_k h + b_k)``,
    ``c = f(W_c x + U_c (k h) + b_c + noise)``; then

    `gru`: ``h' = z h + (1 - z) c``;

    `leaky_gru`: ``h' = (1 - alpha z) h + alpha z c`` with ``alpha = dt / tau``: there z says how
    much is new, not how much stays.

    Parameters
    ----------
    w
        Weights in force: ``W_in`` (3, N_rec, N_in), ``W_rec`` (3, N_rec, N_rec) and ``b_rec``
        (3, N_rec) hold the update gate z, the reset gate k and the candidate c.
    inputs, noise
        (N_max, N_batch, N_in) and (N_max, N_batch, N_rec).
    n_steps
        Scalar int32 tensor: steps to run; rates of later steps are 0.

    References
    ----------
    Cho et al. 2014 eq. 5 to 8 (they leave biases out).  `leaky_gru`: the code of Yang et al.
    2019, LeakyGRUCell.
    """
    n_max, n_batch, n_in = inputs.shape
    n = model.units
    drive = affine(inputs, tf.reshape(w["W_in"], [3 * n, n_in]), tf.reshape(w["b_rec"], [3 * n]))
    drive = tf.reshape(drive, [n_max, n_batch, 3 * n])
    drive = drive + tf.pad(noise, [[0, 0], [0, 0], [2 * n, 0]])
    initial = tf.tile(w["initial"][None], [n_batch, 1])
    return _run(model, dt, w["W_rec"], drive, initial, n_steps)


def _run(
    model: Gru | LeakyGru, dt: float, W_rec: Tensor, drive: Tensor, initial: Tensor, n_steps: Tensor
) -> Tensor:
    f, slope = activation(model.activation, model.power)
    n_max, n_batch, _ = drive.shape
    n, size = model.units, (n_max, n_batch)
    # The part of h that is new is m = share z + (1 - z if whole).
    share, whole = (dt / model.tau, 0.0) if isinstance(model, LeakyGru) else (-1.0, 1.0)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(W_rec: Tensor, drive: Tensor, initial: Tensor) -> Tensor:
        W_gates, W_new = tf.reshape(W_rec[:2], [2 * n, n]), W_rec[2]

        def step(t: Tensor, h: Tensor) -> tuple[Tensors, Tensors]:
            x = drive[t]
            gates = tf.sigmoid(x[:, : 2 * n] + tf.matmul(h, W_gates, transpose_b=True))
            z, k = gates[:, :n], gates[:, n:]
            c = f(x[:, 2 * n :] + tf.matmul(k * h, W_new, transpose_b=True))
            new = whole + share * z
            h = (1 - new) * h + new * c
            return (h,), (h, z, k, c)

        h, z, k, c = ahead(step, (initial,), n_steps, size, (n, n, n, n))
        before = shifted(initial, h)

        def gradient(G: Tensor) -> Tensors:
            def step(t: Tensor, d: Tensor) -> tuple[Tensors, Tensors]:
                d = d + G[t]  # with respect to h[t]
                new = whole + share * z[t]
                d_c = d * new * slope(c[t])
                d_z = d * (c[t] - before[t]) * share * z[t] * (1 - z[t])
                d_kh = tf.matmul(d_c, W_new)
                d_k = d_kh * before[t] * k[t] * (1 - k[t])
                gates = tf.concat([d_z, d_k], axis=1)
                d = d * (1 - new) + d_kh * k[t] + tf.matmul(gates, W_gates)
                return (d,), (tf.concat([gates, d_c], axis=1),)

            (d,), (D,) = back(step, (tf.zeros_like(initial),), n_steps, size, (3 * n,))
            dW_gates = tf.reshape(outer(D[:, :, : 2 * n], before), [2, n, n])
            dW_new = outer(D[:, :, 2 * n :], k * before)
            return tf.concat([dW_gates, dW_new[None]], axis=0), D, d

        return h, gradient

    return run(W_rec, drive, initial)
