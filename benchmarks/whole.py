"""One whole update of a training, with its data, against PsychRNN's ``train()``."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from benchmarks.generation import DISCRIMINATION
from benchmarks.ours import DT, TAU, Sizes, library_task
from benchmarks.plan import Plan
from benchmarks.ratio import compare, faster
from benchmarks.rows import Row
from benchmarks.worker import Worker
from epochal.runtime.config import Adam, Ctrnn, Mse, Profile, Training

FIRST = 10
"""The update from which time counts: before it programs are compiled."""


def measure(plan: Plan) -> Iterator[Row]:
    """Compare trainings of 50 units, batch 128, 200 steps of the same task."""
    cases = (("whole update with its data", 0.0, 0.0, 13), (_NOISY, 0.05, 0.8, 15))
    for name, noise, dale, target in cases:
        row = faster(f"{name}, 50 units", "PsychRNN train()", target)
        yield from plan.beside("psychrnn", [row], partial(_train, plan, noise=noise, dale=dale))


_NOISY = "the same with recurrent noise and Dale's law"


def _train(plan: Plan, row: Row, peer: Worker, noise: float, dale: float) -> Row:
    sizes = Sizes(50).shared()
    theirs = peer.timed("update", noise=noise, dale=dale, **sizes)
    model = Ctrnn(units=50, tau=TAU, noise=noise, dale=dale or None)
    task = library_task(DISCRIMINATION)

    def ours(updates: int) -> float:
        """Train anew; give the mean time of an update in ms, after the first ones."""
        from epochal.runtime.train import train

        adam = Adam(clip=1.0, clipping="each")  # as PsychRNN does
        training = Training(
            optimizer=adam, loss=Mse("psychrnn"), updates=updates + FIRST + 10, every=10**9, dt=DT
        )
        found = train(task, Profile(model=model, training=training))
        seconds = {one.update: one.seconds for one in found.history}
        return (seconds[FIRST + updates] - seconds[FIRST]) / updates * 1000

    return compare(row, ours, theirs, rounds=plan.rounds(5), repeats=(100, 10))
