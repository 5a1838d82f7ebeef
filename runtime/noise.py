"""Recurrent noise, made on the host while the network learns.

Drawn inside a compiled update it costs as much as the update; from the table of normal quantiles,
on a thread of its own, it is nearly free.
"""

from __future__ import annotations

import math

import numpy as np

from epochal.compiler.prelude.noise import normal_quantiles
from epochal.compiler.prelude.words import code
from epochal.runtime.batch import Float, Stream
from epochal.runtime.models import Ctrnn, LeakyGru, Model

_CHUNK = 16_384  # values at a time: what the second-level cache holds


def recurrent_noise(
    n_steps: int, n_batch: int, n_units: int, sd: float, seed: int, stream: Stream, batch: int
) -> Float:
    """Draw normal noise of standard deviation ``sd``, (N_steps, N_batch, N_units) float32.

    The same arguments give the same bits on every machine.  Values are quantiles of the normal
    at the middles of 65,536 equal cells, so none lies beyond 4.33 ``sd``.
    """
    noise = np.zeros(n_steps * n_batch * n_units, np.float32)
    if sd > 0:
        table = normal_quantiles() * np.float32(sd)
        source = np.random.SFC64([seed, stream, batch, code("noise:recurrent")])
        for first in range(0, len(noise), _CHUNK):
            part = noise[first : first + _CHUNK]
            words = source.random_raw(math.ceil(len(part) / 4)).astype("<u8", copy=False)
            np.take(table, words.view("<u2")[: len(part)], out=part, mode="clip")
    return noise.reshape(n_steps, n_batch, n_units)


def noise_sd(model: Model, dt: float) -> float:
    """Give the standard deviation of one step's recurrent noise at dt ms.

    It is ``sqrt(2 dt / tau) sigma`` beside the currents of the `current` form (PsychRNN), and
    ``sqrt(2 tau / dt) sigma`` inside the activation of the `rate` form and of the leaky GRU (Yang
    et al. 2019), so that it means as much at every dt.  Networks without a time constant have
    ``sigma`` at each step.
    """
    match model:
        case Ctrnn(form="current", tau=tau):
            return math.sqrt(2 * dt / tau) * model.noise
        case Ctrnn(tau=tau) | LeakyGru(tau=tau):
            return math.sqrt(2 * tau / dt) * model.noise
        case _:
            return model.noise
