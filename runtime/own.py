"""A user's own code: cells, losses and penalties, by the names that profiles call them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from epochal.runtime.errors import RunError

if TYPE_CHECKING:
    from epochal.runtime.cells.own import Cell

Found = TypeVar("Found")
Function = Callable[..., Any]  # of tensors, to a scalar tensor


@dataclass(frozen=True, eq=False)
class OwnCode:
    """What a profile may name and only its user can give.

    Code is given, never looked up: a profile or a run from a stranger can name a function, and
    cannot make it run.

    Attributes
    ----------
    cells
        Classes, subclasses of `epochal.runtime.cells.Cell`.
    losses
        Functions of outputs, targets and weights (N_batch, N_steps, N_out) to a scalar.
    penalties
        Functions of an `epochal.runtime.network.Ran` to a scalar.
    """

    cells: Mapping[str, type[Cell]] = field(default_factory=dict)
    losses: Mapping[str, Function] = field(default_factory=dict)
    penalties: Mapping[str, Function] = field(default_factory=dict)


NO_CODE = OwnCode()


def given(kind: str, name: str, among: Mapping[str, Found]) -> Found:
    """Find what a profile names.

    Raises
    ------
    RunError
        It was not given.
    """
    if name not in among:
        message = f"the profile names a {kind} of your own, {name!r}, which was not given"
        raise RunError(message)
    return among[name]
