"""What docs/results.md says follows from what was recorded; experiments are as documented."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from benchmarks import curriculum, song2016
from epochal.driver import Session
from epochal.library import library
from epochal.prepare import prepare
from epochal.runtime.config import Profile

DOCS = Path(__file__).parents[2] / "docs"
RESULTS = (DOCS / "results.md").read_text("utf-8")
EXAMPLES = re.findall(
    r"^```python\n(.*?)^```", (DOCS / "models.md").read_text("utf-8"), re.M | re.S
)
NETWORKS = json.loads(song2016.RECORDED.read_bytes())


def test_the_table_of_the_curriculum_is_of_what_was_recorded() -> None:
    for trained in curriculum.recorded():
        assert trained.row() in RESULTS
    assert curriculum.FIGURE.read_text("utf-8") == curriculum.figure(curriculum.recorded())


def test_two_ways_that_are_alike_are_told_from_two_that_are_not() -> None:
    early = curriculum.Trainings("a", "direct", tuple(range(100, 2000, 100)), 0.9)
    late = curriculum.Trainings("b", "direct", tuple(range(1050, 2950, 100)), 0.9)
    often, p = curriculum.sooner(early, late, 2000)
    by_hand = [x < y for x in early.trials for y in late.trials]
    assert often == pytest.approx(sum(by_hand) / len(by_hand))
    assert p < 0.01
    often, p = curriculum.sooner(early, early, 2000)
    assert (often, p) == (0.5, 1)


def test_the_tables_of_the_network_of_song_are_of_what_was_recorded() -> None:
    for row in song2016.rows(NETWORKS):
        assert row in RESULTS
    assert song2016.FIGURE.read_text("utf-8") == song2016.figure(NETWORKS)


def test_the_network_of_song_ended_as_its_rule_says() -> None:
    for one in NETWORKS:
        means = [sum(one["checks"][i - 5 : i]) / 5 for i in range(6, len(one["checks"]) + 1)]
        assert means[-1] > 0.85
        assert max(means[:-1]) <= 0.85
        assert one["updates"] == 500 * (len(one["checks"]) - 1)
        assert one["dale"]


def documented(begins: str) -> Profile:
    found: dict[str, Any] = {}
    exec(next(one for one in EXAMPLES if begins in one), found)
    made = found["profile"]
    assert isinstance(made, Profile)
    return made


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("psychrnn/curriculum.train", "radius=1.1, persistence=0)"),
        ("psychrnn/direct.train", "radius=1.1, persistence=0)"),
        ("song2016/rdm_ei.train", 'positive="rectify"'),
    ],
)
def test_an_experiment_trains_the_network_that_is_documented(name: str, begins: str) -> None:
    found = prepare(str(library().files[name]), {}, Session())
    assert found is not None
    trained, said = found.plan.profile, documented(begins)
    assert trained.model == said.model
    differing = ("batch", "updates", "every", "trials")
    same = {field: getattr(trained.training, field) for field in differing}
    assert trained.training == replace(said.training, **same)
