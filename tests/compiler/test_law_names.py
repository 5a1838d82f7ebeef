"""Names, labels and types: the rules of the language that no other test holds."""

import numpy as np
import pytest
from compiled import codes, judged, lowered, module, task

from epochal.compiler import ir
from epochal.compiler.walk import walk

SIDE = "side ~ balanced({left, right})"


def driven(value: str, params: str = "", trial: str = "", n: int = 4) -> list[float]:
    """Give what a channel is set to on each trial."""
    made = module(task(params=params, trial=trial, during={"wait": f"light = {value}"}))
    return [round(float(x), 6) for x in made.generate(n, 20.0, 1)[0][:, 0, 0]]


def notes(text: str) -> str:
    return " ".join(note.message for one in judged(text)[1] if one.is_error for note in one.notes)


def test_channels_epochs_and_functions_have_names_of_their_own() -> None:
    text = task(
        params="max = 2",
        inputs="max",
        outputs="sum",
        trial="sum = max(max, 3)",
        epochs="max: 100 ms",
        during={"max": "max = max(sum, max)\ntarget sum = max"},
        score="mean = mean(sum @ max)",
    )
    inputs, targets, _, _ = module(text).generate(2, 20.0, 1)
    assert set(inputs.ravel()) == {3}
    assert set(targets.ravel()) == {2}


@pytest.mark.parametrize(
    ("params", "trial", "epochs", "score"),
    [
        ("x = 1", "x = 2", "", ""),
        ("x = 1", "", "", "x = mean(out @ wait)"),
        ("", "x = 1", "", "x = mean(out @ wait)"),
        ("", "x = 1", "repeat 2 as x:", ""),
        ("", "", "repeat 2 as x:", "x = mean(out @ wait)"),
    ],
)
def test_params_variables_scores_and_indices_share_one_namespace(
    params: str, trial: str, epochs: str, score: str
) -> None:
    text = task(params=params, trial=trial, epochs=f"{epochs}\nwait: 20 ms", score=score)
    if epochs:
        text = text.replace("        wait: 20 ms", "            wait: 20 ms")
    assert set(codes(text)) == {"E0212"}


@pytest.mark.parametrize(
    "trial",
    [
        "x = 1\ny ~ {x, z}",
        "x ~ {1, 2}\ny ~ balanced({x, z})",
        "x = 1\n(y, z) ~ {(1, x), (2, w)}",
        "x = 1\ny ~ {x: 1, z: 2}",
    ],
)
def test_a_variable_of_the_name_of_a_label_in_braces_is_an_error(trial: str) -> None:
    assert set(codes(task(trial=trial))) == {"E0203"}


def test_weights_behind_a_colon_are_expressions() -> None:
    trial = "x ~ balanced({a: 2 * p, b: p})"
    x = module(task(params="p = 3", trial=trial)).sample_trials(60, 1)["x"]
    assert np.bincount(x).tolist() == [40, 20]


def test_a_choice_between_labels_of_two_sets_has_the_union_as_its_type() -> None:
    trial = f"{SIDE}\nplace ~ {{up, down}}\nx = side if place == up else place"
    assert codes(task(trial=f"{trial}\ny = x == down", inputs="light[left, right, up, down]")) == []
    assert codes(task(trial=f"{trial}\ny = x == back")) == ["E0207"]
    text = task(trial=trial, inputs="light[left, right]", during={"wait": "light[x] = 1"})
    assert codes(text) == ["E0412"]


def test_a_label_outside_the_set_gets_the_nearest_one() -> None:
    assert "did you mean `left`?" in notes(task(trial=f"{SIDE}\nx = side == lft"))


@pytest.mark.parametrize("value", ["side + 1", "side * 2", "-side", "abs(side)", "side < left"])
def test_labels_have_no_order_and_no_arithmetic(value: str) -> None:
    assert set(codes(task(trial=f"{SIDE}\nx = {value}"))) <= {"E0303", "E0306", "E0312"}
    assert codes(task(trial=f"{SIDE}\nx = {value}"))


