"""Measures of tasks in which all trials of a batch share something."""

from pathlib import Path

import numpy as np
import pytest

import epochal
from epochal.runtime.batch import Float, Stream
from epochal.runtime.config import Ctrnn
from epochal.runtime.scoring import Scored, score_trials
from epochal.runtime.spread import SEVERAL
from epochal.runtime.task import Task

GO = """\
epochal 1

task go:
    params:
        turned = 0 within {0, 1}

    inputs:
        cue[left, right]

    outputs:
        move[left, right]

    trial:
        side ~ {left, right}
        wait_time ~ uniform(20 ms, 200 ms)SCOPE

    epochs:
        wait: wait_time
        respond: 40 ms

    during respond:
        cue[side] = 1
        target move[side] = 1

    score:
        correct = argmax(move @ respond) == side
"""
SET = """
taskset both:
    inputs:
        cue[left, right]

    outputs:
        move[left, right]

    member a = go
    member b = go with turned = 1

    mix: {a: 1, b: 4}MIX
"""


def loaded(folder: Path, text: str, **wanted: str) -> Task:
    path = folder / "go.task"
    path.write_text(
        text.replace("SCOPE", wanted.get("scope", "")).replace("MIX", wanted.get("mix", ""))
    )
    return epochal.load(str(path))


def measured(task: Task, n: int) -> tuple[Scored, list[int]]:
    """Score what a network makes that answers with its inputs; and the trials of each batch."""
    sizes = []

    def echo(inputs: Float, noise: Float, n_steps: int) -> Float:
        sizes.append(len(inputs))
        return inputs

    model = Ctrnn(units=2)
    return score_trials(echo, task, model, n, dt=20.0, seed=0, stream=Stream.TEST), sizes


def test_independent_trials_are_measured_in_large_batches(tmp_path: Path) -> None:
    scored, sizes = measured(loaded(tmp_path, GO), 500)
    assert sizes == [256, 256]
    assert len(scored.correct) == 500


def test_what_is_drawn_once_a_batch_varies_within_a_measure(tmp_path: Path) -> None:
    task = loaded(tmp_path, GO, scope=" per batch")
    scored, sizes = measured(task, 500)
    assert len(sizes) >= SEVERAL
    assert len(np.unique(scored.trials["wait_time"])) == len(sizes)
    assert len(scored.correct) == 500
    assert scored.correct.all()


def test_a_measure_of_a_set_mixed_by_batch_holds_each_task_as_often_as_it_weighs(
    tmp_path: Path,
) -> None:
    task = loaded(tmp_path, GO + SET, mix=" per batch")
    assert task.spread == 35  # whole rounds of five batches
    scored, sizes = measured(task, 350)
    assert sizes == [10] * 35
    assert list(np.bincount(scored.trials["task"])) == [70, 280]


def test_a_set_mixed_by_trial_is_spread_as_its_members_need(tmp_path: Path) -> None:
    assert loaded(tmp_path, GO + SET).spread == 1
    assert loaded(tmp_path, GO + SET, scope=" per batch").spread == SEVERAL


@pytest.mark.parametrize("n", [1, 5])
def test_fewer_trials_than_batches_are_measured_one_by_one(tmp_path: Path, n: int) -> None:
    scored, sizes = measured(loaded(tmp_path, GO, scope=" per batch"), n)
    assert sizes == [1] * n
    assert len(scored.correct) == n
