"""Compiled programs of a network that learns: one update, and its outputs alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeAlias

from epochal.runtime.backend import Program, Tensor, compiled, tf
from epochal.runtime.config import Training
from epochal.runtime.consolidation import Keeper, mean_squares
from epochal.runtime.errors import RunError
from epochal.runtime.halves import Halves, half_of, may_halve
from epochal.runtime.learning import Omega
from epochal.runtime.losses import loss_of, share_of
from epochal.runtime.models import Ctrnn
from epochal.runtime.network import Network, Ran, run
from epochal.runtime.optimize import clipped, optimizer_of
from epochal.runtime.own import NO_CODE, OwnCode
from epochal.runtime.penalties import omega, penalty_of
from epochal.runtime.weights import Array, Weights, effective

Variables: TypeAlias = dict[str, Tensor]
NO_FACTORS: Mapping[str, Array] = {}


class Trainer:
    """A network that learns: its variables, and an update of all of them as one program.

    ``outputs`` and ``weights`` are those of the running average of the weights.

    Parameters
    ----------
    factors
        What updates of weights are multiplied by, where it is not 1 (`plasticity`).
    """

    def __init__(
        self,
        network: Network,
        weights: Weights,
        training: Training,
        factors: Mapping[str, Array] = NO_FACTORS,
        code: OwnCode = NO_CODE,
        dtype: str = "float32",
    ) -> None:
        self._network, self._training, self._code = network, training, code
        self._factors = factors
        self._current, self._average = (
            {name: tf.Variable(array, dtype=dtype, name=name) for name, array in weights.items()}
            for _ in range(2)
        )
        self._optimizer = optimizer_of(training.optimizer)
        self._optimizer.build(list(self._current.values()))
        record = training.consolidation
        self._keeper = Keeper(record, self._current) if record is not None else None
        self._variables = {
            **{f"weights/{name}": variable for name, variable in self._current.items()},
            **{f"average/{name}": variable for name, variable in self._average.items()},
            **{f"optimizer/{i}": one for i, one in enumerate(self._optimizer.variables)},
            **(self._keeper.variables() if self._keeper is not None else {}),
        }
        self._alone: Program = compiled(self._of_loss)
        self.update: Program | Halves = (
            Halves(self._update, self._of_half, self._join, self._current.values())
            if may_halve(network, training)
            else compiled(self._update)
        )
        self.outputs: Program = compiled(self._forward)

    def _update(self, *feed: Tensor) -> Tensor:
        """Change every weight by one batch; give what was minimised."""
        value, found = gradients(self._network, self._current, self._training, feed, self._code)
        follows = self._keeper is not None and self._keeper.follows
        of_loss = self._of_loss(*feed) if follows and self._training.regularizers else found
        self._change(found, of_loss)
        return value

    def _of_half(self, k: Tensor, *feed: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Give what one half of a batch adds to what is minimised, and its gradients in order."""
        mine = half_of(feed, k)
        shares = share_of(self._training.loss, feed[2], mine[2]), 0.5
        value, found = gradients(self._network, self._current, self._training, mine, shares=shares)
        return value, [found[name] for name in self._current]

    def _join(self, *both: Tensor) -> None:
        """Change every weight by the gradients of two halves, those of one before the other's."""
        n = len(self._current)
        pairs = zip(self._current, both[:n], both[n:], strict=True)
        found = {name: some + other for name, some, other in pairs}
        self._change(found, found)

    def _change(self, found: Variables, of_loss: Variables) -> None:
        """Change every weight by the gradient of what is minimised, and by that of the loss."""
        current, keeper, factors = self._current, self._keeper, self._factors
        follows = keeper is not None and keeper.follows
        if keeper is not None:
            found = keeper.pulled(found)
        before = {name: tf.identity(current[name]) for name in (current if follows else factors)}
        for name in factors:
            found[name] = found[name] * tf.cast(factors[name] > 0, found[name].dtype)
        shortened = clipped(list(found.values()), self._training.optimizer)
        self._optimizer.apply(shortened, list(current.values()))
        for name in factors:
            factor = tf.constant(factors[name], before[name].dtype)
            current[name].assign(before[name] + factor * (current[name] - before[name]))
        if keeper is not None and follows:
            keeper.follow(before, of_loss)
        self._take_average()

    def _take_average(self) -> None:
        keep, average = self._training.average, self._average
        for name, weight in self._current.items():
            average[name].assign(keep * average[name] + (1 - keep) * weight)
        for name, factor in self._factors.items():  # a mean of equals is not exactly equal
            average[name].assign(tf.where(factor > 0, average[name], self._current[name]))

    def _forward(self, inputs: Tensor, noise: Tensor, n_steps: Tensor) -> Tensor:
        return run(self._network, self._average, inputs, noise, n_steps).outputs

    def _of_loss(self, *feed: Tensor) -> Variables:
        return loss_gradients(self._network, self._current, self._training, feed, self._code)

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

    def end_stage(self, trials: Iterable[tuple[Tensor, ...]]) -> None:
        """Keep what the stage that ends found important, where weights are consolidated.

        ``trials`` are feeds of one trial each, for what is measured when a stage ends.
        """
        if self._keeper is None:
            return
        squares = {} if self._keeper.follows else mean_squares(self._alone, trials, self._current)
        self._keeper.end_stage(squares)

    def weights(self) -> dict[str, Array]:
        """Copy the weights as they are now."""
        return {name: variable.numpy().copy() for name, variable in self._average.items()}


