"""Every rule of the language has a test or a bad program that holds it: law.md lists them."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
LAW = (Path(__file__).parent / "law.md").read_text("utf-8")
RULES = [
    (words.partition("\n")[0], re.findall(r"`([^`]+)`", words.partition("\n")[2]))
    for words in re.split(r"^- ", LAW, flags=re.M)[1:]
]


def functions() -> set[str]:
    """Name the tests there are, as ``file::function``."""
    return {
        f"{path.stem}::{node.name}"
        for path in TESTS.rglob("test_*.py")
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


HELD = functions() | {f"bad/{path.stem}" for path in (TESTS / "bad").glob("*.task")}


@pytest.mark.parametrize(("rule", "names"), RULES, ids=[rule[:60] for rule, _ in RULES])
def test_every_rule_is_held_by_tests_that_exist(rule: str, names: list[str]) -> None:
    assert names, f"nothing holds: {rule}"
    assert set(names) <= HELD


def test_no_rule_is_written_twice() -> None:
    rules = [rule for rule, _ in RULES]
    assert len(set(rules)) == len(rules)


def test_every_section_of_the_language_has_rules() -> None:
    sections = re.split(r"^## ", LAW, flags=re.M)[1:]
    assert len(sections) > 8
    assert all("\n- " in section for section in sections)
