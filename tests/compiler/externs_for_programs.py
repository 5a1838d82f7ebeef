"""What the externs of random programs call: a row in, a row out, by arithmetic alone."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MODULE = "externs_for_programs"

quiet = np.errstate(all="ignore")  # what they are given may be beyond all measure

NUMBERS: dict[str, tuple[str, ...]] = {
    "halved": ("number",),
    "blend": ("number", "angle", "frequency"),
    "fading": ("time", "boolean"),
    "steady": (),
}
"""Those that give one number a row, each with the types of its arguments."""

UNITS = {2: "fan2", 3: "fan3", 4: "fan4"}
"""Those that give a number for each unit of a channel, by the number of units."""


@quiet
def halved(x: Floats) -> Floats:
    return x / 2


@quiet
def blend(x: Floats, angle: Floats, rate: Floats) -> Floats:
    return x + angle / 90 - rate / 10


@quiet
def fading(time: Floats, strong: NDArray[np.bool_]) -> Floats:
    assert strong.dtype == bool
    return np.where(strong, 1.0, 0.5) * (1 - time / 4e6)


def steady() -> float:
    return 0.25


def fan2(x: Floats) -> Floats:
    return _fan(x, 2)


def fan3(x: Floats) -> Floats:
    return _fan(x, 3)


def fan4(x: Floats) -> Floats:
    return _fan(x, 4)


@quiet
def _fan(x: Floats, n: int) -> Floats:
    return x[:, None] * np.arange(1, n + 1)
