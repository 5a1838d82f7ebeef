"""Every mistake that the compiler finds has a program that makes it, and the report it gets."""

from pathlib import Path

import pytest
from compiled import judged_item

from epochal.compiler.checks import grid
from epochal.dsl.codes import CODES, NOT_IN_A_FILE
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.render import render

BAD = Path(__file__).parents[1] / "bad"
# The spelling of a file, E01, is the business of tests/dsl/test_bad_syntax.py.
PROGRAMS = sorted(path for path in BAD.glob("*.task") if not path.stem.startswith("E01"))

# Mistakes that come from outside the file: a binding of --set, and the dt of a run.
BINDINGS = {"E0324_bound_to_another_type": {"wait": "3 Hz"}}
DT = 20.0

# Modules that the user has allowed.
ALLOWED = {
    "E0364_no_such_module": "mylab_of_nobody.stim",
    "E0365_no_such_function": "externs_for_tests",
    "E0366_without_source": "math",
}


def judge(path: Path) -> tuple[Diagnostic, ...]:
    text = path.read_text("utf-8")
    allowed = frozenset({ALLOWED[path.stem]} if path.stem in ALLOWED else ())
    checked, found = judged_item(text, path.name, BINDINGS.get(path.stem), allowed)
    tasks = checked.tasks if checked is not None else ()
    return (*found, *(off for one in tasks for off in grid(one.task, one.bounds, DT)))


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_bad_program_gets_its_report(path: Path, update_golden: bool) -> None:
    report = render(judge(path), {path.name: path.read_text("utf-8")}, color=False)
    golden = path.with_suffix(".txt")
    if update_golden:
        golden.write_text(report, "utf-8")
    assert report == golden.read_text("utf-8")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_bad_program_makes_the_mistake_of_its_name_and_no_other(path: Path) -> None:
    assert {one.code for one in judge(path)} == {path.stem[:5]}


WRITTEN = [*BAD.glob("*.task"), *BAD.glob("*.train")]


def test_every_code_of_the_table_has_a_bad_program() -> None:
    shown = {path.stem[:5] for path in WRITTEN}
    assert set(CODES) - shown == NOT_IN_A_FILE
    assert shown <= set(CODES)


def test_every_report_belongs_to_a_program() -> None:
    assert {path.stem for path in BAD.glob("*.txt")} == {path.stem for path in WRITTEN}
