"""Draws that leave out a member, draws that are rounded, and arrays drawn once for a batch."""

from collections import Counter
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from compiled import Table, codes, judged, lowered, module, task

from epochal.compiler import ir
from epochal.compiler.describe import describe
from epochal.compiler.known import known_of


def drawn(trial: str, n: int = 6000, params: str = "") -> Table:
    return module(task(params=params, trial=trial)).sample_trials(n, 11)


def shares(values: np.ndarray) -> dict[float, float]:
    return {value: count / len(values) for value, count in Counter(values.tolist()).items()}


def close(found: dict[float, float], wanted: Mapping[Any, float]) -> bool:
    """Whether shares of 6000 draws are within five standard errors of what is wanted."""
    return found.keys() == wanted.keys() and all(
        abs(found[key] - p) < 5 * (p * (1 - p) / 6000) ** 0.5 + 1e-9 for key, p in wanted.items()
    )


@pytest.mark.parametrize(
    ("members", "x"),
    [("{1, 2, 4}", "2"), ("{10 ms, 20 ms, 40 ms}", "20 ms"), ("{0.1, 0.2, 0.4}", "0.2")],
)
def test_a_number_or_quantity_that_is_excepted_is_never_drawn(members: str, x: str) -> None:
    values = drawn(f"x ~ except({members}, {x})")["x"]
    first, _, last = sorted(set(drawn(f"x ~ {members}")["x"].tolist()))
    assert close(shares(values), {first: 0.5, last: 0.5})


def test_the_excepted_value_may_differ_from_trial_to_trial() -> None:
    made = drawn("a ~ {1, 2, 4}\nb ~ except({1, 2, 4}, a)")
    assert not (made["a"] == made["b"]).any()
    assert set(made["b"].tolist()) == {1, 2, 4}


def test_a_value_that_is_no_member_leaves_all_possible() -> None:
    third = 1 / 3
    assert close(shares(drawn("x ~ except({1, 2, 4}, 7)")["x"]), {1: third, 2: third, 4: third})
    made = drawn("a ~ {red, green, blue}\nb ~ except({red, green}, a)")
    of_blue = made["b"][made["a"] == 2]
    assert set(of_blue.tolist()) == {0, 1}
    assert (made["b"][made["a"] == 0] == 1).all()
    assert (made["b"][made["a"] == 1] == 0).all()


def test_an_excepted_member_of_a_weighted_set_has_weight_0() -> None:
    values = drawn("x ~ except({1: 1, 2: 5, 3: 3}, 2)")["x"]
    assert close(shares(values), {1: 0.25, 3: 0.75})
    values = drawn("x ~ except({a: 1, b: 5, c: 3}, b)")["x"]
    assert close(shares(values), {0: 0.25, 2: 0.75})
    values = drawn("x ~ except({1: 1, 2: 1, 3: 2}, 9)")["x"]
    assert close(shares(values), {1: 0.25, 2: 0.25, 3: 0.5})


def test_a_tuple_can_be_excepted() -> None:
    pairs = "{(left, 1), (right, 2), (left, 3)}"
    made = drawn(f"(a, b) ~ {pairs}\n(c, d) ~ except({pairs}, (a, b))")
    assert not ((made["a"] == made["c"]) & (made["b"] == made["d"])).any()
    made = drawn(f"(c, d) ~ except({pairs}, (right, 1))")
    assert set(made["d"].tolist()) == {1, 2, 3}


def test_the_members_of_a_parameter_can_be_rebound_where_one_is_excepted() -> None:
    text = task(params="levels = {1, 2, 4}", trial="a ~ levels\nb ~ except(levels, a)")
    made = module(text).sample_trials(500, 1, levels=(5, 6))
    assert (made["a"] + made["b"] == 11).all()


