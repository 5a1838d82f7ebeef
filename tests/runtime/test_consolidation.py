"""Earlier stages are protected as the papers say, and go on being so after a resumption."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from sides import Sides
from test_cells import N_BATCH, N_STEPS, Case

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.batch import Batch
from epochal.runtime.checkpoint import Checkpoint, read_checkpoint, write_checkpoint
from epochal.runtime.config import (
    Adam,
    Consolidation,
    Ctrnn,
    Ewc,
    IntelligentSynapses,
    Profile,
    RatePenalty,
    Sgd,
    Stop,
    Training,
)
from epochal.runtime.curriculum import Lesson
from epochal.runtime.errors import RunError
from epochal.runtime.plan import BackTo, Comparison, Metric, Stage
from epochal.runtime.train import train
from epochal.runtime.update import Trainer, gradients, loss_gradients
from epochal.runtime.weights import Array

RATE = 2**-4  # exact in the single precision that optimisers keep it in
Doubles = dict[str, Array]


@dataclass
class Learning:
    """A small network in double precision, trained by plain gradient descent."""

    consolidation: Consolidation
    regularizers: tuple[RatePenalty, ...] = ()
    factors: dict[str, Array] = field(default_factory=dict)
    name: str = "softplus"

    def __post_init__(self) -> None:
        self.case = Case(self.name)
        self.training = Training(
            optimizer=Sgd(rate=RATE, clip=None),
            consolidation=self.consolidation,
            regularizers=self.regularizers,
        )
        self.trainer = Trainer(
            self.case.network,
            self.case.weights,
            self.training,
            self.factors,
            dtype="float64",
        )
        self.draw = np.random.default_rng(8)

    def feed(self) -> tuple[Tensor, ...]:
        """Draw a batch of random targets."""
        case = self.case
        targets = self.draw.standard_normal(case.targets.shape)
        arrays = (case.inputs, targets, case.counts, case.noise)
        return (*map(tf.constant, arrays), tf.constant(N_STEPS))

    def kept(self, kind: str) -> Doubles:
        head = f"{kind}/"
        variables = self.trainer.variables()
        return {n.removeprefix(head): x for n, x in variables.items() if n.startswith(head)}

    def of_all(self, feed: tuple[Tensor, ...]) -> Doubles:
        """Gradient of loss and regularisers, without consolidation, where the weights are now."""
        weights = {name: tf.Variable(x) for name, x in self.kept("weights").items()}
        found = gradients(self.case.network, weights, self.training, feed)[1]
        return {name: d.numpy() for name, d in found.items()}

    def of_loss(self, feed: tuple[Tensor, ...]) -> Doubles:
        weights = {name: tf.Variable(x) for name, x in self.kept("weights").items()}
        found = loss_gradients(self.case.network, weights, self.training, feed)
        return {name: d.numpy() for name, d in found.items()}


def close(found: Doubles, expected: Doubles) -> None:
    assert found.keys() == expected.keys()
    for name, x in expected.items():
        scale = np.abs(x).max()
        np.testing.assert_allclose(found[name], x, rtol=1e-9, atol=1e-12 * scale, err_msg=name)


@pytest.mark.parametrize("regularizers", [(), (RatePenalty(l2=0.5),)])
def test_intelligent_synapses_are_the_loop_of_the_paper(
    regularizers: tuple[RatePenalty, ...],
) -> None:
    c, xi = 0.7, 0.02
    mine = Learning(IntelligentSynapses(strength=c, damping=xi), regularizers)
    theta = mine.kept("weights")
    anchor = theta
    Omega = {name: np.zeros_like(x) for name, x in theta.items()}
    for _ in range(3):
        omega = {name: np.zeros_like(x) for name, x in theta.items()}
        for _ in range(2):
            feed = mine.feed()
            g, g_all = mine.of_loss(feed), mine.of_all(feed)
            mine.trainer.update(*feed)
            after: Doubles = {
                name: x - RATE * (g_all[name] + 2 * c * Omega[name] * (x - anchor[name]))
                for name, x in theta.items()
            }
            for name in theta:  # omega = - sum over updates of g dtheta
                omega[name] -= g[name] * (after[name] - theta[name])
            theta = after
            close(mine.kept("weights"), theta)
            close(mine.kept("consolidation/path"), omega)
        for name in theta:
            Delta = theta[name] - anchor[name]
            Omega[name] = np.maximum(Omega[name] + omega[name] / (Delta**2 + xi), 0)
        anchor = theta
        mine.trainer.end_stage(())
        close(mine.kept("consolidation/importance"), Omega)
        close(mine.kept("consolidation/anchor"), anchor)
        assert not any(x.any() for x in mine.kept("consolidation/path").values())
    assert max(x.max() for x in Omega.values()) > 0.1


def test_intelligent_synapses_leave_weights_that_are_fixed_unimportant() -> None:
    fixed = np.ones((10, 10))
    fixed[:3] = 0
    mine = Learning(IntelligentSynapses(), factors={"W_rec": fixed})
    for _ in range(3):
        mine.trainer.update(*mine.feed())
    mine.trainer.end_stage(())
    importance = mine.kept("consolidation/importance")["W_rec"]
    assert not importance[:3].any()
    assert importance[3:].any()


def single_trials(mine: Learning, feed: tuple[Tensor, ...]) -> Iterator[tuple[Tensor, ...]]:
    inputs, targets, counts, noise, n_steps = feed
    for k in range(N_BATCH):
        one = slice(k, k + 1)
        yield inputs[one], targets[one], counts[one], noise[:, one], n_steps


def test_ewc_is_the_loop_of_the_paper() -> None:
    strength = 0.3
    mine = Learning(Ewc(strength=strength), name="gru")
    theta = mine.kept("weights")
    penalties: list[tuple[Doubles, Doubles]] = []  # the Fisher information and anchors of stages
    for _ in range(3):
        for _ in range(2):
            feed = mine.feed()
            g = mine.of_all(feed)
            mine.trainer.update(*feed)
            for name in theta:
                pulls = [F[name] * (theta[name] - star[name]) for F, star in penalties]
                theta[name] = theta[name] - RATE * (g[name] + strength * sum(pulls))
            close(mine.kept("weights"), theta)
        trials = list(single_trials(mine, mine.feed()))
        each = [mine.of_loss(trial) for trial in trials]
        F = {name: np.mean([g[name] ** 2 for g in each], axis=0) for name in theta}
        penalties.append((F, dict(theta)))
        mine.trainer.end_stage(trials)
        total = {name: np.sum([F[name] for F, _ in penalties], axis=0) for name in theta}
        close(mine.kept("consolidation/importance"), total)
        assert not mine.kept("consolidation/path")
    assert max(x.max() for x in total.values()) > 1e-3


ALWAYS = Comparison(Metric(), ">=", 0.0)


@dataclass(frozen=True)
class Counting(Sides):
    """Sides, and the numbers of the batches of one trial that were drawn from it."""

    numbers: list[int] = field(default_factory=list)
    spoil_after: int = 2**64

    def batch(self, n: int, **rest: Any) -> Batch:
        if n == 1 and rest.get("batch"):
            self.numbers.append(rest["batch"])
        return super().batch(n, **rest)


def lessons_of(task: Sides) -> tuple[Lesson, ...]:
    """Go to and fro between two stages, one evaluation each."""
    return (
        Lesson(Stage(name="first", until=ALWAYS), task),
        Lesson(Stage(name="second", back_to=(BackTo(stage="first", condition=ALWAYS),)), task),
    )


def trained(
    consolidation: Consolidation | None,
    lessons: tuple[Lesson, ...],
    start: Checkpoint | None = None,
) -> list[Checkpoint]:
    """Train for 12 updates, 3 in each stage, and keep what could be gone on from."""
    kept: list[Checkpoint] = []
    training = Training(
        batch=8,
        updates=12,
        every=3,
        trials=8,
        optimizer=Adam(rate=0.01),
        stop=Stop(accuracy=2),
        consolidation=consolidation,
    )
    profile = Profile(model=Ctrnn(units=6), training=training)
    train(Sides(), profile, lessons=lessons, start=start, keep=lambda _, one: kept.append(one))
    return kept


@pytest.fixture(scope="module")
def without() -> list[Checkpoint]:
    return trained(None, lessons_of(Counting()))


@pytest.mark.parametrize(
    "consolidation", [IntelligentSynapses(), Ewc(strength=100.0, trials=3)], ids=["synapses", "ewc"]
)
def test_a_curriculum_protects_its_stages_and_goes_on_with_the_same_bits(
    consolidation: Consolidation, without: list[Checkpoint], tmp_path: Path
) -> None:
    task = Counting()
    kept = trained(consolidation, lessons_of(task))
    assert [one.reached.state.entered for one in kept] == [1, 2, 3, 4, 5]
    for name, x in without[1].variables.items():  # nothing pulls in the first stage
        np.testing.assert_allclose(kept[1].variables[name], x, atol=1e-5, err_msg=name)
    last = [one[-1].variables["weights/W_rec"] for one in (kept, without)]
    assert np.abs(last[0] - last[1]).max() > 1e-3

    write_checkpoint(tmp_path / "checkpoint", kept[2])  # two stages have ended
    again = trained(consolidation, lessons_of(task), read_checkpoint(tmp_path / "checkpoint"))
    assert again[-1].variables.keys() == kept[-1].variables.keys()
    for name, x in kept[-1].variables.items():
        assert (again[-1].variables[name] == x).all(), name

    measured = set(task.numbers)  # four stages end, and two of them once more
    assert len(measured) == (12 if isinstance(consolidation, Ewc) else 0)
    assert all(number > 10**9 for number in measured)  # no update has that number


def test_consolidation_without_stages_is_refused() -> None:
    for lessons in ((), lessons_of(Sides())[:1]):
        with pytest.raises(RunError, match="fewer than two"):
            trained(IntelligentSynapses(), lessons)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: IntelligentSynapses(strength=0), "strength"),
        (lambda: IntelligentSynapses(damping=-1), "damping"),
        (lambda: Ewc(strength=float("nan")), "strength"),
        (lambda: Ewc(strength=1, trials=0), "trials"),
        (lambda: Training(consolidation=cast("Any", Sgd())), "consolidation"),
    ],
)
def test_settings_that_cannot_be_are_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make()
