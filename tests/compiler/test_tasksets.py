"""Sets of tasks: each sentence of the language about them, and the second reading of two sets."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import reference_set
from agreement import plain, same
from compiled import (
    Module,
    checked,
    checked_set,
    codes,
    golden_sets,
    golden_tasks,
    judged_item,
    load,
    module,
    random_outputs,
)
from sets import BATCH, SEED, STREAM, hold, set_of

from epochal.compiler import ir
from epochal.compiler.hash import task_hash

SETS = golden_sets()
STEPS = [1.0, 7.0, 10.0, 20.0]


def compiled(path: Path) -> tuple[ir.Taskset, Module]:
    found = checked_set(path.read_text("utf-8"), path.name)
    return found.taskset, load(found.module())


@pytest.mark.parametrize("name", SETS)
def test_the_trial_table_is_that_of_the_documented_words(name: str) -> None:
    taskset, made = compiled(SETS[name])
    n = 23
    table = made.sample_trials(n, SEED, BATCH, STREAM)
    expected = reference_set.table(taskset, n, SEED, BATCH, STREAM)
    types = {
        column: kind
        for member in taskset.members
        for variable in member.task.variables
        for column, kind in zip(variable.names, variable.types, strict=True)
    }
    types |= {param.name: param.type for one in taskset.members for param in one.task.params}
    for i, (member, row) in enumerate(expected):
        assert made.facts["labels"]["task"][table["task"][i]] == member.name
        for column in table.keys() - {"longest trial"}:
            wanted = row[column] if column in row else reference_set.lacking(types[column])
            assert same(wanted, plain(table[column][i], column, made)), (column, i)


@pytest.mark.parametrize("dt", STEPS)
@pytest.mark.parametrize("name", SETS)
def test_arrays_epochs_noise_and_scores_are_those_of_the_reference(name: str, dt: float) -> None:
    hold(*compiled(SETS[name]), dt, 9 if dt > 1 else 3)


WHOLE = {
    name: found
    for name, path in golden_tasks().items()
    for found in (checked(path.read_text("utf-8"), path.name),)
    if any(one.name == "correct" for one in found.task.scores) and found.task.session is None
}


def in_a_set(name: str, members: int, more: str = "") -> str:
    """Write a set whose members all are one golden task."""
    return set_of(golden_tasks()[name].read_text("utf-8"), WHOLE[name].task, members, more)


@pytest.mark.parametrize("name", WHOLE)
def test_every_golden_task_is_itself_as_the_only_member_of_a_set(name: str) -> None:
    alone, only = load(WHOLE[name].module()), module(in_a_set(name, 1))
    *arrays, trials = alone.generate(13, 7.0, SEED, BATCH, STREAM)
    *mixed, table = only.generate(13, 7.0, SEED, BATCH, STREAM)
    for mine, theirs in zip(arrays, mixed, strict=True):
        assert np.ascontiguousarray(mine).tobytes() == np.ascontiguousarray(theirs).tobytes()
    for column, values in trials.items():
        assert values.tobytes() == table[column].tobytes(), column
    outputs = random_outputs(arrays[1].shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        scored, again = alone.score(outputs, trials, 7.0), only.score(outputs, table, 7.0)
    for score, values in scored.items():
        assert values.tobytes() == again[score].tobytes(), score


@pytest.mark.parametrize("name", WHOLE)
def test_every_golden_task_makes_members_that_are_those_of_the_reference(name: str) -> None:
    found = checked_set(in_a_set(name, 2, "        which_task: onehot(members)"))
    hold(found.taskset, load(found.module()), 10.0, 4)


GO = """
task go:
    params:
        gain = 1 within (0, 10)
        wait_time = 200 ms

    inputs:
        fixation
        light: ring(4) noise iid(0.1)

    outputs:
        press[left, right] baseline 0.1

    trial:
        side ~ balanced({left, right})
        theta ~ uniform(0 deg, 360 deg)

    epochs:
        wait: wait_time
        show: uniform(100 ms, 300 ms)

    during wait:
        fixation = 1

    during show:
        light = gain * bump(theta, width = 45 deg)
        target press[side] = 1

    score:
        correct = argmax(press @ show) == side
