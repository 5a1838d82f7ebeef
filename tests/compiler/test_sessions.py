"""Sessions and blocks: what LANGUAGE.md says of them, sentence by sentence."""

import numpy as np
import pytest
import reference
from compiled import (
    GOLDEN,
    Array,
    Table,
    checked,
    codes,
    load,
    lowered,
    module,
    random_outputs,
    task,
)

from epochal.compiler import ir
from epochal.compiler.compile import from_ir
from epochal.compiler.describe import describe
from epochal.compiler.fill import fill
from epochal.compiler.ir_json import decode, encode

TRIALS = "trials: 30"
BLOCKS = "length: integers(3, 6)"
ARM = "arm ~ alternate({left, middle, right})"


def sampled(
    blocks: str = "",
    trial: str = "",
    n: int = 40,
    session: str = TRIALS,
    params: str = "",
    seed: int = 3,
    batch: int = 0,
) -> Table:
    """Draw the trial table of a small task, each column (n, trials of a sequence, ..)."""
    text = task(session=session, blocks=blocks, trial=trial, params=params)
    table = module(text).sample_trials(n, seed, batch)
    return {name: column.reshape(n, -1, *column.shape[1:]) for name, column in table.items()}


def golden(name: str) -> ir.Task:
    path = GOLDEN / name / "source.task"
    return checked(path.read_text("utf-8"), path.name).task


# The trials of a session.


def test_a_batch_of_n_sequences_has_n_times_as_many_rows_of_the_table() -> None:
    made = module(task(session=TRIALS, trial="x ~ uniform(0, 1)"))
    inputs, targets, weights, trials = made.generate(4, 10.0, 1)
    assert {column.shape for column in trials.values()} == {(120,)}
    assert inputs.shape == targets.shape == weights.shape == (4, 300, 1)


def test_a_smaller_batch_has_the_first_sequences_of_a_larger_one_where_nothing_is_dealt() -> None:
    few, many = (sampled(BLOCKS + "\nx ~ normal(0, 1)", "y ~ normal(0, 1)", n) for n in (2, 7))
    for name in ("block", "x", "y", "trial_in_block"):
        np.testing.assert_array_equal(few[name], many[name][:2])


def test_a_session_of_one_trial_makes_the_arrays_of_no_session() -> None:
    text = {
        "trial": "x ~ uniform(0, 1)\nside ~ balanced({left, right})",
        "epochs": "wait: uniform(30 ms, 90 ms)\nrest: 50 ms",
        "inputs": "light noise iid(0.1)",
        "during": {"wait": "light = x", "rest": "target out = 1"},
    }
    alone = module(task(**text)).generate(20, 7.0, 5)  # type: ignore[arg-type]
    one = module(task(**text, session="trials: 1")).generate(20, 7.0, 5)  # type: ignore[arg-type]
    np.testing.assert_array_equal(alone[3]["x"], one[3]["x"])
    for before, after in zip(alone[:3], one[:3], strict=True):
        np.testing.assert_array_equal(before, after)


def test_the_number_of_trials_may_be_a_parameter_and_rebinding_it_compiles_anew() -> None:
    text = task(params="k = 5", session="trials: 2 * k", trial="x ~ {1, 2}")
    assert checked(text).task.session == ir.Session(10)
    assert checked(text, bindings={"k": "7"}).task.session == ir.Session(14)
    assert checked(text).task.params[0].structural


@pytest.mark.parametrize("trials", ["0", "10001", "2.5", "1 s", "{3, 4}"])
def test_a_session_has_1_to_10_000_trials(trials: str) -> None:
    assert codes(task(session=f"trials: {trials}")) in (["E0430"], ["E0303"])


def test_a_task_without_a_session_says_nothing_of_one_in_its_ir() -> None:
    assert b"session" not in encode(lowered(task()))
    assert lowered(task()).session is None


def test_the_ir_of_a_session_comes_back_from_json() -> None:
    for name in ("reversal", "n_back", "history"):
        before = golden(name)
        assert decode(encode(before)) == before
        assert (
            from_ir(before).module()
            == checked((GOLDEN / name / "source.task").read_text(), "source.task").module()
        )


# Time.


