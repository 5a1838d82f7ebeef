"""Bounds read off the IR alone are those that lowering found."""

import pytest
from compiled import checked_item, golden_sets, golden_tasks

from epochal.compiler.compile import from_ir
from epochal.compiler.ir_json import decode, encode

TASKS = golden_tasks() | golden_sets()


@pytest.mark.parametrize("name", TASKS)
def test_a_task_taken_up_from_its_ir_prints_the_same_module(name: str) -> None:
    before = checked_item(TASKS[name].read_text("utf-8"), TASKS[name].name)
    after = from_ir(decode(encode(before.program)))
    assert after.program == before.program
    for one, other in zip(after.tasks, before.tasks, strict=True):
        assert dict(one.bounds.known) == dict(other.bounds.known)
    assert after.module() == before.module()
