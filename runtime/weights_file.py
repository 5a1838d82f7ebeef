"""weights.safetensors: a network, with its model in the metadata; no pickle anywhere.

Weights stand as they are trained, before constraints, by name.  Beside them stands what the
experiment said of single connections: ``C_in``, ``C_rec``, ``C_out``, ``signs``, and by weight
``fixed.W_rec``, ``plasticity.W_rec``, ``start.W_rec``.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from epochal.runtime.config import Model, typed
from epochal.runtime.errors import RunError
from epochal.runtime.files import replace_file
from epochal.runtime.initial import shapes
from epochal.runtime.plasticity import plasticity
from epochal.runtime.weights import ALL_TO_ALL, Array, Connectivity, Weights, make_masks

MASKS = ("C_in", "C_rec", "C_out", "signs")
BY_WEIGHT = ("fixed", "plasticity", "start")


def write_weights(
    path: Path, weights: Weights, model: Model, connectivity: Connectivity = ALL_TO_ALL
) -> None:
    """Write weights as they are trained, before constraints, and the masks that were given."""
    arrays = {name: np.ascontiguousarray(array) for name, array in weights.items()}
    for name in MASKS:
        mask = getattr(connectivity, name)
        if mask is not None:
            arrays[name] = np.ascontiguousarray(mask, np.float32)
    for kind in BY_WEIGHT:
        for name, array in getattr(connectivity, kind).items():
            arrays[f"{kind}.{name}"] = np.ascontiguousarray(array, np.float32)
    metadata = {"format": "epochal-weights-1", "model": msgspec.json.encode(model).decode()}
    replace_file(path, save(arrays, metadata))


def read_weights(path: Path) -> tuple[dict[str, Array], Connectivity, Model]:
    """Read what ``write_weights`` wrote.

    Raises
    ------
    RunError
        The file is missing or damaged.
    """
    if not path.is_file():
        message = f"{path} is missing: the run was stopped before it had weights"
        raise RunError(message)
    try:
        with safe_open(path, framework="np") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            described = msgspec.json.decode((file.metadata() or {}).get("model", ""))
        model: Model = msgspec.convert(typed(described, "ctrnn"), Model)
    except (SafetensorError, msgspec.MsgspecError, OSError) as error:
        message = f"{path} is damaged: {error}"
        raise RunError(message) from None
    weights = {name: array for name, array in arrays.items() if _is_weight(name)}
    return weights, _connectivity(arrays), model


def check_weights(
    path: Path,
    weights: Weights,
    connectivity: Connectivity,
    model: Model,
    n_in: int,
    n_out: int,
) -> None:
    """Refuse weights that are not those of this model.

    Raises
    ------
    RunError
        One is missing, has another shape or is not finite, or a mask does not fit.
    """
    expected = shapes(model, n_in, n_out)
    missing = [name for name in expected if name not in weights]
    if missing:
        message = f"{path} is damaged: it lacks {', '.join(missing)}"
        raise RunError(message)
    for name, array in weights.items():
        shape = expected.get(name, array.shape)
        if array.shape != shape:
            message = f"{path} is damaged: {name} is {array.shape}, expected {shape}"
            raise RunError(message)
        if not np.isfinite(array).all():
            message = f"{path}: {name} holds values that are not finite numbers"
            raise RunError(message)
    try:
        make_masks(model, n_in, n_out, connectivity)
        plasticity(model, connectivity, weights)
    except ValueError as error:
        message = f"{path} is damaged: {error}"
        raise RunError(message) from None


def _is_weight(name: str) -> bool:
    return name not in MASKS and "." not in name


def _connectivity(arrays: Mapping[str, Array]) -> Connectivity:
    by_weight: dict[str, dict[str, Array]] = {kind: {} for kind in BY_WEIGHT}
    for full, array in arrays.items():
        kind, _, name = full.partition(".")
        if name and kind in by_weight:
            by_weight[kind][name] = array
    return Connectivity(
        C_in=arrays.get("C_in"),
        C_rec=arrays.get("C_rec"),
        C_out=arrays.get("C_out"),
        signs=arrays.get("signs"),
        fixed=by_weight["fixed"],
        plasticity=by_weight["plasticity"],
        start=by_weight["start"],
    )
