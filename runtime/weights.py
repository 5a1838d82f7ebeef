"""Weights of a network, and which of them the constraints leave in force.

NumPy only, so that saved networks can be read and simulated without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.areas import area_masks, area_signs
from epochal.runtime.errors import RunError
from epochal.runtime.models import Ctrnn, Model

Array: TypeAlias = NDArray[np.floating[Any]]
Weights = Mapping[str, Array]


@dataclass(frozen=True)
class Masks:
    """What the constraints multiply the weights with.

    ``C_in`` (N_rec, N_in), ``C_rec`` (N_rec, N_rec) and ``C_out`` (N_out, N_rec) are
    connectivity: 1 where a connection may be, 0 where not.  ``sign`` (N_rec,) is +1 for
    excitatory and -1 for inhibitory units, and ``projects`` (N_rec,) 1 for units that may reach
    the outputs; both are None without Dale's law, under which weights are made positive by
    their absolute value, or ``rectified``.
    """

    C_in: Array
    C_rec: Array
    C_out: Array
    sign: Array | None = None
    projects: Array | None = None
    rectified: bool = False


@dataclass(frozen=True, eq=False)
class Connectivity:
    """What an experiment says of single connections and units; nothing by default.

    Attributes
    ----------
    C_in, C_rec, C_out
        Shaped as the weights, [post, pre]: 0 where there is no connection, 1 where there is.
        Another positive number multiplies the weight wherever it is used; pycog's multiplies
        it once, when weights are drawn.
    signs
        (N_rec,) 1 for each excitatory and -1 for each inhibitory unit: Dale's law, unit by unit.
    fixed
        By the name of a weight, an array of its shape: 1 where it keeps the value it starts
        with, 0 where it is trained (PsychRNN's fixed weights).
    plasticity
        By the name of a weight, an array of its shape: what every update of it is multiplied
        by, so that 0.5 learns half as fast and 0 not at all.
    start
        By the name of a weight, the array that training starts from.
    """

    C_in: Array | None = None
    C_rec: Array | None = None
    C_out: Array | None = None
    signs: Array | None = None
    fixed: Weights = field(default_factory=dict)
    plasticity: Weights = field(default_factory=dict)
    start: Weights = field(default_factory=dict)


ALL_TO_ALL = Connectivity()


def make_masks(
    model: Model, n_in: int, n_out: int, connectivity: Connectivity = ALL_TO_ALL
) -> Masks:
    """Put connectivity, areas, autapses and Dale's law together.

    Raises
    ------
    RunError
        An array has another shape than its weights, holds what makes no sense, or contradicts
        the model.
    """
    n = model.units
    C_in = _given("C_in", connectivity.C_in, (n, n_in))
    C_rec = _given("C_rec", connectivity.C_rec, (n, n))
    C_out = _given("C_out", connectivity.C_out, (n_out, n))
    sign = _signs(model, connectivity.signs)
    if connectivity.C_rec is not None and isinstance(model, Ctrnn) and model.rank is not None:
        message = "C_rec cannot be joined with rank: the weights would not keep their rank"
        raise RunError(message)
    if isinstance(model, Ctrnn) and model.areas:
        gets, among, reaches = area_masks(model, sign)
        C_in, C_rec, C_out = C_in * gets[:, None], C_rec * among, C_out * reaches
    if not model.autapses:
        C_rec = C_rec * (1 - np.eye(n))
    rectified = isinstance(model, Ctrnn) and model.positive == "rectify"
    if rectified and sign is None:
        message = "positive = rectify needs Dale's law: give dale, or the signs of the units"
        raise RunError(message)
    return Masks(
        C_in=C_in,
        C_rec=C_rec,
        C_out=C_out,
        sign=sign,
        projects=None if sign is None else np.where(sign > 0, 1.0, 0.0),
        rectified=rectified,
    )


def effective(weights: Mapping[str, Any], masks: Masks) -> dict[str, Any]:
    """Weights in force: masked, and with the signs of Dale's law.

    ``W * C``, and under Dale's law ``|W * C|`` times the sign of the presynaptic unit;
    inhibitory units do not reach the outputs, and input weights are positive.  Of low rank,
    ``W_rec = U_rec V_rec``.  Works alike on NumPy arrays and TensorFlow tensors, where it is
    differentiated.

    References
    ----------
    Ehrlich, Stone et al. 2021 (PsychRNN), Song et al. 2016 eq. 9.
    """
    in_force = dict(weights)
    if "U_rec" in in_force:
        in_force["W_rec"] = in_force["U_rec"] @ in_force["V_rec"]
    for name, C in (("W_in", masks.C_in), ("W_rec", masks.C_rec), ("W_out", masks.C_out)):
        if name in in_force and tuple(in_force[name].shape)[-2:] == tuple(C.shape):
            in_force[name] = in_force[name] * C
    if masks.sign is not None:
        over = {"W_in": 1.0, "W_rec": masks.sign, "W_out": masks.projects}
        for name, sign in over.items():
            size = abs(in_force[name])
            if masks.rectified:
                size = (in_force[name] + size) / 2
            in_force[name] = size if name == "W_in" else size * sign
    return in_force


def _signs(model: Model, given: Array | None) -> Array | None:
    """Tell the sign of each unit, (N_rec,), or None without Dale's law."""
    if given is None:
        return area_signs(model) if isinstance(model, Ctrnn) else None
    if not isinstance(model, Ctrnn) or model.rank is not None:
        message = "signs of units need model = ctrnn of full rank: Dale's law is for that"
        raise RunError(message)
    if model.dale is not None:
        message = f"signs of units are given, and dale = {model.dale}, too: leave one of them out"
        raise RunError(message)
    signs = np.asarray(given, np.float64)
    if signs.shape != (model.units,):
        message = f"signs has shape {signs.shape}, but there are {model.units} units"
        raise RunError(message)
    if set(signs.tolist()) != {1.0, -1.0}:
        message = "signs must be 1 for excitatory and -1 for inhibitory units, with some of each"
        raise RunError(message)
    return signs


def _given(name: str, array: Array | None, shape: tuple[int, int]) -> Array:
    if array is None:
        return np.ones(shape)
    if array.shape != shape:
        message = f"{name} has shape {array.shape}, but its weights have shape {shape}"
        raise RunError(message)
    mask = np.asarray(array, np.float64)
    if not (np.isfinite(mask).all() and (mask >= 0).all()):
        message = f"{name} must hold 0 where there is no connection, and 1 where there is"
        raise RunError(message)
    return mask
