"""Weights start as published, and stay within Dale's law and the masks while they are trained."""

from __future__ import annotations

import numpy as np
import pytest
from sides import Sides

from epochal.runtime.config import Adam, Ctrnn, Profile, Training
from epochal.runtime.initial import initial_weights
from epochal.runtime.train import train
from epochal.runtime.weights import Array, Connectivity, effective, make_masks


def spectral_radius(matrix: np.ndarray) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


@pytest.mark.parametrize("dale", [None, 0.8])
def test_the_effective_recurrent_weights_start_at_the_radius(dale: float | None) -> None:
    model = Ctrnn(units=50, dale=dale, autapses=False, radius=1.3, persistence=0)
    masks = make_masks(model, 2, 2)
    W_rec = effective(initial_weights(model, masks, seed=0), masks)["W_rec"]
    assert spectral_radius(W_rec) == pytest.approx(1.3)
    assert not W_rec.diagonal().any()


def test_under_dales_law_excitation_and_inhibition_start_balanced() -> None:
    model = Ctrnn(units=200, dale=0.8, persistence=0)
    masks = make_masks(model, 2, 2)
    W_rec = effective(initial_weights(model, masks, seed=0), masks)["W_rec"]
    positive, negative = W_rec[W_rec > 0].sum(), -W_rec[W_rec < 0].sum()
    assert positive == pytest.approx(negative, rel=0.05)


@pytest.mark.parametrize("dale", [None, 0.8])
def test_persistence_is_what_excitatory_units_add_to_themselves(dale: float | None) -> None:
    def effective_rec(persistence: float, autapses: bool = True) -> Array:
        model = Ctrnn(units=50, dale=dale, persistence=persistence, autapses=autapses)
        masks = make_masks(model, 2, 2)
        W_rec: Array = effective(initial_weights(model, masks, seed=0), masks)["W_rec"]
        return W_rec

    added = effective_rec(0.5) - effective_rec(0.0)
    excites = np.arange(50) < (50 if dale is None else 40)
    np.testing.assert_allclose(added, np.diag(0.5 * excites), atol=1e-12)
    assert not effective_rec(0.5, autapses=False).diagonal().any()


def test_a_network_without_loops_keeps_the_weights_it_drew() -> None:
    model = Ctrnn(units=10)
    masks = make_masks(model, 1, 1, Connectivity(C_rec=np.tril(np.ones((10, 10)), -1)))
    assert np.isfinite(initial_weights(model, masks, seed=0)["W_rec"]).all()


def test_input_weights_have_the_glorot_scale_of_the_connections_that_exist() -> None:
    model = Ctrnn(units=400)
    one_each = (np.arange(4) == np.arange(400)[:, None] % 4).astype(float)  # 100 units an input
    masks = make_masks(model, 4, 1, Connectivity(C_in=one_each))
    W_in = effective(initial_weights(model, masks, seed=0), masks)["W_in"]
    assert W_in[one_each > 0].std() == pytest.approx(np.sqrt(2 / (1 + 100)), rel=0.1)


def test_connectivity_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"C_in has shape \(3, 2\).* shape \(10, 2\)"):
        make_masks(Ctrnn(units=10), 2, 1, Connectivity(C_in=np.ones((3, 2))))


def test_trained_weights_obey_dales_law_and_masks() -> None:
    draw = np.random.default_rng(0)
    connectivity = Connectivity(
        C_in=(draw.random((20, 3)) < 0.5).astype(float),
        C_rec=(draw.random((20, 20)) < 0.5).astype(float),
        C_out=(draw.random((2, 20)) < 0.5).astype(float),
    )
    model = Ctrnn(units=20, dale=0.75, autapses=False)
    training = Training(
        batch=16, updates=15, every=15, trials=32, optimizer=Adam(rate=0.02), average=0.0
    )
    trained = train(Sides(), Profile(model=model, training=training), connectivity=connectivity)
    masks = make_masks(model, 3, 2, connectivity)
    started = initial_weights(model, masks, seed=0)
    assert np.abs(trained.weights["W_rec"] - started["W_rec"]).max() > 0.05
    assert connectivity.C_in is not None
    assert connectivity.C_rec is not None
    assert connectivity.C_out is not None

    W = effective(trained.weights, masks)
    assert (W["W_rec"][:, :15] >= 0).all()
    assert (W["W_rec"][:, 15:] <= 0).all()
    assert (W["W_rec"][:, 15:] < 0).any()
    assert (W["W_in"] >= 0).all()
    assert (W["W_out"][:, :15] >= 0).all()
    assert not W["W_out"][:, 15:].any()
    assert not W["W_in"][connectivity.C_in == 0].any()
    assert not W["W_rec"][connectivity.C_rec == 0].any()
    assert not W["W_out"][connectivity.C_out == 0].any()
    assert not W["W_rec"].diagonal().any()