def spans(name: str, dt: float, n: int = 3) -> tuple[Array, Array, Array, Array, Table]:
    """Make a golden task; give where its trials begin, how long they are, and its arrays."""
    path = GOLDEN / name / "source.task"
    made = load(checked(path.read_text("utf-8"), path.name).module())
    inputs, _, weights, trials = made.generate(n, dt, 1, noise=False)
    last = max(after for _, after in made.facts["epochs"].values())
    length = made.timeline(trials, dt)[:, last - 1].reshape(n, -1)
    return np.cumsum(length, axis=1) - length, length, inputs, weights, trials


@pytest.mark.parametrize("dt", [1.0, 7.0, 20.0])
def test_trials_follow_each_other_in_steps_and_are_rounded_each_from_its_own_start(
    dt: float,
) -> None:
    begin, length, inputs, _, trials = spans("reversal", dt)
    own = np.array([reference.to_step(t + 500_000, round(1000 * dt)) for t in trials["iti"]])
    np.testing.assert_array_equal(length.ravel(), own)
    cue_on = (np.diff(inputs[:, :, 0], axis=1, prepend=0) > 0).sum(axis=1)
    assert cue_on.tolist() == [60, 60, 60]
    iti = np.array([reference.to_step(t, round(1000 * dt)) for t in trials["iti"]])
    for s in range(3):
        at = begin[s] + iti.reshape(3, -1)[s]
        assert (inputs[s, at, 0] == 1).all()
        assert (inputs[s, at - 1, 0] == 0).all()


def test_a_sequence_is_as_long_as_its_trials_at_their_longest_and_padded_at_its_end() -> None:
    begin, length, inputs, weights, _ = spans("reversal", 20.0)
    assert inputs.shape[1] == 60 * 45  # 900 ms at most
    for s in range(3):
        end = begin[s, -1] + length[s, -1]
        assert not weights[s, end:].any()
        assert not inputs[s, end:].any()


def test_in_the_padding_inputs_go_on_with_baseline_and_noise() -> None:
    text = task(
        session="trials: 5",
        inputs="light baseline 2 noise iid(0.5)\ndark baseline -1",
        epochs="wait: uniform(20 ms, 100 ms)",
        during={"wait": "light = 3\ndark = 0"},
    )
    made = module(text)
    inputs, _, weights, _ = made.generate(200, 10.0, 1)
    padding = weights[:, :, 0] == 0
    light, dark = inputs[:, :, 0], inputs[:, :, 1]
    assert (dark == -1).tolist() == padding.tolist()
    assert abs(light[padding].mean() - 2) < 0.02
    assert abs(light[padding].std() - 0.5) < 0.02
    assert padding.any(axis=1).all()
    assert (np.diff(padding.astype(int), axis=1) >= 0).all(), "padding is at the end alone"


def test_the_noise_of_a_sequence_is_one_row_of_the_documented_words() -> None:
    path = GOLDEN / "history" / "source.task"
    found = checked(path.read_text("utf-8"), path.name).task
    made = load(from_ir(found).module())
    inputs, _, _, trials = made.generate(3, 20.0, 5, 2, 1)
    n_steps = inputs.shape[1]
    z = reference.normal_noise(found.inputs[0], 3, n_steps, 5, 1, 2)
    rows = reference.table(found, 3, 5, 2, 1)
    for s in range(3):
        expected = reference.sequence(found, rows[s * 9 : (s + 1) * 9], 20_000, n_steps)
        noisy = np.array(expected.inputs)[:, :3]
        noisy += np.array(expected.sd)[:, :3] * np.array(z[s])
        np.testing.assert_allclose(inputs[s, :, :3], noisy, atol=1e-5)
    assert len(trials["gain"]) == 27


def test_arrays_are_filled_into_those_that_are_given() -> None:
    made = load(from_ir(golden("history")).module())
    *first, _ = made.generate(3, 20.0, 1)
    *again, _ = made.generate(3, 20.0, 2, out=tuple(first))
    *fresh, _ = made.generate(3, 20.0, 2)
    for old, new, other in zip(first, again, fresh, strict=True):
        assert new is old
        np.testing.assert_array_equal(new, other)


# Drawing.


def test_balanced_variables_are_dealt_within_each_sequence() -> None:
    trial = "side ~ balanced({left, right})\nlevel ~ balanced({1: 2, 2: 1})"
    found = sampled(trial=trial, session="trials: 15")
    cells = found["side"] * 2 + found["level"]
    counts = np.array([[(row == cell).sum() for cell in (1, 2, 3, 4)] for row in cells])
    for copies, column in zip((2, 1, 2, 1), counts.T, strict=True):
        assert column.min() >= 2 * copies, "15 trials hold two whole copies of six"
        assert column.max() <= 3 * copies
    assert len({tuple(row) for row in cells.tolist()}) == 40, "each sequence in its own order"


