"""`epochal preview` and `epochal figure`, with Matplotlib and without."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest
from command_line import call, launch

HAS_MATPLOTLIB = importlib.util.find_spec("matplotlib") is not None
PYTHON = (sys.executable, "-m", "epochal")
EXPERIMENT = """epochal 1

experiment tiny:
    task: "epochal:rdm"
    model: ctrnn(units = 5)

    train:
        batch: 8
        trials: 16
        updates: 6

    curriculum:
        every: 2
        stage easy with coherences = {51.2%}:
            until accuracy > 0%
        stage full:
            until accuracy(last = 9) > 99%

    evaluate:
        measure curve with coherences = {0%, 51.2%}:
            trials: 30
            plot: fraction(answer == right, by = coh * (1 if side == right else -1))
        measure both:
            trials: 30
            by: [side, coh]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    (folder / "tiny.train").write_text(EXPERIMENT, "utf-8")
    ended = call("train", folder / "tiny.train", "--out", folder / "run", "--quiet")
    assert ended.status == 0, ended.said
    return folder / "run"


def without(monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    """Act as if a package were not installed."""
    find = importlib.util.find_spec

    def found(name: str, package_: str | None = None) -> ModuleSpec | None:
        return None if name == package else find(name, package_)

    monkeypatch.setattr(importlib.util, "find_spec", found)


def test_a_preview_is_drawn_in_the_terminal_without_matplotlib(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    without(monkeypatch, "matplotlib")
    ended = call("preview", "rdm", "--trials", 2, "--set", "viewing=200 ms")
    assert ended.status == 0, ended.said
    assert ended.out.count("|stim") == 2
    assert "█" in ended.out
    assert ended.out == call("preview", "rdm", "--trials", 2, "--set", "viewing=200 ms").out


def test_a_terminal_that_knows_ascii_alone_gets_it() -> None:
    ended = launch(
        "preview", "rdm", "--trials", 1, command=("env", "PYTHONIOENCODING=ascii", *PYTHON)
    )
    assert ended.status == 0, ended.said
    assert "###" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("preview", "rdm", "--out", "a.svg"), "pip install 'epochal[figures]'"),
        (("figure", "runs/rdm"), "pip install 'epochal[figures]'"),
    ],
)
def test_without_matplotlib_it_is_said_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], said: str
) -> None:
    without(monkeypatch, "matplotlib")
    ended = call(*arguments)
    assert ended.status == 1
    assert "needs matplotlib" in ended.err
    assert said in ended.err


def test_a_preview_of_what_has_errors_shows_them() -> None:
    ended = call("preview", "rdm", "--set", "viewing=9 s")
    assert ended.status == 1
    assert "viewing" in ended.err


@pytest.mark.skipif(not HAS_MATPLOTLIB, reason="Matplotlib is not installed")
class TestDrawing:
    """What needs Matplotlib."""

    def test_a_preview_goes_into_a_file(self, tmp_path: Path) -> None:
        out = tmp_path / "rdm.svg"
        ended = call("preview", "rdm", "--noise", "--out", out)
        assert ended.status == 0, ended.said
        assert "stimulus" in out.read_text("utf-8")
        ended = call("preview", "rdm", "--out", tmp_path / "rdm.gif")
        assert ended.status == 1
        assert ".svg, .png, .pdf" in ended.err

    def test_the_figures_of_a_run_go_into_its_directory(self, run: Path) -> None:
        ended = call("figure", run)
        assert ended.status == 0, ended.said
        names = sorted(path.name for path in (run / "figures").iterdir())
        assert names == ["learning.svg", "measure-curve.svg"]
        assert ">easy<" in (run / "figures" / "learning.svg").read_text("utf-8")

    def test_they_go_elsewhere_and_in_other_formats(self, run: Path, tmp_path: Path) -> None:
        ended = call("figure", run, "--format", "png", "--out", tmp_path / "f")
        assert ended.status == 0, ended.said
        assert (tmp_path / "f" / "learning.png").is_file()
        assert call("figure", run, run, "--out", tmp_path).status == 2

    def test_a_run_that_is_replaced_takes_its_figures_along(
        self, run: Path, tmp_path: Path
    ) -> None:
        copy = tmp_path / "run"
        shutil.copytree(run, copy)
        call("figure", copy)
        (copy / "notes.txt").write_text("mine")
        ended = call("train", "rdm", "--updates", 1, "--units", 3, "--out", copy, "--force", "-q")
        assert ended.status == 0, ended.said
        assert not (copy / "figures").exists()
        assert not (copy / ".previous").exists()
        assert (copy / "notes.txt").read_text() == "mine"

    def test_what_is_no_run_has_no_figures(self, tmp_path: Path) -> None:
        ended = call("figure", tmp_path)
        assert ended.status == 1
        assert "is not a run directory" in ended.err

    def test_a_damaged_run_says_so(self, run: Path, tmp_path: Path) -> None:
        copy = tmp_path / "run"
        shutil.copytree(run, copy)
        (copy / "measures.json").write_text("{")
        assert "measures.json is damaged" in call("figure", copy).err
        (copy / "metrics.jsonl").write_text('{"update": 1}\n')
        assert "metrics.jsonl is damaged" in call("figure", copy).err
