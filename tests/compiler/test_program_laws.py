"""What changes of a program leave alone: remarks, more variables, other names, children."""

import re

import numpy as np
import pytest
from compiled import Module, Table, judged, load
from programs.names import LABELS
from programs.program import Program, at_random

from epochal.compiler import ir
from epochal.compiler.compile import Checked
from epochal.compiler.distributions import DISTRIBUTIONS
from epochal.compiler.functions import FUNCTIONS
from epochal.compiler.hash import task_hash

PROGRAMS = [at_random(seed) for seed in range(10_000, 10_025)]
IDS = range(len(PROGRAMS))


def accepted(text: str, program: Program) -> Checked | None:
    return judged(text, bindings=program.run.bindings)[0]


def trials(checked: Checked, program: Program) -> Table | str:
    return drawn(load(checked.module()), program)


def drawn(module: Module, program: Program) -> Table | str:
    """Draw trials; where no trial keeps what the task requires, give the words that say so."""
    run = program.run
    try:
        return module.sample_trials(run.n, run.seed, run.batch, run.stream)
    except ValueError as error:
        if "after 100 attempts" not in str(error):
            raise
        return str(error)


def same(one: Table | str, other: Table | str) -> None:
    if isinstance(one, str) or isinstance(other, str):
        assert one == other
        return
    for name, column in one.items():
        assert np.asarray(column).tobytes() == np.asarray(other[name]).tobytes(), name


@pytest.mark.parametrize("i", IDS)
def test_remarks_and_empty_lines_keep_the_hash_and_the_module(i: int) -> None:
    program = PROGRAMS[i]
    before = accepted(program.text, program)
    text = re.sub(r":\n", ":  # a remark\n\n    # another\n", program.text)
    text = re.sub(r" *##? .*(?=\n)", "", text) if i % 2 else text
    after = accepted(text, program)
    if before is None or after is None:
        assert before is after
        return
    assert task_hash(before.task) == task_hash(after.task)
    same(trials(before, program), trials(after, program))


@pytest.mark.parametrize("i", IDS)
def test_more_variables_do_not_move_the_draws_of_others(i: int) -> None:
    program = PROGRAMS[i]
    head = "    trial:\n"
    if head not in program.text:
        return
    more = f"{head}        fresh_one ~ uniform(0, 1)\n        fresh_two[2] = fresh_one * 2\n"
    before = accepted(program.text, program)
    after = accepted(program.text.replace(head, more, 1), program)
    if before is None or after is None:
        assert before is after
        return
    same(trials(before, program), trials(after, program))


@pytest.mark.parametrize("i", IDS)
def test_a_child_draws_what_its_parent_draws(i: int) -> None:
    program = PROGRAMS[i]
    before = accepted(program.text, program)
    child = 'task kid extends made:\n    about:\n        title: "A child"\n\n'
    after = accepted(program.text.replace("task made", f"{child}task made", 1), program)
    if before is None or after is None:
        assert before is after
        return
    same(trials(before, program), trials(after, program))


@pytest.mark.parametrize("i", IDS)
def test_the_name_of_an_output_decides_nothing(i: int) -> None:
    program = PROGRAMS[i]
    before = accepted(program.text, program)
    if before is None:
        return
    name = before.task.outputs[0].name
    if name in other_names(before.task):
        return
    after = accepted(re.sub(rf"\b{name}\b", "fresh_name", program.text), program)
    assert after is not None
    run = program.run
    one, other = (load(checked.module()) for checked in (before, after))
    table = drawn(one, program)
    same(table, drawn(other, program))
    if isinstance(table, str):
        return
    for a, b in zip(one.arrays(table, run.dt), other.arrays(table, run.dt), strict=True):
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def other_names(task: ir.Task) -> set[str]:
    """Name all that is no output."""
    names = {param.name for param in task.params} | {score.name for score in task.scores}
    names |= {name for variable in task.variables for name in variable.names}
    names |= {epoch.name for epoch in task.epochs} | {repeat.index for repeat in task.repeats}
    names |= {unit for channel in (*task.inputs, *task.outputs) for unit in channel.units}
    return names | set(LABELS) | set(FUNCTIONS) | set(DISTRIBUTIONS)
