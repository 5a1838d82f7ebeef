"""What is trained and how: frozen records that read and write JSON.

Connectivity masks are arrays, so they stand beside these records, with the weights.
"""

from __future__ import annotations

import math
from typing import Literal, get_args

import msgspec

Activation = Literal["relu", "softplus", "tanh", "sigmoid"]
Loss = Literal["mse", "mse_normalized"]
Clip = Literal["global", "each"]


class Ctrnn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A continuous-time recurrent network in the `current` form: noise and leak act on currents.

    Attributes
    ----------
    units
        N_rec, recurrent units.
    tau
        Time constant of the units, ms.
    activation
        Rate of a unit as a function of its current.
    noise
        sigma_rec, standard deviation of the recurrent noise in units of current: each step adds
        normal noise of standard deviation ``sqrt(2 dt / tau) * noise``.
    dale
        Fraction of units that are excitatory; the others are inhibitory, and project only
        inside the network.  None lets every unit have weights of both signs.
    autapses
        Whether units may drive themselves.
    radius
        Spectral radius of the random part of the effective recurrent weights before training.
    persistence
        Weight with which units (under Dale's law the excitatory ones) excite themselves before
        training, besides: active units start with a time constant of
        ``tau / (1 - persistence)``, and networks learn to hold a memory several times sooner,
        and from every seed tried.  Yang et al. 2019 start from
        this alone (0.5); PsychRNN starts from the random part alone (0, with a radius of 1.1).
    """

    units: int = 100
    tau: float = 100.0
    activation: Activation = "relu"
    noise: float = 0.05
    dale: float | None = None
    autapses: bool = True
    radius: float = 0.8
    persistence: float = 0.5

    def __post_init__(self) -> None:
        """Refuse values that no network can have."""
        _require("units", self.units, 1 <= self.units <= 20_000, "1 to 20000")
        _require("tau", self.tau, _positive(self.tau), "a positive time in ms")
        _one_of("activation", self.activation, get_args(Activation))
        _require("noise", self.noise, _positive(self.noise, zero=True), "0 or more")
        _require("dale", self.dale, self.dale is None or 0 < self.dale < 1, "between 0 and 1")
        _require("radius", self.radius, _positive(self.radius), "a positive number")
        _require("persistence", self.persistence, 0 <= self.persistence < 1, "0 or more, below 1")
        if self.dale is not None and not 0 < self.excitatory < self.units:
            message = f"dale = {self.dale} of {self.units} units leaves only one kind of unit"
            raise ValueError(message)

    @property
    def excitatory(self) -> int:
        """Number of units that may excite; under Dale's law they come first."""
        return self.units if self.dale is None else int(self.dale * self.units + 1e-9)


class Adam(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Adam (Kingma and Ba 2015) on clipped gradients.

    ``clip`` bounds the norm of the gradient: of all weights together ("global"), or of each
    array of weights by itself ("each", as in PsychRNN).
    """

    rate: float = 1e-3
    clip: float = 1.0
    clipping: Clip = "global"
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-7

    def __post_init__(self) -> None:
        """Refuse values with which Adam does not work."""
        _require("rate", self.rate, _positive(self.rate), "a positive number")
        _require("clip", self.clip, _positive(self.clip), "a positive number")
        _one_of("clipping", self.clipping, get_args(Clip))
        _require("beta1", self.beta1, 0 <= self.beta1 < 1, "0 or more and less than 1")
        _require("beta2", self.beta2, 0 <= self.beta2 < 1, "0 or more and less than 1")
        _require("epsilon", self.epsilon, _positive(self.epsilon), "a positive number")


class Stop(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When training is over before the last update.

    Attributes
    ----------
    accuracy
        Stop once the mean accuracy of the last ``last`` evaluations reaches this; above 1, never.
    last
        How many evaluations that mean is over.
    patience, rise
        Stop when the mean of so many evaluations is not above that of as many before them by
        ``rise``, ...
    left_chance
        ... but only after it has come this fraction of the way from the accuracy of the
        untrained network to ``accuracy``: a network that has yet to find the rule, or has found
        half of it, goes on.
    """

    accuracy: float = 0.95
    last: int = 3
    patience: int = 10
    rise: float = 0.01
    left_chance: float = 0.75

    def __post_init__(self) -> None:
        """Refuse values that say nothing."""
        _require("accuracy", self.accuracy, _positive(self.accuracy), "a positive number")
        _require("last", self.last, self.last >= 1, "1 or more")
        _require("patience", self.patience, self.patience >= 1, "1 or more")
        _require("rise", self.rise, _positive(self.rise, zero=True), "0 or more")
        _require("left_chance", self.left_chance, 0 <= self.left_chance <= 1, "0 to 1")


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a network is trained.

    Attributes
    ----------
    optimizer, loss
        "mse_normalized" is ``sum(w (y - target)**2) / sum(w)``; "mse" is PsychRNN's
        ``mean((w (y - target))**2)`` over every step, padding too.
    batch, updates
        Trials in an update, sequences where a task has sessions; and updates at most.
    every, trials
        Every so many updates, accuracy is measured on this many fresh trials.
    average
        The weights that are evaluated and kept are a running average over updates, in which
        each update counts this much less than the next (Polyak and Juditsky 1992): they do
        better, and more evenly, than those of any one update.  0 keeps the last weights.
    dt
        Step in ms.
    stop
        When to stop early.
    """

    optimizer: Adam = msgspec.field(default_factory=Adam)
    loss: Loss = "mse_normalized"
    batch: int = 128
    updates: int = 5000
    every: int = 50
    trials: int = 512
    average: float = 0.98
    dt: float = 20.0
    stop: Stop = msgspec.field(default_factory=Stop)

    def __post_init__(self) -> None:
        """Refuse values that train nothing."""
        _one_of("loss", self.loss, get_args(Loss))
        _require("batch", self.batch, self.batch >= 1, "1 or more trials")
        _require("updates", self.updates, self.updates >= 1, "1 or more")
        _require("every", self.every, self.every >= 1, "1 or more updates")
        _require("trials", self.trials, self.trials >= 1, "1 or more")
        _require("average", self.average, 0 <= self.average < 1, "0 or more and less than 1")
        _require("dt", self.dt, _positive(self.dt), "a positive time in ms")


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model and its training; ``Profile()`` is the built-in one."""

    model: Ctrnn = msgspec.field(default_factory=Ctrnn)
    training: Training = msgspec.field(default_factory=Training)

    def __post_init__(self) -> None:
        """Refuse a step longer than the network can follow."""
        if self.training.dt > self.model.tau:
            message = f"dt = {self.training.dt} ms is longer than tau = {self.model.tau} ms"
            raise ValueError(message)


def to_json(profile: Profile) -> bytes:
    """Write a profile as JSON with every default in it."""
    return msgspec.json.format(msgspec.json.encode(profile), indent=2)


def from_json(text: bytes | str) -> Profile:
    """Read what ``to_json`` writes; fields left out have their defaults.

    Raises
    ------
    ValueError
        Not JSON, an unknown field, or a value that is not allowed.
    """
    try:
        return msgspec.json.decode(text, type=Profile)
    except msgspec.MsgspecError as error:
        message = f"not a training profile: {error}"
        raise ValueError(message) from None


def _positive(value: float, *, zero: bool = False) -> bool:
    return math.isfinite(value) and (value > 0 or (zero and value == 0))


def _one_of(field: str, value: str, allowed: tuple[str, ...]) -> None:
    _require(field, repr(value), value in allowed, "one of " + ", ".join(allowed))


def _require(field: str, value: object, holds: bool, allowed: str) -> None:
    if not holds:
        message = f"{field} = {value} is not allowed: {field} must be {allowed}"
        raise ValueError(message)
