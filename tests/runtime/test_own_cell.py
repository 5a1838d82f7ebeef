"""A user's own cell learns as a built-in one: same outputs, gradient and constraints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from test_cells import DT, N_IN, N_OUT, N_REC, N_STEPS, Case, gradients

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.cells import Cell
from epochal.runtime.config import Mse, OwnCell, Training
from epochal.runtime.errors import RunError
from epochal.runtime.halves import may_halve
from epochal.runtime.initial import initial_weights
from epochal.runtime.losses import loss_of
from epochal.runtime.network import Network, own_cell, run
from epochal.runtime.own import OwnCode
from epochal.runtime.weights import Array, Connectivity, Masks, effective, make_masks

TAU = 100.0


class Softplus(Cell):
    """The `current` form once more, and a weight that nothing uses."""

    def weights(self, n_in: int, n_rec: int, draw: np.random.Generator) -> Mapping[str, Array]:
        return {
            "W_in": draw.standard_normal((n_rec, n_in)),
            "W_rec": 0.5 * np.eye(n_rec),
            "b_rec": np.zeros(n_rec),
            "initial": np.zeros(n_rec),
            "spare": np.ones(3),
        }

    def begin(self, w: Mapping[str, Tensor], n_batch: int) -> tuple[Tensor, ...]:
        return (tf.tile(w["initial"][None], [n_batch, 1]), tf.zeros([n_batch, 1], tf.float64))

    def step(
        self, w: Mapping[str, Tensor], state: tuple[Tensor, ...], x: Tensor, noise: Tensor
    ) -> tuple[tuple[Tensor, ...], Tensor]:
        s, clock = state
        alpha = self.dt / self.model.options["tau"]
        r = tf.nn.softplus(s)
        drive = r @ tf.transpose(w["W_rec"]) + x @ tf.transpose(w["W_in"]) + w["b_rec"]
        s = (1 - alpha) * s + alpha * drive + noise
        return (s, clock + 1), tf.nn.softplus(s)


MODEL = OwnCell(cell="softplus", units=N_REC, options={"tau": TAU})
CODE = OwnCode(cells={"softplus": Softplus})


def network_of(masks: Masks) -> Network:
    return Network(MODEL, masks, DT, own_cell(MODEL, DT, CODE))


def loss_with(case: Case, masks: Masks, weights: Mapping[str, Tensor], n_steps: Any) -> Tensor:
    ran = run(
        network_of(masks), weights, tf.constant(case.inputs), tf.constant(case.noise), n_steps
    )
    return loss_of(ran, case.targets, case.counts, Mse())


def paired() -> tuple[Case, Masks, dict[str, Array]]:
    """A case of the built-in network, and its effective weights for the own cell."""
    case = Case("softplus")
    W = effective(case.weights, case.masks)
    return case, make_masks(MODEL, N_IN, N_OUT), {**W, "spare": np.ones(3)}


def test_outputs_and_gradient_are_those_of_the_built_in_network() -> None:
    case, masks, weights = paired()
    n_steps = tf.constant(N_STEPS)
    found = gradients(lambda w: loss_with(case, masks, w, n_steps), weights)
    case.masks = masks
    case.network = Network(case.model, masks, DT)
    without_spare = {name: weights[name] for name in case.weights}
    assert float(loss_with(case, masks, weights, n_steps)) == pytest.approx(
        float(case.loss(without_spare)), rel=1e-12
    )
    for name, expected in gradients(case.loss, without_spare).items():
        np.testing.assert_allclose(found[name], expected, rtol=1e-9, atol=1e-13, err_msg=name)
    assert not found["spare"].any()


def test_it_compiles_once_for_every_number_of_steps() -> None:
    case, masks, weights = paired()
    case.counts[:, 4:] = 0

    def differentiate(n_steps: Tensor) -> Tensor:
        w = {name: tf.constant(array) for name, array in weights.items()}
        with tf.GradientTape() as tape:
            tape.watch(w)
            loss = loss_with(case, masks, w, n_steps)
        return tape.gradient(loss, w)

    program = tf.function(differentiate, jit_compile=True, autograph=False)
    short, full = program(tf.constant(4)), program(tf.constant(N_STEPS))
    assert program.experimental_get_tracing_count() == 1
    plain = gradients(lambda w: loss_with(case, masks, w, tf.constant(N_STEPS)), weights)
    for name in weights:
        np.testing.assert_allclose(short[name], full[name], rtol=1e-9, atol=1e-14)
        np.testing.assert_allclose(full[name], plain[name], rtol=1e-9, atol=1e-14)


def test_its_weights_obey_masks_by_their_names() -> None:
    C = np.tri(N_REC)
    masks = make_masks(MODEL, N_IN, N_OUT, Connectivity(C_rec=C))
    cell = own_cell(MODEL, DT, CODE)
    assert cell is not None
    weights = initial_weights(MODEL, masks, 0, own=cell.weights)
    weights["W_rec"] = np.ones((N_REC, N_REC))
    np.testing.assert_array_equal(effective(weights, masks)["W_rec"], C)
    assert weights["W_out"].shape == (N_OUT, N_REC)
    assert np.allclose(initial_weights(MODEL, masks, 0, own=cell.weights)["W_in"], weights["W_in"])


def test_a_cell_whose_weights_the_masks_do_not_fit_is_refused() -> None:
    masks = make_masks(MODEL, N_IN, N_OUT, Connectivity(C_rec=np.tri(N_REC)))
    with pytest.raises(ValueError, match=r"masks need W_rec of shape \(10, 10\), not None"):
        initial_weights(MODEL, masks, 0, own=lambda n_in, n, draw: {})
    free = make_masks(MODEL, N_IN, N_OUT)
    with pytest.raises(ValueError, match=r"cannot be called W_out, a\.b"):
        initial_weights(MODEL, free, 0, own=lambda *_: {"W_out": np.ones(1), "a.b": np.ones(1)})


def test_a_cell_that_was_not_given_is_named() -> None:
    with pytest.raises(RunError, match="a cell of your own, 'softplus', which was not given"):
        own_cell(MODEL, DT)


def test_its_batches_are_not_halved() -> None:
    case = Case("softplus")
    assert may_halve(case.network, Training())
    assert not may_halve(network_of(case.masks), Training())
