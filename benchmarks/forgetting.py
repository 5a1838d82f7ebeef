"""How much a network forgets of tasks that it learnt one by one, with consolidation and without."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.plan import Plan
from benchmarks.rows import Row
from epochal.driver import Session
from epochal.prepare import prepare
from epochal.runtime.curriculum import Lesson
from epochal.runtime.evaluate import evaluate
from epochal.runtime.experiment import train_into
from epochal.runtime.rundir import METRICS, read_run

EXPERIMENT = Path(__file__).parent / "one_by_one" / "one_by_one.train"
SETTINGS = (
    "none",
    "intelligent_synapses(strength = 1, damping = 0.01)",
    "intelligent_synapses(strength = 10, damping = 0.01)",
    "ewc(strength = 1e4, trials = 256)",
    "ewc(strength = 1e5, trials = 256)",
)


@dataclass(frozen=True)
class Remembered:
    """Accuracy of each member of a set when its stage ended, and on test trials at the end."""

    consolidation: str
    seed: int
    learnt: dict[str, float]
    kept: dict[str, float]


def remember(consolidation: str, seed: int, path: Path = EXPERIMENT) -> Remembered:
    """Train one network on the members of a set one by one, and test it on each."""
    session = Session()
    found = prepare(str(path), {"train.consolidation": consolidation}, session)
    assert found is not None, [one.message for one in session.diagnostics]
    stages = found.plan.stages
    lessons = [Lesson(one, found.stages[one.name]) for one in stages]
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room) / "run"
        train_into(folder, found.task, found.plan.profile, seed=seed, lessons=lessons)
        result = evaluate(read_run(folder), found.task, trials=3000, by=("task",))
        lines = (folder / METRICS).read_text("utf-8").splitlines()
    last = {one["stage"]: one["accuracy"] for one in map(json.loads, lines) if one["move"]}
    learnt = {member: last[stage.name] for stage in stages for member in stage.members}
    kept = {group.condition[0]: group.accuracy or 0.0 for group in result.groups}
    return Remembered(consolidation, seed, learnt, kept)


def measure(plan: Plan) -> Iterator[Row]:
    """Train with every setting and seed, in quick runs with one of each."""
    seeds = (0,) if plan.quick else (0, 1, 2)
    for setting in SETTINGS[: 1 if plan.quick else None]:
        found = [remember(setting, seed) for seed in seeds]
        for member in found[0].kept:
            name = f"{setting}: {member}"
            learnt = tuple(one.learnt[member] for one in found)
            yield Row(name=f"{name}, when it was learnt", unit="accuracy", values=learnt)
            kept = tuple(one.kept[member] for one in found)
            yield Row(name=f"{name}, at the end", unit="accuracy", values=kept)
