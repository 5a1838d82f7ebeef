"""What the externs of the golden task call: a row in, a row out."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

N_PIXELS = 6


def gabor(theta: Floats, phase: Floats) -> Floats:
    """Brightness of six pixels on a line, (N_batch, 6); theta and phase in deg."""
    x = np.arange(N_PIXELS) / N_PIXELS
    wave = np.cos(2 * np.pi * x * np.cos(np.radians(theta))[:, None] + np.radians(phase)[:, None])
    return np.asarray(np.exp(-8 * (x - 0.5) ** 2) * wave)


def adaptation(time: Floats, rate: Floats, strong: NDArray[np.bool_]) -> Floats:
    """What is left of a response, (N_batch,), after a time in us, at a rate in Hz."""
    assert strong.dtype == bool
    return np.asarray(np.where(strong, 2.0, 1.0) * np.exp(-time * rate / 1e6))


def luminance(level: Floats) -> Floats:
    return np.asarray(level**0.5)


def vignette() -> Floats:
    return np.linspace(1, 0.5, N_PIXELS)
