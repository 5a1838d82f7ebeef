"""A network as it was kept: its model, its weights and what constrains them.  NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from epochal.runtime.batch import Float
from epochal.runtime.errors import RunError
from epochal.runtime.models import Model, OwnCell
from epochal.runtime.rundir import Run, read_run
from epochal.runtime.weights import Connectivity, Weights, effective, make_masks
from epochal.runtime.weights_file import check_weights, read_weights, write_weights


@dataclass(frozen=True, eq=False)
class SavedNetwork:
    """A network that can be simulated, written to a file, or trained further.

    Attributes
    ----------
    model
        The record of the model.
    weights
        As they are trained, before constraints, by name.
    connectivity
        Masks and signs of single connections and units.
    dt
        Step in ms that it was trained with; None where its file does not say.
    """

    model: Model
    weights: Weights
    connectivity: Connectivity
    dt: float | None = None

    @property
    def n_in(self) -> int:
        """Number of inputs, N_in."""
        return int(self.weights["W_in"].shape[-1])

    @property
    def n_out(self) -> int:
        """Number of outputs, N_out."""
        return int(self.weights["W_out"].shape[0])

    def in_force(self) -> dict[str, Float]:
        """Give the weights that act, float32: after masks and Dale's law."""
        masks = make_masks(self.model, self.n_in, self.n_out, self.connectivity)
        as_trained = {name: np.asarray(w, np.float32) for name, w in self.weights.items()}
        return {name: np.asarray(w, np.float32) for name, w in effective(as_trained, masks).items()}

    def write(self, path: str | Path) -> None:
        """Write a weights file, which `read_network` and `epochal.simulate` read."""
        write_weights(Path(path), self.weights, self.model, self.connectivity)


Network: TypeAlias = SavedNetwork | Run | str | Path
"""What stands for a network: itself, a run, or the path of a run directory or a weights file."""


def read_network(network: Network) -> SavedNetwork:
    """Read the network of a run directory or of a weights file.

    Raises
    ------
    RunError
        A file is missing or damaged, or the cell is a user's own, which is TensorFlow.
    """
    if isinstance(network, SavedNetwork):
        found = network
    elif isinstance(network, Run):
        profile = network.record.profile
        dt = profile.training.dt
        found = SavedNetwork(profile.model, network.weights, network.connectivity, dt)
    elif Path(network).is_dir():
        return read_network(read_run(Path(network)))
    else:
        found = _from_file(Path(network))
    if isinstance(found.model, OwnCell):
        message = f"the cell {found.model.cell!r} is your own: only TensorFlow can run it"
        raise RunError(message)
    return found


def _from_file(path: Path) -> SavedNetwork:
    if not path.is_file():
        message = f"{path} is neither a run directory nor a weights file"
        raise RunError(message)
    weights, connectivity, model = read_weights(path)
    found = SavedNetwork(model, weights, connectivity)
    if not isinstance(model, OwnCell):
        missing = [name for name in ("W_in", "W_out") if name not in weights]
        if missing:
            message = f"{path} is damaged: it lacks {', '.join(missing)}"
            raise RunError(message)
        check_weights(path, weights, connectivity, model, found.n_in, found.n_out)
    return found