def test_a_requirement_on_factors_drops_rows_within_each_sequence() -> None:
    trial = "a ~ balanced({1, 2, 3})\nb ~ balanced({1, 2, 3})\nrequire a != b"
    found = sampled(trial=trial, session="trials: 12")
    assert (found["a"] != found["b"]).all()
    pairs = found["a"] * 10 + found["b"]
    assert all(sorted(row)[::2] == [12, 13, 21, 23, 31, 32] for row in pairs.tolist())


def test_factors_do_not_change_with_blocks() -> None:
    side = "side ~ balanced({left, right})"
    alone, grouped = sampled(trial=side), sampled(BLOCKS + "\n" + ARM.replace("left", "l"), side)
    np.testing.assert_array_equal(alone["side"], grouped["side"])


def test_requirements_redraw_trials_and_leave_blocks_alone() -> None:
    blocks = f"{BLOCKS}\nlow ~ uniform(0, 0.8)"
    free = sampled(blocks, "x ~ uniform(0, 1)")
    held = sampled(blocks, "x ~ uniform(0, 1)\nrequire x > low")
    np.testing.assert_array_equal(free["low"], held["low"])
    fine = free["x"] > free["low"]
    np.testing.assert_array_equal(free["x"][fine], held["x"][fine])
    assert (held["x"] > held["low"]).all()


def test_a_draw_per_batch_is_one_for_all_sequences() -> None:
    found = sampled(BLOCKS, "x ~ uniform(0, 1) per batch\ny ~ balanced({1, 2, 3}) per batch")
    assert np.unique(found["x"]).size == 1
    turns = [sampled(BLOCKS, "y ~ balanced({1, 2, 3}) per batch", batch=b)["y"] for b in range(3)]
    assert sorted(turn.flat[0] for turn in turns) == [1, 2, 3]


# Blocks.


def test_block_and_trial_in_block_count_from_0_and_the_last_block_is_cut() -> None:
    found = sampled(BLOCKS)
    for block, place in zip(found["block"], found["trial_in_block"], strict=True):
        starts = np.flatnonzero(place == 0)
        assert starts[0] == 0
        lengths = np.diff(np.append(starts, 30))
        assert ((lengths[:-1] >= 3) & (lengths[:-1] <= 6)).all()
        assert 1 <= lengths[-1] <= 6
        assert block.tolist() == np.repeat(np.arange(len(starts)), lengths).tolist()
        assert place.tolist() == [k for length in lengths for k in range(length)]
    assert (found["trial_in_session"] == np.arange(30)).all()
    ends = found["trial_in_block"][:, -1] + 1
    assert ends.min() < 3, "some last blocks are cut below the least length"


@pytest.mark.parametrize(
    ("length", "most"),
    [("10", 3), ("7", 5), ("40", 1), ("integers(7, 9)", 5), ("geometric(0.2, min = 4)", 8)],
)
def test_the_least_length_bounds_the_number_of_blocks(length: str, most: int) -> None:
    session = lowered(task(session=TRIALS, blocks=f"length: {length}")).session
    assert session is not None
    assert session.blocks is not None
    assert session.blocks.most == most


def test_a_hazard_has_its_run_length_limits_as_ends() -> None:
    found = sampled("length: geometric(0.25, min = 2, max = 9)", n=400)
    lengths = [
        length
        for place in found["trial_in_block"]
        for length in np.diff(np.flatnonzero(place == 0)).tolist()
    ]
    assert min(lengths) == 2
    assert max(lengths) == 9
    assert abs(sum(length == 2 for length in lengths) / len(lengths) - 0.25) < 0.05


def test_a_length_may_follow_the_block_and_values_written_above_it() -> None:
    found = sampled("kind ~ alternate({short, long})\nlength: 2 if kind == short else 5")
    place, kind = found["trial_in_block"], found["kind"]
    assert place[kind == 0].max() == 1
    assert place[kind == 1].max() == 4
    first = sampled("length: 9 if block == 0 else 3")["block"]
    assert (first[:, :9] == 0).all()
    assert (first[:, 9:12] == 1).all()