@pytest.mark.parametrize("name", ["true", "false", "none", "nan", "pi"])
def test_reserved_words_name_nothing(name: str) -> None:
    assert codes(task(params=f"{name} = 1")) == ["E0133"]
    assert codes(task(inputs=name)) == ["E0133"]
    assert codes(task(epochs=f"{name}: 20 ms")) == ["E0133"]


def test_a_truth_is_1_or_0_in_arithmetic() -> None:
    assert driven("3 * (1 < 2) + (2 < 1) + true") == [4] * 4


def test_a_time_is_whole_microseconds_and_no_finer() -> None:
    assert codes(task(epochs="wait: 0.001 ms\nlong: 20 ms")) == []
    assert codes(task(epochs="wait: 0.0005 ms\nlong: 20 ms")) == ["E0307"]
    trials = module(task(trial="x ~ uniform(0 us, 10 us)\ny = 10 us / 3")).sample_trials(99, 1)
    assert set(trials["x"]) == set(range(11))
    assert set(trials["y"]) == {3}


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("(1 rad + 1 rad) / 2 rad", 1),
        ("(30 deg + 1.5 deg) * 2 / 1 deg", 63),
        ("180 deg / (pi * 1 rad)", 1),
    ],
)
def test_angles_are_decimals_in_the_unit_that_is_written(value: str, number: float) -> None:
    assert driven(value) == [number] * 4


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("(2 s * 3 s) / (1 s * 1 s)", 6),
        ("18 Hz * 1 s", 18),
        ("1 / 18 Hz / 1 s * 18", 1),
        ("(90 deg / 1 s) * 2 s / 1 deg", 180),
        ("(90 deg / 1 s) / (1 deg * 1 Hz)", 90),
    ],
)
def test_products_and_quotients_carry_powers_of_time_and_angle(value: str, number: float) -> None:
    assert driven(value) == pytest.approx([number] * 4)


@pytest.mark.parametrize("value", ["20 ms", "18 Hz", "90 deg", "90 deg / 1 s", "2 s * 3 s"])
def test_channels_targets_and_weights_take_plain_numbers(value: str) -> None:
    for statement in ("light", "target out", "weight out"):
        assert codes(task(during={"wait": f"{statement} = {value}"})) == ["E0303"]
    assert codes(task(inputs=f"light baseline {value}")) == ["E0303"]


def test_after_a_tilde_a_set_is_uniform_over_it() -> None:
    x = module(task(trial="x ~ {1, 2, 4}")).sample_trials(3000, 1)["x"]
    assert [abs((x == level).mean() - 1 / 3) < 0.03 for level in (1, 2, 4)] == [True] * 3


def test_a_parameter_bound_to_a_set_stays_a_set() -> None:
    text = task(params="levels = {1, 2}", trial="x ~ levels\ny = 1 if 2 in levels else 0")
    trials = module(text).sample_trials(40, 1)
    assert set(trials["x"]) == {1, 2}
    assert set(trials["y"]) == {1}
    assert codes(task(params="levels = {1, 2}", during={"wait": "light = levels"})) == ["E0303"]


def test_whatever_sizes_an_array_or_makes_levels_is_not_drawn() -> None:
    drawn = "n = integers(1, 3)"
    assert codes(task(params=drawn, trial="x[n] ~ uniform(0, 1)")) == ["E0404"]
    assert codes(task(params=drawn, inputs="stim[n]: ring(4)")) == ["E0404"]
    assert codes(task(params="m = 2", trial="x[m] ~ uniform(0, 1)"), {"m": drawn[4:]}) == ["E0404"]


def test_decimals_reach_the_ir_as_they_are_written() -> None:
    written = lowered(
        task(
            inputs="light: ring(4)",
            during={"wait": "light = bump(x, 0.1 rad)"},
            params="x = 12.30 deg\ny = 1.5 s\nz = 12.8%",
        )
    )
    values = [param.value for param in written.params]
    assert [(v.value, v.unit) for v in values if isinstance(v, ir.Number)] == [
        ("12.3", ir.Unit.DEGREE),
        ("1500000", ir.Unit.MICROSECOND),
        ("0.128", ir.Unit.NONE),
    ]
    value = written.effects[0].value
    assert value is not None
    assert ir.Number("0.1", ir.Unit.RADIAN) in set(walk(value))
