"""The rules of LANGUAGE.md that no golden task shows by itself."""

import numpy as np
import pytest
from compiled import checked, codes, judged, load, lowered, module, task

SIDE = "side ~ balanced({left, right})"


def driven(value: str, params: str = "", trial: str = "", n: int = 4) -> list[float]:
    """Give what a channel is set to on each trial."""
    made = module(task(params=params, trial=trial, during={"wait": f"light = {value}"}))
    return [round(float(x), 6) for x in made.generate(n, 20.0, 1)[0][:, 0, 0]]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12.8%", 0.128),
        ("500 ms * 18 Hz", 9),
        ("1 s / 1 ms", 1000),
        ("1 kHz * 1 ms", 1),
        ("(90 deg / 1 s) * 500 ms / 1 deg", 45),
        ("1 min / 1 s", 60),
        ("mod(-7, 3)", 2),
        ("mod(370 deg, 360 deg) / 10 deg", 1),
        ("(2 > 1) + (3 > 2)", 2),
        ("-(2 > 1)", -1),
        ("true - false", 1),
        ("-2 ** 2", -4),
        ("2 ** 3 ** 2", 512),
        ("(-2) ** 5", -32),
        ("2 ** -1", 0.5),
        ("0 ** 0", 1),
        ("wrap(-90 deg) / 1 deg", 270),
        ("wrap(360 deg) / 1 deg", 0),
        ("angle_between(10 deg, 350 deg) / 1 deg", 20),
        ("angle_between(0 deg, 180 deg) / 1 deg", 180),
        ("sin(90 deg) + cos(pi * 1 rad)", 0),
        ("floor(-0.5)", -1),
        ("rescale(15 Hz, of = (10 Hz, 20 Hz), onto = (1, 3))", 2),
        ("min(3, 1, 2) + max(1 s, 2 s) / 1 s", 3),
        ("sign(-3 deg)", -1),
        ("1 if 2 in {1, 2} else 0", 1),
        ("1 if nan == nan else 0", 0),
        ("1 if not (nan < 1) else 0", 1),
        ("3.0", 3),
        ("1e3", 1000),
    ],
)
def test_an_expression_has_the_value_it_should(value: str, number: float) -> None:
    assert driven(value) == pytest.approx([number] * 4)
    assert driven("x", trial=f"x = {value}") == pytest.approx([number] * 4)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("300 ms + 18 Hz", "E0308"),
        ("1 < 200 ms", "E0313"),
        ("left + 1", "E0306"),
        ("t", "E0303"),
        ("20 ms", "E0303"),
        ("left", "E0303"),
        ("2 ** 1 s", "E0306"),
        ("1 if side < left else 2", "E0312"),
        ("1 if side == up else 2", "E0207"),
        ("1 if up == upp else 2", "E0201"),
        ("1 if upp < side else 2", "E0207"),
        ("not 3", "E0303"),
        ("true and 1", "E0303"),
        ("{1, 2}", "E0303"),
    ],
)
def test_an_expression_of_the_wrong_type_is_an_error(value: str, code: str) -> None:
    assert set(codes(task(trial=SIDE, during={"wait": f"light = {value}"}))) == {code}


def test_a_guard_has_no_t() -> None:
    assert codes(task(during={"wait if t > 10 ms": "light = 1"})) == ["E0202"]


def test_noise_and_weights_have_no_t() -> None:
    assert codes(task(during={"wait": "weight = t / 1 s"})) == ["E0202"]
    assert codes(task(inputs="light noise iid(t / 1 s)")) == ["E0202"]


def test_labels_may_be_shared_by_sets_and_channels() -> None:
    text = task(
        outputs="out[left, right]",
        trial=f"{SIDE}\nother_side ~ {{right, left, up}}\nsame = side == other_side",
    )
    trials = module(text).sample_trials(60, 1)
    names = np.array(["left", "right"])[trials["side"]]
    others = np.array(["right", "left", "up"])[trials["other_side"]]
    assert ((names == others) == trials["same"]).all()
    assert 0 < trials["same"].sum() < 60


