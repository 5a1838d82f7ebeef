"""Every mistake in a .train file has a file that makes it, and the report it gets."""

from pathlib import Path

import pytest
from command_line import RDM_FILE

from epochal.driver import Session
from epochal.dsl.diagnostic import Diagnostic
from epochal.dsl.render import render
from epochal.prepare import prepare

BAD = Path(__file__).parents[1] / "bad"
PROGRAMS = sorted(BAD.glob("*.train"))


def judge(path: Path) -> tuple[list[Diagnostic], dict[str, str]]:
    session = Session()
    assert prepare(str(path), {}, session) is None
    return session.diagnostics, session.sources


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_bad_experiment_gets_its_report(path: Path, update_golden: bool) -> None:
    report = render(*judge(path), color=False)
    for file in (path, RDM_FILE, RDM_FILE.resolve()):
        report = report.replace(str(file), file.name)
    golden = path.with_suffix(".txt")
    if update_golden:
        golden.write_text(report, "utf-8")
    assert report == golden.read_text("utf-8")


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_bad_experiment_makes_the_mistake_of_its_name_and_no_other(path: Path) -> None:
    assert {one.code for one in judge(path)[0]} == {path.stem[:5]}
