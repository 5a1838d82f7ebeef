"""What the compiler makes of some tasks, to the letter.

``pytest tests/compiler/test_golden.py --update-golden`` rewrites the files; read the diff.
"""

from pathlib import Path

import pytest
from compiled import EXTERNS, GOLDEN, checked_item, golden_sets, golden_tasks

from epochal.compiler.ir_json import decode, encode
from epochal.compiler.version import VERSION

TASKS = golden_tasks() | golden_sets()


def compare(path: Path, made: str, update: bool) -> None:
    if update:
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, "utf-8")
    assert made == path.read_text("utf-8"), f"{path.name} differs; see test_golden.py"


def without_version(text: str) -> str:
    """Leave the version out, so that a release changes no golden file."""
    return text.replace(f"printed by Epochal {VERSION} from", "printed by Epochal from", 1)


@pytest.mark.parametrize("name", TASKS)
def test_the_ir_of_a_golden_task_is_unchanged(name: str, update_golden: bool) -> None:
    made = encode(checked_item(TASKS[name].read_text("utf-8"), TASKS[name].name).program)
    compare(GOLDEN / name / "ir.json", made.decode(), update_golden)
    assert encode(decode(made)) == made


@pytest.mark.parametrize("name", TASKS)
def test_the_printed_module_of_a_golden_task_is_unchanged(name: str, update_golden: bool) -> None:
    made = checked_item(TASKS[name].read_text("utf-8"), TASKS[name].name).module()
    compare(GOLDEN / name / "trials.py", without_version(made), update_golden)


def test_every_golden_folder_belongs_to_a_task() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {*TASKS, EXTERNS.parent.name}
