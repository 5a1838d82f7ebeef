"""Stages are gone through as a curriculum says."""

import math

import msgspec

from epochal.runtime.curriculum import Move, State, evaluated, holds, source_of, wanted, window
from epochal.runtime.plan import BackTo, Both, Comparison, Either, Metric, Plan, Stage


def above(level: float, last: int = 1, score: str = "correct") -> Comparison:
    return Comparison(metric=Metric(score=score, last=last), op=">", level=level)


def below(level: float) -> Comparison:
    return Comparison(metric=Metric(), op="<", level=level)


EASY = Stage(name="easy", until=above(0.9))
HARD = Stage(
    name="hard", until=above(0.8, last=2), back_to=(BackTo(stage="easy", condition=below(0.6)),)
)
STAGES = (EASY, HARD)


def walk(stages: tuple[Stage, ...], *accuracies: float) -> list[tuple[Move, int]]:
    state, found = State(), []
    for accuracy in accuracies:
        move, state = evaluated(stages, state, 10, {"correct": accuracy})
        found.append((move, state.stage))
    return found


def test_a_stage_is_left_when_its_goal_is_reached() -> None:
    assert walk(STAGES, 0.5, 0.95) == [(Move.STAY, 0), (Move.ADVANCE, 1)]


def test_a_mean_over_several_evaluations_needs_them_all_since_the_stage_was_entered() -> None:
    moves = walk(STAGES, 0.95, 0.9, 0.9)
    assert moves == [(Move.ADVANCE, 1), (Move.STAY, 1), (Move.FINISHED, 1)]


def test_a_stage_may_fall_back_and_begins_afresh_then() -> None:
    moves = walk(STAGES, 0.95, 0.5, 0.5, 0.95, 0.9)
    assert moves[1] == (Move.BACK, 0)
    assert moves[2:] == [(Move.STAY, 0), (Move.ADVANCE, 1), (Move.STAY, 1)]


def test_updates_used_up_go_on_or_stop() -> None:
    on = Stage(name="a", at_most=20)
    stop = msgspec.structs.replace(on, otherwise="stop")
    last = Stage(name="b", at_most=10)
    assert walk((on, last), 0.1, 0.1, 0.1) == [
        (Move.STAY, 0),
        (Move.ADVANCE, 1),
        (Move.FINISHED, 1),
    ]
    assert walk((stop, last), 0.1, 0.1) == [(Move.STAY, 0), (Move.STOP, 0)]


def test_a_stage_says_over_how_many_evaluations_it_wants_accuracy() -> None:
    assert window(EASY) == 1
    assert window(Stage(name="a", until=Either(above(0.5, last=4), above(0.9, last=2)))) == 4
    assert window(Stage(name="a", until=above(0.5, last=4, score="held"))) is None
    assert window(Stage(name="a", at_most=10)) is None


def test_nan_reaches_no_goal() -> None:
    assert not holds(above(0.0), [{"correct": math.nan}])
    assert not holds(below(1.0), [{"correct": math.nan}])


def test_conditions_join() -> None:
    values = [{"correct": 0.9, "late": 0.4}]
    assert holds(Either(a=above(0.8), b=above(0.8, score="late")), values)
    assert not holds(Both(a=above(0.8), b=above(0.8, score="late")), values)
    stage = Stage(name="a", until=Both(a=above(0.8), b=above(0.8, score="late")))
    assert wanted((stage,)) == ("correct", "late")


def test_a_mix_keeps_its_shares_all_the_time() -> None:
    stages = (EASY, msgspec.structs.replace(HARD, mix={"hard": 0.9, "easy": 0.1}))
    drawn = [source_of(stages, 1, i) for i in range(100)]
    assert drawn.count(0) == 10
    for n in range(1, 101):
        assert abs(drawn[:n].count(0) - 0.1 * n) <= 1
    assert source_of(STAGES, 1, 5) == 1


def test_a_plan_comes_back_from_json() -> None:
    plan = Plan(name="p", stages=STAGES, seeds=(1, 2))
    assert msgspec.json.decode(msgspec.json.encode(plan), type=Plan) == plan
