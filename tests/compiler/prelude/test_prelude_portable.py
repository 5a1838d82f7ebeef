import math

import numpy as np
import pytest

from epochal.compiler.prelude.portable import (
    portable_cos,
    portable_exp,
    portable_log,
    portable_sin,
)
from epochal.compiler.prelude.samplers import normal_quantile
from epochal.compiler.prelude.words import Draw, Floats

U = Draw(20_000, 1, 0, 0).units("points", 3)


def relative_error(found: Floats, expected: list[float]) -> float:
    return float(np.max(np.abs(found / np.array(expected) - 1)))


@pytest.mark.parametrize(
    "x",
    [
        U[:, 0],
        1 + (U[:, 1] - 0.5) * 1e-6,
        10.0 ** (600 * U[:, 2] - 300),
        2.0 ** -(1023 + 50 * U[:, 0]),
    ],
    ids=["unit", "about one", "every size", "subnormal"],
)
def test_log_is_within_5e_16_of_maths(x: Floats) -> None:
    assert relative_error(portable_log(x), [math.log(v) for v in x]) < 5e-16


@pytest.mark.parametrize("x", [U[:, 0] - 0.5, U[:, 1] * 1400 - 700], ids=["small", "every size"])
def test_exp_is_within_5e_16_of_maths(x: Floats) -> None:
    assert relative_error(portable_exp(x), [math.exp(v) for v in x]) < 5e-16


@pytest.mark.parametrize("reach", [2.0, 100.0, 1e5])
def test_sin_and_cos_are_within_4e_16_of_maths(reach: float) -> None:
    x = (2 * U[:, 0] - 1) * reach
    assert np.max(np.abs(portable_sin(x) - np.array([math.sin(v) for v in x]))) < 4e-16
    assert np.max(np.abs(portable_cos(x) - np.array([math.cos(v) for v in x]))) < 4e-16


def test_the_ends_of_log_and_exp_are_ieees() -> None:
    inf, nan = math.inf, math.nan
    np.testing.assert_array_equal(
        portable_log(np.array([0.0, -0.0, -1.0, -inf, inf, nan, 1.0])),
        [-inf, -inf, nan, nan, inf, nan, 0.0],
    )
    np.testing.assert_array_equal(
        portable_exp(np.array([-inf, -746.0, 0.0, 709.79, 1e300, inf, nan])),
        [0.0, 0.0, 1.0, inf, inf, inf, nan],
    )
    assert portable_exp(709.78) == pytest.approx(math.exp(709.78), rel=5e-16)
    assert portable_exp(-745.0) == math.exp(-745.0) > 0


def test_quarter_turns_are_where_they_should_be() -> None:
    angle = np.arange(-8.0, 9) * (math.pi / 2)
    np.testing.assert_allclose(portable_sin(angle), [0.0, 1, 0, -1] * 4 + [0], atol=2e-15)
    np.testing.assert_allclose(portable_cos(angle), [1.0, 0, -1, 0] * 4 + [1], atol=2e-15)
    assert np.isnan(portable_sin(math.nan))


def test_the_normal_quantile_inverts_the_normal_law() -> None:
    u = np.concatenate([U[:, 0], U[:2000, 1] * 1e-12, 1 - U[:2000, 2] * 1e-3, [2.0**-53]])
    z = normal_quantile(u)
    below = np.array([math.erfc(-v / math.sqrt(2)) / 2 for v in z])
    assert np.max(np.abs(below / u - 1)) < 5e-14
    assert normal_quantile(np.array([0.5])) == 0
    lower, upper = normal_quantile(np.array([0.25, 0.75])).tolist()
    assert lower == -upper
