"""How far outputs are from targets: one function a loss."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.learning import Bce, Cce, Loss, Mse, OwnLoss
from epochal.runtime.network import Ran
from epochal.runtime.own import NO_CODE, OwnCode, given


def loss_of(
    ran: Ran, targets: Tensor, weights: Tensor, loss: Loss, code: OwnCode = NO_CODE
) -> Tensor:
    """Give the loss of what a network made, a scalar.

    Parameters
    ----------
    targets, weights
        (N_batch, N_steps, N_out): what the outputs should be and how much it counts.
    """
    if isinstance(loss, OwnLoss):
        return given("loss", loss.name, code.losses)(ran.outputs, targets, weights)
    return LOSSES[type(loss)](loss, ran, targets, weights)


def share_of(loss: Loss, weights: Tensor, part: Tensor) -> Tensor:
    """Give the factor by which the loss of one half of a batch enters that of the batch.

    Parameters
    ----------
    weights, part
        Those of all targets, and of the targets of the half.
    """
    assert not isinstance(loss, OwnLoss), "only its author knows how it follows from halves"
    if loss.normalization == "normalized":
        return tf.maximum(tf.reduce_sum(part), 1) / tf.maximum(tf.reduce_sum(weights), 1)
    return tf.constant(0.5, weights.dtype)


def mse(loss: Mse, ran: Ran, targets: Tensor, w: Tensor) -> Tensor:
    """Squared error e; the three normalisations are those of `Mse`."""
    e = ran.outputs - targets
    match loss.normalization:
        case "psychrnn":
            return tf.reduce_mean(tf.square(w * e))
        case "mean":
            return tf.reduce_mean(w * tf.square(e))
        case "normalized":
            return tf.reduce_sum(w * tf.square(e)) / tf.maximum(tf.reduce_sum(w), 1)


def bce(loss: Bce, ran: Ran, targets: Tensor, w: Tensor) -> Tensor:
    """``-(t log y + (1 - t) log(1 - y))`` with y the sigmoid of the linear readout.

    It is computed from the linear readout, where it has no limit to clip at.
    """
    entries = w * tf.nn.sigmoid_cross_entropy_with_logits(targets, ran.linear)
    if loss.normalization == "mean":
        return tf.reduce_mean(entries)
    return tf.reduce_sum(entries) / tf.maximum(tf.reduce_sum(w), 1)


def cce(loss: Cce, ran: Ran, targets: Tensor, w: Tensor) -> Tensor:
    """``-sum over outputs of t log y`` with y the softmax of the linear readout."""
    steps = -tf.reduce_sum(w * targets * tf.nn.log_softmax(ran.linear), axis=2)
    if loss.normalization == "mean":
        return tf.reduce_mean(steps)
    return tf.reduce_sum(steps) / tf.maximum(tf.reduce_sum(w), 1)


LOSSES: dict[type[Any], Callable[..., Tensor]] = {Mse: mse, Bce: bce, Cce: cce}
