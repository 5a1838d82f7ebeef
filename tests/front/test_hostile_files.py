"""What files of strangers may not do: leave their folder, run code, eat the machine."""

from __future__ import annotations

import ast
import os
import time
from importlib import metadata
from pathlib import Path

import pytest
from command_line import call, launch

from epochal.dsl.limits import MAX_SHOWN

BASE = """epochal 1

task base:
    params:
        wait = 100 ms

    inputs:
        light

    outputs:
        press[left, right]

    trial:
        side ~ balanced({left, right})
        x ~ uniform(0, 1)

    epochs:
        show: wait

    during show:
        light = x
        target press[side] = 1

    score:
        correct = argmax(press @ show) == side
"""


@pytest.fixture
def inside(tmp_path: Path) -> Path:
    """Make a folder with a secret beside it and links that lead there."""
    folder = tmp_path / "inside"
    folder.mkdir()
    (tmp_path / "secret.task").write_text(BASE)
    (folder / "ok.task").write_text(BASE)
    (folder / "link.task").symlink_to(tmp_path / "secret.task")
    (folder / "up").symlink_to(tmp_path)
    (folder / "circle.task").symlink_to("circle.task")
    (folder / "endless.task").symlink_to("/dev/zero")
    (folder / "folder.task").mkdir()
    (folder / "huge.task").write_bytes(b"epochal 1\n" + b"#" * 5_000_000)
    (folder / "nul.task").write_bytes(BASE.encode().replace(b"light", b"li\0ht"))
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe.task")
    return folder


def use(folder: Path, location: str, rest: str = "") -> Path:
    file = folder / "main.task"
    line = f'use "{location}" as base\n\ntask t extends base with wait = 200 ms\n'
    file.write_text(f"epochal 1\n\n{line}{rest}")
    return file


@pytest.mark.parametrize("location", ["./ok.task", "ok", "./up/inside/ok", "ok.task"])
def test_a_file_of_the_folder_is_found(inside: Path, location: str) -> None:
    assert call("check", use(inside, location)).status == 0


@pytest.mark.parametrize(
    ("location", "code"),
    [
        ("../secret.task", "E0425"),
        ("../secret", "E0425"),
        ("x/../../secret.task", "E0425"),
        ("/etc/passwd", "E0425"),
        ("./link.task", "E0425"),
        ("./link", "E0425"),
        ("up/secret", "E0425"),
        ("./endless", "E0425"),
        ("..", "E0424"),
        ("./circle", "E0424"),
        ("./folder", "E0424"),
        ("./pipe", "E0424"),
        ("", "E0424"),
        (".", "E0424"),
        ("~/secret", "E0424"),
        ("$HOME/secret", "E0424"),
        ("x" * 5000, "E0424"),
        ("x/" * 3000, "E0424"),
        ("file:///etc/passwd", "E0424"),
        ("https://lab.org/x.task", "E0424"),
        ("package:../x", "E0424"),
        ("epochal:../../dsl/codes", "E0424"),
        ("epochal:", "E0424"),
        (":rdm", "E0424"),
        ("épo chal\\:rdm", "E0424"),
        ("os:path", "E0424"),
        ("./huge", "E0424"),
        ("./nul", "E0424"),
        ("./main", "E0423"),
    ],
)
def test_use_finds_nothing_else(inside: Path, location: str, code: str) -> None:
    ended = call("check", use(inside, location))
    assert ended.status == 1
    assert f"error[{code}]" in ended.err
    assert len(ended.err) < 40_000


def test_files_that_extend_each_other_are_an_error(inside: Path) -> None:
    (inside / "a.task").write_text('epochal 1\nuse "./b"\ntask a extends b.b with wait = 1 ms\n')
    (inside / "b.task").write_text('epochal 1\nuse "./a"\ntask b extends a.a with wait = 1 ms\n')
    ended = call("check", inside / "a.task")
    assert ended.status == 1
    assert "E0423" in ended.err
    assert "a extends b extends a" in ended.err


