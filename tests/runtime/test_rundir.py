"""Run directories hold a whole run, are never overwritten unasked, and say what is wrong."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from sides import Sides

from epochal.runtime.checkpoint import Checkpoint, Reached
from epochal.runtime.config import Ctrnn, Profile
from epochal.runtime.errors import RunError
from epochal.runtime.files import replace_file
from epochal.runtime.initial import initial_weights
from epochal.runtime.progress import Progress
from epochal.runtime.rundir import (
    FILES,
    PREVIOUS,
    RunRecord,
    RunWriter,
    describe_task,
    read_run,
    read_stages,
)
from epochal.runtime.weights import Connectivity, make_masks
from epochal.runtime.weights_file import write_weights

PROFILE = Profile(model=Ctrnn(units=5, dale=0.6))
SPARSE = Connectivity(C_rec=np.tri(5))


def record_of(seed: int = 0) -> RunRecord:
    return RunRecord(
        task=describe_task(Sides()),
        seed=seed,
        profile=PROFILE,
        command=("epochal", "train", "sides"),
        versions={"python": "3.11"},
        started="2030-01-01T00:00:00+00:00",
    )


def weights_of(seed: int = 0) -> dict[str, np.ndarray]:
    model = PROFILE.model
    drawn = initial_weights(model, make_masks(model, 3, 2), seed)
    return {name: array.astype(np.float32) for name, array in drawn.items()}


def finished_run(folder: Path, seed: int = 0, *, force: bool = False) -> RunWriter:
    writer = RunWriter(folder, Sides(), record_of(seed), force=force)
    writer.keep(weights_of(seed), PROFILE.model, SPARSE)
    writer.checkpoint(Checkpoint(Reached(updates=seed), {"x": np.zeros(seed + 1)}))
    writer.record(replace(record_of(seed), status="finished"))
    writer.complete()
    return writer


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_a_run_is_read_as_it_was_written(tmp_path: Path) -> None:
    finished_run(tmp_path / "deep" / "run", seed=3)
    run = read_run(tmp_path / "deep" / "run")
    assert run.record.status == "finished"
    assert run.record.profile == PROFILE
    assert run.record.task == describe_task(Sides())
    for name, expected in weights_of(3).items():
        np.testing.assert_array_equal(run.weights[name], expected)
    assert run.connectivity.C_in is None
    np.testing.assert_array_equal(run.connectivity.C_rec, np.tri(5))
    assert set(contents(run.folder)) == set(FILES)
    assert (run.folder / "task.task").read_text() == Sides().source
    assert (run.folder / "trials.py").read_text() == Sides().module_source
    assert (run.folder / "task.ir.json").read_bytes() == Sides().ir_json


def test_metrics_are_a_line_a_report(tmp_path: Path) -> None:
    writer = finished_run(tmp_path)
    writer.report(Progress(0, float("nan"), 0.5, 0.0, 0.1))
    writer.report(Progress(10, 0.25, None, 20.0, 0.5))
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["loss"] for line in lines] == [None, 0.25]


def test_a_folder_with_a_run_is_refused_and_left_alone(tmp_path: Path) -> None:
    finished_run(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(RunError, match="already holds a run: choose another folder, or force"):
        RunWriter(tmp_path, Sides(), record_of(1))
    assert contents(tmp_path) == before


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_with_anything_else_is_refused(tmp_path: Path, force: bool) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunError, match="files that are not a run: choose another folder"):
        RunWriter(tmp_path, Sides(), record_of(), force=force)
    assert contents(tmp_path) == {"thesis.tex": b"years of work"}


def test_force_does_not_replace_what_only_looks_like_a_run(tmp_path: Path) -> None:
    (tmp_path / "run.json").write_text('{"scripts": {}}')
    with pytest.raises(RunError, match=r"run\.json is damaged"):
        RunWriter(tmp_path, Sides(), record_of(), force=True)
    assert contents(tmp_path) == {"run.json": b'{"scripts": {}}'}


def test_force_keeps_the_old_run_until_the_new_one_is_complete(tmp_path: Path) -> None:
    finished_run(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    old = contents(tmp_path)
    writer = RunWriter(tmp_path, Sides(), record_of(1), force=True)
    aside = contents(tmp_path / PREVIOUS)
    assert aside == {name: old[name] for name in FILES}
    writer.complete()
    assert not (tmp_path / PREVIOUS).exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_replacement_that_came_to_nothing_gives_the_old_run_back(tmp_path: Path) -> None:
    finished_run(tmp_path)
    old = contents(tmp_path)
    RunWriter(tmp_path, Sides(), record_of(1), force=True).withdraw()
    assert contents(tmp_path) == old
    assert not (tmp_path / PREVIOUS).exists()


def test_a_first_run_that_came_to_nothing_leaves_nothing(tmp_path: Path) -> None:
    RunWriter(tmp_path / "run", Sides(), record_of()).withdraw()
    assert not (tmp_path / "run").exists()


def test_a_killed_replacement_never_costs_the_finished_run(tmp_path: Path) -> None:
    finished_run(tmp_path)
    old = contents(tmp_path)
    for seed in (1, 2, 3):  # each is killed here, and forced again
        RunWriter(tmp_path, Sides(), record_of(seed), force=True)
        assert contents(tmp_path / PREVIOUS) == old


def test_a_file_is_replaced_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    replace_file(path, b"old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            replace_file(path, b"new content")
    assert contents(tmp_path) == {"file": b"old"}
    replace_file(path, b"new content")
    assert contents(tmp_path) == {"file": b"new content"}


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def cut(name: str) -> Callable[[Path], None]:
    return lambda folder: os.truncate(folder / name, 100)


def other_model(folder: Path) -> None:
    model = Ctrnn(units=6)
    weights = initial_weights(model, make_masks(model, 3, 2), 0)
    write_weights(folder / "weights.safetensors", weights, model)


def other_shapes(folder: Path) -> None:
    weights = initial_weights(PROFILE.model, make_masks(PROFILE.model, 4, 2), 0)
    write_weights(folder / "weights.safetensors", weights, PROFILE.model)


def not_numbers(folder: Path) -> None:
    weights = weights_of() | {"b_rec": np.full(5, np.nan, np.float32)}
    write_weights(folder / "weights.safetensors", weights, PROFILE.model)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (remove("run.json"), r"not a run directory: it has no run\.json"),
        (cut("run.json"), r"run\.json is damaged"),
        (remove("weights.safetensors"), r"weights\.safetensors is missing"),
        (cut("weights.safetensors"), r"weights\.safetensors is damaged"),
        (other_model, "describe different models"),
        (other_shapes, r"W_in is \(5, 4\), expected \(5, 3\)"),
        (not_numbers, "b_rec holds values that are not finite"),
    ],
)
def test_damage_is_named(tmp_path: Path, damage: Callable[[Path], None], message: str) -> None:
    finished_run(tmp_path)
    damage(tmp_path)
    with pytest.raises(RunError, match=message):
        read_run(tmp_path)


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RunError, match=r"cannot write a run to .*file"):
        RunWriter(tmp_path / "file", Sides(), record_of())


def test_metrics_after_a_checkpoint_are_forgotten_when_a_run_goes_on(tmp_path: Path) -> None:
    writer = finished_run(tmp_path)
    for update in (10, 20, 30):
        writer.report(Progress(update, 0.5, None, 1.0, 1.0))
    with (tmp_path / "metrics.jsonl").open("ab") as file:
        file.write(b'{"update": 4')  # killed while it wrote
    again = RunWriter.again(tmp_path)
    again.forget_after(20)
    again.report(Progress(25, 0.5, None, 1.0, 1.0))
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["update"] for line in lines] == [10, 20, 25]


def test_the_tasks_of_stages_are_kept(tmp_path: Path) -> None:
    writer = finished_run(tmp_path)
    assert read_stages(tmp_path) == {}
    writer.experiment("epochal 1\n", {"easy": Sides()})
    (found,) = read_stages(tmp_path).values()
    assert bytes(found.ir) == Sides().ir_json
    assert found.values == {"sigma": "0.05"}
