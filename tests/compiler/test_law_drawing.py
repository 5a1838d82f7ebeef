"""Drawing: the rules of the language that no other test holds."""

from collections import Counter

import numpy as np
import pytest
from compiled import codes, module, task

PLAIN = "x ~ uniform(0, 1)\ny ~ normal(0, 1)"


@pytest.mark.parametrize(
    ("weights", "copies"),
    [
        ("{a: 80%, b: 20%}", [4, 1]),
        ("{a: 0.5, b: 0.25, c: 0.25}", [2, 1, 1]),
        ("{a: 10, b: 4}", [5, 2]),
        ("{a: 1/3, b: 2/3}", [1, 2]),
    ],
)
def test_weights_repeat_a_level_in_the_smallest_whole_ratio(
    weights: str, copies: list[int]
) -> None:
    x = module(task(trial=f"x ~ balanced({weights})")).sample_trials(sum(copies), 3)["x"]
    assert np.bincount(x).tolist() == copies


def test_levels_depend_on_parameters_only() -> None:
    assert codes(task(params="p = 2", trial="x ~ balanced({1, p * 1})")) == []
    assert codes(task(trial="y ~ {1, 2}\nx ~ balanced({3, y * 1})")) == ["E0323"]


def test_a_table_with_a_catch_row_puts_catch_trials_in_the_design() -> None:
    trial = (
        "(kind, level) ~ balanced({(go, 1), (go, 2), (go, 4), (catch, 0)})\nz ~ balanced({5, 6})"
    )
    trials = module(task(trial=trial)).sample_trials(16, 2)
    rows = Counter(zip(trials["kind"], trials["level"], trials["z"], strict=True))
    assert set(rows.values()) == {2}
    assert len(rows) == 8


def test_another_factor_deals_the_factors_anew_and_moves_no_other_draw() -> None:
    one, two = (
        module(task(trial=f"side ~ balanced({{left, right}})\n{more}{PLAIN}")).sample_trials(64, 5)
        for more in ("", "level ~ balanced({1, 2, 3, 4})\n")
    )
    assert (one["side"] != two["side"]).any()
    for name in ("x", "y"):
        np.testing.assert_array_equal(one[name], two[name])


def test_factors_share_one_permutation() -> None:
    trial = "a ~ balanced({1, 2})\nb ~ balanced({1, 2})"
    trials = module(task(trial=trial)).sample_trials(4, 5)
    assert set(zip(trials["a"], trials["b"], strict=True)) == {(1, 1), (1, 2), (2, 1), (2, 2)}


@pytest.mark.parametrize("first", [0, 3])
def test_every_k_successive_batches_hold_each_level_once(first: int) -> None:
    made = module(task(trial="x ~ balanced({1: 2, 2: 1}) per batch"))
    values = [set(made.sample_trials(5, 1, batch)["x"]) for batch in range(first, first + 3)]
    assert sorted(value for (value,) in values) == [1, 1, 2]


def test_require_redraws_the_draws_behind_computed_variables_and_no_others() -> None:
    trial = """
        a ~ uniform(0, 1)
        b ~ uniform(0, 1)
        c ~ uniform(0, 1) per batch
        side ~ balanced({left, right})
        gap = abs(a - b)
        other ~ uniform(0, 1)
    """
    free = module(task(trial=trial)).sample_trials(200, 4)
    rule = "require gap > 0.2 and (c < 2 or side == left)"
    kept = module(task(trial=f"{trial}\n{rule}")).sample_trials(200, 4)
    assert kept["gap"].min() > 0.2
    for name in ("c", "side", "other"):
        np.testing.assert_array_equal(kept[name], free[name])
    good = free["gap"] > 0.2
    assert 0 < good.sum() < 200
    for name in ("a", "b"):
        np.testing.assert_array_equal(kept[name][good], free[name][good])
        assert (kept[name][~good] != free[name][~good]).all()


def test_a_requirement_that_is_met_too_seldom_shows_the_odds() -> None:
    made = module(task(trial="x ~ uniform(0, 1)\nrequire x > 0.9999"))
    with pytest.raises(ValueError, match=r"\d+ of 500 trials .* 100 attempts"):
        made.sample_trials(500, 1)


def test_a_requirement_on_factors_alone_drops_rows_of_the_design() -> None:
    trial = "a ~ balanced({1, 2, 3})\nb ~ balanced({1, 2, 3})\nrequire a < b"
    trials = module(task(trial=trial)).sample_trials(6, 5)
    rows = Counter(zip(trials["a"], trials["b"], strict=True))
    assert rows == {(1, 2): 2, (1, 3): 2, (2, 3): 2}


