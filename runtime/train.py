"""Training: batches in, weights and a history out.  What is shown and kept is the caller's."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.batch import Float, Stream, TrialSource
from epochal.runtime.config import Profile
from epochal.runtime.errors import TrainingDiverged, check_seed
from epochal.runtime.initial import initial_weights
from epochal.runtime.network import Network, own_cell
from epochal.runtime.noise import noise_sd, recurrent_noise
from epochal.runtime.own import NO_CODE, OwnCode
from epochal.runtime.plasticity import plasticity
from epochal.runtime.prefetch import prefetched
from epochal.runtime.progress import Progress
from epochal.runtime.scoring import CHUNK, accuracy_of, score_trials
from epochal.runtime.stopping import Reason, reason_to_stop
from epochal.runtime.update import Trainer
from epochal.runtime.weights import (
    ALL_TO_ALL,
    Array,
    Connectivity,
    make_masks,
)

REPORT_EVERY = 10  # updates: often enough for a live bar, seldom enough to cost nothing


@dataclass(frozen=True)
class Trained:
    """A network when its training ended.

    ``accuracy`` is the mean of the last evaluations, ``chance`` that of the untrained network,
    NaN where no evaluation was reached.
    """

    weights: dict[str, Array]
    reason: Reason
    updates: int
    accuracy: float
    chance: float
    seconds: float
    history: tuple[Progress, ...]


def nothing(_: object) -> None:
    """Ignore what is reported."""


def train(
    task: TrialSource,
    profile: Profile,
    *,
    seed: int = 0,
    connectivity: Connectivity = ALL_TO_ALL,
    own: OwnCode = NO_CODE,
    report: Callable[[Progress], None] = nothing,
    keep: Callable[[dict[str, Array]], None] = nothing,
) -> Trained:
    """Train a network on a task until it is good enough, or the updates are spent.

    Initial weights, trials and recurrent noise follow from ``seed`` alone, so that a run can be
    repeated.  Ctrl-C ends training early with the weights it has reached.  Weights are running
    averages over updates, as ``Training.average`` says.

    Parameters
    ----------
    connectivity
        Which connections there are, are fixed, or start from given values.
    own
        The user's own code, where the profile names some.
    report
        Is told of progress every 10 updates, and at each evaluation.
    keep
        Is given the weights at each evaluation.

    Raises
    ------
    RunError
        The seed is not a whole number from 0 to 2**64 - 1, or code that the profile names was not
        given.
    ValueError
        Arrays of the connectivity do not fit the model.
    TrainingDiverged
        The loss is no longer a number.  The weights last kept are good.
    """
    check_seed(seed)
    return _Run(task, profile, seed, connectivity, own, report, keep).finish()


@dataclass
class _Run:
    """State of one training."""

    task: TrialSource
    profile: Profile
    seed: int
    connectivity: Connectivity
    own: OwnCode
    report: Callable[[Progress], None]
    keep: Callable[[dict[str, Array]], None]
    trainer: Trainer = field(init=False)
    updates: int = 0
    accuracies: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)  # since the last report
    history: list[Progress] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        model, training = self.profile.model, self.profile.training
        masks = make_masks(model, self.task.n_in, self.task.n_out, self.connectivity)
        cell = own_cell(model, training.dt, self.own)
        weights = initial_weights(
            model, masks, self.seed, self.connectivity, cell.weights if cell else None
        )
        self.trainer = Trainer(
            Network(model, masks, training.dt, cell),
            weights,
            training,
            plasticity(model, self.connectivity, weights),
            self.own,
        )

    def finish(self) -> Trained:
        try:
            reason = self.loop()
        except KeyboardInterrupt:
            reason = Reason.INTERRUPTED
        last = self.accuracies[1:][-self.profile.training.stop.last :] or self.accuracies
        return Trained(
            weights=self.trainer.weights(),
            reason=reason,
            updates=self.updates,
            accuracy=float(np.mean(last)) if last else math.nan,
            chance=self.accuracies[0] if self.accuracies else math.nan,
            seconds=time.perf_counter() - self.started,
            history=tuple(self.history),
        )

    def loop(self) -> Reason:
        training = self.profile.training
        with closing(prefetched(self.feed)) as feeds:
            self.evaluate()
            for feed in feeds:
                self.update(feed)
                over = self.updates >= training.updates
                if over or self.updates % training.every == 0:
                    self.evaluate()
                    reason = reason_to_stop(self.accuracies, training.stop)
                    if reason or over:
                        return reason or Reason.UPDATES
                elif self.updates % REPORT_EVERY == 0:
                    self.tell(None)
        raise AssertionError("batches never end")

    def feed(self, number: int) -> tuple[Tensor, ...]:
        """Everything an update takes: one batch and its recurrent noise, as tensors."""
        training, model = self.profile.training, self.profile.model
        batch = self.task.batch(training.batch, dt=training.dt, seed=self.seed, batch=number)
        noise = recurrent_noise(
            batch.inputs.shape[1],
            training.batch,
            model.units,
            noise_sd(model, training.dt),
            self.seed,
            Stream.TRAIN,
            number,
        )
        arrays = (batch.inputs, batch.targets, batch.weights, noise)
        return (*map(tf.constant, arrays), tf.constant(int(batch.lengths.max())))

    def update(self, feed: tuple[Tensor, ...]) -> None:
        loss = float(self.trainer.update(*feed))
        if not math.isfinite(loss):
            optimizer = self.profile.training.optimizer
            message = (
                f"the loss became {loss} at update {self.updates + 1}: the weights of the last "
                f"evaluation are kept; try a learning rate below {optimizer.rate:g} "
                + (f"or a clip below {optimizer.clip:g}" if optimizer.clip else "or a clip")
            )
            raise TrainingDiverged(message)
        self.updates += 1
        self.losses.append(loss)

    def evaluate(self) -> None:
        training = self.profile.training
        batches = math.ceil(training.trials / CHUNK)
        scored = score_trials(
            self.forward,
            self.task,
            self.profile.model,
            training.trials,
            dt=training.dt,
            seed=self.seed,
            stream=Stream.EVALUATION,
            first=len(self.accuracies) * batches,
        )
        accuracy = accuracy_of(scored.correct).accuracy
        self.accuracies.append(accuracy)
        self.keep(self.trainer.weights())
        self.tell(accuracy)

    def forward(self, inputs: Float, noise: Float, n_steps: int) -> Float:
        outputs: Float = self.trainer.outputs(
            tf.constant(inputs), tf.constant(noise), tf.constant(n_steps)
        ).numpy()
        return outputs

    def tell(self, accuracy: float | None) -> None:
        seconds = time.perf_counter() - self.started
        progress = Progress(
            update=self.updates,
            loss=float(np.mean(self.losses)) if self.losses else math.nan,
            accuracy=accuracy,
            rate=self.updates / seconds,
            seconds=seconds,
        )
        self.losses.clear()
        self.history.append(progress)
        self.report(progress)
