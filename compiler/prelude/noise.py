"""White noise from a table of normal quantiles: fast, and the same bits on every machine."""

from functools import cache
from statistics import NormalDist

import numpy as np

from epochal.compiler.prelude.words import Floats, Floats32, code


@cache
def normal_quantiles() -> Floats32:
    """Give the middles of 65,536 equally likely cells of the normal law, (65536,) float32.

    They are multiples of 2**-20, which every machine agrees on: variance 0.99998, |z| <= 4.33.
    """
    lower = np.array([*map(NormalDist().inv_cdf, (np.arange(32768) + 0.5) / 65536)])
    both = np.append(lower, -lower[::-1])
    rounded: Floats32 = (np.rint(both * 2**20) / 2**20).astype(np.float32)
    return rounded


def add_noise(
    x: Floats32, sd: float | Floats | Floats32, key: tuple[int, int, int], name: str
) -> None:
    """Add independent normal noise to x in place, the same bits on every machine.

    Each value is sd times one of 65,536 normal quantiles (|z| <= 4.33, kurtosis 2.999), picked by
    16 random bits.  Each trial has its own random words: ceil(N_steps * N_units / 4) of them, from
    the stream of its block of 256 trials.

    Parameters
    ----------
    x : (N_batch, N_steps, N_units) float32, may be some columns of a wider array.
    sd : one number, or (N_batch, N_steps).
    key : seed, stream and batch.
    name : of the channel.
    """
    n_batch, n_steps, n_units = x.shape
    n_values = n_steps * n_units
    n_words = -(-n_values // 4)
    sd = np.asarray(sd, np.float32)
    table = normal_quantiles() if sd.ndim else normal_quantiles() * sd
    chunk = max(1, 32768 // n_values)  # trials whose numbers stay in the second-level cache
    for block in range(0, n_batch, 256):
        source = np.random.SFC64([*key, code(name), block // 256])
        for first in range(block, min(block + 256, n_batch), chunk):
            part = x[first : min(first + chunk, block + 256)]
            words = source.random_raw(len(part) * n_words).astype("<u8", copy=False)
            places = words.view("<u2").reshape(len(part), -1)[:, :n_values]
            z = np.take(table, places, mode="clip").reshape(part.shape)
            scale = sd[first : first + len(part)] if sd.ndim else None
            if n_units < 8 and not part.flags.c_contiguous:
                for unit in range(n_units):  # six times faster than a strided block
                    one = z[:, :, unit]
                    part[:, :, unit] += one if scale is None else one * scale
            else:
                part += z if scale is None else z * scale[..., None]


def add_scaled_noise(
    x: Floats32, sd: Floats | Floats32, key: tuple[int, int, int], name: str
) -> None:
    """Add the noise of `add_noise` with an sd of each step, (N_batch, N_steps)."""
    add_noise(x, sd, key, name)
