"""The examples of the documentation compile."""

import re
import shutil
from pathlib import Path

import pytest

from epochal import load
from epochal.driver import Session
from epochal.prepare import prepare

DOCS = sorted(Path(__file__).parents[2].glob("docs/*.md"))
EXAMPLES = [
    (document.name, i, text)
    for document in DOCS
    for i, text in enumerate(re.findall(r"^```task\n(.*?)^```", document.read_text(), re.M | re.S))
]


@pytest.mark.parametrize(("document", "number", "text"), EXAMPLES)
def test_every_task_in_the_docs_compiles_and_makes_trials(
    document: str, number: int, text: str, tmp_path: Path
) -> None:
    file = tmp_path / "example.task"
    file.write_text(text)
    batch = load(str(file)).batch(8, seed=number)
    assert batch.inputs.shape[0] == 8


def test_the_language_reference_has_examples() -> None:
    assert any(document == "language.md" for document, _, _ in EXAMPLES)


def test_the_readme_shows_the_library_task_as_it_is() -> None:
    root = Path(__file__).parents[2]
    assert (root / "tasks" / "classic" / "rdm.task").read_text() in (root / "README.md").read_text()


EXPERIMENTS = [
    (document.name, text)
    for document in DOCS
    for text in re.findall(r"^```train\n(.*?)^```", document.read_text(), re.M | re.S)
]


@pytest.mark.parametrize(("document", "text"), EXPERIMENTS)
def test_every_experiment_in_the_docs_can_be_prepared(
    document: str, text: str, tmp_path: Path
) -> None:
    file = tmp_path / "example.train"
    file.write_text(text)
    rules = Path(__file__).parents[2] / "benchmarks/one_by_one/rules.task"
    shutil.copy(rules, tmp_path)  # the set of tasks that one of them is about
    session = Session()
    assert prepare(str(file), {}, session), [one.message for one in session.diagnostics]
