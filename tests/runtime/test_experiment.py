"""A training leaves a run that says how it ended and can be evaluated."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from sides import Sides

from epochal.runtime.config import Adam, Ctrnn, Profile, Stop, Training
from epochal.runtime.errors import RunError, TrainingDiverged
from epochal.runtime.evaluate import evaluate
from epochal.runtime.experiment import train_into
from epochal.runtime.progress import Progress, display
from epochal.runtime.rundir import read_run


def profile(updates: int) -> Profile:
    training = Training(
        batch=32,
        updates=updates,
        every=10,
        trials=64,
        optimizer=Adam(rate=0.01),
        stop=Stop(accuracy=0.97),
    )
    return Profile(model=Ctrnn(units=16), training=training)


def test_a_trained_network_is_evaluated_from_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    record = train_into(folder, Sides(), profile(300), command=("epochal", "train", "sides"))
    run = read_run(folder)
    assert run.record == record
    assert record.status == "finished"
    assert record.reason == "accuracy reached"
    assert record.accuracy is not None
    assert record.accuracy >= 0.97
    assert record.chance is not None
    assert record.chance < 0.75
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert lines[-1]["update"] == record.updates

    found = evaluate(run, Sides(), trials=600, by=("side",))
    assert found.total.accuracy is not None
    assert found.total.accuracy > 0.95
    assert found.total.counted == 600
    assert [group.condition for group in found.groups] == [("left",), ("right",)]
    assert sum(group.trials for group in found.groups) == 600
    with pytest.raises(RunError, match=r"was trained on sides .*, not on sides task1:other"):
        evaluate(run, Sides(hash="task1:other"))
    with pytest.raises(RunError, match=r"has 3 inputs and 2 outputs, but .* sides has 4 and 2"):
        evaluate(run, Sides(n_in=4))
    with pytest.raises(RunError, match="trials = 0"):
        evaluate(run, Sides(), trials=0)


def test_a_bad_seed_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"seed = -1 is not allowed: .* 0 to 2\*\*64 - 1"):
        train_into(tmp_path / "run", Sides(), profile(5), seed=-1)
    assert not list(tmp_path.iterdir())


def test_an_interrupted_run_is_complete_and_says_so(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.update == 20:
            raise KeyboardInterrupt

    record = train_into(tmp_path, Sides(), profile(300), report=interrupt)
    assert record.status == "interrupted"
    assert record.updates == 20
    assert read_run(tmp_path).record == record


def test_a_diverged_run_keeps_its_last_good_weights(tmp_path: Path) -> None:
    with pytest.raises(TrainingDiverged, match="update 13"):
        train_into(tmp_path, Sides(spoil_after=12), profile(50))
    run = read_run(tmp_path)
    assert run.record.status == "failed"
    assert "loss became nan" in run.record.reason
    assert run.record.updates == 10


def test_an_error_of_the_caller_leaves_the_folder_as_it_was(tmp_path: Path) -> None:
    def fail(progress: Progress) -> None:
        raise LookupError

    with pytest.raises(LookupError):
        train_into(tmp_path / "run", Sides(), profile(50), report=fail)
    assert not list(tmp_path.iterdir())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


REPORTS = (
    Progress(0, float("nan"), 0.5, 0.0, 0.1),
    Progress(10, 0.25, None, 20.0, 0.5),
    Progress(20, 0.125, 0.75, 20.0, 1.0),
)


def test_plain_progress_is_a_line_an_evaluation() -> None:
    stream = io.StringIO()
    with display("sides", 20, stream) as report:
        for progress in REPORTS:
            report(progress)
    assert stream.getvalue() == (
        "sides  update 0  accuracy 50.0%\n"
        "sides  update 20  loss 0.1250  accuracy 75.0%  20 updates/s\n"
    )


def test_a_slow_training_is_told_in_tenths() -> None:
    stream = io.StringIO()
    with display("sides", 20, stream) as report:
        report(Progress(1, 0.5, 0.5, 0.31, 3.2, stage="easy", move="advance"))
    assert stream.getvalue().endswith("accuracy 50.0%  0.3 updates/s  stage easy: advance\n")


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    stream = Terminal()
    with display("sides", 20, stream) as report:
        for progress in REPORTS:
            report(progress)
    assert "20/20" in stream.getvalue()
    assert "accuracy 75.0%" in stream.getvalue()
