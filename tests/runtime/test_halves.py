"""The halves of a batch add up to the batch: in what is minimised, in gradients, in an update."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from plain import Plain
from test_cells import N_IN, N_OUT, N_REC, N_STEPS, Case, each

from epochal.runtime import halves, update
from epochal.runtime.backend import Tensor, tf
from epochal.runtime.config import (
    Bce,
    Cce,
    IntelligentSynapses,
    Mse,
    Omega,
    OwnLoss,
    OwnPenalty,
    RatePenalty,
    Training,
    WeightPenalty,
)
from epochal.runtime.halves import FEWEST, Halves, half_of, may_halve
from epochal.runtime.losses import share_of
from epochal.runtime.update import Trainer, gradients

PENALTIES = RatePenalty(l1=0.1, l2=1.0), WeightPenalty(matrix="recurrent", l2=2.0)
LOSSES = [kind(how) for kind in (Mse, Bce, Cce) for how in ("normalized", "mean")]


def feed_of(
    n_batch: int, n_steps: int = N_STEPS - 2, dtype: Any = np.float64
) -> tuple[Tensor, ...]:
    draw = np.random.default_rng(7)
    arrays = [draw.standard_normal((n_batch, N_STEPS, n)) for n in (N_IN, N_OUT, N_OUT)]
    arrays[1:] = [np.abs(arrays[1]), np.abs(arrays[2])]
    arrays[2][: n_batch // 2] *= 0.1  # so that halves do not count alike
    arrays.append(0.1 * draw.standard_normal((N_STEPS, n_batch, N_REC)))
    return (*map(tf.constant, arrays), tf.constant(N_STEPS - 2))


def assert_halves_add_up(case: Case, training: Training) -> None:
    weights = {name: tf.Variable(array) for name, array in case.weights.items()}
    feed = feed_of(6)
    value, found = gradients(case.network, weights, training, feed)
    parts = []
    for k in (0, 1):
        mine = half_of(feed, tf.constant(k))
        shares = share_of(training.loss, feed[2], mine[2]), 0.5
        parts.append(gradients(case.network, weights, training, mine, shares=shares))
    (one, some), (two, others) = parts
    assert float(one) != float(two)
    np.testing.assert_allclose(float(one + two), float(value), rtol=1e-12)
    for name in found:
        np.testing.assert_allclose(some[name] + others[name], found[name], rtol=1e-9, atol=1e-14)


@each()
def test_gradients_of_halves_are_that_of_the_batch_for_every_model(name: str) -> None:
    assert_halves_add_up(Case(name), Training(regularizers=PENALTIES))


@pytest.mark.parametrize("loss", [*LOSSES, Mse("psychrnn")], ids=repr)
def test_gradients_of_halves_are_that_of_the_batch_for_every_loss(loss: Any) -> None:
    assert_halves_add_up(Case("relu"), Training(loss=loss, regularizers=PENALTIES))


def trained(
    case: Case, n_batch: int, updates: int = 3, *, prepared: bool = False
) -> dict[str, Any]:
    trainer = Trainer(case.network, case.weights, Training(average=0.5), dtype="float64")
    if prepared:
        assert isinstance(trainer.update, Halves)
        trainer.update.prepare(*feed_of(n_batch))
    for _ in range(updates):
        trainer.update(*feed_of(n_batch))
    return trainer.variables()


def test_updates_by_halves_are_those_by_the_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (halves, update):
        monkeypatch.setattr(module, "compiled", Plain)
    halved = trained(Case("relu"), FEWEST)
    monkeypatch.setattr(halves, "FEWEST", 10 * FEWEST)
    whole = trained(Case("relu"), FEWEST)
    assert halved.keys() == whole.keys()
    for name, array in halved.items():
        np.testing.assert_allclose(array, whole[name], rtol=1e-7, atol=1e-10, err_msg=name)


def test_updates_by_halves_are_the_same_bits_on_one_thread_and_on_two(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    first = trained(Case("relu"), FEWEST, updates=5)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    second = trained(Case("relu"), FEWEST, updates=5)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


@pytest.mark.parametrize("n_batch", [FEWEST, FEWEST - 2])
def test_an_update_that_was_prepared_is_the_same(n_batch: int) -> None:
    first = trained(Case("relu"), n_batch)
    second = trained(Case("relu"), n_batch, prepared=True)
    for name, array in first.items():
        np.testing.assert_array_equal(array, second[name], err_msg=name)


@pytest.mark.parametrize(("n_batch", "calls"), [(FEWEST, 2), (FEWEST + 1, 0), (FEWEST - 2, 0)])
def test_small_and_odd_batches_stay_whole(
    n_batch: int, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(halves, "compiled", Plain)
    asked = []

    def half(k: Tensor, *_: Tensor) -> tuple[Tensor, list[Tensor]]:
        asked.append(int(k))
        return tf.constant(1.0), []

    program = halves.Halves(lambda *_: tf.constant(2.0), half, lambda *_: None, [])
    for _ in range(2):
        assert float(program(*feed_of(n_batch))) == 2
    assert sorted(asked) == sorted([0, 1] * calls)


def test_what_needs_the_whole_batch_gets_it() -> None:
    case, plain = Case("relu"), Training()
    assert may_halve(case.network, plain)
    for changes in (
        {"loss": OwnLoss("huber")},
        {"regularizers": (Omega(),)},
        {"regularizers": (*PENALTIES, OwnPenalty("loud"))},
        {"consolidation": IntelligentSynapses(strength=1.0)},
    ):
        assert not may_halve(case.network, msgspec.structs.replace(plain, **changes))
