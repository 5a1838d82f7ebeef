"""Protecting what earlier stages of a curriculum learnt: how important weights are, and to what.

A penalty pulls each trained weight back to where it stood when a stage ended, the harder the more
it mattered there.  It enters the gradient alone: the loss that is reported is that of the task.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

import numpy as np

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.learning import Consolidation, IntelligentSynapses
from epochal.runtime.weights import Array

Variables: TypeAlias = Mapping[str, Tensor]
Feed: TypeAlias = tuple[Tensor, ...]


class Keeper:
    """The importance of every trained weight, and the anchor that it is pulled back to.

    Parameters
    ----------
    record
        Which importance, and how hard it pulls.
    current
        The weights that learn, by name, before training: the anchors of the first stage, where
        nothing is important yet.
    """

    def __init__(self, record: Consolidation, current: Variables) -> None:
        self.record = record
        self._current = current
        self._anchor = {name: tf.Variable(w) for name, w in current.items()}
        self._importance = {name: tf.Variable(tf.zeros_like(w)) for name, w in current.items()}
        followed = current if self.follows else {}
        self._path = {name: tf.Variable(tf.zeros_like(w)) for name, w in followed.items()}

    @property
    def follows(self) -> bool:
        """Whether importance is gathered along the way, and not when a stage ends."""
        return isinstance(self.record, IntelligentSynapses)

    def variables(self) -> dict[str, Tensor]:
        """Name all that it keeps."""
        kept = {"importance": self._importance, "anchor": self._anchor}
        kept |= {"path": self._path} if self.follows else {}
        return {
            f"consolidation/{kind}/{name}": variable
            for kind, variables in kept.items()
            for name, variable in variables.items()
        }

    def pulled(self, gradients: Variables) -> dict[str, Tensor]:
        """Add the gradient of the penalty to that of all the rest.

        ``2 c Omega (theta - anchor)`` (Zenke et al. 2017 eq. 4), ``lambda F (theta - anchor)``
        (Kirkpatrick et al. 2017 eq. 3).
        """
        factor = 2 * self.record.strength if self.follows else self.record.strength
        return {
            name: gradient
            + factor * self._importance[name] * (self._current[name] - self._anchor[name])
            for name, gradient in gradients.items()
        }

    def follow(self, before: Variables, gradients: Variables) -> None:
        """Add one update to the path integral: minus the gradient of the loss times the change.

        Parameters
        ----------
        before
            The weights before the update, where ``gradients`` of the loss alone were taken.

        References
        ----------
        Zenke et al. 2017 eq. 3; one term an update, as in train.py of Yang et al. 2019.
        """
        for name, gradient in gradients.items():
            self._path[name].assign_sub(gradient * (self._current[name] - before[name]))

    def end_stage(self, squares: Variables) -> None:
        """Take in what the stage that ends found important, and anchor the weights anew.

        ``squares`` are the diagonal Fisher information of `Ewc`, and {} with intelligent synapses.
        """
        for name in self._current:
            if self.follows:
                self._end_path(name)
            else:
                self._add_fisher(name, squares[name])

    def _end_path(self, name: str) -> None:
        """``Omega = max(Omega + omega / (Delta^2 + xi), 0)`` (eq. 5; the bound is Yang's)."""
        assert isinstance(self.record, IntelligentSynapses)
        moved = self._current[name] - self._anchor[name]
        gained = self._path[name] / (tf.square(moved) + self.record.damping)
        self._importance[name].assign(tf.nn.relu(self._importance[name] + gained))
        self._anchor[name].assign(self._current[name])
        self._path[name].assign(tf.zeros_like(self._path[name]))

    def _add_fisher(self, name: str, squares: Tensor) -> None:
        """Add a penalty: with the earlier ones it is one, about the mean of anchors by importance.

        Where nothing is important the anchor is that of the last stage.
        """
        here, kept = self._current[name], self._importance[name]
        fisher = tf.cast(squares, kept.dtype)
        total = kept + fisher
        some = total > 0
        share = tf.where(some, fisher / tf.where(some, total, 1), 1)
        self._anchor[name].assign_add(share * (here - self._anchor[name]))
        self._importance[name].assign(total)


def mean_squares(
    gradient: Callable[..., Variables], trials: Iterable[Feed], names: Iterable[str]
) -> dict[str, Array]:
    """Estimate the diagonal of the empirical Fisher information, by weight.

    The mean over trials of the square of the gradient that each trial has alone; the loss stands
    for minus the log-likelihood of its targets.

    References
    ----------
    Kirkpatrick et al. 2017, whose F it is where targets are drawn from the network.
    """
    sums: dict[str, Array] = {name: np.zeros(()) for name in names}
    n = 0
    for feed in trials:
        found = gradient(*feed)
        sums = {name: total + np.square(found[name].numpy()) for name, total in sums.items()}
        n += 1
    return {name: total / n for name, total in sums.items()}
