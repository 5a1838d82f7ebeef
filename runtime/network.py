"""A network at one step size: from weights and inputs to rates and outputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.cells.ctrnn import ctrnn
from epochal.runtime.cells.gru import gru
from epochal.runtime.cells.loops import affine
from epochal.runtime.cells.lstm import lstm
from epochal.runtime.cells.own import Cell, own
from epochal.runtime.models import Ctrnn, Gru, LeakyGru, Lstm, Model, OwnCell, Readout
from epochal.runtime.own import NO_CODE, OwnCode, given
from epochal.runtime.weights import Masks, effective

CELLS: dict[type[Any], Callable[..., Tensor]] = {
    Ctrnn: ctrnn,
    Gru: gru,
    LeakyGru: gru,
    Lstm: lstm,
}
"""Rates (N_max, N_batch, N_rec) from model, dt, weights in force, inputs and noise, time first."""

READOUTS: dict[Readout, Callable[[Tensor], Tensor]] = {
    "linear": lambda z: z,
    "sigmoid": tf.sigmoid,
    "softmax": tf.nn.softmax,
}


@dataclass(frozen=True)
class Network:
    """A model at one step size in ms, with the masks its weights obey.

    ``cell`` is the user's own, where the model names one.
    """

    model: Model
    masks: Masks
    dt: float
    cell: Cell | None = None

    def tensors(self, dtype: Tensor) -> Masks:
        """Give the masks as tensors."""
        arrays = {
            name: tf.constant(mask, dtype)
            for name, mask in vars(self.masks).items()
            if mask is not None and not isinstance(mask, bool)
        }
        return replace(self.masks, **arrays)


@dataclass(frozen=True)
class Ran:
    """What a network made of a batch of trials.

    Attributes
    ----------
    linear, outputs
        (N_batch, N_max, N_out), before and after the activation of the readout.
    rates
        (N_max, N_batch, N_rec): time first, as they were computed; 0 after ``n_steps``.
    weights
        By name, those in force: after masks and Dale's law.
    n_steps
        Scalar int32: steps that ran.
    """

    linear: Tensor
    outputs: Tensor
    rates: Tensor
    weights: Mapping[str, Tensor]
    n_steps: Tensor


def own_cell(model: Model, dt: float, code: OwnCode = NO_CODE) -> Cell | None:
    """Make the user's own cell, where the model names one.

    Raises
    ------
    RunError
        Its class was not given.
    """
    return given("cell", model.cell, code.cells)(model, dt) if isinstance(model, OwnCell) else None


def run(
    network: Network, weights: Mapping[str, Tensor], inputs: Tensor, noise: Tensor, n_steps: Tensor
) -> Ran:
    """Run a network on a batch of trials.

    Parameters
    ----------
    weights
        By name, as ``initial_weights`` makes them; the constraints are applied here.
    inputs
        (N_batch, N_max, N_in).
    noise
        (N_max, N_batch, N_rec), of the standard deviation that the model asks for.
    n_steps
        Scalar int32: steps to run, at most N_max.
    """
    in_force = effective(weights, network.tensors(inputs.dtype))
    x = tf.transpose(inputs, [1, 0, 2])
    if network.cell is not None:
        r = own(network.cell, in_force, x, noise, n_steps)
    else:
        cell = CELLS[type(network.model)]
        r = cell(network.model, network.dt, in_force, x, noise, n_steps)
    linear = tf.transpose(affine(r, in_force["W_out"], in_force["b_out"]), [1, 0, 2])
    return Ran(linear, READOUTS[network.model.readout](linear), r, in_force, n_steps)
