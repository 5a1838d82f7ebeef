"""The gradient by hand is the gradient, and the equation is the published one."""

from __future__ import annotations

from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.bptt import ACTIVATIONS
from epochal.runtime.config import Activation, Ctrnn
from epochal.runtime.network import Network, loss_of, run
from epochal.runtime.weights import Connectivity, effective, initial_weights, make_masks

N_BATCH, N_STEPS, N_IN, N_REC, N_OUT = 3, 7, 2, 10, 2


class Case:
    """A small network with Dale's law, masks and noise, and a batch of random arrays."""

    def __init__(self, activation: Activation = "relu", dale: float | None = 0.8) -> None:
        draw = np.random.default_rng(3)
        self.model = Ctrnn(units=N_REC, activation=activation, dale=dale, autapses=False)
        sparse = (draw.random((N_REC, N_REC)) < 0.7).astype(float)
        connectivity = Connectivity(
            C_in=(draw.random((N_REC, N_IN)) < 0.8).astype(float),
            C_rec=sparse,
            C_out=(draw.random((N_OUT, N_REC)) < 0.8).astype(float),
        )
        self.masks = make_masks(self.model, N_IN, N_OUT, connectivity)
        self.network = Network(self.model, self.masks, dt=20.0)
        self.weights = initial_weights(self.model, self.masks, seed=1)
        self.weights["b_rec"] = 0.3 * draw.standard_normal(N_REC)
        self.weights["b_out"] = 0.3 * draw.standard_normal(N_OUT)
        self.inputs = draw.standard_normal((N_BATCH, N_STEPS, N_IN))
        self.targets = draw.standard_normal((N_BATCH, N_STEPS, N_OUT))
        self.counts = draw.random((N_BATCH, N_STEPS, N_OUT))
        self.noise = 0.1 * draw.standard_normal((N_STEPS, N_BATCH, N_REC))

    def loss(self, weights: dict[str, Tensor], n_steps: int = N_STEPS) -> Tensor:
        inputs, noise = tf.constant(self.inputs), tf.constant(self.noise)
        outputs, _ = run(self.network, weights, inputs, noise, tf.convert_to_tensor(n_steps))
        return loss_of(outputs, self.targets, self.counts, "mse_normalized")

    def plain_loss(self, weights: dict[str, Tensor]) -> Tensor:
        """Give the same loss from a plain loop, for TensorFlow to differentiate."""
        f, alpha = ACTIVATIONS[self.model.activation][0], 0.2
        w = effective(weights, self.masks)
        s = tf.tile(w["initial"][None], [N_BATCH, 1])
        outputs = []
        for t in range(N_STEPS):
            drive = f(s) @ tf.transpose(w["W_rec"]) + self.inputs[:, t] @ tf.transpose(w["W_in"])
            s = (1 - alpha) * s + alpha * (drive + w["b_rec"]) + self.noise[t]
            outputs.append(f(s) @ tf.transpose(w["W_out"]) + w["b_out"])
        return loss_of(tf.stack(outputs, 1), self.targets, self.counts, "mse_normalized")


def gradients(loss: Any, weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    variables = {name: tf.Variable(array) for name, array in weights.items()}
    with tf.GradientTape() as tape:
        value = loss(variables)
    return {name: d.numpy() for name, d in tape.gradient(value, variables).items()}


@pytest.mark.parametrize("dale", [None, 0.8])
@pytest.mark.parametrize("activation", get_args(Activation))
def test_the_gradient_by_hand_is_that_of_tensorflow(
    activation: Activation, dale: float | None
) -> None:
    case = Case(activation, dale)
    ours, theirs = gradients(case.loss, case.weights), gradients(case.plain_loss, case.weights)
    for name, expected in theirs.items():
        assert np.abs(expected).max() > 1e-6, name
        np.testing.assert_allclose(ours[name], expected, rtol=1e-9, atol=1e-12, err_msg=name)


@pytest.mark.parametrize("activation", get_args(Activation))
def test_the_gradient_by_hand_is_that_of_finite_differences(activation: Activation) -> None:
    case = Case(activation)
    analytic = gradients(case.loss, case.weights)
    loss = tf.function(lambda *arrays: case.loss(dict(zip(case.weights, arrays, strict=True))))
    for name, d in analytic.items():
        size = np.abs(d)
        place = np.unravel_index(size.argmax(), size.shape)
        nudged = []
        for h in (1e-6, -1e-6):
            weights = {key: array.copy() for key, array in case.weights.items()}
            weights[name][place] += h
            nudged.append(float(loss(*map(tf.constant, weights.values()))))
        numeric = (nudged[0] - nudged[1]) / 2e-6
        assert d[place] == pytest.approx(numeric, rel=1e-4), name


def test_the_forward_pass_is_the_equation_of_psychrnn() -> None:
    case, alpha = Case("relu", dale=None), 0.2
    w = case.weights
    W_rec, W_in, W_out = (w[f"W_{k}"] * getattr(case.masks, f"C_{k}") for k in ("rec", "in", "out"))
    expected = np.empty((N_BATCH, N_STEPS, N_OUT))
    for trial in range(N_BATCH):
        s = w["initial"].copy()
        for t in range(N_STEPS):
            total = np.maximum(s, 0) @ W_rec.T + case.inputs[trial, t] @ W_in.T + w["b_rec"]
            s = (1 - alpha) * s + alpha * total + case.noise[t, trial]
            expected[trial, t] = np.maximum(s, 0) @ W_out.T + w["b_out"]
    arguments = tf.constant(case.inputs), tf.constant(case.noise), tf.constant(N_STEPS)
    outputs, _ = run(case.network, w, *arguments)
    np.testing.assert_allclose(outputs, expected, rtol=1e-10)


@pytest.mark.parametrize("compile_it", [False, True])
def test_fewer_steps_give_the_gradient_of_steps_that_count_nothing(compile_it: bool) -> None:
    case = Case()
    case.counts[:, 4:] = 0

    def differentiate(n_steps: Tensor) -> Tensor:
        weights = {name: tf.constant(array) for name, array in case.weights.items()}
        with tf.GradientTape() as tape:
            tape.watch(weights)
            loss = case.loss(weights, n_steps)
        return tape.gradient(loss, weights)

    program = tf.function(differentiate, jit_compile=compile_it, autograph=False)
    short, full = program(tf.constant(4)), program(tf.constant(N_STEPS))
    assert program.experimental_get_tracing_count() == 1
    for name in short:
        np.testing.assert_allclose(short[name], full[name], rtol=1e-9, atol=1e-14, err_msg=name)


def test_steps_past_the_last_leave_rates_of_zero() -> None:
    case = Case("softplus")
    arguments = tf.constant(case.inputs), tf.constant(case.noise), tf.constant(4)
    _, r = run(case.network, case.weights, *arguments)
    assert (r[:4].numpy() > 0).all()
    assert not r[4:].numpy().any()