"""


def written(
    members: str = "one = go\ntwo = go with gain = 2",
    mix: str = "",
    inputs: str = "fixation\nlight: ring(4)\nrule: onehot(members)",
    outputs: str = "press[left, right]",
    params: str = "",
    tasks: str = GO,
) -> str:
    """Write a set of tasks; the lines of a block stand on lines of their own."""
    lines = ["epochal 1", tasks, "taskset both:"]
    for head, text in {"params": params, "inputs": inputs, "outputs": outputs}.items():
        if text:
            lines += [f"    {head}:", *(f"        {line}" for line in text.splitlines())]
    lines += [f"    member {line}" for line in members.splitlines()]
    return "\n".join([*lines, f"    mix: {mix}" if mix else ""]) + "\n"


def taskset(**blocks: str) -> ir.Taskset:
    return checked_set(written(**blocks)).taskset


def test_the_mix_of_the_three_rules_is_one_to_one_to_two() -> None:
    mini, made = compiled(SETS["yang_mini"])
    assert [one.copies for one in mini.members] == [1, 1, 2]
    for batch in range(5):
        counts = np.bincount(made.sample_trials(40, 1, batch)["task"], minlength=3)
        assert counts.tolist() == [10, 10, 20]


@pytest.mark.parametrize("n", [1, 2, 5, 7, 9, 11])
def test_a_mix_holds_whole_copies_and_a_rest_without_replacement(n: int) -> None:
    made = module(written("a = go\nb = go\nc = go", "{a: 40%, b: 20%, c: 40%}"))
    seen = set()
    for batch in range(30):
        counts = np.bincount(made.sample_trials(n, 7, batch)["task"], minlength=3)
        assert counts.sum() == n
        for count, copies in zip(counts, (2, 1, 2), strict=True):
            assert n // 5 * copies <= count <= -(-n // 5) * copies
        seen.add(tuple(counts))
    assert (len(seen) == 1) == (n % 5 == 0)


def test_without_a_mix_all_members_come_alike_often() -> None:
    made = module(written("a = go\nb = go\nc = go"))
    assert Counter(made.sample_trials(30, 1)["task"].tolist()) == {0: 10, 1: 10, 2: 10}


def test_a_mix_per_batch_balances_members_over_successive_batches() -> None:
    made = module(written("a = go\nb = go\nc = go", "{a: 1, b: 2, c: 1} per batch"))
    order = []
    for batch in range(40):
        (member,) = set(made.sample_trials(6, 3, batch)["task"].tolist())
        order.append(member)
    blocks = [tuple(order[i : i + 4]) for i in range(0, 40, 4)]
    assert all(sorted(block) == [0, 1, 1, 2] for block in blocks)
    assert len(set(blocks)) > 3


def test_options_of_the_set_replace_those_of_members_and_others_stay() -> None:
    made = taskset(
        inputs="rule: onehot(members)\nlight: ring(4) baseline 0.2\nfixation noise iid(0.3)",
        outputs="press[left, right] baseline 0.4",
    )
    for member in made.members:
        rule, light, fixation = member.task.inputs
        assert rule.units == ("one", "two")
        assert (light.baseline, light.noise) == (
            ir.Number("0.2"),
            ir.Noise(ir.NoiseLaw.IID, ir.Number("0.1")),
        )
        assert fixation.noise == ir.Noise(ir.NoiseLaw.IID, ir.Number("0.3"))
        assert member.task.outputs[0].baseline == ir.Number("0.4")


def test_what_a_member_lacks_stays_at_baseline_with_the_noise_of_the_set() -> None:
    extra = "fixation\nlight: ring(4)\ntone[2] baseline 0.5 noise iid(0.2)\nrule: onehot(members)"
    made = module(written(inputs=extra, outputs="press[left, right]\nlick baseline 0.3"))
    quiet, targets, _, _ = made.generate(200, 20.0, 1, noise=False)
    noisy = made.generate(200, 20.0, 1)[0]
    assert (quiet[:, :, 5:7] == 0.5).all()
    assert (targets[:, :, 2] == np.float32(0.3)).all()
    assert abs((noisy - quiet)[:, :, 5:7].std() - 0.2) < 0.005


def test_the_rule_channel_is_1_at_every_step_of_the_trial() -> None:
    made = module(written())
    inputs, _, weights, trials = made.generate(50, 20.0, 1, noise=False)
    own = weights[:, :, 0] > 0
    for k in (0, 1):
        expected = own & (trials["task"] == k)[:, None]
        assert np.array_equal(inputs[:, :, 5 + k], expected)


def test_the_rule_channel_may_be_1_in_some_epochs_alone() -> None:
    rule = "fixation\nlight: ring(4)\nrule: onehot(members) during show[100 ms :]"
    made = module(written(inputs=rule))
    inputs, _, _, trials = made.generate(50, 20.0, 1, noise=False)
    stop = np.insert(made.timeline(trials, 20.0), 0, 0, axis=1)
    first, after = (stop[:, k] for k in made.facts["epochs"]["show"])
    step = np.arange(inputs.shape[1])
    shown = (step >= np.minimum(first + 5, after)[:, None]) & (step < after[:, None])
    for k in (0, 1):
        expected = shown & (trials["task"] == k)[:, None]
        assert np.array_equal(inputs[:, :, 5 + k], expected)


def test_all_batches_are_as_long_as_the_longest_member() -> None:
    made = module(
        written("one = go\ntwo = go with wait_time = 900 ms", "{one: 1, two: 1} per batch")
    )
    shapes = {made.generate(4, 20.0, 1, batch)[0].shape for batch in range(8)}
    assert shapes == {(4, 60, 7)}


TEXT_OF_ONE = written("one = go", inputs="fixation\nlight: ring(4)")


@pytest.mark.parametrize("n", [1, 12, 300])
@pytest.mark.parametrize("dt", [7.0, 20.0])
def test_a_member_with_all_rows_equals_its_task_alone(n: int, dt: float) -> None:
    alone, both = load(checked(TEXT_OF_ONE).module()), module(TEXT_OF_ONE)
    *arrays, trials = alone.generate(n, dt, 5, 2, 1)
    *mixed, table = both.generate(n, dt, 5, 2, 1)
    for mine, theirs in zip(arrays, mixed, strict=True):
        assert np.ascontiguousarray(mine).tobytes() == np.ascontiguousarray(theirs).tobytes()
    for name, column in trials.items():
        assert column.dtype == table[name].dtype
        assert column.tobytes() == table[name].tobytes()
    outputs = random_outputs(arrays[1].shape)
    scored, again = alone.score(outputs, trials, dt), both.score(outputs, table, dt)
    assert all(scored[name].tobytes() == again[name].tobytes() for name in scored)


def test_a_member_with_some_rows_has_the_words_of_those_rows() -> None:
    alone, both = load(checked(TEXT_OF_ONE).module()), module(written())
    trials, table = alone.sample_trials(64, 9), both.sample_trials(64, 9)
    for name in ("theta", "show"):  # of both members, which draw from the same keys
        assert np.array_equal(trials[name], table[name])


def test_each_member_is_balanced_within_its_own_rows() -> None:
    table = module(written()).sample_trials(80, 4)
    assert Counter(zip(table["task"], table["side"], strict=True)) == {
        (task, side): 20 for task in (0, 1) for side in (0, 1)
    }


def test_columns_that_a_member_lacks_are_nan_none_or_false() -> None:
    made = module(SETS["joined"].read_text("utf-8"))
    table = made.sample_trials(40, 1)
    found, count = table["task"] == 0, table["task"] == 2
    assert np.isnan(table["flashes"][found]).all()
    assert np.isnan(table["wait"][count]).all()
    assert table["wait"].dtype == np.float64
    assert np.isnan(table["order"][count]).all()
    scored = made.score(random_outputs(made.arrays(table, 20.0)[1].shape), table, 20.0)
    assert not scored["hit"][count].any()
    labels = module(written("one = go\ntwo = still", tasks=GO + STILL)).sample_trials(40, 1)
    assert set(labels["side"][labels["task"] == 1]) == {-1}


STILL = """
task still:
    inputs:
        fixation

    outputs:
        press[left, right]

    trial:
        place ~ {up, down}

    epochs:
        wait: 500 ms

    during wait:
        target press[left] = 1

    score:
        correct = mean(press @ wait) > 0.5