@pytest.mark.parametrize("later", ["left = 3", "left ~ {1, 2}", "(left, x) ~ {(1, 2)}"])
def test_a_label_never_shares_the_name_of_a_value(later: str) -> None:
    assert codes(task(trial=f"{SIDE}\n{later}")) == ["E0203"]
    assert codes(task(params=later if "=" in later else "left = 1", trial=SIDE))[0] == "E0203"


def test_a_score_named_like_a_label_is_an_error() -> None:
    assert codes(task(trial=SIDE, score="left = mean(out @ wait)")) == ["E0203"]


def test_an_index_by_a_wider_set_names_the_label_outside() -> None:
    text = task(
        inputs="light[left, right]", trial="x ~ {left, up}", during={"wait": "light[x] = 1"}
    )
    assert codes(text) == ["E0412"]


@pytest.mark.parametrize("time", ["29.999 ms", "30 ms", "49.999 ms"])
def test_a_boundary_becomes_the_nearest_step_half_up(time: str) -> None:
    made = module(task(epochs=f"first: {time}\nwait: 100 ms"))
    stop = made.timeline(made.sample_trials(1, 1), 20.0)
    assert stop[0, 0] == {"29.999 ms": 1, "30 ms": 2, "49.999 ms": 2}[time]


def test_boundaries_are_rounded_from_the_start_of_the_trial() -> None:
    made = module(task(epochs="\n".join(f"e{i}: 15 ms" for i in range(8))))
    stop = made.timeline(made.sample_trials(1, 1), 20.0)
    assert stop[0, :8].tolist() == [1, 2, 2, 3, 4, 5, 5, 6]


def test_assignment_replaces_the_baseline_and_addition_adds_to_it() -> None:
    text = task(
        inputs="light baseline 0.5",
        outputs="out baseline 2",
        epochs="a: 20 ms\nb: 20 ms\nc: 20 ms",
        during={"a": "light = 1\ntarget out = 1", "b": "light += 1\ntarget out -= 1"},
    )
    inputs, targets, weights, _ = module(text).generate(1, 20.0, 1)
    assert inputs[0, :, 0].tolist() == [1, 1.5, 0.5]
    assert targets[0, :, 0].tolist() == [1, 1, 2]
    assert weights[0, :, 0].tolist() == [1, 1, 1]


def test_rectification_comes_after_baseline_drive_and_noise() -> None:
    text = task(inputs="light baseline 0.5 noise iid(1) rectified", during={"wait": "light -= 1"})
    open_text = text.replace(" rectified", "")
    closed, free = (module(one).generate(50, 20.0, 1)[0] for one in (text, open_text))
    np.testing.assert_array_equal(closed, np.maximum(free, 0))
    assert (free < -1.5).any()


def test_padding_keeps_baseline_and_noise_and_has_no_weight() -> None:
    text = task(
        inputs="light baseline 0.5 noise iid(0.1)",
        epochs="wait: uniform(20 ms, 200 ms)",
        during={"wait": "light = 3\ntarget out = 1\nweight = 2"},
    )
    made = module(text)
    inputs, targets, weights, trials = made.generate(30, 20.0, 1)
    own = np.arange(10) < made.timeline(trials, 20.0)[:, :1]
    assert set(weights[own, 0]) == {2}
    assert set(weights[~own, 0]) == {0}
    assert set(targets[~own, 0]) == {0}
    assert abs(inputs[own, 0].mean() - 3) < 0.1
    assert abs(inputs[~own, 0].mean() - 0.5) < 0.1
    assert inputs[~own, 0].std() > 0.05


