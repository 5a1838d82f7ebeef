"""What several seeds reached is told as a distribution, and what none has reached as a dash."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from epochal.cli.profile import describe_profile
from epochal.cli.seeds_table import keep, outcomes, row_of, table
from epochal.runtime.config import Profile, Training
from epochal.runtime.plan import Measure, Stage
from epochal.runtime.rundir import Passage, RunRecord, TaskRecord

STAGES = (Stage(name="easy"), Stage(name="full"))
MEASURES = (Measure(name="short"), Measure(name="curve", title="fraction(..)"))


def record(seed: int, *passed: Passage, updates: int = 40, reason: str = "done") -> RunRecord:
    return RunRecord(
        task=TaskRecord(name="rdm", hash="task1:0", n_in=1, n_out=1, values={}),
        seed=seed,
        profile=Profile(training=Training(batch=50)),
        command=(),
        versions={},
        started="",
        stages=STAGES,
        measures=MEASURES,
        passed=passed,
        updates=updates,
        accuracy=0.5,
        seconds=2.5,
        reason=reason,
    )


def passage(stage: str, update: int, move: str = "advance") -> Passage:
    return Passage(stage=stage, move=move, update=update, accuracy=0.9)


def test_a_row_has_the_stages_the_trials_and_the_plain_measures(tmp_path: Path) -> None:
    total = {"total": {"accuracy": 0.75}}
    (tmp_path / "measures.json").write_text(json.dumps({"short": total, "curve": total}))
    assert row_of(record(0, passage("easy", 20), passage("full", 40, "finished")), tmp_path) == {
        "stage easy": 20,
        "stage full": 40,
        "updates": 40,
        "trials": 2000,
        "seconds": 2.5,
        "accuracy": 0.5,
        "measure short": 0.75,
    }


def test_a_stage_that_was_fallen_back_from_counts_when_it_was_left_for_good(tmp_path: Path) -> None:
    moves = (passage("easy", 10), passage("full", 20, "back"), passage("easy", 30))
    row = row_of(record(0, *moves), tmp_path)
    assert (row["stage easy"], row["stage full"]) == (30, None)
    assert row["measure short"] is None


def test_the_distribution_is_of_the_seeds_that_came_there(tmp_path: Path) -> None:
    ends = (10, 30, 20, 50)
    rows = {i: row_of(record(i, passage("easy", end)), tmp_path) for i, end in enumerate(ends)}
    rows[4] = row_of(record(4), tmp_path)
    lines = [line.split("  ") for line in table(rows).splitlines()]
    cells = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert cells[0] == ["seed", "easy", "full", "updates", "trials", "seconds", "accuracy", "short"]
    assert cells[5][:3] == ["4", "-", "-"]
    assert cells[6][:4] == ["median", "25", "-", "40"]
    assert cells[7][:3] == ["quartiles", "17.5 to 35", "-"]
    assert cells[8][:3] == ["range", "10 to 50", "-"]


@pytest.mark.parametrize(
    ("seeds", "told"),
    [((3,), "seed 3"), (range(1, 5), "seeds 1 to 4"), ((0, 2, 4), "seeds 0, 2, 4")],
)
def test_seeds_are_named_before_training(seeds: Sequence[int], told: str, tmp_path: Path) -> None:
    said = describe_profile("rdm", 1, Profile(), seeds, tmp_path, ("easy", "full"))
    assert f", {told}\n  stages    easy, full; evaluated every 50 updates" in said


def test_how_seeds_ended_is_counted_where_they_differ(tmp_path: Path) -> None:
    records = {seed: record(seed, reason=why) for seed, why in enumerate(("done", "spent", "done"))}
    assert outcomes(list(records.values())) == "2 of 3: done, 1 of 3: spent"
    assert outcomes([records[0]]) == ""
    rows = {seed: row_of(one, tmp_path) for seed, one in records.items()}
    keep(rows, records, tmp_path / "seeds.json")
    kept = json.loads((tmp_path / "seeds.json").read_text())
    assert [one["ended"] for one in kept] == ["done", "spent", "done"]
    assert kept[0]["trials"] == 2000
