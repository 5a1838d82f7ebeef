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


@pytest.mark.parametrize("name", TASKS)
def test_the_trial_table_is_that_of_the_documented_words(name: str) -> None:
    task, module = compiled(TASKS[name])
    found = rows_of(module.sample_trials(23, SEED, BATCH, STREAM), module, task)
    hold_table(task, reference.table(task, 23, SEED, BATCH, STREAM), found)


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("name", TASKS)
def test_arrays_epochs_and_scores_are_those_of_the_reference(name: str, dt: float) -> None:
    task, module = compiled(TASKS[name])
    hold(task, module, dt, N if dt > 1 else 2, SEED, BATCH, STREAM)


@pytest.mark.parametrize("dt", [5.0, 20.0])
@pytest.mark.parametrize("name", ["noises", "rdm", "readout", "nested"])
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
