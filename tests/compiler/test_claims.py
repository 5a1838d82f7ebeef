"""What the tasks of the field that the language was made for must do."""

import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from compiled import GOLDEN, Module, checked, codes, load, module, random_outputs, task

CLAIMS = Path(__file__).parent / "claims"


def claimed(name: str, **bindings: str) -> Module:
    text = (CLAIMS / f"{name}.task").read_text("utf-8")
    return load(checked(text, bindings=bindings).module())


def test_romo_with_catch_trials_lasts_4_900_ms_at_the_longest() -> None:
    made = claimed("romo_pycog")
    for dt, steps in ((20.0, 245), (10.0, 490), (1.0, 4900)):
        assert made.generate(2, dt, 1)[0].shape[1] == steps


def test_romo_with_catch_trials_has_one_in_eleven_and_they_are_held() -> None:
    made = claimed("romo_pycog")
    trials = made.sample_trials(110, 1)
    assert (trials["kind"] == 1).sum() == 10
    _, targets, _, _ = made.generate(110, 20.0, 1)
    found = made.score(targets, trials, 20.0)
    assert found["correct"].all()
    assert not made.score(1 - targets, trials, 20.0)["correct"].any()


def test_ramps_of_ready_set_go_reach_1_at_the_produced_interval() -> None:
    made = claimed("ready_set_go")
    inputs, targets, weights, trials = made.generate(20, 10.0, 1)
    assert set(np.unique(trials["produced"])) <= {
        gain * interval for gain in (1, 1.5) for interval in np.arange(480_000, 880_000, 80_000)
    }
    for i in range(20):
        begin = int(np.flatnonzero(inputs[i, :, 1])[0])
        steps = int(trials["produced"][i]) // 10_000
        ramp = np.arange(steps) / steps
        np.testing.assert_allclose(targets[i, begin : begin + steps, 0], ramp, atol=1e-6)
        assert (targets[i, begin + steps : begin + steps + 30, 0] == 1).all()
        assert (weights[i, begin:, 0] > 0).any()
    assert made.score(targets, trials, 10.0)["correct"].all()


def test_ready_set_go_measures_from_flash_to_flash() -> None:
    inputs, _, _, trials = claimed("ready_set_go").generate(20, 10.0, 1)
    for row, interval in zip(inputs, trials["interval"], strict=True):
        ready, go = (int(np.flatnonzero(row[:, k])[0]) for k in (0, 1))
        assert abs((go - ready) * 10_000 - interval) <= 10_000


def test_dms_with_distractors_ends_after_the_match() -> None:
    made = claimed("dms_distractors")
    trials = made.sample_trials(30, 1)
    stop = made.timeline(trials, 20.0)[:, -2]
    count = trials["match_at"] + 1
    assert ((stop >= 40 + 65 * count) & (stop <= 40 + 85 * count)).all()
    lure, theta = trials["lure"], trials["theta"][:, None]
    assert (np.abs((lure - theta + 180) % 360 - 180) > 30).all()


def test_a_score_inside_the_repeat_gives_one_value_a_repetition() -> None:
    text = (CLAIMS / "dms_distractors.task").read_text("utf-8")
    made = module(f"{text.rstrip()}\n        each = max(go @ test)\n")
    _, targets, _, trials = made.generate(30, 20.0, 1)
    with np.errstate(invalid="ignore"):
        each = made.score(targets, trials, 20.0)["each"]
    assert each.shape == (30, 3)
    for row, match in zip(each, trials["match_at"], strict=True):
        assert row[: match + 1].tolist() == [0] * match + [1]
        assert np.isnan(row[match + 1 :]).all()


def test_targets_of_the_claimed_tasks_are_correct_and_noise_is_not() -> None:
    for name in ("romo_pycog", "ready_set_go", "dms_distractors"):
        made = claimed(name)
        _, targets, _, trials = made.generate(40, 20.0, 3)
        with np.errstate(invalid="ignore"):
            assert made.score(targets, trials, 20.0)["correct"].mean() == 1, name
            guesses = made.score(random_outputs(targets.shape), trials, 20.0)["correct"]
        if name != "dms_distractors":
            assert guesses.mean() < 0.9, name


def test_reversal_has_60_trials_in_blocks_of_12_to_20() -> None:
    made = module((GOLDEN / "reversal" / "source.task").read_text("utf-8"))
    trials = made.sample_trials(40, 1)
    assert trials["block"].shape == (40 * 60,)
    blocks, sides_of = (trials[name].reshape(40, 60) for name in ("block", "good"))
    for row, good in zip(blocks, sides_of, strict=True):
        lengths = np.bincount(row)
        assert ((lengths[:-1] >= 12) & (lengths[:-1] <= 20)).all()
        assert 1 <= lengths[-1] <= 20
        sides = [good[row == block] for block in range(len(lengths))]
        assert all(len(set(side)) == 1 for side in sides)
        assert all(a[0] != b[0] for a, b in pairwise(sides))
    assert sorted(np.bincount(sides_of[:, 0])) == [20, 20]


def test_a_hopeless_requirement_is_a_clear_error() -> None:
    assert codes(task(trial="x ~ uniform(0, 1)\nrequire x > 2")) == ["E0333"]
    rare = module(task(trial="x ~ uniform(0, 1)\nrequire x > 0.99999"))
    with pytest.raises(ValueError, match="100 attempts"):
        rare.sample_trials(100, 1)


def test_tasks_that_extend_each_other_in_a_ring_are_a_clear_error() -> None:
    text = "epochal 1\n\ntask a extends b with x = 1\n\ntask b extends a with x = 2\n"
    assert codes(text) == ["E0423"]


@pytest.mark.parametrize("count", ["1000000000", "n", "1e300"])
def test_a_repeat_of_a_billion_is_refused_at_once(count: str) -> None:
    text = task(trial="n ~ integers(1, 1000000000)", epochs=f"repeat {count} as i:\nwait: 1 ms")
    text = text.replace("        wait: 1 ms", "            wait: 1 ms")
    start = time.perf_counter()
    assert codes(text)[0] in ("E0426", "E0504")
    assert time.perf_counter() - start < 1


def test_an_extern_without_permission_is_a_clear_error() -> None:
    text = task(during={"wait": "light = gabor(1)"})
    text = text.replace("task small", 'extern gabor(x) = "json:dumps"\n\ntask small')
    assert codes(text) == ["E0363"]
