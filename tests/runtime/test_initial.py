"""Weights start from the laws that the papers name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from epochal.runtime.config import (
    Area,
    Ctrnn,
    FanIn,
    Gamma,
    GlorotNormal,
    GlorotUniform,
    Gru,
    Identity,
    Lstm,
    Model,
    Normal,
    Orthogonal,
    Projection,
    Uniform,
)
from epochal.runtime.initial import initial_weights, shapes
from epochal.runtime.laws import drawn
from epochal.runtime.weights import Array, Connectivity, effective, make_masks

N, N_IN = 300, 50


def started(model: Model, given: Connectivity | None = None, n_in: int = 4) -> dict[str, Array]:
    given = given or Connectivity()
    masks = make_masks(model, n_in, 2, given)
    return effective(initial_weights(model, masks, 0, given), masks)


@pytest.mark.parametrize(
    ("law", "sd"),
    [
        (Normal(0.2), 0.2),
        (Uniform(0.1), 0.1 / np.sqrt(3)),
        (GlorotNormal(), np.sqrt(2 / (N + N_IN))),
        (GlorotUniform(), np.sqrt(2 / (N + N_IN))),
        (FanIn(2.0), 2 / np.sqrt(N_IN)),
        (Orthogonal(3.0), 3 / np.sqrt(N)),
    ],
)
def test_a_law_has_its_mean_and_spread(law: Any, sd: float) -> None:
    W = drawn(law, np.ones((N, N_IN)), np.random.default_rng(0))
    assert abs(W.mean()) < 4 * sd / np.sqrt(W.size)
    assert W.std() == pytest.approx(sd, rel=0.03)


def test_uniform_laws_keep_their_limits() -> None:
    C = np.ones((N, N_IN))
    assert np.abs(drawn(Uniform(0.1), C, np.random.default_rng(0))).max() <= 0.1
    limit = np.sqrt(6 / (N + N_IN))
    assert np.abs(drawn(GlorotUniform(), C, np.random.default_rng(0))).max() <= limit


@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (5, 5)])
def test_orthogonal_weights_are(shape: tuple[int, int]) -> None:
    W = drawn(Orthogonal(2.0), np.ones(shape), np.random.default_rng(0))
    product = W.T @ W if shape[0] >= shape[1] else W @ W.T
    np.testing.assert_allclose(product, 4 * np.eye(min(shape)), atol=1e-12)


def test_identity_is_left_as_it_is() -> None:
    W_rec = started(Ctrnn(units=6, init_rec=Identity(0.5)))["W_rec"]
    np.testing.assert_array_equal(W_rec, 0.5 * np.eye(6))
    under_dale = started(Ctrnn(units=6, dale=0.5, init_rec=Identity(0.5)))["W_rec"]
    np.testing.assert_array_equal(under_dale, 0.5 * np.diag([1, 1, 1, -1, -1, -1]))


@pytest.mark.parametrize("positive", ["abs", "rectify"])
def test_gamma_under_dales_law_has_the_radius_and_balance(positive: Any) -> None:
    model = Ctrnn(
        units=N, dale=0.8, init_rec=Gamma(), radius=1.5, persistence=0, positive=positive,
        autapses=False,
    )  # fmt: skip
    W_rec = started(model)["W_rec"]
    assert np.abs(np.linalg.eigvals(W_rec)).max() == pytest.approx(1.5)
    excitation, inhibition = W_rec[:, :240].sum(axis=1), -W_rec[:, 240:].sum(axis=1)
    assert excitation.mean() == pytest.approx(inhibition.mean(), rel=0.02)
    weights = W_rec[:240, :240][~np.eye(240, dtype=bool)]
    assert weights.std() / weights.mean() == pytest.approx(1 / np.sqrt(2), rel=0.02)


def test_each_unit_is_balanced_by_the_connections_it_has() -> None:
    areas = (Area(name="a", units=200), Area(name="b", units=100))
    across = Projection(source="a", target="b", density=0.5, excitatory=True)
    model = Ctrnn(
        units=N, dale=0.8, areas=areas, projections=(across,), persistence=0, init_rec=Gamma()
    )
    W_rec = started(model)["W_rec"]
    rows = W_rec.sum(axis=1) / np.abs(W_rec).sum(axis=1)
    assert abs(rows[:200].mean()) < 0.02
    assert abs(rows[200:].mean()) < 0.02
    assert not W_rec[200:, 160:200].any()  # inhibitory units of a stay within it
    assert (W_rec[200:, :160] > 0).mean() == pytest.approx(0.5, abs=0.02)


def test_rectified_weights_start_without_dead_ones() -> None:
    W = started(Ctrnn(units=20, dale=0.8, positive="rectify"))
    assert (W["W_in"] > 0).all()
    assert (W["W_rec"] != 0).all()


def test_low_rank_weights_have_the_radius_and_persistence() -> None:
    random = started(Ctrnn(units=100, rank=3, persistence=0, radius=0.7))["W_rec"]
    assert np.abs(np.linalg.eigvals(random)).max() == pytest.approx(0.7)
    raised = started(Ctrnn(units=100, rank=3, persistence=0.5, radius=0.7))
    U = raised["U_rec"]
    added = (raised["W_rec"] - random) @ U
    np.testing.assert_allclose(added, 0.5 * U, atol=1e-9)


def test_gates_start_from_their_biases() -> None:
    weights = started(Gru(units=4, gate_bias=0.5, bias=0.25))
    np.testing.assert_array_equal(weights["b_rec"].T, np.tile([0.5, 0.5, 0.25], (4, 1)))
    weights = started(Lstm(units=4, forget_bias=2.0, bias=1.0))
    np.testing.assert_array_equal(weights["b_rec"].T, np.tile([2.0, 1, 1, 1], (4, 1)))
    assert weights["initial"].shape == (2, 4)


@pytest.mark.parametrize("model", [Ctrnn(), Ctrnn(rank=2), Gru(), Lstm()])
def test_shapes_are_those_of_the_weights(model: Model) -> None:
    weights = initial_weights(model, make_masks(model, 4, 2), 0)
    assert {name: array.shape for name, array in weights.items()} == shapes(model, 4, 2)
    assert list(weights) == list(shapes(model, 4, 2))


def test_given_arrays_are_what_training_starts_from() -> None:
    given = {"W_rec": np.diag([0.5, -0.5, -1.0]), "b_rec": np.arange(3.0)}
    connectivity = Connectivity(signs=np.array([1, -1, -1]), start=given)
    model = Ctrnn(units=3)
    weights = started(model, connectivity)
    for name, array in given.items():
        np.testing.assert_array_equal(weights[name], array)
    drawn_apart = started(model, Connectivity(signs=connectivity.signs))
    np.testing.assert_array_equal(weights["W_in"], drawn_apart["W_in"])


def test_an_area_gets_inputs_and_is_read_out_where_it_says() -> None:
    areas = (
        Area(name="in", units=3, outputs=False),
        Area(name="out", units=2, inputs=False),
    )
    W = started(Ctrnn(units=5, areas=areas, projections=(Projection(source="in", target="out"),)))
    assert W["W_in"][:3].all()
    assert not W["W_in"][3:].any()
    assert W["W_out"][:, 3:].all()
    assert not W["W_out"][:, :3].any()
    assert W["W_rec"][3:, :3].all()
    assert not W["W_rec"][:3, 3:].any()
