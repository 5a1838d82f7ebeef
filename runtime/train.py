"""Training: batches in, weights and a history out.  What is shown and kept is the caller's."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np

from epochal.runtime.accuracy import accuracy_of
from epochal.runtime.backend import Tensor, tf
from epochal.runtime.batch import Float, Stream, TrialSource
from epochal.runtime.checkpoint import Checkpoint, Reached
from epochal.runtime.config import Ewc, Profile
from epochal.runtime.curriculum import (
    Lesson,
    Move,
    State,
    evaluated,
    source_of,
    wanted,
    window,
)
from epochal.runtime.errors import RunError, TrainingDiverged, check_seed
from epochal.runtime.halves import Halves
from epochal.runtime.initial import initial_weights
from epochal.runtime.network import Network, own_cell
from epochal.runtime.noise import noise_sd, recurrent_noise
from epochal.runtime.own import NO_CODE, OwnCode
from epochal.runtime.plan import Stage
from epochal.runtime.plasticity import plasticity
from epochal.runtime.prefetch import prefetched
from epochal.runtime.progress import Progress
from epochal.runtime.room import check_room
from epochal.runtime.scoring import batch_size, score_trials
from epochal.runtime.stopping import Reason, reason_to_stop
from epochal.runtime.update import Trainer
from epochal.runtime.weights import (
    ALL_TO_ALL,
    Array,
    Connectivity,
    make_masks,
)

_MEASURED = 2**62  # batches from here on are those that consolidation measures; no update is there
_MOST_MEASURED = 2**20  # of them at the end of one stage

REPORT_EVERY = 10  # updates: often enough for a live bar, seldom enough to cost nothing


@dataclass(frozen=True)
class Trained:
    """A network when its training ended.

    ``accuracy`` is the mean of the last evaluations, as many as the stage or ``Stop.last`` asks
    for, ``chance`` that of the untrained network, NaN where no evaluation was reached.
    """

    weights: dict[str, Array]
    reason: Reason
    updates: int
    accuracy: float
    chance: float
    seconds: float
    history: tuple[Progress, ...]


def nothing(*_: object) -> None:
    """Ignore what is reported."""


def train(
    task: TrialSource,
    profile: Profile,
    *,
    seed: int = 0,
    connectivity: Connectivity = ALL_TO_ALL,
    own: OwnCode = NO_CODE,
    lessons: Sequence[Lesson] = (),
    start: Checkpoint | None = None,
    report: Callable[[Progress], None] = nothing,
    keep: Callable[[dict[str, Array], Checkpoint], None] = nothing,
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
    lessons
        The stages of a curriculum, in order; without any, the task is trained as it is.
    start
        Where an earlier training of the same seed, task and profile had come to: this one goes
        on from there, with the bits that it would have had.
    report
        Is told of progress every 10 updates, and at each evaluation.
    keep
        Is given the weights at each evaluation, and all that the rest of the training follows
        from.

    Raises
    ------
    RunError
        The seed is not a whole number from 0 to 2**64 - 1, ``start`` does not fit, code that
        the profile names was not given, arrays of the connectivity do not fit the model, there are
        no stages for consolidation to tell apart, or the memory of the machine does not hold a
        batch.
    TrainingDiverged
        The loss is no longer a number.  The weights last kept are good.
    """
    check_seed(seed)
    if profile.training.consolidation is not None and len(lessons) < 2:
        message = "consolidation protects earlier stages, and this training has fewer than two"
        raise RunError(message)
    lessons = tuple(lessons) or (Lesson(Stage(name=""), task),)
    run = _Run(lessons, profile, seed, connectivity, own, report, keep)
    if start is not None:
        run.take_up(start)
    return run.finish()


