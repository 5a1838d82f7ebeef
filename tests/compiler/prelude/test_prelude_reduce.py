import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochal.compiler.prelude.reduce import (
    angle_between,
    argmax_unit,
    first_above,
    known_position,
    population_vector,
    span_last,
    span_max,
    span_mean,
    span_min,
    wrap,
)
from epochal.compiler.prelude.words import Array, Floats, Ints

N_STEPS = 6
VALUES = st.sampled_from([-2.0, -0.5, 0.0, 0.25, 0.5, 1.0, 3.0, math.nan])
SPANS = st.lists(
    st.tuples(st.integers(0, N_STEPS), st.integers(0, N_STEPS)), min_size=1, max_size=4
)


@st.composite
def outputs_and_spans(draw: st.DrawFn) -> tuple[Array, Ints, Ints]:
    spans = np.array(draw(SPANS))
    size = len(spans) * N_STEPS * 2
    x = np.array(draw(st.lists(VALUES, min_size=size, max_size=size)), np.float32)
    return x.reshape(len(spans), N_STEPS, 2), spans[:, 0], spans[:, 1]


def by_loop(
    reduce: Callable[[list[float], int], float], x: Array, start: Ints, stop: Ints
) -> list[list[float]]:
    """Reduce the steps of each span, unit by unit; an empty span gives nan."""
    return [
        [
            reduce(x[i, start[i] : stop[i], unit].tolist(), i) if start[i] < stop[i] else math.nan
            for unit in range(x.shape[2])
        ]
        for i in range(len(x))
    ]


def least(values: list[float], sign: float = 1.0) -> float:
    return math.nan if any(map(math.isnan, values)) else sign * min(sign * v for v in values)


@given(outputs_and_spans())
def test_reductions_are_those_of_a_loop_over_the_steps_of_each_span(
    case: tuple[Array, Ints, Ints],
) -> None:
    x, start, stop = case
    for found, expected in (
        (span_mean(x, start, stop), by_loop(lambda v, i: sum(v) / len(v), *case)),
        (span_last(x, start, stop), by_loop(lambda v, i: v[-1], *case)),
        (span_min(x, start, stop), by_loop(lambda v, i: least(v), *case)),
        (span_max(x, start, stop), by_loop(lambda v, i: least(v, -1.0), *case)),
    ):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, expected, rtol=1e-15)


@given(outputs_and_spans(), st.sampled_from([-1.0, 0.25, 0.9, 5.0]))
def test_first_above_is_the_first_step_of_the_span_over_the_level(
    case: tuple[Array, Ints, Ints], level: float
) -> None:
    levels = level + 0.25 * np.arange(len(case[0]))

    def first(values: list[float], over: float) -> float:
        return next((2500.0 * k for k, v in enumerate(values) if v > over), math.nan)

    np.testing.assert_array_equal(
        first_above(case[0], level, case[1], case[2], 2.5),
        by_loop(lambda v, i: first(v, level), *case),
    )
    np.testing.assert_array_equal(
        first_above(case[0], levels, case[1], case[2], 2.5),
        by_loop(lambda v, i: first(v, levels[i]), *case),
    )


def test_a_known_position_is_a_number_and_none_is_nan() -> None:
    np.testing.assert_array_equal(known_position(np.array([0, 3, -1])), [0, 3, np.nan])


def test_argmax_is_the_first_largest_unit_and_none_beside_a_nan() -> None:
    nan = math.nan
    x = np.array([[0, 2, 1], [3, 3, 1], [-1, -2, -0.5], [5, nan, 1], [nan, nan, nan]])
    assert argmax_unit(x).tolist() == [1, 0, 2, -1, -1]
    assert argmax_unit(x).dtype == np.int64


def test_a_population_vector_points_at_the_bump() -> None:
    center = np.linspace(0, 359.5, 100)
    preferred = np.arange(16) * 22.5
    x = 1 + np.cos(np.radians(preferred - center[:, None]))
    turn = angle_between(population_vector(x.astype(np.float32)), center)
    assert np.abs(turn).max() < 1e-4
    assert population_vector(np.eye(4)).tolist() == pytest.approx([0, 90, 180, 270])


def test_a_population_vector_without_length_is_nan() -> None:
    x = np.array([[1, 1, 1], [0, 0, 0], [0.1, 0.1, 0.1], [1, math.nan, 0], [0, 1e-9, 0]])
    assert np.isnan(population_vector(x)).tolist() == [True, True, True, True, False]


def test_the_signed_angle_is_positive_where_a_lies_ahead_of_b() -> None:
    a: Floats = np.array([10.0, 350.0, 180.0, 0.0, 90.0, 725.0, math.nan])
    b: Floats = np.array([350.0, 10.0, 0.0, 180.0, 90.0, 10.0, 0.0])
    np.testing.assert_array_equal(angle_between(a, b), [20, -20, 180, 180, 0, -5, math.nan])
    assert angle_between(10.0, 350.0) == 20


ANGLES = st.floats(-1e6, 1e6)


@given(ANGLES, ANGLES)
def test_the_signed_angle_stays_in_its_half_turn_either_way(a: float, b: float) -> None:
    turn = float(angle_between(a, b))
    assert -180 < turn <= 180
    assert float(wrap(b + turn - a + 90)) == pytest.approx(90, abs=1e-8)


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_a_wrapped_angle_lies_in_one_turn(x: float) -> None:
    wrapped = float(wrap(x))
    assert 0 <= wrapped < 360
    assert abs(math.remainder(wrapped - math.fmod(x, 360), 360)) <= 1e-15 * max(360, abs(x))


def test_angles_at_the_seam_stay_below_a_turn() -> None:
    x = np.array([-1e-20, -0.0, 360.0, 720.0, -360.0, np.nextafter(360, 0), -90.0])
    wrapped = wrap(x)
    assert wrapped.tolist() == [0, 0, 0, 0, 0, np.nextafter(360, 0), 270]
    assert not np.signbit(wrapped).any()
