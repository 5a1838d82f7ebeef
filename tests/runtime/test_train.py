"""Networks learn, repeat themselves exactly, and end well however they end."""

from __future__ import annotations

import math
from typing import NoReturn

import numpy as np
import pytest
from sides import Sides

from epochal.runtime import backend
from epochal.runtime.batch import Stream
from epochal.runtime.config import Activation, Adam, Ctrnn, Loss, Profile, Stop, Training
from epochal.runtime.errors import TrainingDiverged
from epochal.runtime.noise import recurrent_noise
from epochal.runtime.progress import Progress
from epochal.runtime.stopping import Reason
from epochal.runtime.train import Trained, train

NEVER = Stop(accuracy=2)


def profile(
    updates: int = 300,
    stop: Stop = NEVER,
    activation: Activation = "relu",
    loss: Loss = "mse_normalized",
) -> Profile:
    training = Training(
        batch=32,
        updates=updates,
        every=10,
        trials=64,
        optimizer=Adam(rate=0.01),
        stop=stop,
        loss=loss,
    )
    return Profile(model=Ctrnn(units=16, activation=activation), training=training)


def same(one: Trained, other: Trained) -> bool:
    return all((one.weights[name] == other.weights[name]).all() for name in one.weights)


@pytest.mark.parametrize(("activation", "loss"), [("relu", "mse_normalized"), ("tanh", "mse")])
def test_a_small_task_is_learnt(activation: Activation, loss: Loss) -> None:
    trained = train(Sides(), profile(activation=activation, loss=loss, stop=Stop(accuracy=0.97)))
    assert trained.reason is Reason.ACCURACY
    assert trained.accuracy >= 0.97
    assert trained.updates < 300


def test_the_same_seed_gives_the_same_weights() -> None:
    first, again = train(Sides(), profile(20), seed=5), train(Sides(), profile(20), seed=5)
    assert same(first, again)
    assert not same(first, train(Sides(), profile(20), seed=6))


def test_progress_is_reported_every_ten_updates_and_at_evaluations() -> None:
    seen: list[Progress] = []
    trained = train(Sides(), profile(25), report=seen.append)
    assert [p.update for p in seen] == [0, 10, 20, 25]
    assert all(p.accuracy is not None for p in seen)
    assert math.isnan(seen[0].loss)
    assert all(math.isfinite(p.loss) for p in seen[1:])
    assert trained.history == tuple(seen)
    assert trained.reason is Reason.UPDATES


def test_weights_are_kept_at_each_evaluation() -> None:
    kept: list[dict[str, np.ndarray]] = []
    trained = train(Sides(), profile(20), keep=kept.append)
    assert len(kept) == 3
    assert all((kept[-1][name] == trained.weights[name]).all() for name in kept[-1])
    assert (kept[0]["W_rec"] != kept[1]["W_rec"]).any()


def test_a_loss_that_is_no_number_ends_training_with_good_weights() -> None:
    kept: list[dict[str, np.ndarray]] = []
    with pytest.raises(TrainingDiverged, match=r"loss became nan at update 13.*learning rate"):
        train(Sides(spoil_after=12), profile(30), keep=kept.append)
    assert len(kept) == 2
    assert all(np.isfinite(array).all() for array in kept[-1].values())


def test_interrupting_gives_the_weights_reached() -> None:
    def interrupt(progress: Progress) -> None:
        if progress.update == 10:
            raise KeyboardInterrupt

    trained = train(Sides(), profile(300), report=interrupt)
    assert trained.reason is Reason.INTERRUPTED
    assert trained.updates == 10
    assert same(trained, train(Sides(), profile(10)))


def test_without_xla_the_same_update_runs_as_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = train(Sides(), profile(10))
    function = backend.tf.function
    asked = []

    def no_xla(*arguments: object, jit_compile: bool = False, **rest: object) -> object:
        def refuse(*_: object) -> NoReturn:
            raise backend.tf.errors.UnimplementedError(None, None, "no XLA here")

        asked.append(jit_compile)
        return refuse if jit_compile else function(*arguments, **rest)

    monkeypatch.setattr(backend.tf, "function", no_xla)
    graph = train(Sides(), profile(10))
    assert True in asked
    assert False in asked
    for name, expected in compiled.weights.items():
        np.testing.assert_allclose(graph.weights[name], expected, atol=2e-4, err_msg=name)


def test_recurrent_noise_is_normal_and_keyed() -> None:
    noise = recurrent_noise(50, 8, 30, 0.2, seed=1, stream=Stream.TRAIN, batch=3)
    assert noise.shape == (50, 8, 30)
    assert noise.dtype == np.float32
    assert abs(noise.mean()) < 4 * 0.2 / math.sqrt(noise.size)
    assert noise.std() == pytest.approx(0.2, rel=4 / math.sqrt(2 * noise.size))
    assert (noise == recurrent_noise(50, 8, 30, 0.2, 1, Stream.TRAIN, 3)).all()
    for other in ((2, Stream.TRAIN, 3), (1, Stream.TEST, 3), (1, Stream.TRAIN, 4)):
        assert (noise != recurrent_noise(50, 8, 30, 0.2, *other)).mean() > 0.9
    assert not recurrent_noise(2, 2, 2, 0.0, 1, Stream.TRAIN, 0).any()
