"""Values of trials as a person would write them."""

from __future__ import annotations

from typing import Any

import numpy as np


def quantity(value: Any, unit: str) -> str:
    """Write a value of a trial table with its unit: times in ms, four digits."""
    if isinstance(value, np.bool_):
        return "true" if value else "false"
    if unit == "us":
        value, unit = value / 1000, "ms"
    return f"{value + 0.0:.4g} {unit}".strip()  # no -0
