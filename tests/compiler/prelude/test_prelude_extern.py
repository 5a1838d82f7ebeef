from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from epochal.compiler.prelude.extern import call_extern

Array = NDArray[Any]


def double(x: Array) -> Array:
    assert x.ndim == 1
    assert not x.flags.writeable
    return np.asarray(2 * x)


def fan(x: Array) -> Array:
    return x[:, None] * np.arange(3)


def test_a_column_gives_a_column() -> None:
    x = np.arange(5)
    assert call_extern("f", double, 5, (x,)).tolist() == [0, 2, 4, 6, 8]
    assert call_extern("f", double, 5, (3,)).tolist() == [6] * 5
    assert call_extern("f", fan, 5, (x,), 3).tolist() == fan(x).tolist()
    assert call_extern("f", double, 2, ([1, 2],), 3).tolist() == [[2, 2, 2], [4, 4, 4]]


def test_arrays_are_taken_value_by_value() -> None:
    x = np.arange(10.0).reshape(5, 2)
    assert call_extern("f", double, 5, (x,)).tolist() == (2 * x).tolist()
    assert call_extern("f", double, 5, (x[:1],)).tolist() == [[0, 2]] * 5
    found = call_extern("f", lambda a, b: fan(a) + b[:, None], 5, (x, x[:, :1]), 3)
    assert found.shape == (5, 2, 3)
    np.testing.assert_array_equal(found[2, 1], fan(x[2])[1] + x[2, 0])


def test_no_rows_call_nothing() -> None:
    nothing: Array = np.zeros(0)
    assert call_extern("f", pytest.fail, 1, (nothing,)).shape == (0,)
    assert call_extern("f", pytest.fail, 0, (), 4).shape == (0, 4)


def test_booleans_stay_booleans_and_numbers_become_floats() -> None:
    seen: list[np.dtype[Any]] = []

    def look(x: Array, y: Array) -> Array:
        seen.extend([x.dtype, y.dtype])
        return y

    call_extern("f", look, 2, (True, np.arange(2)))
    assert seen == [np.dtype(bool), np.dtype(float)]