def test_a_slice_is_clipped_to_its_span_and_may_be_empty() -> None:
    text = task(
        inputs="a\nb\nc",
        epochs="wait: 40 ms\nmore: 40 ms",
        during={
            "wait[20 ms : 1 s]": "a = 1",
            "more[-1 s : 20 ms]": "b = 1",
            "wait[1 s :]": "c = 1",
        },
    )
    inputs = module(text).generate(1, 20.0, 1)[0][0].T.tolist()
    assert inputs == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 0]]


def test_an_empty_span_reads_nan_and_none_and_compares_false() -> None:
    text = task(
        outputs="out[left, right]\nring_out: ring(4)\none",
        trial=f"{SIDE}\nwait_time ~ {{0 ms, 100 ms}}",
        epochs="before: 100 ms\nwait: wait_time",
        score="""
            answer = argmax(out @ wait)
            is_left = answer == left
            not_left = answer != left
            in_both = answer in {left, right}
            swapped = other(answer)
            swapped_left = swapped != left
            place = position(answer)
            small = argmax(ring_out @ wait) < 9
            level = mean(one @ wait)
            low = level < 1e9
            unequal = level != 0
            final = last(one @ wait)
            peak = max(one @ wait)
            late = first_above(one @ wait, -1e9)
            pointed = population_vector(ring_out @ wait)
            correct = answer == side
        """,
    )
    made = module(text)
    _, targets, _, trials = made.generate(40, 20.0, 1)
    outputs = np.random.default_rng(1).normal(size=targets.shape).astype(np.float32)
    with np.errstate(invalid="ignore"):
        scored = made.score(outputs, trials, 20.0)
    empty = trials["wait_time"] == 0
    assert 0 < empty.sum() < 40
    assert set(scored["answer"][empty]) == set(scored["swapped"][empty]) == {-1}
    for name in "is_left not_left in_both swapped_left small low unequal correct".split():
        assert not scored[name][empty].any(), name
        assert scored[name][~empty].any(), name
    for name in "place level final peak late pointed".split():
        assert np.isnan(scored[name][empty]).all(), name
        assert not np.isnan(scored[name][~empty]).any(), name


def test_bounds_are_inclusive_and_hold_the_whole_support() -> None:
    assert codes(task(params="x = 1 within (0, 1)\ny = uniform(0, 1) within (0, 1)")) == []
    assert codes(task(params="x = 1.01 within (0, 1)")) == ["E0327"]
    assert codes(task(params="x = uniform(0, 1.01) within (0, 1)")) == ["E0327"]
    assert codes(task(params="x = {0.5, 2} within (0, 1)")) == ["E0327"]
    assert codes(task(params="x = up within {left, right}", outputs="out[up]")) == ["E0327"]
    assert codes(task(params="x = 3 within (0, 1)"), {"x": "0.5"}) == []
    assert codes(task(params="x = 0.5 within (0, 1)"), {"x": "3"}) == ["E0327"]


def test_a_parameter_bound_to_a_distribution_is_drawn_once_a_trial() -> None:
    text = task(params="coh = 0.5", during={"wait": "light = coh"})
    found, _ = judged(text, bindings={"coh": "{0.1, 0.9}"})
    assert found is None
    made = load(checked(text, bindings={"coh": "choice({0.1, 0.9})"}).module())
    inputs, _, _, trials = made.generate(50, 20.0, 1)
    np.testing.assert_allclose(inputs[:, 0, 0], trials["coh"], rtol=1e-6)
    assert set(trials["coh"]) == {0.1, 0.9}
    balanced = load(checked(text, bindings={"coh": "balanced({0.1, 0.9})"}).module())
    assert (balanced.sample_trials(50, 1)["coh"] == 0.1).sum() == 25


def test_what_follows_from_a_drawn_parameter_differs_from_trial_to_trial() -> None:
    text = task(params="coh = uniform(0, 1)\ntwice = 2 * coh", during={"wait": "light = twice"})
    trials = module(text).sample_trials(9, 1)
    np.testing.assert_array_equal(trials["twice"], 2 * trials["coh"])
    assert codes(task(params="coh = uniform(0, 1)\nboth = {1, coh + 1}")) == ["E0323"]


