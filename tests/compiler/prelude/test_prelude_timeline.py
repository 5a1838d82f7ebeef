from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochal.compiler.prelude.timeline import (
    flat_steps,
    hold,
    segment_index,
    segment_lengths,
    spread,
    steps,
    us,
)
from epochal.compiler.prelude.words import Floats, Floats32, Ints


def test_us_rounds_a_time_in_ms_to_whole_microseconds() -> None:
    assert us(0.1) == 100
    assert us(16.6667) == 16667
    assert us((0.3, -1.5, 300)).tolist() == [300, -1500, 300_000]
    assert us(np.float64(20)).dtype == np.int64


@given(st.integers(-(10**8), 10**10), st.integers(1, 10**6))
def test_steps_are_nearest_and_half_up(time: int, dt_us: int) -> None:
    found = steps(np.array([time]), dt_us / 1000)
    assert found.dtype == np.int64
    assert found.tolist() == [floor(Fraction(time, dt_us) + Fraction(1, 2))]


def test_a_boundary_halfway_between_steps_goes_to_the_later_one() -> None:
    assert steps(np.array([4_999, 5_000, 15_000, -5_000]), 10.0).tolist() == [0, 1, 2, 0]


def test_lengths_of_segments_add_up_to_where_they_stop() -> None:
    stop = np.array([[2, 2, 7], [0, 5, 5]])
    kept = stop.copy()
    assert segment_lengths(stop).tolist() == [[2, 0, 5], [0, 5, 0]]
    assert (segment_lengths(stop).cumsum(axis=1) == kept).all()


def spread_step_by_step(rows: Floats, length: Ints) -> Floats:
    return np.array(
        [
            [row for row, count in zip(trial, counts, strict=True) for _ in range(count)]
            for trial, counts in zip(rows, length, strict=True)
        ]
    ).reshape(len(rows), -1, rows.shape[2])


def random_segments(seed: int, n: int, n_steps: int, n_columns: int) -> tuple[Floats, Ints]:
    rng = np.random.default_rng(seed)
    length = rng.multinomial(n_steps, [0.3, 0.0, 0.5, 0.2], size=n)
    return rng.normal(size=(n, 4, n_columns)), length


@pytest.mark.parametrize("n_columns", [1, 2, 3, 4, 5, 6, 7, 8, 9, 33])
@pytest.mark.parametrize("n_steps", [0, 1, 30])
def test_spread_holds_each_row_for_its_steps(n_columns: int, n_steps: int) -> None:
    rows, length = random_segments(n_columns, 5, n_steps, n_columns)
    expected = spread_step_by_step(rows, length).astype(np.float32)
    index = segment_index(length)
    found = spread(rows, index)
    assert found.dtype == np.float32
    assert found.shape == (5, n_steps, n_columns)
    np.testing.assert_array_equal(found, expected)
    other = spread(-rows, index)
    assert spread(rows, index, other) is other
    np.testing.assert_array_equal(other, expected)


def arrays_from_elsewhere(n: int, n_steps: int, n_columns: int) -> dict[str, Floats32]:
    """Arrays of 7s to spread into, none of them made by spread."""
    flat = np.full(n * n_steps * 4, 7, np.float32)
    return {
        "contiguous": np.full((n, n_steps, n_columns), 7, np.float32),
        "first columns": np.full((n, n_steps, 4), 7, np.float32)[:, :, :n_columns],
        "last columns": np.full((n, n_steps, 4), 7, np.float32)[:, :, 4 - n_columns :],
        "last columns of a flat array": flat.reshape(n, n_steps, 4)[:, :, 4 - n_columns :],
        "every other trial": np.full((2 * n, n_steps, n_columns), 7, np.float32)[::2],
    }


@pytest.mark.parametrize("kind", sorted(arrays_from_elsewhere(1, 1, 1)))
@pytest.mark.parametrize("n_columns", [2, 3])
def test_spread_fills_an_array_from_elsewhere_and_nothing_beside_it(
    kind: str, n_columns: int
) -> None:
    rows, length = random_segments(1, 5, 30, n_columns)
    out = arrays_from_elsewhere(5, 30, n_columns)[kind]
    base = out if out.base is None else out.base
    assert spread(rows, segment_index(length), out) is out
    np.testing.assert_array_equal(out, spread_step_by_step(rows, length).astype(np.float32))
    assert (np.asarray(base) == 7).sum() == base.size - out.size


def test_an_out_of_another_shape_is_refused() -> None:
    rows, length = random_segments(1, 5, 30, 3)
    with pytest.raises(ValueError, match="broadcast"):
        spread(rows, segment_index(length), np.empty((5, 31, 3), np.float32))


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=6))
def test_flat_steps_list_every_step_of_every_span(spans: list[tuple[int, int]]) -> None:
    start, stop = np.array(spans).T
    expected = [
        (i, step, step - first)
        for i, (first, end) in enumerate(spans)
        for step in range(first, end)
    ]
    trial, step, k = flat_steps(start, stop)
    assert list(zip(trial.tolist(), step.tolist(), k.tolist(), strict=True)) == expected


def test_hold_gives_back_what_lies_within_its_bounds() -> None:
    assert hold(0.5, 0.5, 1.0, "coh") == 0.5
    assert hold(1, 0.5, 1.0, "coh") == 1
    values = np.array([0.5, 1.0])
    assert hold(values, 0.5, 1.0, "coh") is values


@pytest.mark.parametrize("x", [0.49, 1.01, np.nan, np.array([0.7, 1.2])])
def test_hold_names_the_parameter_that_leaves_its_bounds(x: float) -> None:
    with pytest.raises(ValueError, match=r"coh must lie in \[0.5, 1\]"):
        hold(x, 0.5, 1.0, "coh")
