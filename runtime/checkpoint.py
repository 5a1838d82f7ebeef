"""All that the rest of a training follows from, in one file that is written whole.

Trials and recurrent noise are functions of the seed and of numbers that count updates and
evaluations, so that a training taken up from here goes on with the same bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from epochal.runtime.curriculum import State
from epochal.runtime.errors import RunError
from epochal.runtime.files import replace_file
from epochal.runtime.weights import Array


class Reached(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far a training has come.

    Attributes
    ----------
    updates
        Updates done.
    accuracies
        Of all evaluations, that of the untrained network first; None where it was no number.
    since
        The first evaluation of the present stage.
    state
        Where the training stands in its curriculum.
    seconds
        Time spent.
    """

    updates: int = 0
    accuracies: tuple[float | None, ...] = ()
    since: int = 0
    state: State = State()
    seconds: float = 0.0


@dataclass(frozen=True)
class Checkpoint:
    """How far a training has come, and every variable of the network and its optimiser."""

    reached: Reached
    variables: dict[str, Array]


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint: whoever reads finds the old one or the new one."""
    metadata = {
        "format": "epochal-checkpoint-1",
        "reached": msgspec.json.encode(checkpoint.reached).decode(),
    }
    arrays = {
        name: np.ascontiguousarray(x).reshape(x.shape)  # NumPy makes rows of single numbers
        for name, x in checkpoint.variables.items()
    }
    replace_file(path, save(arrays, metadata))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read what ``write_checkpoint`` wrote.

    Raises
    ------
    RunError
        The file is missing or damaged.
    """
    if not path.is_file():
        message = f"{path} is missing: the run cannot be continued"
        raise RunError(message)
    try:
        with safe_open(path, framework="np") as file:
            names = file.keys()
            variables = {name: file.get_tensor(name) for name in names}
            text = (file.metadata() or {}).get("reached", "")
            reached = msgspec.json.decode(text, type=Reached)
    except (SafetensorError, msgspec.MsgspecError, OSError) as error:
        message = f"{path} is damaged: {error}"
        raise RunError(message) from None
    return Checkpoint(reached, variables)
