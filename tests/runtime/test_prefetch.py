"""Batches come in order from another thread, and so do its errors."""

from __future__ import annotations

import threading
from contextlib import closing
from itertools import islice

import pytest

from epochal.runtime.prefetch import prefetched


def test_values_come_in_order_made_in_order_on_one_other_thread() -> None:
    made: list[tuple[int, int]] = []

    def make(i: int) -> int:
        made.append((i, threading.get_ident()))
        return i * i

    with closing(prefetched(make)) as squares:
        assert list(islice(squares, 20)) == [i * i for i in range(20)]
    assert [i for i, _ in made] == list(range(len(made)))
    assert 20 <= len(made) <= 22
    assert {thread for _, thread in made} - {threading.get_ident()}
    assert len({thread for _, thread in made}) == 1


def test_an_error_is_raised_where_its_value_was_due() -> None:
    def make(i: int) -> float:
        return 1 / (2 - i)

    with closing(prefetched(make)) as values:
        assert list(islice(values, 2)) == [0.5, 1]
        with pytest.raises(ZeroDivisionError):
            next(values)


def test_closing_ends_the_thread() -> None:
    before = threading.active_count()
    with closing(prefetched(lambda i: i)) as values:
        next(values)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