@dataclass
class _Run:
    """State of one training."""

    lessons: tuple[Lesson, ...]
    profile: Profile
    seed: int
    connectivity: Connectivity
    own: OwnCode
    report: Callable[[Progress], None]
    keep: Callable[[dict[str, Array], Checkpoint], None]
    trainer: Trainer = field(init=False)
    most_steps: int = field(init=False)
    state: State = field(default_factory=State)
    updates: int = 0
    accuracies: list[float] = field(default_factory=list)
    since: int = 0  # the first evaluation of the present stage
    losses: list[float] = field(default_factory=list)  # since the last report
    stage_losses: list[float] = field(default_factory=list)  # since the last evaluation
    history: list[Progress] = field(default_factory=list)
    spent: float = 0.0
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        model, training = self.profile.model, self.profile.training
        task = self.lessons[0].task
        tasks = (lesson.task for lesson in self.lessons)
        one = (t.batch(1, dt=training.dt, seed=self.seed, noise=False) for t in tasks)
        self.most_steps = max(batch.inputs.shape[1] for batch in one)
        check_room(self.profile, self.most_steps, task.n_in + 2 * task.n_out)
        masks = make_masks(model, task.n_in, task.n_out, self.connectivity)
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

    @property
    def stages(self) -> tuple[Stage, ...]:
        return tuple(lesson.stage for lesson in self.lessons)

    @property
    def lesson(self) -> Lesson:
        return self.lessons[self.state.stage]

    def take_up(self, start: Checkpoint) -> None:
        """Go on where an earlier training was."""
        self.trainer.restore(start.variables)
        reached = start.reached
        self.updates, self.since, self.state = reached.updates, reached.since, reached.state
        self.accuracies = [math.nan if x is None else x for x in reached.accuracies]
        self.spent = reached.seconds

    def finish(self) -> Trained:
        try:
            reason = self.loop()
        except KeyboardInterrupt:
            reason = Reason.INTERRUPTED
        trained = self.accuracies[max(self.since, 1) :]
        over = window(self.lesson.stage) or self.profile.training.stop.last
        last = trained[-over:] or self.accuracies[-1:]
        return Trained(
            weights=self.trainer.weights(),
            reason=reason,
            updates=self.updates,
            accuracy=float(np.mean(last)) if last else math.nan,
            chance=self.accuracies[0] if self.accuracies else math.nan,
            seconds=self.seconds(),
            history=tuple(self.history),
        )

    def seconds(self) -> float:
        return self.spent + time.perf_counter() - self.started

    def loop(self) -> Reason:
        if not self.accuracies:
            self.prepare()
            values = self.evaluate()
            self.save()
            self.tell(values)
        while True:
            reason = self.through_stage()
            if reason is not None:
                return reason

    def prepare(self) -> None:
        """Begin to compile the update, while the untrained network is evaluated."""
        update, feed = self.trainer.update, self.feed(self.updates)
        update.trace(*feed)  # while there is one thread alone
        if isinstance(update, Halves):
            update.prepare(*feed)

    def through_stage(self) -> Reason | None:
        """Train until the present stage is left; None where another one follows."""
        training = self.profile.training
        self.trainer.update.trace(*self.feed(self.updates))  # while there is one thread alone
        with closing(prefetched(self.feed, first=self.updates)) as feeds:
            for feed in feeds:
                if self.updates >= training.updates:
                    return Reason.UPDATES
                self.update(feed)
                over = self.updates >= training.updates
                if over or self.updates % training.every == 0:
                    move, reason = self.judge(self.evaluate())
                    if reason or over:
                        return reason or Reason.UPDATES
                    if move in (Move.ADVANCE, Move.BACK):
                        return None
                elif self.updates % REPORT_EVERY == 0:
                    self.tell(None)
        raise AssertionError("batches never end")

    def judge(self, values: dict[str, float]) -> tuple[Move, Reason | None]:
        """Say what an evaluation leads to, keep what was reached and tell of it."""
        stage, task = self.lesson.stage, self.lesson.task
        since_last = self.updates % self.profile.training.every or self.profile.training.every
        move, state = evaluated(self.stages, self.state, since_last, values)
        reason = {Move.FINISHED: Reason.CURRICULUM, Move.STOP: Reason.STAGE}.get(move)
        if stage.until is None and stage.at_most is None:
            reason = reason_to_stop(self.accuracies[self.since :], self.profile.training.stop)
        if move in (Move.ADVANCE, Move.BACK):
            self.since = len(self.accuracies)
            self.trainer.end_stage(self.single_trials(task))
            if self.stages[state.stage].reset:
                self.trainer.reset_optimizer()
        self.state = state
        self.save()
        self.tell(values, stage.name, move)
        return move, reason

    def save(self) -> None:
        """Give away the weights, and all that the rest of the training follows from."""
        reached = Reached(
            updates=self.updates,
            accuracies=tuple(None if math.isnan(x) else x for x in self.accuracies),
            since=self.since,
            state=self.state,
            seconds=self.seconds(),
        )
        self.keep(self.trainer.weights(), Checkpoint(reached, self.trainer.variables()))

    def feed(self, number: int) -> tuple[Tensor, ...]:
        """Everything an update takes: one batch and its recurrent noise, as tensors."""
        source = source_of(self.stages, self.state.stage, number)
        return self.fed(self.lessons[source].task, self.profile.training.batch, number)

    def single_trials(self, task: TrialSource) -> Iterator[tuple[Tensor, ...]]:
        """Draw the trials on which `Ewc` measures a stage, one by one: none is ever trained on."""
        consolidation = self.profile.training.consolidation
        first = _MEASURED + _MOST_MEASURED * self.updates
        for i in range(consolidation.trials if isinstance(consolidation, Ewc) else 0):
            yield self.fed(task, 1, first + i)

    def fed(self, task: TrialSource, n: int, number: int) -> tuple[Tensor, ...]:
        """Make one batch of n and its recurrent noise, as tensors."""
        training, model = self.profile.training, self.profile.model
        batch = task.batch(n, dt=training.dt, seed=self.seed, batch=number)
        steps = self.program_steps(batch.inputs.shape[1])
        noise = recurrent_noise(
            steps,
            n,
            model.units,
            noise_sd(model, training.dt),
            self.seed,
            Stream.TRAIN,
            number,
        )
        made = (batch.inputs, batch.targets, batch.weights)
        arrays = (*(padded(array, steps, axis=1) for array in made), noise)
        return (*map(tf.constant, arrays), tf.constant(int(batch.lengths.max())))

    def program_steps(self, n_steps: int) -> int:
        """Halve the steps of the longest stage while they hold those of a batch.

        Stages of like length share a program, and short ones do not pay for the longest.
        """
        steps = self.most_steps
        while n_steps <= steps // 2:
            steps //= 2
        return steps

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
        self.stage_losses.append(loss)

    def evaluate(self) -> dict[str, float]:
        """Measure the network on fresh trials of the present stage."""
        training, task = self.profile.training, self.lesson.task
        sequences = math.ceil(training.trials / task.session)
        size = batch_size(task, sequences, self.profile.model.units, training.dt)
        batches = math.ceil(sequences / size)
        scored = score_trials(
            self.forward,
            task,
            self.profile.model,
            training.trials,
            dt=training.dt,
            seed=self.seed,
            stream=Stream.EVALUATION,
            first=len(self.accuracies) * batches,
        )
        accuracy = accuracy_of(scored.correct).accuracy
        self.accuracies.append(accuracy)
        values = {"correct": accuracy}
        for name in wanted(self.stages):
            if name != "loss":
                values[name] = accuracy_of(np.asarray(scored.scores[name], np.float64)).accuracy
        values["loss"] = float(np.mean(self.stage_losses)) if self.stage_losses else math.nan
        self.stage_losses.clear()
        return values

    def forward(self, inputs: Float, noise: Float, n_steps: int) -> Float:
        length = inputs.shape[1]
        steps = self.program_steps(length)
        outputs: Float = self.trainer.outputs(
            tf.constant(padded(inputs, steps, axis=1)),
            tf.constant(padded(noise, steps, axis=0)),
            tf.constant(n_steps),
        ).numpy()
        return outputs[:, :length]

    def tell(
        self, values: dict[str, float] | None, stage: str = "", move: Move = Move.STAY
    ) -> None:
        seconds = self.seconds()
        progress = Progress(
            update=self.updates,
            loss=float(np.mean(self.losses)) if self.losses else math.nan,
            accuracy=None if values is None else values["correct"],
            rate=self.updates / seconds,
            seconds=seconds,
            stage=stage or self.lesson.stage.name,
            move="" if move is Move.STAY else move.value,
        )
        self.losses.clear()
        self.history.append(progress)
        self.report(progress)


def padded(array: Float, n_steps: int, axis: int) -> Float:
    """Bring the steps of an array, along an axis, to ``n_steps`` by zeros at their end."""
    missing = n_steps - array.shape[axis]
    if not missing:
        return array
    return np.pad(array, [(0, missing if i == axis else 0) for i in range(array.ndim)])
