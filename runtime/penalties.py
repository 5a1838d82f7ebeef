"""What is minimised besides the loss: one function a regulariser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.cells.activations import activation
from epochal.runtime.cells.loops import shifted
from epochal.runtime.learning import (
    Matrix,
    Omega,
    OwnPenalty,
    RatePenalty,
    Regularizer,
    WeightPenalty,
)
from epochal.runtime.models import Ctrnn
from epochal.runtime.network import Ran
from epochal.runtime.own import NO_CODE, OwnCode, given

MATRICES: dict[Matrix, str] = {"input": "W_in", "recurrent": "W_rec", "output": "W_out"}


def penalty_of(ran: Ran, regularizer: Regularizer, code: OwnCode = NO_CODE) -> Tensor:
    """Give one penalty, a scalar; that of `Omega` is not a function of what ran alone."""
    if isinstance(regularizer, OwnPenalty):
        function = given("penalty", regularizer.name, code.penalties)
        return regularizer.strength * function(ran)
    return PENALTIES[type(regularizer)](regularizer, ran)


def weights(penalty: WeightPenalty, ran: Ran) -> Tensor:
    """``l1 mean|W| + l2 mean(W^2)`` of weights in force (PsychRNN)."""
    return _powers(penalty.l1, penalty.l2, ran.weights[MATRICES[penalty.matrix]], tf.reduce_mean)


def rates(penalty: RatePenalty, ran: Ran) -> Tensor:
    """``l1 mean|r| + l2 mean(r^2)`` over units, trials and the steps that ran."""
    _, n_batch, n_rec = ran.rates.shape
    n_values = tf.cast(ran.n_steps * (n_batch * n_rec), ran.rates.dtype)
    return _powers(penalty.l1, penalty.l2, ran.rates, lambda x: tf.reduce_sum(x) / n_values)


PENALTIES: dict[type[Any], Callable[..., Tensor]] = {WeightPenalty: weights, RatePenalty: rates}


def omega(penalty: Omega, model: Ctrnn, dt: float, W_rec: Tensor, ran: Ran, D: Tensor) -> Tensor:
    """Measure how much gradients shrink or grow from each step to the one before.

    The mean over trials and steps of ``(|D[t] J[t]|^2 / |D[t]|^2 - 1)^2``, where D is the
    derivative of the loss with respect to the current s[t] and ``J[t] = ds[t] / ds[t-1] =
    (1 - alpha) I + alpha W_rec diag(f'(s[t-1]))``.  Where ``|D[t]|^2`` is below the bound nothing
    is counted.

    Parameters
    ----------
    W_rec
        (N_rec, N_rec) in force; the only one that Omega is differentiated by, as in pycog.
    D
        (N_max, N_batch, N_rec).

    References
    ----------
    Pascanu et al. 2013 eq. 9 and 10; Song et al. 2016.  The squares are those of pycog's code.
    """
    f, slope = activation(model.activation, model.power)
    alpha = dt / model.tau
    _, n_batch, n_rec = D.shape
    first = f(tf.tile(ran.weights["initial"][None], [n_batch, 1]))
    through = tf.reshape(tf.matmul(tf.reshape(D, [-1, n_rec]), W_rec), D.shape)
    back = (1 - alpha) * D + alpha * through * slope(shifted(first, ran.rates))
    after, before = tf.reduce_sum(D * D, axis=2), tf.reduce_sum(back * back, axis=2)
    counted = after >= penalty.bound
    ratio = tf.where(counted, before / tf.where(counted, after, 1), 1)
    n_counted = tf.reduce_sum(tf.cast(counted, D.dtype))
    return penalty.strength * tf.reduce_sum(tf.square(ratio - 1)) / tf.maximum(n_counted, 1)


def _powers(l1: float, l2: float, x: Tensor, mean: Callable[[Tensor], Tensor]) -> Tensor:
    total = tf.zeros([], x.dtype)
    if l1:
        total += l1 * mean(tf.abs(x))
    if l2:
        total += l2 * mean(tf.square(x))
    return total
