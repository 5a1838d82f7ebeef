import math

import numpy as np
import pytest
from prelude_statistics import kolmogorov_p, two_sided_p

from epochal.compiler.prelude.noise import add_noise, add_scaled_noise, normal_quantiles
from epochal.compiler.prelude.samplers import normal_quantile
from epochal.compiler.prelude.words import Floats32, code

QUANTILES = normal_quantiles()
KEY = (3, 0, 5)
COMPARISONS = 6
SMALLEST_P = 0.001 / COMPARISONS


def noise(
    shape: tuple[int, int, int], key: tuple[int, int, int] = KEY, name: str = "motion"
) -> Floats32:
    x = np.zeros(shape, np.float32)
    add_noise(x, 1.0, key, name)
    return x


def trial_noise(trial: int, n_steps: int, n_units: int) -> list[float]:
    """Noise of one trial, read value by value from the words of its block."""
    source = np.random.SFC64([*KEY, code("motion"), trial // 256])
    n_words = math.ceil(n_steps * n_units / 4)
    words = source.random_raw((trial % 256 + 1) * n_words)[-n_words:].tolist()
    sixteens = [word >> shift & 0xFFFF for word in words for shift in (0, 16, 32, 48)]
    return [float(QUANTILES[place]) for place in sixteens[: n_steps * n_units]]


@pytest.mark.parametrize("shape", [(600, 7, 3), (300, 1, 1), (258, 150, 9), (3, 40_000, 1)])
def test_each_trial_reads_its_own_words_whatever_the_chunks(shape: tuple[int, int, int]) -> None:
    x = noise(shape)
    for trial in {0, 1, 2, min(255, shape[0] - 1), min(256, shape[0] - 1), shape[0] - 1}:
        expected = np.reshape(trial_noise(trial, *shape[1:]), shape[1:])
        np.testing.assert_array_equal(x[trial], expected)


def test_noise_on_columns_of_a_wider_array_is_that_of_a_contiguous_one() -> None:
    wide = np.full((300, 50, 4), 0.25, np.float32)
    add_noise(wide[:, :, 1:3], 0.1, KEY, "motion")
    alone = np.full((300, 50, 2), 0.25, np.float32)
    add_noise(alone, 0.1, KEY, "motion")
    np.testing.assert_array_equal(wide[:, :, 1:3], alone)
    assert (wide[:, :, [0, 3]] == 0.25).all()


@pytest.mark.parametrize("n_units", [2, 9])
def test_scaled_noise_is_the_same_noise_times_the_sd_of_each_step(n_units: int) -> None:
    sd = np.random.default_rng(1).random((300, 40))
    x = np.zeros((300, 40, n_units), np.float32)
    add_scaled_noise(x, sd, KEY, "motion")
    expected = noise(x.shape) * sd.astype(np.float32)[:, :, None]
    np.testing.assert_array_equal(x, expected)
    flat, scaled = np.zeros_like(x), np.zeros_like(x)
    add_noise(flat, 0.3, KEY, "motion")
    add_scaled_noise(scaled, np.full((300, 40), 0.3), KEY, "motion")
    np.testing.assert_array_equal(flat, scaled)


def test_noise_without_spread_adds_nothing() -> None:
    x = np.full((4, 5, 2), 0.5, np.float32)
    add_noise(x, 0.0, KEY, "motion")
    assert (x == 0.5).all()


def test_seeds_streams_batches_channels_and_blocks_have_noise_of_their_own() -> None:
    shape = (256, 100, 2)  # 51,200 values each
    drawn = [noise(shape)]
    drawn += [noise(shape, key) for key in ((4, 0, 5), (3, 1, 5), (3, 0, 6))]
    drawn += [noise(shape, name="colour"), noise((512, 100, 2))[256:]]
    flat = np.array([x.ravel() for x in drawn], np.float64)
    products = flat @ flat.T / math.sqrt(flat.shape[1])
    others = products[~np.eye(len(flat), dtype=bool)]
    pairs = len(others) // 2
    assert min(two_sided_p(z) for z in others) > SMALLEST_P / pairs


def test_the_table_holds_the_middle_quantiles_of_the_normal_law() -> None:
    assert QUANTILES.dtype == np.float32
    assert QUANTILES.shape == (65536,)
    middles = (np.arange(65536) + 0.5) / 65536
    np.testing.assert_allclose(QUANTILES, normal_quantile(middles), rtol=0, atol=2.0**-21)
    exact = QUANTILES.astype(np.float64)
    np.testing.assert_array_equal(exact, -exact[::-1])
    np.testing.assert_array_equal(exact * 2**20, np.rint(exact * 2**20))
    assert exact.max() == pytest.approx(4.325, abs=1e-3)
    assert np.mean(exact**2) == pytest.approx(0.99998, abs=1e-5)
    assert np.mean(exact**4) / np.mean(exact**2) ** 2 == pytest.approx(2.9992, abs=1e-4)


def test_noise_is_normal_and_white() -> None:
    x = noise((1024, 240, 4)).astype(np.float64)  # 983,040 values
    n = x.size
    table = QUANTILES.astype(np.float64)
    for power in (1, 2, 4):
        sd = np.std(table**power)
        z = (np.mean(x**power) - np.mean(table**power)) * math.sqrt(n) / sd
        assert two_sided_p(float(z)) > SMALLEST_P
    assert kolmogorov_p(x[:100].ravel(), lambda z: np.searchsorted(table, z) / 65536) > SMALLEST_P
    for product in (x[:, 1:] * x[:, :-1], x[:, :, 1:] * x[:, :, :-1]):
        assert two_sided_p(float(product.sum()) / math.sqrt(product.size)) > SMALLEST_P
