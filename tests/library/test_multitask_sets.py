"""The sets of Yang et al. 2019 and Driscoll et al. 2024: channels, rounds, scores."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from shelved import task_of

from epochal.runtime.batch import Batch, Float
from epochal.runtime.task import Task

YANG, DRISCOLL = "yang2019/yang2019", "driscoll2024/driscoll2024"
RULES = (
    "fdgo reactgo delaygo fdanti reactanti delayanti dm1 dm2 contextdm1 contextdm2 multidm "
    "delaydm1 delaydm2 contextdelaydm1 contextdelaydm2 multidelaydm dmsgo dmsnogo dmcgo dmcnogo"
).split()
"""The twenty rules, in the order of the published rule inputs."""


def test_inputs_and_outputs_stand_in_the_published_order() -> None:
    task = task_of(YANG)
    assert (task.n_in, task.n_out) == (85, 33)
    assert task.inputs[0] == "fixation"
    assert task.inputs[1].startswith("stim[mod1")
    assert task.inputs[33].startswith("stim[mod2")
    assert list(task.inputs[65:]) == [f"rule[{rule}]" for rule in RULES]
    assert task.outputs[0] == "hold"
    assert (task_of(DRISCOLL).n_in, task_of(DRISCOLL).n_out) == (20, 3)


def test_a_round_holds_each_rule_once_and_the_context_rules_five_times() -> None:
    task = task_of(YANG)
    for start in (0, 28):
        batches = [task.batch(2, seed=5, batch=start + k) for k in range(28)]
        assert all(len(set(batch.trials["task"])) == 1 for batch in batches)
        rules = [RULES[batch.trials["task"][0]] for batch in batches]
        for rule in RULES:
            assert rules.count(rule) == (5 if rule in ("contextdm1", "contextdm2") else 1)


def test_every_rule_of_driscoll_comes_once_a_round() -> None:
    task = task_of(DRISCOLL)
    rules = [task.batch(1, seed=5, batch=k).trials["task"][0] for k in range(15)]
    assert sorted(rules) == list(range(15))


@pytest.mark.parametrize("name", [YANG, DRISCOLL])
def test_the_rule_is_on_all_trial_and_every_input_has_the_same_noise(name: str) -> None:
    task = task_of(name)
    batch = task.batch(64, dt=20, seed=2)
    still = task.batch(64, dt=20, seed=2, noise=False)
    rules = still.inputs[:, :, [k for k, x in enumerate(task.inputs) if x.startswith("rule")]]
    for trial, length in enumerate(still.lengths):
        assert (rules[trial, :length, batch.trials["task"][trial]] == 1).all()
        assert rules[trial].sum() == length
    sd = (batch.inputs - still.inputs).std(axis=(0, 1))
    sigma = 0.01 if name == YANG else 0.1
    np.testing.assert_allclose(sd, sigma * np.sqrt(2 / 0.2), rtol=0.05)  # alpha = 20 ms / 100 ms


def scored(task: Task, batch: Batch, turned: float, hold: float) -> dict[str, Any]:
    """Score outputs that point off the goal by an angle, at the last step of each trial alone."""
    outputs: Float = np.zeros_like(batch.targets)
    goal = np.radians(np.asarray(batch.trials["goal"], float) + turned)
    if task.n_out == 33:
        distance = (goal[:, None] - 2 * np.pi * np.arange(32) / 32 + np.pi) % (2 * np.pi) - np.pi
        saccade = np.exp(-np.square(distance / (np.pi / 8)) / 2)
    else:
        saccade = np.stack([np.sin(goal), np.cos(goal)], axis=1)
    last = np.arange(len(outputs)), batch.lengths - 1
    outputs[last] = np.concatenate([np.full((len(goal), 1), hold), saccade], axis=1)
    return dict(task.score(outputs, batch))


@pytest.mark.parametrize(("source", "limit"), [("yang2019", 36), ("driscoll2024", 18)])
@pytest.mark.parametrize("rule", ["fdanti", "reactgo", "contextdelaydm2", "multidelaydm"])
def test_a_response_is_right_within_an_angle_and_without_fixation_at_the_last_step(
    source: str, limit: float, rule: str
) -> None:
    task = task_of(f"{source}/{rule}")
    batch = task.batch(32, seed=3)
    for sign in (-1, 1):
        assert scored(task, batch, sign * (limit - 1), 0.49)["correct"].all()
        assert not scored(task, batch, sign * (limit + 1), 0.49)["correct"].any()
    assert not scored(task, batch, 0, 0.51)["correct"].any()


@pytest.mark.parametrize("source", ["yang2019", "driscoll2024"])
@pytest.mark.parametrize("rule", ["dmsgo", "dmsnogo", "dmcgo", "dmcnogo"])
def test_where_no_response_is_due_fixation_is_right(source: str, rule: str) -> None:
    task = task_of(f"{source}/{rule}")
    batch = task.batch(64, seed=3)
    responds = np.asarray(batch.trials["responds"], bool)
    assert 0 < responds.sum() < 64
    asked = task.labels["truth"].index("nonmatch" if rule.endswith("nogo") else "match")
    np.testing.assert_array_equal(responds, batch.trials["truth"] == asked)
    np.testing.assert_array_equal(scored(task, batch, 0, 0.49)["correct"], responds)
    np.testing.assert_array_equal(scored(task, batch, 0, 0.51)["correct"], ~responds)
