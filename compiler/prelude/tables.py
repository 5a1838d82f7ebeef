"""Small tables: the value beside a key, the row that holds a value.  The same bits everywhere."""

from typing import Any

import numpy as np

from epochal.compiler.prelude.words import Array, Ints, Number


def lookup(
    key: Number | tuple[Number, ...], table: dict[Any, Number], none: float | None = None
) -> Array:
    """Take the value beside the key of each trial, (N_batch,) or the shape of key and values.

    A key of several parts, and then each row of the table, is a tuple.  Values are one for the
    batch or one a trial.  `none` is given to a key that has no row; without it each has one.
    """
    keys = key if isinstance(key, tuple) else (key,)
    found = []
    for row in table:
        same = np.asarray(True)
        for one, part in zip(keys, row if isinstance(row, tuple) else (row,), strict=True):
            same = same & (np.asarray(one) == part)
        found.append(same)
    values = [np.asarray(value) for value in table.values()]
    return np.select(found, values, values[-1] if none is None else none)


def row_of(rows: Any, *keys: Number) -> Ints:
    """Say which of some rows (k,), or (k, m) for m keys, equals the keys: (N_batch,); -1 if none.

    The first of equal rows is meant.
    """
    columns = np.asarray(rows).reshape(len(rows), -1).T
    same = np.asarray(True)
    for key, column in zip(keys, columns, strict=True):
        same = same & (np.asarray(key)[..., None] == column)
    return np.where(same.any(axis=-1), same.argmax(axis=-1), -1)
