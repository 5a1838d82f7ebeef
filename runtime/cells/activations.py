"""Rates of units from their currents."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.models import Activation

Function: TypeAlias = Callable[[Tensor], Tensor]


def activation(name: Activation, power: float = 2.0) -> tuple[Function, Function]:
    """Give rates from currents, and the slope as a function of the rate.

    So the backward pass needs nothing but the rates.  Where the slope has two sides, at 0, it is
    that of the side where nothing happens.

    References
    ----------
    Yang et al. 2019: retanh, power (2).  Song et al. 2016 (pycog): power, linear.
    """
    if name == "power":
        return (
            lambda s: tf.pow(tf.nn.relu(s), power),
            lambda r: power * tf.pow(r, 1 - 1 / power) * _above_zero(r),
        )
    return _ACTIVATIONS[name]


def _above_zero(r: Tensor) -> Tensor:
    return tf.cast(r > 0, r.dtype)


_ACTIVATIONS: dict[Activation, tuple[Function, Function]] = {
    "relu": (tf.nn.relu, _above_zero),
    "softplus": (tf.nn.softplus, lambda r: 1 - tf.exp(-r)),
    "tanh": (tf.nn.tanh, lambda r: 1 - r * r),
    "sigmoid": (tf.nn.sigmoid, lambda r: r * (1 - r)),
    "retanh": (lambda s: tf.nn.tanh(tf.nn.relu(s)), lambda r: (1 - r * r) * _above_zero(r)),
    "linear": (tf.identity, tf.ones_like),
}
