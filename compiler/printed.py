"""A printed value: its text, how tightly it binds, and its axes.

A printed value has one of six shapes: constant for the batch, one value a trial ``(N_batch,)``,
an array of them ``(N_batch, n)``, one value a trial and unit ``(N_batch, N_units)``, one for
each value of an array and unit ``(N_batch, n, N_units)``, or one for each step and unit
``(N_batch, N_steps, N_units)``, where outputs are read.  Statements that run step by step have a
step of a trial in place of the trial.
"""

from collections.abc import Iterable
from enum import IntEnum

from msgspec import Struct

# How tightly Python binds; an operand that binds less gets brackets.
OR, AND, COMPARE, SUM, PRODUCT, SIGN, POWER, ATOM = range(8)


class Shape(IntEnum):
    """The axes of a printed value."""

    CONSTANT = 0
    TRIAL = 1
    ARRAY = 2
    UNITS = 3
    GRID = 4
    SERIES = 5


class Text(Struct, frozen=True):
    """A printed expression: its text, how tightly it binds, its shape."""

    text: str
    binds: int
    shape: Shape

    def inside(self, binds: int) -> str:
        """Print as an operand of an operator that binds this tightly."""
        return self.text if self.binds >= binds else f"({self.text})"


def binding(value: str) -> int:
    """Say how tightly a printed number binds."""
    return SIGN if value.startswith("-") else ATOM


def joint(parts: Iterable[Text]) -> Shape:
    """Find the axes that several values have together."""
    shapes = {part.shape for part in parts}
    return Shape.GRID if {Shape.ARRAY, Shape.UNITS} <= shapes else max(shapes)


def stretch(text: Text, shape: Shape, binds: int) -> str:
    """Give a value the axes of what it meets: of arrays, of units, or of both."""
    axes = _NEW_AXES.get((text.shape, shape))
    return f"{text.inside(ATOM)}[{axes}]" if axes else text.inside(binds)


_NEW_AXES = {
    (Shape.TRIAL, Shape.ARRAY): ":, None",
    (Shape.TRIAL, Shape.UNITS): ":, None",
    (Shape.TRIAL, Shape.GRID): ":, None, None",
    (Shape.ARRAY, Shape.GRID): ":, :, None",
    (Shape.UNITS, Shape.GRID): ":, None",
    (Shape.TRIAL, Shape.SERIES): ":, None, None",
}
