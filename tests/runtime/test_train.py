"""Networks learn, repeat themselves exactly, and end well however they end."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
from msgspec.structs import replace
from sides import Sides

from epochal.runtime import backend
from epochal.runtime.backend import Tensor, tf
from epochal.runtime.batch import Batch, Stream
from epochal.runtime.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from epochal.runtime.config import (
    Activation,
    Adam,
    Ctrnn,
    Loss,
    Mse,
    OwnLoss,
    Profile,
    Stop,
    Training,
)
from epochal.runtime.curriculum import Lesson
from epochal.runtime.errors import RunError, TrainingDiverged
from epochal.runtime.initial import initial_weights
from epochal.runtime.noise import recurrent_noise
from epochal.runtime.own import OwnCode
from epochal.runtime.plan import BackTo, Comparison, Metric, Stage
from epochal.runtime.progress import Progress
from epochal.runtime.stopping import Reason
from epochal.runtime.train import Trained, padded, train
from epochal.runtime.weights import Array, make_masks

NEVER = Stop(accuracy=2)
NORMALIZED = Mse()


def profile(
    updates: int = 300,
    stop: Stop = NEVER,
    activation: Activation = "relu",
    loss: Loss = NORMALIZED,
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


def keeping(kept: list[dict[str, Array]]) -> Callable[[dict[str, Array], Checkpoint], None]:
    """Collect the weights that a training gives away."""
    return lambda weights, _: kept.append(weights)


@dataclass(frozen=True)
class Whole:
    """A training of 25 updates, and what it told on the way."""

    trained: Trained
    told: list[Progress]
    kept: list[dict[str, Array]]  # at updates 0, 10, 20 and 25


@pytest.fixture(scope="module")
def whole() -> Whole:
    told: list[Progress] = []
    kept: list[dict[str, Array]] = []
    trained = train(Sides(), profile(25), seed=5, report=told.append, keep=keeping(kept))
    return Whole(trained, told, kept)


def same(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize(("activation", "loss"), [("relu", NORMALIZED), ("tanh", Mse("psychrnn"))])
def test_a_small_task_is_learnt(activation: Activation, loss: Loss) -> None:
    trained = train(Sides(), profile(activation=activation, loss=loss, stop=Stop(accuracy=0.97)))
    assert trained.reason is Reason.ACCURACY
    assert trained.accuracy >= 0.97
    assert trained.updates < 300


def test_the_same_seed_gives_the_same_weights(whole: Whole) -> None:
    assert same(train(Sides(), profile(25), seed=5).weights, whole.trained.weights)


def test_another_seed_gives_other_weights(whole: Whole) -> None:
    model = profile().model
    masks = make_masks(model, 3, 2)
    assert np.allclose(initial_weights(model, masks, 5)["W_rec"], whole.kept[0]["W_rec"])
    assert not np.allclose(initial_weights(model, masks, 6)["W_rec"], whole.kept[0]["W_rec"])


def test_progress_is_told_every_ten_updates_and_at_evaluations(whole: Whole) -> None:
    assert [p.update for p in whole.told] == [0, 10, 20, 25]
    assert all(p.accuracy is not None for p in whole.told)
    assert math.isnan(whole.told[0].loss)
    assert all(math.isfinite(p.loss) for p in whole.told[1:])
    assert whole.trained.history == tuple(whole.told)
    assert whole.trained.reason is Reason.UPDATES


def test_weights_are_kept_at_each_evaluation(whole: Whole) -> None:
    assert len(whole.kept) == 4
    assert same(whole.kept[-1], whole.trained.weights)
    assert not same(whole.kept[0], whole.kept[1])


def test_the_weights_are_the_running_average_over_updates() -> None:
    def weights_at(average: float) -> list[dict[str, Array]]:
        kept: list[dict[str, Array]] = []
        training = replace(profile(3).training, every=1, trials=1, average=average)
        train(Sides(), Profile(model=profile().model, training=training), keep=keeping(kept))
        return kept

    averages, each = weights_at(0.9), weights_at(0.0)
    for name, expected in each[0].items():
        for update in each[1:]:
            expected = 0.9 * expected + 0.1 * update[name]
        np.testing.assert_allclose(averages[-1][name], expected, rtol=1e-5, atol=1e-7)


def test_a_loss_that_is_no_number_ends_training_with_good_weights() -> None:
    kept: list[dict[str, Array]] = []
    with pytest.raises(TrainingDiverged, match=r"loss became nan at update 13.*learning rate"):
        train(Sides(spoil_after=12), profile(30), keep=keeping(kept))
    assert len(kept) == 2
    assert all(np.isfinite(array).all() for array in kept[-1].values())


def test_interrupting_gives_the_weights_reached(whole: Whole) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.update == 10:
            raise KeyboardInterrupt

    trained = train(Sides(), profile(300), seed=5, report=interrupt)
    assert trained.reason is Reason.INTERRUPTED
    assert trained.updates == 10
    assert same(trained.weights, whole.kept[1])


def test_without_xla_the_same_update_runs_as_a_graph(
    whole: Whole, monkeypatch: pytest.MonkeyPatch
) -> None:
    function = backend.tf.function
    asked = []

    class Refused:
        def get_concrete_function(self, *_: object) -> Refused:
            """Tracing needs no XLA."""
            return self

        def __call__(self, *_: object) -> NoReturn:
            raise backend.tf.errors.UnimplementedError(None, None, "no XLA here")

    def no_xla(*arguments: object, jit_compile: bool = False, **rest: object) -> object:
        asked.append(jit_compile)
        return Refused() if jit_compile else function(*arguments, **rest)

    monkeypatch.setattr(backend.tf, "function", no_xla)
    graph = train(Sides(), profile(10), seed=5)
    assert True in asked
    assert False in asked
    for name, expected in whole.kept[1].items():
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


def checkpoints(
    lessons: Sequence[Lesson] = (), start: Checkpoint | None = None
) -> tuple[Trained, list[Checkpoint]]:
    """Train for 25 updates, and keep what could be gone on from."""
    kept: list[Checkpoint] = []
    trained = train(
        Sides(),
        profile(25),
        seed=5,
        lessons=lessons,
        start=start,
        keep=lambda _, checkpoint: kept.append(checkpoint),
    )
    return trained, kept


EASY = Stage(name="easy", until=Comparison(Metric(), ">", 0.0), reset=True)
HARD = Stage(
    name="hard",
    back_to=(BackTo(stage="easy", condition=Comparison(Metric(), ">=", 0.0)),),
    mix={"hard": 1, "easy": 1},
    reset=True,
)
LESSONS = (Lesson(EASY, Sides(spoil_after=999)), Lesson(HARD, Sides(name="harder")))


@pytest.mark.parametrize("lessons", [(), LESSONS])
def test_a_training_goes_on_from_every_checkpoint_with_the_same_bits(
    lessons: tuple[Lesson, ...], tmp_path: Path
) -> None:
    trained, kept = checkpoints(lessons)
    assert [one.reached.updates for one in kept] == [0, 10, 20, 25]
    for one in kept:
        write_checkpoint(tmp_path / "checkpoint", one)
        again, _ = checkpoints(lessons, read_checkpoint(tmp_path / "checkpoint"))
        assert same(again.weights, trained.weights)
        assert again.updates == trained.updates


def test_a_curriculum_goes_on_and_back_and_tells_so() -> None:
    trained, kept = checkpoints(LESSONS)
    assert [(one.stage, one.move) for one in trained.history] == [
        ("easy", ""),
        ("easy", "advance"),
        ("hard", "back"),
        ("easy", "advance"),
    ]
    assert [one.reached.state.entered for one in kept] == [1, 2, 3, 4]
    assert not same(trained.weights, checkpoints()[0].weights)


def test_the_last_stage_ends_a_curriculum() -> None:
    lessons = (*LESSONS[:1], Lesson(Stage(name="last", at_most=10), Sides()))
    trained, _ = checkpoints(lessons)
    assert trained.reason is Reason.CURRICULUM
    assert trained.updates == 20


@pytest.mark.parametrize("last", [1, 2])
def test_a_curriculum_ends_with_the_accuracy_that_its_goal_was_about(last: int) -> None:
    goal = Stage(name="goal", until=Comparison(Metric(last=last), ">", 0.0))
    trained, _ = checkpoints([Lesson(goal, Sides())])
    told = [one.accuracy for one in trained.history if one.accuracy is not None]
    assert len(told) == last + 1  # and the untrained network
    assert trained.accuracy == pytest.approx(np.mean(told[1:]))


@dataclass(frozen=True)
class Waiting(Sides):
    """The same, and nothing after it until 40 steps have passed."""

    def batch(self, n: int, **how: Any) -> Batch:
        batch = super().batch(n, **how)
        arrays = (padded(one, 40, axis=1) for one in (batch.inputs, batch.targets, batch.weights))
        inputs, targets, weights = arrays
        return dataclasses.replace(batch, inputs=inputs, targets=targets, weights=weights)


def test_a_short_stage_does_not_wait_for_the_steps_of_a_long_one() -> None:
    seen: set[int] = set()

    def squares(outputs: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
        seen.add(outputs.shape[1])
        return tf.reduce_sum(weights * tf.square(outputs - targets)) / tf.reduce_sum(weights)

    def kept_in(*stages: tuple[Stage, Sides]) -> dict[str, Array]:
        kept: list[dict[str, Array]] = []
        lessons = [Lesson(stage, task) for stage, task in stages]
        own = OwnCode(losses={"squares": squares})
        how = profile(20, loss=OwnLoss("squares"))
        train(Sides(), how, seed=5, lessons=lessons, own=own, keep=keeping(kept))
        return kept[1]  # after the ten updates of the first stage

    alone = kept_in((Stage(name="short", at_most=10), Sides()))
    assert seen == {16}
    seen.clear()
    first = kept_in((Stage(name="short", at_most=10), Sides()), (Stage(name="long"), Waiting()))
    assert seen == {20, 40}
    for name, weights in alone.items():
        np.testing.assert_allclose(first[name], weights, rtol=1e-4, atol=1e-6)


def test_a_checkpoint_of_another_network_is_refused(whole: Whole) -> None:
    _, kept = checkpoints()
    other = Profile(model=Ctrnn(units=7), training=profile(25).training)
    with pytest.raises(RunError, match="another network"):
        train(Sides(), other, start=kept[1])
