"""What a value of a configuration must be, and the sentence that refuses another."""

from __future__ import annotations

import math


def require(field: str, value: object, holds: bool, allowed: str) -> None:
    """Refuse a value that is not allowed.

    Raises
    ------
    ValueError
        The message names the field, what was found and what may stand there.
    """
    if not holds:
        message = f"{field} = {value} is not allowed: {field} must be {allowed}"
        raise ValueError(message)


def one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    """Refuse a word that is none of those known."""
    require(field, repr(value), value in allowed, "one of " + ", ".join(allowed))


def positive(value: float, *, zero: bool = False) -> bool:
    """Tell whether a number is finite and above 0, or 0 where that is allowed."""
    return math.isfinite(value) and (value > 0 or (zero and value == 0))
