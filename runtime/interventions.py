"""What is done to units while a network runs: pushed, held, silenced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.batch import Float
from epochal.runtime.errors import RunError
from epochal.runtime.models import Ctrnn, Model
from epochal.runtime.weights import Array

Units: TypeAlias = int | str | range | Sequence[int] | NDArray[np.integer]
"""A unit, the name of an area, or the numbers of several units, from 0."""

Size: TypeAlias = float | Array
"""One number, one for each of the units, or (N_batch, n) for n units of each trial."""


@dataclass(frozen=True, eq=False)
class Push:
    """Input added to units in the steps from ``begin`` to before ``end``; None is the last.

    ``size`` is in units of what the inputs drive: it stands beside ``W_in x``.  A gated unit
    gets it inside the activation of what it takes in.
    """

    units: Units
    size: Size
    begin: int = 0
    end: int | None = None


@dataclass(frozen=True, eq=False)
class Clamp:
    """Rates held at ``value`` in the steps from ``begin`` to before ``end``; None is the last.

    What the units drive follows the held rates.  Where rates are the state (`rate` form, gated
    networks) the state is held with them; currents, and the cells of an LSTM, go on behind.
    A clamp from step 0 on holds the rates before the first step, too.
    """

    units: Units
    value: Size = 0.0
    begin: int = 0
    end: int | None = None


@dataclass(frozen=True, eq=False)
class Held:
    """A clamp on the steps of one simulation."""

    units: NDArray[np.intp]
    value: Size
    begin: int
    end: int

    def apply(self, t: int, rates: Float) -> None:
        """Put the value into the rates (N_batch, N_rec) of step t; t is -1 before the first."""
        if self.begin <= max(t, 0) < self.end:
            rates[:, self.units] = self.value


def unit_numbers(units: Units, model: Model) -> NDArray[np.intp]:
    """Give the numbers of units, (n,).

    Raises
    ------
    RunError
        There are no such units.
    """
    if isinstance(units, str):
        return _of_area(units, model)
    found = np.atleast_1d(np.asarray(units))
    if found.size == 0:
        return np.zeros(0, np.intp)
    if found.ndim != 1 or not np.issubdtype(found.dtype, np.integer):
        message = "units are whole numbers from 0, or the name of an area"
        raise RunError(message)
    if found.min() < 0 or found.max() >= model.units:
        wrong = found[(found < 0) | (found >= model.units)][0]
        message = f"there is no unit {wrong}: the units are 0 to {model.units - 1}"
        raise RunError(message)
    if len(np.unique(found)) != len(found):
        message = "a unit is named twice"
        raise RunError(message)
    return found.astype(np.intp)


def pushed(pushes: Sequence[Push], model: Model, n_steps: int, n_batch: int) -> Float:
    """Add pushes up to (N_steps, N_batch, N_rec), or a single 0 where there are none."""
    if not pushes:
        return np.zeros((1, 1, 1), np.float32)
    total = np.zeros((n_steps, n_batch, model.units), np.float32)
    for push in pushes:
        units = unit_numbers(push.units, model)
        begin, end = _span(push, n_steps)
        total[begin:end, :, units] += _sized("push", push.size, n_batch, len(units))
    return total


def held(clamps: Sequence[Clamp], model: Model, n_steps: int, n_batch: int) -> tuple[Held, ...]:
    """Check clamps against the simulation they are for."""
    made = []
    for clamp in clamps:
        units = unit_numbers(clamp.units, model)
        value = _sized("clamp", clamp.value, n_batch, len(units))
        made.append(Held(units, value, *_span(clamp, n_steps)))
    return tuple(made)


def _of_area(name: str, model: Model) -> NDArray[np.intp]:
    areas = model.areas if isinstance(model, Ctrnn) else ()
    first = 0
    for area in areas:
        if area.name == name:
            return np.arange(first, first + area.units, dtype=np.intp)
        first += area.units
    known = ", ".join(area.name for area in areas)
    message = f"there is no area {name!r}" + (f"; there are {known}" if known else "")
    raise RunError(message)


def _span(one: Push | Clamp, n_steps: int) -> tuple[int, int]:
    end = n_steps if one.end is None else one.end
    if not 0 <= one.begin < end <= n_steps:
        message = f"steps {one.begin} to {end} are not a span of the {n_steps} steps"
        raise RunError(message)
    return one.begin, end


def _sized(what: str, size: Size, n_batch: int, n_units: int) -> Float:
    array = np.asarray(size, np.float32)
    try:
        np.broadcast_to(array, (n_batch, n_units))
    except ValueError:
        message = f"the {what} of {n_units} units in {n_batch} trials has shape {array.shape}"
        raise RunError(message) from None
    if not np.isfinite(array).all():
        message = f"a {what} must be of finite numbers"
        raise RunError(message)
    return array
