"""What LANGUAGE.md says of signals, a sentence a test."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from compiled import (
    GOLDEN,
    Array,
    Module,
    checked,
    checked_set,
    codes,
    judged,
    load,
    module,
    task,
)

FLIPS = "flips ~ pulse_train(10 Hz, width = 20 ms, values = {-1, 1})"
TRACK = {"wait": "light = flips\ntarget out = latch(flips)"}


def driven(
    trial: str, value: str, dt: float = 10.0, epochs: str = "wait: 400 ms", n: int = 6
) -> tuple[Module, Array, dict[str, Array]]:
    """Drive one unit by a signal: the module, the drive (N_batch, N_steps), the trial table."""
    made = module(task(trial=trial, epochs=epochs, during={"wait": f"light = {value}"}))
    inputs, _, _, trials = made.generate(n, dt, seed=3)
    return made, inputs[:, :, 0], trials


def flip_flop() -> Module:
    return module((GOLDEN / "flip_flop" / "source.task").read_text("utf-8"))


def test_targets_hold_the_sign_of_the_last_pulse() -> None:
    inputs, targets, _, _ = flip_flop().generate(20, 10.0, seed=1)
    held = np.zeros((20, 3))
    for k in range(inputs.shape[1]):
        held = np.where(inputs[:, k] != 0, inputs[:, k], held)
        np.testing.assert_array_equal(targets[:, k], held)
    assert set(np.unique(held)) == {-1, 1}


def test_events_do_not_depend_on_dt_and_pulses_begin_at_the_nearest_steps() -> None:
    made = flip_flop()
    trials = made.sample_trials(8, seed=5)
    for dt in (1.0, 5.0):
        inputs = made.arrays(trials, dt)[0]
        for i in range(8):
            for j in range(3):
                onset = trials["flips"][i, j]
                expected = np.floor(onset[~np.isnan(onset)] / (1000 * dt) + 0.5)
                expected = np.minimum(expected, inputs.shape[1] - 1)
                before = np.insert(inputs[i, :-1, j], 0, 0)
                begun = np.flatnonzero((inputs[i, :, j] != 0) & (before != inputs[i, :, j]))
                assert set(begun) <= set(expected.tolist())
                assert (inputs[i, expected.astype(int), j] != 0).all()


def test_the_gap_between_onsets_is_longer_than_the_refractory_time_which_is_the_width() -> None:
    for written, least in (("", 20_000), (", refractory = 5 ms", 5_000)):
        law = f"pulse_train(60 Hz, width = 20 ms{written})"
        trials = module(task(trial=f"x ~ {law}")).sample_trials(400, 1)
        gaps = np.diff(trials["x"], axis=1)
        assert least < np.nanmin(gaps) < least + 2000


def test_pulses_that_overlap_add_up() -> None:
    _, drive, _ = driven("x ~ pulse_train(40 Hz, width = 60 ms, refractory = 0 ms)", "x")
    assert drive.max() > 1
    assert set(np.unique(drive)) <= set(range(20))


def test_without_more_a_pulse_has_height_1_and_comes_at_any_time_of_the_longest_trial() -> None:
    epochs = "wait: 400 ms\nrest: uniform(0 ms, 300 ms)"
    _, drive, trials = driven("x ~ pulse_train(50 Hz, width = 20 ms)", "x", epochs=epochs)
    assert set(np.unique(drive)) == {0, 1}
    assert 600_000 < np.nanmax(trials["x"]) < 700_000


def test_heights_follow_their_weights() -> None:
    law = "x[5] ~ pulse_train(20 Hz, width = 10 ms, values = {1: 75%, 3: 25%})"
    heights = module(task(trial=law)).sample_trials(2000, 1)["x heights"]
    drawn = heights[~np.isnan(heights)]
    sd = math.sqrt(0.75 * 0.25 / drawn.size)
    assert drawn.size > 10_000
    assert abs((drawn == 1).mean() - 0.75) < 4 * sd


def test_past_its_horizon_a_signal_is_0_and_its_pulses_are_cut_there() -> None:
    law = "x ~ pulse_train(200 Hz, width = 100 ms, refractory = 0 ms, over = 200 ms)"
    _, drive, trials = driven(law, "x")
    assert np.nanmax(trials["x"]) < 200_000
    assert (drive[:, 19] > 0).all()
    assert (drive[:, 20:] == 0).all()


def test_every_counted_pulse_is_seen_before_the_horizon() -> None:
    law = "x ~ pulse_train(20 Hz, width = 1 ms, refractory = 20 ms, over = 400 ms)"
    _, drive, trials = driven(f"{law}\nmany = count(x)", "x", dt=20.0, n=300)
    np.testing.assert_array_equal(drive.sum(axis=1), trials["many"])
    assert (trials["many"] == np.isfinite(trials["x"]).sum(axis=1)).all()
    assert np.nanmax(trials["x"]) > 390_000


def test_a_count_is_a_plain_number_for_draws_guards_units_and_scores() -> None:
    text = task(
        inputs="light[8]",
        trial="x[2] ~ pulse_train(5 Hz, width = 10 ms, over = 300 ms)\n"
        "most = max(count(x))\nwhich = min(count(x[0]), 7)\ny ~ uniform(0, 1 + count(x[1]))",
        epochs="wait: 300 ms\nrest: 10 ms * sum(count(x))",
        during={
            "wait if count(x[0]) > count(x[1])": (
                "light[min(count(x[1]), 7)] = 1 + t * count(x[0]) / 1 s"
            ),
        },
        score="many = count(x[0]) + mean(out @ wait)",
    )
    made = module(text)
    inputs, targets, _, trials = made.generate(50, 10.0, 1)
    counts = np.isfinite(trials["x"]).sum(axis=2)
    assert (trials["most"] == counts.max(axis=1)).all()
    assert (made.score(targets, trials, 10.0)["many"] == counts[:, 0]).all()
    for i, (a, b) in enumerate(counts):
        expected = [(1 + 0.1 * a) * (a > b and j == min(b, 7)) for j in range(8)]
        np.testing.assert_allclose(inputs[i, 10], expected, rtol=1e-6)


def test_require_draws_the_events_and_heights_of_a_train_anew() -> None:
    law = "x ~ pulse_train(5 Hz, width = 10 ms, values = {1, 2}, over = 400 ms)"
    made = module(task(trial=f"{law}\nrequire count(x) > 2"))
    free = module(task(trial=law)).sample_trials(200, 1)
    trials = made.sample_trials(200, 1)
    counts = np.isfinite(trials["x"]).sum(axis=1)
    assert counts.min() == 3
    kept = np.isfinite(free["x"]).sum(axis=1) > 2
    np.testing.assert_array_equal(trials["x"][kept], free["x"][kept])
    np.testing.assert_array_equal(np.isnan(trials["x heights"]), np.isnan(trials["x"]))


def test_a_signal_starts_where_the_span_using_it_starts() -> None:
    text = task(
        trial=FLIPS,
        epochs="first: 200 ms\nsecond: 200 ms",
        during={"first, second": "light = flips", "first..second": "target out = flips"},
    )
    inputs, targets, _, _ = module(text).generate(10, 10.0, 2)
    np.testing.assert_array_equal(inputs[:, :20], inputs[:, 20:])
    np.testing.assert_array_equal(targets[:, :20], inputs[:, :20])
    assert (targets[:, 20:] != inputs[:, 20:]).any()


def test_a_slice_starts_a_signal_too() -> None:
    text = task(
        trial="x ~ random_walk(1)",
        epochs="wait: 400 ms",
        during={"wait[100 ms :]": "light = x\ntarget out = t / 1 s"},
    )
    inputs, targets, _, _ = module(text).generate(10, 10.0, 2)
    assert (inputs[:, :11] == 0).all()
    assert (inputs[:, 11:] != 0).all()
    np.testing.assert_allclose(targets[0, 10:, 0], np.arange(30) / 100)


def test_a_signal_starts_anew_in_every_repetition_with_the_same_draw() -> None:
    group = "repeat 3 as i:\n            show: 100 ms\n            gap: 30 ms"
    text = task(
        inputs="light\nbeam",
        trial="x[3] ~ ou(1, 50 ms)",
        epochs="wait: 100 ms\nGROUP",
        during={"show": "light = x[0] + integral(1) / 1 s\nbeam = x[i]"},
    ).replace("GROUP", group)
    inputs = module(text).generate(4, 10.0, 1)[0]
    shown = [inputs[:, start : start + 10] for start in (10, 23, 36)]
    for later in shown[1:]:
        np.testing.assert_array_equal(later[:, :, 0], shown[0][:, :, 0])
        assert (later[:, :, 1] != shown[0][:, :, 1]).all()
    assert (inputs[:, 20:23] == 0).all()


def test_signals_start_anew_in_every_trial_of_a_session_each_with_its_own_draw() -> None:
    text = task(
        trial=f"x ~ ou(1, 50 ms)\n{FLIPS}",
        epochs="wait: 100 ms\nrest: 50 ms",
        during={"wait": "light = x\ntarget out = latch(flips) + integral(1) / 1 s"},
        score="off = rms(error(out @ wait))",
    ).replace("    inputs:", "    session:\n        trials: 3\n\n    inputs:", 1)
    made = module(text)
    inputs, targets, _, trials = made.generate(4, 10.0, 1)
    again = made.arrays(trials, 10.0)
    np.testing.assert_array_equal(again[0], inputs)
    shown = inputs[:, :, 0].reshape(4, 3, 15)
    assert len(np.unique(shown[:, :, 0])) == 12
    assert (shown[:, :, 10:] == 0).all()
    held = targets[:, :, 0].reshape(4, 3, 15)
    assert set(np.unique(held[:, :, 0])) <= {-1, 0, 1}
    np.testing.assert_allclose(made.score(targets + 0.5, trials, 10.0)["off"], 0.5, rtol=1e-5)


def test_members_of_a_set_have_signals_of_their_own() -> None:
    laws = {
        "quick": "x ~ pulse_train(40 Hz, width = 10 ms)",
        "slow": "x ~ pulse_train(3 Hz, width = 30 ms)",
        "walk": "y ~ random_walk(2)",
        "still": "y = 2",
    }
    texts = []
    for name, law in laws.items():
        made = task(
            trial=law,
            epochs="wait: 300 ms",
            during={"wait": f"light = {law[0]}\ntarget out = {law[0]} * 2"},
            score="correct = rms(error(out @ wait)) < 1",
        )
        texts.append(made.replace("epochal 1\n\n", "").replace("task small", f"task {name}"))
    members = [f"    member {name} = {name}" for name in laws]
    shared = ["    inputs:", "        light", "    outputs:", "        out"]
    tasks = ["epochal 1", "", *texts]
    both = load(checked_set("\n".join([*tasks, "taskset all_:", *shared, *members, ""])).module())
    inputs, targets, _, trials = both.generate(40, 10.0, 5)
    assert trials["design seed"].dtype == np.uint64
    np.testing.assert_allclose(targets, 2 * inputs)
    for k, name in enumerate(laws):
        mine = trials["task"] == k
        assert mine.sum() == 10
        alone = load(checked("\n".join(["epochal 1", "", texts[k]])).module())
        whole = alone.generate(40, 10.0, 5)[0]
        np.testing.assert_array_equal(inputs[mine], whole[mine], name)
        assert np.isnan(trials["x"][mine]).all() == (k > 1)
    again = both.arrays(trials, 10.0)
    np.testing.assert_array_equal(again[0], inputs)
    assert both.score(targets, trials, 10.0)["correct"].all()


@pytest.mark.parametrize("law", ["ou(1, 50 ms)", "random_walk(2)", "pulse_train(9 Hz, 10 ms)"])
def test_processes_are_kept_where_noise_is_off_and_made_again_of_a_table(law: str) -> None:
    text = task(
        inputs="light noise iid(0.1)",
        trial=f"x[2] ~ {law}",
        during={"wait": "light = sum(x)\ntarget out = x[1]"},
    )
    made = module(text)
    _, targets, _, trials = made.generate(12, 10.0, 7, batch=2, stream=1)
    inputs, quiet, _, _ = made.generate(12, 10.0, 7, batch=2, stream=1, noise=False)
    np.testing.assert_array_equal(targets, quiet)
    some = {name: column[[8, 2]] for name, column in trials.items()}
    again = made.arrays(some, 10.0)
    np.testing.assert_array_equal(again[0], inputs[[8, 2]])
    np.testing.assert_array_equal(again[1], targets[[8, 2]])
    other = made.generate(12, 10.0, 7, batch=3, stream=1)[1]
    assert not np.array_equal(other, targets)


def test_trials_of_one_batch_are_the_first_of_a_larger_one_where_steps_are_drawn() -> None:
    made = module(task(trial="x ~ ou(1, 50 ms)", during={"wait": "light = x"}))
    few, many = (made.generate(n, 10.0, 1)[0] for n in (3, 9))
    np.testing.assert_array_equal(few, many[:3])


def test_signals_combine_with_numbers_variables_times_and_signals() -> None:
    trial = f"{FLIPS}\ngain ~ {{2, 3}}\ngo ~ bernoulli(0.5)"
    value = "(gain * flips if go else 0) + t / 1 s - (1 if flips > 0 and not (t < 50 ms) else 0)"
    _, drive, trials = driven(trial, value)
    _, plain, _ = driven(trial, "flips")
    t = np.arange(40) * 10
    expected = np.where(trials["go"][:, None], trials["gain"][:, None] * plain, 0) + t / 1000
    expected = expected - ((plain > 0) & (t >= 50))
    np.testing.assert_allclose(drive, expected, atol=1e-6)


def test_a_number_is_a_signal_that_keeps_still() -> None:
    _, drive, _ = driven("x ~ {1, 2}", "integral(1) / 1 s + latch(true)")
    np.testing.assert_allclose(drive[0], 1 + np.arange(40) / 100, atol=1e-6)
    _, drive, trials = driven("x ~ {1, 2}", "ema(x, tau = 50 ms)")
    rise = 1 - np.exp(-np.arange(40) / 5)
    np.testing.assert_allclose(drive, trials["x"][:, None] * rise, atol=1e-6)


def test_an_integral_has_the_type_of_a_number_times_a_time() -> None:
    assert codes(task(trial=FLIPS, during={"wait": "light = integral(flips)"})) == ["E0303"]
    text = "integral(10 Hz) + integral(90 deg) / (90 deg * 1 s)"
    _, drive, _ = driven("x ~ {1, 2}", text)
    np.testing.assert_allclose(drive[0], np.arange(40) / 100 * 11, atol=1e-5)


def test_one_signal_goes_to_all_units_and_an_array_unit_by_unit() -> None:
    text = task(
        inputs="light[3]\nbeam[3]",
        trial="x ~ ou(1, 50 ms)\ny[3] ~ ou(1, 50 ms)",
        during={"wait": "light = x\nbeam = y + x"},
    )
    inputs = module(text).generate(4, 10.0, 1)[0]
    assert (inputs[:, :, 0] == inputs[:, :, 2]).all()
    beside = inputs[:, :, 3:] - inputs[:, :, :3]
    assert (beside[:, :, 0] != beside[:, :, 1]).all()


def test_an_array_of_signals_sums_to_one() -> None:
    trial = "y[3] ~ ou(1, 50 ms)"
    _, total, _ = driven(trial, "sum(y)")
    parts = [driven(trial, f"y[{i}]")[1] for i in range(3)]
    np.testing.assert_allclose(total, sum(parts), atol=1e-5)
    _, most, _ = driven(trial, "max(y)")
    np.testing.assert_allclose(most, np.max(parts, axis=0), atol=1e-6)
    _, high, _ = driven(trial, "count(y > 0) + any(y > 1)")
    expected = (np.array(parts) > 0).sum(axis=0) + (np.array(parts) > 1).any(axis=0)
    np.testing.assert_allclose(high, expected)


@pytest.mark.parametrize("units", [2, 4])
def test_an_array_of_signals_needs_as_many_units(units: int) -> None:
    text = task(inputs=f"light[{units}]", trial="y[3] ~ ou(1, 50 ms)", during={"wait": "light = y"})
    assert codes(text) == ["E0334"]


@pytest.mark.parametrize(
    ("where", "text"),
    [
        ("trial", f"{FLIPS}\nx = flips"),
        ("trial", f"{FLIPS}\nx ~ uniform(0, flips)"),
        ("trial", f"{FLIPS}\nrequire flips > 0"),
        ("trial", f"{FLIPS}\nx = integral(1) / 1 s"),
        ("epochs", "wait: 10 ms * flips"),
        ("guard", "wait if latch(flips) > 0"),
        ("guard", "wait[flips * 10 ms :]"),
        ("unit", "light[flips] = 1"),
        ("weight", "weight = flips"),
        ("weight", "noise light = iid(flips)"),
        ("score", "x = mean(out @ wait) + flips"),
    ],
)
def test_a_signal_elsewhere_is_an_error(where: str, text: str) -> None:
    during = {"guard": text} if where == "guard" else {"wait": text}
    found = codes(
        task(
            inputs="light[3]",
            trial=text if where == "trial" else FLIPS,
            epochs=text if where == "epochs" else "wait: 100 ms",
            during={during["guard"]: "light = 1"}
            if where == "guard"
            else during
            if where in ("unit", "weight")
            else {"wait": "light = 1"},
            score=text if where == "score" else "",
        )
    )
    assert found == ["E0340"]


def test_a_process_is_drawn_for_every_trial_by_itself() -> None:
    assert codes(task(trial=f"{FLIPS} per batch")) == ["E0601"]
    assert codes(task(trial="(a, b) ~ ou(1, 10 ms)")) == ["E0328"]


@pytest.mark.parametrize("values", ["{2 * p, 1}", "{1: p, 2: 1 - p}"])
def test_heights_are_the_same_set_for_all_trials(values: str) -> None:
    text = f"p ~ uniform(0.1, 1)\nx ~ pulse_train(4 Hz, width = 20 ms, values = {values})"
    assert codes(task(trial=text)) == ["E0323"]


def test_arguments_may_differ_from_trial_to_trial() -> None:
    trial = (
        "fast ~ balanced({false, true})\nend ~ {200 ms, 400 ms}\n"
        "x ~ pulse_train(40 Hz if fast else 0 Hz, width = end / 20, over = end)"
    )
    _, drive, trials = driven(trial, "x", n=40)
    counts = np.isfinite(trials["x"]).sum(axis=1)
    assert (counts[~trials["fast"]] == 0).all()
    assert counts[trials["fast"]].min() > 0
    assert (drive[trials["end"] == 200_000, 20:] == 0).all()


def test_events_are_those_of_a_rebinding_where_the_printed_module_is_given_a_parameter() -> None:
    text = task(
        params="rate = 3 Hz", trial="x[2] ~ pulse_train(rate, width = 10 ms, refractory = 0 ms)"
    )
    given = module(text).sample_trials(30, 1, rate=5)["x"]
    bound = module(text.replace("3 Hz", "5 Hz")).sample_trials(30, 1)["x"]
    room = min(given.shape[2], bound.shape[2])
    np.testing.assert_array_equal(given[..., :room], bound[..., :room])
    with pytest.raises(ValueError, match="compile the task with the rate"):
        module(text).sample_trials(30, 1, rate=5000)


def test_the_number_of_pulses_is_bounded_when_compiling() -> None:
    def room(law: str) -> int:
        columns = module(task(trial=f"x ~ pulse_train({law})")).sample_trials(1, 1)
        return int(columns["x"].shape[1])

    assert room("1 kHz, width = 20 ms, over = 90 ms") == 5  # the refractory time bounds it
    assert room("10 Hz, width = 1 us, over = 10 s") == 100 + 80 + 10
    assert codes(task(trial="x ~ pulse_train(1 kHz, width = 1 us, over = 10 s)")) == ["E0343"]
    assert codes(task(trial="x[200] ~ pulse_train(1 kHz, width = 1 us, over = 5 s)")) == ["E0343"]


def test_a_train_over_a_duration_without_end_is_blamed_on_the_duration() -> None:
    assert codes(task(trial=FLIPS, epochs="wait: exponential(1 s)", during=TRACK)) == ["E0418"]


def test_pulses_shorter_than_a_step_last_one() -> None:
    _, drive, trials = driven("x ~ pulse_train(5 Hz, width = 1 us)", "x", dt=20.0, n=50)
    begun = np.floor(trials["x"] / 20_000 + 0.5)
    assert drive.sum() == (begun < 20).sum() + (begun >= 20).sum()


def test_error_is_output_minus_target_and_rms_is_over_time_and_units() -> None:
    text = task(
        outputs="out[2]",
        trial="y[2] ~ ou(1, 50 ms)",
        epochs="wait: 100 ms\ntrack: 300 ms",
        during={"track": "target out = y"},
        score="off = rms(error(out @ track))\n"
        "bias = mean(mean(error(out @ wait..track)))\n"
        "far = mean(mean(abs(error(out @ track)) > 0.5))\n"
        "near = mean(mean(out @ track <= 0.5))\n"
        "scaled = max(max(1 - 2 * (out @ track) / 4))",
    )
    made = module(text)
    _, targets, _, trials = made.generate(5, 10.0, 1)
    outputs = np.random.default_rng(1).normal(size=targets.shape).astype(np.float32)
    scores = made.score(outputs, trials, 10.0)
    x, wrong = outputs.astype(float), outputs.astype(float) - targets
    np.testing.assert_allclose(scores["off"], np.sqrt((wrong[:, 10:] ** 2).mean(axis=(1, 2))))
    np.testing.assert_allclose(scores["bias"], wrong.mean(axis=(1, 2)), atol=1e-12)
    np.testing.assert_allclose(scores["far"], (abs(wrong[:, 10:]) > 0.5).mean(axis=(1, 2)))
    np.testing.assert_allclose(scores["near"], (x[:, 10:] <= 0.5).mean(axis=(1, 2)))
    np.testing.assert_allclose(scores["scaled"], (1 - x[:, 10:] / 2).max(axis=(1, 2)))


def test_the_error_of_no_time_is_nan() -> None:
    text = task(
        epochs="wait: 100 ms\nrest: 0 ms",
        during={"wait": "target out = 1"},
        score="off = rms(error(out @ rest))\ncorrect = rms(error(out @ rest)) < 1",
    )
    made = module(text)
    _, targets, _, trials = made.generate(3, 10.0, 1)
    with np.errstate(invalid="ignore"):
        scores = made.score(targets, trials, 10.0)
    assert np.isnan(scores["off"]).all()
    assert not scores["correct"].any()


def test_a_signal_counts_as_a_target_and_its_parameters_as_used() -> None:
    text = task(
        params="rate = 4 Hz\nwidth = 30 ms\nspread = 2",
        trial="x ~ pulse_train(rate, width = width)\ny ~ random_walk(spread)",
        during={"wait": "light = x\ntarget out = y"},
    )
    _, found = judged(text)
    assert {one.code for one in found} == {"W0703", "W0704"}


def test_division_by_a_signal_that_may_be_0_is_noticed() -> None:
    _, found = judged(task(trial=FLIPS, during={"wait": "light = 1 / flips\ntarget out = 1"}))
    assert "W0701" in {one.code for one in found}


def test_child_and_parent_draw_the_same_events() -> None:
    text = task(trial=FLIPS, during=TRACK)
    child = f"{text}\ntask more extends small:\n    trial:\n        flips[3] ~ ou(1, 10 ms)\n"
    assert checked(child).task.name == "small"
    both = text.replace("light = flips", "light = 2 * flips")
    first, second = (module(one).sample_trials(9, 1)["flips"] for one in (text, both))
    np.testing.assert_array_equal(first, second)


# Laws.

COMPARISONS = 30
LEVEL = 0.001 / COMPARISONS
Z = -NormalDist().inv_cdf(LEVEL / 2)


def test_gaps_are_the_refractory_time_plus_an_exponential_one() -> None:
    law = "pulse_train(8 Hz, width = 30 ms, refractory = 50 ms, over = 20 s)"
    onset = module(task(trial=f"x ~ {law}")).sample_trials(1000, 11)["x"][:, :21]
    assert np.isfinite(onset).all()
    rest = np.concatenate([onset[:, 0], (np.diff(onset, axis=1) - 50_000).ravel()]) / 125_000
    assert rest.min() > 0
    n = rest.size
    assert abs(rest.mean() - 1) < Z / math.sqrt(n)
    for p in (0.1, 0.5, 0.9):  # quantiles of the exponential law
        below = (rest < -math.log(1 - p)).mean()
        assert abs(below - p) < Z * math.sqrt(p * (1 - p) / n)
    gaps = np.diff(onset, axis=1)
    r = np.corrcoef(gaps[:, 0], gaps[:, 1])[0, 1]
    assert abs(r) < Z / math.sqrt(1000)


def test_without_refractory_time_counts_are_poisson() -> None:
    law = "pulse_train(6 Hz, width = 10 ms, refractory = 0 ms, over = 1.5 s)"
    x = module(task(trial=f"x[2] ~ {law}\nn[2] = count(x)")).sample_trials(10_000, 4)["n"]
    size = x.size
    assert abs(x.mean() - 9) < Z * 3 / math.sqrt(size)
    assert abs(x.var() / 9 - 1) < Z * math.sqrt((2 + 1 / 9) / size)
    assert abs(np.corrcoef(x.T)[0, 1]) < Z / math.sqrt(10_000)


def test_a_refractory_time_lowers_the_rate_to_one_over_the_mean_gap() -> None:
    law = "pulse_train(20 Hz, width = 50 ms, over = 60 s)"
    x = module(task(trial=f"x ~ {law}\nn = count(x)")).sample_trials(500, 4)["n"]
    mean, variance = 60 / 0.1, 60 * 0.05**2 / 0.1**3  # of a renewal process
    edge = 1  # the process starts where the first event has no refractory time before it
    assert abs(x.mean() - mean) < Z * math.sqrt(variance / 500) + edge


@pytest.mark.parametrize("dt", [5.0, 20.0])
def test_an_ou_process_has_its_sd_and_autocorrelation_from_the_first_step_on(dt: float) -> None:
    n = 6000
    _, x, _ = driven("x ~ ou(0.5, 80 ms)", "x", dt=dt, n=n)
    assert abs(x[:, [0, -1]].mean()) < Z * 0.5 / math.sqrt(2 * n)
    for k in (0, round(100 / dt), -1):
        assert abs(x[:, k].var() / 0.25 - 1) < Z * math.sqrt(2 / n)
    for lag in (20, 80, 160):
        steps = round(lag / dt)
        r = float((x[:, 10] * x[:, 10 + steps]).mean()) / 0.25 if 10 + steps < x.shape[1] else None
        if r is not None:
            assert abs(r - math.exp(-lag / 80)) < 1.5 * Z / math.sqrt(n)


@pytest.mark.parametrize("dt", [5.0, 20.0])
def test_a_random_walk_starts_at_0_and_its_variance_grows_with_time(dt: float) -> None:
    n = 6000
    _, x, _ = driven("x ~ random_walk(2)", "x", dt=dt, n=n)
    assert (x[:, 0] == 0).all()
    for time in (100, 380):
        k = round(time / dt)
        assert abs(x[:, k].var() / (4 * time / 1000) - 1) < Z * math.sqrt(2 / n)
    steps = np.diff(x[:, : round(100 / dt)], axis=1)
    r = np.corrcoef(steps[:, 0], steps[:, 1])[0, 1]
    assert abs(r) < Z / math.sqrt(n)


def test_processes_of_an_array_and_of_different_names_are_independent() -> None:
    n = 4000
    trial = "x[2] ~ ou(1, 50 ms)\ny ~ ou(1, 50 ms)"
    columns = [driven(trial, value, n=n)[1][:, 7] for value in ("x[0]", "x[1]", "y")]
    r = np.corrcoef(columns)[np.triu_indices(3, 1)]
    assert np.abs(r).max() < Z / math.sqrt(n)
