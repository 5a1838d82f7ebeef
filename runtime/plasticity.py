"""Which weights are trained, and how fast.  NumPy only."""

from __future__ import annotations

import numpy as np

from epochal.runtime.errors import RunError
from epochal.runtime.models import Model
from epochal.runtime.weights import Array, Connectivity, Weights


def plasticity(model: Model, connectivity: Connectivity, weights: Weights) -> dict[str, Array]:
    """Tell what each update of a weight is multiplied by, where it is not 1 throughout.

    Raises
    ------
    RunError
        There is no weight of this name, its array has another shape, or holds what makes no
        sense.
    """
    factors: dict[str, Array] = {}
    trained = {"b_rec": model.train_bias, "b_out": model.train_output_bias}
    trained["initial"] = model.train_initial
    for name, yes in trained.items():
        if name in weights and not yes:
            factors[name] = np.zeros(weights[name].shape)
    for name, array in connectivity.plasticity.items():
        factor = _shaped("plasticity", name, array, weights)
        if not (np.isfinite(factor).all() and (factor >= 0).all()):
            message = f"plasticity: {name} must hold numbers that are 0 or more"
            raise RunError(message)
        factors[name] = factors.get(name, 1.0) * factor
    for name, array in connectivity.fixed.items():
        fixed = _shaped("fixed", name, array, weights)
        if not np.isin(fixed, (0, 1)).all():
            message = f"fixed: {name} must hold 1 where a weight is fixed, and 0 elsewhere"
            raise RunError(message)
        factors[name] = factors.get(name, 1.0) * (1 - fixed)
    return factors


def _shaped(kind: str, name: str, array: Array, weights: Weights) -> Array:
    """Give an array the shape of its weights; one matrix serves all gates."""
    if name not in weights:
        message = f"{kind}: there is no weight {name!r}; there are {', '.join(weights)}"
        raise RunError(message)
    shape = weights[name].shape
    if array.shape not in (shape, shape[1:] if len(shape) == 3 else shape):
        message = f"{kind}: {name} has shape {array.shape}, but the weights have shape {shape}"
        raise RunError(message)
    return np.broadcast_to(np.asarray(array, np.float64), shape)
