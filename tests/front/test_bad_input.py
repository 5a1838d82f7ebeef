"""Whatever is wrong with what is given, the answer is a line that says where and what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import RDM, call, launch


def spoilt(text: str, old: str, new: str) -> str:
    assert old in text
    return text.replace(old, new)


# Files that cannot be read.


def test_a_missing_file_is_named_with_the_nearest_one(tmp_path: Path) -> None:
    (tmp_path / "mine.task").write_text(RDM)
    ended = launch("check", tmp_path / "mien.task")
    assert ended.status == 1
    assert "there is no file" in ended.err
    assert f"did you mean `{tmp_path / 'mine.task'}`" in ended.err
    assert "Traceback" not in ended.said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "rdn"], "did you mean `rdm`?"),
        (["check", "xyzzy"], "`epochal list` shows the library"),
        (["check", "a" * 5000], "`epochal list` shows the library"),
        (["check", ""], "there is no file"),
        (["check", "rdm:rmd"], "did you mean `rdm`?"),
        (["check", "no_such_folder/mine.task"], "there is no folder `no_such_folder`"),
        (["describe", "rdn"], "did you mean `rdm`?"),
        (["build", "rdn"], "did you mean `rdm`?"),
        (["train", "rdn"], "did you mean `rdm`?"),
    ],
)
def test_an_unknown_name_is_refused_with_a_hint(arguments: list[str], said: str) -> None:
    ended = call(*arguments)
    assert ended.status == 1
    assert said in ended.err


def test_a_folder_is_no_task_and_hides_no_task_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "rdm").mkdir()
    (tmp_path / "mine.task").write_text(RDM)
    ended = call("check", tmp_path)
    assert ended.status == 1
    assert "is a folder: name a file in it, like" in ended.err
    monkeypatch.chdir(tmp_path)
    assert call("check", "rdm").status == 0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is not text"),
        (b"", "the file is empty: begin it with `epochal 1`"),
        (b"   \n\n", "the file is empty"),
    ],
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "mine.task"
    file.write_bytes(content)
    for ended in (call("check", file), call("check", "-", stdin=content)):
        assert ended.status == 1
        assert said in ended.err


def test_a_huge_file_is_refused_by_its_size_before_it_is_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.task"
    with file.open("wb") as out:
        out.truncate(50 * 2**20)  # read, it would be refused for its NUL bytes
    ended = call("check", file)
    assert ended.status == 1
    assert "holds 50.0 MiB: a source may hold 1 MiB" in ended.err


def test_endless_input_is_refused_after_the_first_mebibyte() -> None:
    with subprocess.Popen(["yes"], stdout=subprocess.PIPE) as endless:
        done = subprocess.run(
            [sys.executable, "-m", "epochal", "check", "-"],
            stdin=endless.stdout,
            capture_output=True,
            timeout=60,
        )
        endless.kill()
    assert done.returncode == 1
    assert b"`<stdin>` holds more than 1 MiB" in done.stderr


# Texts with mistakes.


@pytest.mark.parametrize(
    ("old", "new", "place", "said"),
    [
        ("    params:", "\tparams:", "10:1", "found a tab"),
        ("1 s within", "1 sec within", "12:21", "did you mean `s`?"),
        ("+= coh / 2", "+= cho / 2", "39:25", "did you mean `coh`?"),
        ("stimulus: viewing", "stimulus: viewing / 0", "29:29", "this divides by zero"),
        ("motion[left, right]", "motion[1000000]", "17:16", "the most units a task may have"),
        ("        hold\n", "", "34:16", "there is no output `hold`"),
    ],
)
def test_a_mistake_is_shown_at_its_place(
    tmp_path: Path, old: str, new: str, place: str, said: str
) -> None:
    file = tmp_path / "mine.task"
    file.write_text(spoilt(RDM, old, new))
    for command in ("check", "describe", "build", "train"):
        ended = call(command, file)
        assert ended.status == 1
        assert f"{file}:{place}: error[" in ended.err
        assert said in ended.err
        assert "^" in ended.err
        assert command == "check" or ended.out == ""


def test_a_missing_block_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.task"
    file.write_text(RDM[: RDM.index("    epochs:")])
    ended = call("check", file)
    assert ended.status == 1
    assert "the task has no `epochs:`" in ended.err


def test_standard_input_is_a_task() -> None:
    ended = launch("check", "-", stdin=RDM.encode())
    assert (ended.status, ended.out) == (0, "rdm: no errors\n")
    ended = launch("check", "-", stdin=spoilt(RDM, "coh / 2", "cho / 2").encode())
    assert ended.status == 1
    assert "<stdin>:39:25: error[E0201]" in ended.err


# Options.


@pytest.mark.parametrize(
    ("setting", "status", "said"),
    [
        ("viewing", 2, "is not NAME=VALUE, like viewing='500 ms'"),
        ("viewing=", 2, "is not NAME=VALUE"),
        ("view-ing=1 s", 2, "is not NAME=VALUE"),
        ("viewing=1 +", 1, "<parameter viewing>:1:13: error[E0121]"),
        ("viewing=3 sec", 1, "<parameter viewing>:1:13: error[E0130]: `sec` is not a unit"),
        ("viewing=uniform(1 s,\n 2 sec)", 1, "<parameter viewing>:2:4: error[E0130]"),
        ("viewin=1 s", 1, "did you mean `viewing`?"),
        ("viewing=10 s", 1, "`viewing` leaves its bounds"),
        ("viewing=uniform(1 s, 10 s)", 1, "`viewing` leaves its bounds"),
        ("viewing=3 Hz", 1, "is a time and cannot be bound to a frequency"),
        ("viewing=500 ms, sigma = 0.2", 1, "is not one value for one parameter"),
        ("viewing=500 ms\ntask evil:", 1, "<parameter viewing>"),
        ("viewing=500 ms:\n    params:\n        x = 1", 1, "<parameter viewing>"),
    ],
)
def test_a_setting_that_cannot_be_is_shown_as_it_was_written(
    setting: str, status: int, said: str
) -> None:
    ended = call("check", "rdm", "--set", setting)
    assert ended.status == status
    assert said in ended.said
    assert "extends" not in ended.said


def test_the_caret_under_a_setting_stands_under_its_value() -> None:
    ended = call("check", "rdm", "--set", "viewing=10 s")
    lines = ended.err.splitlines()
    shown = next(i for i, line in enumerate(lines) if line.endswith("viewing = 10 s"))
    assert lines[shown + 1].index("^") == lines[shown].index("10 s")
    assert "tasks/classic/rdm.task:12:30: note: its bounds" in ended.err


@pytest.mark.parametrize("setting", ["n_categories=9", "n_categories=2.5", "n_units=1000000"])
def test_a_structural_parameter_is_checked_too(setting: str) -> None:
    ended = call("check", "match_to_category", "--set", setting)
    assert ended.status == 1
    assert "error[E" in ended.err


def test_one_parameter_is_set_once() -> None:
    ended = call("check", "rdm", "--set", "viewing=1 s", "--set", "viewing=500 ms")
    assert ended.status == 2
    assert "`viewing` is set twice" in ended.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["check", "rdm", "--dt", "0"], "0 is not between 0.001 and 10000 ms"),
        (["check", "rdm", "--dt", "nan"], "nan is not between"),
        (["check", "rdm", "--dt", "twenty"], "'twenty' is not a valid float"),
        (["train", "rdm", "--dt", "0.0015"], "no whole number of microseconds"),
        (["train", "rdm", "--seed", "-1"], "-1 is not in the range"),
        (["train", "rdm", "--seed", str(2**64)], "is not in the range"),
        (["evaluate", "x", "--trials", "100000000"], "is not in the range"),
        (["build", "rdm", "--out", "."], "is a directory"),
        (["chekc", "rdm"], "Did you mean `check`?"),
        (["check"], "TASK is missing"),
        (["check", "rdm", "--fromat", "json"], "--format"),
    ],
)
def test_misuse_ends_in_status_2(arguments: list[str], said: str) -> None:
    ended = call(*arguments)
    assert ended.status == 2
    assert said in ended.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dt", "200"], "dt = 200.0 ms is longer than tau"),
        (["--dale", "2"], "dale = 2.0 is not allowed"),
        (["--noise", "-1"], "noise = -1.0 is not allowed"),
        (["--rate", "nan"], "rate = nan is not allowed"),
        (["--units", "1000000"], "units = 1000000 is not allowed"),
        (["--batch", "100000000"], "more than 4 GiB"),
    ],
)
def test_a_training_that_cannot_be_is_refused_before_it_starts(
    options: list[str], said: str, tmp_path: Path
) -> None:
    ended = call("train", "rdm", "--out", tmp_path / "run", *options)
    assert ended.status == 1
    assert said in ended.err
    assert not (tmp_path / "run").exists()


def test_a_taken_or_unwritable_file_is_left_as_it_is(tmp_path: Path) -> None:
    taken = tmp_path / "trials.py"
    taken.write_text("mine")
    ended = call("build", "rdm", "--out", taken)
    assert ended.status == 1
    assert "--force" in ended.err
    assert taken.read_text() == "mine"
    ended = call("build", "rdm", "--out", tmp_path / "no" / "trials.py")
    assert ended.status == 1
    assert "cannot write" in ended.err
    ended = call("new", "flicker", "--out", tmp_path / "no" / "flicker.task")
    assert ended.status == 1
    assert "cannot write" in ended.err
    assert [path.name for path in tmp_path.iterdir()] == ["trials.py"]


def test_training_and_evaluating_without_tensorflow_say_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    for arguments in (("train", "rdm", "--out", tmp_path / "run"), ("evaluate", tmp_path)):
        ended = call(*arguments)
        assert ended.status == 1
        assert "pip install 'epochal[train]'" in ended.err
    assert not (tmp_path / "run").exists()


# Processes.


@pytest.mark.skipif(os.name != "posix", reason="pipes as in a shell")
@pytest.mark.parametrize("command", ["list", "build rdm", "build rdm --emit tree"])
def test_a_reader_that_leaves_early_is_no_error(command: str) -> None:
    shell = f"set -o pipefail; '{sys.executable}' -m epochal {command} | head -n 1"
    ended = launch("-c", shell, command=["bash"])
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.count("\n") == 1


def test_a_mistake_of_epochal_itself_asks_for_a_report() -> None:
    broken = (
        "from epochal import cli, driver\n"
        "def fail(*_): raise AssertionError('broken')\n"
        "driver.parse_file = fail\n"
        "cli.main()"
    )
    ended = launch("check", "rdm", command=[sys.executable, "-c", broken])
    assert ended.status == 1
    assert "AssertionError: broken" in ended.err
    assert "please report it" in ended.err


def test_an_interrupt_ends_in_status_130_without_a_traceback() -> None:
    broken = (
        "from epochal import cli, driver\n"
        "def stop(*_): raise KeyboardInterrupt\n"
        "driver.parse_file = stop\n"
        "cli.main()"
    )
    ended = launch("check", "rdm", command=[sys.executable, "-c", broken])
    assert ended.status == 130
    assert ended.err.strip() == "interrupted"


def test_a_huge_design_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "mine.task"
    many = ", ".join(str(i) for i in range(5000))
    file.write_text(
        spoilt(
            RDM,
            "        coh ~ coherences",
            f"        a ~ balanced({{{many}}})\n        b ~ balanced({{{many}}})\n"
            "        coh ~ coherences",
        )
    )
    ended = call("check", file)
    assert ended.status == 1
    assert "error[E0501]" in ended.err
