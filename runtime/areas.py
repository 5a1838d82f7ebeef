"""Several areas in one network: which units are which, and what connects them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.model_checks import count_excitatory
from epochal.runtime.models import Ctrnn

Array: TypeAlias = NDArray[np.floating[Any]]


def area_signs(model: Ctrnn) -> Array | None:
    """Sign of each unit, (N_rec,), under Dale's law; excitatory units come first in each area."""
    if model.dale is None:
        return None
    sizes = [area.units for area in model.areas] or [model.units]
    parts = [
        np.where(np.arange(size) < count_excitatory(model.dale, size), 1.0, -1.0) for size in sizes
    ]
    return np.concatenate(parts)


def area_masks(model: Ctrnn, sign: Array | None) -> tuple[Array, Array, Array]:
    """Give 1 for units that get inputs, for connections between units, for units that read out.

    A projection of part density is drawn from its place alone, so that a model means the same
    network under every seed.

    Returns
    -------
    gets, among, reaches
        (N_rec,), (N_rec, N_rec) [post, pre] and (N_rec,).
    """
    bounds = np.cumsum([0, *(area.units for area in model.areas)])
    where = {
        area.name: slice(int(bounds[i]), int(bounds[i + 1])) for i, area in enumerate(model.areas)
    }
    gets, reaches = np.zeros(model.units), np.zeros(model.units)
    among = np.zeros((model.units, model.units))
    for area in model.areas:
        here = where[area.name]
        gets[here], reaches[here], among[here, here] = area.inputs, area.outputs, 1
    excites = np.ones(model.units) if sign is None else (sign > 0).astype(np.float64)
    for number, projection in enumerate(model.projections):
        target, source = where[projection.target], where[projection.source]
        draw = np.random.Generator(np.random.PCG64([number, 0x41726561]))
        exists = draw.random(among[target, source].shape) < projection.density
        if projection.excitatory:
            exists = exists * (excites[source] > 0)
        among[target, source] = np.maximum(among[target, source], exists)
    return gets, among, reaches
