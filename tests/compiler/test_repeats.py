"""Groups of epochs that come several times, one inside another."""

import textwrap
from collections.abc import Mapping

import numpy as np
import pytest
import reference
from agreement import hold
from compiled import Array, checked, codes, judged, load, module, task


def program(
    epochs: str,
    during: Mapping[str, str] | None = None,
    inputs: str = "light",
    outputs: str = "out",
    trial: str = "",
    score: str = "",
    params: str = "",
) -> str:
    """Write a small task whose epochs keep their indentation."""
    text = task(params, inputs, outputs, trial, "EPOCHS", during, score)
    block = textwrap.indent(textwrap.dedent(epochs).strip(), " " * 8)
    return text.replace("        EPOCHS", block)


def light(text: str, n: int = 1, dt: float = 10.0, seed: int = 1) -> Array:
    """Give the first input, (N_batch, N_steps), without noise."""
    return module(text).generate(n, dt, seed, noise=False)[0][:, :, 0]


def agree(text: str, dt: float = 7.0, n: int = 8) -> None:
    """Check that the printed module makes what the reference makes."""
    found = checked(text)
    hold(found.task, load(found.module()), dt, n, 5, noise=True)


TWICE = """
    a: 10 ms
    repeat 2 as o:
        b: 10 ms
        repeat 3 as i:
            c: 10 ms
        d: 10 ms
    e: 10 ms
"""


def test_inner_epochs_come_once_for_each_pair_of_indices() -> None:
    x = light(program(TWICE, {"c": "light = 10 * (o + 1) + i", "d": "light = o + 1"}))
    assert x[0].tolist() == [0, 0, 10, 11, 12, 1, 0, 20, 21, 22, 2, 0]


def test_a_span_is_taken_in_every_repetition_of_the_groups_it_lies_in() -> None:
    x = light(program(TWICE, {"b..c": "light += o + 1", "c": "light += 10", "a..c": "light -= 1"}))
    assert x[0].tolist() == [-1, 0, 10, 10, 10, -1, 1, 11, 11, 11, 0, 0]


def test_each_repetition_has_its_own_t() -> None:
    x = light(program(TWICE.replace("c: 10", "c: 30"), {"c": "light = t / 10 ms"}))
    ramp = [0, 1, 2] * 3
    assert x[0].tolist() == [0, 0, *ramp, 0, 0, *ramp, 0, 0]
    x = light(program(TWICE, {"b..c": "light = t / 10 ms", "c": "light += 10"}))
    assert x[0].tolist() == [0, 0, 11, 12, 13, 0, 0, 11, 12, 13, 0, 0]


def test_t_over_the_edge_of_a_group_counts_on() -> None:
    x = light(program(TWICE, {"a..c": "light = t / 10 ms"}))
    assert x[0].tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0]


def test_a_slice_over_the_edge_of_a_group_counts_from_the_ends_of_the_whole_span() -> None:
    x = light(program(TWICE, {"a..c[30 ms : -20 ms]": "light = 1", "c..e[10 ms :]": "light += 2"}))
    assert x[0].tolist() == [0, 0, 0, 3, 3, 3, 3, 3, 2, 2, 2, 2]


@pytest.mark.parametrize("line", ["light = o", "light += 1 + i", "noise light = iid(o)"])
def test_an_index_is_known_only_where_every_span_lies_inside(line: str) -> None:
    assert codes(program(TWICE, {"a..c": line})) == ["E0428"]
    assert codes(program(TWICE, {"c, e": line})) == ["E0428"]
    assert codes(program(TWICE, {"b": line})) == (["E0428"] if "i" in line.split() else [])


def test_an_index_is_known_in_the_slices_of_a_span_inside() -> None:
    long = TWICE.replace("c: 10", "c: 30")
    x = light(program(long, {"c[10 ms * i :]": "light = o + 1"}))
    assert x[0, 2:11].tolist() == [1, 1, 1, 0, 1, 1, 0, 0, 1]
    assert codes(program(long, {"b..e[10 ms * i :]": "light = 1"})) == ["E0428"]


def test_a_count_may_depend_on_the_index_around_it_and_on_draws() -> None:
    epochs = """
        repeat 3 as o:
            a: 10 ms
            repeat o as i:
                b: 10 ms
        repeat n as i:
            c: 10 ms
        d: 10 ms
    """
    during = {"a": "light = 1", "b": "light = 2 + i", "c": "light = 5", "d": "light = 9"}
    x = light(program(epochs, during, trial="n ~ balanced({0, 1, 2})"), n=3)
    head = [1, 1, 2, 1, 2, 3]
    rows = sorted(row.tolist() for row in x)
    assert rows == [
        [*head, 5, 5, 9],
        [*head, 5, 9, 0],
        [*head, 9, 0, 0],
    ]


