"""A network learns every task of the library, as its row in ``learning/`` or its stages say."""

from __future__ import annotations

from pathlib import Path

import pytest
from shelved import IN_STAGES, Row, rows, task_of

from epochal.cli.training import job_of
from epochal.library import library
from epochal.runtime.chance import chance_level
from epochal.runtime.config import Adam, Ctrnn, Profile, Stop, Training
from epochal.runtime.evaluate import evaluate
from epochal.runtime.experiment import train_into
from epochal.runtime.rundir import read_run
from epochal.runtime.task import Task

SEED = 101
ABOVE = 0.02
"""How far beyond the margin training goes on, as its accuracy is that of few trials."""


def profile_of(row: Row, chance: float) -> Profile:
    """Make the built-in profile, but for what the row says; it ends a little above the margin."""
    built_in = Training(), Ctrnn()
    goal = min(1.0, chance + row.margin + ABOVE)
    return Profile(
        model=Ctrnn(units=row.units, noise=built_in[1].noise if row.noise is None else row.noise),
        training=Training(
            optimizer=Adam() if row.rate is None else Adam(rate=row.rate),
            batch=row.batch or built_in[0].batch,
            updates=row.updates,
            dt=row.dt or built_in[0].dt,
            stop=Stop(accuracy=goal, patience=row.updates),
        ),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", rows())
def test_a_network_learns_the_task(name: str, tmp_path: Path) -> None:
    row, task = rows()[name], task_of(name)
    chance = chance_level(task)
    assert chance is not None
    assert chance.accuracy + row.margin <= 1
    train_into(tmp_path, task, profile_of(row, chance.accuracy), seed=SEED)
    assert_reaches(tmp_path, task, chance.accuracy, row.margin)


@pytest.mark.slow
@pytest.mark.parametrize("name", IN_STAGES)
def test_a_network_learns_in_stages_what_it_does_not_learn_at_once(
    name: str, tmp_path: Path
) -> None:
    experiment = str(library().files[f"{name}.train"])
    job = job_of(experiment, {}, frozenset(), {}, {}, None, None)
    train_into(tmp_path, job.task, job.profile, seed=SEED, lessons=job.lessons)
    task = task_of(name)
    chance = chance_level(task)
    assert chance is not None
    assert_reaches(tmp_path, task, chance.accuracy, IN_STAGES[name])


def assert_reaches(folder: Path, task: Task, chance: float, margin: float) -> None:
    found = evaluate(read_run(folder), task).total.accuracy
    assert found is not None
    assert found >= chance + margin, f"{found:.3f} against {chance:.3f}"
