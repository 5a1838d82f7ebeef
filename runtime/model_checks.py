"""What the fields of a model may not be together; a combination that makes no sense is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from epochal.runtime.laws import SCALED, Spectral
from epochal.runtime.requirements import positive, require

if TYPE_CHECKING:
    from epochal.runtime.models import Ctrnn, Gru, LeakyGru, Lstm

RADIUS, PERSISTENCE = 0.8, 0.5
"""What a `Ctrnn` has of them where nothing is said."""


def count_excitatory(dale: float, units: int) -> int:
    """Round a fraction of units down, as PsychRNN does."""
    return int(dale * units + 1e-9)


def check_together(model: Ctrnn) -> None:
    """Refuse Dale's law with one kind of unit, and options that would not be used."""
    if model.dale is not None and not 0 < model.excitatory < model.units:
        message = f"dale = {model.dale} of {model.units} units leaves only one kind of unit"
        raise ValueError(message)
    moved = (model.radius, model.persistence) != (RADIUS, PERSISTENCE)
    if moved and not isinstance(model.init_rec, SCALED):
        message = "radius and persistence are only used with init_rec = spectral or gamma"
        raise ValueError(message)


def check_rank(model: Ctrnn) -> None:
    """Refuse constraints under which weights of low rank would not keep it."""
    if model.rank is None:
        return
    require("rank", model.rank, 1 <= model.rank <= model.units, "1 to the number of units")
    breaks = {
        "dale": model.dale is not None,
        "autapses = false": not model.autapses,
        "areas": bool(model.areas),
        "an init_rec other than spectral": not isinstance(model.init_rec, Spectral),
    }
    for name, found in breaks.items():
        if found:
            message = f"{name} cannot be joined with rank: the weights would not keep their rank"
            raise ValueError(message)


def check_areas(model: Ctrnn) -> None:
    """Refuse areas that do not make up the network, and projections between others."""
    names = [area.name for area in model.areas]
    if len(set(names)) != len(names):
        message = f"areas have different names, but found {', '.join(names)}"
        raise ValueError(message)
    total = sum(area.units for area in model.areas)
    if model.areas and total != model.units:
        message = f"the areas have {total} units together, but units = {model.units}"
        raise ValueError(message)
    if model.projections and not model.areas:
        message = "projections connect areas: give areas, too"
        raise ValueError(message)
    for projection in model.projections:
        for end in (projection.source, projection.target):
            require("projection", repr(end), end in names, f"between areas: {', '.join(names)}")
        if projection.excitatory and model.dale is None:
            message = "a projection of excitatory units needs Dale's law: give dale"
            raise ValueError(message)
    if model.dale is not None:
        for area in model.areas:
            if not 0 < count_excitatory(model.dale, area.units) < area.units:
                message = f"dale = {model.dale} of area {area.name} leaves only one kind of unit"
                raise ValueError(message)
    for wanted in ("inputs", "outputs"):
        if model.areas and not any(getattr(area, wanted) for area in model.areas):
            message = f"no area has {wanted}"
            raise ValueError(message)


def check_gated(model: Gru | LeakyGru | Lstm) -> None:
    """Refuse laws of weights that are for networks with one recurrent matrix."""
    if isinstance(model.init_rec, SCALED):
        message = "init_rec = spectral and gamma are for ctrnn: a gated network has no one radius"
        raise ValueError(message)


def check_power(model: Ctrnn | Gru | LeakyGru) -> None:
    """Refuse an exponent below 1, and one that would not be used."""
    require("power", model.power, positive(model.power) and model.power >= 1, "1 or more")
    if model.power != 2 and model.activation != "power":
        message = f"power = {model.power} is only used with activation = power"
        raise ValueError(message)
