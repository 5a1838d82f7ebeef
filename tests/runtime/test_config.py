"""Configurations read and write JSON, and refuse what no training could use."""

from __future__ import annotations

import sys
from collections.abc import Callable
from subprocess import run

import pytest

from epochal.runtime.config import Adam, Ctrnn, Profile, Stop, Training, from_json, to_json


def test_a_profile_survives_json() -> None:
    profile = Profile(model=Ctrnn(units=7, dale=0.8), training=Training(stop=Stop(last=2)))
    assert from_json(to_json(profile)) == profile


def test_fields_left_out_have_their_defaults() -> None:
    assert from_json('{"model": {"units": 50}}') == Profile(model=Ctrnn(units=50))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ctrnn(units=0), "units = 0 is not allowed: units must be 1 to 20000"),
        (lambda: Ctrnn(tau=-1.0), "tau = -1.0 is not allowed: tau must be a positive time in ms"),
        (lambda: Ctrnn(activation="rleu"), "activation = 'rleu' .* relu, softplus"),  # type: ignore[arg-type]
        (lambda: Ctrnn(noise=float("nan")), "noise = nan"),
        (lambda: Ctrnn(dale=1.0), "dale = 1.0 is not allowed: dale must be between 0 and 1"),
        (lambda: Ctrnn(persistence=1.0), "persistence = 1.0 is not allowed"),
        (lambda: Ctrnn(units=3, dale=0.1), "only one kind of unit"),
        (lambda: Adam(rate=0.0), "rate = 0.0"),
        (lambda: Adam(clipping="no"), "clipping = 'no' .* global, each"),  # type: ignore[arg-type]
        (lambda: Training(batch=0), "batch = 0"),
        (lambda: Training(average=1.0), "average = 1.0 is not allowed"),
        (lambda: Training(loss="mae"), "loss = 'mae' .* one of mse, bce, cce"),  # type: ignore[arg-type]
        (lambda: Stop(patience=0), "patience = 0"),
        (lambda: Profile(training=Training(dt=200.0)), "dt = 200.0 ms is longer than tau"),
    ],
)
def test_a_value_that_is_not_allowed_is_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a training profile"),
        ('{"model": {"unitz": 3}}', "unknown field `unitz`"),
        ('{"model": {"units": 0}}', "units must be 1 to 20000"),
        ('{"model": {"units": "many"}}', "Expected `int`, got `str`"),
    ],
)
def test_bad_json_is_refused_with_a_reason(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json(text)


def test_light_modules_do_not_start_tensorflow() -> None:
    light = (
        "batch, config, evaluate, experiment, progress, psychrnn, recording, rundir, scoring"
        ", simulate, stopping, weights"
    )
    code = f"from epochal.runtime import {light}; import sys; print('tensorflow' in sys.modules)"
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert not done.stderr
