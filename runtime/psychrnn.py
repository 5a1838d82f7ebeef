"""Weights of PsychRNN 1.0's Basic, read and written.

PsychRNN keeps weights in force, [post, pre], in an .npz file, and some entries of it as pickles.
A pickle can run any code when it is read, so none is: what may stand in one (`dale_ratio` where
there is none, Adam's slots apart) is either known from the arrays or an argument here.

References
----------
Ehrlich, Stone et al. 2021; PsychRNN 1.0.0, backend/rnn.py, backend/initializations.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np

from epochal.runtime.batch import Float
from epochal.runtime.errors import RunError
from epochal.runtime.model_checks import count_excitatory
from epochal.runtime.models import Activation, Ctrnn
from epochal.runtime.npz import write_npz
from epochal.runtime.saved import Network, SavedNetwork, read_network
from epochal.runtime.weights import Array, Connectivity, make_masks

NEEDED = ("W_in", "W_rec", "W_out", "b_rec", "b_out", "init_state")
MASKS = {
    "C_in": "input_connectivity",
    "C_rec": "rec_connectivity",
    "C_out": "output_connectivity",
}


def import_psychrnn(
    path: str | Path,
    *,
    tau: float = 100.0,
    dt: float = 10.0,
    noise: float = 0.0,
    activation: Activation = "relu",
    dale: float | Literal[False] | None = None,
) -> SavedNetwork:
    """Read the weights that PsychRNN's ``model.save(path)`` wrote for a Basic or BasicScan.

    Parameters
    ----------
    path
        The .npz file.
    tau, dt, noise, activation
        PsychRNN's ``tau`` and ``dt``, in ms, ``rec_noise`` and ``transfer_function``: they are not
        in the file.
    dale
        Fraction of excitatory units; False for weights without Dale's law, which run alike but
        are trained without it.  None reads it from the file, where it is no pickle.

    Raises
    ------
    RunError
        The file is not PsychRNN's, or Dale's law does not hold in it.
    """
    arrays = _read(Path(path))
    n_rec = len(arrays["W_rec"])
    signs = _signs(arrays, dale, n_rec)
    C_rec = arrays.get("rec_connectivity")
    autapses = C_rec is None or bool(C_rec.diagonal().any())
    ratio = _ratio(signs)
    model = Ctrnn(
        units=n_rec,
        tau=tau,
        noise=noise,
        activation=activation,
        dale=ratio,
        autapses=autapses,
        radius=1.1,
        persistence=0.0,
    )
    connectivity = Connectivity(
        C_in=_mask(arrays, MASKS["C_in"]),
        C_rec=_mask(arrays, MASKS["C_rec"]),
        C_out=_mask(arrays, MASKS["C_out"]),
        signs=signs if ratio is None else None,
    )
    found = SavedNetwork(model, _weights(arrays), connectivity, dt)
    _check_in_force(found, arrays, Path(path))
    return found


def export_psychrnn(
    network: Network, path: str | Path, *, dt: float | None = None
) -> dict[str, float | str]:
    """Write the weights of a network as PsychRNN's Basic loads them.

    Parameters
    ----------
    network
        As for `epochal.simulate`: a `Ctrnn` in the `current` form with a linear readout.
    path
        The .npz file; no entry of it is a pickle.
    dt
        Step in ms, where the network does not say.

    Returns
    -------
    params
        What PsychRNN's Basic needs besides ``name``, ``N_batch`` and ``N_steps``: its sizes,
        ``tau``, ``dt``, ``rec_noise``, ``load_weights_path``.  An activation other than relu has
        to be given to it as ``transfer_function``.

    Raises
    ------
    RunError
        PsychRNN has no such network, or the file cannot be written.
    """
    saved, path = read_network(network), Path(path)
    model = _exportable(saved)
    step = saved.dt if dt is None else dt
    if step is None:
        message = "a weights file does not say how long a step is: give dt, in ms"
        raise RunError(message)
    write_npz(path, _arrays(saved))
    return {
        "N_in": saved.n_in,
        "N_rec": model.units,
        "N_out": saved.n_out,
        "tau": model.tau,
        "dt": step,
        "rec_noise": model.noise,
        "load_weights_path": str(path),
    }


def _read(path: Path) -> dict[str, Float]:
    """Read the arrays of a file that are no pickles, checked."""
    found = {}
    try:
        with np.load(path, allow_pickle=False) as file:
            if "W_f" in file.files:
                message = f"{path} holds an LSTM of PsychRNN: only Basic can be read"
                raise RunError(message)
            for name in (*NEEDED, *MASKS.values(), "Dale_rec"):
                if name in file.files:
                    found[name] = np.asarray(file[name], np.float32)
            found.update(_plain_ratio(file))
    except RunError:
        raise
    except (OSError, ValueError, BadZipFile, AttributeError, TypeError) as error:
        message = f"{path} cannot be read as weights of PsychRNN: {error}"
        raise RunError(message) from None
    _check_shapes(path, found)
    return found


def _plain_ratio(file: Mapping[str, Array]) -> dict[str, Float]:
    """Give ``dale_ratio`` where it is a number: None is kept as a pickle, and means no Dale."""
    try:
        return {"dale_ratio": np.asarray(file["dale_ratio"], np.float64).astype(np.float32)}
    except (KeyError, ValueError):
        return {}


def _check_shapes(path: Path, arrays: Mapping[str, Float]) -> None:
    missing = [name for name in NEEDED if name not in arrays]
    if missing:
        message = f"{path} is no file of PsychRNN's Basic: it lacks {', '.join(missing)}"
        raise RunError(message)
    n_rec, n_in, n_out = (len(arrays["b_rec"].ravel()), *_ends(arrays))
    shapes = {
        "W_in": (n_rec, n_in),
        "W_rec": (n_rec, n_rec),
        "W_out": (n_out, n_rec),
        "b_rec": (n_rec,),
        "b_out": (n_out,),
        "input_connectivity": (n_rec, n_in),
        "rec_connectivity": (n_rec, n_rec),
        "output_connectivity": (n_out, n_rec),
        "Dale_rec": (n_rec, n_rec),
    }
    for name, array in arrays.items():
        expected = shapes.get(name, array.shape)
        if array.shape != expected or not np.isfinite(array).all():
            message = f"{path}: {name} is {array.shape}, expected finite numbers, {expected}"
            raise RunError(message)
    if arrays["init_state"].size != n_rec:
        message = f"{path}: init_state has {arrays['init_state'].size} values for {n_rec} units"
        raise RunError(message)


def _ends(arrays: Mapping[str, Float]) -> tuple[int, int]:
    return arrays["W_in"].shape[-1], len(arrays["W_out"])


def _signs(
    arrays: Mapping[str, Float], dale: float | Literal[False] | None, n_rec: int
) -> Float | None:
    """Give the sign of each unit, or None without Dale's law.

    PsychRNN takes a ratio of 0, as None, for no Dale's law; with one of 1 all weights are
    positive, which they stay in force without the law.
    """
    if dale is None:
        if not arrays.get("dale_ratio", np.zeros(())).any():
            return None
        ratio = float(arrays["dale_ratio"].item())
        signs = arrays["Dale_rec"].diagonal() if "Dale_rec" in arrays else None
    else:
        ratio, signs = float(dale), None
    if signs is None:
        signs = np.where(np.arange(n_rec) < int(ratio * n_rec), 1, -1).astype(np.float32)
    both = set(signs.tolist()) == {1.0, -1.0}
    return signs.copy() if both and dale is not False else None


def _ratio(signs: Float | None) -> float | None:
    """Give the fraction of excitatory units, where they come first; None elsewhere."""
    if signs is None:
        return None
    excitatory = int((signs > 0).sum())
    ratio = excitatory / len(signs)
    in_front = bool((signs[:excitatory] > 0).all())
    return ratio if in_front and count_excitatory(ratio, len(signs)) == excitatory else None


def _mask(arrays: Mapping[str, Float], name: str) -> Float | None:
    """Give where connections exist; None where all do, but for autapses."""
    if name not in arrays:
        return None
    C = (arrays[name] != 0).astype(np.float32)
    spared = (
        np.eye(len(C), dtype=bool) if name == "rec_connectivity" and not C.diagonal().any() else 0
    )
    return None if np.all((C > 0) | spared) else C


def _weights(arrays: Mapping[str, Float]) -> dict[str, Float]:
    """Take weights in force for weights as they are trained: under Dale's law signs are ignored."""
    kept = {name: arrays[name] for name in ("W_in", "W_rec", "W_out", "b_rec", "b_out")}
    return {**kept, "initial": arrays["init_state"].ravel()}


