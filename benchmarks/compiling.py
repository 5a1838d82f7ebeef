"""Reading and compiling task files: a short one warm, and growth with their length."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import epochal
from benchmarks.fit import exponent
from benchmarks.generated import long_task, write
from benchmarks.plan import Plan
from benchmarks.ratio import timed
from benchmarks.rows import Row, Target
from epochal.driver import Session, parse_file

SHORT = 60
LENGTHS = (300, 1000, 3000, 10_000)


def measure(plan: Plan) -> Iterator[Row]:
    """Time what the driver does, after it was done once."""
    with tempfile.TemporaryDirectory() as room:
        folder = Path(room)
        path = write(folder, long_task(SHORT))
        run = timed(lambda: epochal.load(path))
        values = tuple(run(5) for _ in range(plan.rounds(9) + 1))[1:]
        name = f"parse and compile a file of {SHORT} lines, warm"
        yield Row(name=name, unit="ms", values=values, target=Target(60))
        yield _growth(plan, folder, "parse a file", _parse)
        yield _growth(plan, folder, "parse and compile a file", epochal.load)


def _growth(plan: Plan, folder: Path, name: str, action: object) -> Row:
    """Fit how the time of an action on a file grows with its lines."""
    assert callable(action)
    curve = []
    for lines in plan.few(LENGTHS):
        path = write(folder, long_task(lines))
        run = timed(lambda path=path: action(path))  # type: ignore[misc]
        curve.append((float(lines), min(run(1) for _ in range(plan.rounds(3)))))
    return Row(
        name=f"growth: {name} of {LENGTHS[0]} to {curve[-1][0]:.0f} lines",
        unit="exponent",
        values=(exponent(curve),),
        target=Target(1.1),
        axis="lines of a file",
        curves={name: tuple(curve)},
    )


def _parse(path: str) -> object:
    return parse_file(path, Session())
