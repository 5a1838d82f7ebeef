"""Each network follows its paper's equation, and its gradient by hand is the gradient."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import numpy as np
import papers
import pytest
from numpy.typing import NDArray

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.config import Activation, Ctrnn, Gru, LeakyGru, Lstm, Model, Mse
from epochal.runtime.initial import initial_weights
from epochal.runtime.losses import loss_of
from epochal.runtime.network import Network, Ran, run
from epochal.runtime.weights import Connectivity, effective, make_masks

N_BATCH, N_STEPS, N_IN, N_REC, N_OUT = 3, 7, 2, 10, 2
DT = 20.0

NAMED: dict[str, Model] = {
    **{f: Ctrnn(activation=f, units=N_REC, dale=0.8, autapses=False) for f in get_args(Activation)},
    **{
        f"rate {f}": Ctrnn(activation=f, units=N_REC, dale=0.8, autapses=False, form="rate")
        for f in get_args(Activation)
    },
    "without Dale": Ctrnn(units=N_REC),
    "power 3": Ctrnn(units=N_REC, activation="power", power=3.0),
    "rank 2": Ctrnn(units=N_REC, rank=2),
    "rate, rank 3": Ctrnn(units=N_REC, rank=3, form="rate", activation="tanh"),
    "rectified": Ctrnn(units=N_REC, dale=0.8, positive="rectify"),
    "gru": Gru(units=N_REC, autapses=False),
    "gru relu": Gru(units=N_REC, activation="relu"),
    "leaky gru": LeakyGru(units=N_REC, autapses=False),
    "leaky gru softplus": LeakyGru(units=N_REC, activation="softplus"),
    "lstm": Lstm(units=N_REC, autapses=False),
    "lstm of PsychRNN": Lstm(units=N_REC, variant="psychrnn", bias=1.0),
}
FEW = ("relu", "rate softplus", "rate, rank 3", "leaky gru", "gru", "lstm")


def each(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    return pytest.mark.parametrize("name", names or NAMED)


class Case:
    """A small network with masks and noise, and a batch of random arrays."""

    def __init__(self, name: str) -> None:
        draw = np.random.default_rng(3)
        self.model = NAMED[name]
        low_rank = isinstance(self.model, Ctrnn) and self.model.rank is not None
        sparse = (draw.random((N_REC, N_REC)) < 0.7).astype(float)
        connectivity = Connectivity(
            C_in=(draw.random((N_REC, N_IN)) < 0.8).astype(float),
            C_rec=None if low_rank else sparse,
            C_out=(draw.random((N_OUT, N_REC)) < 0.8).astype(float),
        )
        self.masks = make_masks(self.model, N_IN, N_OUT, connectivity)
        self.network = Network(self.model, self.masks, DT)
        self.weights = initial_weights(self.model, self.masks, seed=1)
        for bias in ("b_rec", "b_out"):
            self.weights[bias] = 0.3 * draw.standard_normal(self.weights[bias].shape)
        self.weights["initial"] = 0.3 * draw.standard_normal(self.weights["initial"].shape)
        self.inputs = draw.standard_normal((N_BATCH, N_STEPS, N_IN))
        self.targets = draw.standard_normal((N_BATCH, N_STEPS, N_OUT))
        self.counts = draw.random((N_BATCH, N_STEPS, N_OUT))
        self.noise = 0.1 * draw.standard_normal((N_STEPS, N_BATCH, N_REC))

    def ran(self, weights: Mapping[str, Tensor], n_steps: int = N_STEPS) -> Ran:
        inputs, noise = tf.constant(self.inputs), tf.constant(self.noise)
        return run(self.network, weights, inputs, noise, tf.convert_to_tensor(n_steps))

    def loss(self, weights: Mapping[str, Tensor], n_steps: int = N_STEPS) -> Tensor:
        return loss_of(self.ran(weights, n_steps), self.targets, self.counts, Mse())

    def by_paper(self, weights: Mapping[str, Any], ops: papers.Ops) -> list[Any]:
        """Outputs (N_batch, N_out) of every step, from the equation of the paper."""
        w = effective(weights, self.masks)
        rates = papers.rates(self.model, DT, w, self.inputs, self.noise, ops)
        return [r @ ops.T(w["W_out"]) + w["b_out"] for r in rates]

    def plain_loss(self, weights: Mapping[str, Tensor]) -> Tensor:
        """Give the same loss from a plain loop, for TensorFlow to differentiate."""
        e = tf.stack(self.by_paper(weights, papers.TENSORFLOW), 1) - self.targets
        return tf.reduce_sum(self.counts * e * e) / self.counts.sum()


def gradients(loss: Any, weights: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    variables = {name: tf.Variable(array) for name, array in weights.items()}
    with tf.GradientTape() as tape:
        value = loss(variables)
    return {name: d.numpy() for name, d in tape.gradient(value, variables).items()}


@each()
def test_the_outputs_are_those_of_the_equation_of_the_paper(name: str) -> None:
    case = Case(name)
    expected = np.stack(case.by_paper(case.weights, papers.NUMPY), axis=1)
    outputs = case.ran(case.weights).outputs.numpy()
    np.testing.assert_allclose(outputs, expected, rtol=1e-9, atol=1e-12)
    assert np.abs(expected).max() > 0.1


@each()
def test_the_gradient_by_hand_is_that_of_tensorflow(name: str) -> None:
    case = Case(name)
    ours, theirs = gradients(case.loss, case.weights), gradients(case.plain_loss, case.weights)
    for weight, expected in theirs.items():
        assert np.abs(expected).max() > 1e-6, weight
        np.testing.assert_allclose(ours[weight], expected, rtol=1e-8, atol=1e-12, err_msg=weight)


@each(*FEW)
def test_the_gradient_by_hand_is_that_of_finite_differences(name: str) -> None:
    case = Case(name)
    analytic = gradients(case.loss, case.weights)
    loss = tf.function(lambda *arrays: case.loss(dict(zip(case.weights, arrays, strict=True))))
    for weight, d in analytic.items():
        size = np.abs(d)
        place = np.unravel_index(size.argmax(), size.shape)
        nudged = []
        for h in (1e-6, -1e-6):
            weights = {key: array.copy() for key, array in case.weights.items()}
            weights[weight][place] += h
            nudged.append(float(loss(*map(tf.constant, weights.values()))))
        numeric = (nudged[0] - nudged[1]) / 2e-6
        assert d[place] == pytest.approx(numeric, rel=1e-4), weight


@pytest.mark.parametrize("compile_it", [False, True])
@each(*FEW)
def test_fewer_steps_give_the_gradient_of_steps_that_count_nothing(
    name: str, compile_it: bool
) -> None:
    case = Case(name)
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
    for weight in short:
        np.testing.assert_allclose(short[weight], full[weight], rtol=1e-9, atol=1e-14)


@each("softplus", "rate softplus", "gru", "lstm of PsychRNN")
def test_steps_past_the_last_leave_rates_of_zero(name: str) -> None:
    case = Case(name)
    r = case.ran(case.weights, 4).rates.numpy()
    assert r[:4].any(axis=(1, 2)).all()
    assert not r[4:].any()


def test_weights_of_low_rank_have_that_rank() -> None:
    case = Case("rank 2")
    W_rec = effective(case.weights, case.masks)["W_rec"]
    assert np.linalg.matrix_rank(W_rec) == 2
