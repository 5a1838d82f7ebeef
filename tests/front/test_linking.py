"""Tasks that extend tasks of other files."""

from pathlib import Path

import numpy as np
import pytest

from epochal import CompileError, load
from epochal.driver import task_from_ir

BASE = """epochal 1

task pro:
    params:
        viewing = 500 ms within (100 ms, 2 s)

    inputs:
        light[left, right] noise white(0.1, at = 20 ms)

    outputs:
        choice[left, right]

    trial:
        side ~ balanced({left, right})
        strength ~ uniform(0.5, 1)

    epochs:
        show: viewing
        respond: uniform(200 ms, 400 ms)

    during show:
        light[side] = strength

    during respond:
        target choice[side] = 1

    score:
        correct = argmax(choice @ respond) == side

task anti extends pro:
    during respond:
        target choice = 0
        target choice[other(side)] = 1

    score:
        correct = argmax(choice @ respond) == other(side)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "base.task").write_text(BASE)
    return tmp_path


def write(folder: Path, text: str) -> str:
    path = folder / "mine.task"
    path.write_text("epochal 1\n\n" + text)
    return str(path)


def test_a_task_extends_the_first_task_of_a_file_that_it_uses(folder: Path) -> None:
    file = write(folder, 'use "./parts/base.task"\n\ntask a extends base with viewing = 300 ms\n')
    task = load(file)
    assert task.name == "a"
    assert set(np.diff(task.batch(8).epochs["show"], axis=1).ravel()) == {15}


def test_a_task_extends_a_task_through_an_alias(folder: Path) -> None:
    text = 'use "./parts/base.task" as parts\n\ntask a extends parts.anti with viewing = 300 ms\n'
    batch = load(write(folder, text)).batch(8, noise=False)
    last = batch.epochs["respond"][:, 0]
    side = np.asarray(batch.trials["side"], int)
    assert (batch.targets[np.arange(8), last, 1 - side] == 1).all()
    assert (batch.targets[np.arange(8), last, side] == 0).all()


def test_parent_and_child_draw_the_same_words(folder: Path) -> None:
    parent = load(str(folder / "parts" / "base.task"))
    child = load(write(folder, 'task a extends "./parts/base.task" with viewing = 300 ms\n'))
    first, second = parent.batch(16, seed=3), child.batch(16, seed=3)
    for name in ("side", "strength", "respond"):
        assert np.array_equal(first.trials[name], second.trials[name])


def test_a_library_task_is_found_by_its_package(tmp_path: Path) -> None:
    task = load(write(tmp_path, 'task a extends "epochal:rdm" with viewing = 300 ms\n'))
    assert task.inputs == load("rdm").inputs
    assert task.values["viewing"] == "300 ms"


@pytest.mark.parametrize(
    ("text", "code", "told"),
    [
        ('use "../other.task"\n\ntask a extends other with x = 1\n', "E0425", "leaves the folder"),
        ('task a extends "/etc/passwd" with x = 1\n', "E0425", "leaves the folder"),
        ('task a extends "./parts/bse.task" with x = 1\n', "E0424", "./base.task"),
        ('task a extends "epochal:rmd" with x = 1\n', "E0424", "epochal:rdm"),
        ('task a extends "nolab:rdm" with x = 1\n', "E0424", "installed packages"),
        ("task a extends lab.rdm with x = 1\n", "E0424", "no `use` brings in `lab`"),
        ("task a extends b with x = 1\n", "E0422", "no task `b`"),
        ("task a extends a with x = 1\n", "E0423", "a extends a"),
    ],
)
def test_a_parent_that_cannot_be_had_is_a_clear_error(
    folder: Path, text: str, code: str, told: str
) -> None:
    with pytest.raises(CompileError) as caught:
        load(write(folder, text))
    assert code in {one.code for one in caught.value.diagnostics}
    assert told in str(caught.value)


def test_a_link_does_not_lead_out_of_the_folder(folder: Path, tmp_path: Path) -> None:
    inside = folder / "inside"
    inside.mkdir()
    (inside / "base.task").symlink_to(folder / "parts" / "base.task")
    file = write(inside, 'task a extends "./base.task" with viewing = 300 ms\n')
    with pytest.raises(CompileError, match="leaves the folder"):
        load(file)


def test_mistakes_of_a_used_file_are_shown_with_its_name(folder: Path) -> None:
    (folder / "parts" / "base.task").write_text(BASE.replace("uniform(200 ms", "uniform(200 msec"))
    with pytest.raises(CompileError, match=r"base\.task:\d+:\d+.*E0130"):
        load(write(folder, 'task a extends "./parts/base.task" with viewing = 300 ms\n'))


def test_a_task_taken_up_from_its_ir_makes_the_same_trials(folder: Path) -> None:
    task = load(write(folder, 'task a extends "./parts/base.task" with viewing = 300 ms\n'))
    again = task_from_ir(task.ir_json, task.source, dict(task.values), task.hash)
    first, second = task.batch(16, seed=5), again.batch(16, seed=5)
    assert np.array_equal(first.inputs, second.inputs)
    assert np.array_equal(first.targets, second.targets)
    assert (task.hash, task.values) == (again.hash, again.values)


def test_what_is_no_ir_is_refused() -> None:
    with pytest.raises(ValueError, match="not the IR of a task"):
        task_from_ir(b"{}", "", {}, "")
