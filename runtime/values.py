"""Python values as text of the language."""

import math
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from epochal.compiler import ir

Value = (
    bool | float | str | NDArray[np.generic] | tuple["Value", ...] | list["Value"] | set["Value"]
)
"""What a parameter may be bound to in Python: numbers (ms, Hz, deg), labels, sets, or the text
of an expression of the language."""

_UNITS = {ir.TIME: " ms", ir.FREQUENCY: " Hz", ir.ANGLE: " deg", ir.NUMBER: ""}


def as_text(name: str, value: object, kind: ir.Type | None) -> str:
    """Write a value as an expression; numbers get the unit of the parameter's type.

    Raises
    ------
    TypeError
        The value has no counterpart in the language.
    """
    if isinstance(kind, ir.SetType) and not isinstance(value, str):
        if isinstance(value, Iterable):
            # A Python set of texts has another order in every process.
            items = sorted(value) if isinstance(value, set | frozenset) else value
            return "{" + ", ".join(as_text(name, item, kind.item) for item in items) + "}"
        return "{" + as_text(name, value, kind.item) + "}"
    if isinstance(value, str):
        return value
    if isinstance(value, tuple | list) and isinstance(kind, ir.TupleType):
        parts = zip(value, kind.items, strict=True)
        return "(" + ", ".join(as_text(name, item, one) for item, one in parts) + ")"
    return _scalar(name, value, kind)


def _scalar(name: str, value: object, kind: ir.Type | None) -> str:
    if isinstance(value, bool) or type(value).__name__ in ("bool_", "bool"):
        return "true" if value else "false"
    try:
        # A single-precision number means the decimal that it prints, as 500.1 does.
        number = float(str(value) if isinstance(value, np.floating) else value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise TypeError(
            f"{name} = {value!r}: a parameter is bound to a number, a text of the language, "
            "or a set of them"
        ) from None
    if not math.isfinite(number):
        raise TypeError(f"{name} = {value!r}: a parameter is a finite number")
    unit = _UNITS.get(kind, "") if isinstance(kind, ir.QuantityType) else ""
    if kind == ir.TIME:
        number = round(number, 9)  # what arithmetic on times leaves far below a microsecond
    text = repr(int(number)) if number == int(number) and abs(number) < 1e15 else _decimal(number)
    return f"{text}{unit}"


def _decimal(number: float) -> str:
    from decimal import Decimal

    return f"{Decimal(repr(number)):f}"