def test_a_value_of_a_block_is_one_for_all_its_trials() -> None:
    blocks = f"{BLOCKS}\nx ~ uniform(0, 1)\n(a, b) ~ {{(1, 2), (3, 4)}}\nz[2] ~ normal(0, 1)"
    found = sampled(f"{blocks}\ny = 2 * x + block\nc ~ {{1, 2}} if x > 0.5 else {{3, 4}}")
    for name in ("x", "a", "b", "y", "c", "z"):
        for block, column in zip(found["block"], found[name], strict=True):
            for number in np.unique(block):
                assert len(np.unique(column[block == number], axis=0)) == 1
    np.testing.assert_array_equal(found["y"], 2 * found["x"] + found["block"])
    assert ((found["c"] <= 2) == (found["x"] > 0.5)).all()
    assert np.unique(found["x"]).size > 100


def test_alternate_goes_round_in_the_order_of_the_set() -> None:
    found = sampled(f"{BLOCKS}\n{ARM}")
    first = found["arm"][:, :1]
    np.testing.assert_array_equal(found["arm"], (first + found["block"]) % 3)


def test_which_level_comes_first_is_balanced_over_the_sequences_of_a_batch() -> None:
    for law in ("alternate({left, middle, right})", "markov({left, middle, right}, 50%)"):
        firsts = [
            sampled(f"{BLOCKS}\narm ~ {law}", n=31, batch=batch)["arm"][:, 0] for batch in range(6)
        ]
        assert all(sorted(np.bincount(one, minlength=3)) == [10, 10, 11] for one in firsts)
        assert len({tuple(one) for one in firsts}) == 6


def test_markov_changes_with_its_probability_to_each_other_level_alike() -> None:
    found = sampled("length: 1\narm ~ markov({a, b, c, d}, 30%)", n=2000)["arm"]
    step = np.diff(found, axis=1) % 4
    shares = [(step == k).mean() for k in range(4)]
    assert np.allclose(shares, [0.7, 0.1, 0.1, 0.1], atol=0.01)  # 58,000 transitions


def test_markov_with_longest_changes_after_as_many_blocks() -> None:
    found = sampled("length: 1\narm ~ markov({a, b, c}, 20%, longest = 3)", n=500)["arm"]
    same = np.diff(found, axis=1) == 0
    runs = same[:, 2:] & same[:, 1:-1] & same[:, :-2]
    assert not runs.any(), "no level comes four times in a row"
    assert (same[:, 1:] & same[:, :-1]).any()
    forced = ~same[:, 2:] & same[:, 1:-1] & same[:, :-2]
    step = (np.diff(found, axis=1) % 3)[:, 2:][forced]
    assert abs((step == 1).mean() - 0.5) < 0.03


def test_markov_of_certainty_is_a_sequence_without_repetitions() -> None:
    found = sampled("length: 1\narm ~ markov({a, b, c}, 100%)")["arm"]
    assert (np.diff(found, axis=1) != 0).all()
    still = sampled("length: 1\narm ~ markov({a, b, c}, 0%)")["arm"]
    assert (np.diff(still, axis=1) == 0).all()


def test_a_probability_may_differ_from_block_to_block() -> None:
    found = sampled("length: 1\narm ~ markov({a, b}, 1 if mod(block, 2) == 0 else 0)")["arm"]
    change = np.diff(found, axis=1) != 0
    assert not change[:, ::2].any()
    assert change[:, 1::2].all()


def test_levels_are_labels_numbers_times_tuples_or_a_parameter() -> None:
    blocks = (
        f"{BLOCKS}\na ~ alternate({{10 ms, 20 ms}})\n(b, c) ~ markov({{(1, up), (2, down)}}, p)"
    )
    found = sampled(f"{blocks}\nd ~ alternate(steps)", params="steps = {0.5, 1.5}\np = 25%")
    assert set(np.unique(found["a"])) == {10_000, 20_000}
    np.testing.assert_array_equal(found["b"], found["c"] + 1)
    assert set(np.unique(found["d"])) == {0.5, 1.5}


