"""Tables: each sentence of the language about `lookup`."""

import numpy as np
import pytest
from compiled import checked, codes, lowered, module, task

from epochal.compiler import ir
from epochal.compiler.bounds import Bounds
from epochal.compiler.intervals import interval
from epochal.compiler.known import known_of

SHAPES = "shape ~ balanced({circle, square})\nhue ~ balanced({red, blue})"


def column(value: str, trial: str, n: int = 12) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    made = module(task(trial=f"{trial}\nx = {value}")).sample_trials(n, 3)
    return made["x"], made


def test_a_label_finds_its_value() -> None:
    x, made = column("lookup(hue, {blue: 0.5, red: 2})", SHAPES)
    assert x.tolist() == [[2, 0.5][hue] for hue in made["hue"]]


def test_a_tuple_finds_the_row_of_all_its_parts_and_gives_labels() -> None:
    table = "(circle, red): left, (circle, blue): right, (square, red): right, (square, blue): up"
    text = task(trial=f"{SHAPES}\nx = lookup((shape, hue), {{{table}}})")
    made = module(text)
    assert made.facts["labels"]["x"] == ("left", "right", "up")
    trials = made.sample_trials(20, 1)
    wanted = [[0, 1], [1, 2]]
    pairs = zip(trials["shape"], trials["hue"], strict=True)
    assert trials["x"].tolist() == [wanted[shape][hue] for shape, hue in pairs]


def test_a_number_finds_its_row_where_it_is_proven_to_have_one() -> None:
    x, made = column("lookup(k, {1: 10, 2: 20, 4: 40})", "k ~ {1, 2, 4}")
    assert (x == 10 * made["k"]).all()
    x, made = column("lookup(k - 1, {0: 10, 1: 20})", "k ~ integers(1, 2)")
    assert (x == 10 * made["k"]).all()
    x, made = column("lookup(w, {480 ms: 1, 0.5 s: 2})", "w ~ balanced({480 ms, 500 ms})")
    assert (x == np.where(made["w"] == 480_000, 1, 2)).all()
    assert codes(task(trial="k ~ {1, 2, 4}\nx = lookup(k, {1: 1, 2: 2})")) == ["E0352"]
    assert codes(task(trial="k ~ uniform(0, 1)\nx = lookup(k, {0: 1, 1: 2})")) == ["E0352"]
    assert codes(task(trial="k ~ {1, 2}\nx = lookup(0.1 * k, {0.1: 1, 0.2: 2})")) == ["E0352"]


def test_truths_values_that_are_drawn_and_arrays_look_up_value_by_value() -> None:
    trial = "go ~ bernoulli(50%)\nu ~ uniform(0, 1)\nks[3] ~ {1, 2}"
    x, made = column("lookup(go, {true: u, false: -1})", trial)
    assert (x == np.where(made["go"], made["u"], -1)).all()
    text = task(trial=f"{trial}\nx[3] = lookup(ks, {{1: u, 2: 5}})")
    trials = module(text).sample_trials(9, 1)
    wanted = np.where(trials["ks"] == 1, trials["u"][:, None], 5)
    np.testing.assert_array_equal(trials["x"], wanted)


def test_a_bare_name_among_the_values_is_a_value_or_else_a_label() -> None:
    text = task(
        params="gain = 2", trial=f"{SHAPES}\nx = lookup(hue, {{red: gain, blue: 2 * gain}})"
    )
    assert set(module(text).sample_trials(8, 1)["x"].tolist()) == {2, 4}
    text = task(trial=f"{SHAPES}\nx = lookup(hue, {{red: east, blue: west}})\ny = x == west")
    trials = module(text).sample_trials(8, 1)
    assert (trials["y"] == (trials["hue"] == 1)).all()
    assert codes(task(trial=f"{SHAPES}\nx = lookup(hue, {{red: east, blue: 1}})")) == ["E0301"]


