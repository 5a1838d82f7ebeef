"""The .train files that the documentation shows have no errors."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from epochal.driver import Session
from epochal.prepare import prepare

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
EXAMPLES = [
    pytest.param(text, id=f"{page.stem}-{i}")
    for page in PAGES
    for i, text in enumerate(re.findall(r"```train\n(.*?)```", page.read_text("utf-8"), re.S))
]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_experiment_of_the_documentation_has_no_errors(text: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "benchmarks" / "one_by_one" / "rules.task", tmp_path)
    (tmp_path / "example.train").write_text(text, "utf-8")
    session = Session()
    found = prepare(str(tmp_path / "example.train"), {}, session)
    assert found is not None, [one.message for one in session.diagnostics]


def test_there_are_such_examples() -> None:
    assert len(EXAMPLES) >= 2
