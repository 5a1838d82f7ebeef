"""Draws and noise have the laws they say.

Fixed seeds.  Each test says how many values it takes; it fails where p < 0.001 divided by the
number of comparisons in this file.
"""

import math
from collections.abc import Callable
from statistics import NormalDist

import numpy as np
import pytest
from compiled import Array, module, task

COMPARISONS = 40
LEVEL = 0.001 / COMPARISONS
N = 20_000
NORMAL = NormalDist()


def drawn(law: str, n: int = N, params: str = "") -> Array:
    """Draw n values of one law through a compiled task."""
    made = module(task(params=params, trial=f"other ~ uniform(0, 1)\nx ~ {law}"))
    x = made.sample_trials(n, seed=271_828)["x"]
    assert len(np.unique(x)) > 1
    return x


def kolmogorov(x: Array, cdf: Callable[[float], float]) -> float:
    """Give the p value that x comes from a continuous law (Kolmogorov's limit)."""
    below = np.array([cdf(value) for value in np.sort(x).tolist()])
    n = len(x)
    i = np.arange(1, n + 1)
    distance = max((i / n - below).max(), (below - (i - 1) / n).max())
    scaled = distance * (math.sqrt(n) + 0.12 + 0.11 / math.sqrt(n))
    terms = [2 * (-1) ** (k - 1) * math.exp(-2 * (k * scaled) ** 2) for k in range(1, 60)]
    return min(1.0, max(0.0, math.fsum(terms)))


def chi_square(x: Array, p: dict[float, float]) -> float:
    """Give the p value that x comes from a finite law (Wilson and Hilferty's approximation)."""
    assert set(np.unique(x).tolist()) <= set(p)
    assert math.isclose(sum(p.values()), 1, abs_tol=1e-9)
    counts = {value: int((x == value).sum()) for value in p}
    statistic = sum((counts[v] - len(x) * q) ** 2 / (len(x) * q) for v, q in p.items())
    k = len(p) - 1
    z = ((statistic / k) ** (1 / 3) - (1 - 2 / (9 * k))) / math.sqrt(2 / (9 * k))
    return 1 - NORMAL.cdf(z)


def exponential(mean: float, low: float, high: float) -> Callable[[float], float]:
    mass = 1 - math.exp((low - high) / mean)
    return lambda x: (1 - math.exp((low - x) / mean)) / mass


def truncated(low: float, high: float) -> Callable[[float], float]:
    mass = NORMAL.cdf(high) - NORMAL.cdf(low)
    return lambda x: (NORMAL.cdf(x) - NORMAL.cdf(low)) / mass


@pytest.mark.parametrize(
    ("law", "cdf"),
    [
        ("uniform(-2, 3)", lambda x: (x + 2) / 5),
        ("uniform(0 deg, 90 deg)", lambda x: x / 90),
        ("normal(1, 2)", NormalDist(1, 2).cdf),
        ("truncnormal(0, 1, -0.5, 2)", truncated(-0.5, 2)),
        ("truncnormal(0, 1, 2, 4)", truncated(2, 4)),
        ("exponential(2)", exponential(2, 0, math.inf)),
        ("exponential(2, min = 1, max = 4)", exponential(2, 1, 4)),
    ],
)
def test_a_continuous_law_is_the_one_it_says(law: str, cdf: Callable[[float], float]) -> None:
    assert kolmogorov(drawn(law), cdf) > LEVEL


def test_a_drawn_time_is_the_law_rounded_to_a_microsecond() -> None:
    x = drawn("exponential(300 ms, min = 100 ms, max = 1500 ms)")
    assert x.dtype == np.int64
    assert x.min() >= 100_000
    assert x.max() <= 1_500_000
    assert kolmogorov(x, exponential(300_000, 100_000, 1_500_000)) > LEVEL


def geometric(p: float, low: int, high: int) -> dict[float, float]:
    weights = {float(k): (1 - p) ** (k - low) * p for k in range(low, high + 1)}
    return {k: w / sum(weights.values()) for k, w in weights.items()}


def poisson(rate: float, most: int) -> dict[float, float]:
    p = {float(k): math.exp(-rate) * rate**k / math.factorial(k) for k in range(most)}
    return p | {float(most): 1 - sum(p.values())}


