"""Each Python example of docs/models.md runs, and what it describes trains."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from plain import Plain
from sides import Sides

from epochal.runtime import update
from epochal.runtime.config import Profile
from epochal.runtime.own import NO_CODE
from epochal.runtime.train import train
from epochal.runtime.weights import ALL_TO_ALL

TEXT = (Path(__file__).parents[2] / "docs/models.md").read_text()
EXAMPLES = re.findall(r"^```python\n(.*?)^```", TEXT, re.M | re.S)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_trains(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(update, "compiled", Plain)  # one update is soon run
    found: dict[str, Any] = {}
    exec(EXAMPLES[number], found)
    for profile in [found["profile"], *found.get("gated", ())]:
        assert isinstance(profile, Profile)
        training = replace(profile.training, batch=2, updates=1, trials=2)
        trained = train(
            Sides(),
            replace(profile, training=training),
            connectivity=found.get("connectivity", ALL_TO_ALL),
            own=found.get("own", NO_CODE),
        )
        assert trained.updates == 1


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 9
