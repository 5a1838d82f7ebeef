"""Long short-term memory, with a gradient by hand."""

from __future__ import annotations

from collections.abc import Mapping

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.cells.loops import Tensors, affine, ahead, back, outer, shifted
from epochal.runtime.models import Lstm


def lstm(
    model: Lstm,
    dt: float,
    w: Mapping[str, Tensor],
    inputs: Tensor,
    noise: Tensor,
    n_steps: Tensor,
) -> Tensor:
    """Rates h of a long short-term memory network, (N_max, N_batch, N_rec).

    ``f, i, o = sigmoid(W x + U h + b)`` and ``g = tanh(W x + U h + b + noise)``, each with weights
    of its own; ``c' = f c + i g``; ``h' = o tanh(c')``, or ``o sigmoid(c')`` in PsychRNN's
    variant.

    Parameters
    ----------
    dt
        Not used: the gates have no time constant.
    w
        Weights in force: ``W_in`` (4, N_rec, N_in), ``W_rec`` (4, N_rec, N_rec) and ``b_rec``
        (4, N_rec) hold f, i, g and o; ``initial`` (2, N_rec) holds h and c.
    inputs, noise
        (N_max, N_batch, N_in) and (N_max, N_batch, N_rec).
    n_steps
        Scalar int32 tensor: steps to run; rates of later steps are 0.

    References
    ----------
    Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000.  Ehrlich, Stone et
    al. 2021 (PsychRNN): the variant.
    """
    n_max, n_batch, n_in = inputs.shape
    n = model.units
    drive = affine(inputs, tf.reshape(w["W_in"], [4 * n, n_in]), tf.reshape(w["b_rec"], [4 * n]))
    drive = tf.reshape(drive, [n_max, n_batch, 4 * n])
    drive = drive + tf.pad(noise, [[0, 0], [0, 0], [2 * n, n]])
    h, c = (tf.tile(w["initial"][i][None], [n_batch, 1]) for i in range(2))
    return _run(model, tf.reshape(w["W_rec"], [4 * n, n]), drive, h, c, n_steps)


def _run(
    model: Lstm, W: Tensor, drive: Tensor, h_0: Tensor, c_0: Tensor, n_steps: Tensor
) -> Tensor:
    n_max, n_batch, _ = drive.shape
    n, size = model.units, (n_max, n_batch)
    squash = tf.tanh if model.variant == "standard" else tf.sigmoid

    def slope(y: Tensor) -> Tensor:
        return 1 - y * y if model.variant == "standard" else y * (1 - y)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(W: Tensor, drive: Tensor, h_0: Tensor, c_0: Tensor) -> Tensor:
        def step(t: Tensor, h: Tensor, c: Tensor) -> tuple[Tensors, Tensors]:
            total = drive[t] + tf.matmul(h, W, transpose_b=True)
            f, i, g, o = tf.split(total, 4, axis=1)
            f, i, g, o = tf.sigmoid(f), tf.sigmoid(i), tf.tanh(g), tf.sigmoid(o)
            c = f * c + i * g
            h = o * squash(c)
            return (h, c), (h, c, tf.concat([f, i, g, o], axis=1))

        h, c, gates = ahead(step, (h_0, c_0), n_steps, size, (n, n, 4 * n))
        c_before = shifted(c_0, c)

        def gradient(G: Tensor) -> Tensors:
            def step(t: Tensor, d_h: Tensor, d_c: Tensor) -> tuple[Tensors, Tensors]:
                f, i, g, o = tf.split(gates[t], 4, axis=1)
                y = squash(c[t])
                d_h = d_h + G[t]
                d_c = d_c + d_h * o * slope(y)
                d_gates = (
                    d_c * c_before[t] * f * (1 - f),
                    d_c * g * i * (1 - i),
                    d_c * i * (1 - g * g),
                    d_h * y * o * (1 - o),
                )
                into = tf.concat(d_gates, axis=1)
                return (tf.matmul(into, W), d_c * f), (into,)

            nothing = tf.zeros_like(h_0)
            (d_h, d_c), (D,) = back(step, (nothing, nothing), n_steps, size, (4 * n,))
            return outer(D, shifted(h_0, h)), D, d_h, d_c

        return h, gradient

    return run(W, drive, h_0, c_0)