@pytest.mark.parametrize(
    ("law", "code"),
    [
        ("except({1, 2}, 20 ms)", "E0303"),
        ("except({left, right}, 1)", "E0303"),
        ("except({left, right}, up)", "E0207"),
        ("except({1}, 1)", "E0321"),
        ("except({1: 1, 2: 0}, 1)", "E0321"),
        ("except({(1, 2), (3, 4)}, 1)", "E0303"),
        ("except(3, 1)", "E0303"),
        ("quantize(uniform(0, 1), 100 ms)", "E0303"),
        ("quantize(uniform(0, 1), 0)", "E0321"),
        ("quantize({left, right}, 1)", "E0303"),
        ("quantize(bernoulli(0.5), 1)", "E0303"),
        ("quantize(balanced({1, 2}), 1)", "E0303"),
        ("quantize(uniform(0, 1))", "E0208"),
        ("{1: -1, 2: 3}", "E0354"),
        ("{1: 0, 2: 0}", "E0354"),
    ],
)
def test_a_law_that_cannot_be_is_refused(law: str, code: str) -> None:
    labels = "z ~ {up, down}\n"
    assert codes(task(trial=f"{labels}x ~ {law}")) == [code]


def test_a_quantized_draw_is_the_nearest_multiple_of_the_step() -> None:
    fine = drawn("x ~ uniform(300 ms, 700 ms)")["x"]
    coarse = drawn("x ~ quantize(uniform(300 ms, 700 ms), 100 ms)")["x"]
    assert coarse.dtype == np.int64
    assert (np.abs(fine - coarse) <= 50_001).all()
    wanted = {300_000: 0.125, 400_000: 0.25, 500_000: 0.25, 600_000: 0.25, 700_000: 0.125}
    assert close(shares(coarse), wanted)


@pytest.mark.parametrize(
    ("law", "low", "high"),
    [
        ("quantize(uniform(300 ms, 700 ms), 100 ms)", 300_000, 700_000),
        ("quantize(uniform(320 ms, 690 ms), 100 ms)", 300_000, 700_000),
        ("quantize(uniform(0.26, 0.9), 0.25)", Fraction(1, 4), 1),
        ("quantize(uniform(-0.9, -0.26), 0.25)", -1, Fraction(-1, 4)),
        ("quantize({1, 9}, 4)", 0, 8),
    ],
)
def test_the_bounds_of_a_quantized_draw_are_rounded(
    law: str, low: Fraction, high: Fraction
) -> None:
    reach = known_of(lowered(task(trial=f"x ~ {law}")))[ir.Ref("x", ir.Role.VARIABLE)]
    assert (reach.low, reach.high) == (low, high)
    values = drawn(f"x ~ {law}", 500)["x"]
    assert float(low) <= values.min()
    assert values.max() <= float(high)


def test_the_longest_trial_covers_a_quantized_duration_that_is_rebound() -> None:
    text = task(
        params="most = 300 ms within (200 ms, 5 s)",
        epochs="wait: quantize(uniform(100 ms, most), 70 ms)",
    )
    made = module(text)
    for most in (300.0, 2000.0):
        trials = made.sample_trials(400, 1, most=most)
        assert trials["wait"].max() <= trials["longest trial"][0]
        assert made.generate(20, 10.0, 1, most=most)[0].shape[0] == 20


def test_one_batch_shares_an_array_an_order_and_a_truncated_draw() -> None:
    made = module(
        task(
            trial="""
            a[3] ~ uniform(0, 1) per batch
            b ~ truncnormal(0, 1, -0.2, 0.2) per batch
            c[2] ~ truncnormal(b, 1, b - 1, b + 1) per batch
            d[3] ~ sample({10, 20, 30, 40}, 3) per batch
            e[3] ~ shuffled(range(3)) per batch
            f[2] ~ {left, right} per batch
            """
        )
    )
    batches = [made.sample_trials(7, 1, batch=k) for k in range(40)]
    for name in "abcdef":
        for trials in batches:
            assert (trials[name] == trials[name][0]).all()
        assert len({trials[name][0].tobytes() for trials in batches}) > 2
    for trials in batches:
        assert len(set(trials["d"][0].tolist())) == 3
        assert sorted(trials["e"][0].tolist()) == [0, 1, 2]
        assert abs(trials["b"][0]) <= 0.2
        assert (np.abs(trials["c"] - trials["b"][:, None]) <= 1).all()


def test_a_balanced_variable_per_batch_is_one_value() -> None:
    assert codes(task(trial="x[2] ~ balanced({1, 2}) per batch")) == ["E0325"]


