"""Time: the rules of the language that no other test holds."""

import numpy as np
import pytest
from compiled import checked, codes, module, task

from epochal.compiler.checks import grid


def steps(text: str, n: int = 1, dt: float = 20.0) -> np.ndarray:
    made = module(text)
    return np.asarray(made.timeline(made.sample_trials(n, 1), dt))


def drive(text: str, dt: float = 20.0, n: int = 1) -> list[float]:
    """Give the first input of the first trial, step by step."""
    return [round(float(x), 6) for x in module(text).generate(n, dt, 1)[0][0, :, 0]]


@pytest.mark.parametrize("dt", [0.5, 1.0, 7.0, 10.0, 20.0])
def test_a_boundary_is_a_time_from_the_start_and_a_slice_bound_too(dt: float) -> None:
    text = task(
        epochs="a: 33.333 ms\nb: 66.667 ms\nc: 50 ms",
        during={"b[11.111 ms : -7.5 ms]": "light = 1"},
    )
    us = int(dt * 1000)
    first, last = ((2 * time + us) // (2 * us) for time in (44_444, 92_500))
    lit = np.flatnonzero(drive(text, dt))
    assert lit.tolist() == list(range(first, last))


def test_a_slice_is_rounded_from_the_start_of_the_trial_and_clipped_to_its_epoch() -> None:
    # The epoch begins at 15 ms, step 1; 4 ms later is 19 ms, step 1; 6 ms later 21 ms, step 1.
    epochs = "a: 15 ms\nb: 50 ms\nc: 20 ms"
    assert drive(task(epochs=epochs, during={"b[4 ms : 16 ms]": "light = 1"})) == [0, 1, 0, 0]
    assert drive(task(epochs=epochs, during={"b[: 200 ms]": "light = 1"})) == [0, 1, 1, 0]


def test_an_epoch_covers_its_first_step_and_not_the_one_where_it_stops() -> None:
    text = task(epochs="a: 40 ms\nb: 40 ms", during={"a": "light = 1", "b": "light = 2"})
    assert drive(text) == [1, 1, 2, 2]


def test_an_epoch_may_have_no_length() -> None:
    text = task(epochs="a: 0 ms\nb: 40 ms", during={"a": "light = 1", "b": "light += 2"})
    assert drive(text) == [2, 2]
    assert steps(text)[0, :2].tolist() == [0, 2]


def test_t_counts_steps_from_the_start_of_the_written_span_and_slice() -> None:
    epochs = "a: 60 ms\nb: 40 ms\nc: 60 ms"
    ramp = "light = t / 20 ms + 1"
    assert drive(task(epochs=epochs, during={"a..b": ramp})) == [1, 2, 3, 4, 5, 0, 0, 0]
    assert drive(task(epochs=epochs, during={"a..b[30 ms :]": ramp})) == [0, 0, 1, 2, 3, 0, 0, 0]
    assert drive(task(epochs=epochs, during={"a, c": ramp})) == [1, 2, 3, 0, 0, 1, 2, 3]
    uneven = task(epochs="a: 15 ms\nb: 60 ms", during={"b": "light = t / 1 ms + 1"})
    assert drive(uneven) == [0, 1, 21, 41]


def test_length_is_the_first_line_and_until_end_the_last_epoch() -> None:
    good = task(epochs="length: 200 ms\na: uniform(0 ms, 100 ms)\nb: until end")
    assert set(steps(good, 20)[:, -1]) == {10}
    for epochs in (
        "a: 20 ms\nlength: 200 ms\nb: until end",
        "length: 200 ms\na: until end\nb: 20 ms",
        "length: 200 ms\na: 20 ms",
        "a: 20 ms\nb: until end",
    ):
        assert set(codes(task(epochs=epochs))) == {"E0407"}, epochs
    assert codes(task(epochs="length: 90 ms\na: uniform(0 ms, 100 ms)\nb: until end")) == ["E0421"]


def test_until_end_stands_outside_of_repeats() -> None:
    text = task(epochs="length: 1 s\nrepeat 2 as i:\na: 20 ms\nb: until end")
    inside = text.replace("        a: 20", "            a: 20").replace(
        "        b: until", "            b: until"
    )
    assert set(codes(inside)) == {"E0407"}


def test_the_longest_trial_is_a_linear_form_in_the_draws() -> None:
    trial = "x ~ uniform(100 ms, 300 ms)"
    text = task(trial=trial, epochs="a: x\nb: 400 ms - x\nc: 2 * x")
    assert module(text).generate(1, 20.0, 1)[0].shape[1] == 50


def test_the_longest_trial_is_taken_for_each_value_of_a_condition() -> None:
    trial = "catch ~ bernoulli(0.5)\nx ~ uniform(100 ms, 300 ms)"
    epochs = """
        a: 500 ms if catch else 0 ms
        b: 0 ms if catch else x
        c: 0 ms if catch else 300 ms - x
        d: 0 ms if catch else 100 ms
    """
    assert module(task(trial=trial, epochs=epochs)).generate(1, 20.0, 1)[0].shape[1] == 25


def test_the_count_of_a_repeat_may_be_drawn_and_its_bound_is_static() -> None:
    text = task(
        trial="n ~ integers(1, 3)", epochs="repeat n as i:\n    a: 40 ms\nb: 20 ms"
    ).replace("        a: 40", "            a: 40")
    made = module(text)
    trials = made.sample_trials(30, 1)
    assert made.generate(30, 20.0, 1)[0].shape[1] == 7
    np.testing.assert_array_equal(made.timeline(trials, 20.0)[:, -2], 2 * trials["n"] + 1)


def blurred(trial: str, epochs: str = "a: d1\nb: d2", params: str = "") -> list[str]:
    """List the warnings of dt alone."""
    found = checked(task(params=params, trial=trial, epochs=epochs))
    return [one.code for one in grid(found.task, found.bounds, 20.0)]


@pytest.mark.parametrize(
    "trial",
    [
        "{u}longer = d1 > d2",
        "{u}e = 2 * d2\nlonger = 1 if d1 + 10 ms <= e else 2",
        "{u}require d1 != d2\nlonger = d1 > d2",
        "{u}require abs(d1 - d2) > 10 ms\nlonger = d1 > d2",
        "d1 ~ {400 ms, 410 ms}\nd2 ~ {400 ms, 600 ms}\nlonger = d1 > d2",
    ],
)
def test_a_decision_on_drawn_durations_that_a_step_may_blur_is_warned_of(trial: str) -> None:
    either = "d1 ~ uniform(200 ms, 600 ms)\nd2 ~ uniform(200 ms, 600 ms)\n"
    assert blurred(trial.replace("{u}", either)) == ["W0709"]


@pytest.mark.parametrize(
    "trial",
    [
        "{u}require abs(d1 - d2) >= 20 ms\nlonger = d1 > d2",
        "{u}require d1 > d2 + gap or d2 > d1 + gap\nlonger = d1 > d2",
        "{u}late = d1 > 300 ms",
        "d1 ~ {400 ms, 440 ms}\nd2 ~ {400 ms, 600 ms}\nlonger = d1 > d2",
        "d1 ~ uniform(200 ms, 300 ms)\nd2 ~ uniform(320 ms, 400 ms)\nlonger = d1 > d2",
        "d1 ~ {200 ms, 400 ms}\nd2 = 2 * d1\nlonger = d1 > d2",
    ],
)
def test_durations_that_are_a_step_apart_are_not_warned_of(trial: str) -> None:
    either = "d1 ~ uniform(200 ms, 600 ms)\nd2 ~ uniform(200 ms, 600 ms)\n"
    assert blurred(trial.replace("{u}", either), params="gap = 30 ms") == []


def test_times_that_last_for_nothing_are_not_warned_of() -> None:
    assert blurred("d1 ~ uniform(0 ms, 1 s)\nd2 ~ uniform(0 ms, 1 s)\nx = d1 > d2", "a: 1 s") == []


def test_what_a_network_did_is_no_drawn_duration() -> None:
    text = task(
        trial="produced ~ uniform(200 ms, 800 ms)",
        epochs="wait: 100 ms\nshow: produced\nafter: 400 ms",
        score="went = first_above(out @ show..after, 0.5)\n"
        "correct = abs(went - produced) <= 0.1 * produced + 25 ms",
    )
    found = checked(text)
    assert [one.code for one in grid(found.task, found.bounds, 20.0)] == []
