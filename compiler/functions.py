"""The functions of the language: one row each, with what they take and give."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Takes(Enum):
    """How a function types its arguments and its result.

    ``SAME`` takes quantities of one type and gives that type; ``NUMBERS`` takes and gives plain
    numbers; ``ANGLES`` takes and gives angles; the others are spelled out in ``calls.py``.
    """

    SAME = "quantities of one type"
    NUMBERS = "plain numbers"
    ANGLES = "angles"
    SPECIAL = "as documented"


@dataclass(frozen=True, slots=True)
class Function:
    """One function: its arguments by name, how many may be given at most, and what it does."""

    name: str
    arguments: tuple[str, ...]
    takes: Takes
    gives: str
    many: bool = False


_ROWS = (
    Function("abs", ("x",), Takes.SAME, "the absolute value"),
    Function("sqrt", ("x",), Takes.NUMBERS, "the square root"),
    Function("exp", ("x",), Takes.NUMBERS, "e to the power x"),
    Function("log", ("x",), Takes.NUMBERS, "the natural logarithm"),
    Function("sin", ("angle",), Takes.SPECIAL, "the sine of an angle"),
    Function("cos", ("angle",), Takes.SPECIAL, "the cosine of an angle"),
    Function("sign", ("x",), Takes.SPECIAL, "-1, 0 or 1"),
    Function("floor", ("x",), Takes.NUMBERS, "the largest whole number not above x"),
    Function("mod", ("a", "b"), Takes.SAME, "the remainder of a / b, from 0 up to b"),
    Function("min", ("a", "b"), Takes.SAME, "the smallest", many=True),
    Function("max", ("a", "b"), Takes.SAME, "the largest", many=True),
    Function("clip", ("x", "low", "high"), Takes.SAME, "x, moved to the nearest end of a range"),
    Function("rescale", ("x", "of", "onto"), Takes.SPECIAL, "x on one range as read on another"),
    Function("wrap", ("angle",), Takes.ANGLES, "the angle in [0, 360) deg"),
    Function("angle_between", ("a", "b"), Takes.ANGLES, "a - b, signed, in (-180, 180] deg"),
    Function("bump", ("center", "width"), Takes.SPECIAL, "a circular Gaussian over a ring"),
    Function("vonmises", ("center", "kappa"), Takes.SPECIAL, "a von Mises curve over a ring"),
    Function("cosine_tuning", ("center",), Takes.SPECIAL, "a cosine over a ring"),
    Function("onehot", ("unit",), Takes.SPECIAL, "1 on one unit, 0 on the others"),
    Function("opponent", ("x",), Takes.SPECIAL, "x on the first of two units, -x on the second"),
    Function("evidence", ("label", "x"), Takes.SPECIAL, "x on one named unit, less on the others"),
    Function("other", ("label",), Takes.SPECIAL, "the other of two labels"),
    Function("position", ("label",), Takes.SPECIAL, "where a label stands in its set, from 0"),
    Function("lookup", ("key", "table"), Takes.SPECIAL, "the value beside the key in a table"),
    Function("range", ("n",), Takes.SPECIAL, "the array 0, 1, .. n - 1"),
    Function("sum", ("x",), Takes.SPECIAL, "the sum of an array"),
    Function("count", ("x",), Takes.SPECIAL, "how many conditions of an array hold"),
    Function("any", ("x",), Takes.SPECIAL, "whether one condition of an array holds"),
    Function("all", ("x",), Takes.SPECIAL, "whether every condition of an array holds"),
    Function("mean", ("x",), Takes.SPECIAL, "the mean over time, then over units"),
    Function("previous", ("x", "initial"), Takes.SPECIAL, "x of the trial before in the session"),
    Function("last", ("x",), Takes.SPECIAL, "the value at the last step of a span"),
    Function("first_above", ("x", "level"), Takes.SPECIAL, "when an output first exceeds a level"),
    Function("argmax", ("x",), Takes.SPECIAL, "the unit with the largest time mean"),
    Function("population_vector", ("x",), Takes.SPECIAL, "the angle that a ring points to"),
)

FUNCTIONS: Mapping[str, Function] = {row.name: row for row in _ROWS}

PLANNED = frozenset("latch integral lag ema rms error fraction".split())
"""Functions of the language that this version reads but does not build yet."""