def test_per_block_in_trial_is_the_same_scope() -> None:
    found = sampled(f"{BLOCKS}\nx ~ uniform(0, 1)", "y ~ uniform(0, x) per block\nz = x - y")
    for block, y in zip(found["block"], found["y"], strict=True):
        assert all(np.unique(y[block == b]).size == 1 for b in np.unique(block))
    assert (found["z"] > 0).all()
    named = lowered(task(session=TRIALS, blocks=BLOCKS, trial="y ~ alternate({1, 2}) per block"))
    (y_,) = (v.definition for v in named.variables if v.names == ("y",))
    assert isinstance(y_, ir.PerBlock)
    assert isinstance(y_.definition, ir.Drawn)
    assert y_.definition.key == "var:y"


def test_values_of_blocks_and_counters_stand_anywhere() -> None:
    text = task(
        session="trials: 8",
        blocks="length: 4\ngain ~ alternate({1, 2})",
        inputs="light baseline gain noise iid(0.1 * gain)",
        trial="x ~ uniform(0, gain)",
        epochs="wait: 20 ms * (1 + trial_in_block)",
        during={"wait if trial_in_session > 0": "target out = gain + block"},
        score="good = trial_in_block > 1 and mean(out @ wait) > gain",
    )
    made = module(text)
    _, targets, _, trials = made.generate(2, 20.0, 1)
    at = np.repeat(np.arange(16), trials["trial_in_block"] + 1).reshape(2, -1)
    wanted = (trials["gain"] + trials["block"]) * (trials["trial_in_session"] > 0)
    np.testing.assert_array_equal(targets[:, : at.shape[1], 0], wanted[at])
    assert made.facts["labels"] == {}


def test_counters_are_values_in_tables_that_are_looked_up() -> None:
    trial = "x = lookup(trial_in_session > 2, {true: trial_in_block, false: block})"
    found = sampled(BLOCKS, trial)
    late = found["trial_in_session"] > 2
    np.testing.assert_array_equal(
        found["x"], np.where(late, found["trial_in_block"], found["block"])
    )


def test_a_session_without_blocks_counts_trials_only() -> None:
    columns = sampled(trial="x ~ {1, 2}")
    assert set(columns) == {"trial_in_session", "x", "longest trial"}
    assert codes(task(session=TRIALS, trial="x = trial_in_block")) == ["E0201"]
    assert codes(task(trial="x = trial_in_session")) == ["E0201"]


@pytest.mark.parametrize(
    ("blocks", "trial", "code"),
    [
        ("", "x ~ {1, 2} per block", "E0431"),
        ("length: 0", "", "E0432"),
        ("length: 1.5", "", "E0432"),
        ("length: poisson(3, 9)", "", "E0432"),
        ("length: balanced({3, 4})", "", "E0434"),
        ("length: 5\nlength: 6", "", "E0212"),
        ("lenght: 5", "", "E0201"),
        ("length: 5\nx ~ balanced({1, 2})", "", "E0434"),
        ("length: 5\nx = trial_in_block", "", "E0201"),
        ("length: 5\nblock ~ {1, 2}", "", "E0212"),
        ("length: 5", "trial_in_block ~ {1, 2}", "E0212"),
        ("length: 5\nx ~ alternate({1, 2}) if block > 1 else {1, 2}", "", "E0433"),
        ("length: 5\nx ~ alternate({1})", "", "E0433"),
        ("length: 5\nx ~ markov({1, 2}, 120%)", "", "E0321"),
        ("length: 5\nx ~ markov({1, 2}, 20%, longest = 0)", "", "E0321"),
        ("length: 5", "a ~ {1, 2} per batch\nx ~ uniform(0, a) per block", "E0435"),
        ("length: 5", "x ~ uniform(0, 1 + trial_in_block) per block", "E0435"),
        ("length: 5", "x ~ balanced({1, 2}) per block", "E0434"),
        ("length: 5", "x ~ {1, 2}\nrequire x > 1 or block > 0", ""),
        ("length: 5\nx ~ {1, 2}", "y = x + block\nrequire y > 1", "E0331"),
    ],
)
def test_what_blocks_cannot_be(blocks: str, trial: str, code: str) -> None:
    assert codes(task(session=TRIALS, blocks=blocks, trial=trial)) == ([code] if code else [])


def test_a_drawn_parameter_is_of_a_trial_and_no_block_follows_it() -> None:
    text = task(params="p = uniform(0, 1)", session=TRIALS, blocks="length: 5\nx ~ bernoulli(p)")
    assert codes(text) == ["E0435"]


# Looking back.


