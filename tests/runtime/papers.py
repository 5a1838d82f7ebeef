"""The equations of the papers, a loop each, in NumPy or, to be differentiated, in TensorFlow.

They share no code with the runtime.  Weights are those in force; gates are in the order that
`runtime/cells` documents.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from epochal.runtime.backend import tf
from epochal.runtime.models import Ctrnn, Gru, LeakyGru, Lstm, Model

Value = Any  # a NumPy array or a tensor


@dataclass(frozen=True)
class Ops:
    """What NumPy and TensorFlow call differently."""

    tanh: Callable[[Value], Value]
    exp: Callable[[Value], Value]
    log: Callable[[Value], Value]
    maximum: Callable[[Value, float], Value]
    T: Callable[[Value], Value]
    tile: Callable[[Value, int], Value]

    def sigmoid(self, x: Value) -> Value:
        return 1 / (1 + self.exp(-x))

    def activate(self, name: str, x: Value, power: float) -> Value:
        match name:
            case "relu":
                return self.maximum(x, 0.0)
            case "softplus":
                return self.log(1 + self.exp(x))
            case "tanh":
                return self.tanh(x)
            case "sigmoid":
                return self.sigmoid(x)
            case "retanh":
                return self.tanh(self.maximum(x, 0.0))
            case "power":
                return self.maximum(x, 0.0) ** power
            case "linear":
                return x
        raise AssertionError(name)


NUMPY = Ops(
    np.tanh, np.exp, np.log, np.maximum, np.transpose, lambda x, n: np.tile(x[None], (n, 1))
)
TENSORFLOW = Ops(
    tf.tanh, tf.exp, tf.math.log, tf.maximum, tf.transpose, lambda x, n: tf.tile(x[None], [n, 1])
)


def rates(
    model: Model, dt: float, w: Mapping[str, Value], inputs: Value, noise: Value, ops: Ops
) -> list[Value]:
    """Rates (N_batch, N_rec) of every step, from inputs (N_batch, N_steps, N_in)."""
    steps = [(inputs[:, t], noise[t]) for t in range(inputs.shape[1])]
    match model:
        case Ctrnn(form="current"):
            return current(model, dt, w, steps, ops)
        case Ctrnn():
            return rate(model, dt, w, steps, ops)
        case Gru() | LeakyGru():
            return gru(model, dt, w, steps, ops)
        case Lstm():
            return lstm(model, w, steps, ops)
    raise AssertionError(model)


Steps = list[tuple[Value, Value]]


def current(model: Ctrnn, dt: float, w: Mapping[str, Value], steps: Steps, ops: Ops) -> list[Value]:
    """Ehrlich, Stone et al. 2021, recurrent_timestep of backend/models/basic.py."""
    alpha = dt / model.tau
    s = ops.tile(w["initial"], steps[0][0].shape[0])
    made = []
    for x, xi in steps:
        r = ops.activate(model.activation, s, model.power)
        total = r @ ops.T(w["W_rec"]) + x @ ops.T(w["W_in"]) + w["b_rec"]
        s = (1 - alpha) * s + alpha * total + xi
        made.append(ops.activate(model.activation, s, model.power))
    return made


def rate(model: Ctrnn, dt: float, w: Mapping[str, Value], steps: Steps, ops: Ops) -> list[Value]:
    """Yang et al. 2019, LeakyRNNCell.call of network.py."""
    alpha = dt / model.tau
    r = ops.tile(w["initial"], steps[0][0].shape[0])
    made = []
    for x, xi in steps:
        total = r @ ops.T(w["W_rec"]) + x @ ops.T(w["W_in"]) + w["b_rec"] + xi
        r = (1 - alpha) * r + alpha * ops.activate(model.activation, total, model.power)
        made.append(r)
    return made


def gru(
    model: Gru | LeakyGru, dt: float, w: Mapping[str, Value], steps: Steps, ops: Ops
) -> list[Value]:
    """Cho et al. 2014 eq. 5 to 8; Yang et al. 2019, LeakyGRUCell.call of network.py."""
    (W_z, W_k, W_c), (U_z, U_k, U_c), (b_z, b_k, b_c) = (
        tuple(w[name][i] for i in range(3)) for name in ("W_in", "W_rec", "b_rec")
    )
    h = ops.tile(w["initial"], steps[0][0].shape[0])
    made = []
    for x, xi in steps:
        z = ops.sigmoid(x @ ops.T(W_z) + h @ ops.T(U_z) + b_z)
        k = ops.sigmoid(x @ ops.T(W_k) + h @ ops.T(U_k) + b_k)
        total = x @ ops.T(W_c) + (k * h) @ ops.T(U_c) + b_c + xi
        c = ops.activate(model.activation, total, model.power)
        if isinstance(model, LeakyGru):
            alpha = dt / model.tau
            h = (1 - alpha * z) * h + alpha * z * c
        else:
            h = z * h + (1 - z) * c
        made.append(h)
    return made


def lstm(model: Lstm, w: Mapping[str, Value], steps: Steps, ops: Ops) -> list[Value]:
    """Gers et al. 2000; Ehrlich, Stone et al. 2021, backend/models/lstm.py (the variant)."""
    h, c = (ops.tile(w["initial"][i], steps[0][0].shape[0]) for i in range(2))
    made = []
    for x, xi in steps:
        f, i, g, o = (
            x @ ops.T(w["W_in"][k]) + h @ ops.T(w["W_rec"][k]) + w["b_rec"][k] for k in range(4)
        )
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g + xi)
        squash = ops.tanh if model.variant == "standard" else ops.sigmoid
        h = ops.sigmoid(o) * squash(c)
        made.append(h)
    return made
