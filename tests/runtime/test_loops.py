"""An affine map is one product, whatever its widths, and so are its gradients."""

from __future__ import annotations

import numpy as np
import pytest

from epochal.runtime.backend import tf
from epochal.runtime.cells.loops import FEWEST_TERMS, affine, outer

WIDTHS = [(1, 1), (2, 7), (3, 5), (FEWEST_TERMS, 6), (6, 6), (7, 3), (7, 2), (9, 1)]


@pytest.mark.parametrize(("n_in", "n_out"), WIDTHS)
def test_an_affine_map_and_its_gradients_are_those_of_tensorflow(n_in: int, n_out: int) -> None:
    draw = np.random.default_rng(2)
    arrays = [draw.standard_normal(shape) for shape in ((5, 4, n_in), (n_out, n_in), (n_out,))]
    weights = draw.standard_normal((5, 4, n_out))
    found = []
    for function in (affine, lambda x, W, b: tf.einsum("tbi,oi->tbo", x, W) + b):
        x, W, b = (tf.Variable(array) for array in arrays)
        with tf.GradientTape() as tape:
            y = function(x, W, b)
            value = tf.reduce_sum(weights * tf.sin(y))
        found.append([y, *tape.gradient(value, [x, W, b])])
    for mine, theirs in zip(*found, strict=True):
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("widths", [(3, 5), (5, 3), (4, 4)])
def test_an_outer_product_is_summed_over_steps_and_trials(widths: tuple[int, int]) -> None:
    draw = np.random.default_rng(3)
    D, r = (draw.standard_normal((6, 2, n)) for n in widths)
    expected = np.einsum("tbi,tbj->ij", D, r)
    np.testing.assert_allclose(outer(tf.constant(D), tf.constant(r)), expected, rtol=1e-12)
