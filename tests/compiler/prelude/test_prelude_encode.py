import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochal.compiler.prelude.encode import (
    bump,
    by_slot,
    cosine_tuning,
    evidence,
    floor_mod,
    onehot,
    opponent,
    power,
    rescale,
    side_by_side,
    vonmises,
)


def test_a_bump_is_a_circular_gaussian_of_height_one() -> None:
    centers, widths = [0.0, 90.0, 359.0, -37.5, 400.0], [20.0, 45.0, 90.0, 10.0, 30.0]
    expected = [
        [
            math.exp(-((abs(math.remainder(k * 360 / 7 - center, 360)) / width) ** 2) / 2)
            for k in range(7)
        ]
        for center, width in zip(centers, widths, strict=True)
    ]
    found = bump(np.array(centers), np.array(widths), 7)
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    np.testing.assert_array_equal(bump(np.array(centers), 20.0, 7)[0], found[0])
    np.testing.assert_array_equal(bump(90.0, 45.0, 7), found[1])
    assert found[0, 0] == 1


def test_bumps_of_an_array_of_centers_stand_side_by_side() -> None:
    centers = np.array([[0.0, 90.0], [10.0, 20.0], [180.0, 270.0]])
    found = bump(centers, 30.0, 5)
    assert found.shape == (3, 2, 5)
    np.testing.assert_array_equal(found[:, 1], bump(centers[:, 1], 30.0, 5))


def test_a_von_mises_curve_and_a_cosine_are_those_of_the_distance() -> None:
    centers, kappas = np.array([0.0, 90.0, -37.5, 400.0]), np.array([0.0, 1.0, 4.0, 0.5])
    turns = np.radians(np.arange(7) * 360 / 7 - centers[:, None])
    np.testing.assert_allclose(cosine_tuning(centers, 7), np.cos(turns), atol=1e-14)
    expected = np.exp(kappas[:, None] * (np.cos(turns) - 1))
    np.testing.assert_allclose(vonmises(centers, kappas, 7), expected, rtol=1e-13)
    assert vonmises(0.0, 3.0, 5)[0] == cosine_tuning(0.0, 5)[0] == 1
    assert vonmises(np.zeros((2, 3)), 1.0, 5).shape == (2, 3, 5)


def test_onehot_opponent_and_evidence_spread_over_units() -> None:
    assert onehot(np.array([2, 0]), 3).tolist() == [[0, 0, 1], [1, 0, 0]]
    assert onehot(1, 2).tolist() == [0, 1]
    assert opponent(np.array([0.5, -2])).tolist() == [[0.5, -0.5], [-2, 2]]
    assert evidence(np.array([1, 0]), np.array([0.5, 2]), 3).tolist() == [
        [-0.25, 0.5, -0.25],
        [2, -1, -1],
    ]


def test_rings_stand_side_by_side_slot_by_slot() -> None:
    rings = np.arange(24.0).reshape(2, 3, 4)
    flat = side_by_side(rings)
    assert flat.tolist() == rings.reshape(2, 12).tolist()
    table = np.zeros((2, 5, 14))
    view = by_slot(table[:, :, 1:13], 3)
    assert view.shape == (2, 5, 3, 4)
    view[np.arange(2), 1:3, [2, 0]] = 1
    assert table.sum() == 16
    assert table[0, 1, 9:13].tolist() == table[1, 2, 1:5].tolist() == [1, 1, 1, 1]


def test_no_trials_have_no_rings() -> None:
    assert side_by_side(np.zeros((0, 3, 4))).shape == (0, 12)
    assert by_slot(np.zeros((0, 5, 12)), 3).shape == (0, 5, 3, 4)


def test_rescale_maps_ends_onto_ends() -> None:
    x = np.array([10.0, 15.0, 20.0, 30.0])
    assert rescale(x, 10, 20, 0.25, 0.75).tolist() == [0.25, 0.5, 0.75, 1.25]
    assert rescale(x, 20, 10, 0.25, 0.75).tolist() == [0.75, 0.5, 0.25, -0.25]
    assert rescale(3, 0, 4, 0, np.array([1.0, 2.0])).tolist() == [0.75, 1.5]


@given(st.floats(-1e9, 1e9), st.floats(1e-3, 1e6))
def test_floor_mod_is_the_remainder_within_rounding(a: float, b: float) -> None:
    rest = float(floor_mod(a, b))
    assert 0 <= rest < b
    turn = (Fraction(rest) - Fraction(a)) % Fraction(b)
    error = min(turn, Fraction(b) - turn)
    assert error <= 4e-16 * max(abs(a), b)


@pytest.mark.parametrize(("a", "b", "rest"), [(7, 3, 1), (-7, 3, 2), (6, 3, 0), (-1e-20, 3, 0)])
def test_floor_mod_has_the_sign_of_the_divisor(a: float, b: float, rest: float) -> None:
    assert floor_mod(a, b) == rest
    assert floor_mod(np.array([a, a]), b).tolist() == [rest, rest]


@given(st.floats(-20, 20), st.integers(-12, 12))
def test_whole_powers_are_products(base: float, exponent: int) -> None:
    if abs(base) < 1e-3:
        base = 0.0 if exponent > 0 else 1.0
    assert math.isclose(float(power(base, exponent)), base**exponent, rel_tol=1e-14)


def test_powers_of_whole_numbers_are_whole() -> None:
    assert power(np.array([2, -3, 10, 0]), np.array([10, 3, 15, 0])).tolist() == [
        1024,
        -27,
        1e15,
        1,
    ]


def test_broken_powers_are_within_rounding_and_none_of_negative_numbers() -> None:
    found = power(np.array([2.0, 9.0, 0.0, -8.0]), np.array([0.5, -0.25, 1.5, 1 / 3]))
    np.testing.assert_allclose(found, [math.sqrt(2), 9**-0.25, 0, math.nan], rtol=1e-14)