def test_a_draw_in_a_duration_is_fresh_in_every_repetition() -> None:
    text = program(TWICE.replace("c: 10 ms", "c: uniform(10 ms, 20 ms)"))
    drawn = module(text).sample_trials(50, 1)["c"]
    assert drawn.shape == (50, 6)
    assert len(np.unique(drawn)) > 290
    agree(text)


def test_the_law_of_a_duration_may_depend_on_the_index() -> None:
    law = "15 ms if i == 1 else exponential(9 ms, max = 30 ms + 20 ms * o)"
    text = program(TWICE.replace("c: 10 ms", f"c: {law}"))
    made = module(text)
    c = made.sample_trials(500, 1)["c"].reshape(500, 2, 3)
    assert 20_000 < c[:, 0].max() <= 30_000 < c[:, 1].max() <= 50_000
    found = checked(text)
    rows = reference.table(found.task, 9, 4)
    assert np.array([row["c"] for row in rows]).tolist() == made.sample_trials(9, 4)["c"].tolist()
    agree(text)


def test_nested_groups_come_a_thousand_times_at_most() -> None:
    def nested(a: int, b: int) -> str:
        return program(f"repeat {a} as a:\n    repeat {b} as b:\n        x: 1 ms")

    assert codes(nested(20, 50)) == []
    assert codes(nested(21, 50)) == ["E0427"]
    assert codes(nested(1, 1001)) == ["E0426"]


def test_groups_nest_as_deep_as_the_parser_lets_them() -> None:
    lines = [f"{'    ' * k}repeat {1 + (k > 7)} as i{k}:" for k in range(12)]
    last = " + ".join(f"{2**k} * i{11 - k}" for k in range(4))
    text = program("\n".join([*lines, f"{'    ' * 12}x: 10 ms"]), {"x": f"light = {last}"})
    assert light(text)[0].tolist() == list(range(16))


def test_groups_side_by_side_may_share_the_name_of_their_index() -> None:
    epochs = """
        repeat 2 as i:
            a: 10 ms
        repeat 4 as i:
            b: 10 ms
    """
    during = {"a": "light = short[i]", "b": "light = long[i]"}
    text = program(epochs, during, trial="short[2] = range(2) + 1\nlong[4] = range(4) + 5")
    assert light(text)[0].tolist() == [1, 2, 5, 6, 7, 8]
    wrong = program(epochs, {"b": "light = short[i]"}, trial="short[2] = range(2)")
    assert codes(wrong) == ["E0336"]
    inside = "repeat 2 as i:\n    repeat 2 as i:\n        a: 10 ms"
    assert codes(program(inside)) == ["E0212"]


def test_a_span_across_the_edge_ends_with_the_last_repetition_there_is() -> None:
    epochs = """
        a: 10 ms
        repeat n as i:
            b: 10 ms
            c: 20 ms
        d: 10 ms
    """
    during = {"a..b": "light = 1", "c..d[: -10 ms]": "light += 2"}
    x = light(program(epochs, during, trial="n ~ balanced({0, 1, 2})"), n=3)
    assert sorted(row.tolist() for row in x) == [
        [1, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 2, 2, 0, 0, 0, 0],
        [1, 1, 3, 3, 3, 2, 2, 0],
    ]


def test_a_span_across_the_edge_begins_with_the_first_repetition_there_is() -> None:
    epochs = """
        repeat 3 as o:
            a: 10 ms
            repeat o as i:
                b: 10 ms
        c: 10 ms
    """
    x = light(program(epochs, {"b..c": "light = 1", "a..b": "light += o + 1"}))
    assert x[0].tolist() == [1, 2, 3, 4, 4, 4, 1]


LOOSE = """
    a: 30 ms
    repeat n as o:
        b: uniform(0 ms, 60 ms)
        repeat 2 as i:
            c: uniform(20 ms, 50 ms)
            d: 20 ms * (1 + i)
    e: 40 ms
"""


@pytest.mark.parametrize("dt", [1.0, 7.0, 20.0])
@pytest.mark.parametrize(
    "during",
    [
        {"c[wait :]": "light = 1", "c[30 ms :]": "light += o", "c": "light *= 2 + i"},
        {"b..c[: wait]": "light = 1 + o", "b[-wait :]": "light += 2"},
        {"c..d[wait : -wait] if o > 0": "light = t / 10 ms", "d": "target out += 1"},
        {"a..c[wait :]": "light = 1", "c..e[: -wait]": "light += t / 10 ms"},
        {"d[: 5 ms], c[-wait :]": "pair[0] = 1 + i\nweight *= 2", "c, d": "pair = 0.1 * o"},
        {"d[5 ms : -5 ms]": "pair[i] += strength[o * 2 + i]", "a..d": "pair += 1"},
        {"b[0 ms : 0 ms], e[20 ms : 10 ms], c[15 ms : 5 ms]": "light = 7 + wait / 1 ms"},
    ],
)
def test_slices_and_ramps_inside_are_those_of_the_reference(
    during: Mapping[str, str], dt: float
) -> None:
    trial = "n ~ integers(0, 3)\nwait ~ uniform(0 ms, 40 ms)\nstrength[6] ~ uniform(0, 1)"
    agree(program(LOOSE, during, "light\npair[2]", trial=trial), dt)


