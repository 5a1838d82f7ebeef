"""The tutorial works from top to bottom: its files, its commands and its Python."""

import fnmatch
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import epochal

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
STEPS = re.findall(r"^```(\w+)([^\n]*)\n(.*?)^```", TUTORIAL.read_text("utf-8"), re.M | re.S)


def run(folder: Path, *, slow: bool) -> None:
    """Do what the page says, in order, in one folder."""
    space: dict[str, object] = {}
    for language, words, text in STEPS:
        match language:
            case "task":
                write(folder, text, *words.split())
            case "console":
                if slow or "slow" not in words:
                    converse(text, folder)
            case "python":
                exec(compile(text, str(TUTORIAL), "exec"), space)


def write(folder: Path, text: str, name: str, fails: str = "") -> None:
    (folder / name).write_text(text, "utf-8")
    if not fails:
        assert epochal.load(name).batch(8).inputs.shape[0] == 8


def converse(text: str, folder: Path) -> None:
    """Run each command; what it prints must look as shown, where ``...`` stands for anything."""
    for command, shown in re.findall(r"^\$ ([^\n]*)\n((?:(?!\$ ).*\n)*)", text, re.M):
        said = answer(command, folder)
        pattern = re.sub(r"\[", "[[]", shown.strip()).replace("...", "*")
        assert fnmatch.fnmatchcase(said.strip(), pattern), f"{command}\n{said}"


def answer(command: str, folder: Path) -> str:
    program, *arguments = shlex.split(command)
    assert program == "epochal"
    done = subprocess.run(
        [sys.executable, "-m", "epochal", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=folder,
        check=False,
    )
    return done.stdout.decode()


def test_the_tutorial_works_from_top_to_bottom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path, slow=False)


@pytest.mark.slow
def test_the_trainings_of_the_tutorial_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path, slow=True)


def test_the_first_task_has_fifteen_lines_and_the_last_part_a_set() -> None:
    files = {words.split()[0]: text for language, words, text in STEPS if language == "task"}
    assert len(files["first.task"].splitlines()) == 15
    assert any("taskset" in text for text in files.values())
