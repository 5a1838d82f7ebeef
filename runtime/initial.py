"""The weights that training starts from.  NumPy only."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from epochal.runtime.errors import RunError
from epochal.runtime.laws import AS_DRAWN, SCALED, Gamma, drawn
from epochal.runtime.models import Ctrnn, Gru, LeakyGru, Lstm, Model, OwnCell
from epochal.runtime.weights import ALL_TO_ALL, Array, Connectivity, Masks, effective

Draw = Callable[[int, int, np.random.Generator], Mapping[str, Array]]
"""Weights of a user's own cell, but for the readout, from N_in, N_rec and random numbers."""

GATES = {Gru: 3, LeakyGru: 3, Lstm: 4}
"""Gates of each gated network: update, reset, candidate; or forget, input, cell, output."""


def shapes(model: Model, n_in: int, n_out: int) -> dict[str, tuple[int, ...]]:
    """Shape of each weight of a network, in the order in which they are trained.

    Of a user's own cell only those of the readout are known.
    """
    n = model.units
    readout: dict[str, tuple[int, ...]] = {"W_out": (n_out, n), "b_out": (n_out,)}
    match model:
        case OwnCell():
            return readout
        case Ctrnn(rank=None):
            recurrent: dict[str, tuple[int, ...]] = {"W_rec": (n, n)}
            gates: tuple[int, ...] = ()
        case Ctrnn(rank=int(rank)):
            recurrent, gates = {"U_rec": (n, rank), "V_rec": (rank, n)}, ()
        case _:
            gates = (GATES[type(model)],)
            recurrent = {"W_rec": (*gates, n, n)}
    return {
        "W_in": (*gates, n, n_in),
        **recurrent,
        "W_out": readout["W_out"],
        "b_rec": (*gates, n),
        "b_out": readout["b_out"],
        "initial": (2, n) if isinstance(model, Lstm) else (n,),
    }


def initial_weights(
    model: Model,
    masks: Masks,
    seed: int,
    connectivity: Connectivity = ALL_TO_ALL,
    own: Draw | None = None,
) -> dict[str, Array]:
    """Draw the weights training starts from, float64, and put in those that were given.

    Each matrix is drawn from the model's law for it.  Under Dale's law the weights of inhibitory
    units are then made larger, so that excitation and inhibition of each unit balance.  Laws
    that say nothing of the size (`spectral`, `gamma`) are scaled so that the *effective* matrix
    has the spectral radius ``model.radius``; without masks and Dale's law `spectral` is
    PsychRNN's GaussianSpectralRadius (which measures the raw matrix with them, too).
    Then units that may excite have ``model.persistence`` added to their weight on themselves.

    Parameters
    ----------
    own
        Draws the weights of a user's own cell.

    Raises
    ------
    RunError
        A law makes no sense under the constraints, or a given array does not obey them.

    References
    ----------
    Ehrlich, Stone et al. 2021 (PsychRNN); Glorot and Bengio 2010 eq. 12 to 16; Yang et al. 2019
    (persistence).
    """
    draw = np.random.Generator(np.random.PCG64([seed, 0x57656967]))
    n, n_in = masks.C_in.shape
    if isinstance(model, OwnCell):
        assert own is not None, "an own cell draws its own weights"
        weights = _own(model, masks, own(n_in, n, draw), draw)
    elif isinstance(model, Ctrnn):
        weights = _ctrnn(model, masks, draw)
    else:
        weights = _gated(model, masks, draw)
    weights.update(_given(weights, masks, connectivity.start))
    if masks.rectified:  # a negative weight would never come back
        weights.update({name: np.abs(weights[name]) for name in ("W_in", "W_rec", "W_out")})
    return weights


def _ctrnn(model: Ctrnn, masks: Masks, draw: np.random.Generator) -> dict[str, Array]:
    n, n_out = model.units, len(masks.C_out)
    recurrent: dict[str, Array]
    if model.rank is None:
        recurrent = {"W_rec": _balanced(model, masks, drawn(model.init_rec, masks.C_rec, draw))}
    else:
        recurrent = _low_rank(model, model.rank, draw)
    weights: dict[str, Array] = {
        "W_in": drawn(model.init_in, masks.C_in, draw),
        **recurrent,
        "W_out": drawn(model.init_out, masks.C_out, draw),
        "b_rec": np.full(n, model.bias),
        "b_out": np.full(n_out, model.output_bias),
        "initial": model.initial + model.initial_sd * draw.standard_normal((n,)),
    }
    if model.rank is None and isinstance(model.init_rec, SCALED):
        weights["W_rec"] = _scaled(model, masks, weights["W_rec"])
    return weights


def _gated(
    model: Gru | LeakyGru | Lstm, masks: Masks, draw: np.random.Generator
) -> dict[str, Array]:
    n, n_out, gates = model.units, len(masks.C_out), GATES[type(model)]
    W_rec = np.stack([drawn(model.init_rec, masks.C_rec, draw) for _ in range(gates)])
    W_in = np.stack([drawn(model.init_in, masks.C_in, draw) for _ in range(gates)])
    biases = np.full((gates, n), model.bias)
    if isinstance(model, Lstm):
        biases[0] = model.forget_bias
    else:
        biases[:2] = model.gate_bias
    states = (2, n) if isinstance(model, Lstm) else (n,)
    return {
        "W_in": W_in,
        "W_rec": W_rec,
        "W_out": drawn(model.init_out, masks.C_out, draw),
        "b_rec": biases,
        "b_out": np.full(n_out, model.output_bias),
        "initial": model.initial + model.initial_sd * draw.standard_normal(states),
    }


