"""Train and evaluate through the command line, and what becomes of damaged runs."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from command_line import call

from epochal.cli.training import while_read
from epochal.runtime.progress import Progress
from epochal.runtime.rundir import FILES, RECORD, TASK, WEIGHTS, read_run

TRAIN = ("train", "rdm", "--updates", 60, "--units", 12, "--batch", 16)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory that the command line left."""
    folder = tmp_path_factory.mktemp("runs") / "rdm"
    ended = call(*TRAIN, "--out", folder)
    assert ended.status == 0, ended.said
    return folder


def copied(run: Path, folder: Path) -> Path:
    shutil.copytree(run, folder / "run")
    return folder / "run"


def test_a_training_leaves_a_run_that_can_be_evaluated(trained: Path) -> None:
    assert {path.name for path in trained.iterdir()} == set(FILES)
    record = json.loads((trained / RECORD).read_text())
    assert (record["status"], record["updates"], record["seed"]) == ("finished", 60, 0)
    assert record["task"]["name"] == "rdm"
    assert record["task"]["hash"].startswith("task1:")
    lines = (trained / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["update"] for line in lines] == [0, 10, 20, 30, 40, 50, 60]

    ended = call("evaluate", trained, "--by", "coh", "--trials", 300)
    assert ended.status == 0
    head, *rows = ended.out.splitlines()
    assert head.endswith("correct on 300 test trials")
    assert rows[0].split() == ["coh", "trials", "accuracy"]
    assert len(rows) == 7
    assert sum(int(row.split()[1]) for row in rows[1:]) == 300


def test_an_evaluation_is_json_on_demand(trained: Path) -> None:
    ended = call("evaluate", trained, "--by", "side", "--by", "coh", "--trials", 240, "--json")
    found = json.loads(ended.out)
    assert found["by"] == ["side", "coh"]
    assert found["total"]["trials"] == 240
    assert sum(group["trials"] for group in found["groups"]) == 240
    assert all(len(group["condition"]) == 2 for group in found["groups"])


def test_an_evaluation_may_change_parameters(trained: Path) -> None:
    ended = call(
        "evaluate", trained, "--trials", 60, "--set", "viewing=300 ms", "--by", "viewing", "--json"
    )
    assert [group["condition"] for group in json.loads(ended.out)["groups"]] == [["300 ms"]]


def weights(run: Path) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in read_run(run).weights.items()}


def test_one_seed_gives_one_network(trained: Path, tmp_path: Path) -> None:
    ended = call(*TRAIN, "--out", tmp_path / "again", "--quiet", "--json")
    assert (ended.status, ended.err) == (0, "")
    assert json.loads(ended.out)["run"]["status"] == "finished"
    assert weights(tmp_path / "again") == weights(trained)


def test_ctrl_c_saves_what_was_trained_and_ends_in_status_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "epochal", "train", "rdm", "--units", "12", "--batch", "16"]
    with subprocess.Popen(
        [*command, "--updates", "1000000", "--accuracy", "2", "--out", "run"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Tests that run in the background are deaf to Ctrl-C, and so would be what they start.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as training:
        try:
            assert training.stderr is not None
            for line in training.stderr:
                if "update 50 " in line:
                    break
            training.send_signal(signal.SIGINT)
            out, err = training.communicate(timeout=60)
        finally:
            training.kill()
    assert training.returncode == 130
    assert "interrupted after" in out
    assert "Traceback" not in err
    record = json.loads((tmp_path / "run" / RECORD).read_text())
    assert record["status"] == "interrupted"
    assert record["updates"] >= 50
    assert {path.name for path in (tmp_path / "run").iterdir()} == set(FILES)
    ended = call("evaluate", tmp_path / "run", "--trials", 60)
    assert ended.status == 0, ended.said


def test_progress_that_nobody_reads_does_not_stop_a_training() -> None:
    told = []

    def report(progress: Progress) -> None:
        told.append(progress.update)
        if progress.update:
            raise BrokenPipeError

    shown = while_read(report)
    for update in (0, 10, 20):
        shown(Progress(update, 0.0, None, 0.0, 0.0))
    assert told == [0, 10]


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("choh", "did you mean `coh`?"),
        ("xyzzy", "there are answer, coh, correct, delay, side, sigma, viewing"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_one(
    trained: Path, by: str, said: str
) -> None:
    ended = call("evaluate", trained, "--by", by)
    assert ended.status == 1
    assert f"there is no variable `{by}` to tabulate by" in ended.err
    assert said in ended.err


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        ended = call("evaluate", folder)
        assert ended.status == 1
        assert f"{folder} is not a run directory" in ended.err


@pytest.mark.parametrize("name", [RECORD, WEIGHTS, TASK])
def test_a_missing_file_of_a_run_is_named(trained: Path, tmp_path: Path, name: str) -> None:
    run = copied(trained, tmp_path)
    (run / name).unlink()
    ended = call("evaluate", run)
    assert ended.status == 1
    assert name in ended.err


@pytest.mark.parametrize("name", [RECORD, WEIGHTS, TASK])
@pytest.mark.parametrize("part", [0.0, 0.5])
def test_a_truncated_file_of_a_run_is_named(
    trained: Path, tmp_path: Path, name: str, part: float
) -> None:
    run = copied(trained, tmp_path)
    content = (run / name).read_bytes()
    (run / name).write_bytes(content[: int(part * len(content))])
    ended = call("evaluate", run)
    assert ended.status == 1
    assert name in ended.err


def test_a_run_of_another_task_is_told_by_its_hash(trained: Path, tmp_path: Path) -> None:
    run = copied(trained, tmp_path)
    text = (run / TASK).read_text()
    (run / TASK).write_text(text.replace("target hold = 1", "target hold = 2"))
    ended = call("evaluate", run)
    assert ended.status == 1
    assert "was trained on rdm task1:" in ended.err


def test_a_run_is_replaced_only_by_force_here_by_one_of_a_task_just_begun(
    trained: Path, tmp_path: Path
) -> None:
    run = copied(trained, tmp_path)
    before = (run / WEIGHTS).read_bytes()
    ended = call(*TRAIN, "--out", run)
    assert ended.status == 1
    assert "--force" in ended.err
    assert (run / WEIGHTS).read_bytes() == before
    task = tmp_path / "flicker.task"
    assert call("new", "flicker", "--out", task).status == 0
    ended = call("train", task, "--updates", 1, "--units", 8, "--out", run, "--force", "--quiet")
    assert ended.status == 0, ended.said
    assert json.loads((run / RECORD).read_text())["task"]["name"] == "flicker"
    assert {path.name for path in run.iterdir()} == set(FILES)


def test_a_folder_of_other_things_is_never_written_to(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("dear")
    for more in ((), ("--force",)):
        ended = call("train", "rdm", "--updates", 1, "--out", tmp_path, *more)
        assert ended.status == 1
        assert "holds files that are not a run" in ended.err
    ended = call("train", "rdm", "--updates", 1, "--out", tmp_path / "thesis.tex")
    assert ended.status == 1
    assert "cannot write a run" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]
    assert (tmp_path / "thesis.tex").read_text() == "dear"
