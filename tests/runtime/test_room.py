"""A training that has no room in memory is refused before it takes any."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from sides import Sides

from epochal.runtime import room
from epochal.runtime.config import Profile
from epochal.runtime.errors import RunError
from epochal.runtime.room import check_room
from epochal.runtime.train import train


def with_batch(batch: int) -> Profile:
    profile = Profile()
    return replace(profile, training=replace(profile.training, batch=batch))


def test_a_batch_beyond_the_memory_is_refused_with_the_size_that_fits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "physical_memory", lambda: 2**30)
    with pytest.raises(RunError, match=r"takes about \d+ GiB .* make `batch` ([\d,]+) at") as told:
        check_room(with_batch(100_000), 100, 9)
    most = int(str(told.value).split("make `batch` ")[1].split(" at")[0].replace(",", ""))
    check_room(with_batch(most), 100, 9)
    with pytest.raises(RunError):
        check_room(with_batch(most + 1), 100, 9)


def test_training_asks_before_it_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "physical_memory", lambda: 2**20)
    with pytest.raises(RunError, match="this machine has 0 GiB"):
        train(Sides(), with_batch(1000))


def test_a_machine_that_does_not_tell_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "physical_memory", lambda: None)
    check_room(with_batch(10**9), 100, 9)


def test_this_machine_tells_or_says_that_it_does_not() -> None:
    memory = room.physical_memory()
    assert memory is None or memory > 2**28
