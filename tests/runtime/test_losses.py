"""Losses and penalties are what the papers say, and own ones are used as given."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_cells import DT, N_BATCH, N_OUT, N_REC, N_STEPS, Case

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.config import (
    Bce,
    Cce,
    Ctrnn,
    Loss,
    Mse,
    Omega,
    OwnLoss,
    OwnPenalty,
    RatePenalty,
    Regularizer,
    Training,
    WeightPenalty,
)
from epochal.runtime.errors import RunError
from epochal.runtime.losses import loss_of
from epochal.runtime.network import READOUTS, Ran
from epochal.runtime.own import OwnCode
from epochal.runtime.penalties import omega, penalty_of
from epochal.runtime.update import gradients
from epochal.runtime.weights import effective

DRAW = np.random.default_rng(1)
LINEAR = DRAW.standard_normal((4, 5, 3))
WEIGHTS = DRAW.integers(0, 3, (4, 5, 3)).astype(float)
TARGETS = DRAW.random((4, 5, 3))
CODE = OwnCode(
    losses={"absolute": lambda y, target, w: tf.reduce_sum(w * abs(y - target))},
    penalties={"loud": lambda ran: tf.reduce_max(ran.rates)},
)


def ran_with(readout: Any) -> Ran:
    linear = tf.constant(LINEAR)
    rates = tf.constant(DRAW.random((5, 4, 6)))
    return Ran(linear, READOUTS[readout](linear), rates, {}, tf.constant(5))


def sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    made: NDArray[np.float64] = 1 / (1 + np.exp(-x))
    return made


ERROR = LINEAR - TARGETS
ENTROPY = -(TARGETS * np.log(sigmoid(LINEAR)) + (1 - TARGETS) * np.log(1 - sigmoid(LINEAR)))
SHARES = np.exp(LINEAR) / np.exp(LINEAR).sum(axis=2, keepdims=True)


@pytest.mark.parametrize(
    ("loss", "readout", "expected"),
    [
        (Mse(), "linear", (WEIGHTS * ERROR**2).sum() / WEIGHTS.sum()),
        (Mse("psychrnn"), "linear", ((WEIGHTS * ERROR) ** 2).mean()),
        (Mse("mean"), "linear", (WEIGHTS * ERROR**2).mean()),
        (Mse("psychrnn"), "sigmoid", ((WEIGHTS * (sigmoid(LINEAR) - TARGETS)) ** 2).mean()),
        (Bce(), "sigmoid", (WEIGHTS * ENTROPY).sum() / WEIGHTS.sum()),
        (Bce("mean"), "sigmoid", (WEIGHTS * ENTROPY).mean()),
        (Cce(), "softmax", -(WEIGHTS * TARGETS * np.log(SHARES)).sum() / WEIGHTS.sum()),
        (Cce("mean"), "softmax", -(WEIGHTS * TARGETS * np.log(SHARES)).sum(axis=2).mean()),
        (OwnLoss("absolute"), "linear", (WEIGHTS * np.abs(ERROR)).sum()),
    ],
)
def test_a_loss_is_its_formula(loss: Loss, readout: str, expected: float) -> None:
    found = loss_of(ran_with(readout), tf.constant(TARGETS), tf.constant(WEIGHTS), loss, CODE)
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_a_batch_in_which_nothing_counts_has_no_loss() -> None:
    nothing = tf.zeros_like(TARGETS)
    for loss, readout in ((Mse(), "linear"), (Bce(), "sigmoid"), (Cce(), "softmax")):
        assert float(loss_of(ran_with(readout), tf.constant(TARGETS), nothing, loss)) == 0


def test_cross_entropy_of_a_sure_network_is_a_number() -> None:
    linear = tf.constant([[[800.0, -800.0]]])
    ran = Ran(linear, tf.sigmoid(linear), linear, {}, tf.constant(1))
    targets, weights = tf.constant([[[0.0, 1.0]]]), tf.ones([1, 1, 2])
    assert float(loss_of(ran, targets, weights, Bce())) == 800
    assert float(loss_of(ran, targets, weights, Cce())) == 800


@pytest.mark.parametrize(
    ("penalty", "expected"),
    [
        (WeightPenalty(matrix="recurrent", l1=0.5), lambda W, r: 0.5 * np.abs(W["W_rec"]).mean()),
        (WeightPenalty(matrix="input", l2=2.0), lambda W, r: 2 * (W["W_in"] ** 2).mean()),
        (
            WeightPenalty(matrix="output", l1=1.0, l2=2.0),
            lambda W, r: np.abs(W["W_out"]).mean() + 2 * (W["W_out"] ** 2).mean(),
        ),
        (RatePenalty(l2=0.1), lambda W, r: 0.1 * (r[:5] ** 2).mean()),
        (RatePenalty(l1=0.1, l2=1.0), lambda W, r: 0.1 * r[:5].mean() + (r[:5] ** 2).mean()),
        (OwnPenalty("loud", 3.0), lambda W, r: 3 * r.max()),
    ],
)
def test_a_penalty_is_its_formula(penalty: Regularizer, expected: Any) -> None:
    case = Case("relu")
    ran = case.ran(case.weights, n_steps=5)
    W = effective(case.weights, case.masks)
    found = float(penalty_of(ran, penalty, CODE))
    assert found == pytest.approx(expected(W, ran.rates.numpy()), rel=1e-12)


def test_code_that_was_not_given_is_named() -> None:
    case = Case("relu")
    ran = case.ran(case.weights)
    with pytest.raises(RunError, match="a loss of your own, 'huber', which was not given"):
        loss_of(ran, case.targets, case.counts, OwnLoss("huber"))
    with pytest.raises(RunError, match="a penalty of your own, 'loud', which was not given"):
        penalty_of(ran, OwnPenalty("loud"))


class Vanishing:
    """Omega of a small network, in plain loops over trials and steps."""

    def __init__(self, name: str, steps: int = N_STEPS) -> None:
        self.case, self.steps = Case(name), steps
        self.case.counts[:, steps:] = 0
        noise = tf.constant(self.case.noise)
        with tf.GradientTape() as tape:
            tape.watch(noise)
            self.case.noise = noise
            value = self.case.plain_loss({k: tf.constant(v) for k, v in self.case.weights.items()})
        self.D = tape.gradient(value, noise).numpy()
        self.case.noise = noise.numpy()
        self.ran = self.case.ran(self.case.weights, steps)

    def by_hand(self, W_rec: NDArray[np.float64]) -> float:
        model, r = self.case.model, self.ran.rates.numpy()
        assert isinstance(model, Ctrnn)
        alpha = DT / model.tau
        ratios = []
        for trial in range(N_BATCH):
            for t in range(self.steps):
                initial = self.case.weights["initial"]
                before = r[t - 1, trial] if t else np.log(1 + np.exp(initial))
                slope = 1 - np.exp(-before)
                J = (1 - alpha) * np.eye(N_REC) + alpha * W_rec * slope
                d = self.D[t, trial]
                ratios.append(((d @ J) @ (d @ J)) / (d @ d))
        return float(2 * np.mean((np.array(ratios) - 1) ** 2))


@pytest.mark.parametrize("steps", [N_STEPS, 4])
def test_omega_is_its_formula_and_its_gradient_that_of_finite_differences(steps: int) -> None:
    found = Vanishing("softplus", steps)
    case, penalty = found.case, Omega()
    W_rec = effective(case.weights, case.masks)["W_rec"]
    D = tf.constant(found.D)
    W = tf.Variable(W_rec)
    assert isinstance(case.model, Ctrnn)
    with tf.GradientTape() as tape:
        value = omega(penalty, case.model, DT, W, found.ran, D)
    assert float(value) == pytest.approx(found.by_hand(W_rec), rel=1e-10)
    gradient = tape.gradient(value, W).numpy()
    place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
    nudged = []
    for h in (1e-6, -1e-6):
        moved = W_rec.copy()
        moved[place] += h
        nudged.append(found.by_hand(moved))
    assert gradient[place] == pytest.approx((nudged[0] - nudged[1]) / 2e-6, rel=1e-6)


@pytest.mark.parametrize("name", ["softplus", "rank 2"])
def test_omega_adds_to_the_gradient_of_the_recurrent_weights_alone(name: str) -> None:
    case = Case(name)

    def found(*regularizers: Regularizer) -> tuple[float, dict[str, Tensor]]:
        variables = {key: tf.Variable(array) for key, array in case.weights.items()}
        arrays = (case.inputs, case.targets, case.counts, case.noise)
        value, named = gradients(
            case.network,
            variables,
            Training(regularizers=regularizers),
            (*map(tf.constant, arrays), tf.constant(N_STEPS)),
        )
        return float(value), {key: d.numpy() for key, d in named.items()}

    value, plain = found()
    same, with_omega = found(Omega(strength=0.5))
    assert same == value
    recurrent = {"W_rec", "U_rec", "V_rec"} & set(plain)
    for key in plain:
        change = np.abs(with_omega[key] - plain[key]).max()
        assert change > 1e-6 if key in recurrent else change == 0, key
    twice = found(Omega(strength=0.5), Omega(strength=0.5))[1]
    for key in recurrent:
        once = with_omega[key] - plain[key]
        np.testing.assert_allclose(twice[key] - plain[key], 2 * once, rtol=1e-9)


def test_omega_leaves_out_steps_whose_gradient_is_nothing() -> None:
    case = Case("softplus")
    assert isinstance(case.model, Ctrnn)
    D = tf.zeros([N_STEPS, N_BATCH, N_REC], tf.float64)
    W = tf.constant(case.weights["W_rec"])
    assert float(omega(Omega(), case.model, DT, W, case.ran(case.weights), D)) == 0


def test_shapes_agree() -> None:
    case = Case("relu")
    ran = case.ran(case.weights)
    assert ran.outputs.shape == (N_BATCH, N_STEPS, N_OUT)
    assert ran.rates.shape == (N_STEPS, N_BATCH, N_REC)