def test_structural_parameters_are_never_drawn() -> None:
    params = "n = choice({4, 8})"
    assert codes(task(params=params, inputs="light: ring(n)")) == ["E0404"]
    assert codes(task(params=params, trial="x ~ balanced({n * 1, 9})")) == ["E0323"]
    assert codes(task(params=params, trial="x ~ balanced({a: n, b: 1})")) == ["E0322"]


def test_whatever_sizes_or_makes_levels_is_structural() -> None:
    made = lowered(
        task(
            params="m = 2\nn = 2 * m\nsd = 1\nlevels = {1, 2}\np = 0.5\nfree = {1, 2}\ncue = 1",
            inputs="light[n] noise iid(sd)",
            trial="x ~ balanced(levels)\ny ~ balanced({a: p, b: 1})\nz ~ free",
            during={"wait": "light[cue] = 1"},
        )
    )
    structural = {param.name for param in made.params if param.structural}
    assert structural == {"m", "n", "levels", "p", "cue"}


def test_defaults_are_computed_after_rebinding() -> None:
    text = task(params="base = 1\ntwice = 2 * base", during={"wait": "light = twice"})
    made = load(checked(text, bindings={"base": "3"}).module())
    assert made.generate(1, 20.0, 1)[0][0, 0, 0] == 6
    free = module(text)
    assert free.generate(1, 20.0, 1, base=5)[0][0, 0, 0] == 10
    assert free.generate(1, 20.0, 1, base=5, twice=1)[0][0, 0, 0] == 1


def test_arguments_of_printed_functions_are_checked_in_their_units() -> None:
    made = module(
        task(
            params="""
                base = 200 ms within {100 ms, 200 ms}
                third = base / 3 within (10 ms, 1 s)
                go = true
                levels = {0.1, 0.2}
            """,
            trial="x ~ levels",
            epochs="a: base\nwait: third",
            during={"wait if go": "light = x"},
        )
    )
    trials = made.sample_trials(4, 1, base=100)
    assert trials["base"].tolist() == [100_000] * 4
    assert trials["third"].tolist() == [33_333] * 4
    assert set(made.sample_trials(40, 1, levels=[7, 8, 9])["x"]) == {7, 8, 9}
    assert made.generate(2, 20.0, 1, go=0)[0].max() == 0
    with pytest.raises(ValueError, match=r"base \(ms\) must be one of"):
        made.sample_trials(4, 1, base=150)
    with pytest.raises(ValueError, match=r"third \(ms\) must lie in \[10, 1000\]"):
        made.sample_trials(4, 1, third=5)


def test_other_needs_two_labels_and_gives_the_other() -> None:
    trials = module(task(trial=f"{SIDE}\nx = other(side)")).sample_trials(8, 1)
    assert (trials["x"] == 1 - trials["side"]).all()


def test_a_chosen_law_uses_the_word_of_the_variable() -> None:
    text = "go ~ bernoulli(0.5)\nx ~ uniform(0, 1) if go else uniform(0, 2)"
    either = module(task(trial=text)).sample_trials(30, 1)
    plain = module(task(trial="x ~ uniform(0, 1)")).sample_trials(30, 1)
    np.testing.assert_array_equal(either["x"], plain["x"] * np.where(either["go"], 1, 2))


def test_a_span_may_give_noise_to_a_channel_without_any() -> None:
    text = task(epochs="a: 1 s\nb: 1 s", during={"b": "noise light = iid(0.2)"})
    inputs = module(text).generate(20, 20.0, 1)[0]
    assert inputs[:, :50].std() == 0
    assert abs(inputs[:, 50:].std() - 0.2) < 0.02


@pytest.mark.parametrize("line", ["experiment many:\n    dt: 10 ms"])
def test_items_that_are_not_built_are_never_ignored(line: str) -> None:
    text = task()
    assert codes(text.replace("task small", f"{line}\n\ntask small")) == ["E0601"]
