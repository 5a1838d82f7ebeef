"""Signals as functions: against loops written from their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from epochal.compiler.prelude.signals import (
    at_events,
    ema,
    event_count,
    event_times,
    event_words,
    integral,
    lag,
    latch,
    ou,
    pulses,
    random_walk,
    step_normals,
)
from epochal.compiler.prelude.timeline import flat_steps
from epochal.compiler.prelude.words import Array, Draw

STEPS = flat_steps(np.array([3, 0, 5]), np.array([9, 0, 6]))[2]
X = np.array([0.0, 2.0, 0.0, -1.0, 0.0, 0.0, 4.0])
DT = 10.0


def test_the_flat_steps_of_these_tests_are_three_spans_one_of_them_empty() -> None:
    assert STEPS.tolist() == [0, 1, 2, 3, 4, 5, 0]


def test_a_latch_holds_what_was_not_zero_and_starts_anew_in_every_span() -> None:
    assert latch(X, STEPS, 7).tolist() == [7, 2, 2, -1, -1, -1, 4]
    assert latch(0, STEPS, 7).tolist() == [7] * 7
    assert latch(X, STEPS, np.arange(7.0)).tolist() == [0, 2, 2, -1, -1, -1, 4]


def test_a_latch_of_several_holds_each() -> None:
    both = latch(np.stack([X, -X], axis=1), STEPS, 0)
    assert both.tolist() == [[0, 0], [2, -2], [2, -2], [-1, 1], [-1, 1], [-1, 1], [4, -4]]


def test_an_integral_is_the_area_from_the_start_of_the_span_to_the_start_of_the_step() -> None:
    assert integral(X, STEPS, DT).tolist() == [0, 0, 20_000, 20_000, 10_000, 10_000, 0]
    assert integral(1, STEPS, DT).tolist() == [0, 1e4, 2e4, 3e4, 4e4, 5e4, 0]


def test_a_lag_looks_back_and_finds_nothing_before_the_span() -> None:
    assert lag(X, STEPS, 20_000, DT).tolist() == [0, 0, 0, 2, 0, -1, 0]
    assert lag(X, STEPS, 0, DT).tolist() == X.tolist()
    assert lag(X, STEPS, np.full(7, 15_000), DT).tolist() == [0, 0, 0, 2, 0, -1, 0]
    assert lag(X, STEPS, 10_000_000, DT).tolist() == [0] * 7


def test_an_average_follows_its_equation_exactly_within_steps() -> None:
    y = ema(np.ones(7), STEPS, 25_000, DT)
    expected = [1 - math.exp(-k * 10 / 25) for k in STEPS]
    np.testing.assert_allclose(y, expected, atol=1e-15)
    both = ema(np.stack([X, 3 * X], axis=1), STEPS, np.full(7, 25_000), DT)
    np.testing.assert_allclose(both[:, 1], 3 * both[:, 0])
    np.testing.assert_allclose(both[:, 0], ema(X, STEPS, 25_000, DT))


def test_no_steps_at_all_give_no_values() -> None:
    none = np.zeros(0, np.int64)
    x = np.zeros((0, 2))
    for found in (latch(x, none, 0), lag(x, none, 5, DT), integral(x, none, DT)):
        assert found.shape == (0, 2)
    assert ema(x, none, 10_000, DT).shape == (0, 2)


@given(
    st.lists(st.tuples(st.floats(0, 2e5), st.sampled_from([-1.0, 0.5, 2.0])), max_size=6),
    st.integers(1, 90_000),
    st.integers(0, 250_000),
    st.sampled_from([1.0, 7.0, 20.0]),
)
def test_pulses_are_laid_out_step_by_step(
    events: list[tuple[float, float]], width: int, over: int, dt: float
) -> None:
    n_steps, step = 30, round(dt * 1000)
    time = np.array([[t for t, _ in events] + [math.nan]])
    height = np.array([[h for _, h in events] + [math.nan]])
    expected = [0.0] * n_steps
    end = math.floor(over / step + 0.5)
    for t, h in events:
        first = min(math.floor(t / step + 0.5), end - 1)
        last = max(min(math.floor((t + width) / step + 0.5), end), first + 1)
        for k in range(max(first, 0), min(last, n_steps)):
            expected[k] += h
    found = pulses(time, height, width, over, n_steps, dt)
    assert found.shape == (1, n_steps)
    np.testing.assert_allclose(found[0], expected)


def test_pulses_that_cancel_leave_exactly_nothing() -> None:
    time, height = np.array([[0.0, 0.0, 0.0]]), np.array([[0.1, 0.2, -0.1]])
    found = pulses(time, height, 20_000, 10**6, 4, DT)
    assert found[0].tolist() == [0.1 + 0.2 - 0.1] * 2 + [0, 0]


def test_widths_and_ends_may_differ_from_trial_to_trial() -> None:
    time, height = np.full((2, 3, 1), 10_000.0), np.ones((2, 3, 1))
    width, over = np.array([10_000, 50_000]), np.array([10**6, 30_000])
    found = pulses(time, height, width, over, 6, DT)
    assert found[:, :, 2].tolist() == [[0, 1, 0, 0, 0, 0], [0, 1, 1, 0, 0, 0]]


def train(n: int, rate: float | Array, refractory: float, over: float, most: int) -> Array:
    return event_times(event_words(Draw(n, 1, 2, 3), "x", most), rate, refractory, over, "x")


def test_events_keep_their_distance_and_end() -> None:
    time = train(500, 50.0, 20_000, 400_000, 20)
    gaps = np.diff(time, axis=1)
    assert np.nanmin(gaps) > 20_000
    assert np.nanmax(time) < 400_000
    assert (np.isnan(time) == (np.cumsum(np.isnan(time), axis=1) > 0)).all()
    assert (event_count(time) == np.isfinite(time).sum(axis=1)).all()


def test_a_rate_of_zero_has_no_events() -> None:
    assert event_count(train(3, np.array([0.0, 100.0, 0.0]), 0, 10**6, 200)).tolist()[::2] == [0, 0]


def test_the_room_for_events_moves_none_of_them() -> None:
    few, many = (train(40, 5.0, 0, 10**6, most) for most in (25, 60))
    np.testing.assert_array_equal(few, many[:, :25])


def test_more_events_than_there_is_room_for_are_an_error() -> None:
    with pytest.raises(ValueError, match="x has more than 3 events"):
        train(40, 20.0, 0, 10**6, 3)


def test_every_event_has_a_height() -> None:
    time = np.array([[5.0, np.nan]])
    assert at_events(time, 2)[0, 0] == 2
    assert np.isnan(at_events(time, np.array([[1.0, 1.0]]))[0, 1])


def words(row: Array, seed: int = 5, batch: int = 0) -> dict[str, Array]:
    n = len(row)
    keys = {"design seed": seed, "design stream": 1, "design batch": batch}
    return {name: np.full(n, key, np.uint64) for name, key in keys.items()} | {"design row": row}


def test_steps_have_the_words_of_their_trial_wherever_it_stands() -> None:
    whole = step_normals(words(np.arange(8)), "var:x", 12, 2)
    some = step_normals(words(np.array([6, 1])), "var:x", 9, 2)
    np.testing.assert_array_equal(some, whole[[6, 1], :9])


def test_a_table_may_hold_trials_of_several_batches() -> None:
    parts = [words(np.arange(3), seed=2**64 - 1), words(np.arange(3), batch=4)]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    apart = [step_normals(part, "var:x", 5) for part in parts]
    np.testing.assert_array_equal(step_normals(joined, "var:x", 5), np.concatenate(apart))


def test_processes_follow_their_equations() -> None:
    z = step_normals(words(np.arange(4)), "var:x", 6, 2)
    sd, tau = np.array([0.0, 1.0, 2.0, 3.0]), 30_000
    x, walk = ou(z, sd, tau, DT), random_walk(z, sd, DT)
    kept = math.exp(-10 / 30)
    np.testing.assert_allclose(x[:, 0], sd[:, None] * z[:, 0])
    assert (walk[:, 0] == 0).all()
    for k in range(1, 6):
        fresh = sd[:, None] * math.sqrt(1 - kept**2) * z[:, k]
        np.testing.assert_allclose(x[:, k], kept * x[:, k - 1] + fresh)
        np.testing.assert_allclose(walk[:, k], walk[:, k - 1] + sd[:, None] * 0.1 * z[:, k])