def _own(
    model: OwnCell, masks: Masks, cell: Mapping[str, Array], draw: np.random.Generator
) -> dict[str, Array]:
    weights = {name: np.asarray(array, np.float64) for name, array in cell.items()}
    taken = {"W_out", "b_out"} & set(weights)
    odd = sorted(taken | {name for name in weights if not name.isidentifier()})
    if odd:
        message = f"cell {model.cell}: its weights cannot be called {', '.join(odd)}"
        raise RunError(message)
    for name, C in (("W_in", masks.C_in), ("W_rec", masks.C_rec)):
        found = weights[name].shape[-2:] if name in weights else None
        if (C != 1).any() and found != C.shape:
            message = f"cell {model.cell}: masks need {name} of shape {C.shape}, not {found}"
            raise RunError(message)
    return {
        **weights,
        "W_out": drawn(model.init_out, masks.C_out, draw),
        "b_out": np.full(len(masks.C_out), model.output_bias),
    }


def _balanced(model: Ctrnn, masks: Masks, W_rec: Array) -> Array:
    """Give each unit as much inhibition as excitation, in the mean of the law."""
    if masks.sign is None:
        if isinstance(model.init_rec, Gamma):
            message = "init_rec = gamma needs Dale's law: without signs every unit would excite"
            raise RunError(message)
        return W_rec
    if isinstance(model.init_rec, AS_DRAWN):
        if (W_rec * (1 - np.eye(len(W_rec)))).any():
            message = "init_rec = orthogonal makes no sense under Dale's law, which changes signs"
            raise RunError(message)
        return W_rec
    excites = masks.sign > 0
    excitation = masks.C_rec[:, excites].sum(axis=1, keepdims=True)
    inhibition = masks.C_rec[:, ~excites].sum(axis=1, keepdims=True)
    both = (excitation > 0) & (inhibition > 0)
    ratio = np.where(both, excitation, 1) / np.where(both, inhibition, 1)
    return W_rec * np.where(excites, 1.0, ratio)


def _scaled(model: Ctrnn, masks: Masks, W_rec: Array) -> Array:
    """Set the spectral radius, and add persistence."""
    made = {"W_in": masks.C_in, "W_rec": W_rec, "W_out": masks.C_out}
    if masks.rectified:
        made["W_rec"] = W_rec = np.abs(W_rec)
    radius = np.abs(np.linalg.eigvals(effective(made, masks)["W_rec"])).max()
    if radius > 1e-6:  # a network without loops has none
        W_rec = W_rec * (model.radius / radius)
    itself = np.arange(model.units)
    if masks.sign is not None:
        itself = itself[masks.sign > 0]
    raised = W_rec.copy()
    if masks.sign is not None:  # only the size counts
        raised[itself, itself] = np.abs(raised[itself, itself])
    raised[itself, itself] += model.persistence * (masks.C_rec[itself, itself] > 0)
    return raised


def _low_rank(model: Ctrnn, rank: int, draw: np.random.Generator) -> dict[str, Array]:
    """Draw U with orthogonal columns, and V so that U V has the radius and the persistence.

    Both get entries of about one size, since they are trained at one rate.
    """
    U, _ = np.linalg.qr(draw.standard_normal((model.units, rank)))
    V = draw.standard_normal((rank, model.units))
    V = V * (model.radius / np.abs(np.linalg.eigvals(V @ U)).max()) + model.persistence * U.T
    size = model.units**0.25
    return {"U_rec": U * size, "V_rec": V / size}


def _given(
    weights: Mapping[str, Array], masks: Masks, start: Mapping[str, Array]
) -> dict[str, Array]:
    """Check arrays to start from: their shapes, and that the constraints leave them alone."""
    given: dict[str, Array] = {}
    for name, found in start.items():
        array = np.asarray(found, np.float64)
        if name not in weights:
            message = f"start: there is no weight {name!r}; there are {', '.join(weights)}"
            raise RunError(message)
        if array.shape != weights[name].shape or not np.isfinite(array).all():
            message = f"start: {name} must be finite numbers of shape {weights[name].shape}"
            raise RunError(message)
        given[name] = _obedient(name, array, masks)
    return given


def _obedient(name: str, array: Array, masks: Masks) -> Array:
    """Refuse weights that the constraints forbid; under Dale's law only their size is kept."""
    allowed = {"W_in": masks.C_in > 0, "W_rec": masks.C_rec > 0, "W_out": masks.C_out > 0}
    if masks.projects is not None:
        allowed["W_out"] = allowed["W_out"] & (masks.projects > 0)
    if name not in allowed or array.shape[-2:] != allowed[name].shape:
        return array
    if (array * ~allowed[name]).any():
        message = f"start: {name} has weights where the constraints allow no connection"
        raise RunError(message)
    if masks.sign is None:
        return array
    if (array * (masks.sign if name == "W_rec" else 1) < 0).any():
        message = f"start: {name} has weights of a sign that Dale's law forbids"
        raise RunError(message)
    return np.abs(array)
