"""The printed modules make the trials that a slow second reading of the IR makes."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import reference
from compiled import Array, Module, Table, checked, golden_tasks, load, random_outputs

from epochal.compiler import ir

TASKS = golden_tasks()
N = 9
SEED, BATCH, STREAM = 20_240_101, 3, 1
STEPS = [1.0, 7.0, 10.0, 20.0]


def compiled(path: Path) -> tuple[ir.Task, Module]:
    found = checked(path.read_text("utf-8"), path.name)
    return found.task, load(found.module())


def rows_of(made: Table, module: Module, task: ir.Task) -> list[reference.Row]:
    """Read a trial table as the reference does: labels by name, parameters beside variables."""
    n = len(made["longest trial"])
    rows: list[reference.Row] = []
    for i in range(n):
        row: reference.Row = {}
        for param in task.params:
            if param.value is not None and param.name not in made:
                row[param.name] = reference.Reading(task, row).value(param.value)
        for name, column in made.items():
            row[name] = plain(column[i], name, module)
        rows.append(row)
    return rows


def plain(value: Any, name: str, module: Module) -> reference.Value:
    if isinstance(value, np.ndarray):
        return [plain(one, name, module) for one in value]
    labels = module.facts["labels"].get(name)
    if labels is not None:
        return None if value < 0 else labels[value]
    return value.item()


def same(a: reference.Value, b: reference.Value) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, str | bool | None) or isinstance(b, str | bool | None):
        return bool(a == b)
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) and math.isnan(b)
    return math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-9)


@pytest.mark.parametrize("name", TASKS)
def test_the_trial_table_is_that_of_the_documented_words(name: str) -> None:
    task, module = compiled(TASKS[name])
    n = 23
    found = rows_of(module.sample_trials(n, SEED, BATCH, STREAM), module, task)
    expected = reference.table(task, n, SEED, BATCH, STREAM)
    for mine, theirs in zip(expected, found, strict=True):
        for key, value in mine.items():
            if key in theirs:
                assert same(value, theirs[key]), (key, value, theirs[key])


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("name", TASKS)
def test_arrays_epochs_and_scores_are_those_of_the_reference(name: str, dt: float) -> None:
    task, module = compiled(TASKS[name])
    step = round(dt * 1000)
    n = N if dt > 1 else 2
    *arrays, made = module.generate(n, dt, SEED, BATCH, STREAM, noise=False)
    rows = rows_of(made, module, task)
    n_steps = arrays[0].shape[1]
    stops = np.insert(module.timeline(made, dt), 0, 0, axis=1)
    outputs = random_outputs(arrays[1].shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        scored = module.score(outputs, made, dt)
    for i, row in enumerate(rows):
        for epoch, times in reference.boundaries(task, row).items():
            start, end = times[0][0], times[-1][1]
            first, after = module.facts["epochs"][epoch]
            edges = [reference.to_step(time, step) for time in (start, end)]
            assert [stops[i, first], stops[i, after]] == edges
        assert n_steps >= reference.to_step(end, step)
        expected = reference.arrays(task, row, step, n_steps)
        inputs = [reference.rectified(task, x) for x in expected.inputs]
        for found, wanted in zip(arrays, (inputs, expected.targets, expected.weights), strict=True):
            np.testing.assert_allclose(found[i], wanted, rtol=2e-6, atol=1e-6)
        wanted_scores = reference.scores(task, row, step, outputs[i].tolist())
        for key, value in wanted_scores.items():
            assert same(value, plain(scored[key][i], key, module)), key


@pytest.mark.parametrize("dt", [5.0, 20.0])
@pytest.mark.parametrize("name", ["noises", "rdm", "readout"])
def test_noise_is_the_documented_words_times_the_sd_of_each_step(name: str, dt: float) -> None:
    task, module = compiled(TASKS[name])
    inputs, _, _, made = module.generate(N, dt, SEED, BATCH, STREAM)
    rows = rows_of(made, module, task)
    n_steps = inputs.shape[1]
    drawn = {
        channel.name: reference.normal_noise(channel, N, n_steps, SEED, STREAM, BATCH)
        for channel in task.inputs
    }
    for i, row in enumerate(rows):
        expected = reference.arrays(task, row, round(dt * 1000), n_steps)
        for step in range(n_steps):
            z = [one for channel in task.inputs for one in drawn[channel.name][i][step]]
            noisy = [
                x + sd * one
                for x, sd, one in zip(expected.inputs[step], expected.sd[step], z, strict=True)
            ]
            wanted = reference.rectified(task, noisy)
            np.testing.assert_allclose(inputs[i, step], wanted, rtol=1e-5, atol=1e-6)


def test_noise_of_later_blocks_of_trials_is_the_documented_words_too() -> None:
    task, module = compiled(TASKS["rdm"])
    quiet: Array = module.generate(260, 100.0, SEED, noise=False)[0]
    noisy: Array = module.generate(260, 100.0, SEED)[0]
    motion = task.inputs[1]
    z = reference.normal_noise(motion, 260, quiet.shape[1], SEED, 0, 0)
    sd = 0.1 * math.sqrt(20 / 100)
    np.testing.assert_allclose((noisy - quiet)[:, :, 1:], np.array(z) * sd, atol=1e-6)
