"""The most memory of a training."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from benchmarks.generation import DISCRIMINATION
from benchmarks.ours import library_task
from benchmarks.plan import Plan, attempt
from benchmarks.processes import child, trained
from benchmarks.rows import Row, Target


def measure(plan: Plan) -> Iterator[Row]:
    """Train in a process of its own: all of Python, TensorFlow and XLA are in it."""
    name = "most memory of a training, 512 units, batch 128, 200 steps"
    row = Row(name=name, unit="MB", target=Target(1500))
    yield attempt(row, partial(_train, plan))


def _train(plan: Plan, row: Row) -> Row:
    library_task(DISCRIMINATION)
    sizes = ["--units", "512", "--batch", "128", "--dt", "10", "--updates", "20"]
    with tempfile.TemporaryDirectory() as room:
        arguments = trained(str(Path(room) / "run"), DISCRIMINATION, *sizes)
        values = [child("memory", arguments)["mb"] for _ in range(plan.rounds(3))]
    return replace(row, values=tuple(values))