@pytest.mark.parametrize(
    ("law", "p"),
    [
        ("bernoulli(0.3)", {True: 0.3, False: 0.7}),
        ("integers(-1, 2)", dict.fromkeys([-1.0, 0.0, 1.0, 2.0], 0.25)),
        ("{1, 2, 5}", dict.fromkeys([1.0, 2.0, 5.0], 1 / 3)),
        ("choice({1: 10%, 2: 60%, 3: 30%})", {1.0: 0.1, 2.0: 0.6, 3.0: 0.3}),
        ("{a: 1, b: 3}", {0.0: 0.25, 1.0: 0.75}),
        ("levels", dict.fromkeys([0.1, 0.4], 0.5)),
        ("except({a, b, c}, b)", {0.0: 0.5, 2.0: 0.5}),
        ("geometric(0.4, max = 8)", geometric(0.4, 1, 8)),
        ("geometric(0.2, min = 3, max = 9)", geometric(0.2, 3, 9)),
        ("poisson(2.5, max = 7)", poisson(2.5, 7)),
        (
            "integers(1, 2) if other < 0.25 else integers(3, 4)",
            {1: 1 / 8, 2: 1 / 8, 3: 3 / 8, 4: 3 / 8},
        ),
    ],
)
def test_a_discrete_law_is_the_one_it_says(law: str, p: dict[float, float]) -> None:
    params = "levels = {0.1, 0.4}" if law == "levels" else ""
    assert chi_square(drawn(law, params=params), p) > LEVEL


def test_unbounded_geometric_draws_have_the_mean_and_variance_of_the_law() -> None:
    x = drawn("geometric(0.25)")
    assert abs(x.mean() - 4) < -NORMAL.inv_cdf(LEVEL / 2) * math.sqrt(12 / N)
    assert abs(x.var() / 12 - 1) < 0.1


def test_draws_of_different_variables_are_independent() -> None:
    names = ["a", "b", "c", "d"]
    made = module(task(trial="\n".join(f"{name} ~ normal(0, 1)" for name in names)))
    trials = made.sample_trials(N, seed=3)
    later = made.sample_trials(N, seed=3, batch=1)
    columns = [trials[name] for name in names] + [later["a"]]
    bound = -NORMAL.inv_cdf(LEVEL / 2) / math.sqrt(N)
    found = np.corrcoef(columns)[np.triu_indices(5, 1)]
    assert np.abs(found).max() < bound


def test_the_order_of_a_balanced_design_is_random() -> None:
    made = module(task(trial="side ~ balanced({left, right})"))
    first = np.array([made.sample_trials(2, 1, batch)["side"][0] for batch in range(2000)])
    assert chi_square(first, {0: 0.5, 1: 0.5}) > LEVEL


@pytest.mark.parametrize("dt", [1.0, 5.0, 20.0, 50.0])
@pytest.mark.parametrize(("noise", "at"), [("white(0.3, at = 20 ms)", 20.0), ("iid(0.3)", None)])
def test_noise_has_the_sd_of_its_law_at_every_dt(noise: str, at: float | None, dt: float) -> None:
    made = module(task(inputs=f"light[3] noise {noise}\nother[2] noise {noise}"))
    n = round(400 * dt)
    noisy = made.generate(n, dt, 12)[0]
    sd = 0.3 * (math.sqrt(at / dt) if at is not None else 1)
    size = noisy.size
    assert size >= 40_000
    z = -NORMAL.inv_cdf(LEVEL / 2)
    assert abs(float(noisy.mean())) < z * sd / math.sqrt(size)
    assert abs(float(noisy.std()) / sd - 1) < z / math.sqrt(2 * size) + 1e-4  # the table's own sd
    lagged = float((noisy[:, 1:] * noisy[:, :-1]).mean()) / sd**2
    across = float((noisy[..., 0] * noisy[..., 3]).mean()) / sd**2
    beside = float((noisy[..., 0] * noisy[..., 1]).mean()) / sd**2
    few = noisy[..., 0].size
    assert max(abs(across), abs(beside)) < z / math.sqrt(few)
    if dt < 50:
        assert abs(lagged) < 1.2 * z / math.sqrt(noisy[:, 1:].size)


def test_noise_is_independent_of_the_drive() -> None:
    text = "light noise iid(1)"
    plain = module(task(inputs=text)).generate(50, 20.0, 1)[0]
    driven = module(task(inputs=text, during={"wait": "light = 2"})).generate(50, 20.0, 1)[0]
    np.testing.assert_allclose(driven - 2, plain, atol=1e-6)
