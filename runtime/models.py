"""The networks there are: records with defaults, which read and write JSON.

`runtime/cells` has their equations, `docs/models.md` all of it in one place.  Arrays (connections
that exist, are fixed, or start from given values) stand beside these records, in a
`Connectivity`.
"""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from epochal.runtime.laws import (
    GlorotNormal,
    GlorotUniform,
    Identity,
    Law,
    RecurrentLaw,
    Spectral,
)
from epochal.runtime.model_checks import (
    PERSISTENCE,
    RADIUS,
    check_areas,
    check_gated,
    check_power,
    check_rank,
    check_together,
    count_excitatory,
)
from epochal.runtime.requirements import one_of, positive, require

Activation = Literal["relu", "softplus", "tanh", "sigmoid", "retanh", "power", "linear"]
Form = Literal["current", "rate"]
Readout = Literal["linear", "sigmoid", "softmax"]
Positive = Literal["abs", "rectify"]
Variant = Literal["standard", "psychrnn"]


class Area(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Units that project to one another freely, and to other areas where a projection says so.

    ``inputs`` and ``outputs`` say whether the area gets the task's inputs, and reaches the
    outputs.
    """

    name: str
    units: int
    inputs: bool = True
    outputs: bool = True

    def __post_init__(self) -> None:
        """Refuse an area without units or a name."""
        require("name", repr(self.name), bool(self.name), "a word")
        require("units", self.units, self.units >= 1, "1 or more")


class Projection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Connections from one area to another.

    ``density`` is the fraction of them that exist, chosen at random once for all seeds;
    ``excitatory`` lets only excitatory units project.
    """

    source: str
    target: str
    density: float = 1.0
    excitatory: bool = False

    def __post_init__(self) -> None:
        """Refuse a density that is no fraction, and a projection to its own source."""
        require("density", self.density, 0 < self.density <= 1, "above 0, at most 1")
        another = self.source != self.target
        require("target", repr(self.target), another, "another area than the source")


class _Units(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every network has.

    Attributes
    ----------
    units
        N_rec, recurrent units.
    noise
        sigma_rec, size of the recurrent noise; each model says where it enters.
    autapses
        Whether units may drive themselves.
    readout
        What follows ``W_out r + b_out``: nothing, a sigmoid for each output, or a softmax over
        all of them.
    init_in, init_rec, init_out
        Laws that the input, recurrent and output weights are drawn from before training.
    bias, train_bias, output_bias, train_output_bias
        Biases before training, and whether they are trained.
    initial, initial_sd, train_initial
        State before the first step: each unit draws it from a normal before training, and it is
        trained, too, unless ``train_initial`` is false.
    """

    units: int = 100
    noise: float = 0.05
    autapses: bool = True
    readout: Readout = "linear"
    init_in: Law = GlorotNormal()
    init_rec: RecurrentLaw = GlorotUniform()
    init_out: Law = GlorotNormal()
    bias: float = 0.0
    train_bias: bool = True
    output_bias: float = 0.0
    train_output_bias: bool = True
    initial: float = 0.1
    initial_sd: float = 0.01
    train_initial: bool = True

    def __post_init__(self) -> None:
        """Refuse values that no network can have."""
        require("units", self.units, 1 <= self.units <= 20_000, "1 to 20000")
        require("noise", self.noise, positive(self.noise, zero=True), "0 or more")
        one_of("readout", self.readout, get_args(Readout))
        for name in ("bias", "output_bias", "initial"):
            value = getattr(self, name)
            require(name, value, positive(abs(value), zero=True), "a finite number")
        require("initial_sd", self.initial_sd, positive(self.initial_sd, zero=True), "0 or more")
        if not self.autapses and isinstance(self.init_rec, Identity):
            message = "init_rec = identity leaves nothing without autapses"
            raise ValueError(message)


class Ctrnn(_Units, frozen=True, kw_only=True, tag="ctrnn"):
    """A continuous-time recurrent network, in either published form.

    Attributes
    ----------
    units, noise, autapses, readout, init_in, init_rec, init_out, bias, train_bias, output_bias,
    train_output_bias, initial, initial_sd, train_initial
        As for every network.  ``noise`` is in units of current: each step adds normal noise of
        standard deviation ``sqrt(2 dt / tau) * noise`` to the currents (`current`), or
        ``sqrt(2 tau / dt) * noise`` inside the activation (`rate`), which is as much.
    tau
        Time constant of the units, ms.
    form
        `current`: leak and noise act on currents, and rates follow at once (PsychRNN, pycog).
        `rate`: the rates themselves are leaky (Yang et al. 2019).
    activation
        Rate of a unit as a function of its current.
    power
        Exponent of the activation `power`, ``max(s, 0)**power``.
    dale
        Fraction of units that are excitatory; the others are inhibitory, and project only
        inside the network.  None lets every unit have weights of both signs.
    positive
        How Dale's law makes weights positive: `abs` (PsychRNN) or `rectify` (pycog).
    rank
        Rank of the recurrent weights, ``W_rec = U V``; None leaves them full.
    areas, projections
        Parts of the network, first units first, and what connects them; no areas means one.
    radius
        Spectral radius of the random part of the effective recurrent weights before training,
        where ``init_rec`` is `spectral` or `gamma`.
    persistence
        Weight with which units (under Dale's law the excitatory ones) excite themselves before
        training, besides: active units start with a time constant of
        ``tau / (1 - persistence)``, and networks learn to hold a memory several times sooner,
        and from every seed tried.  Yang et al. 2019 start from
        this alone (0.5); PsychRNN starts from the random part alone (0, with a radius of 1.1).
        With a ``rank`` it is the directions of U that excite themselves.
    """

    tau: float = 100.0
    form: Form = "current"
    activation: Activation = "relu"
    power: float = 2.0
    dale: float | None = None
    positive: Positive = "abs"
    rank: int | None = None
    areas: tuple[Area, ...] = ()
    projections: tuple[Projection, ...] = ()
    init_rec: RecurrentLaw = Spectral()
    radius: float = RADIUS
    persistence: float = PERSISTENCE

    def __post_init__(self) -> None:
        """Refuse values that no network can have, and those that contradict one another."""
        super().__post_init__()
        require("tau", self.tau, positive(self.tau), "a positive time in ms")
        one_of("form", self.form, get_args(Form))
        one_of("activation", self.activation, get_args(Activation))
        check_power(self)
        one_of("positive", self.positive, get_args(Positive))
        require("dale", self.dale, self.dale is None or 0 < self.dale < 1, "between 0 and 1")
        require("radius", self.radius, positive(self.radius), "a positive number")
        require("persistence", self.persistence, 0 <= self.persistence < 1, "0 or more, below 1")
        check_together(self)
        check_rank(self)
        check_areas(self)

    @property
    def excitatory(self) -> int:
        """Number of units that may excite; under Dale's law they come first in each area."""
        if self.dale is None:
            return self.units
        sizes = [area.units for area in self.areas] or [self.units]
        return sum(count_excitatory(self.dale, size) for size in sizes)


class Gru(_Units, frozen=True, kw_only=True, tag="gru"):
    """A gated recurrent unit network (Cho et al. 2014), as TensorFlow 1 had it.

    Attributes
    ----------
    units, noise, autapses, readout, init_in, init_rec, init_out, bias, train_bias, output_bias,
    train_output_bias, initial, initial_sd, train_initial
        As for every network.  ``noise`` is the standard deviation of normal noise inside the
        candidate's activation at each step; ``bias`` is that of the candidate.
    activation
        Of the candidate.
    power
        Exponent of the activation `power`.
    gate_bias
        Bias of both gates before training.
    """

    noise: float = 0.0
    initial: float = 0.0
    initial_sd: float = 0.0
    activation: Activation = "tanh"
    power: float = 2.0
    gate_bias: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values that no network can have."""
        super().__post_init__()
        one_of("activation", self.activation, get_args(Activation))
        check_power(self)
        check_gated(self)


class LeakyGru(_Units, frozen=True, kw_only=True, tag="leaky_gru"):
    """A gated network whose update gate is slowed by ``dt / tau`` (Yang et al. 2019's code).

    Attributes
    ----------
    units, autapses, readout, init_in, init_rec, init_out, bias, train_bias, output_bias,
    train_output_bias, initial, initial_sd, train_initial, activation, power, gate_bias
        As for `Gru`.
    tau
        Time constant, ms.
    noise
        Normal noise of standard deviation ``sqrt(2 tau / dt) * noise`` is added inside the
        candidate's activation at each step.
    """

    initial: float = 0.0
    initial_sd: float = 0.0
    tau: float = 100.0
    activation: Activation = "tanh"
    power: float = 2.0
    gate_bias: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values that no network can have."""
        super().__post_init__()
        require("tau", self.tau, positive(self.tau), "a positive time in ms")
        one_of("activation", self.activation, get_args(Activation))
        check_power(self)
        check_gated(self)


class Lstm(_Units, frozen=True, kw_only=True, tag="lstm"):
    """A long short-term memory network.

    Attributes
    ----------
    units, noise, autapses, readout, init_in, init_rec, init_out, bias, train_bias, output_bias,
    train_output_bias, initial, initial_sd, train_initial
        As for every network.  ``noise`` is the standard deviation of normal noise inside the
        activation of the cell's input at each step; ``bias`` is that of everything but the
        forget gate; ``initial`` is that of the cells and of the rates.
    variant
        `standard`: ``h = o tanh(c)``.  `psychrnn`: ``h = o sigmoid(c)``, which PsychRNN has.
    forget_bias
        Bias of the forget gate before training.
    """

    noise: float = 0.0
    initial: float = 0.0
    initial_sd: float = 0.0
    variant: Variant = "standard"
    forget_bias: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values that no network can have."""
        super().__post_init__()
        one_of("variant", self.variant, get_args(Variant))
        check_gated(self)


class OwnCell(_Units, frozen=True, kw_only=True, tag="own"):
    """A network whose step is a user's own class (`epochal.runtime.cells.Cell`).

    Attributes
    ----------
    units, noise, autapses, readout, init_out, output_bias, train_output_bias
        As for every network.  ``noise`` is the standard deviation of the normal noise that the
        cell is given at each step.  The cell draws its own weights: the other fields are its to
        read or to leave.
    cell
        The name under which the class is given to training and evaluation.
    options
        Numbers for the class.
    """

    cell: str
    options: dict[str, float] = {}

    def __post_init__(self) -> None:
        """Refuse values that no network can have."""
        super().__post_init__()
        require("cell", repr(self.cell), bool(self.cell), "the name of a class")


Model = Ctrnn | Gru | LeakyGru | Lstm | OwnCell


def time_constant(model: Model) -> float | None:
    """Give the time constant in ms of a model that has one."""
    return model.tau if isinstance(model, Ctrnn | LeakyGru) else None
