"""Optimisers of Keras from their records, and the clipping of gradients before them."""

from __future__ import annotations

from epochal.runtime.backend import Tensor, tf
from epochal.runtime.learning import Adam, Cosine, Exponential, Optimizer, Rmsprop, Sgd


def optimizer_of(record: Optimizer) -> Tensor:
    """Make the optimiser of Keras that a record describes."""
    rate = _rate(record)
    match record:
        case Adam():
            made = tf.keras.optimizers.Adam(rate, record.beta1, record.beta2, record.epsilon)
        case Sgd():
            made = tf.keras.optimizers.SGD(rate, record.momentum, record.nesterov)
        case Rmsprop():
            made = tf.keras.optimizers.RMSprop(
                rate, record.rho, momentum=record.momentum, epsilon=record.epsilon
            )
    return made


def clipped(gradients: list[Tensor], record: Optimizer) -> list[Tensor]:
    """Shorten gradients that are longer than ``record.clip``."""
    if record.clip is None:
        return gradients
    match record.clipping:
        case "each":
            return [tf.clip_by_norm(gradient, record.clip) for gradient in gradients]
        case "value":
            return [tf.clip_by_value(g, -record.clip, record.clip) for g in gradients]
        case "global":
            shortened, _ = tf.clip_by_global_norm(gradients, record.clip, _length(gradients))
            return list(shortened)


def _length(gradients: list[Tensor]) -> Tensor:
    """Give the norm of all gradients together, also where their squares are no float32."""
    length = tf.linalg.global_norm(gradients)
    largest = tf.reduce_max([tf.reduce_max(tf.abs(gradient)) for gradient in gradients])
    scaled = [gradient / largest for gradient in gradients]
    return tf.where(tf.math.is_inf(length), largest * tf.linalg.global_norm(scaled), length)


def _rate(record: Optimizer) -> Tensor:
    schedules = tf.keras.optimizers.schedules
    match record.schedule:
        case None:
            return record.rate
        case Exponential(factor=factor, updates=updates):
            return schedules.ExponentialDecay(record.rate, updates, factor)
        case Cosine(updates=updates, final=final):
            return schedules.CosineDecay(record.rate, updates, final)
