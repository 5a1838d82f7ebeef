"""Tasks with sessions in Python and on the command line: batches of sequences, training, tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import call

import epochal
from epochal.runtime.task import Task

REVERSAL = Path(__file__).parents[1] / "compiler" / "golden" / "reversal" / "source.task"
SHORT = REVERSAL.read_text().replace("trials: 60", "trials: 8").replace("12, 20", "3, 5")


@pytest.fixture
def short(tmp_path: Path) -> Path:
    """Write a reversal task of 8 trials in blocks of 3 to 5."""
    path = tmp_path / "short.task"
    path.write_text(SHORT)
    return path


def test_a_batch_counts_sequences_and_its_table_trials() -> None:
    task = epochal.load(str(REVERSAL))
    batch = task.batch(3, dt=10.0, seed=1)
    assert task.session == 60
    assert task.n_steps(10.0) == 60 * 90
    assert batch.inputs.shape == (3, 5400, 3)
    assert batch.targets.shape == batch.weights.shape == (3, 5400, 2)
    assert {column.shape for column in batch.trials.values()} == {(180,)}
    assert batch.lengths.shape == (3,)
    lengths = batch.trials["block"].reshape(3, 60)
    assert (np.diff(lengths, axis=1) >= 0).all()
    assert task.score(batch.targets, batch)["correct"].all()


def test_epochs_are_steps_of_the_sequence() -> None:
    batch = epochal.load(str(REVERSAL)).batch(3, dt=20.0, seed=1)
    assert {spans.shape for spans in batch.epochs.values()} == {(180, 2)}
    for i, (first, after) in enumerate(batch.epochs["respond"]):
        cue = batch.inputs[i // 60, :, 0]
        assert cue[first:after].all()
        assert not cue[first - 1]
        assert not cue[after]
    iti, feedback = batch.epochs["iti"], batch.epochs["feedback"]
    np.testing.assert_array_equal(iti[1:60, 0], feedback[:59, 1])
    assert (iti[::60, 0] == 0).all()
    np.testing.assert_array_equal(batch.lengths, feedback[59::60, 1])
    for weights, length in zip(batch.weights, batch.lengths, strict=True):
        assert not weights[length:].any()


def test_a_batch_of_too_many_sequences_is_refused_by_their_size() -> None:
    task = epochal.load(str(REVERSAL))
    with pytest.raises(ValueError, match="100000 sequences of 2700 steps"):
        task.batch(100_000)


def test_chance_is_that_of_single_trials(short: Path) -> None:
    task = epochal.load(str(short))
    assert isinstance(task, Task)
    told = task.describe()
    assert "Chance: 50% correct (random outputs, 2,000 trials)" in told
    assert "one sequence is 8 trials" in told


def test_a_rebound_parameter_goes_through_sessions(short: Path) -> None:
    task = epochal.load(str(short))
    sure = task.batch(20, seed=1, p_good=1.0).trials
    np.testing.assert_array_equal(sure["win_left"], sure["good"] == 0)


def test_training_and_evaluation_of_a_session_task(short: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    trained = call(
        "train", short, "--updates", 3, "--units", 8, "--batch", 4, "--out", run, "--quiet"
    )
    assert trained.status == 0, trained.said
    ended = call("evaluate", run, "--by", "trial_in_block", "--trials", 100, "--json")
    assert ended.status == 0, ended.said
    found = json.loads(ended.out)
    assert found["total"]["trials"] == 104, "as many whole sequences as hold 100 trials"
    assert [group["condition"] for group in found["groups"]] == [["0"], ["1"], ["2"], ["3"], ["4"]]
    assert sum(group["trials"] for group in found["groups"]) == 104


def test_the_profile_speaks_of_sequences(short: Path, tmp_path: Path) -> None:
    said = call("train", short, "--updates", 1, "--units", 4, "--batch", 2, "--out", tmp_path / "r")
    assert said.status == 0, said.said
    assert "2 sequences of 8 trials an update" in said.said
