"""Measuring a trained network as its experiment asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from epochal.runtime.batch import TrialSource
from epochal.runtime.evaluate import Evaluation, evaluate
from epochal.runtime.files import replace_file
from epochal.runtime.plan import Measure
from epochal.runtime.rundir import MEASURES, Run, read_by_name


def read_measures(folder: Path) -> dict[str, Evaluation]:
    """Read what an experiment measured; {} where it measured nothing, or not yet.

    Raises
    ------
    RunError
        The file is damaged.
    """
    return read_by_name(folder / MEASURES, dict[str, Evaluation])


@dataclass(frozen=True)
class Measured:
    """A measurement, with the task as it binds its parameters."""

    measure: Measure
    task: TrialSource


def measure_run(run: Run, measured: Sequence[Measured], seed: int = 0) -> dict[str, Evaluation]:
    """Carry out measurements on fresh trials of the test stream, and keep them with the run.

    Raises
    ------
    RunError
        A measurement does not fit the run.
    """
    found = {
        one.measure.name: evaluate(
            run,
            one.task,
            trials=one.measure.trials,
            by=one.measure.by,
            seed=seed,
            of=one.measure.of,
        )
        for one in measured
    }
    text = msgspec.json.format(msgspec.json.encode(found), indent=2)
    replace_file(run.folder / MEASURES, text + b"\n")
    return found