def gradients(
    network: Network,
    weights: Variables,
    training: Training,
    feed: tuple[Tensor, ...],
    code: OwnCode = NO_CODE,
    shares: tuple[Tensor, float] = (1.0, 1.0),
) -> tuple[Tensor, Variables]:
    """Give what is minimised, a scalar, and its gradient with respect to each weight.

    Omega is in the gradient only: it is a function of the gradient of all the rest.

    Parameters
    ----------
    feed
        Inputs, targets and their weights (N_batch, N_max, ..), noise (N_max, N_batch, N_rec), and
        the number of steps to run.
    shares
        What the loss and the penalties are multiplied by.
    """
    inputs, targets, counts, noise, n_steps = feed
    omegas = [one for one in training.regularizers if isinstance(one, Omega)]
    with tf.GradientTape() as tape:
        if omegas:
            tape.watch(noise)  # it enters beside the currents, so its gradient is theirs
        ran = run(network, weights, inputs, noise, n_steps)
        value = shares[0] * loss_of(ran, targets, counts, training.loss, code)
        for regularizer in training.regularizers:
            if not isinstance(regularizer, Omega):
                value += shares[1] * penalty_of(ran, regularizer, code)
    wanted = [*weights.values(), *([noise] if omegas else [])]
    found = tape.gradient(value, wanted, unconnected_gradients=tf.UnconnectedGradients.ZERO)
    named = dict(zip(weights, found, strict=False))
    for penalty in omegas:
        for name, more in _omega_gradients(network, weights, penalty, ran, found[-1]).items():
            named[name] += more
    return value, named


def loss_gradients(
    network: Network,
    weights: Variables,
    training: Training,
    feed: tuple[Tensor, ...],
    code: OwnCode = NO_CODE,
) -> Variables:
    """Give the gradient of the loss without any regulariser, by weight."""
    inputs, targets, counts, noise, n_steps = feed
    with tf.GradientTape() as tape:
        ran = run(network, weights, inputs, noise, n_steps)
        value = loss_of(ran, targets, counts, training.loss, code)
    none = tf.UnconnectedGradients.ZERO
    found = tape.gradient(value, list(weights.values()), unconnected_gradients=none)
    return dict(zip(weights, found, strict=True))


def _omega_gradients(
    network: Network, weights: Variables, penalty: Omega, ran: Ran, D: Tensor
) -> Variables:
    assert isinstance(network.model, Ctrnn), "omega is for a ctrnn"
    names = [name for name in ("W_rec", "U_rec", "V_rec") if name in weights]
    with tf.GradientTape() as tape:
        W_rec = effective(weights, network.tensors(D.dtype))["W_rec"]
        value = omega(penalty, network.model, network.dt, W_rec, ran, D)
    return dict(zip(names, tape.gradient(value, [weights[name] for name in names]), strict=True))
