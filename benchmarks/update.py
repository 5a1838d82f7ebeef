"""One update of a network, data given, against peers, its matrix products alone, and itself.

Every peer gets the same sizes and does the same work: a forward pass, the loss, gradients of all
weights, Adam; none clips.  The modules of `benchmarks.peers` say where a peer does less.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from time import perf_counter

import numpy as np

from benchmarks import ours
from benchmarks.ours import Sizes
from benchmarks.plan import Plan, attempt
from benchmarks.ratio import at_most, compare, faster, of_pairs, timed
from benchmarks.rows import Row
from benchmarks.worker import Worker

PEERS = (
    ("jax", "JAX lax.scan", 50, 1.3),
    ("torch", "torch nn.RNN", 50, 2.0),
    ("psychrnn", "PsychRNN Basic", 50, 3.0),
    ("psychrnn", "PsychRNN Basic", 100, None),
    ("keras", "Keras RNN(cell)", 50, None),
)
LARGE = (
    (Sizes(256, batch=64, inputs=85, outputs=33), 2.4),
    (Sizes(512, batch=128, inputs=33, outputs=33), 2.0),
)
PRODUCT = 2048
"""Rows of the square matrices by whose product the speed of the machine is told."""


def measure(plan: Plan) -> Iterator[Row]:
    """Compare updates with peers at 50 units, and with the floor at 256 and 512."""
    for name, told, units, target in PEERS:
        row = faster(f"update, {units} units, batch 128, 200 steps", told, target)
        yield from plan.beside(name, [row], partial(beside, plan, sizes=Sizes(units)))
    for sizes, target in LARGE:
        name = f"update, {sizes.units} units, batch {sizes.batch}, {sizes.inputs} inputs"
        row = at_most(name, "its matrix products", target)
        yield attempt(row, partial(_floor, plan, sizes=sizes))
    for sizes in (Sizes(50), Sizes(100), *(one for one, _ in LARGE)):
        row = faster(f"update in halves, {sizes.units} units, batch {sizes.batch}", "in one piece")
        yield attempt(row, partial(_shared, plan, sizes=sizes))


def _shared(plan: Plan, row: Row, sizes: Sizes) -> Row:
    """Compare an update whose batch two threads share with the same on one."""
    halved, whole = timed(ours.update(sizes)), timed(ours.update(sizes, halved=False))
    return compare(row, halved, whole, rounds=plan.rounds(7), repeats=(2, 2))


def beside(plan: Plan, row: Row, peer: Worker, sizes: Sizes) -> Row:
    """Compare an update of ours with one of a peer."""
    known = sizes.shared() if peer.name == "psychrnn" else sizes.all()
    theirs = peer.timed("step", **known)
    mine = timed(ours.update(sizes))
    return compare(row, mine, theirs, rounds=plan.rounds(11), repeats=(20, 10))


def _floor(plan: Plan, row: Row, sizes: Sizes) -> Row:
    """Compare an update with what its products would take at the measured speed of products.

    A weight takes part in three products a step and trial: forward, and backward for the rates
    and for itself, of two operations each.
    """
    weights = sizes.units * (sizes.units + sizes.inputs + sizes.outputs)
    operations = 6 * sizes.batch * sizes.steps * weights
    mine = timed(ours.update(sizes))
    products = _products()
    pairs = []
    for _ in range(plan.rounds(7) + 1):
        speed = max(_speed(product) for product in products)
        pairs.append((mine(2), operations / speed * 1000))
    return of_pairs(row, pairs[1:])


def _speed(product: object) -> float:
    """Measure operations a second, the better of two products."""
    assert callable(product)
    seconds = []
    for _ in range(2):
        start = perf_counter()
        product()
        seconds.append(perf_counter() - start)
    return 2 * float(PRODUCT) ** 3 / min(seconds)


def _products() -> tuple[object, object]:
    """Multiply by NumPy and by TensorFlow: the floor is that of the faster one."""
    from epochal.runtime.backend import tf

    a = np.random.default_rng(0).standard_normal((PRODUCT, PRODUCT), np.float32)
    out = np.empty_like(a)
    tensor = tf.constant(a)
    return lambda: np.matmul(a, a, out=out), lambda: tf.matmul(tensor, tensor).numpy()
