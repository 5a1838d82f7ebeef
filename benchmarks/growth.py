"""How costs grow: an update with units, steps and batch, a batch of trials with their number.

An exponent below 1 says that a fixed part still counts; units have a term of their square.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import epochal
from benchmarks import ours
from benchmarks.fit import exponent
from benchmarks.generated import many_statements, write
from benchmarks.generation import DISCRIMINATION
from benchmarks.ours import DT, Sizes, batches, library_task
from benchmarks.plan import Plan, attempt
from benchmarks.ratio import Timed, timed
from benchmarks.rows import Curve, NotMeasured, Row

AXES = {
    "units": (25, 50, 100, 200, 400),
    "steps": (50, 100, 200, 400, 800),
    "batch": (16, 32, 64, 128, 256),
}
TRIALS = (32, 128, 512, 2048)
STEPS_MS = (5.0, 2.5, 10.0, 20.0)
STATEMENTS = (5, 20, 80)
US = "Epochal"


def measure(plan: Plan) -> Iterator[Row]:
    """Time actions at several sizes, beside a peer where there is one."""
    for axis, sizes in AXES.items():
        curves = _updates(plan, axis, plan.few(sizes))
        yield _row(f"growth: update with {axis}", axis, curves)
    row = Row(name="growth: batch of trials with trials", unit="exponent", axis="trials")
    yield attempt(row, lambda row: _row(row.name, row.axis, _trials(plan)))
    yield _row("growth: batch of trials with steps", "steps of a trial", {US: _steps(plan)})
    yield _row("growth: batch of trials with statements", "statements", {US: _statements(plan)})


def _row(name: str, axis: str, curves: dict[str, Curve]) -> Row:
    values = (exponent(curves[US]),)
    return Row(name=name, unit="exponent", values=values, axis=axis, curves=curves)


def _updates(plan: Plan, axis: str, sizes: tuple[int, ...]) -> dict[str, Curve]:
    """Time updates of ours and of JAX at sizes of one kind, the others as usual."""
    all_sizes = [replace(Sizes(50), **{axis: size}) for size in sizes]
    mine = [timed(ours.update(one)) for one in all_sizes]
    try:
        with plan.peers.worker("jax") as peer:
            plan.versions.update(peer.versions)
            theirs = [peer.timed("step", **one.all()) for one in all_sizes]
            return _together(plan, sizes, {US: mine, "JAX": theirs})
    except NotMeasured:
        return _together(plan, sizes, {US: mine})


def _trials(plan: Plan) -> dict[str, Curve]:
    """Time batches of ours and of PsychRNN."""
    sizes = plan.few(TRIALS)
    task = library_task(DISCRIMINATION)
    mine = [timed(batches(task, n)) for n in sizes]
    try:
        with plan.peers.worker("psychrnn") as peer:
            plan.versions.update(peer.versions)
            theirs = [peer.timed("batch", batch=n, steps=200) for n in sizes]
            return _together(plan, sizes, {US: mine, "PsychRNN": theirs})
    except NotMeasured:
        return _together(plan, sizes, {US: mine})


def _steps(plan: Plan) -> Curve:
    """Time batches of rdm at shorter and shorter steps, against the number of steps."""
    task = library_task("rdm")
    sizes = {task.n_steps(dt): dt for dt in sorted(STEPS_MS, reverse=True)}
    actions = [timed(batches(task, 128, dt)) for dt in sizes.values()]
    return _together(plan, tuple(sizes), {US: actions})[US]


def _statements(plan: Plan) -> Curve:
    """Time batches of tasks with more and more statements."""
    actions = []
    with tempfile.TemporaryDirectory() as room:
        for n in STATEMENTS:
            task = epochal.load(write(Path(room), many_statements(n)))
            actions.append(timed(batches(task, 128, DT)))
    return _together(plan, STATEMENTS, {US: actions})[US]


def _together(
    plan: Plan, sizes: tuple[int, ...], actions: dict[str, list[Timed]]
) -> dict[str, Curve]:
    """Time the actions of all in turn, several rounds; keep the least time of each."""
    least: dict[str, list[float]] = {name: [float("inf")] * len(sizes) for name in actions}
    for _ in range(plan.rounds(4)):
        for i in range(len(sizes)):
            for name, several in actions.items():
                least[name][i] = min(least[name][i], several[i](3))
    return {
        name: tuple((float(size), ms) for size, ms in zip(sizes, found, strict=True))
        for name, found in least.items()
    }
