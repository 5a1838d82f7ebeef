"""The built-in profile trains every task of the library, for seeds it was not tuned on."""

from __future__ import annotations

from pathlib import Path

import pytest

import epochal
from epochal.runtime.config import Profile
from epochal.runtime.evaluate import evaluate
from epochal.runtime.experiment import train_into
from epochal.runtime.rundir import read_run

SEED = 101


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "bar"),
    [
        ("rdm", 0.85),  # one trial in six has no motion: 91.7% at best
        ("romo", 0.90),
        ("match_to_category", 0.90),
        ("dms", 0.90),
        ("mante", 0.85),  # an ideal observer is right in 92%
    ],
)
def test_the_built_in_profile_trains_the_task(name: str, bar: float, tmp_path: Path) -> None:
    task = epochal.load(name)
    train_into(tmp_path, task, Profile(), seed=SEED)
    found = evaluate(read_run(tmp_path), task, by=("coh",) if name == "rdm" else ())
    assert found.total.accuracy is not None
    assert found.total.accuracy > bar
    if name == "rdm":
        moving = [group for group in found.groups if group.condition != ("0",)]
        right = sum((group.accuracy or 0) * group.counted for group in moving)
        assert right / sum(group.counted for group in moving) > 0.90
