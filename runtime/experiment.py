"""A training that leaves a run directory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from epochal.runtime.batch import TrialSource
from epochal.runtime.checkpoint import Checkpoint, read_checkpoint
from epochal.runtime.config import Profile
from epochal.runtime.curriculum import Lesson
from epochal.runtime.errors import RunError, TrainingDiverged, check_seed
from epochal.runtime.measure import Measured
from epochal.runtime.own import NO_CODE, OwnCode
from epochal.runtime.progress import Progress
from epochal.runtime.rundir import (
    CHECKPOINT,
    WEIGHTS,
    RunRecord,
    RunWriter,
    describe_task,
    read_record,
    versions,
)
from epochal.runtime.stopping import Reason
from epochal.runtime.weights import ALL_TO_ALL, Array, Connectivity
from epochal.runtime.weights_file import read_weights

if TYPE_CHECKING:
    from epochal.runtime.train import Trained


def train_into(
    folder: Path,
    task: TrialSource,
    profile: Profile,
    *,
    seed: int = 0,
    connectivity: Connectivity = ALL_TO_ALL,
    own: OwnCode = NO_CODE,
    lessons: Sequence[Lesson] = (),
    measured: Sequence[Measured] = (),
    experiment: str = "",
    command: Sequence[str] = (),
    force: bool = False,
    report: Callable[[Progress], None] | None = None,
) -> RunRecord:
    """Train a network, and keep all that is needed to repeat, to continue and to use it.

    Weights and a checkpoint are written at each evaluation, so that a run that is killed can be
    evaluated and continued, too.  Ctrl-C gives a complete run whose status is "interrupted".
    After any other error the folder is as it was before.

    Parameters
    ----------
    folder
        Where the run goes; made where it does not exist.
    own
        The user's own code, where the profile names some.
    lessons
        The stages of a curriculum, each with its task.
    measured
        What the experiment measures, each with its task: kept for `measure_run`.
    experiment
        The text of the .train file, where there is one.
    command
        The command line to record.
    force
        Whether a run in this folder may be replaced.
    report
        Is told of progress.

    Raises
    ------
    RunError
        The folder is taken, or cannot be written, code that the profile names was not given, or
        arrays of the connectivity do not fit the model.
    TrainingDiverged
        The loss is no longer a number; the run holds the last good weights and says "failed".
    """
    check_seed(seed)
    record = RunRecord(
        task=describe_task(task),
        seed=seed,
        profile=profile,
        stages=tuple(lesson.stage for lesson in lessons),
        measures=tuple(one.measure for one in measured),
        command=tuple(command),
        versions=versions(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    writer = RunWriter(folder, task, record, force=force)
    if experiment:
        tasks = {f"stage {one.stage.name}": one.task for one in lessons}
        tasks |= {f"measure {one.measure.name}": one.task for one in measured}
        writer.experiment(experiment, tasks)
    job = _Job(writer, record, task, connectivity, own, tuple(lessons), report)
    try:
        return job.carry_out(None)
    except TrainingDiverged:
        raise
    except BaseException:
        writer.withdraw()
        raise


def resume(
    folder: Path,
    task: TrialSource,
    *,
    own: OwnCode = NO_CODE,
    lessons: Sequence[Lesson] = (),
    report: Callable[[Progress], None] | None = None,
) -> RunRecord:
    """Go on with a run that was interrupted or killed, with the bits that it would have had.

    Parameters
    ----------
    task, own, lessons
        Those that the run was begun with.

    Raises
    ------
    RunError
        There is no run to continue, or it is damaged, finished, or of another task.
    """
    record = read_record(folder)
    if record.status in ("finished", "failed"):
        message = f"the run in {folder} is {record.status} ({record.reason}): nothing to continue"
        raise RunError(message)
    if task.hash != record.task.hash:
        message = f"{folder} was trained on {record.task.hash}, not on {task.hash}"
        raise RunError(message)
    writer = RunWriter.again(folder)
    start, connectivity = None, ALL_TO_ALL
    if (folder / CHECKPOINT).is_file():  # else it was killed before its first evaluation
        start = read_checkpoint(folder / CHECKPOINT)
        _, connectivity, _ = read_weights(folder / WEIGHTS)
    writer.forget_after(start.reached.updates if start else -1)
    record = replace(record, status="running", reason="")
    writer.record(record)
    job = _Job(writer, record, task, connectivity, own, tuple(lessons), report)
    return job.carry_out(start)


@dataclass
class _Job:
    """A training and the run directory that it fills."""

    writer: RunWriter
    begun: RunRecord
    task: TrialSource
    connectivity: Connectivity
    own: OwnCode
    lessons: tuple[Lesson, ...]
    report: Callable[[Progress], None] | None
    updates: int = 0

    def carry_out(self, start: Checkpoint | None) -> RunRecord:
        """Train, from the beginning or from a checkpoint, to the end of the run."""
        try:
            from epochal.runtime.train import train  # starts TensorFlow

            trained = train(
                self.task,
                self.begun.profile,
                seed=self.begun.seed,
                connectivity=self.connectivity,
                own=self.own,
                lessons=self.lessons,
                start=start,
                report=self.on_report,
                keep=self.on_keep,
            )
            self.write(trained.weights)
        except TrainingDiverged as error:
            failed = replace(
                self.begun,
                status="failed",
                reason=str(error),
                passed=self.writer.passages(),
                updates=self.updates,
            )
            self.writer.record(failed)
            self.writer.complete()
            raise
        final = self.ended(trained)
        self.writer.record(final)
        self.writer.complete()
        return final

    def on_report(self, progress: Progress) -> None:
        self.updates = progress.update
        self.writer.report(progress)
        if self.report is not None:
            self.report(progress)

    def on_keep(self, weights: dict[str, Array], checkpoint: Checkpoint) -> None:
        self.write(weights)
        self.writer.checkpoint(checkpoint)

    def write(self, weights: dict[str, Array]) -> None:
        self.writer.keep(weights, self.begun.profile.model, self.connectivity)

    def ended(self, trained: Trained) -> RunRecord:
        """Record how a training ended."""
        return replace(
            self.begun,
            status="interrupted" if trained.reason is Reason.INTERRUPTED else "finished",
            reason=trained.reason.value,
            passed=self.writer.passages(),
            updates=trained.updates,
            accuracy=_known(trained.accuracy),
            chance=_known(trained.chance),
            seconds=round(trained.seconds, 3),
        )


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
