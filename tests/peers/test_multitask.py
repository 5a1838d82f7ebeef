"""Trials of the library's multitask sets are like those of the published code.

``recorded/`` holds what that code made, by `record_yang.py`: mean, standard deviation and number
over small batches, of each statistic of each rule.  Ours are held against them at p > 0.001
divided by the number of statistics of the set.
"""

from __future__ import annotations

import json
import math
import shutil
from functools import cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from multitask_summary import summarize, summarize_times

import epochal
from epochal.library import library
from epochal.runtime.task import Task

RECORDED = Path(__file__).parent / "recorded"
N_RING = {"yang2019": 32, "driscoll2024": 2}
DT = 20.0
SAME = 1e-5
"""How far a statistic that never varies may be off, relative to 1 or more: six digits are kept."""

Statistic = tuple[float, float, int]


@cache
def recorded(source: str) -> dict[str, dict[str, Statistic]]:
    """Read what the published code made: mean, standard deviation, number; by rule."""
    record = json.loads((RECORDED / f"{source}.json").read_text("utf-8"))
    rules: dict[str, dict[str, Statistic]] = record["rules"]
    return rules


RULES = [f"{source}/{rule}" for source in N_RING for rule in recorded(source)]


def made(task: Task, n_ring: int, batches: int, seed: int) -> dict[str, list[float]]:
    """Collect the statistics of our batches, of as many trials as those recorded."""
    rows = []
    for number in range(batches):
        batch = task.batch(8, dt=DT, seed=seed, batch=number)
        epochs = {name: (int(a), int(b)) for name, ((a, b), *_) in batch.epochs.items()}
        x, y, w = (np.asarray(one, float) for one in (batch.inputs, batch.targets, batch.weights))
        rows.append(summarize(x, y, w, epochs, n_ring, DT) | summarize_times(epochs, DT))
    return {name: [row[name] for row in rows] for name in rows[0]}


def apart(theirs: dict[str, Statistic], ours: dict[str, list[float]], n: int) -> dict[str, str]:
    """List the statistics that differ, where ``n`` are compared altogether."""
    assert set(ours) == set(theirs)
    most = NormalDist().inv_cdf(1 - 0.001 / n / 2)
    found = {}
    for name, values in ours.items():
        mean, sd, number = theirs[name]
        known = np.array(values)[~np.isnan(values)]
        error = most * sd * math.sqrt(1 / number + 1 / len(known)) + SAME * max(1, abs(mean))
        if abs(known.mean() - mean) > error:
            found[name] = f"{known.mean():.4g} instead of {mean:.4g}, {error:.2g} allowed"
    return found


def compare(name: str, task: Task, batches: int, seed: int = 20_251_125) -> dict[str, str]:
    source, rule = name.split("/")
    n = sum(len(statistics) for statistics in recorded(source).values())
    return apart(recorded(source)[rule], made(task, N_RING[source], batches, seed), n)


@pytest.mark.parametrize("name", RULES)
def test_trials_are_like_those_of_the_published_code(name: str) -> None:
    assert compare(name, epochal.load(name), 40) == {}


@pytest.mark.slow
@pytest.mark.parametrize("name", RULES)
def test_many_trials_are_like_those_of_the_published_code(name: str) -> None:
    assert compare(name, epochal.load(name), 650, seed=7) == {}


def test_all_tasks_of_the_sets_are_recorded_over_five_thousand_trials() -> None:
    assert set(RULES) == {
        name
        for name in library().tasks
        if name.split("/")[0] in N_RING and name not in {f"{one}/{one}" for one in N_RING}
    }
    for source in N_RING:
        record = json.loads((RECORDED / f"{source}.json").read_text("utf-8"))
        assert record["batches"] * record["trials"] >= 5000


ALTERED = [
    ("yang2019/fdgo", "_base", "weight = 25", "weight = 5"),
    ("yang2019/fdgo", "_base", "ignore", "weight *= 1"),
    ("yang2019/fdgo", "_base", "sigma = 0.01", "sigma = 0.012"),
    ("yang2019/fdgo", "fdgo", "stim1..go", "stim1"),
    ("yang2019/reactgo", "reactgo", "fixation = 1 ", "fixation = 0 "),
    ("yang2019/fdanti", "fdanti", "180 deg", "0 deg"),
    ("yang2019/delaygo", "delaygo", "1600 ms", "3200 ms"),
    ("yang2019/dm1", "dm1", "{1%, 2%, 4%, 8%}", "{10%, 20%, 40%, 80%}"),
    ("yang2019/contextdm2", "contextdm2", "attended = 1", "attended = 0"),
    ("yang2019/multidm", "multidm", "uniform(0.2, 0.8)", "uniform(0, 0.2)"),
    ("yang2019/delaydm1", "delaydm1", "uniform(100 ms, 300 ms)", "uniform(100 ms, 400 ms)"),
    ("yang2019/dmsgo", "dmsgo", "{match, nonmatch}\n", "{match: 80%, nonmatch: 20%}\n"),
    ("yang2019/dmcgo", "dmcgo", "truth == go_if", "truth != go_if"),
    ("driscoll2024/fdgo", "_base", "target hold = 0.8", "target hold = 0.85"),
    ("driscoll2024/delaydm1", "delaydm1", "uniform(0.005, 0.8)", "uniform(0.005, 0.1)"),
]


@pytest.mark.parametrize(("name", "file", "old", "new"), ALTERED)
def test_an_altered_task_is_told_from_the_published_one(
    name: str, file: str, old: str, new: str, tmp_path: Path
) -> None:
    source, rule = name.split("/")
    folder = tmp_path / source
    shutil.copytree(library().tasks[name].parent, folder)
    path = folder / f"{file}.task"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")
    task = epochal.load(str(folder / f"{rule}.task"))
    assert compare(name, task, 200) != {}
