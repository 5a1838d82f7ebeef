"""A training that leaves a run directory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from epochal.runtime.batch import TrialSource
from epochal.runtime.config import Profile
from epochal.runtime.errors import TrainingDiverged, check_seed
from epochal.runtime.own import NO_CODE, OwnCode
from epochal.runtime.progress import Progress
from epochal.runtime.rundir import RunRecord, RunWriter, describe_task, versions
from epochal.runtime.stopping import Reason
from epochal.runtime.weights import ALL_TO_ALL, Array, Connectivity


def train_into(
    folder: Path,
    task: TrialSource,
    profile: Profile,
    *,
    seed: int = 0,
    connectivity: Connectivity = ALL_TO_ALL,
    own: OwnCode = NO_CODE,
    command: Sequence[str] = (),
    force: bool = False,
    report: Callable[[Progress], None] | None = None,
) -> RunRecord:
    """Train a network, and keep all that is needed to repeat and to use it.

    Weights are written at each evaluation, so that a run that is killed can be evaluated, too.
    Ctrl-C gives a complete run whose status is "interrupted".  After any other error the folder
    is as it was before.

    Parameters
    ----------
    folder
        Where the run goes; made where it does not exist.
    own
        The user's own code, where the profile names some.
    command
        The command line to record.
    force
        Whether a run in this folder may be replaced.
    report
        Is told of progress.

    Raises
    ------
    RunError
        The folder is taken, or cannot be written, or code that the profile names was not given.
    ValueError
        Arrays of the connectivity do not fit the model.
    TrainingDiverged
        The loss is no longer a number; the run holds the last good weights and says "failed".
    """
    check_seed(seed)
    record = RunRecord(
        task=describe_task(task),
        seed=seed,
        profile=profile,
        command=tuple(command),
        versions=versions(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    writer = RunWriter(folder, task, record, force=force)
    updates = 0

    def on_report(progress: Progress) -> None:
        nonlocal updates
        updates = progress.update
        writer.report(progress)
        if report is not None:
            report(progress)

    def on_keep(weights: dict[str, Array]) -> None:
        writer.keep(weights, profile.model, connectivity)

    try:
        from epochal.runtime.train import train  # starts TensorFlow

        trained = train(
            task,
            profile,
            seed=seed,
            connectivity=connectivity,
            own=own,
            report=on_report,
            keep=on_keep,
        )
        on_keep(trained.weights)
    except TrainingDiverged as error:
        writer.record(replace(record, status="failed", reason=str(error), updates=updates))
        writer.complete()
        raise
    except BaseException:
        writer.withdraw()
        raise
    final = replace(
        record,
        status="interrupted" if trained.reason is Reason.INTERRUPTED else "finished",
        reason=trained.reason.value,
        updates=trained.updates,
        accuracy=_known(trained.accuracy),
        chance=_known(trained.chance),
        seconds=round(trained.seconds, 3),
    )
    writer.record(final)
    writer.complete()
    return final


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
