"""The names by which tasks of the library, and of packages of others, are found."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest
from command_line import RDM, call

import epochal
from epochal import CompileError
from epochal.library import Shelf, library, shelf_of


def training(task: str) -> str:
    return f'epochal 1\n\nexperiment shaping:\n    task: "lab:{task}"\n    seeds: [0]\n'


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of tasks, two of which have the same bare name; it is the library, too."""
    folder = tmp_path / "room" / "lab_of_tests"
    for name in ("dots/go", "dots/_part", "waves/go", "waves/hum", "alone"):
        path = folder / f"{name}.task"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RDM.replace("task rdm:", f"task {path.stem}:"))
    (folder / "waves" / "shaping.train").write_text(training("waves/go"))
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(folder.parent))
    point = metadata.EntryPoint("lab", "lab_of_tests", "epochal.tasks")
    monkeypatch.setattr(metadata, "entry_points", lambda group: (point,))
    monkeypatch.setattr("epochal.library.PACKAGE", "lab_of_tests")
    monkeypatch.chdir(tmp_path)
    yield folder
    sys.modules.pop("lab_of_tests", None)


def write(folder: Path, location: str) -> Path:
    file = folder / "mine.task"
    file.write_text(f'epochal 1\n\ntask mine extends "{location}" with viewing = 300 ms\n')
    return file


@pytest.mark.parametrize("name", ["rdm", "classic/rdm"])
def test_a_task_of_the_library_has_a_full_and_a_bare_name(name: str, tmp_path: Path) -> None:
    assert epochal.load(name).hash == epochal.load(str(library().files["classic/rdm"])).hash
    assert call("check", name).out == "rdm: no errors\n"
    assert call("describe", f"{name}:rdm").status == 0
    assert epochal.load(write(tmp_path, f"epochal:{name}")).values["viewing"] == "300 ms"
    file = tmp_path / "mine.train"
    file.write_text(f'epochal 1\n\nexperiment mine:\n    task: "epochal:{name}#rdm"\n')
    assert call("check", file).out == "mine: no errors\n"


def test_a_bare_name_that_several_tasks_have_is_refused_with_their_full_names(lab: Path) -> None:
    for name in ("go", "go:go"):
        ended = call("check", name)
        assert ended.status == 1
        assert "error[E0109]: several tasks of the library are called `go`" in ended.err
        assert "write `dots/go` or `waves/go`" in ended.err
    with pytest.raises(CompileError, match="`dots/go` or `waves/go`"):
        epochal.load("go")
    assert call("check", "dots/go").out == call("check", "waves/go:go").out == "go: no errors\n"


def test_a_parent_of_several_that_share_a_name_is_refused_with_fixes(lab: Path) -> None:
    file = write(lab.parent, "lab:go")
    with pytest.raises(CompileError) as caught:
        epochal.load(file)
    (found,) = caught.value.diagnostics
    assert found.code == "E0424"
    text = file.read_text()
    mended = [text[: f.span.start] + f.replacement + text[f.span.end :] for f in found.fixes]
    assert [line.split('"')[1] for line in mended] == ["lab:dots/go", "lab:waves/go"]
    for line in mended:
        file.write_text(line)
        assert epochal.load(file).name == "mine"


def test_the_task_of_an_experiment_is_found_by_the_same_names(lab: Path) -> None:
    assert call("check", "waves/shaping.train").out == "shaping: no errors\n"
    assert call("check", "shaping.train").out == "shaping: no errors\n"
    (lab / "waves" / "shaping.train").write_text(training("go"))
    ended = call("check", "shaping.train")
    assert ended.status == 1
    assert "write `lab:dots/go` or `lab:waves/go`" in ended.err
    assert "shaping.train:4:11" in ended.err


def test_a_file_that_only_others_use_has_a_full_name_alone(lab: Path) -> None:
    assert epochal.load(write(lab.parent, "lab:dots/_part")).name == "mine"
    assert "there is no file `_part` here" in call("check", "_part").err
    assert "dots/_part" not in shelf_of(lab).listed


def test_a_misspelt_name_gets_the_nearest_that_works(lab: Path) -> None:
    assert "did you mean `hum`?" in call("check", "hmu").err
    assert "did you mean `waves/hum`?" in call("check", "waves/hmu").err
    assert "did you mean `alone`?" in call("check", "alnoe").err
    assert "did you mean `dots/go`?" in call("check", "og").err
    with pytest.raises(CompileError, match="did you mean `lab:waves/hum`"):
        epochal.load(write(lab.parent, "lab:waves/hm"))


def test_check_takes_the_whole_library(lab: Path) -> None:
    assert call("check", "--library").out == "alone, go, go, hum, shaping: no errors\n"
    assert call("check", "--library", lab / "dots" / "_part.task").out.count(",") == 5
    (lab / "waves" / "hum.task").write_text(RDM.replace("coh / 2", "cho / 2"))
    ended = call("check", "--library")
    assert ended.status == 1
    assert "hum.task:39" in ended.err
    misused = call("check")
    assert (misused.status, misused.out) == (2, "")
    assert "TASK is missing" in misused.err


def test_a_file_of_the_folder_goes_before_the_library(lab: Path, tmp_path: Path) -> None:
    shutil.copytree(lab / "waves", tmp_path / "waves")
    (tmp_path / "waves" / "shaping.train").write_text(training("alone"))
    (lab / "waves" / "shaping.train").write_text("spoilt")
    assert call("check", "waves/shaping.train").status == 0


def test_the_shortest_name_of_a_task_means_it() -> None:
    shelf = library()
    assert shelf.tasks
    for full in shelf.listed:
        assert shelf.meant(shelf.short(full)) == (full,)
    assert Shelf({"a/x": Path("x.task"), "b/x": Path("x.task")}).short("a/x") == "a/x"
