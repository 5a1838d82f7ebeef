"""The functions of the language: one row each, with what they take and give."""

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct


class Takes(Enum):
    """How a function types its arguments and its result.

    ``SAME`` takes quantities of one type and gives that type; ``NUMBERS`` takes and gives plain
    numbers; ``ANGLES`` takes and gives angles; the others are spelled out in ``calls.py``.
    """

    SAME = "quantities of one type"
    NUMBERS = "plain numbers"
    ANGLES = "angles"
    SPECIAL = "as documented"


class Function(Struct, frozen=True):
    """One function: its arguments by name and what it does.

    ``many`` allows more arguments than names, ``needed`` are those that must be given, all of
    them where it is -1.
    """

    name: str
    arguments: tuple[str, ...]
    takes: Takes
    gives: str
    many: bool = False
    needed: int = -1


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
    Function(
        "count",
        ("x",),
        Takes.SPECIAL,
        "how many conditions of an array hold, or how many events a pulse train has",
    ),
    Function("any", ("x",), Takes.SPECIAL, "whether one condition of an array holds"),
    Function("all", ("x",), Takes.SPECIAL, "whether every condition of an array holds"),
    Function("mean", ("x",), Takes.SPECIAL, "the mean over time, then over units"),
    Function("previous", ("x", "initial"), Takes.SPECIAL, "x of the trial before in the session"),
    Function("last", ("x",), Takes.SPECIAL, "the value at the last step of a span"),
    Function("first_above", ("x", "level"), Takes.SPECIAL, "when an output first exceeds a level"),
    Function("argmax", ("x",), Takes.SPECIAL, "the unit with the largest time mean"),
    Function("population_vector", ("x",), Takes.SPECIAL, "the angle that a ring points to"),
    Function("error", ("x",), Takes.SPECIAL, "an output minus its target, over a span"),
    Function("rms", ("x",), Takes.SPECIAL, "the root of the mean square over time and units"),
    Function(
        "latch", ("x", "initial"), Takes.SPECIAL, "the last value of x that was not 0", needed=1
    ),
    Function("integral", ("x",), Takes.SPECIAL, "the integral of x from the start of the span"),
    Function("lag", ("x", "by"), Takes.SPECIAL, "x as it was some time before, 0 at first"),
    Function("ema", ("x", "tau"), Takes.SPECIAL, "the exponential moving average of x, from 0"),
)

FUNCTIONS: Mapping[str, Function] = {row.name: row for row in _ROWS}

PLANNED = frozenset({"fraction"})
"""Functions of the language that this version reads but does not build yet."""