def back(x: Array, initial: float) -> Array:
    return np.concatenate([np.full_like(x[:, :1], initial), x[:, :-1]], axis=1)


def test_previous_is_the_value_of_the_trial_before_in_the_same_sequence() -> None:
    trial = "x ~ integers(0, 9)\ny = previous(x, initial = -1)\nz = previous(y, initial = -2)"
    found = sampled(trial=trial)
    np.testing.assert_array_equal(found["y"], back(found["x"], -1))
    np.testing.assert_array_equal(found["z"], back(found["y"], -2))


def test_a_nested_previous_looks_further_back() -> None:
    trial = "x ~ integers(0, 9)\nz = previous(previous(x, initial = -1), initial = -2)"
    found = sampled(trial=trial)
    np.testing.assert_array_equal(found["z"], back(back(found["x"], -1), -2))


def test_previous_takes_labels_arrays_blocks_and_drawn_parameters() -> None:
    trial = (
        "side ~ {left, right}\nlast = previous(side, initial = left)\n"
        "xs[3] ~ uniform(0, 1)\nolder[3] = previous(xs, initial = 2)\n"
        "g = previous(gain, initial = 0)\nq = previous(p, initial = -1)"
    )
    found = sampled(f"{BLOCKS}\ngain ~ alternate({{1, 2}})", trial, params="p = uniform(0, 1)")
    np.testing.assert_array_equal(found["last"], back(found["side"], 0))
    np.testing.assert_array_equal(found["older"], back(found["xs"], 2))
    np.testing.assert_array_equal(found["g"], back(found["gain"], 0))
    np.testing.assert_array_equal(found["q"], back(found["p"], -1))


def test_previous_of_a_constant_parameter_is_the_parameter_from_the_second_trial_on() -> None:
    text = task(params="p = uniform(0, 1)", session=TRIALS, trial="x = previous(p, initial = 2)")
    bound = checked(text, bindings={"p": "0.5"})
    x = load(bound.module()).sample_trials(3, 1)["x"].reshape(3, -1)
    assert (x[:, 0] == 2).all()
    assert (x[:, 1:] == 0.5).all()


def test_previous_stands_in_guards_drives_durations_and_scores() -> None:
    text = task(
        session="trials: 6",
        trial="x ~ {1, 2}",
        epochs="wait: 20 ms * previous(x, initial = 3)",
        during={"wait if previous(x, initial = 0) > 1": "light = 10 * previous(x, initial = 0)"},
        score=(
            "high = mean(out @ wait) > 0\nolder = previous(high, initial = true)\n"
            "rise = x - previous(x, initial = 0)"
        ),
    )
    made = module(text)
    inputs, targets, _, trials = made.generate(3, 20.0, 1)
    x = trials["x"].reshape(3, -1)
    before = back(x, 3)
    for s in range(3):
        at = np.repeat(np.arange(6), before[s])
        wanted = np.where(back(x, 0)[s] > 1, 10 * back(x, 0)[s], 0)
        np.testing.assert_array_equal(inputs[s, : len(at), 0], wanted[at])
    scores = made.score(random_outputs(targets.shape), trials, 20.0)
    older, high = (scores[name].reshape(3, -1) for name in ("older", "high"))
    np.testing.assert_array_equal(older, back(high, 1))
    np.testing.assert_array_equal(scores["rise"].reshape(3, -1), x - back(x, 0))


def test_a_duration_of_the_trial_before_is_no_duration_of_this_one() -> None:
    trial = "kind ~ {brief, long}"
    epochs = (
        "wait: 20 ms if kind == brief else 60 ms\n"
        "rest: 60 ms if previous(kind, initial = brief) == brief else 20 ms"
    )
    found = module(task(session="trials: 20", trial=trial, epochs=epochs))
    assert found.sample_trials(1, 1)["longest trial"][0] == 120_000
    stop = found.timeline(found.sample_trials(9, 1), 20.0)
    assert stop[:, 1].max() == 6


