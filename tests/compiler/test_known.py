"""Bounds read off the IR alone are those that lowering found."""

import pytest
from compiled import checked, golden_tasks

from epochal.compiler.compile import from_ir
from epochal.compiler.ir_json import decode, encode

TASKS = golden_tasks()


@pytest.mark.parametrize("name", TASKS)
def test_a_task_taken_up_from_its_ir_prints_the_same_module(name: str) -> None:
    before = checked(TASKS[name].read_text("utf-8"), TASKS[name].name)
    after = from_ir(decode(encode(before.task)))
    assert dict(after.bounds.known) == dict(before.bounds.known)
    assert after.module() == before.module()
