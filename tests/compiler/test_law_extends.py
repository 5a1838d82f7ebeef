"""Tasks that extend others, and the order of blocks: rules that no other test holds."""

import numpy as np
import pytest
from compiled import checked, codes, judged, module

PARENT = """
task base:
    about:
        title: "The parent"
        license: "CC0-1.0"

    params:
        strength = 0.5 within (0, 2)
        wait_time = 100 ms

    inputs:
        light
        sound baseline 0.1

    outputs:
        choice[left, right]

    trial:
        side ~ balanced({left, right})
        level ~ uniform(0, 1)

    epochs:
        wait: wait_time
        respond: 100 ms

    during wait:
        light = strength * level

    during respond:
        target choice[side] = 1

    score:
        answer = argmax(choice @ respond)
        correct = answer == side
"""


def child(body: str, head: str = "task b extends base:") -> str:
    lines = "".join(f"    {line}\n" if line else "\n" for line in body.strip("\n").split("\n"))
    return f"epochal 1\n\n{head}\n{lines}{PARENT}"


def test_blocks_merge_by_name_in_the_place_of_the_parent_and_new_names_come_last() -> None:
    text = child(
        """
about:
    title: "The child"
params:
    more = 3
    strength = 0.25
inputs:
    extra
    light baseline 1
outputs:
    hold
trial:
    fresh ~ uniform(0, 1)
    side ~ balanced({right, left})
    level = 1
during wait:
    extra = more * fresh
score:
    late = answer == side
    answer = argmax(choice @ respond[50 ms :])
"""
    )
    found = checked(text).task
    assert [fact.name for fact in found.about] == ["title", "license"]
    assert found.about[0].values == ("The child",)
    assert [param.name for param in found.params] == ["strength", "wait_time", "more"]
    assert [channel.name for channel in found.inputs] == ["light", "sound", "extra"]
    assert [channel.name for channel in found.outputs] == ["choice", "hold"]
    assert [v.names[0] for v in found.variables[:3]] == ["side", "level", "fresh"]
    assert [score.name for score in found.scores] == ["answer", "correct", "late"]


def test_epochs_of_a_child_replace_those_of_the_parent() -> None:
    text = child("epochs:\n    start: 40 ms\n    wait: 60 ms\n    respond: 20 ms")
    assert [epoch.name for epoch in checked(text).task.epochs] == ["start", "wait", "respond"]


def test_during_blocks_of_a_child_come_after_those_of_the_parent() -> None:
    text = child("trial:\n    level = 1\nduring wait:\n    light += 1\n    sound = 5")
    inputs = module(text).generate(1, 20.0, 1)[0]
    assert inputs[0, 0].tolist() == [1.5, 5]


def test_an_inherited_span_whose_epoch_is_gone_is_an_error() -> None:
    found, diagnostics = judged(child("epochs:\n    respond: 100 ms"))
    assert found is None
    assert any("wait" in one.message for one in diagnostics if one.is_error)


def test_a_child_may_stand_alone_on_a_line() -> None:
    text = f"epochal 1\n\ntask b extends base with strength = 2, wait_time = 40 ms\n{PARENT}"
    made = module(text)
    assert made.facts["name"] == "b"
    inputs, _, _, trials = made.generate(4, 20.0, 1)
    np.testing.assert_allclose(inputs[:, 0, 0], 2 * trials["level"], rtol=1e-6)
    assert inputs.shape[1] == 7


def test_a_binding_keeps_the_bounds_of_the_parent() -> None:
    assert codes(f"epochal 1\n\ntask b extends base with strength = 3\n{PARENT}") == ["E0327"]


def test_children_of_children_extend_what_their_parents_made() -> None:
    head = "task c extends b with strength = 2\n\ntask b extends base with wait_time = 40 ms:"
    inputs, _, _, trials = module(child("trial:\n    level = 0.5", head)).generate(2, 20.0, 1)
    assert set(inputs[:, 0, 0]) == {1}
    assert inputs.shape[1] == 7
    assert set(trials["wait_time"]) == {40_000}


def test_a_child_draws_the_words_of_its_parent() -> None:
    heir = module(child("trial:\n    more ~ uniform(0, 1)")).sample_trials(32, 5)
    parent = module(f"epochal 1\n{PARENT}").sample_trials(32, 5)
    for name in ("side", "level"):
        np.testing.assert_array_equal(heir[name], parent[name])


@pytest.mark.parametrize("block", ["params:\n    strength = 1", "score:\n    late = true"])
def test_a_child_has_each_block_once(block: str) -> None:
    assert codes(child(f"{block}\n{block}")) == ["E0414"]
