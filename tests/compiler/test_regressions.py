"""Programs that were once compiled wrongly; each says in a comment what is right."""

from pathlib import Path

import pytest
from agreement import hold
from compiled import module, task
from held import accepted, printed

PATHS = sorted((Path(__file__).parent / "regressions").glob("*.task"))


@pytest.mark.parametrize("dt", [1.0, 7.0, 20.0])
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_what_was_wrong_once_equals_the_reference(path: Path, dt: float) -> None:
    text = path.read_text("utf-8")
    checked = accepted(text)
    hold(checked.task, printed(checked, text), dt, 6, 3, noise=True)


@pytest.mark.parametrize("size", [5.0, 12.5, 20.0, 40.0])
def test_the_order_of_slices_is_proven_for_every_argument(size: float) -> None:
    text = task(
        params="size = 20 ms within (5 ms, 40 ms)",
        epochs="wait: size\nmore: 20 ms",
        during={"wait[: 7 ms]": "light += 1", "wait[-7 ms :]": "light += 2\nweight out += 1"},
    )
    checked = accepted(text)
    hold(checked.task, printed(checked, text), 1.0, 2, 3, arguments={"size": size})


@pytest.mark.parametrize("early", [0.0, 10.0, 37.5, 50.0])
def test_a_slice_stays_within_its_span_where_an_argument_changes_its_sign(early: float) -> None:
    path = Path(__file__).parent / "regressions" / "slice_whose_sign_an_argument_changes.task"
    text = path.read_text("utf-8")
    checked = accepted(text)
    hold(checked.task, printed(checked, text), 5.0, 2, 3, arguments={"early": early})


def test_an_argument_that_stretches_a_trial_beyond_its_longest_is_refused() -> None:
    made = module(
        task(
            params="depth = 0.5 within (0.5, 3)",
            trial="x ~ uniform(0, 1)",
            epochs="rest: clip(40 ms * depth - 10 ms * x, 0 ms, 200 ms)",
        )
    )
    assert made.generate(3, 10.0, 1, depth=0.5)[0].shape[1] == 2
    with pytest.raises(ValueError, match="compile the task with the parameters"):
        made.generate(3, 10.0, 1, depth=3)


def test_a_member_counts_its_trials_where_a_constant_breaks_over_lines() -> None:
    long = " + ".join(["rescale(9 deg, of = (0 deg, 20 deg), onto = (1, 2))"] * 3)
    alone = task(trial=f"x = {long}", score="correct = true")
    text = f"{alone}\ntaskset set_of_it:\n    inputs:\n        light\n    outputs:\n        out\n"
    made = module(f"{text}    member a = small\n")
    assert made.generate(3, 10.0, 1)[3]["x"].shape == (3,)
