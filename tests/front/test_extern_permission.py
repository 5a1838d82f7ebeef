"""Externs through the command line, the Python interface and run directories."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import call, launch

from epochal import CompileError, load
from epochal.compiler import extern_source
from epochal.driver import task_from_ir

STIM = "import numpy as np\n\ndef gabor(theta):\n    return np.cos(np.radians(theta))\n"
TASK = """epochal 1

extern gabor(theta) = "mylab.stim:gabor"

task grating:
    params:
        size = 2

    inputs:
        screen[size]

    outputs:
        press[left, right]

    trial:
        side ~ balanced({left, right})
        theta ~ uniform(0 deg, 90 deg)

    epochs:
        show: 200 ms
        respond: 100 ms

    during show:
        screen = gabor(theta)
        screen[0] = 1 if side == left else 0

    during respond:
        target press[side] = 1

    score:
        correct = argmax(press @ respond) == side
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a package `mylab`, and a task that calls it; give the task's file."""
    (tmp_path / "mylab").mkdir()
    (tmp_path / "mylab" / "__init__.py").write_text("print('IMPORTED')\n")
    (tmp_path / "task.task").write_text(TASK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    write(tmp_path / "task.task", STIM)
    return tmp_path / "task.task"


def write(task: Path, source: str) -> None:
    """Write the lab's module, as before a new start of Python."""
    (task.parent / "mylab" / "stim.py").write_text(source)
    for name in [name for name in sys.modules if name.split(".")[0] == "mylab"]:
        del sys.modules[name]
    extern_source._imported.clear()
    importlib.invalidate_caches()


ALLOW = ("--allow-extern", "mylab.stim")


@pytest.mark.parametrize("command", ["check", "describe", "build"])
def test_commands_run_externs_only_where_they_are_allowed(lab: Path, command: str) -> None:
    ended = call(command, lab)
    assert ended.status == 1
    assert "E0363" in ended.err
    assert "--allow-extern mylab.stim" in ended.err
    assert "IMPORTED" not in ended.said
    assert "mylab" not in sys.modules
    allowed = call(command, lab, *ALLOW)
    assert allowed.status == 0, allowed.said
    assert "IMPORTED" in allowed.out


def test_check_reports_all_else_without_permission(lab: Path) -> None:
    lab.write_text(TASK.replace("100 ms", "exponential(1 s)"))
    ended = call("check", lab, "--format", "json")
    assert {one["code"] for one in json.loads(ended.out)} >= {"E0363", "E0418"}
    assert "mylab" not in sys.modules


@pytest.mark.parametrize("module", ["", "../mylab", "mylab stim", "mylab.stim:gabor", "-"])
def test_what_is_no_module_cannot_be_allowed(lab: Path, module: str) -> None:
    ended = call("check", lab, "--allow-extern", module)
    assert ended.status == 2
    assert "is not the name of a module" in ended.err


def test_describe_and_build_name_the_python_code(lab: Path) -> None:
    assert "gabor of mylab.stim (source sha256 " in call("describe", lab, *ALLOW).out
    built = call("build", lab, *ALLOW).out
    assert "from mylab.stim import gabor\n" in built
    assert "Needs NumPy and mylab.stim" in built


def test_a_failing_extern_is_an_error_without_a_traceback(lab: Path) -> None:
    write(lab, "def gabor(theta): raise OSError('no screen')\n")
    ended = launch("describe", lab, *ALLOW, cwd=lab.parent)
    assert ended.status == 1
    assert "grating: the extern `gabor` failed: OSError: no screen" in ended.err
    assert "Traceback" not in ended.err
    with pytest.raises(ValueError, match=r"gabor.*no screen") as caught:
        load(lab, allow_extern=["mylab.stim"]).batch(4)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("allow", [["mylab.stim"], ("mylab.stim",), "mylab.stim"])
def test_python_allows_modules_by_name(lab: Path, allow: list[str]) -> None:
    with pytest.raises(CompileError, match="E0363"):
        load(lab)
    task = load(lab, allow_extern=allow)
    assert task.batch(4).inputs.shape == (4, 15, 2)
    assert task.with_params(size=3).batch(4).inputs.shape == (4, 15, 3)
    assert task.with_params(size=3).hash == task.hash


def test_a_line_changed_in_the_module_is_another_task(lab: Path) -> None:
    before = load(lab, allow_extern=["mylab.stim"])
    write(lab, STIM.replace("cos", "sin"))
    assert load(lab, allow_extern=["mylab.stim"]).hash != before.hash
    with pytest.raises(ValueError, match=r"source of `mylab\.stim` has changed"):
        task_from_ir(before.ir_json, "", {}, before.hash, frozenset({"mylab.stim"}))


def test_an_ir_runs_nothing_without_permission(lab: Path) -> None:
    before = load(lab, allow_extern=["mylab.stim"])
    write(lab, STIM)
    with pytest.raises(ValueError, match=r"--allow-extern mylab\.stim"):
        task_from_ir(before.ir_json, "", {}, before.hash)
    assert "mylab" not in sys.modules
    again = task_from_ir(before.ir_json, "", {}, before.hash, frozenset({"mylab.stim"}))
    assert again.batch(4, seed=1).inputs.tolist() == before.batch(4, seed=1).inputs.tolist()


CHILD = """epochal 1

use "./task.task" as parts

extern gabor(x, y) = "mylab.more:other"

task mine extends parts.grating:
    during show:
        screen[1] += gabor(theta, 2)
"""


def test_each_file_calls_its_own_externs(lab: Path) -> None:
    child = lab.with_name("child.task")
    child.write_text(CHILD)
    (lab.parent / "mylab" / "more.py").write_text("def other(x, y): return 0 * x + y\n")
    with pytest.raises(CompileError, match="E0363") as caught:
        load(child)
    assert "task.task:3:1" in str(caught.value)
    assert "child.task:5:1" in str(caught.value)
    with pytest.raises(CompileError, match=r"mylab\.more"):
        load(child, allow_extern=["mylab.stim"])
    task = load(child, allow_extern=["mylab.stim", "mylab.more"])
    parent = load(lab, allow_extern=["mylab.stim"])
    more = task.batch(4, noise=False).inputs - parent.batch(4, noise=False).inputs
    assert more[:, :10, 1].ravel().tolist() == pytest.approx([2.0] * 40)
    assert [one.location for one in task.ir.externs] == ["mylab.stim:gabor", "mylab.more:other"]


def test_an_extern_of_another_file_is_declared_where_it_is_called(lab: Path) -> None:
    child = lab.with_name("child.task")
    child.write_text(CHILD.replace('extern gabor(x, y) = "mylab.more:other"\n', ""))
    with pytest.raises(CompileError, match="extern of another file") as caught:
        load(child, allow_extern=["mylab.stim"])
    assert "declare it in this file too" in str(caught.value)


SET = """epochal 1

use "./task.task" as parts
use "./child.task" as more

taskset both:
    inputs:
        screen[2]

    outputs:
        press[left, right]

    member one = parts.grating
    member two = more.mine
"""


def test_members_of_a_set_call_the_externs_of_their_own_files(lab: Path) -> None:
    lab.with_name("child.task").write_text(CHILD)
    (lab.parent / "mylab" / "more.py").write_text("def other(x, y): return 0 * x + y\n")
    file = lab.with_name("set.task")
    file.write_text(SET)
    with pytest.raises(CompileError, match="E0363"):
        load(file, allow_extern=["mylab.stim"])
    assert "mylab.more" not in sys.modules
    task = load(file, allow_extern=["mylab.stim", "mylab.more"])
    batch = task.batch(8, noise=False)
    theta = np.asarray(batch.trials["theta"], float)
    second = np.cos(np.radians(theta)) + 2 * np.asarray(batch.trials["task"])
    np.testing.assert_allclose(batch.inputs[:, 0, 1], second, rtol=1e-6)
    locations = {one.location for one in task.ir.externs}
    assert locations == {"mylab.stim:gabor", "mylab.more:other"}


def test_a_run_is_taken_up_only_with_the_source_that_it_was_trained_with(
    lab: Path, tmp_path: Path
) -> None:
    pytest.importorskip("tensorflow")
    run = tmp_path / "run"
    small = ("--updates", "2", "--units", "8", "--batch", "8", "--quiet", "--out", run)
    assert call("train", lab, *small).status == 1
    assert call("train", lab, *small, *ALLOW).status == 0
    assert '"location": "mylab.stim:gabor"' in (run / "task.ir.json").read_text()
    write(lab, STIM)
    few = ("evaluate", run, "--trials", "20")
    refused = call(*few)
    assert refused.status == 1
    assert "--allow-extern mylab.stim" in refused.err
    assert "mylab" not in sys.modules
    assert call(*few, *ALLOW).status == 0
    write(lab, STIM.replace("cos", "sin"))
    changed = call(*few, *ALLOW)
    assert changed.status == 1
    assert "source of `mylab.stim` has changed" in changed.err
