"""Whether the built-in profile learns five tasks of the library, and how fast."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import epochal
from epochal.runtime.config import Profile
from epochal.runtime.evaluate import evaluate
from epochal.runtime.experiment import train_into
from epochal.runtime.rundir import read_run

GOALS = {"rdm": 0.90, "romo": 0.85, "match_to_category": 0.90, "dms": 0.90, "mante": 0.85}
"""The least accuracy on test trials; for rdm on coherences above 0."""


@dataclass(frozen=True)
class Learned:
    """One training with the built-in profile, and its accuracy on 4,000 test trials."""

    task: str
    seed: int
    accuracy: float
    goal: float
    updates: int
    seconds: float

    def row(self) -> str:
        """Lay out one line of a table."""
        verdict = "reached" if self.accuracy > self.goal else "missed"
        return (
            f"{self.task:<18} seed {self.seed}  {self.accuracy:6.1%}  "
            f"goal {self.goal:.0%} {verdict}  {self.updates} updates in {self.seconds:.0f} s"
        )


def learn(name: str, seed: int) -> Learned:
    """Train one task from scratch and test it."""
    task = epochal.load(name)
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / name
        record = train_into(folder, task, Profile(), seed=seed)
        by = ("coh",) if name == "rdm" else ()
        result = evaluate(read_run(folder), task, trials=4000, by=by)
    counted = [result.total]
    if name == "rdm":  # nothing can be known at coherence 0
        counted = [group for group in result.groups if group.condition != ("0",)]
    right = sum((group.accuracy or 0.0) * group.counted for group in counted)
    accuracy = right / sum(group.counted for group in counted)
    return Learned(name, seed, accuracy, GOALS[name], record.updates, record.seconds)


def measure(seeds: tuple[int, ...] = (0,)) -> list[Learned]:
    """Train the five tasks."""
    return [learn(name, seed) for name in GOALS for seed in seeds]
