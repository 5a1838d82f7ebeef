"""Every task of the library is right: checked, held against the reference, cited and short."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
import sets
from agreement import hold
from compiled import load
from shelved import HERE, IN_STAGES, TASKS, rows, stated_lints, task_of

from epochal import driver
from epochal.catalog import entries_of, facts_of, sources
from epochal.cli.check_command import check_experiment, check_file
from epochal.compiler import ir
from epochal.library import library, source_of

ENTRIES = {entry.full: entry for entry in entries_of()}
CITED = re.compile(r"doi:10\.|https?://|pmid:\d|arXiv:\d|[^:]+ (1[89]|20)\d\d\b")
"""A reference that can be followed, or authors, year and place."""

MOST_LINES = 60
LONG: Mapping[str, str] = {
    "neurogym/changing_environment": "blocks, and four targets by environment and side",
    "neurogym/context_decision_making": "two modalities, each with stimulus and noise",
    "neurogym/delay_match_sample_distractor_1d": "three tests, each answered",
    "neurogym/dual_delay_match_sample": "two items that are shown, cued and tested in either order",
    "neurogym/hierarchical_reasoning": "blocks, a rule to report and a choice to make",
    "neurogym/memory_recall": "ten elements, each written out",
    "neurogym/one_two_three_go": "nine epochs",
    "neurogym/post_decision_wager": "the better bet is computed",
    "neurogym/probabilistic_reasoning": "four shapes that stay on, and the odds of ten",
    "neurogym/spatial_suppress_motion": "a table of human answers over time",
    "neurogym/yang19_decision": "five tasks in one, by what is shown and what counts",
    "neurogym/yang19_delay_decision": "five tasks in one, by what is shown and what counts",
    "neurogym/yang19_match": "four tasks in one",
    "song2016/sequence_execution": "five epochs, each with dots and aims of its own",
}
"""Tasks of more than 60 lines, each with what it needs them for."""

IMPERFECT: Mapping[str, str] = {
    "classic/weather_prediction": "the weather that came is asked for, the likelier is correct",
}
"""Tasks whose own targets are not always scored as correct, each with why."""


@pytest.mark.parametrize("name", TASKS)
def test_a_task_gets_the_warnings_that_its_file_states_and_no_others(name: str) -> None:
    session = driver.Session()
    assert check_file(str(TASKS[name]), {}, None, session)
    text = TASKS[name].read_text("utf-8")
    assert {one.code for one in session.diagnostics} == stated_lints(text)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_called_like_its_file_cited_and_free(name: str) -> None:
    entry = ENTRIES[name]
    assert task_of(name).name == Path(entry.path).stem
    assert entry.title
    assert entry.title == entry.title.strip(" .")
    assert entry.cite
    assert all(CITED.match(one) for one in entry.cite)
    assert entry.license == "CC0-1.0"


@pytest.mark.parametrize("name", TASKS)
def test_a_task_fits_on_a_page(name: str) -> None:
    lines = TASKS[name].read_text("utf-8").splitlines()
    assert (len(lines) > MOST_LINES) == (name in LONG)
    assert max(map(len, lines)) <= 120


@pytest.mark.parametrize("dt", [20.0, 7.0])
@pytest.mark.parametrize("name", TASKS)
def test_the_printed_module_makes_what_the_slow_reference_makes(name: str, dt: float) -> None:
    task = task_of(name)
    module = load(task.module_source)
    if isinstance(task.ir, ir.Taskset):
        sets.hold(task.ir, module, dt, 3)
    else:
        hold(task.ir, module, dt, max(1, 3 // task.session), 20_251_125, 2, 1, noise=True)


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_told_in_plain_english(name: str) -> None:
    text = task_of(name).describe()
    assert text.startswith(f"{task_of(name).name}: {ENTRIES[name].title}")
    assert "Inputs (" in text
    assert "Outputs (" in text


@pytest.mark.parametrize("name", sorted(set(TASKS) - set(IMPERFECT)))
def test_what_a_task_asks_for_is_scored_as_correct(name: str) -> None:
    task = task_of(name)
    batch = task.batch(max(1, 64 // task.session), seed=1)
    correct = np.asarray(task.score(batch.targets, batch)["correct"], float)
    assert np.isfinite(correct).any()
    assert np.nanmin(correct) == 1


def test_exceptions_are_of_tasks_that_exist() -> None:
    assert set(LONG) | set(IMPERFECT) <= set(TASKS)


def test_every_task_has_its_row_of_learning_and_every_row_its_task() -> None:
    assert not set(rows()) & set(IN_STAGES)
    assert set(rows()) | set(IN_STAGES) == set(TASKS)
    for row in rows().values():
        assert 0 < row.margin < 1
        assert 0 < row.updates <= 20_000


EXPERIMENTS = sorted(set(library().listed) - set(TASKS))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_of_the_library_has_no_mistakes(name: str) -> None:
    session = driver.Session()
    assert check_experiment(name, {}, None, session)
    text = library().files[name].read_text("utf-8")
    assert {one.code for one in session.diagnostics} == stated_lints(text)


def test_every_source_says_where_it_comes_from() -> None:
    folders = {source_of(name) for name in library().files}
    assert folders <= set(sources())
    for one in sources().values():
        assert one.title
        assert not one.cite or one.cite.startswith("doi:")


def test_the_catalogue_reads_what_a_whole_parse_reads() -> None:
    for entry in ENTRIES.values():
        facts = facts_of(entry.path.read_text("utf-8"))
        assert facts["title"] == (entry.title,)
        assert facts["license"] == (entry.license,)
        assert facts["cite"] == entry.cite
        assert facts.get("keywords", ()) == entry.keywords


def test_the_tables_of_learning_are_those_of_sources() -> None:
    for path in (HERE / "learning").glob("*.toml"):
        assert path.stem in sources()
        assert list(tomllib.loads(path.read_text("utf-8")))
