"""Calling Python functions of the user's on whole columns."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from epochal.compiler.prelude.words import Array, Floats


def call_extern(
    name: str,
    function: Callable[..., ArrayLike],
    n: int,
    arguments: tuple[ArrayLike, ...],
    units: int = 0,
) -> Floats:
    """Call a function once for all trials, and check the shape of what it gives.

    The function gets each argument as a column (rows,) that it may read and not change: a row for
    each trial, or for each value of an array, or for each step.  It gives one number a row,
    (rows,), or one for each unit, (rows, units); without arguments one number, or (units,).

    Parameters
    ----------
    name : of the function in the task.
    n : number of trials.
    arguments : each one number, (n,), or (n, k).
    units : how many units are set, 0 where one number is wanted.

    Returns
    -------
    (n,) or, where arguments are (n, k), (n, k); with a last axis of units where there are units.
    """
    columns = [np.asarray(one) for one in arguments]
    columns = [one if one.dtype == bool else one.astype(float) for one in columns]
    axes = max((one.ndim for one in columns), default=1)
    shape = np.broadcast_shapes((n, *[1] * (axes - 1)), *(one.shape for one in columns))
    rows, width = math.prod(shape), max(units, 1)
    made = np.zeros((rows, width))
    if rows:
        flat = [np.broadcast_to(np.broadcast_to(x, shape).reshape(-1), rows) for x in columns]
        try:
            given = np.asarray(function(*flat))
        except Exception as error:
            message = f"the extern `{name}` failed: {type(error).__name__}: {error}"
            raise ValueError(message) from error
        if not columns:
            given = np.broadcast_to(given, (rows, *given.shape))
        made = numbers_of_extern(given, name, rows, width)
    made = np.broadcast_to(made, (rows, width)).reshape(*shape, width)
    return made if units else made[..., 0]


def numbers_of_extern(given: Array, name: str, rows: int, width: int) -> Floats:
    """Check that an extern gave numbers, (rows, width) or (rows,), and give the latter a column."""
    if given.dtype.kind not in "biuf":
        raise ValueError(f"the extern `{name}` gave values of type {given.dtype}, not numbers")
    if given.shape == (rows, width):
        return given.astype(float)
    if given.shape == (rows,):
        return given.astype(float)[:, None]
    raise ValueError(
        f"the extern `{name}` gave an array of shape {given.shape}, and must give ({rows},) or "
        f"({rows}, {width}): a row for each value of its arguments, a column for each unit"
    )
