"""The page of constructs links whole tasks that compile."""

import re
from pathlib import Path

import pytest

from epochal import load

PAGE = Path(__file__).parents[2] / "docs" / "constructs.md"
ROWS = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| ")][1:]
LINKS = sorted(set(re.findall(r"\]\((\.\./[^)]*\.task)\)", PAGE.read_text("utf-8"))))
ALLOWED = ("externs_for_tests",)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_every_construct_has_an_example(row: str) -> None:
    assert re.search(r"\]\((\.\./[^)]*\.task)\)", row)


@pytest.mark.parametrize("link", LINKS)
def test_every_example_of_a_construct_compiles(link: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(PAGE.parents[1] / "tests" / "compiler"))
    made = load((PAGE.parent / link).resolve(), allow_extern=ALLOWED).batch(8)
    assert len(made.inputs) == 8
