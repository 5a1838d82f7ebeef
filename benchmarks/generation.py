"""A batch of trials against its peers', and against drawing its noise alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.ours import DT, TASKS, batches, library_task, normals
from benchmarks.plan import Plan, attempt
from benchmarks.ratio import at_most, compare, faster, timed
from benchmarks.rows import Row
from benchmarks.worker import Worker

DISCRIMINATION = "psychrnn/perceptual_discrimination"
RULES = "yang2019/yang2019"


def measure(plan: Plan) -> Iterator[Row]:
    """Compare whole batches (inputs, targets, weights, table) with peers and with noise alone."""
    row = faster("batch of 128 trials x 200 steps x 2 inputs", "PsychRNN", 350)
    yield from plan.beside("psychrnn", [row], partial(_discrimination, plan))
    row = faster("the same batch", "NeuroGym PerceptualDecisionMaking")
    yield from plan.beside("neurogym", [row], partial(_discrimination, plan))
    normal = "standard_normal for the inputs"
    for n, target in ((128, 0.75), (1024, 0.6)):
        row = at_most(f"rdm, {n} trials, 3 inputs", normal, target)
        yield attempt(row, partial(_noise, plan, name="rdm", n=n))
    for inputs in (32, 85):
        row = at_most(f"1024 trials, {inputs} inputs", normal, 0.5)
        path = str(TASKS / f"wide_{inputs}.task")
        yield attempt(row, partial(_noise, plan, name=path, n=1024))
    row = at_most("twenty rules, 1024 trials, 85 inputs", normal, 0.5)
    yield attempt(row, partial(_noise, plan, name=RULES, n=1024))


def _discrimination(plan: Plan, row: Row, peer: Worker) -> Row:
    """Compare batches of a two-alternative task; ours is PsychRNN's."""
    ours = timed(batches(library_task(DISCRIMINATION), 128))
    theirs = peer.timed("batch", batch=128, steps=200)
    return compare(row, ours, theirs, rounds=plan.rounds(9), repeats=(500, 2))


def _noise(plan: Plan, row: Row, name: str, n: int) -> Row:
    """Compare batches of trials with normal numbers for all their inputs."""
    task = library_task(name)
    shape = n, task.n_steps(DT), task.n_in
    repeats = max(1, round(2e7 / (n * shape[1] * task.n_in)))
    ours, theirs = timed(batches(task, n)), timed(normals(shape))
    if task.spread > 1:  # batches are each of one rule: a round has all of them
        every = (task.spread, 3)
        return compare(row, ours, theirs, rounds=plan.rounds(2), repeats=every)
    return compare(row, ours, theirs, rounds=plan.rounds(15), repeats=(repeats, repeats))
