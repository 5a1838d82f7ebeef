"""JAX: ``lax.scan`` differentiated by JAX, in one program with the loss and Adam.

The work is ours to the letter: a relu network of currents with trained initial state, biases and
readout, ``mean((w e)^2)``, gradients of all of it, Adam without clipping, and the loss handed back
to Python at each update.  The input projection is one product before the loop, as in ours.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.peers.protocol import serve

ALPHA = 0.1
RATE, BETA1, BETA2, EPSILON = 1e-3, 0.9, 0.999, 1e-7


def weights_of(units: int, inputs: int, outputs: int) -> dict[str, jax.Array]:
    """Draw initial weights, small and random."""
    rng = np.random.default_rng(0)
    shapes = {
        "W_in": (units, inputs),
        "W_rec": (units, units),
        "W_out": (outputs, units),
        "b_rec": (units,),
        "b_out": (outputs,),
        "initial": (units,),
    }
    draws = {name: rng.normal(0, 0.5 / shape[-1] ** 0.5, shape) for name, shape in shapes.items()}
    return {name: jnp.asarray(draw, jnp.float32) for name, draw in draws.items()}


def loss(w: dict[str, jax.Array], x: jax.Array, y: jax.Array, counts: jax.Array) -> jax.Array:
    """``mean((w e)^2)`` of a network run over inputs (N_steps, N_batch, N_in)."""
    drive = ALPHA * (x @ w["W_in"].T + w["b_rec"])

    def tick(s: jax.Array, u: jax.Array) -> tuple[jax.Array, jax.Array]:
        s = (1 - ALPHA) * s + ALPHA * (jax.nn.relu(s) @ w["W_rec"].T) + u
        return s, jax.nn.relu(s)

    initial = jnp.broadcast_to(w["initial"], drive.shape[1:])
    _, r = jax.lax.scan(tick, initial, drive)
    return jnp.mean((counts * (r @ w["W_out"].T + w["b_out"] - y)) ** 2)


def update(
    w: dict[str, jax.Array],
    m: dict[str, jax.Array],
    v: dict[str, jax.Array],
    n: jax.Array,
    data: tuple[jax.Array, ...],
) -> tuple[jax.Array, tuple[dict[str, jax.Array], ...]]:
    """One update by Adam."""
    value, g = jax.value_and_grad(loss)(w, *data)
    m = {k: BETA1 * m[k] + (1 - BETA1) * g[k] for k in w}
    v = {k: BETA2 * v[k] + (1 - BETA2) * g[k] ** 2 for k in w}
    rate = RATE * jnp.sqrt(1 - BETA2**n) / (1 - BETA1**n)
    w = {k: w[k] - rate * m[k] / (jnp.sqrt(v[k]) + EPSILON) for k in w}
    return value, (w, m, v)


def step(
    units: int, batch: int, steps: int, inputs: int = 2, outputs: int = 2
) -> Callable[[], object]:
    """Prepare an update, compiled; buffers are reused."""
    w = weights_of(units, inputs, outputs)
    state = (w, *({k: jnp.zeros_like(a) for k, a in w.items()} for _ in range(2)))
    rng = np.random.default_rng(1)
    shapes = ((steps, batch, inputs), (steps, batch, outputs))
    x, y = (jnp.asarray(rng.standard_normal(shape), jnp.float32) for shape in shapes)
    data = (x, y, jnp.ones_like(y))
    program = jax.jit(update, donate_argnums=(0, 1, 2))
    count = 0

    def run() -> None:
        nonlocal state, count
        count += 1
        value, state = program(*state, jnp.float32(count), data)
        float(value)

    run()
    return run


if __name__ == "__main__":
    serve({"step": step}, ("jax", "jaxlib", "numpy"))
