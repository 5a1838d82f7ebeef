from typing import Any

import numpy as np

from epochal.compiler.prelude.tables import lookup, row_of
from epochal.compiler.prelude.words import Number


def test_lookup_gives_the_value_beside_the_key() -> None:
    key = np.array([2, 1, 2])
    assert lookup(key, {1: 10, 2: np.array([0, 5, 7])}).tolist() == [0, 10, 7]
    assert lookup(key, {1: 10, 2: 20}).dtype == np.int64
    assert lookup(key > 1, {True: 1.5, False: 2}).tolist() == [1.5, 2, 1.5]
    pairs: dict[Any, Number] = {(1, True): 3, (2, True): 4, (1, False): 5, (2, False): 6}
    assert lookup((key, key > 1), pairs).tolist() == [4, 5, 4]


def test_lookup_of_no_label_gives_what_stands_for_it() -> None:
    key = np.array([0, -1])
    assert lookup(key, {0: 1, 1: 2}, -1).tolist() == [1, -1]
    found = lookup(key, {0: 1, 1: 2}, np.nan)
    assert found[0] == 1
    assert np.isnan(found[1])


def test_row_of_says_which_row_equals_the_keys() -> None:
    assert row_of((480, 560, 640), np.array([560, 480, 100])).tolist() == [1, 0, -1]
    rows = ((0, 10.0), (1, 20.0), (0, 20.0))
    found = row_of(rows, np.array([0, 1, 1]), np.array([20.0, 20.0, 10.0]))
    assert found.tolist() == [2, 1, -1]
    assert row_of((1, 2), np.array([[1, 2], [2, 3]])).tolist() == [[0, 1], [1, -1]]
