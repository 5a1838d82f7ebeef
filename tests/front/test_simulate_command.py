"""``epochal simulate``, and the examples of docs/simulation.md."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import call

import epochal
from epochal.runtime.config import Ctrnn, Profile
from epochal.runtime.initial import initial_weights
from epochal.runtime.rundir import RunRecord, RunWriter, describe_task, read_run
from epochal.runtime.weights import ALL_TO_ALL, make_masks

N_REC = 12
DOCS = (Path(__file__).parents[2] / "docs/simulation.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", DOCS, re.M | re.S)


def write_run(folder: Path) -> Path:
    """Write a run of rdm that was never trained."""
    task, model = epochal.load("rdm"), Ctrnn(units=N_REC)
    described = describe_task(task)
    record = RunRecord(
        status="finished",
        task=described,
        seed=0,
        profile=Profile(model=model),
        command=(),
        versions={},
        started="",
    )
    masks = make_masks(model, task.n_in, task.n_out)
    RunWriter(folder, task, record).keep(initial_weights(model, masks, 0), model, ALL_TO_ALL)
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("runs") / "rdm")


def simulated(run: Path, out: Path, *options: object) -> dict[str, Any]:
    ended = call("simulate", run, "--out", out, *options)
    assert ended.status == 0, ended.said
    assert str(out) in ended.out
    with np.load(out, allow_pickle=False) as file:
        return dict(file)


def test_it_writes_what_the_network_did_and_the_trial_table(run: Path, tmp_path: Path) -> None:
    found = simulated(run, tmp_path / "a.npz", "--trials", 300, "--seed", 3)
    task = epochal.load("rdm")
    batch = task.batch(256, seed=3, stream=epochal.Stream.TEST)
    np.testing.assert_array_equal(found["inputs"][:256], batch.inputs)
    assert len(found["inputs"]) == len(found["trials.coh"]) == len(found["scores.correct"]) == 300
    for name, column in batch.trials.items():
        np.testing.assert_array_equal(found[f"trials.{name}"][:256], column)
    assert found["rates"].shape == (300, batch.inputs.shape[1], N_REC)
    assert found["outputs"].shape[2] == task.n_out
    assert tuple(found["input_names"]) == task.inputs
    assert tuple(found["labels.side"]) == task.labels["side"]
    assert float(found["dt"]) == 20
    for name, span in batch.epochs.items():
        np.testing.assert_array_equal(found[f"epochs.{name}"][:256], span)


def test_its_trials_and_noise_are_those_of_an_evaluation(run: Path, tmp_path: Path) -> None:
    found = simulated(run, tmp_path / "a.npz", "--trials", 270, "--seed", 1)
    ended = call("evaluate", run, "--trials", 270, "--seed", 1, "--json")
    accuracy = json.loads(ended.out)["total"]["accuracy"]
    assert np.nanmean(found["scores.correct"]) == pytest.approx(accuracy, abs=1e-9)


def test_the_same_command_writes_the_same_bytes(run: Path, tmp_path: Path) -> None:
    for name in "ab":
        simulated(run, tmp_path / f"{name}.npz", "--trials", 10, "--lesion", 3)
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_it_silences_units(run: Path, tmp_path: Path) -> None:
    options = ("--trials", 20, "--no-noise", "--lesion", "0..3", "--lesion", 7)
    found = simulated(run, tmp_path / "a.npz", *options)
    silent = ~found["rates"].any(axis=(0, 1))
    assert set(np.flatnonzero(silent)) >= {0, 1, 2, 3, 7}
    assert not silent.all()
    assert found["lesion"].tolist() == [0, 1, 2, 3, 7]


def test_it_rebinds_parameters(run: Path, tmp_path: Path) -> None:
    found = simulated(run, tmp_path / "a.npz", "--trials", 20, "--set", "viewing=300 ms")
    assert set(found["trials.viewing"].tolist()) == {300_000}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--lesion", 12), "there is no unit 12: the units are 0 to 11"),
        (("--lesion", "a..b"), "`a..b` is not a unit, like 3, or units, like 0..9"),
        (("--lesion", "9..0"), "`9..0` names no units"),
        (("--trials", 1_000_000), "ask for fewer"),
        (("--out", "no/such/folder.npz"), "cannot write"),
    ],
)
def test_what_cannot_be_done_is_an_error(
    run: Path, tmp_path: Path, options: tuple[object, ...], said: str
) -> None:
    ended = call("simulate", run, "--trials", 2, "--out", tmp_path / "a.npz", *options)
    assert ended.status in (1, 2)
    assert said in ended.err
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    ended = call("simulate", tmp_path, "--out", tmp_path / "a.npz")
    assert ended.status == 1
    assert "is not a run directory" in ended.err


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_of_the_documentation_runs(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = write_run(tmp_path / "runs" / "rdm")
    epochal.export_psychrnn(read_run(folder), "weights.npz")
    exec(EXAMPLES[number], {})


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 4
