import math
from collections.abc import Callable
from itertools import permutations
from statistics import NormalDist

import numpy as np
import pytest
from prelude_statistics import chi_square_p, kolmogorov_p, two_sided_p

from epochal.compiler.prelude.samplers import (
    bernoulli,
    choice,
    except_index,
    exponential,
    geometric,
    integers,
    normal,
    permutation,
    pick,
    poisson,
    quantize,
    truncnormal,
    uniform,
    weighted,
    weighted_except,
    whole,
)
from epochal.compiler.prelude.words import Array, Draw, Floats

N = 50_000
DRAW = Draw(N, 20261123, 0, 2)
U = DRAW.unit("statistics")
COMPARISONS = 19  # statistical comparisons in this file
SMALLEST_P = 0.001 / COMPARISONS
LAST = np.array([2.0**-53, 1 - 2.0**-53])  # the first and the last of the units


def normal_cdf(mean: float, sd: float) -> Callable[[Floats], Floats]:
    return np.vectorize(NormalDist(mean, sd).cdf, otypes=[np.float64])


def between(cdf: Callable[[Floats], Floats], low: float, high: float) -> Callable[[Floats], Floats]:
    a, b = cdf(np.array([low, high]))

    def within(x: Floats) -> Floats:
        part: Floats = (cdf(x) - a) / (b - a)
        return part

    return within


def exponential_cdf(x: Floats) -> Floats:
    return 1 - np.exp(-(x - 100) / 300)


@pytest.mark.parametrize(
    ("sample", "cdf"),
    [
        (uniform(U, 200.0, 800.0), lambda x: (x - 200) / 600),
        (exponential(U, 300.0, 100.0, np.inf), exponential_cdf),
        (exponential(U, 300.0, 100.0, 700.0), between(exponential_cdf, 100, 700)),
        (normal(U, 3.0, 0.5), normal_cdf(3.0, 0.5)),
        (
            truncnormal(DRAW, "truncated", 1.0, 2.0, 0.5, 4.0),
            between(normal_cdf(1.0, 2.0), 0.5, 4.0),
        ),
    ],
    ids=["uniform", "exponential", "exponential within", "normal", "truncnormal"],
)
def test_a_continuous_sampler_follows_its_law(
    sample: Floats, cdf: Callable[[Floats], Floats]
) -> None:
    assert kolmogorov_p(sample, cdf) > SMALLEST_P
    assert kolmogorov_p(sample, lambda x: cdf(x) ** 1.06) < SMALLEST_P  # n is enough to tell


def geometric_law(p: float, low: int, high: int) -> Floats:
    law: Floats = p * (1 - p) ** np.arange(low - 1, high, dtype=float)
    return law / float(law.sum())


def poisson_law(rate: float, most: int) -> Floats:
    law = np.array([math.exp(-rate) * rate**k / math.factorial(k) for k in range(most)])
    return np.append(law, 1 - law.sum())


@pytest.mark.parametrize(
    ("sample", "low", "law"),
    [
        (integers(U, -2, 4), -2, np.full(7, 1 / 7)),
        (pick(U, 5), 0, np.full(5, 1 / 5)),
        (whole(choice(U, (0, 1, 2))), 0, np.full(3, 1 / 3)),
        (weighted(U, (5, 3, 2)), 0, np.array([0.5, 0.3, 0.2])),
        (whole(bernoulli(U, 0.1)), 0, np.array([0.9, 0.1])),
        (np.minimum(geometric(U, 0.3), 20), 1, np.append(geometric_law(0.3, 1, 200)[:19], 0.7**19)),
        (geometric(U, 0.3, 3, 9), 3, geometric_law(0.3, 3, 9)),
        (geometric(U, 0.05, 2, 6), 2, geometric_law(0.05, 2, 6)),
        (poisson(U, 4.0, 11), 0, poisson_law(4.0, 11)),
        (poisson(U, 0.7, 3), 0, poisson_law(0.7, 3)),
    ],
    ids=[
        *("integers", "pick", "choice", "weighted", "bernoulli", "geometric"),
        *("geometric from 3 to 9", "geometric from 2 to 6", "poisson", "poisson cut"),
    ],
)
def test_a_discrete_sampler_follows_its_law(sample: Array, low: int, law: Floats) -> None:
    counts = np.bincount(sample - low, minlength=len(law))
    assert len(counts) == len(law)  # nothing beyond the range
    assert chi_square_p(counts, law) > SMALLEST_P
    tilted = law * np.linspace(0.9, 1.1, len(law))
    assert chi_square_p(counts, tilted / tilted.sum()) < SMALLEST_P  # n is enough to tell


