"""Training ends when it is good enough, or has stopped getting better, and not before."""

from __future__ import annotations

import pytest

from epochal.runtime.config import Stop
from epochal.runtime.stopping import Reason, reason_to_stop

STOP = Stop(accuracy=0.95, last=3, patience=4, rise=0.005, left_chance=0.75)


def test_accuracy_must_be_reached_by_the_mean_of_the_last_evaluations() -> None:
    assert reason_to_stop([0.5, 0.9, 1.0], STOP) is None
    assert reason_to_stop([0.5, 0.8, 1.0, 1.0], STOP) is None
    assert reason_to_stop([0.5, 0.94, 0.96, 0.96], STOP) is Reason.ACCURACY


def test_a_network_at_chance_goes_on() -> None:
    assert reason_to_stop([0.5] * 100, STOP) is None


def test_a_network_that_found_half_of_the_rule_goes_on() -> None:
    assert reason_to_stop([0.5] * 10 + [0.75] * 100, STOP) is None


def test_a_plateau_near_the_ceiling_ends_training() -> None:
    rising = [0.5, 0.6, 0.7, 0.8]
    assert reason_to_stop([*rising, *[0.9] * 7], STOP) is None
    assert reason_to_stop([*rising, *[0.9] * 8], STOP) is Reason.PLATEAU


def test_one_lucky_evaluation_makes_no_plateau() -> None:
    lucky = [0.5, 0.6, 0.7, 0.94, 0.86, 0.86, 0.87, 0.87, 0.88, 0.88]
    assert reason_to_stop(lucky, STOP) is None


def test_slow_progress_is_no_plateau() -> None:
    assert reason_to_stop([0.5, *(0.86 + 0.0015 * i for i in range(40))], STOP) is None


@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_an_odd_start_does_no_harm(chance: float) -> None:
    assert reason_to_stop([chance], STOP) is None
    assert reason_to_stop([chance, 1.0, 1.0, 1.0], STOP) is Reason.ACCURACY