@pytest.mark.parametrize("rule", ["p > 0", "1 < 2", "x > 0"])
def test_a_requirement_with_nothing_to_redraw_is_an_error(rule: str) -> None:
    text = task(params="p = 1", trial=f"x ~ uniform(0, 1) per batch\nrequire {rule}")
    assert codes(text) in (["E0331"], ["E0333"])


def test_integers_include_both_ends() -> None:
    x = module(task(trial="x ~ integers(-1, 2)")).sample_trials(400, 1)["x"]
    assert set(x) == {-1, 0, 1, 2}


def test_an_array_holds_independent_draws() -> None:
    x = module(task(trial="x[3] ~ uniform(0, 1)")).sample_trials(2000, 1)["x"]
    assert x.shape == (2000, 3)
    assert np.abs(np.corrcoef(x.T) - np.eye(3)).max() < 0.08


def test_operators_and_conditions_work_value_by_value_and_indices_count_from_0() -> None:
    trial = """
        x[4] ~ {1, 2}
        y[4] = 10 * x + range(4)
        z[4] = y if x == 1 else -y
        first = z[0]
    """
    trials = module(task(trial=trial)).sample_trials(20, 1)
    np.testing.assert_array_equal(trials["y"], 10 * trials["x"] + np.arange(4))
    np.testing.assert_array_equal(
        trials["z"], np.where(trials["x"] == 1, trials["y"], -trials["y"])
    )
    np.testing.assert_array_equal(trials["first"], trials["z"][:, 0])


@pytest.mark.parametrize(
    ("index", "error"),
    [("0", []), ("2", []), ("k", []), ("k - 1", ["E0336"]), ("3", ["E0336"]), ("-1", ["E0336"])],
)
def test_an_index_is_proven_to_lie_inside(index: str, error: list[str]) -> None:
    trial = f"x[3] ~ uniform(0, 1)\nk ~ integers(0, 2)\ny = x[{index}]"
    assert codes(task(trial=trial)) == error


@pytest.mark.parametrize(
    "line",
    [
        "x ~ 1 + uniform(0, 1)",
        "x = uniform(0, 1)",
        "x ~ uniform(0, uniform(0, 1))",
        "require uniform(0, 1) > 0.5",
    ],
)
def test_a_draw_stands_alone(line: str) -> None:
    assert "E0209" in codes(task(trial=f"z ~ uniform(0, 1)\n{line}"))


def test_a_draw_in_a_duration_may_be_shifted_scaled_and_conditional() -> None:
    trial = "go ~ bernoulli(0.5)"
    duration = "20 ms + 2 * uniform(100 ms, 200 ms) if go else 40 ms"
    made = module(task(trial=trial, epochs=f"wait: {duration}"))
    trials = made.sample_trials(40, 1)
    steps = made.timeline(trials, 1.0)[:, 0]
    assert set(steps[~trials["go"]]) == {40}
    assert (steps[trials["go"]] >= 220).all()
    assert (steps[trials["go"]] <= 420).all()
    again = "wait: uniform(10 ms, 20 ms) + uniform(10 ms, 20 ms)"
    assert codes(task(epochs=again)) == ["E0408"]


def test_the_four_streams_are_apart_and_counters_of_rows_are_their_own() -> None:
    made = module(task(trial=PLAIN))
    streams = [made.sample_trials(8, 1, stream=stream)["x"].tolist() for stream in range(4)]
    assert len({value for stream in streams for value in stream}) == 32


def test_one_trial_table_is_made_whatever_dt_is() -> None:
    made = module(task(trial=PLAIN, epochs="wait: uniform(20 ms, 100 ms)"))
    tables = [made.generate(16, dt, 7)[3] for dt in (1.0, 7.0, 20.0)]
    for table in tables[1:]:
        for name in table:
            np.testing.assert_array_equal(table[name], tables[0][name])


def test_kinds_of_keys_keep_variables_epochs_and_parameters_apart() -> None:
    text = task(
        params="p = uniform(0, 1)",
        trial="x ~ uniform(0, 1)",
        epochs="x: uniform(20 ms, 40 ms)",
        during={"x": "light = p"},
    )
    made = module(text)
    assert all(f'"{key}"' in made.text for key in ("param:p", "var:x", "epoch:x"))
    trials = made.sample_trials(50, 1)
    assert abs(np.corrcoef(trials["p"], trials["x"])[0, 1]) < 0.4