def test_except_index_is_uniform_over_the_others() -> None:
    taken = pick(DRAW.unit("taken"), 4)
    other = except_index(U, 4, taken)
    assert not (other == taken).any()
    pairs = np.bincount(4 * taken + other, minlength=16).reshape(4, 4)
    assert chi_square_p(pairs[~np.eye(4, dtype=bool)], np.full(12, 1 / 12)) > SMALLEST_P


def test_every_order_of_a_permutation_is_as_likely() -> None:
    shuffled = permutation(DRAW.each("shuffled", 4))
    orders = {order: i for i, order in enumerate(permutations(range(4)))}
    counts = np.bincount([orders[tuple(row)] for row in shuffled.tolist()], minlength=24)
    assert chi_square_p(counts, np.full(24, 1 / 24)) > SMALLEST_P


def test_neighbouring_trials_and_variables_do_not_correlate() -> None:
    centred = (U - 0.5) * math.sqrt(12)
    other = (DRAW.unit("another") - 0.5) * math.sqrt(12)
    for product in (centred[1:] * centred[:-1], centred * other):
        assert two_sided_p(float(product.sum()) / math.sqrt(len(product))) > SMALLEST_P


def test_a_parameter_of_each_trial_gives_what_that_trial_alone_would_draw() -> None:
    u, a = U[:40], np.linspace(0.1, 0.9, 40)
    low, k = np.arange(40) % 7 + 1, np.arange(40) % 5 + 2
    columns: list[tuple[Array, Callable[[int, Floats], Array]]] = [
        (uniform(u, a, 2 * a), lambda i, v: uniform(v, a[i], 2 * a[i])),
        (pick(u, k), lambda i, v: pick(v, int(k[i]))),
        (integers(u, low, low + k), lambda i, v: integers(v, int(low[i]), int(low[i] + k[i]))),
        (bernoulli(u, a), lambda i, v: bernoulli(v, a[i])),
        (exponential(u, a, low, low + a), lambda i, v: exponential(v, a[i], low[i], low[i] + a[i])),
        (geometric(u, a, low, low + k), lambda i, v: geometric(v, a[i], low[i], low[i] + k[i])),
        (poisson(u, 9 * a, 30), lambda i, v: poisson(v, 9 * a[i], 30)),
        (normal(u, a, 2 * a), lambda i, v: normal(v, a[i], 2 * a[i])),
        (except_index(u, k, k - 1), lambda i, v: except_index(v, int(k[i]), k[i : i + 1] - 1)),
    ]
    for column, alone in columns:
        expected = [alone(i, u[i : i + 1])[0] for i in range(40)]
        np.testing.assert_array_equal(column, expected)


def test_weights_may_differ_from_trial_to_trial() -> None:
    u = U[:60]
    weights = np.array([(1, 0, 0), (0, 2, 1), (0, 0, 0.5)])[np.arange(60) % 3]
    expected = [weighted(u[i : i + 1], weights[i])[0] for i in range(60)]
    np.testing.assert_array_equal(weighted(u, weights), expected)
    assert (weights[np.arange(60), expected] > 0).all()
    assert weighted(np.array([0.49, 0.5]), (1, 1)).tolist() == [0, 1]


def test_choice_gives_values_or_rows_of_a_table() -> None:
    u = np.array([0.1, 0.5, 0.9])
    assert choice(u, (0.5, 1.5, 2.5)).tolist() == [0.5, 1.5, 2.5]
    assert choice(u, ((0, 7), (1, 8), (2, 9))).tolist() == [[0, 7], [1, 8], [2, 9]]


