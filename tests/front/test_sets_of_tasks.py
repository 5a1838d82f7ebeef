"""Sets of tasks through the Python interface and the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import call

from epochal import CompileError, load
from epochal.compiler import ir
from epochal.driver import task_from_ir

GOLDEN = Path(__file__).parents[1] / "compiler" / "golden"
MINI = GOLDEN / "yang_mini" / "source.task"


def named(name: str, value: object) -> Any:
    """Name a parameter of a member, which no keyword can."""
    return {name: value}


def test_a_file_that_holds_a_set_is_about_the_set() -> None:
    assert load(str(MINI)).name == "yang_mini"
    assert load(f"{MINI}:go").name == "go"
    assert load(f"{MINI}:yang_mini").name == "yang_mini"
    with pytest.raises(CompileError, match="did you mean `yang_mini`"):
        load(f"{MINI}:yang_mine")


def test_a_batch_of_a_set_has_all_that_a_batch_has() -> None:
    task = load(str(MINI))
    batch = task.batch(40, seed=3)
    assert batch.inputs.shape == (40, task.n_steps(20.0), task.n_in) == (40, 165, 68)
    assert task.labels["task"] == ("go_pro", "go_anti", "delayed_go")
    assert task.inputs[-3:] == ("rule[go_pro]", "rule[go_anti]", "rule[delayed_go]")
    assert list(batch.epochs) == ["fix", "stimulus", "delay", "response"]
    assert (batch.epochs["response"][:, 1] == batch.lengths).all()
    shown = (batch.inputs[:, :, -3:].sum(axis=2) > 0).sum(axis=1)
    assert (shown == batch.lengths).all()
    scored = task.score(batch.targets, batch)
    assert np.asarray(scored["correct"]).all()


def test_parameters_of_members_are_bound_in_python() -> None:
    task = load(str(MINI), **named("go_pro.delay_time", 1000))
    assert "go_pro.delay_time" in task.params
    assert task.values["go_pro.delay_time"] == "1000 ms"
    table = task.batch(20).trials
    assert set(table["delay_time"][table["task"] == 0]) == {1_000_000}
    everyone = load(str(MINI)).with_params(
        delay_time="250 ms", **named("go_anti.delay_time", "1 s")
    )
    assert everyone.values["delayed_go.delay_time"] == "250 ms"
    assert everyone.values["go_anti.delay_time"] == "1 s"
    assert everyone.hash == task.hash
    assert task.batch(9, **named("delayed_go.anti", 1)).inputs.shape[0] == 9
    with pytest.raises(CompileError, match=r"did you mean `go_pro.anti`"):
        load(str(MINI), **named("go_pro.ante", 1))


def test_a_set_is_taken_up_from_its_ir() -> None:
    task = load(str(MINI))
    assert isinstance(task.ir, ir.Taskset)
    again = task_from_ir(task.ir_json, task.source, dict(task.values), task.hash)
    assert again.ir == task.ir
    assert again.batch(9, seed=1).inputs.tobytes() == task.batch(9, seed=1).inputs.tobytes()


def test_members_live_in_other_files(tmp_path: Path) -> None:
    text = MINI.read_text("utf-8")
    head, tasks = text.partition("taskset yang_mini:")[0], "taskset yang_mini:"
    rest = text.partition(tasks)[2]
    (tmp_path / "rules.task").write_text(head)
    folder = tmp_path / "more"
    folder.mkdir()
    (tmp_path / "set.task").write_text(
        'epochal 1\n\nuse "./rules.task" as rules\n\n'
        + tasks
        + rest.replace("= go with anti", "= rules.go with anti")
        .replace("= go with delay", '= "./rules.task" with delay')
        .replace("= go\n", "= rules\n")
    )
    apart = load(str(tmp_path / "set.task"))
    assert apart.hash == load(str(MINI)).hash
    assert apart.batch(8).inputs.tobytes() == load(str(MINI)).batch(8).inputs.tobytes()


def test_library_tasks_are_members(tmp_path: Path) -> None:
    file = tmp_path / "set.task"
    file.write_text(
        """epochal 1

taskset both:
    inputs:
        fixation
        motion[left, right]
        rule: onehot(members)

    outputs:
        hold
        choice[left, right]

    member plain = "epochal:rdm"
    member brief = "epochal:rdm" with viewing = 300 ms
"""
    )
    task = load(str(file))
    table = task.batch(30, seed=2).trials
    assert set(table["viewing"][table["task"] == 1]) == {300_000}


def test_check_looks_at_all_tasks_and_sets_of_a_file() -> None:
    ended = call("check", MINI, "--dt", "7")
    assert ended.status == 0
    assert "go, yang_mini: no errors" in ended.out
    assert "W0707" in ended.err
    assert call("check", f"{MINI}:yang_mini").out == "yang_mini: no errors\n"


def test_set_binds_parameters_of_members() -> None:
    assert call("check", MINI, "--set", "go_pro.delay_time=1 s").status == 0
    assert call("check", f"{MINI}:go", "--set", "go_pro.delay_time=1 s").status == 1
    name = f"{MINI}:yang_mini"
    ended = call("check", name, "--set", "go_pro.delaytime=1 s")
    assert ended.status == 1
    assert "did you mean `go_pro.delay_time`" in ended.err
    assert call("check", name, "--set", "a.b.c=1").status == 2


def test_describe_tells_of_the_set_and_of_each_task() -> None:
    ended = call("describe", MINI)
    assert ended.status == 0
    assert ended.out.startswith("yang_mini: Three rules from a 20-task set\n")
    assert "3 tasks, mixed 1 : 1 : 2 in each batch, each trial at most 3.3 s" in ended.out
    assert "rule      3 units: go_pro, go_anti, delayed_go; which task a trial is of" in ended.out
    assert "\ngo_anti: Respond towards (pro) or away from (anti) a stimulus\n" in ended.out
    assert "parameters  anti = 1, delay_time = 500 ms" in ended.out
    assert "Chance: 20%" in ended.out


def test_build_prints_the_module_and_the_ir_of_a_set() -> None:
    ended = call("build", MINI)
    assert ended.status == 0
    space: dict[str, object] = {}
    exec(compile(ended.out, "built", "exec"), space)
    emitted = json.loads(call("build", MINI, "--emit", "ir").out)
    assert emitted["kind"] == "taskset"
    assert [one["name"] for one in emitted["members"]] == ["go_pro", "go_anti", "delayed_go"]
    assert "kind" not in json.loads(call("build", f"{MINI}:go", "--emit", "ir").out)


def test_a_set_is_trained_and_evaluated_by_task(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train = ("train", MINI, "--updates", 3, "--units", 8, "--batch", 8, "--quiet", "--out", run)
    ended = call(*train, "--set", "go_anti.delay_time=300 ms")
    assert ended.status == 0, ended.said
    ended = call("evaluate", run, "--by", "task", "--trials", 80)
    assert ended.status == 0, ended.said
    _, head, *rows = ended.out.splitlines()
    assert head.split() == ["task", "trials", "accuracy"]
    assert [row.split()[:2] for row in rows] == [
        ["go_pro", "20"],
        ["go_anti", "20"],
        ["delayed_go", "40"],
    ]
    kept = json.loads((run / "run.json").read_text())["task"]["values"]
    assert kept["go_anti.delay_time"] == "300 ms"
