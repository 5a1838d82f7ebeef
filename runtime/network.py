"""Compiled programs of a network: one update of its training, and its outputs alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from epochal.runtime.backend import Tensor, compiled, tf
from epochal.runtime.bptt import rates
from epochal.runtime.config import Adam, Ctrnn, Loss, Training
from epochal.runtime.errors import RunError
from epochal.runtime.weights import NAMES, Array, Masks, Weights, effective


@dataclass(frozen=True)
class Network:
    """A model at one step size, with the masks its weights obey."""

    model: Ctrnn
    masks: Masks
    dt: float


def run(
    network: Network, weights: dict[str, Tensor], inputs: Tensor, noise: Tensor, n_steps: Tensor
) -> tuple[Tensor, Tensor]:
    """Run a network on a batch of trials.

    Parameters
    ----------
    weights
        By name, as ``initial_weights`` makes them; the constraints are applied here.
    inputs
        (N_batch, N_max, N_in).
    noise
        (N_max, N_batch, N_rec), added to the currents at each step.
    n_steps
        Scalar int32: steps to run, at most N_max.

    Returns
    -------
    outputs, rates
        (N_batch, N_max, N_out), and (N_max, N_batch, N_rec): time first, as they were computed.
    """
    alpha = network.dt / network.model.tau
    masks = {
        name: tf.constant(mask, inputs.dtype)
        for name, mask in vars(network.masks).items()
        if mask is not None
    }
    in_force = effective(weights, Masks(**masks))
    n_batch = inputs.shape[0]
    drive = _product(tf.transpose(inputs, [1, 0, 2]), in_force["W_in"]) + in_force["b_rec"]
    r = rates(
        in_force["W_rec"],
        alpha * drive + noise,
        tf.tile(in_force["initial"][None], [n_batch, 1]),
        n_steps,
        alpha=alpha,
        activation=network.model.activation,
    )
    outputs = _product(r, in_force["W_out"]) + in_force["b_out"]
    return tf.transpose(outputs, [1, 0, 2]), r


def loss_of(outputs: Tensor, targets: Tensor, weights: Tensor, loss: Loss) -> Tensor:
    """Weighted squared error of outputs (N_batch, N_steps, N_out), a scalar.

    "mse_normalized" divides by the sum of the weights, so that padding and ignored spans do not
    change its scale.  "mse" squares the weights, too, and divides by all entries.

    References
    ----------
    Ehrlich, Stone et al. 2021 (PsychRNN): "mse".
    """
    error = outputs - targets
    if loss == "mse":
        return tf.reduce_mean(tf.square(weights * error))
    total = tf.reduce_sum(weights)
    return tf.reduce_sum(weights * tf.square(error)) / tf.maximum(total, 1)


def clipped(gradients: list[Tensor], optimizer: Adam) -> list[Tensor]:
    """Shorten gradients whose norm is above ``optimizer.clip``."""
    if optimizer.clipping == "each":
        return [tf.clip_by_norm(gradient, optimizer.clip) for gradient in gradients]
    shortened, _ = tf.clip_by_global_norm(gradients, optimizer.clip)
    return list(shortened)


class Trainer:
    """A network that learns: its variables, and an update of all of them as one program.

    ``outputs`` and ``weights`` are those of the running average of the weights.
    """

    def __init__(
        self,
        network: Network,
        weights: Weights,
        training: Training,
        dtype: str = "float32",
    ) -> None:
        optimizer, keep = training.optimizer, training.average
        current, average = (
            {name: tf.Variable(weights[name], dtype=dtype, name=name) for name in NAMES}
            for _ in range(2)
        )
        variables = list(current.values())
        adam = tf.keras.optimizers.Adam(
            optimizer.rate, optimizer.beta1, optimizer.beta2, optimizer.epsilon
        )
        adam.build(variables)

        def update(
            inputs: Tensor, targets: Tensor, counts: Tensor, noise: Tensor, n_steps: Tensor
        ) -> Tensor:
            with tf.GradientTape() as tape:
                outputs, _ = run(network, current, inputs, noise, n_steps)
                value = loss_of(outputs, targets, counts, training.loss)
            adam.apply(clipped(tape.gradient(value, variables), optimizer), variables)
            for name in NAMES:
                average[name].assign(keep * average[name] + (1 - keep) * current[name])
            return value

        def forward(inputs: Tensor, noise: Tensor, n_steps: Tensor) -> Tensor:
            return run(network, average, inputs, noise, n_steps)[0]

        self._average = average
        self._optimizer = adam
        self._variables = {
            **{f"weights/{name}": variable for name, variable in current.items()},
            **{f"average/{name}": variable for name, variable in average.items()},
            **{f"optimizer/{i}": variable for i, variable in enumerate(adam.variables)},
        }
        self.update: Callable[..., Tensor] = compiled(update)
        self.outputs: Callable[..., Tensor] = compiled(forward)

    def variables(self) -> dict[str, Array]:
        """Copy every variable that training changes."""
        return {name: variable.numpy().copy() for name, variable in self._variables.items()}

    def restore(self, variables: Weights) -> None:
        """Set every variable to what ``variables`` gave.

        Raises
        ------
        RunError
            They are those of another network.
        """
        shapes = {name: tuple(variable.shape) for name, variable in self._variables.items()}
        if {name: array.shape for name, array in variables.items()} != shapes:
            message = "the checkpoint is that of another network, or of another optimiser"
            raise RunError(message)
        for name, variable in self._variables.items():
            variable.assign(variables[name])

    def reset_optimizer(self) -> None:
        """Forget what the optimiser has learnt of the gradients."""
        for variable in self._optimizer.variables:
            if variable is not self._optimizer._learning_rate:
                variable.assign(tf.zeros_like(variable))

    def weights(self) -> dict[str, Array]:
        """Copy the weights as they are now."""
        return {name: variable.numpy().copy() for name, variable in self._average.items()}


def _product(x: Tensor, W: Tensor) -> Tensor:
    """``x W^T`` over the last axis of x, as one matrix product."""
    rows, columns = W.shape
    flat = tf.matmul(tf.reshape(x, [-1, columns]), W, transpose_b=True)
    return tf.reshape(flat, [*x.shape[:-1], rows])
