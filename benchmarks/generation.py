"""A batch of trials against drawing its noise alone with NumPy's own normal generator."""

from __future__ import annotations

import numpy as np

import epochal
from benchmarks.ratio import Ratio, compare
from epochal.runtime.batch import Batch


def measure() -> list[Ratio]:
    """Compare a whole batch (inputs, targets, weights, table) with filling the inputs."""
    return [_library_rdm(128, 0.75), _library_rdm(1024, 0.6)]


def _library_rdm(n: int, target: float) -> Ratio:
    task = epochal.load("rdm")
    shape = task.batch(n, dt=10.0).inputs.shape
    normal = np.random.Generator(np.random.SFC64(0))
    floor = np.empty(shape, np.float32)
    kept: list[Batch] = [task.batch(n, dt=10.0)]

    def ours() -> None:
        last = kept[0]
        out = last.inputs, last.targets, last.weights
        kept[0] = task.batch(n, dt=10.0, seed=1, out=out)

    def theirs() -> None:
        normal.standard_normal(dtype=np.float32, out=floor)

    name = f"rdm, {n} trials x {shape[1]} steps x 3 inputs, against standard_normal"
    return compare(name, ours, theirs, target=target)
