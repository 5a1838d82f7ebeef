"""The printed modules make the trials that a slow second reading of the IR makes."""

import math
from pathlib import Path

import numpy as np
import pytest
import reference
from agreement import hold, hold_table, rows_of
from compiled import Array, Module, checked, golden_tasks, load

from epochal.compiler import ir

TASKS = golden_tasks()
N = 9
SEED, BATCH, STREAM = 20_240_101, 3, 1
STEPS = [1.0, 7.0, 10.0, 20.0]


def compiled(path: Path) -> tuple[ir.Task, Module]:
    found = checked(path.read_text("utf-8"), path.name)
    return found.task, load(found.module())


def sequences_of(n: int, task: ir.Task) -> int:
    """Say how many sequences have about n trials: the reference is slow."""
    return n if task.session is None else max(1, n // task.session.trials)


@pytest.mark.parametrize("name", TASKS)
def test_the_trial_table_is_that_of_the_documented_words(name: str) -> None:
    task, module = compiled(TASKS[name])
    n = sequences_of(23, task)
    found = rows_of(module.sample_trials(n, SEED, BATCH, STREAM), module, task)
    hold_table(task, reference.table(task, n, SEED, BATCH, STREAM), found)


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("name", TASKS)
def test_arrays_epochs_and_scores_are_those_of_the_reference(name: str, dt: float) -> None:
    task, module = compiled(TASKS[name])
    hold(task, module, dt, sequences_of(N if dt > 1 else 2, task), SEED, BATCH, STREAM)


ALONE = [
    name
    for name, path in TASKS.items()
    if not {"session:", "extends", "extern"} & set(path.read_text("utf-8").split())
]


@pytest.mark.parametrize("name", ALONE)
def test_every_task_makes_sessions_of_its_trials(name: str) -> None:
    text = TASKS[name].read_text("utf-8")
    in_session = text.replace("    inputs:", "    session:\n        trials: 3\n\n    inputs:", 1)
    found = checked(in_session, TASKS[name].name)
    hold(found.task, load(found.module()), 20.0, 3, SEED, BATCH, STREAM)


@pytest.mark.parametrize("dt", [5.0, 20.0])
@pytest.mark.parametrize("name", ["noises", "rdm", "readout", "nested", "history"])
def test_noise_is_the_documented_words_times_the_sd_of_each_step(name: str, dt: float) -> None:
    task, module = compiled(TASKS[name])
    hold(task, module, dt, N, SEED, BATCH, STREAM, noise=True)


def test_noise_of_later_blocks_of_trials_is_the_documented_words_too() -> None:
    task, module = compiled(TASKS["rdm"])
    quiet: Array = module.generate(260, 100.0, SEED, noise=False)[0]
    noisy: Array = module.generate(260, 100.0, SEED)[0]
    motion = task.inputs[1]
    z = reference.normal_noise(motion, 260, quiet.shape[1], SEED, 0, 0)
    sd = 0.1 * math.sqrt(20 / 100)
    np.testing.assert_allclose((noisy - quiet)[:, :, 1:], np.array(z) * sd, atol=1e-6)