def test_every_label_that_the_key_can_be_has_a_row() -> None:
    assert codes(task(trial=f"{SHAPES}\nx = lookup(hue, {{red: 1}})")) == ["E0352"]
    assert codes(task(trial=f"{SHAPES}\nx = lookup(hue, {{red: 1, blue: 2, green: 3}})")) == [
        "E0207"
    ]
    one_table = "(shape, k) ~ {(circle, 1), (square, 2)}"
    text = f"{one_table}\nx = lookup((shape, k), {{(circle, 1): 5, (square, 2): 6}})"
    x = module(task(trial=text)).sample_trials(9, 1)
    assert (x["x"] == 4 + x["k"]).all()
    apart = "(shape, k) ~ {(circle, 1), (square, 2)}\n(other_shape, j) ~ {(circle, 1), (square, 2)}"
    text = f"{apart}\nx = lookup((shape, j), {{(circle, 1): 5, (square, 2): 6}})"
    assert codes(task(trial=text)) == ["E0352"]


def test_the_bounds_of_a_table_are_the_hull_of_its_values() -> None:
    task_ = lowered(task(trial=f"{SHAPES}\nx = lookup(hue, {{red: -2, blue: 5}})"))
    reach = interval(ir.Ref("x", ir.Role.VARIABLE), known_of(task_))
    assert (reach.low, reach.high, reach.whole) == (-2, 5, True)
    assert (
        codes(task(trial=f"{SHAPES}\na[3] ~ {{1, 2}}\ny = a[lookup(hue, {{red: 0, blue: 2}})]"))
        == []
    )
    assert codes(
        task(trial=f"{SHAPES}\na[3] ~ {{1, 2}}\ny = a[lookup(hue, {{red: 0, blue: 3}})]")
    ) == ["E0336"]


def test_durations_are_bounded_row_by_row() -> None:
    wait = "lookup(hue, {red: 100 ms, blue: 900 ms})"
    rest = "lookup(hue, {red: 900 ms, blue: 100 ms})"
    found = checked(task(trial=SHAPES, epochs=f"wait: {wait}\nrest: {rest}"))
    total = ir.Arithmetic("+", *(one.duration for one in found.task.epochs if one.duration))
    assert Bounds(found.task.variables, found.bounds.known).most(total) == 1_000_000


def test_a_parameter_that_decides_the_rows_is_structural() -> None:
    text = task(
        params="gain = 1.5\nlevels = {1, 2}",
        trial="k ~ levels\nx = lookup(gain, {1.5: 7})\ny = lookup(k, {1: 1, 2: 2})",
    )
    assert {one.name: one.structural for one in lowered(text).params} == {
        "gain": True,
        "levels": True,
    }
    assert codes(text, bindings={"gain": "2"}) == ["E0352"]
    assert codes(text, bindings={"levels": "{1, 3}"}) == ["E0352"]


def test_no_label_gives_nan_no_label_or_false() -> None:
    text = task(
        outputs="choice[left, right]",
        score="""
        chosen = argmax(choice @ wait[100 ms :])
        worth = lookup(chosen, {left: 1, right: 2})
        back = lookup(chosen, {left: right, right: left})
        correct = lookup(chosen, {left: true, right: true})
        """,
    )
    made = module(text)
    scored = made.score(np.zeros((2, 5, 2), np.float32), made.sample_trials(2, 1), 20.0)
    assert np.isnan(scored["worth"]).all()
    assert scored["back"].tolist() == [-1, -1]
    assert scored["correct"].tolist() == [False, False]


def test_requirements_on_the_design_see_through_tables() -> None:
    table = (
        "{(circle, red): true, (circle, blue): false, (square, red): true, (square, blue): true}"
    )
    text = task(trial=f"{SHAPES}\nrequire lookup((shape, hue), {table})")
    trials = module(text).sample_trials(30, 1)
    assert len(set(zip(trials["shape"].tolist(), trials["hue"].tolist(), strict=True))) == 3


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("lookup(hue)", "E0208"),
        ("lookup(hue, {red, blue})", "E0353"),
        ("lookup(hue, 3)", "E0353"),
        ("lookup(hue, {red: 1, blue: 2, red: 3})", "E0311"),
        ("lookup(hue, {1: 1, 2: 2})", "E0303"),
        ("lookup((hue, shape), {red: 1, blue: 2})", "E0328"),
        ("lookup({1, 2}, {1: 1, 2: 2})", "E0303"),
        ("lookup(hue, {red: uniform(0, 1), blue: 2})", "E0209"),
        ("lookup(hue, {red: (1, 2), blue: (1, 3)})", "E0301"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused(value: str, code: str) -> None:
    assert set(codes(task(trial=f"{SHAPES}\nx = {value}"))) == {code}
