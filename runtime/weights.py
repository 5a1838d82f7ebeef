"""Weights of a network: how they start, and which the constraints leave in force.

NumPy only, so that saved networks can be read and simulated without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.config import Ctrnn

Array: TypeAlias = NDArray[np.floating[Any]]
Weights = Mapping[str, Array]

NAMES = ("W_in", "W_rec", "W_out", "b_rec", "b_out", "initial")


@dataclass(frozen=True)
class Masks:
    """What the constraints multiply the weights with.

    ``C_in`` (N_rec, N_in), ``C_rec`` (N_rec, N_rec) and ``C_out`` (N_out, N_rec) are
    connectivity: 1 where a connection may be, 0 where not.  ``sign`` (N_rec,) is +1 for
    excitatory and -1 for inhibitory units, and ``projects`` (N_rec,) 1 for units that may reach
    the outputs; both are None without Dale's law.
    """

    C_in: Array
    C_rec: Array
    C_out: Array
    sign: Array | None = None
    projects: Array | None = None


@dataclass(frozen=True)
class Connectivity:
    """Connections that may exist, where an experiment says so: 1 or 0, shaped as the weights."""

    C_in: Array | None = None
    C_rec: Array | None = None
    C_out: Array | None = None


ALL_TO_ALL = Connectivity()


def make_masks(
    model: Ctrnn, n_in: int, n_out: int, connectivity: Connectivity = ALL_TO_ALL
) -> Masks:
    """Put connectivity, autapses and Dale's law together.

    Raises
    ------
    ValueError
        A connectivity array has another shape than its weights.
    """
    n = model.units
    C_rec = _given("C_rec", connectivity.C_rec, (n, n))
    if not model.autapses:
        C_rec = C_rec * (1 - np.eye(n))
    sign = projects = None
    if model.dale is not None:
        excites = np.arange(n) < model.excitatory
        sign, projects = np.where(excites, 1.0, -1.0), np.where(excites, 1.0, 0.0)
    return Masks(
        C_in=_given("C_in", connectivity.C_in, (n, n_in)),
        C_rec=C_rec,
        C_out=_given("C_out", connectivity.C_out, (n_out, n)),
        sign=sign,
        projects=projects,
    )


def effective(weights: Mapping[str, Any], masks: Masks) -> dict[str, Any]:
    """Weights in force: masked, and with the signs of Dale's law.

    ``W * C``, and under Dale's law ``|W * C|`` times the sign of the presynaptic unit;
    inhibitory units do not reach the outputs, and input weights are positive.  Works alike on
    NumPy arrays and TensorFlow tensors, where it is differentiated.

    References
    ----------
    Ehrlich, Stone et al. 2021 (PsychRNN), Song et al. 2016 eq. 9.
    """
    W_in = weights["W_in"] * masks.C_in
    W_rec = weights["W_rec"] * masks.C_rec
    W_out = weights["W_out"] * masks.C_out
    if masks.sign is not None and masks.projects is not None:
        W_in, W_rec, W_out = abs(W_in), abs(W_rec) * masks.sign, abs(W_out) * masks.projects
    return {**weights, "W_in": W_in, "W_rec": W_rec, "W_out": W_out}


def initial_weights(model: Ctrnn, masks: Masks, seed: int) -> dict[str, Array]:
    """Draw the weights training starts from, float64.

    Recurrent weights are normal and then scaled so that the *effective* matrix has the spectral
    radius ``model.radius``; without masks and Dale's law this is PsychRNN's
    GaussianSpectralRadius (which measures the raw matrix with them, too).  Under Dale's law the
    columns of inhibitory units are made larger first, so that excitation and inhibition balance.
    Then units that may excite have ``model.persistence`` added to their weight on themselves.
    Input and output weights are Glorot normal with each weight's own number of connections,
    biases 0, and initial currents 0.1 + 0.01 N(0, 1).

    References
    ----------
    Ehrlich, Stone et al. 2021 (PsychRNN); Glorot and Bengio 2010 eq. 12 to 16; Yang et al. 2019
    (persistence).
    """
    draw = np.random.Generator(np.random.PCG64([seed, 0x57656967]))
    n, n_in = masks.C_in.shape
    n_out = len(masks.C_out)
    W_rec = draw.standard_normal((n, n))
    if masks.sign is not None:
        ratio = model.excitatory / (n - model.excitatory)
        W_rec = W_rec * np.where(masks.sign > 0, 1.0, ratio)
    weights: dict[str, Array] = {
        "W_in": draw.standard_normal((n, n_in)) * _glorot(masks.C_in),
        "W_rec": W_rec,
        "W_out": draw.standard_normal((n_out, n)) * _glorot(masks.C_out),
        "b_rec": np.zeros(n),
        "b_out": np.zeros(n_out),
        "initial": 0.1 + 0.01 * draw.standard_normal((n,)),
    }
    radius = np.abs(np.linalg.eigvals(effective(weights, masks)["W_rec"])).max()
    if radius > 1e-6:  # a network without loops has none
        W_rec = W_rec * (model.radius / radius)
    weights["W_rec"] = _persistent(W_rec, model, masks)
    return weights


def _persistent(W_rec: Array, model: Ctrnn, masks: Masks) -> Array:
    itself = np.arange(model.excitatory)
    raised = W_rec.copy()
    if masks.sign is not None:  # only the size counts
        raised[itself, itself] = np.abs(raised[itself, itself])
    raised[itself, itself] += model.persistence * (masks.C_rec[itself, itself] > 0)
    return raised


def _glorot(C: Array) -> Array:
    fan_in, fan_out = C.sum(axis=1, keepdims=True), C.sum(axis=0, keepdims=True)
    scale: Array = np.sqrt(2 / np.maximum(fan_in + fan_out, 1))
    return scale


def _given(name: str, array: Array | None, shape: tuple[int, int]) -> Array:
    if array is None:
        return np.ones(shape)
    if array.shape != shape:
        message = f"{name} has shape {array.shape}, but its weights have shape {shape}"
        raise ValueError(message)
    return np.asarray(array, np.float64)
