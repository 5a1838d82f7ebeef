"""What happens in a span, and how outputs are read: rules that no other test holds."""

import numpy as np
import pytest
from compiled import Array, codes, module, random_outputs, task


def arrays(text: str, n: int = 1, dt: float = 20.0) -> tuple[Array, Array, Array]:
    inputs, targets, weights, _ = module(text).generate(n, dt, 1)
    return inputs, targets, weights


def scored(text: str, outputs: Array | None = None, n: int = 12) -> tuple[Array, dict[str, Array]]:
    """Score outputs, by default random ones, (N_batch, N_steps, N_out)."""
    made = module(text)
    _, targets, _, trials = made.generate(n, 20.0, 1)
    given = random_outputs(targets.shape) if outputs is None else outputs
    with np.errstate(invalid="ignore"):
        return given, made.score(given, trials, 20.0)


def test_statements_run_from_top_to_bottom() -> None:
    text = task(
        epochs="a: 20 ms\nb: 20 ms",
        during={"a..b": "light = 1\nlight += 2\nlight *= 3", "b": "light -= 1"},
    )
    assert arrays(text)[0][0, :, 0].tolist() == [9, 8]


def test_weights_are_set_added_and_multiplied_and_start_at_1() -> None:
    text = task(
        epochs="a: 20 ms\nb: 20 ms\nc: 20 ms\nd: 20 ms",
        during={"b": "weight = 5", "c": "weight += 5", "d": "weight *= 5", "c..d": "weight *= 2"},
    )
    assert arrays(text)[2][0, :, 0].tolist() == [1, 5, 12, 10]


@pytest.mark.parametrize("guard", ["t > 0 ms", "light > 0", "1", "20 ms", "left"])
def test_a_guard_is_one_truth_a_trial(guard: str) -> None:
    assert codes(task(during={f"wait if {guard}": "light = 1"}))


def test_a_guard_in_a_repeat_is_one_truth_a_repetition() -> None:
    text = task(
        trial="on[3] ~ bernoulli(0.5)",
        epochs="repeat 3 as i:\n    a: 20 ms",
        during={"a if on[i]": "light = 1"},
    ).replace("        a: 20", "            a: 20")
    inputs, _, _, trials = module(text).generate(20, 20.0, 1)
    np.testing.assert_array_equal(inputs[:, :, 0], trials["on"])


def test_slice_bounds_are_any_times_of_the_trial() -> None:
    text = task(
        trial="x ~ {20 ms, 40 ms}",
        epochs="a: 100 ms",
        during={"a[x : 2 * x + 20 ms]": "light = 1"},
    )
    inputs, _, _, trials = module(text).generate(20, 20.0, 1)
    for row, x in zip(inputs[:, :, 0], trials["x"] // 20_000, strict=True):
        assert np.flatnonzero(row).tolist() == list(range(x, min(2 * x + 1, 5)))


def test_a_negative_bound_counts_from_the_end() -> None:
    text = task(epochs="a: 100 ms", during={"a[-40 ms :]": "light = 1"})
    assert arrays(text)[0][0, :, 0].tolist() == [0, 0, 0, 1, 1]


def test_units_of_a_ring_prefer_equal_steps_and_a_bump_has_height_1() -> None:
    text = task(inputs="light: ring(8)", during={"wait": "light = bump(90 deg, width = 30 deg)"})
    d = np.array([90, 45, 0, 45, 90, 135, 180, 135])
    np.testing.assert_allclose(arrays(text)[0][0, 0], np.exp(-((d / 30) ** 2) / 2), rtol=1e-6)


def test_outputs_are_read_over_the_steps_of_the_trial_ignored_ones_included() -> None:
    text = task(
        epochs="a: 40 ms\nb: 60 ms",
        during={"b": "ignore"},
        score="""
            x = mean(out @ b)
            y = last(out @ a..b)
            z = min(out @ b[20 ms :])
            w = max(out @ a)
        """,
    )
    out, found = scored(text)
    np.testing.assert_allclose(found["x"], out[:, 2:5, 0].mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(found["y"], out[:, 4, 0], rtol=1e-5)
    np.testing.assert_allclose(found["z"], out[:, 3:5, 0].min(axis=1), rtol=1e-5)
    np.testing.assert_allclose(found["w"], out[:, :2, 0].max(axis=1), rtol=1e-5)


def test_first_above_is_the_time_since_the_span_began_and_nan_if_never() -> None:
    text = task(epochs="a: 40 ms\nb: 60 ms", score="x = first_above(out @ b, 0.5) / 1 ms")
    out = np.zeros((3, 5, 1), np.float32)
    out[0, 0] = out[0, 3:] = out[1, 2] = 1
    found = scored(text, out, n=3)[1]["x"]
    np.testing.assert_array_equal(found, [20, 0, np.nan])


def test_argmax_is_a_label_or_an_index_after_a_mean_over_time() -> None:
    text = task(
        outputs="out[left, right]\nring_out: ring(4)",
        score="""
            a = argmax(out @ wait)
            b = argmax(mean(out @ wait))
            is_right = a == right
            k = argmax(ring_out @ wait)
            angle = population_vector(ring_out @ wait)
            same = population_vector(mean(ring_out @ wait))
        """,
    )
    out, found = scored(text)
    np.testing.assert_array_equal(found["a"], out[:, :, :2].mean(axis=1).argmax(axis=1))
    np.testing.assert_array_equal(found["a"], found["b"])
    np.testing.assert_array_equal(found["is_right"], found["a"] == 1)
    np.testing.assert_array_equal(found["k"], out[:, :, 2:].mean(axis=1).argmax(axis=1))
    mean = out[:, :, 2:].mean(axis=1)
    vector = np.degrees(np.arctan2(mean[:, 1] - mean[:, 3], mean[:, 0] - mean[:, 2])) % 360
    np.testing.assert_allclose(found["angle"], vector, rtol=1e-4)
    np.testing.assert_allclose(found["same"], vector, rtol=1e-4)


def test_angles_between_are_signed_and_never_minus_a_half_turn() -> None:
    trial = "a ~ {0 deg, 90 deg, 180 deg, 270 deg}\nx = angle_between(a, 0 deg)"
    trials = module(task(trial=trial)).sample_trials(40, 1)
    assert {(a, x) for a, x in zip(trials["a"], trials["x"], strict=True)} == {
        (0, 0),
        (90, 90),
        (180, 180),
        (270, -90),
    }


def test_a_comparison_with_nan_is_false_and_a_score_may_be_nan() -> None:
    text = task(
        trial="x ~ {0 ms, 40 ms}",
        epochs="a: x\nb: 40 ms",
        score="""
            y = mean(out @ a)
            small = y < 1e9
            large = not (y < 1e9)
            correct = nan if x == 0 ms else true
        """,
    )
    made = module(text)
    found = scored(text)[1]
    empty = made.sample_trials(12, 1)["x"] == 0
    assert 0 < empty.sum() < 12
    assert np.isnan(found["y"][empty]).all()
    assert not found["small"][empty].any()
    assert found["large"][empty].all()
    assert np.isnan(found["correct"][empty]).all()
    assert (found["correct"][~empty] == 1).all()
