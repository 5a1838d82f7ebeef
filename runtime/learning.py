"""What is minimised, and how: records of losses, penalties, optimisers and their schedules."""

from __future__ import annotations

from typing import Literal, get_args

import msgspec

from epochal.runtime.requirements import one_of, positive, require

Normalization = Literal["normalized", "psychrnn", "mean"]
CrossNormalization = Literal["normalized", "mean"]
Clip = Literal["global", "each", "value"]
Matrix = Literal["input", "recurrent", "output"]


class _Record(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What these records have in common: they read and write JSON, by name."""


class Mse(_Record, frozen=True, tag="mse"):
    """Squared error e of each output, weighted by w.

    Attributes
    ----------
    normalization
        `normalized`: ``sum(w e^2) / sum(w)`` (pycog), so that padding and ignored spans do not
        change its scale.  `psychrnn`: ``mean((w e)^2)`` over every step, padding too (PsychRNN,
        Yang et al. 2019).  `mean`: ``mean(w e^2)``.
    """

    normalization: Normalization = "normalized"

    def __post_init__(self) -> None:
        """Refuse a normalisation that is not known."""
        one_of("normalization", self.normalization, get_args(Normalization))


class Bce(_Record, frozen=True, tag="bce"):
    """Binary cross-entropy of each output, weighted by w; targets are from 0 to 1.

    Attributes
    ----------
    normalization
        `normalized`: divided by the sum of the weights (pycog).  `mean`: by the number of
        entries (PsychRNN).
    """

    normalization: CrossNormalization = "normalized"

    def __post_init__(self) -> None:
        """Refuse a normalisation that is not known."""
        one_of("normalization", self.normalization, get_args(CrossNormalization))


class Cce(_Record, frozen=True, tag="cce"):
    """Categorical cross-entropy over the outputs at each step; targets are probabilities.

    Attributes
    ----------
    normalization
        `normalized`: divided by the sum of the weights of all outputs (pycog).  `mean`: by the
        number of trials and steps (Yang et al. 2019).
    """

    normalization: CrossNormalization = "normalized"

    def __post_init__(self) -> None:
        """Refuse a normalisation that is not known."""
        one_of("normalization", self.normalization, get_args(CrossNormalization))


class OwnLoss(_Record, frozen=True, tag="own"):
    """A user's own loss, under the name with which it is given to training.

    It is a function of outputs, targets and weights (N_batch, N_steps, N_out) to a scalar.
    """

    name: str


Loss = Mse | Bce | Cce | OwnLoss


class WeightPenalty(_Record, frozen=True, tag="weights"):
    """``l1 mean|W| + l2 mean(W^2)`` of one matrix of effective weights (PsychRNN)."""

    matrix: Matrix
    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a penalty of nothing."""
        one_of("matrix", self.matrix, get_args(Matrix))
        _check_penalty(self.l1, self.l2)


class RatePenalty(_Record, frozen=True, tag="rates"):
    """``l1 mean|r| + l2 mean(r^2)`` over trials, units and the steps that ran.

    References
    ----------
    L2: Ehrlich, Stone et al. 2021 (PsychRNN).  L1: Yang et al. 2019 (l1_h; their l2_h is a sum).
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a penalty of nothing."""
        _check_penalty(self.l1, self.l2)


class Omega(_Record, frozen=True, tag="omega"):
    """A penalty on gradients that vanish or explode from one step to the one before.

    Attributes
    ----------
    strength
        lambda_Omega.
    bound
        Trials and steps where the squared norm of the gradient is below this are left out.

    References
    ----------
    Pascanu et al. 2013 eq. 9 and 10; Song et al. 2016, with pycog's defaults.
    """

    strength: float = 2.0
    bound: float = 1e-20

    def __post_init__(self) -> None:
        """Refuse a penalty of nothing."""
        require("strength", self.strength, positive(self.strength), "a positive number")
        require("bound", self.bound, positive(self.bound), "a positive number")


class OwnPenalty(_Record, frozen=True, tag="own"):
    """``strength`` times a user's own penalty, under the name with which it is given to training.

    It is a function of an `epochal.runtime.network.Ran` to a scalar.
    """

    name: str
    strength: float = 1.0


Regularizer = WeightPenalty | RatePenalty | Omega | OwnPenalty


class IntelligentSynapses(_Record, frozen=True, tag="intelligent_synapses"):
    """A pull on each weight to where earlier stages left it, by how much it lowered their loss.

    Attributes
    ----------
    strength
        c; Yang et al. 2019 have 1, for a loss of `mse(psychrnn)`.
    damping
        xi, which bounds the importance of weights that hardly moved; their ksi.

    References
    ----------
    Zenke, Poole and Ganguli 2017; Yang et al. 2019.
    """

    strength: float = 1.0
    damping: float = 0.01

    def __post_init__(self) -> None:
        """Refuse a pull of nothing."""
        require("strength", self.strength, positive(self.strength), "a positive number")
        require("damping", self.damping, positive(self.damping), "a positive number")


class Ewc(_Record, frozen=True, tag="ewc"):
    """Elastic weight consolidation: a pull on each weight by its Fisher information.

    Attributes
    ----------
    strength
        lambda; what is right depends on the loss, whose gradients enter squared.
    trials
        Trials (sequences, where a task has sessions) on which the information is measured when a
        stage ends.

    References
    ----------
    Kirkpatrick et al. 2017.
    """

    strength: float
    trials: int = 256

    def __post_init__(self) -> None:
        """Refuse a pull of nothing."""
        require("strength", self.strength, positive(self.strength), "a positive number")
        require("trials", self.trials, 1 <= self.trials <= 1_000_000, "1 to 1,000,000")


Consolidation = IntelligentSynapses | Ewc


class Exponential(_Record, frozen=True, tag="exponential"):
    """The rate times ``factor`` every so many updates, continuously."""

    factor: float
    updates: int

    def __post_init__(self) -> None:
        """Refuse a schedule that does not decay."""
        require("factor", self.factor, 0 < self.factor <= 1, "above 0, at most 1")
        require("updates", self.updates, self.updates >= 1, "1 or more")


class Cosine(_Record, frozen=True, tag="cosine"):
    """Half a cosine from the rate to ``final`` times the rate, within so many updates.

    References
    ----------
    Loshchilov and Hutter 2017 eq. 5, without restarts.
    """

    updates: int
    final: float = 0.0

    def __post_init__(self) -> None:
        """Refuse a schedule that does not decay."""
        require("final", self.final, 0 <= self.final <= 1, "0 to 1")
        require("updates", self.updates, self.updates >= 1, "1 or more")


Schedule = Exponential | Cosine


class Adam(_Record, frozen=True, kw_only=True, tag="adam"):
    """Adam (Kingma and Ba 2015) on clipped gradients.

    Attributes
    ----------
    rate, schedule
        Learning rate, and how it changes with updates; None keeps it.
    clip, clipping
        ``clip`` bounds the norm of the gradient: of all weights together ("global"), or of each
        array of weights by itself ("each", as in PsychRNN); or it bounds each of its values
        ("value", as in Yang's code).  None leaves gradients as they are.
    beta1, beta2, epsilon
        As in the paper; epsilon is Keras's.
    """

    rate: float = 1e-3
    clip: float | None = 1.0
    clipping: Clip = "global"
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-7
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        """Refuse values with which Adam does not work."""
        _check_optimizer(self)
        require("beta1", self.beta1, 0 <= self.beta1 < 1, "0 or more and less than 1")
        require("beta2", self.beta2, 0 <= self.beta2 < 1, "0 or more and less than 1")
        require("epsilon", self.epsilon, positive(self.epsilon), "a positive number")


class Sgd(_Record, frozen=True, kw_only=True, tag="sgd"):
    """Stochastic gradient descent on clipped gradients.

    Attributes
    ----------
    rate, clip, clipping, schedule
        As for `Adam`; pycog's rate is 0.01.
    momentum, nesterov
        Momentum, and whether it looks ahead.
    """

    rate: float = 1e-2
    clip: float | None = 1.0
    clipping: Clip = "global"
    momentum: float = 0.0
    nesterov: bool = False
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        """Refuse values with which it does not work."""
        _check_optimizer(self)
        require("momentum", self.momentum, 0 <= self.momentum < 1, "0 or more and less than 1")


class Rmsprop(_Record, frozen=True, kw_only=True, tag="rmsprop"):
    """RMSprop (Tieleman and Hinton 2012) on clipped gradients.

    Attributes
    ----------
    rate, clip, clipping, schedule
        As for `Adam`.
    rho, momentum, epsilon
        As in Keras.
    """

    rate: float = 1e-3
    clip: float | None = 1.0
    clipping: Clip = "global"
    rho: float = 0.9
    momentum: float = 0.0
    epsilon: float = 1e-7
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        """Refuse values with which it does not work."""
        _check_optimizer(self)
        require("rho", self.rho, 0 <= self.rho < 1, "0 or more and less than 1")
        require("momentum", self.momentum, 0 <= self.momentum < 1, "0 or more and less than 1")
        require("epsilon", self.epsilon, positive(self.epsilon), "a positive number")


Optimizer = Adam | Sgd | Rmsprop


def _check_penalty(l1: float, l2: float) -> None:
    require("l1", l1, positive(l1, zero=True), "0 or more")
    require("l2", l2, positive(l2, zero=True), "0 or more")
    if not l1 and not l2:
        message = "a penalty needs l1 or l2 above 0"
        raise ValueError(message)


def _check_optimizer(record: Optimizer) -> None:
    require("rate", record.rate, positive(record.rate), "a positive number")
    bounded = record.clip is None or positive(record.clip)
    require("clip", record.clip, bounded, "a positive number")
    one_of("clipping", record.clipping, get_args(Clip))
