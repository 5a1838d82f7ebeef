"""The equations of the networks in NumPy, one step at a time; `runtime/cells` has their sources.

Numbers too small for a float32 to hold in full make many processors slower, some a hundred times,
and TensorFlow takes them for 0.  So states, rates and gates below `TINY` become 0 here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from epochal.runtime.batch import Float
from epochal.runtime.models import Activation, Ctrnn, Gru, LeakyGru, Lstm, Model, Readout

TINY = np.float32(1e-30)
"""Numbers nearer 0 are taken for 0.  Times a weight of 1e-8 it is still a full float32."""

LARGE = np.float32(80)
"""``exp(-80)`` is below `TINY` and ``exp(80)`` a float32."""

Function: TypeAlias = Callable[[Float], Float]
Step: TypeAlias = Callable[[Float, Float, Float, Float], tuple[Float, Float]]
"""The next state and rates, from state, rates, drive of the step and recurrent weights."""


@dataclass(frozen=True)
class Stepper:
    """A network about to run.

    Attributes
    ----------
    drive
        (N_steps, N_batch, K): what does not depend on the state, for each gate.
    W_rec
        Recurrent weights as ``step`` takes them.
    rates
        Rates (N_batch, N_rec) of a state (N_batch, ..); a view of it where they are part of it.
    step
        One step.
    """

    drive: Float
    W_rec: Float
    rates: Function
    step: Step


def flushed(x: Float) -> Float:
    """Put 0 in the place of numbers below `TINY`."""
    x[np.abs(x) < TINY] = 0
    return x


def stepper(
    model: Model, dt: float, w: Mapping[str, Float], x: Float, noise: Float, push: Float
) -> Stepper:
    """Prepare a network to run.

    Parameters
    ----------
    w
        Weights in force.
    x
        Inputs (N_steps, N_batch, N_in).
    noise, push
        Shaped, or to be broadcast, as (N_steps, N_batch, N_rec).  ``push`` is added where the
        inputs enter: to the drive of units, or inside the activation of what a gated unit takes in.
    """
    W_in, b_rec = w["W_in"].reshape(-1, x.shape[-1]), w["b_rec"].reshape(-1)
    drive = (x.reshape(-1, x.shape[-1]) @ W_in.T + b_rec).reshape(*x.shape[:2], -1)
    match model:
        case Ctrnn(form="current"):
            return _current(model, dt, w["W_rec"], drive + push, noise)
        case Ctrnn():
            return _rate(model, dt, w["W_rec"], drive + push + noise)
        case Gru() | LeakyGru():
            drive[:, :, 2 * model.units :] += push + noise
            return _gru(model, dt, w["W_rec"], drive)
        case Lstm():
            drive[:, :, 2 * model.units : 3 * model.units] += push + noise
            return _lstm(model, w["W_rec"], drive)
        case _:
            message = f"no equations for {type(model).__name__}"
            raise AssertionError(message)


def _current(model: Ctrnn, dt: float, W_rec: Float, drive: Float, noise: Float) -> Stepper:
    alpha, leak = np.float32(dt / model.tau), np.float32(1 - dt / model.tau)
    f = activation(model.activation, model.power)

    def rates(s: Float) -> Float:
        return flushed(f(s).copy())  # not a view of the state, also where f leaves it as it is

    def step(s: Float, r: Float, drive: Float, W: Float) -> tuple[Float, Float]:
        s = flushed(leak * s + r @ W.T + drive)
        return s, rates(s)

    return Stepper(flushed(alpha * drive + noise), flushed(alpha * W_rec), rates, step)


def _rate(model: Ctrnn, dt: float, W_rec: Float, drive: Float) -> Stepper:
    alpha, leak = np.float32(dt / model.tau), np.float32(1 - dt / model.tau)
    f = activation(model.activation, model.power)

    def step(_: Float, r: Float, drive: Float, W: Float) -> tuple[Float, Float]:
        r = flushed(leak * r + alpha * flushed(f(r @ W.T + drive)))
        return r, r

    return Stepper(flushed(drive), flushed(W_rec.copy()), lambda state: state, step)


def _gru(model: Gru | LeakyGru, dt: float, W_rec: Float, drive: Float) -> Stepper:
    f, n = activation(model.activation, model.power), model.units

    def step(_: Float, h: Float, drive: Float, W: Float) -> tuple[Float, Float]:
        gates = sigmoid(drive[:, : 2 * n] + h @ W[:2].reshape(2 * n, n).T)
        z, k = gates[:, :n], gates[:, n:]
        c = flushed(f(drive[:, 2 * n :] + flushed(k * h) @ W[2].T))
        new = np.float32(dt / model.tau) * z if isinstance(model, LeakyGru) else 1 - z
        h = flushed((1 - new) * h + new * c)
        return h, h

    return Stepper(flushed(drive), flushed(W_rec.copy()), lambda state: state, step)


def _lstm(model: Lstm, W_rec: Float, drive: Float) -> Stepper:
    n = model.units
    squash = np.tanh if model.variant == "standard" else sigmoid

    def step(state: Float, h: Float, drive: Float, W: Float) -> tuple[Float, Float]:
        total = drive + h @ W.reshape(4 * n, n).T
        f, i, o = (sigmoid(total[:, k * n : (k + 1) * n]) for k in (0, 1, 3))
        g = flushed(np.tanh(total[:, 2 * n : 3 * n]))
        c = flushed(f * state[:, 1] + i * g)
        state = np.stack([flushed(o * squash(c)), c], axis=1)
        return state, state[:, 0]

    return Stepper(flushed(drive), flushed(W_rec.copy()), lambda state: state[:, 0], step)


def activation(name: Activation, power: float = 2.0) -> Function:
    """Give rates as a function of currents."""
    if name == "power":
        return lambda s: np.maximum(s, 0) ** np.float32(power)
    return _ACTIVATIONS[name]


def sigmoid(s: Float) -> Float:
    """``1 / (1 + exp(-s))``; what would be below 1e-30 is 0."""
    size: Float = np.exp(np.clip(-s, -LARGE, LARGE))
    y: Float = np.reciprocal(1 + size, dtype=np.float32)
    return flushed(y)


def _softplus(s: Float) -> Float:
    return np.maximum(s, 0) + np.log1p(np.exp(-np.minimum(np.abs(s), LARGE)))


def _softmax(z: Float) -> Float:
    size = np.exp(z - z.max(axis=-1, keepdims=True))
    made: Float = size / size.sum(axis=-1, keepdims=True)
    return made


_ACTIVATIONS: dict[Activation, Function] = {
    "relu": lambda s: np.maximum(s, 0),
    "softplus": _softplus,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "retanh": lambda s: np.tanh(np.maximum(s, 0)),
    "linear": lambda s: s,
}

READOUTS: dict[Readout, Function] = {
    "linear": lambda z: z,
    "sigmoid": sigmoid,
    "softmax": _softmax,
}
