"""Whether the built-in profile learns five tasks of the library, and how fast."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.ours import library_task
from benchmarks.plan import Plan
from benchmarks.rows import Row, Target
from epochal.runtime.config import Profile
from epochal.runtime.evaluate import evaluate
from epochal.runtime.experiment import train_into
from epochal.runtime.rundir import read_run

GOALS = {"rdm": 0.90, "romo": 0.85, "match_to_category": 0.90, "dms": 0.90, "mante": 0.85}
"""The least accuracy on test trials; for rdm on coherences above 0."""


def measure(plan: Plan) -> Iterator[Row]:
    """Train the five tasks from scratch, or in quick runs the first, and test them."""
    for name in list(GOALS)[: 1 if plan.quick else None]:
        yield from learn(name)


def learn(name: str, seed: int = 0) -> Iterator[Row]:
    """Train one task and test it on 4,000 trials; give its accuracy and the time it took."""
    task = library_task(name)
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
    goal = Target(GOALS[name], at_least=True)
    yield Row(name=f"{name}: accuracy", unit="accuracy", values=(accuracy,), target=goal)
    told = f"{name}: training, {record.updates} updates"
    yield Row(name=told, unit="s", values=(record.seconds,))
