import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from epochal.compiler.prelude.reduce import (
    each_first_above,
    each_span,
    known_max,
    known_mean,
    known_min,
    known_sum,
    span_last,
    span_max,
    span_mean,
    span_min,
)
from epochal.compiler.prelude.repeats import begin, between, kept, repetitions
from epochal.compiler.prelude.words import Array, Ints

N_STEPS, N_UNITS = 7, 2


@st.composite
def outputs_and_spans(draw: st.DrawFn) -> tuple[Array, Ints, Ints]:
    n, k = draw(st.integers(1, 3)), draw(st.integers(1, 4))
    edge = st.integers(0, N_STEPS)
    start, stop = (
        np.array(draw(st.lists(edge, min_size=n * k, max_size=n * k))).reshape(n, k)
        for _ in range(2)
    )
    seed = draw(st.integers(0, 2**32))
    x = np.random.default_rng(seed).normal(size=(n, N_STEPS, N_UNITS)).astype(np.float32)
    return x, start, stop


@given(outputs_and_spans())
def test_spans_of_repetitions_are_reduced_like_single_ones(
    made: tuple[Array, Ints, Ints],
) -> None:
    x, start, stop = made
    for reduce in (span_mean, span_last, span_min, span_max):
        found = each_span(reduce, x, start, stop)
        assert found.shape == (*start.shape, N_UNITS)
        for k in range(start.shape[1]):
            np.testing.assert_allclose(found[:, k], reduce(x, start[:, k], stop[:, k]))


@given(outputs_and_spans())
def test_the_first_step_above_a_level_is_found_in_every_repetition(
    made: tuple[Array, Ints, Ints],
) -> None:
    x, start, stop = made
    x = x[:, :, :1]
    level = np.arange(start.shape[1]) / 2
    found = each_first_above(x, level[None], start, stop, 10.0)
    for i, (starts, stops) in enumerate(zip(start, stop, strict=True)):
        for k, (first, last) in enumerate(zip(starts, stops, strict=True)):
            above = [s for s in range(first, last) if x[i, s, 0] > level[k]]
            wanted = 10_000 * (above[0] - first) if above else math.nan
            np.testing.assert_equal(found[i, k], wanted)


def test_reductions_of_known_values_leave_nan_out() -> None:
    x = np.array([[1.0, math.nan, 5.0], [math.nan] * 3])
    np.testing.assert_array_equal(known_sum(x), [6, 0])
    np.testing.assert_array_equal(known_mean(x), [3, math.nan])
    np.testing.assert_array_equal(known_min(x), [1, math.nan])
    np.testing.assert_array_equal(known_max(x), [5, math.nan])
    units = np.stack([x, -x], axis=2)
    np.testing.assert_array_equal(known_sum(units), [[6, -6], [0, 0]])
    np.testing.assert_array_equal(known_mean(units)[0], [3, -3])


def test_repetitions_are_listed_trial_by_trial_and_rows_of_them_kept() -> None:
    at, i = repetitions(2, 3)
    assert (at.tolist(), i.tolist()) == ([0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2])
    at, i = kept(i > 0, at, i)
    assert (at.tolist(), i.tolist()) == ([0, 0, 1, 1], [1, 2, 1, 2])
    at, i = kept(np.array([3, 3, 0]), at, i)
    assert (at.tolist(), i.tolist()) == ([1, 1, 0], [2, 2, 1])


def test_columns_between_two_are_listed_in_every_repetition() -> None:
    found = between(np.array([1, 6]), np.array([3, 8]))
    assert found.tolist() == [[1, 2, 3], [6, 7, 8]]


def test_a_segment_begins_where_the_one_before_stops() -> None:
    stop = np.array([[2, 5, 9], [1, 1, 4]])
    assert begin(stop, np.array([0, 2])).tolist() == [[0, 5], [0, 1]]
