"""Tables of accuracy are those counted by hand."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from sides import Sides

from epochal.runtime.accuracy import accuracy_of
from epochal.runtime.batch import Float, Stream
from epochal.runtime.config import Ctrnn
from epochal.runtime.errors import RunError
from epochal.runtime.evaluate import Group, tabulate
from epochal.runtime.scoring import CHUNK, MOST_RATES, Scored, batch_size, score_trials

CORRECT = np.array([1, 0, 1, 1, math.nan, 0, 1, 1])
SIDE = np.array([0, 0, 0, 0, 0, 1, 1, 1])
COH = np.array([0.0, 0.0, 0.5, 0.5, 0.5, 0.0, 0.5, 0.5])


def scored(**trials: np.ndarray) -> Scored:
    return Scored(trials, {"correct": CORRECT})


def test_accuracy_leaves_out_trials_that_do_not_count() -> None:
    found = accuracy_of(CORRECT)
    assert (found.accuracy, found.counted) == (5 / 7, 7)
    assert found.error == pytest.approx(math.sqrt(5 / 7 * 2 / 7 / 7))
    assert math.isnan(accuracy_of(np.array([math.nan])).accuracy)


def test_of_several_answers_a_trial_each_counts_and_they_are_not_independent() -> None:
    nan = math.nan
    answers = np.array([[1, 1, 1], [0, 0, nan], [1, nan, nan], [nan, nan, nan]])
    found = accuracy_of(answers)
    assert (found.accuracy, found.counted) == (4 / 6, 6)
    surplus = [3 - 3 * 4 / 6, -2 * 4 / 6, 1 - 4 / 6]
    assert found.error == pytest.approx(math.sqrt(sum(x**2 for x in surplus)) / 6)
    copied = accuracy_of(np.repeat(CORRECT[:, None], 5, axis=1))
    assert copied.error == pytest.approx(accuracy_of(CORRECT).error)
    table = Scored({"side": np.array([0, 0, 1, 1])}, {"correct": answers})
    groups = tabulate(table, Sides(), ("side",))
    assert [(g.trials, g.counted, g.accuracy) for g in groups] == [(2, 5, 3 / 5), (2, 1, 1)]


def test_a_table_by_one_variable_has_its_labels() -> None:
    groups = tabulate(scored(side=SIDE), Sides(), ("side",))
    assert [(g.condition, g.trials, g.counted, g.accuracy) for g in groups] == [
        (("left",), 5, 4, 3 / 4),
        (("right",), 3, 3, 2 / 3),
    ]
    errors = [math.sqrt(3 / 4 * 1 / 4 / 4), math.sqrt(2 / 3 * 1 / 3 / 3)]
    assert [g.error for g in groups] == pytest.approx(errors)


def test_zero_has_no_sign() -> None:
    signed = np.array([-1, -1, -0.0, -0.0, -0.0, 1, 1, 1]) * 0.5
    groups = tabulate(scored(strength=signed), Sides(), ("strength",))
    assert [g.condition for g in groups] == [("-0.5",), ("0",), ("0.5",)]


def test_a_table_by_two_variables_crosses_the_values_that_occur() -> None:
    groups = tabulate(scored(strength=COH, side=SIDE), Sides(), ("strength", "side"))
    assert [(g.condition, g.trials, g.accuracy) for g in groups] == [
        (("0", "left"), 2, 0.5),
        (("0", "right"), 1, 0.0),
        (("0.5", "left"), 3, 1.0),
        (("0.5", "right"), 2, 1.0),
    ]


def test_values_are_printed_with_their_units_and_labels_may_be_missing() -> None:
    delay = np.array([60_000] * 4 + [2_500_000] * 4)
    answer = np.array([-1, 0, 0, 0, 0, 1, 1, 1])
    flag = SIDE == 1
    groups = tabulate(scored(delay=delay, answer=answer, flag=flag), Sides(), ("delay", "answer"))
    assert {g.condition for g in groups} == {
        ("60 ms", "none"),
        ("60 ms", "left"),
        ("2500 ms", "left"),
        ("2500 ms", "right"),
    }
    assert [g.condition for g in tabulate(scored(flag=flag), Sides(), ("flag",))] == [
        ("false",),
        ("true",),
    ]


def test_a_variable_with_many_values_is_cut_into_eight_bins() -> None:
    correct = np.repeat([0.0, 1.0], 40)
    table = Scored({"x": np.arange(80) / 80}, {"correct": correct})
    groups = tabulate(table, Sides(), ("x",))
    assert [g.trials for g in groups] == [10] * 8
    assert [g.accuracy for g in groups] == [0.0] * 4 + [1.0] * 4
    assert groups[0].condition == ("0 to 0.1234",)


def test_a_group_without_scores_has_no_accuracy() -> None:
    table = Scored({"side": np.array([0, 1])}, {"correct": np.array([math.nan, 1.0])})
    groups = tabulate(table, Sides(), ("side",))
    assert groups[0] == Group(("left",), 1, 0, None, None)
    assert msgspec.json.decode(msgspec.json.encode(groups[0]))["accuracy"] is None


def test_an_unknown_variable_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RunError, match=r"no variable 'coherence' .* correct, side, strength"):
        tabulate(scored(side=SIDE, strength=COH), Sides(), ("coherence",))


def test_trials_are_scored_in_batches_that_share_a_program() -> None:
    shapes = []

    def answer_by_input(inputs: Float, noise: Float, n_steps: int) -> Float:
        shapes.append((inputs.shape, noise.shape))
        stimulus = inputs[:, :5, :2].mean(axis=1)
        outputs: Float = np.repeat(stimulus[:, None], inputs.shape[1], axis=1)
        return outputs

    found = score_trials(
        answer_by_input,
        Sides(),
        Ctrnn(units=4),
        CHUNK + 10,
        dt=20.0,
        seed=0,
        stream=Stream.TEST,
    )
    assert len(found.correct) == CHUNK + 10
    assert found.correct.all()
    assert len(set(shapes)) == 1
    assert len(shapes) == 2
    assert abs(found.trials["side"][CHUNK:].mean() - 0.5) < 0.01


@pytest.mark.parametrize(("units", "size"), [(100, CHUNK), (4_000, 128), (10**9, 1)])
def test_batches_of_a_measure_are_smaller_where_networks_are_large(units: int, size: int) -> None:
    assert batch_size(Sides(), 10_000, units, 20.0) == size
    assert size == 1 or size * Sides().n_steps(20.0) * units <= MOST_RATES
    assert batch_size(Sides(), 5, units, 20.0) == min(size, 5)