def test_the_first_and_the_last_unit_stay_in_range() -> None:
    assert uniform(LAST, -3.0, 1e9).tolist() == pytest.approx([-3.0, 1e9])
    for k in (1, 2, 3, 5, 7, 1000, 2**20 + 1, 2**50 - 1):
        assert pick(LAST, k).tolist() == [0, k - 1]
        assert integers(LAST, 5, 4 + k).tolist() == [5, 4 + k]
    assert weighted(LAST, (0, 0.1, 0.2, 0.7, 0)).tolist() == [1, 3]
    assert poisson(LAST, 3.0, 50).tolist()[0] == 0
    assert poisson(LAST, 3.0, 6).tolist() == [0, 6]
    assert geometric(LAST, 0.5).tolist() == [54, 1]
    assert geometric(LAST, 0.5, 4, 9).tolist() == [9, 4]
    assert geometric(LAST, 1.0, 4, 9).tolist() == [4, 4]
    assert geometric(LAST, 0.5, 4, 4).tolist() == [4, 4]


def test_rounding_takes_no_exponential_past_its_bounds() -> None:
    mean, low = 1000 * U, 300 * DRAW.unit("low")
    high = low + 1000 * DRAW.unit("high")
    for u in LAST:
        waits = exponential(np.full(N, u), mean, low, high)
        assert (waits >= low).all()
        assert (waits <= high).all()


def test_an_unbounded_geometric_is_the_short_formula() -> None:
    short = 1 + np.floor(np.log(U) / np.log(1 - 0.3))
    np.testing.assert_array_equal(geometric(U, 0.3), short)


def test_truncnormal_redraws_only_the_trials_outside() -> None:
    draw = Draw(200, 4, 0, 0)
    first = normal(draw.unit("x"), 0.0, 1.0)
    kept = truncnormal(draw, "x", 0.0, 1.0, -1.0, np.full(200, 2.0))
    inside = (first >= -1) & (first <= 2)
    np.testing.assert_array_equal(kept[inside], first[inside])
    assert 0 < inside.sum() < 200
    assert (kept >= -1).all()
    assert (kept <= 2).all()


def test_a_redrawn_truncnormal_shares_no_redraw_with_the_first() -> None:
    draw = Draw(1000, 4, 0, 0)
    columns = [truncnormal(draw, "x", 0.0, 1.0, -0.5, 0.5, attempt) for attempt in range(4)]
    assert len(np.unique(np.concatenate(columns))) == 4000


def test_a_hopeless_truncnormal_names_the_variable() -> None:
    with pytest.raises(ValueError, match="var:x"):
        truncnormal(Draw(3, 4, 0, 0), "var:x", 0.0, 1.0, 30.0, 31.0)


def test_whole_rounds_halves_to_even() -> None:
    assert whole(np.array([-1.5, 0.5, 1.5, 2.4999])).tolist() == [-2, 0, 2, 2]


def test_a_position_outside_leaves_all_positions_possible() -> None:
    u = np.array([0.01, 0.34, 0.67, 0.99])
    assert except_index(u, 3, np.array([-1] * 4)).tolist() == [0, 1, 2, 2]
    assert except_index(u, 3, np.array([3] * 4)).tolist() == [0, 1, 2, 2]
    assert except_index(u, 3, np.array([0] * 4)).tolist() == [1, 1, 2, 2]


def test_a_weighted_draw_leaves_out_the_position_that_is_taken() -> None:
    u = np.array([0.01, 0.49, 0.51, 0.99])
    taken = np.array([0, 1, 2, -1])
    assert weighted_except(u, (1, 1, 1), taken).tolist() == [1, 0, 1, 2]


def test_quantize_rounds_to_multiples_of_the_step() -> None:
    assert quantize(np.array([0.0, 149.0, 151.0, 250.0]), 100).tolist() == [
        0,
        100,
        200,
        200,
    ]
    assert quantize(np.array([3.0, 4.0]), np.array([2.0, 5.0])).tolist() == [4, 5]