def test_two_laws_of_labels_draw_from_the_union() -> None:
    made = module(task(trial="go ~ bernoulli(0.5)\nx ~ {left, right} if go else {up: 3, down: 1}"))
    assert made.facts["labels"]["x"] == ("left", "right", "up", "down")
    trials = made.sample_trials(200, 1)
    assert set(trials["x"][trials["go"]].tolist()) == {0, 1}
    assert set(trials["x"][~trials["go"]].tolist()) == {2, 3}
    text = "go ~ bernoulli(0.5)\n(a, b) ~ {(left, 1)} if go else {(up, 2), (left, 3)}"
    trials = module(task(trial=text)).sample_trials(200, 1)
    assert (trials["b"][trials["go"]] == 1).all()
    assert set(trials["b"][~trials["go"]].tolist()) == {2, 3}


@pytest.mark.parametrize("law", ["shuffled({1: 2, 2: 1})", "sample({1: 2, 2: 1}, 2)"])
def test_an_order_has_no_weights(law: str) -> None:
    assert codes(task(trial=f"x[2] ~ {law}")) == ["E0355"]


def test_a_parameter_of_tuples_with_labels_prints_below_its_labels() -> None:
    text = task(params="pairs = {(left, 1), (right, 2)}", trial="(a, b) ~ pairs")
    trials = module(text).sample_trials(20, 1)
    assert (trials["b"] == trials["a"] + 1).all()


def test_each_draw_of_an_array_follows_its_own_value_of_another() -> None:
    made = drawn(
        """
        low[3] = 10 * range(3)
        x[3] ~ uniform(low, low + 1)
        go[3] = range(3) == 1
        y[3] ~ {5, 6} if go else uniform(0, 1)
        z[3] ~ except({0, 1, 2}, range(3))
        """,
        500,
    )
    assert (np.floor(made["x"]) == [0, 10, 20]).all()
    assert ((made["y"] >= 5) == [False, True, False]).all()
    assert not (made["z"] == [0, 1, 2]).any()


@pytest.mark.parametrize(
    "law", ["uniform(0, a)", "bernoulli(a)", "quantize(uniform(0, 1), 1 + a)", "except({1, 2}, a)"]
)
def test_an_array_of_another_length_is_no_argument(law: str) -> None:
    assert codes(task(trial=f"a[2] ~ uniform(0, 1)\nx[3] ~ {law}")) == ["E0303"]
    assert codes(task(trial=f"a[2] ~ uniform(0, 1)\nx ~ {law}")) == ["E0303"]


def test_membership_is_asked_of_each_value_and_of_tuples() -> None:
    made = drawn(
        """
        w[3] ~ {1, 2, 3}
        h[3] ~ {red, green}
        x[3] = w in {1, 2}
        y[3] = h in {red}
        z[3] = (w, h) in {(1, red), (3, green)}
        k ~ {1, 2}
        one = (k, w[0]) in {(1, 1), (2, 3)}
        """,
        300,
    )
    w, h = made["w"], made["h"]
    assert (made["x"] == (w < 3)).all()
    assert (made["y"] == (h == 0)).all()
    assert (made["z"] == (((w == 1) & (h == 0)) | ((w == 3) & (h == 1)))).all()
    k = made["k"]
    assert (made["one"] == (((k == 1) & (w[:, 0] == 1)) | ((k == 2) & (w[:, 0] == 3)))).all()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("(1, 2) in {1, 2}", "E0313"),
        ("(1, 2) in {(1, 2, 3), (2, 3, 4)}", "E0313"),
        ("(1, 2) in {(1 s, 2), (2 s, 3)}", "E0313"),
        ("(1, 2) in 3", "E0314"),
    ],
)
def test_a_tuple_is_asked_of_a_set_of_such_tuples(value: str, code: str) -> None:
    assert codes(task(trial=f"k ~ {{1, 2}}\nx = {value}")) == [code]


def test_a_requirement_on_an_array_says_how_to_make_one_truth_of_it() -> None:
    text = task(trial="w[4] ~ uniform(0, 1)\nrequire w > 0.1")
    _, found = judged(text)
    (error,) = [one for one in found if one.is_error]
    assert error.code == "E0303"
    assert "all(..)" in error.notes[0].message


def test_a_description_tells_of_what_is_left_out_and_rounded() -> None:
    text = task(
        trial="a ~ {1, 2, 3}\nb ~ except({1, 2, 3}, a)",
        epochs="wait: quantize(uniform(100 ms, 300 ms), 50 ms)",
    )
    told = describe(lowered(text), {}, 300_000, None)
    assert "{1, 2, 3} other than a" in told
    assert "wait: uniform(100 ms, 300 ms) rounded to multiples of 50 ms" in told