@pytest.mark.parametrize(
    ("trial", "code"),
    [
        ("x ~ {1, 2}\ny = previous(x)", "E0208"),
        ("x ~ {1, 2}\ny = previous(x + 1, initial = 0)", "E0436"),
        ("y = previous(3, initial = 0)", "E0436"),
        ("x ~ uniform(0, previous(x, initial = 0))", "E0201"),
        ("x ~ {1, 2}\ny = previous(x, initial = left)", "E0201"),
        ("x ~ {1, 2}\ny = previous(x, initial = 3 ms)", "E0303"),
        ("x[3] ~ {1, 2}\ny[3] = previous(x, initial = range(2))", "E0334"),
        ("x ~ {1, 2}\ny = previous(x, initial = range(3))", "E0303"),
        ("x ~ {1, 2}\ny = previous(x, initial = 0)\nrequire y > x", "E0437"),
        ("x ~ {1, 2}\nrequire x != previous(x, initial = 0)", "E0437"),
        ("x ~ balanced({1, 2})\nrequire x != previous(x, initial = 0)", "E0437"),
        ("x ~ {1, 2}\ny ~ uniform(0, previous(x, initial = 0))\nrequire y < x", "E0437"),
        ("x ~ {1, 2}\ny ~ uniform(0, previous(x, initial = 3))\nrequire y < 1", ""),
    ],
)
def test_what_previous_cannot_be(trial: str, code: str) -> None:
    assert codes(task(session=TRIALS, trial=trial)) == ([code] if code else [])


def test_a_redraw_may_follow_what_an_earlier_draw_was_on_the_trial_before() -> None:
    trial = "x ~ {1, 2}\ny ~ uniform(0, 3 + previous(x, initial = 0))\nrequire y > 2"
    found = sampled(trial=trial)
    assert (found["y"] > 2).all()
    assert (found["y"] < 3 + back(found["x"], 0)).all()


def test_an_array_that_looks_back_is_indexed_in_a_repeat() -> None:
    text = task(
        session="trials: 4",
        trial="x[3] ~ {1, 2}",
        epochs="repeat 3 as i:\n    bin: 20 ms",
        during={"bin": "light = previous(x, initial = 0)[i]"},
    ).replace("        bin: 20 ms", "            bin: 20 ms")
    inputs, _, _, trials = module(text).generate(2, 20.0, 1)
    x = back(trials["x"].reshape(2, 4, 3), 0)
    np.testing.assert_array_equal(inputs[:, :, 0], x.reshape(2, 12))


# Warnings and words.


@pytest.mark.parametrize(
    ("epochs", "trial", "share"),
    [
        ("wait: 100 ms", "", 1.0),
        ("wait: uniform(100 ms, 300 ms)", "", 2 / 3),
        ("wait: 100 ms if slow else 20 ms", "slow ~ bernoulli(25%)", 0.4),
        ("wait: exponential(100 ms, max = 1 s)", "", 0.0999),
        ("wait: x", "x ~ {100 ms: 3, 200 ms: 1}", 0.625),
    ],
)
def test_the_fill_of_a_sequence_is_the_mean_length_of_a_trial(
    epochs: str, trial: str, share: float
) -> None:
    found = checked(task(session=TRIALS, epochs=epochs, trial=trial))
    assert fill(found.task, found.bounds) == pytest.approx(share, abs=0.002)


def test_a_description_tells_of_the_session() -> None:
    told = describe(golden("reversal"), {}, 900_000, None)
    assert "Session (one sequence is 60 trials, one after another; at most 54 s)" in told
    assert "integers(12, 20) trials each; the last one ends with the session" in told
    assert "good    from block to block left, right in turn" in told
    assert "Timeline of a trial (at most 0.9 s)" in told
    other = describe(golden("history"), {}, 900_000, None)
    assert "but at most 2 times in a row" in other
    assert "previous(kind, initial = hard)" in other


# Inheritance.


def test_a_child_replaces_the_session_and_the_blocks_of_its_parent() -> None:
    blocks = f"{BLOCKS}\nx ~ uniform(0, 1)"
    parent = task(params="gain = 1", session=TRIALS, blocks=blocks, trial="y = gain * x")
    child = (
        "task other extends small:\n    session:\n        trials: 6\n\n"
        "    blocks:\n        length: 2\n        x ~ {1, 2}\n"
    )
    head, body = parent.split("\n\n", 1)
    found = lowered(f"{head}\n\n{child}\n{body}")
    assert found.session is not None
    assert (found.session.trials, found.name) == (6, "other")
    assert found.session.blocks is not None
    assert found.session.blocks.most == 3
    paired = lowered(f"{head}\n\ntask other extends small with gain = 2\n\n{body}")
    assert paired.variables == lowered(parent).variables
