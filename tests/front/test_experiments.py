"""Train as a .train file says, go on with runs, and train several seeds at once."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from command_line import Ended, call, launch
from safetensors.numpy import load_file

from epochal.driver import Session
from epochal.prepare import prepare
from epochal.runtime.config import Profile
from epochal.runtime.rundir import read_run, read_stages

SMALL = """epochal 1

experiment small:  ## easy first
    task: "epochal:rdm"
    seeds: [3]
    model: ctrnn(units = 12, noise = 0.1)

    train:
        batch: 16
        updates: 60
        trials: 32

    curriculum:
        every: 10
        stage easy with coherences = {51.2%}, sigma = 0.02:
            until accuracy(correct, last = 2) > 1%
        stage full:
            mix: {full: 80%, easy: 20%}
            until accuracy(correct, last = 20) > 99%

    evaluate:
        measure psychometric with coherences = {0%, 51.2%}:
            trials: 60
            plot: fraction(answer == right, by = coh * (1 if side == right else -1))
        measure short with viewing = 200 ms:
            trials: 40
            by: [side, coh]
"""


def written(folder: Path, text: str = SMALL) -> Path:
    path = folder / "small.train"
    path.write_text(text, "utf-8")
    return path


def prepared(path: Path, **settings: str):  # type: ignore[no-untyped-def]
    session = Session()
    found = prepare(str(path), settings, session)
    assert found is not None, [one.message for one in session.diagnostics]
    return found


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Ended]:
    """What a training as a .train file says left and printed."""
    folder = tmp_path_factory.mktemp("experiment")
    ended = call("train", written(folder), "--out", folder / "run")
    assert ended.status == 0, ended.said
    return folder / "run", ended


@pytest.fixture(scope="module")
def trained(ended: tuple[Path, Ended]) -> Path:
    """A run directory that a .train file left."""
    return ended[0]


def test_an_experiment_is_trained_stage_by_stage(trained: Path) -> None:
    run = read_run(trained)
    assert (run.record.seed, run.record.updates) == (3, 60)
    assert [stage.name for stage in run.record.stages] == ["easy", "full"]
    lines = [json.loads(line) for line in (trained / "metrics.jsonl").read_text().splitlines()]
    moves = [(one["update"], one["stage"], one["move"]) for one in lines if one["move"]]
    assert moves == [(20, "easy", "advance")]
    (passed,) = run.record.passed
    assert (passed.update, passed.stage, passed.move) == (20, "easy", "advance")
    assert passed.accuracy == next(one["accuracy"] for one in lines if one["update"] == 20)
    assert (trained / "experiment.train").read_text() == SMALL
    assert read_stages(trained)["stage easy"].values["coherences"] == "{51.2%}"


def test_a_curriculum_is_told_of_before_and_after_training(ended: tuple[Path, Ended]) -> None:
    folder, said = ended
    assert "  stages    easy, full; evaluated every 10 updates on 32 fresh trials\n" in said.err
    assert "  stage easy: advance\n" in said.err
    lines = [line.split() for line in said.out.splitlines()]
    assert lines[2] == ["stage", "updates", "trials", "accuracy", "then"]
    accuracy = f"{read_run(folder).record.passed[0].accuracy:.1%}"
    assert lines[3] == ["easy", "20", "320", accuracy, "next", "stage"]
    assert lines[4] == []


def test_what_an_experiment_measures_is_kept(trained: Path) -> None:
    found = json.loads((trained / "measures.json").read_text())
    curve = [(one["condition"], one["trials"]) for one in found["psychometric"]["groups"]]
    assert [condition for condition, _ in curve] == [["-0.512"], ["0"], ["0.512"]]
    assert sum(trials for _, trials in curve) == 60
    assert found["short"]["by"] == ["side", "coh"]
    assert found["short"]["total"]["trials"] == 40


def test_a_run_can_be_evaluated_whatever_its_last_stage_was(trained: Path) -> None:
    ended = call("evaluate", trained, "--trials", 40)
    assert ended.status == 0, ended.said


def test_settings_are_changed_from_outside(tmp_path: Path) -> None:
    path = written(tmp_path)
    settings = {"train.updates": "7", "model.units": "5", "dt": "10 ms", "curriculum.every": "3"}
    profile = prepared(path, **settings, sigma="0.2").plan.profile
    training = profile.training
    assert (training.updates, training.every, training.dt) == (7, 3, 10.0)
    assert (profile.model.units, profile.model.noise) == (5, 0.1)
    assert prepared(path, sigma="0.2").task.values["sigma"] == "0.2"


def test_a_wrong_setting_from_outside_is_shown_where_it_was_written(tmp_path: Path) -> None:
    ended = call("train", written(tmp_path), "--set", "train.updats=7")
    assert ended.status == 1
    assert "no setting of `train:` `updats`" in ended.err
    assert "did you mean `updates`?" in ended.err


def test_seeds_may_be_a_range(tmp_path: Path) -> None:
    path = written(tmp_path, SMALL.replace("[3]", "range(4)"))
    assert prepared(path).plan.seeds == (0, 1, 2, 3)
    assert prepared(path, seeds="range(2)").plan.seeds == (0, 1)


def test_a_killed_run_goes_on_with_the_same_bits(trained: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "epochal", "train", str(written(tmp_path))]
    run = tmp_path / "run"
    process = subprocess.Popen([*command, "--out", str(run)], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 100
    while time.monotonic() < until and not reached(run, 20):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert json.loads((run / "run.json").read_text())["status"] == "running"
    ended = launch("train", "--resume", run)
    assert ended.status == 0, ended.said
    assert "psychometric: fraction(answer == right" in ended.out
    ours, theirs = (load_file(one / "weights.safetensors") for one in (run, trained))
    assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)
    same = [(one / "metrics.jsonl").read_text().splitlines() for one in (run, trained)]
    updates = [[json.loads(line)["update"] for line in lines] for lines in same]
    assert updates[0] == updates[1]


def reached(run: Path, update: int) -> bool:
    try:
        last = (run / "metrics.jsonl").read_text().splitlines()[-1]
        return bool(json.loads(last)["update"] >= update)
    except (OSError, IndexError, ValueError):
        return False


def test_a_finished_run_is_not_gone_on_with(trained: Path) -> None:
    ended = call("train", "--resume", trained)
    assert ended.status == 1
    assert "finished" in ended.err
    assert "nothing to continue" in ended.err


def test_what_is_no_run_is_not_gone_on_with(tmp_path: Path) -> None:
    assert "is not a run directory" in call("train", "--resume", tmp_path).err
    assert "name no task" in call("train", "rdm", "--resume", tmp_path).err
    assert call("train").status == 2


def test_the_built_in_profile_is_saved_as_a_file_that_means_the_same(tmp_path: Path) -> None:
    path = tmp_path / "rdm.train"
    ended = call("train", "rdm", "--units", 50, "--seeds", "0..2", "--save-train", path)
    assert ended.status == 0, ended.said
    found = prepared(path)
    assert found.plan.seeds == (0, 1, 2)
    assert found.plan.profile.model.units == 50
    assert found.plan.profile.training == Profile().training
    assert all(len(line) <= 88 for line in path.read_text().splitlines())
    assert "exists" in call("train", "rdm", "--save-train", path).err


def test_several_seeds_end_in_one_table(tmp_path: Path) -> None:
    text = SMALL.replace("updates: 60", "updates: 10")
    ended = launch("train", written(tmp_path, text), "--seeds", "4,5", "--out", tmp_path / "runs")
    assert ended.status == 0, ended.said
    rows = [row.split() for row in ended.out.splitlines()]
    assert rows[0] == "seed easy full updates trials seconds accuracy short".split()
    assert [row[0] for row in rows[1:5]] == ["4", "5", "median", "range"]
    assert [row[1:5] for row in rows[1:4]] == [["-", "-", "10", "160"]] * 3
    kept = json.loads((tmp_path / "runs" / "seeds.json").read_text())
    assert [one["seed"] for one in kept] == [4, 5]
    assert [one["stage easy"] for one in kept] == [None, None]
    assert {one["ended"] for one in kept} == {"all updates done"}
    assert "at most 10 updates, dt 20 ms, seeds 4, 5\n" in ended.err
    assert "seed 4: finished after 10 updates, accuracy " in ended.err
    inner = tmp_path / "runs" / "seed-4"
    assert ended.out.endswith(f"next: epochal evaluate {inner}\n")
    ended = call("evaluate", tmp_path / "runs")
    assert (ended.status, ended.err.count(f"it holds runs: {inner}, ..")) == (1, 1)
    for seed in (4, 5):
        assert read_run(tmp_path / "runs" / f"seed-{seed}").record.seed == seed


def test_several_seeds_go_on_where_they_were(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    text = SMALL.replace("updates: 60", "updates: 10")
    arguments = ("train", written(tmp_path, text), "--seeds", "4,5", "--out", folder)
    launch(*arguments)
    table = json.loads((folder / "seeds.json").read_text())
    again = call(*arguments)
    assert (again.status, "go on with it by --resume" in again.err) == (1, True)
    ended = call("train", "--resume", folder)
    assert (ended.status, ended.err) == (
        1,
        f"error: every seed in {folder} has ended: nothing to continue\n",
    )
    weights = read_run(folder / "seed-5").weights
    shutil.rmtree(folder / "seed-5")
    (folder / "seeds.json").unlink()
    ended = launch("train", "--resume", folder, cwd=tmp_path)
    assert ended.status == 0, ended.said
    assert f"going on with seed 5 in {folder}\n" in ended.err
    for name, array in read_run(folder / "seed-5").weights.items():
        np.testing.assert_array_equal(array, weights[name])
    kept = json.loads((folder / "seeds.json").read_text())
    assert [one | {"seconds": 0} for one in kept] == [one | {"seconds": 0} for one in table]


@pytest.mark.parametrize("option", ["--allow-extern", "--save-train=x", "--force", "--out"])
def test_a_folder_of_seeds_gives_no_permissions(option: str, tmp_path: Path) -> None:
    begun = {"seeds": [1, 2], "arguments": ["rdm", "--units", "5", option]}
    (tmp_path / "seeds.begun.json").write_text(json.dumps(begun))
    ended = call("train", "--resume", tmp_path)
    assert ended.status == 1
    assert f"holds `{option}`, which is not an option of a seed" in ended.err


def test_a_damaged_list_of_seeds_is_told(tmp_path: Path) -> None:
    (tmp_path / "seeds.begun.json").write_text("{")
    ended = call("train", "--resume", tmp_path)
    assert (ended.status, "seeds.begun.json cannot be read: " in ended.err) == (1, True)


@pytest.mark.parametrize("seeds", ["1..", "a,b", "3,3", "5..2", "-1..2"])
def test_seeds_that_are_none_are_refused(seeds: str) -> None:
    assert call("train", "rdm", "--seeds", seeds).status == 2


def test_an_experiment_is_checked_as_a_task_is(tmp_path: Path) -> None:
    path = written(tmp_path)
    ended = call("check", path)
    assert (ended.status, ended.out) == (0, "small: no errors\n"), ended.said
    path.write_text(SMALL.replace("coherences = {51.2%}, sigma", "coherence = {51.2%}, sigma"))
    ended = call("check", path)
    assert ended.status == 1
    assert "did you mean `coherences`?" in ended.err
