"""Keras: ``keras.layers.RNN`` around the cell that our network has, and a loop as Keras tells it.

The cell is a relu network of currents with biases and a linear readout; the initial state is zero
and not trained.  ``mean((w e)^2)``, gradients and Adam without clipping, in one graph.  It is not
compiled with XLA, which makes a differentiated loop of 200 steps several times slower.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import tensorflow as tf

from benchmarks.peers.protocol import serve

ALPHA = 0.1


class Leaky(keras.layers.Layer):  # type: ignore[misc]
    """One step of a relu network of currents."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.units = self.state_size = self.output_size = units

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the weights."""
        self.W_in = self.add_weight(shape=(shape[-1], self.units), initializer="glorot_normal")
        self.W_rec = self.add_weight(shape=(self.units, self.units), initializer="orthogonal")
        self.b_rec = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x: tf.Tensor, states: list[tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
        """Give rates and currents."""
        (s,) = states
        into = keras.ops.matmul(keras.ops.relu(s), self.W_rec) + keras.ops.matmul(x, self.W_in)
        s = (1 - ALPHA) * s + ALPHA * (into + self.b_rec)
        return keras.ops.relu(s), [s]


def step(
    units: int, batch: int, steps: int, inputs: int = 2, outputs: int = 2
) -> Callable[[], object]:
    """Prepare an update."""
    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [
            keras.layers.Input((steps, inputs), batch_size=batch),
            keras.layers.RNN(Leaky(units), return_sequences=True),
            keras.layers.Dense(outputs),
        ]
    )
    adam = keras.optimizers.Adam(1e-3)
    x, y = tf.random.normal((batch, steps, inputs)), tf.random.normal((batch, steps, outputs))
    counts = tf.ones_like(y)

    @tf.function  # type: ignore[untyped-decorator]
    def update() -> object:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(counts * (network(x, training=True) - y)))
        variables = network.trainable_variables
        adam.apply(tape.gradient(loss, variables), variables)
        return loss

    def run() -> None:
        float(update())

    run()
    return run


if __name__ == "__main__":
    serve({"step": step}, ("keras", "tensorflow", "numpy"))
