"""What is measured of ours, with the product's own functions, at the sizes that peers get."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import epochal
from benchmarks.rows import NotMeasured
from epochal.runtime.batch import Batch
from epochal.runtime.task import Task

TASKS = Path(__file__).parent / "tasks"
DT, TAU = 10.0, 100.0


@dataclass(frozen=True)
class Sizes:
    """Those of an update."""

    units: int
    batch: int = 128
    steps: int = 200
    inputs: int = 2
    outputs: int = 2

    def all(self) -> dict[str, float]:
        """Give them by name, for a peer's process."""
        return dict(vars(self))

    def shared(self) -> dict[str, float]:
        """Leave out those that the task of a peer decides."""
        return {name: getattr(self, name) for name in ("units", "batch", "steps")}


def library_task(name: str) -> Task:
    """Load a task of the library.

    Raises
    ------
    NotMeasured
        The library does not have it.
    """
    try:
        return epochal.load(name)
    except epochal.CompileError:
        raise NotMeasured(f"the library has no task {name}") from None


def batches(task: Task, n: int, dt: float = DT) -> Callable[[], object]:
    """Make batches of a task into the arrays of the one before."""
    kept: list[Batch] = [task.batch(n, dt=dt)]
    number = 0

    def make() -> None:
        nonlocal number
        number += 1
        last = kept[0]
        out = last.inputs, last.targets, last.weights
        kept[0] = task.batch(n, dt=dt, seed=1, batch=number, out=out)

    return make


def normals(shape: tuple[int, ...]) -> Callable[[], object]:
    """Fill an array with NumPy's own normal numbers, by its fastest generator."""
    normal = np.random.Generator(np.random.SFC64(0))
    array = np.empty(shape, np.float32)
    return lambda: normal.standard_normal(dtype=np.float32, out=array)


def update(sizes: Sizes, *, halved: bool = True) -> Callable[[], object]:
    """Prepare an update as `epochal train` does it, on one batch of random numbers.

    Without ``halved`` the batch is not shared between threads.

    The network is a `ctrnn` without recurrent noise or Dale's law, the loss ``mean((w e)^2)``, and
    Adam does not clip: what the peers do, and the running average of the weights besides.
    """
    from epochal.runtime.backend import tf
    from epochal.runtime.config import Adam, Ctrnn, Mse, Training
    from epochal.runtime.halves import Halves
    from epochal.runtime.initial import initial_weights
    from epochal.runtime.network import Network
    from epochal.runtime.update import Trainer
    from epochal.runtime.weights import ALL_TO_ALL, make_masks

    tf.get_logger().setLevel("ERROR")  # it warns of programs alike, of which growth makes many
    model = Ctrnn(units=sizes.units, tau=TAU, noise=0.0)
    training = Training(optimizer=Adam(clip=None), loss=Mse("psychrnn"), dt=DT)
    masks = make_masks(model, sizes.inputs, sizes.outputs, ALL_TO_ALL)
    weights = initial_weights(model, masks, 0, ALL_TO_ALL, None)
    trainer = Trainer(Network(model, masks, DT, None), weights, training)
    rng = np.random.default_rng(0)
    wide = (sizes.batch, sizes.steps)
    inputs, targets = (
        rng.standard_normal((*wide, n), np.float32) for n in (sizes.inputs, sizes.outputs)
    )
    noise = np.zeros((sizes.steps, sizes.batch, sizes.units), np.float32)
    arrays = (inputs, targets, np.ones_like(targets), noise)
    feed = (*map(tf.constant, arrays), tf.constant(sizes.steps))

    program = trainer.update
    if isinstance(program, Halves) and not halved:
        program = program.whole

    def run() -> None:
        float(program(*feed))

    run()
    return run