""".replace("mean(press @ wait)", "max(mean(press @ wait))")


def test_labels_that_differ_between_members_are_joined() -> None:
    other = STILL.replace("place ~ {up, down}", "side ~ {up, right, left}")
    made = module(written("one = go\ntwo = still", tasks=GO + other))
    assert made.facts["labels"]["side"] == ("left", "right", "up")
    table = made.sample_trials(200, 3)
    two = table["task"] == 1
    assert set(table["side"][~two]) == {0, 1}
    assert set(table["side"][two]) == {0, 1, 2}
    words = load(checked("epochal 1\n" + other).module()).sample_trials(200, 3)["side"]
    names = np.array(("up", "right", "left"))[words]
    assert (np.array(made.facts["labels"]["side"])[table["side"]] == names)[two].all()


def test_parameters_are_those_of_a_member_or_of_all_that_have_them() -> None:
    made = module(written())
    table = made.sample_trials(10, 1, **{"gain": 5, "two.wait_time": 400})
    assert set(table["gain"]) == {5}
    assert set(table["wait_time"][table["task"] == 1]) == {400_000}
    assert set(table["wait_time"][table["task"] == 0]) == {200_000}
    with pytest.raises(TypeError, match=r"no member has the parameter 'gian'.*'one.gain'"):
        made.sample_trials(10, 1, gian=5)
    with pytest.raises(ValueError, match="gain"):
        made.sample_trials(10, 1, **{"two.gain": 11})


@pytest.mark.parametrize(
    ("bindings", "gains"),
    [
        ({"gain": "3"}, ["3", "3"]),
        ({"two.gain": "3"}, ["1", "3"]),
        ({"two.gain": "4", "gain": "3"}, ["3", "4"]),
        ({"gain": "3", "two.gain": "4"}, ["3", "4"]),
    ],
)
def test_a_bare_name_binds_every_member_that_has_it(
    bindings: dict[str, str], gains: list[str]
) -> None:
    made = checked_set(written(), bindings=bindings).taskset
    values = [param.value for one in made.members for param in one.task.params[:1]]
    assert values == [ir.Number(gain) for gain in gains]


@pytest.mark.parametrize(
    ("bindings", "note"),
    [
        ({"gian": "3"}, "did you mean `gain`?"),
        ({"two.gian": "3"}, "did you mean `two.gain`?"),
        ({"tow.gain": "3"}, "did you mean `two.gain`?"),
    ],
)
def test_an_unknown_parameter_gets_the_nearest_name(bindings: dict[str, str], note: str) -> None:
    _, found = judged_item(written(), bindings=bindings)
    (error,) = [one for one in found if one.is_error]
    assert error.code == "E0201"
    assert [one.message for one in error.notes] == [note]


def test_parameters_of_the_set_are_written_out_in_options_and_bindings() -> None:
    params = "loud = 0.2 within (0, 1)\nstrong = 2 * loud"
    text = written(
        "one = go with gain = strong\ntwo = go",
        params=params,
        inputs="fixation\nlight: ring(4) noise iid(strong / 4)\nrule: onehot(members)",
    )
    for bindings, loud in (({}, 0.2), ({"loud": "0.5"}, 0.5)):
        made = load(checked_set(text, bindings=bindings).module())
        assert made.sample_trials(1, 1)["gain"][0] in (1, pytest.approx(2 * loud))
        quiet, noisy = made.arrays(trials := made.sample_trials(300, 1), 20.0)[0], None
        noisy = made.generate(300, 20.0, 1)[0]
        assert len(trials["task"]) == 300
        assert abs((noisy - quiet)[:, :, 1:5].std() / (loud / 2) - 1) < 0.02
    assert codes(text, {"loud": "2"}) == ["E0327"]


def test_the_set_owns_a_name_that_members_have_too() -> None:
    text = written("one = go with gain = 2 * gain\ntwo = go", params="gain = 3")
    made = checked_set(text, bindings={"gain": "4"}).taskset
    values = [one.task.params[0].value for one in made.members]
    assert values[1] == ir.Number("1")
    assert values[0] != ir.Number("4")
    assert module(text).sample_trials(9, 1)["gain"].max() == 6


def test_members_that_differ_in_parameters_alone_share_one_body() -> None:
    members = "\n".join(f"m{k} = go with gain = {k / 2}" for k in range(20))
    made = module(written(members))
    assert made.text.count("def timeline") == 2
    assert made.text.count("def m0():") == 1
    assert set(made.sample_trials(40, 1)["gain"]) == {k / 2 for k in range(20)}


def test_a_hash_follows_the_members_the_mix_and_its_reach() -> None:
    texts = [
        written(),
        written(mix="{one: 1, two: 2}"),
        written(mix="{one: 1, two: 2} per batch"),
        written("one = go\ntwo = go with gain = 3"),
        written("one = go\nthree = go with gain = 2"),
        written(inputs="light: ring(4)\nfixation\nrule: onehot(members)"),
    ]
    assert len({task_hash(checked_set(text).taskset) for text in texts}) == len(texts)
    same_ = [written(mix="{one: 1, two: 1}"), written(mix="{two: 50%, one: 50%} per trial")]
    same_ += [written().replace("taskset both:", "taskset both:  ## all of it")]
    assert {task_hash(checked_set(text).taskset) for text in same_} == {
        task_hash(checked_set(written()).taskset)
    }


def test_noise_that_differs_between_members_is_that_of_each() -> None:
    quieter = GO.replace("task go:", "task calm:").replace("iid(0.1)", "iid(0.01)")
    made = module(written("one = go\ntwo = calm", tasks=GO + quieter))
    quiet, _, _, trials = made.generate(400, 20.0, 1, noise=False)
    noise = (made.generate(400, 20.0, 1)[0] - quiet)[:, :, 1:5]
    for k, sd in enumerate((0.1, 0.01)):
        assert abs(noise[trials["task"] == k].std() / sd - 1) < 0.02


def test_an_input_is_rectified_on_the_trials_of_members_that_say_so() -> None:
    text = GO + GO.replace("task go:", "task shut:").replace("iid(0.1)", "iid(0.1) rectified")
    made = module(written("one = go\ntwo = shut", tasks=text))
    inputs, _, _, trials = made.generate(40, 20.0, 1)
    light = inputs[:, :, 1:5].min(axis=(1, 2))
    assert (light[trials["task"] == 0] < 0).all()
    assert (light[trials["task"] == 1] == 0).all()


def test_epochs_that_a_member_lacks_are_minus_1() -> None:
    made = module(written("one = go\ntwo = still", tasks=GO + STILL))
    table = made.sample_trials(20, 1)
    stop = np.insert(made.timeline(table, 20.0), 0, 0, axis=1)
    first, after = made.facts["epochs"]["show"]
    two = table["task"] == 1
    assert (stop[two][:, [first, after]] == -1).all()
    assert (stop[~two][:, first] == 10).all()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (written(mix="[1, 2]"), "E0444"),
        (written(mix="2"), "E0444"),
        (written(mix="{one: 1, two: 1, one: 2}"), "E0444"),
        (written(mix="{one, two: 1}"), "E0444"),
        (written(mix="{1: 1}"), "E0444"),
        (written("one = gone"), "E0422"),
        (written("one = go\none = go"), "E0212"),
        (written('one = "nowhere:go"'), "E0424"),
        (written(outputs="press[left, right]\nwhich: onehot(members)"), "E0443"),
        (written(inputs="fixation\nlight: ring(4) during wait"), "E0443"),
        (written("one = go with gain = 11"), "E0327"),
        (written("one = go with gain = 1 s"), "E0324"),
        (written("one = go with wait_time = {loud}", params="loud = 1"), "E0203"),
        (written(inputs="fixation\nrule: onehot(members)"), "E0441"),
        (written(inputs="fixation[2]\nlight: ring(4)"), "E0442"),
        (written(tasks=GO.replace("light:", "rule: ring(4)\n        light:")), "E0443"),
        (written(mix="{one: 1, two: 0.00001}"), "E0501"),
        (written(params="loud = gain"), "E0201"),
    ],
)
def test_a_mistake_in_a_set_is_found(text: str, code: str) -> None:
    assert code in codes(text)
