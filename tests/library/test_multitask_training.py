"""One network learns all the rules of Yang et al. 2019.

Measured on 2026-11-25 on two shared x86-64 cores, seed 0: after about 1,600 updates 55% of 2,000
test trials were right, those of the four rules without a delay all of them, those of every other
rule at least 14% more than by chance.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from shelved import task_of

from epochal.runtime.chance import chance_level
from epochal.runtime.config import Adam, Ctrnn, Profile, Stop, Training
from epochal.runtime.evaluate import evaluate
from epochal.runtime.experiment import train_into
from epochal.runtime.rundir import read_run

UPDATES = 1680
ABOVE = 0.08
"""How far each rule is above its own chance, at least, after so many updates."""

EASY = ("fdgo", "fdanti", "reactgo", "reactanti")
"""Rules whose stimulus is still there when the response is due; they are learnt first."""


@pytest.mark.slow
def test_the_twenty_rule_set_trains_as_one_network(tmp_path: Path) -> None:
    task = task_of("yang2019/yang2019")
    training = Training(
        dt=20,
        batch=64,
        updates=UPDATES,
        every=140,
        trials=560,
        optimizer=Adam(rate=3e-3),
        stop=Stop(accuracy=1, patience=UPDATES),
    )
    train_into(tmp_path, task, Profile(model=Ctrnn(units=100), training=training), seed=0)
    found = evaluate(read_run(tmp_path), task, trials=11_200, by=["task"])
    reached = {group.condition[0]: group.accuracy for group in found.groups}
    for rule, accuracy in reached.items():
        chance = chance_level(task_of(f"yang2019/{rule}"))
        assert chance is not None
        assert accuracy is not None
        assert accuracy >= chance.accuracy + ABOVE, rule
        if rule in EASY:
            assert accuracy >= 0.9, rule
    assert len(reached) == 20
