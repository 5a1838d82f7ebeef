"""Stages and measures of some members of a set of tasks: the network stays that of the set."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import call

from epochal import load
from epochal.driver import Session
from epochal.prepare import Prepared, prepare

RULES = """epochal 1

task go:
    params:
        anti = 0 within {0, 1}

    inputs:
        cue[left, right] noise iid(0.05)

    outputs:
        move[left, right]

    trial:
        side ~ balanced({left, right})
        goal = other(side) if anti == 1 else side

    epochs:
        show: uniform(60 ms, 100 ms)
        respond: 100 ms

    during show:
        cue[side] = 1

    during respond:
        target move[goal] = 1

    score:
        correct = argmax(move @ respond) == goal

task late extends go:
    epochs:
        show: 100 ms
        wait: 200 ms
        respond: 100 ms

taskset rules:
    inputs:
        cue[left, right]
        rule: onehot(members)

    outputs:
        move[left, right]

    member pro = go
    member anti = go with anti = 1
    member late = late
MIX
"""
ONE_BY_ONE = """epochal 1

experiment one_by_one:
    task: "rules.task"
    model: ctrnn(units = 8)

    train:
        batch: 12
        trials: 24
        updates: 12

    curriculum:
        every: 4
        stage pro:
            members: {pro}
            at_most: 4
        stage others:
            members: {anti: 75%, late: 25%}

    evaluate:
        measure each:
            trials: 30
            by: task
        measure two:
            members: {pro, late}
            trials: 30
            by: task
"""


def written(folder: Path, experiment: str = ONE_BY_ONE, mix: str = "") -> Path:
    (folder / "rules.task").write_text(RULES.replace("MIX", mix), "utf-8")
    path = folder / "one_by_one.train"
    path.write_text(experiment, "utf-8")
    return path


def prepared(path: Path) -> Prepared:
    session = Session()
    found = prepare(str(path), {}, session)
    assert found is not None, [one.message for one in session.diagnostics]
    return found


def test_a_stage_draws_trials_of_its_members_as_often_as_it_says(tmp_path: Path) -> None:
    found = prepared(written(tmp_path))
    first, second = (found.stages[name].batch(40, seed=1).trials["task"] for name in found.stages)
    assert np.bincount(first, minlength=3).tolist() == [40, 0, 0]
    assert np.bincount(second, minlength=3).tolist() == [0, 30, 10]
    assert [stage.members for stage in found.plan.stages] == [{"pro": 1}, {"anti": 3, "late": 1}]


def test_members_without_weights_come_equally_often_whatever_the_mix(tmp_path: Path) -> None:
    found = prepared(written(tmp_path, mix="\n    mix: {pro: 5, anti: 1, late: 1}"))
    counts = np.bincount(found.measures["two"].batch(40).trials["task"], minlength=3)
    assert counts.tolist() == [20, 0, 20]
    counts = np.bincount(found.measures["each"].batch(70).trials["task"], minlength=3)
    assert counts.tolist() == [50, 10, 10]


def test_a_mix_per_batch_stays_one(tmp_path: Path) -> None:
    found = prepared(written(tmp_path, mix="\n    mix: {pro, anti, late} per batch"))
    tasks = [found.stages["others"].batch(6, batch=i).trials["task"] for i in range(8)]
    assert all(len(set(task)) == 1 for task in tasks)
    assert sorted(int(task[0]) for task in tasks) == [1] * 6 + [2] * 2


def test_the_channels_stay_those_of_the_set(tmp_path: Path) -> None:
    found = prepared(written(tmp_path))
    for task in found.stages.values():
        assert (task.inputs, task.outputs) == (found.task.inputs, found.task.outputs)
        assert task.n_steps(20) == found.task.n_steps(20)
    batch = found.stages["pro"].batch(6, seed=4, noise=False)
    rule = [found.task.inputs.index(f"rule[{name}]") for name in ("pro", "anti", "late")]
    assert (batch.inputs[:, 0, rule] == [1, 0, 0]).all()
    alone = load(f"{tmp_path / 'rules.task'}:go").batch(6, seed=4, noise=False)
    length = alone.targets.shape[1]
    assert (batch.targets[:, :length] == alone.targets).all()
    assert not batch.weights[:, length:].any()


def test_binding_a_parameter_of_a_stage_keeps_its_members(tmp_path: Path) -> None:
    task = prepared(written(tmp_path)).stages["pro"].with_params(**{"pro.anti": 1})
    batch = task.batch(8)
    assert set(batch.trials["task"]) == {0}
    assert (batch.trials["goal"] == 1 - batch.trials["side"]).all()


def test_stages_of_members_are_trained_and_measured(tmp_path: Path) -> None:
    ended = call("train", written(tmp_path), "--out", tmp_path / "run")
    assert ended.status == 0, ended.said
    found = json.loads((tmp_path / "run" / "measures.json").read_text())
    tasks = {name: [one["condition"] for one in found[name]["groups"]] for name in found}
    assert tasks == {"each": [["pro"], ["anti"], ["late"]], "two": [["pro"], ["late"]]}
    record = json.loads((tmp_path / "run" / "run.json").read_text())
    assert record["stages"][1]["members"] == {"anti": 3, "late": 1}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ("{por}", "did you mean `pro`?"),
        ("{nobody}", "its members: pro, anti, late"),
        ("{pro, pro}", "`pro` stands twice"),
        ("{pro: -1}", "a weight is above 0"),
        ("{1, 2}", "`members` is a set of members"),
        ("{pro: 99999, anti: 100000}", "take simpler ones"),
    ],
)
def test_members_that_cannot_be_are_refused(tmp_path: Path, members: str, said: str) -> None:
    path = written(tmp_path, ONE_BY_ONE.replace("{pro}", members))
    ended = call("check", path)
    assert ended.status == 1
    assert said in ended.err
    assert "one_by_one.train:" in ended.err


def test_a_stage_says_its_members_once(tmp_path: Path) -> None:
    twice = "members: {pro}\n            members: {anti}"
    ended = call("check", written(tmp_path, ONE_BY_ONE.replace("members: {pro}", twice, 1)))
    assert ended.status == 1
    assert "`members` is set twice" in ended.err
