"""What a .train file asks for: a profile, seeds, the stages of a curriculum, what is measured.

Frozen records that read and write JSON; parameters of a task are texts of the language.
"""

from __future__ import annotations

from typing import Literal, Union

import msgspec

from epochal.runtime.config import Profile


class Metric(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mean over the last evaluations of a stage: of a score, or of the loss."""

    name: Literal["accuracy", "loss"] = "accuracy"
    score: str = "correct"
    last: int = 1


class Comparison(msgspec.Struct, frozen=True, tag="comparison"):
    """``metric op level``; false until there are ``metric.last`` evaluations."""

    metric: Metric
    op: Literal["<", "<=", ">", ">="]
    level: float


class Both(msgspec.Struct, frozen=True, tag="both"):
    """``a and b``."""

    a: Condition
    b: Condition


class Either(msgspec.Struct, frozen=True, tag="either"):
    """``a or b``."""

    a: Condition
    b: Condition


Condition = Union[Comparison, Both, Either]  # noqa: UP007


class BackTo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Return to an earlier stage where a condition holds."""

    stage: str
    condition: Condition


class Stage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One stage of a curriculum.

    Attributes
    ----------
    params
        The parameters of the task that are bound here, as texts of the language.
    members
        Of a set of tasks: how often each member comes, the others never; {} is the set's own mix.
    until
        When the stage is done; None where only ``at_most`` ends it.
    back_to
        Earlier stages to return to, the first whose condition holds.
    at_most, otherwise
        Updates of this stage at most, and what then: "next" goes on, "stop" ends training.
    mix
        How often batches come from which stage, this one or earlier ones; {} is this one alone.
    reset
        Whether the optimiser starts afresh.
    """

    name: str
    params: dict[str, str] = msgspec.field(default_factory=dict)
    members: dict[str, int] = msgspec.field(default_factory=dict)
    until: Condition | None = None
    back_to: tuple[BackTo, ...] = ()
    at_most: int | None = None
    otherwise: Literal["next", "stop"] = "next"
    mix: dict[str, float] = msgspec.field(default_factory=dict)
    reset: bool = False


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One measurement of a trained network.

    Attributes
    ----------
    params
        The parameters of the task that are bound here, as texts of the language.
    members
        As in a stage.
    trials
        How many fresh trials of the test stream.
    of
        The score whose mean is measured.
    by
        Columns of the trial table, or scores, to tabulate it by.
    title
        What is measured, as it was written; "" for accuracy.
    """

    name: str
    params: dict[str, str] = msgspec.field(default_factory=dict)
    members: dict[str, int] = msgspec.field(default_factory=dict)
    trials: int = 2000
    of: str = "correct"
    by: tuple[str, ...] = ()
    title: str = ""

    def __post_init__(self) -> None:
        """Refuse a measurement of nothing."""
        if self.trials < 1:
            message = f"trials = {self.trials} is not allowed: trials must be 1 or more"
            raise ValueError(message)


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole experiment.

    ``stages`` is empty where the task is trained as it is.
    """

    name: str
    profile: Profile = msgspec.field(default_factory=Profile)
    seeds: tuple[int, ...] = (0,)
    stages: tuple[Stage, ...] = ()
    measures: tuple[Measure, ...] = ()
