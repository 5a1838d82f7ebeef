"""Laws that weights are drawn from before training: records, and how each is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from epochal.runtime.requirements import positive, require

Array: TypeAlias = NDArray[np.floating[Any]]


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the laws have in common: they read and write JSON, by name."""


class Normal(_Record, frozen=True, tag="normal"):
    """Normal with mean 0 and standard deviation ``sd`` (PsychRNN's const_gauss has 1)."""

    sd: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a spread that is none."""
        require("sd", self.sd, positive(self.sd), "a positive number")


class Uniform(_Record, frozen=True, tag="uniform"):
    """Uniform from ``-limit`` to ``limit`` (0.1 in PsychRNN's const_unif and in pycog)."""

    limit: float = 0.1

    def __post_init__(self) -> None:
        """Refuse a limit that leaves nothing to draw."""
        require("limit", self.limit, positive(self.limit), "a positive number")


class GlorotNormal(_Record, frozen=True, tag="glorot_normal"):
    """Normal of variance ``2 / (fan_in + fan_out)``, for each weight's own connections.

    References
    ----------
    Glorot and Bengio 2010 eq. 12; PsychRNN counts the connections that exist, as here.
    """


class GlorotUniform(_Record, frozen=True, tag="glorot_uniform"):
    """Uniform with the variance of ``glorot_normal``.

    References
    ----------
    Glorot and Bengio 2010 eq. 16.
    """


class FanIn(_Record, frozen=True, tag="fan_in"):
    """Normal of standard deviation ``gain / sqrt(fan_in)``.

    References
    ----------
    Yang et al. 2019 (input weights, "randgauss" recurrent weights).
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a gain that is none."""
        require("gain", self.gain, positive(self.gain), "a positive number")


class Orthogonal(_Record, frozen=True, tag="orthogonal"):
    """``gain`` times a matrix with orthonormal rows or columns, uniform over all of them.

    References
    ----------
    Saxe et al. 2014; Yang et al. 2019 ("randortho", with gain 0.5 for relu).
    """

    gain: float = 1.0

    def __post_init__(self) -> None:
        """Refuse a gain that is none."""
        require("gain", self.gain, positive(self.gain), "a positive number")


class Identity(_Record, frozen=True, tag="identity"):
    """``scale`` from each unit to itself, 0 between units.

    References
    ----------
    Yang et al. 2019 ("diag", 0.5 for softplus and relu); PsychRNN's AlphaIdentity.
    """

    scale: float = 0.5

    def __post_init__(self) -> None:
        """Refuse a scale that is none."""
        require("scale", self.scale, positive(self.scale), "a positive number")


class Spectral(_Record, frozen=True, tag="spectral"):
    """Normal, then scaled: the effective matrix gets the spectral radius that the model names."""


class Gamma(_Record, frozen=True, tag="gamma"):
    """Gamma of this shape, then scaled as ``spectral``; the signs come from Dale's law.

    References
    ----------
    Song et al. 2016; pycog has shape 2.
    """

    shape: float = 2.0

    def __post_init__(self) -> None:
        """Refuse a shape that no gamma distribution has."""
        require("shape", self.shape, positive(self.shape), "a positive number")


Law = Normal | Uniform | GlorotNormal | GlorotUniform | FanIn | Orthogonal
RecurrentLaw = Law | Identity | Spectral | Gamma

AS_DRAWN = (Identity, Orthogonal)
"""Laws whose point is lost when excitation and inhibition are balanced afterwards."""

SCALED = (Spectral, Gamma)
"""Laws that say nothing of the size of the weights: the model's radius does."""


def drawn(law: RecurrentLaw, C: Array, draw: np.random.Generator) -> Array:
    """Draw a matrix of weights, float64, of the shape of its connectivity ``C``.

    Absent connections get a value, too: constraints are applied elsewhere.
    """
    return _DRAWS[type(law)](law, C, draw)


def _normal(law: Normal, C: Array, draw: np.random.Generator) -> Array:
    made: Array = law.sd * draw.standard_normal(C.shape)
    return made


def _uniform(law: Uniform, C: Array, draw: np.random.Generator) -> Array:
    return draw.uniform(-law.limit, law.limit, C.shape)


def _glorot_normal(_: GlorotNormal, C: Array, draw: np.random.Generator) -> Array:
    return draw.standard_normal(C.shape) * _glorot(C)


def _glorot_uniform(_: GlorotUniform, C: Array, draw: np.random.Generator) -> Array:
    made: Array = draw.uniform(-1, 1, C.shape) * np.sqrt(3) * _glorot(C)
    return made


def _fan_in(law: FanIn, C: Array, draw: np.random.Generator) -> Array:
    fan_in = np.maximum((C > 0).sum(axis=1, keepdims=True), 1)
    made: Array = law.gain * draw.standard_normal(C.shape) / np.sqrt(fan_in)
    return made


def _orthogonal(law: Orthogonal, C: Array, draw: np.random.Generator) -> Array:
    rows, columns = C.shape
    tall = draw.standard_normal((max(C.shape), min(C.shape)))
    Q, R = np.linalg.qr(tall)
    Q = Q * np.sign(np.diag(R))  # uniform: QR alone prefers one sign
    made: Array = law.gain * (Q if rows >= columns else Q.T)
    return made


def _identity(law: Identity, C: Array, _: np.random.Generator) -> Array:
    return law.scale * np.eye(len(C))


def _spectral(_: Spectral, C: Array, draw: np.random.Generator) -> Array:
    return draw.standard_normal(C.shape)


def _gamma(law: Gamma, C: Array, draw: np.random.Generator) -> Array:
    return draw.gamma(law.shape, 1 / law.shape, C.shape)


_DRAWS: dict[type[Any], Callable[..., Array]] = {
    Normal: _normal,
    Uniform: _uniform,
    GlorotNormal: _glorot_normal,
    GlorotUniform: _glorot_uniform,
    FanIn: _fan_in,
    Orthogonal: _orthogonal,
    Identity: _identity,
    Spectral: _spectral,
    Gamma: _gamma,
}


def _glorot(C: Array) -> Array:
    exists = (C > 0).astype(np.float64)
    fan_in, fan_out = exists.sum(axis=1, keepdims=True), exists.sum(axis=0, keepdims=True)
    scale: Array = np.sqrt(2 / np.maximum(fan_in + fan_out, 1))
    return scale
