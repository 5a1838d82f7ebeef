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


def test_one_run_reports_a_pin_and_what_else_is_wrong(tmp_path: Path) -> None:
    path = tmp_path / "several.train"
    path.write_text(
        """epochal 1

experiment several:
    task: "epochal:rdm"
    pin: "task1:000000000000"
    curriculum:
        stage easy with coherence = {51.2%}:
            at_most: 100
        stage full with viewing = 5 s:
            at_most: 100
""",
        "utf-8",
    )
    assert [one.code for one in judge(path)[0]] == ["E0807", "E0201", "E0327"]
