"""Going through the stages of a curriculum: a state that evaluations move."""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import fmean
from typing import assert_never

import msgspec

from epochal.runtime.batch import TrialSource
from epochal.runtime.plan import Both, Comparison, Condition, Either, Metric, Stage

Values = Mapping[str, float]
"""What one evaluation measured: ``loss``, and a mean for each score that a condition names."""

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True)
class Lesson:
    """A stage of a curriculum, with the task as it binds its parameters."""

    stage: Stage
    task: TrialSource


class Move(Enum):
    """What an evaluation leads to."""

    STAY = "stay"
    ADVANCE = "advance"
    BACK = "back"
    FINISHED = "finished"
    STOP = "stop"


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a training stands in its curriculum.

    Attributes
    ----------
    stage
        Place of the stage, from 0.
    updates
        Updates since the stage was entered.
    entered
        How often a stage has been entered: what came before counts no more.
    values
        Evaluations since then, the oldest first.
    """

    stage: int = 0
    updates: int = 0
    entered: int = 1
    values: tuple[dict[str, float], ...] = ()


def evaluated(
    stages: Sequence[Stage], state: State, updates: int, values: Values
) -> tuple[Move, State]:
    """Take in one evaluation, so many updates after the last: where to go on.

    A stage whose goal is reached is left for the next one; one that may fall back does so only
    where its goal is not reached; one that has used up its updates goes on or stops, as it says.
    """
    stage = stages[state.stage]
    here = State(
        stage=state.stage,
        updates=state.updates + updates,
        entered=state.entered,
        values=(*state.values, dict(values)),
    )
    if stage.until is not None and holds(stage.until, here.values):
        return _forward(stages, here)
    for back in stage.back_to:
        if holds(back.condition, here.values):
            return Move.BACK, _enter(_place(stages, back.stage), here)
    if stage.at_most is not None and here.updates >= stage.at_most:
        return (Move.STOP, here) if stage.otherwise == "stop" else _forward(stages, here)
    return Move.STAY, here


def _forward(stages: Sequence[Stage], state: State) -> tuple[Move, State]:
    if state.stage + 1 == len(stages):
        return Move.FINISHED, state
    return Move.ADVANCE, _enter(state.stage + 1, state)


def _enter(stage: int, state: State) -> State:
    return State(stage=stage, entered=state.entered + 1)


def _place(stages: Sequence[Stage], name: str) -> int:
    return next(i for i, stage in enumerate(stages) if stage.name == name)


def holds(condition: Condition, values: Sequence[Values]) -> bool:
    """Whether a condition holds of the evaluations so far."""
    match condition:
        case Comparison(metric, op, level):
            recent = [one[key(metric)] for one in values[-metric.last :]]
            if len(recent) < metric.last:
                return False
            return bool(_COMPARE[op](fmean(recent), level))
        case Both(a, b):
            return holds(a, values) and holds(b, values)
        case Either(a, b):
            return holds(a, values) or holds(b, values)
    assert_never(condition)


def key(metric: Metric) -> str:
    """Name what an evaluation must measure for a metric."""
    return "loss" if metric.name == "loss" else metric.score


def wanted(stages: Sequence[Stage]) -> tuple[str, ...]:
    """List what evaluations must measure for all conditions of a curriculum."""
    conditions = [stage.until for stage in stages if stage.until is not None]
    conditions += [back.condition for stage in stages for back in stage.back_to]
    return tuple(dict.fromkeys(key(m) for one in conditions for m in metrics(one)))


def window(stage: Stage) -> int | None:
    """Say over how many evaluations a stage asks for accuracy; None where it does not."""
    waited = metrics(stage.until) if stage.until is not None else ()
    return max((one.last for one in waited if key(one) == "correct"), default=None)


def metrics(condition: Condition) -> tuple[Metric, ...]:
    """List the metrics inside a condition."""
    return tuple(one.metric for one in comparisons(condition))


def comparisons(condition: Condition) -> tuple[Comparison, ...]:
    """List the comparisons inside a condition."""
    match condition:
        case Comparison():
            return (condition,)
        case Both(a, b) | Either(a, b):
            return (*comparisons(a), *comparisons(b))
    assert_never(condition)


def source_of(stages: Sequence[Stage], place: int, batch: int) -> int:
    """Say which stage a batch of this stage is drawn from, by its mix.

    Shares are kept as evenly as whole batches allow: after any number of batches, no stage is
    more than one batch away from its share.  The same number always gives the same stage.
    """
    mix = stages[place].mix
    if not mix:
        return place
    total = sum(mix.values())
    places = [_place(stages, name) for name in mix]
    shares = [weight / total for weight in mix.values()]
    given = [0] * len(shares)
    chosen = 0
    for number in range(batch % _CYCLE + 1):
        owed = [share * (number + 1) - had for share, had in zip(shares, given, strict=True)]
        chosen = owed.index(max(owed))
        given[chosen] += 1
    return places[chosen]


_CYCLE = 1000  # batches after which the pattern of a mix begins anew