def _check_in_force(found: SavedNetwork, arrays: Mapping[str, Float], path: Path) -> None:
    """Refuse a file whose weights would not be in force as they stand there."""
    for name, weights in found.in_force().items():
        if name in arrays and not np.array_equal(weights, arrays[name]):
            message = (
                f"{path}: {name} is not what Dale's law and the connectivity allow"
                " (PsychRNN 1.0.0 lets inhibitory units reach the outputs): dale=False reads the"
                " weights as they are, without the law"
            )
            raise RunError(message)


def _exportable(saved: SavedNetwork) -> Ctrnn:
    model = saved.model
    if not isinstance(model, Ctrnn) or model.form != "current":
        message = "PsychRNN's Basic is a ctrnn in the current form: this network is another"
        raise RunError(message)
    if model.readout != "linear":
        message = (
            f"PsychRNN's Basic has a linear readout: this network has readout = {model.readout}"
        )
        raise RunError(message)
    return model


def _arrays(saved: SavedNetwork) -> dict[str, Array]:
    """Name the arrays of a network as PsychRNN does.

    ``dale_ratio`` is 0 without Dale's law, which PsychRNN takes as it takes None.
    """
    w, n_rec = saved.in_force(), saved.model.units
    masks = make_masks(saved.model, saved.n_in, saved.n_out, saved.connectivity)
    sign = np.ones(n_rec) if masks.sign is None else masks.sign
    exists = {name: (getattr(masks, ours) != 0) for ours, name in MASKS.items()}
    return {
        **{name: w[name] for name in ("W_in", "W_rec", "W_out", "b_rec", "b_out")},
        "init_state": w["initial"][None],
        **{name: mask.astype(np.float32) for name, mask in exists.items()},
        "Dale_rec": np.diag(sign).astype(np.float32),
        "Dale_out": np.diag(np.where(sign > 0, 1, 0)).astype(np.float32),
        "dale_ratio": np.asarray(0.0 if masks.sign is None else float((sign > 0).mean())),
    }
