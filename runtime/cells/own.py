"""A user's own cell: its step is TensorFlow, and its gradient is found one step at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.cells.loops import Tensors, ahead, back
from epochal.runtime.models import OwnCell
from epochal.runtime.weights import Array

Weights = Mapping[str, Tensor]


class Cell(ABC):
    """What a user writes to train a cell of their own: weights, a first state, and a step.

    The readout ``W_out r + b_out``, noise, masks, training and files are the runtime's.  A step is
    differentiated by TensorFlow; the loop over steps is not, so that a cell compiles with XLA
    and costs the same however long a trial is.

    Attributes
    ----------
    model
        The record of the model: ``units``, ``noise``, and ``options``, numbers of your own.
    dt
        Step in ms.
    """

    def __init__(self, model: OwnCell, dt: float) -> None:
        self.model, self.dt = model, dt

    @abstractmethod
    def weights(self, n_in: int, n_rec: int, draw: np.random.Generator) -> Mapping[str, Array]:
        """Draw the weights that training starts from, but for those of the readout.

        Arrays named ``W_in`` (N_rec, N_in) and ``W_rec`` (N_rec, N_rec), [post, pre], obey the
        connectivity of an experiment.
        """

    @abstractmethod
    def begin(self, w: Weights, n_batch: int) -> Tensors:
        """Give the state before the first step: tensors (N_batch, ..), two-dimensional."""

    @abstractmethod
    def step(self, w: Weights, state: Tensors, x: Tensor, noise: Tensor) -> tuple[Tensors, Tensor]:
        """Take one step.

        Parameters
        ----------
        w
            The weights by name.  Use no other variables: only these are trained.
        state
            As ``begin`` and earlier steps made it.
        x, noise
            (N_batch, N_in) and (N_batch, N_rec), noise of standard deviation ``model.noise``.

        Returns
        -------
        state, rates
            The state after the step, shaped as before, and the rates (N_batch, N_rec) that the
            readout sees.
        """


def own(cell: Cell, w: Weights, inputs: Tensor, noise: Tensor, n_steps: Tensor) -> Tensor:
    """Rates of a user's own cell, (N_max, N_batch, N_rec).

    Back in time each step is run again, from the state kept before it, and differentiated alone.
    """
    names = [name for name in w if name not in ("W_out", "b_out")]
    n_max, n_batch, _ = inputs.shape
    size, begin = (n_max, n_batch), tuple(cell.begin(w, n_batch))
    widths = (cell.model.units, *(part.shape[1] for part in begin))

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def run(noise: Tensor, *rest: Tensor) -> Tensor:
        first, values = rest[: len(begin)], rest[len(begin) :]
        named = dict(zip(names, values, strict=True))

        def step(t: Tensor, *state: Tensor) -> tuple[Tensors, Tensors]:
            after, r = cell.step(named, state, inputs[t], noise[t])
            return tuple(after), (r, *state)

        r, *before = ahead(step, first, n_steps, size, widths)

        def gradient(G: Tensor) -> Tensors:
            def step(t: Tensor, *carried: Tensor) -> tuple[Tensors, Tensors]:
                d, sums = carried[: len(begin)], carried[len(begin) :]
                given = [tf.identity(one) for one in (noise[t], *(b[t] for b in before), *values)]
                with tf.GradientTape() as tape:
                    tape.watch(given)
                    state = tuple(given[1 : 1 + len(begin)])
                    here = dict(zip(names, given[1 + len(begin) :], strict=True))
                    after, r = cell.step(here, state, inputs[t], given[0])
                found = tape.gradient(
                    (r, *after),
                    given,
                    output_gradients=(G[t], *d),
                    unconnected_gradients=tf.UnconnectedGradients.ZERO,
                )
                d_noise, d_state = found[0], found[1 : 1 + len(begin)]
                more = [a + b for a, b in zip(sums, found[1 + len(begin) :], strict=True)]
                return (*d_state, *more), (d_noise,)

            nothing = tuple(tf.zeros_like(one) for one in (*first, *values))
            ended, (D,) = back(step, nothing, n_steps, size, (widths[0],))
            return (D, *ended)

        return r, gradient

    return run(noise, *begin, *(w[name] for name in names))