def test_noise_inside_is_that_of_its_repetition() -> None:
    text = program(TWICE.replace("c: 10", "c: 500"), {"c if o == 1": "noise light = iid(1 + i)"})
    x = module(text).generate(40, 10.0, 1)[0][:, :, 0]
    assert (x[:, :153] == 0).all()
    sds = [x[:, 154 + 50 * i : 204 + 50 * i].std() for i in range(3)]
    assert np.allclose(sds, [1, 2, 3], rtol=0.06)


def test_epochs_of_the_facts_reach_from_the_first_repetition_to_the_last() -> None:
    made = module(program(TWICE))
    stop = np.insert(made.timeline(made.sample_trials(1, 1), 10.0), 0, 0, axis=1)
    edges = {name: stop[0, list(ends)].tolist() for name, ends in made.facts["epochs"].items()}
    assert edges == {"a": [0, 1], "b": [1, 7], "c": [2, 10], "d": [5, 11], "e": [11, 12]}


ANSWERS = """
    fix: 20 ms
    repeat n as i:
        probe: 20 ms
        answer: 20 ms + 10 ms * i
    rest: 10 ms
"""


def scored(
    score: str, outputs: Array, trial: str = "n = 3", units: str = "out"
) -> dict[str, Array]:
    """Score given outputs (N_batch, N_steps, N_units) at 10 ms; n may be drawn."""
    made = module(program(ANSWERS, outputs=units, trial=trial, score=score))
    trials = made.sample_trials(len(outputs), 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return made.score(outputs, trials, 10.0)


def ramp(n: int = 1, units: int = 1) -> Array:
    """Give outputs that count the steps of the longest trial of ANSWERS: 2, then 2 + 2.., 1."""
    steps = np.arange(18, dtype=np.float32)
    return np.broadcast_to(steps[None, :, None], (n, 18, units)).copy()


def test_an_output_in_a_repeat_gives_one_value_for_each_repetition() -> None:
    found = scored(
        """
        mean_ = mean(out @ answer)
        last_ = last(out @ probe..answer)
        late = min(out @ answer[10 ms + 10 ms * i :])
        above = first_above(out @ answer, 9.5)
        each = first_above(out @ probe..answer, 4 * range(3))
        overall = mean(out @ fix..answer)
        """,
        ramp(),
    )
    assert found["mean_"].tolist() == [[4.5, 9, 14.5]]
    assert found["last_"].tolist() == [[5, 10, 16]]
    np.testing.assert_array_equal(found["late"], [[5, 10, 16]])
    np.testing.assert_array_equal(found["above"], [[np.nan, 20_000, 0]])
    np.testing.assert_array_equal(found["each"], [[0, 0, 0]])
    assert found["overall"].tolist() == [8]


def test_absent_repetitions_and_empty_slices_give_nan_and_no_label() -> None:
    outputs = ramp(3, 2)
    outputs[:, :, 1] += 1
    found = scored(
        """
        value = max(max(choice @ answer))
        peak = max(value)
        picked = argmax(choice @ answer)
        empty = last(hold @ answer[20 ms : 10 ms])
        place = position(picked)
        same = picked == right
        other_ = picked != right
        """,
        np.concatenate([outputs, outputs[:, :, :1]], axis=2),
        "n ~ balanced({0, 1, 3})",
        "choice[left, right]\nhold",
    )
    picked = sorted(found["picked"].tolist())
    assert picked == [[-1, -1, -1], [1, -1, -1], [1, 1, 1]]
    order = np.argsort(found["picked"].sum(axis=1))
    np.testing.assert_array_equal(found["peak"][order], [np.nan, 6, 17])
    assert np.isnan(found["empty"]).all()
    np.testing.assert_array_equal(np.isnan(found["place"]), found["picked"] < 0)
    np.testing.assert_array_equal(found["same"], found["picked"] == 1)
    assert not found["other_"].any()


def test_reductions_of_scores_leave_nan_out() -> None:
    found = scored(
        """
        peak = max(out @ answer)
        total = sum(peak)
        average = mean(peak)
        least = min(peak)
        most = max(peak)
        n_above = count(peak > 5.5)
        some = any(peak > 5.5)
        every = all(peak > 4)
        there = all(peak > 4 or range(3) >= n)
        """,
        ramp(3),
        "n ~ balanced({0, 1, 3})",
    )
    order = np.argsort(found["total"])
    np.testing.assert_array_equal(found["total"][order], [0, 5, 31])
    np.testing.assert_allclose(found["average"][order], [np.nan, 5, 31 / 3])
    np.testing.assert_array_equal(found["least"][order], [np.nan, 5, 5])
    np.testing.assert_array_equal(found["most"][order], [np.nan, 5, 16])
    assert found["n_above"][order].tolist() == [0, 0, 2]
    assert found["some"][order].tolist() == [False, False, True]
    assert found["every"][order].tolist() == [False, False, True]
    assert found["there"].all()


def test_scores_of_repetitions_meet_arrays_of_their_length() -> None:
    trial = "n = 3\nlevel[3] = 5 * range(3)\nwide[4] = range(4)"
    found = scored("over = max(out @ answer) - level\nfirst = over[0]", ramp(), trial)
    assert found["over"].tolist() == [[5, 5, 6]]
    assert found["first"].tolist() == [5]
    text = program(ANSWERS, trial=trial, score="over = max(out @ answer) - wide")
    assert codes(text) == ["E0334"]
    assert codes(program(ANSWERS, trial=trial, score="over = out @ answer")) == ["E0329"]


def test_in_nested_groups_repetitions_are_counted_through() -> None:
    outputs = np.arange(12, dtype=np.float32)[None, :, None]
    made = module(program(TWICE, score="c_ = mean(out @ c)\nd_ = mean(out @ b..c)"))
    found = made.score(outputs, made.sample_trials(1, 1), 10.0)
    assert found["c_"].tolist() == [[2, 3, 4, 7, 8, 9]]
    assert found["d_"].tolist() == [[2.5, 7.5]]


def test_correct_may_be_an_array_of_answers() -> None:
    score = "correct = nan if range(3) >= n else max(out @ answer) > 5.5"
    found = scored(score, ramp(3), "n ~ balanced({0, 1, 3})")
    right = sorted(np.nan_to_num(found["correct"], nan=9).tolist())
    assert right == [[0, 1, 1], [0, 9, 9], [9, 9, 9]]
    assert codes(
        program(
            ANSWERS,
            trial="n = 3",
            score="correct = population_vector(r @ answer)",
            outputs="r: ring(8)",
        )
    ) == ["E0330"]


@pytest.mark.parametrize(
    ("score", "warned"),
    [
        ("correct = max(out @ answer) > 1", True),
        ("correct = nan if range(3) >= n else max(out @ answer) > 1", False),
        ("correct = all(max(out @ answer) > 1)", True),
        ("correct = all(max(out @ answer) > 1 or range(3) >= n)", False),
        ("correct = any(max(out @ answer) > 1)", False),
        ("correct = count(max(out @ answer) > 1) == n", False),
    ],
)
def test_absent_repetitions_that_count_as_errors_are_warned_of(score: str, warned: bool) -> None:
    def lints(trial: str) -> set[str]:
        return {one.code for one in judged(program(ANSWERS, trial=trial, score=score))[1]}

    assert ("W0710" in lints("n ~ integers(1, 3)")) == warned
    assert "W0710" not in lints("n = 3")


def test_members_of_a_set_may_differ_from_trial_to_trial_and_between_repetitions() -> None:
    trial = """
        y ~ uniform(0, 1)
        z ~ {1 + y, 3 + y}
        w[3] ~ {1 + y: 30%, 3 + y: 40%, 6: 30%}
        (a1, b1) ~ {(4 + y, 2 ms), (6, 3 ms * y)}
        x ~ choice({1 * y, 2}) if y > 0.5 else uniform(0, 1)
    """
    epochs = """
        repeat 3 as i:
            a: choice({10 ms, 10 ms * (2 + i)}) + b1
            b: choice({10 ms * y: 30%, 7 ms * i: 70%})
            c: truncnormal(20 ms, 10 ms, 10 ms + 5 ms * i, 60 ms)
    """
    text = program(epochs, {"a": "light = z + a1 + x + w[i]"}, trial=trial)
    drawn = module(text).sample_trials(400, 1)
    assert set(np.round(drawn["z"] - drawn["y"], 9)) == {1, 3}
    above = np.where(drawn["w"] == 6, 6, drawn["w"] - drawn["y"][:, None])
    assert set(np.round(above.ravel(), 9)) == {1, 3, 6}
    assert [sorted(set(column)) for column in drawn["a"].T] == [
        [10_000, 20_000],
        [10_000, 30_000],
        [10_000, 40_000],
    ]
    assert (drawn["c"] >= [10_000, 15_000, 20_000]).all()
    agree(text)