def test_a_package_that_breaks_when_it_is_looked_into_is_an_error(
    inside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = metadata.EntryPoint("lab", "lab_that_is_not_there.tasks", "epochal.tasks")
    monkeypatch.setattr(metadata, "entry_points", lambda group: [broken])
    ended = call("check", use(inside, "lab:rdm"))
    assert ended.status == 1
    assert "the package `lab` cannot be read: ModuleNotFoundError" in ended.err


@pytest.mark.parametrize(
    "value",
    [
        *(
            "{",
            "'1'",
            "1 ms\nside = 3",
            "1 ms, x = 2",
            "(" * 5000,
            "9" * 50_000,
            "\x1b[31m",
            "1 if",
        ),
        *("__import__('os')", "{1," * 2000, "1e300 s", "nan", "1:\n    about:\n        a: 1"),
        *("1 ms\ntask b:\n    inputs:\n        c", " + ".join(["1 ms"] * 20_000), "x" * 5000),
    ],
    ids=range(16),
)
def test_a_hostile_setting_is_an_error(inside: Path, value: str) -> None:
    start = time.perf_counter()
    ended = call("check", inside / "ok.task", "--set", f"wait={value}")
    assert ended.status == 1
    assert len(ended.said) < 10_000
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize("style", ["text", "json", "github"])
@pytest.mark.parametrize("wrong", ["x{i} = = 1", "x{i} = y{i}", "x = 1", "x{i} = 1 s + 1 Hz"])
def test_many_mistakes_end_soon_and_in_short(inside: Path, wrong: str, style: str) -> None:
    broken = "\n        ".join(wrong.format(i=i) for i in range(3000))
    file = inside / "broken.task"
    file.write_text(BASE.replace("x ~ uniform(0, 1)", broken))
    start = time.perf_counter()
    ended = call("check", file, "--format", style)
    assert ended.status == 1
    assert time.perf_counter() - start < 20
    assert len(ended.said) < 1000 * MAX_SHOWN


def test_mistakes_on_one_long_line_end_soon(inside: Path) -> None:
    file = inside / "broken.task"
    listed = ", ".join(f"y{i}" for i in range(5000))
    file.write_text(BASE.replace("uniform(0, 1)", f"uniform(0, min({listed}))"))
    start = time.perf_counter()
    assert call("check", file).status == 1
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("command", ["describe", "train"])
def test_a_hopeless_requirement_shows_the_odds(inside: Path, command: str) -> None:
    if command == "train":
        pytest.importorskip("tensorflow")
    file = inside / "hopeless.task"
    file.write_text(BASE.replace("uniform(0, 1)", "uniform(0, 1)\n        require x > 0.9999"))
    ended = launch(command, file, cwd=inside)
    assert ended.status == 1
    assert "trials still break `require x > 0.9999` after 100 attempts" in ended.err
    assert "Traceback" not in ended.err


def test_a_trial_of_an_hour_is_described_soon(inside: Path) -> None:
    file = inside / "long.task"
    file.write_text(BASE.replace("100 ms", "60 min"))
    start = time.perf_counter()
    ended = call("describe", file)
    assert ended.status == 0
    assert "Chance: 50%" in ended.out
    assert time.perf_counter() - start < 30


@pytest.mark.parametrize(
    "name", ["x\nraise OSError\n#", "a # b", '"""', "\\", "x\ry", "\u2028", "' + z"]
)
def test_the_name_of_a_file_is_no_code(inside: Path, name: str) -> None:
    file = inside / f"{name}.task"
    text = BASE.replace("uniform(0, 1)", "uniform(0, 1)\n        require x > 0.2")
    file.write_text(text.replace("show: wait", "show: wait\n        more: uniform(1 ms, 5 ms)"))
    plain = inside / "plain.task"
    plain.write_text(file.read_text())
    ended = call("build", file)
    assert ended.status == 0
    compile(ended.out, "built", "exec")
    code = [ast.unparse(ast.parse(out)) for out in (ended.out, call("build", plain).out)]
    assert code[0].split("TASK =")[1] == code[1].split("TASK =")[1]
