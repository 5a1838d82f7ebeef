"""What is trained and how: a profile, and all the records it is made of.

Arrays of an experiment (which connections exist, which are fixed) stand beside these records, in
a `Connectivity`.
"""

from __future__ import annotations

from typing import get_args

import msgspec

from epochal.runtime.laws import (
    FanIn,
    Gamma,
    GlorotNormal,
    GlorotUniform,
    Identity,
    Law,
    Normal,
    Orthogonal,
    RecurrentLaw,
    Spectral,
    Uniform,
)
from epochal.runtime.learning import (
    Adam,
    Bce,
    Cce,
    Consolidation,
    Cosine,
    Ewc,
    Exponential,
    IntelligentSynapses,
    Loss,
    Mse,
    Omega,
    Optimizer,
    OwnLoss,
    OwnPenalty,
    RatePenalty,
    Regularizer,
    Rmsprop,
    Schedule,
    Sgd,
    WeightPenalty,
)
from epochal.runtime.models import (
    Activation,
    Area,
    Ctrnn,
    Form,
    Gru,
    LeakyGru,
    Lstm,
    Model,
    OwnCell,
    Projection,
    Readout,
    time_constant,
)
from epochal.runtime.requirements import positive, require

__all__ = [
    "Activation",
    "Adam",
    "Area",
    "Bce",
    "Cce",
    "Consolidation",
    "Cosine",
    "Ctrnn",
    "Ewc",
    "Exponential",
    "FanIn",
    "Form",
    "Gamma",
    "GlorotNormal",
    "GlorotUniform",
    "Gru",
    "Identity",
    "IntelligentSynapses",
    "Law",
    "LeakyGru",
    "Loss",
    "Lstm",
    "Model",
    "Mse",
    "Normal",
    "Omega",
    "Optimizer",
    "Orthogonal",
    "OwnCell",
    "OwnLoss",
    "OwnPenalty",
    "Profile",
    "Projection",
    "RatePenalty",
    "Readout",
    "RecurrentLaw",
    "Regularizer",
    "Rmsprop",
    "Schedule",
    "Sgd",
    "Spectral",
    "Stop",
    "Training",
    "Uniform",
    "WeightPenalty",
    "from_json",
    "time_constant",
    "to_json",
    "typed",
    "with_types",
]


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
        require("accuracy", self.accuracy, positive(self.accuracy), "a positive number")
        require("last", self.last, self.last >= 1, "1 or more")
        require("patience", self.patience, self.patience >= 1, "1 or more")
        require("rise", self.rise, positive(self.rise, zero=True), "0 or more")
        require("left_chance", self.left_chance, 0 <= self.left_chance <= 1, "0 to 1")


class Training(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a network is trained.

    Attributes
    ----------
    optimizer, loss, regularizers
        What is minimised, the loss plus every regulariser, and by which rule.
    consolidation
        What protects the weights of earlier stages of a curriculum from later ones.
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

    optimizer: Optimizer = Adam()
    loss: Loss = Mse()
    regularizers: tuple[Regularizer, ...] = ()
    consolidation: Consolidation | None = None
    batch: int = 128
    updates: int = 5000
    every: int = 50
    trials: int = 512
    average: float = 0.98
    dt: float = 20.0
    stop: Stop = Stop()

    def __post_init__(self) -> None:
        """Refuse values that train nothing."""
        kinds = {"optimizer": Optimizer, "loss": Loss}
        for name, kind in kinds.items():
            found = getattr(self, name)
            require(name, repr(found), isinstance(found, kind), f"one of {_tags(kind)}")
        for one in self.regularizers:
            known = isinstance(one, Regularizer)
            require("regularizers", repr(one), known, f"of {_tags(Regularizer)}")
        known = self.consolidation is None or isinstance(self.consolidation, Consolidation)
        found = repr(self.consolidation)
        require("consolidation", found, known, f"one of {_tags(Consolidation)}")
        require("batch", self.batch, self.batch >= 1, "1 or more trials")
        require("updates", self.updates, self.updates >= 1, "1 or more")
        require("every", self.every, self.every >= 1, "1 or more updates")
        require("trials", self.trials, self.trials >= 1, "1 or more")
        require("average", self.average, 0 <= self.average < 1, "0 or more and less than 1")
        require("dt", self.dt, positive(self.dt), "a positive time in ms")


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model and its training; ``Profile()`` is the built-in one."""

    model: Model = msgspec.field(default_factory=Ctrnn)
    training: Training = msgspec.field(default_factory=Training)

    def __post_init__(self) -> None:
        """Refuse a step longer than the network can follow, and parts that do not fit."""
        model, training = self.model, self.training
        require("model", repr(model), isinstance(model, Model), f"one of {_tags(Model)}")
        tau = time_constant(model)
        if tau is not None and training.dt > tau:
            message = f"dt = {training.dt} ms is longer than tau = {tau} ms"
            raise ValueError(message)
        for kind, readout in ((Bce, "sigmoid"), (Cce, "softmax")):
            if isinstance(training.loss, kind) and model.readout != readout:
                name = kind.__struct_config__.tag
                message = f"loss = {name} needs a model with readout = {readout}"
                raise ValueError(message)
        omega = any(isinstance(one, Omega) for one in training.regularizers)
        if omega and not (isinstance(model, Ctrnn) and model.form == "current"):
            message = "the regularizer omega needs model = ctrnn with form = current"
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
        return msgspec.convert(with_types(msgspec.json.decode(text)), Profile)
    except msgspec.MsgspecError as error:
        message = f"not a training profile: {error}"
        raise ValueError(message) from None


def with_types(profile: object) -> object:
    """Complete a profile, as JSON reads it, from before there were several models.

    Then a model was a ctrnn, an optimiser Adam, and a loss one of two words.
    """
    if not isinstance(profile, dict):
        return profile
    training = profile.get("training")
    if isinstance(training, dict):
        training = {**training, "optimizer": typed(training.get("optimizer", {}), "adam")}
        loss = training.get("loss")
        if isinstance(loss, str) and loss in _OLD_LOSSES:
            training["loss"] = {"type": "mse", "normalization": _OLD_LOSSES[loss]}
    parts = {"model": typed(profile.get("model", {}), "ctrnn"), "training": training}
    return {**profile, **{name: part for name, part in parts.items() if part is not None}}


def typed(record: object, kind: str) -> object:
    """Give a record, as JSON reads it, its type where it has none."""
    return {"type": kind, **record} if isinstance(record, dict) else record


_OLD_LOSSES = {"mse_normalized": "normalized", "mse": "psychrnn"}


def _tags(union: object) -> str:
    return ", ".join(kind.__struct_config__.tag for kind in get_args(union))
