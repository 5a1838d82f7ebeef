"""From the source of a printed module to its functions."""

import linecache
from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.batch import Column, Float

Trials = dict[str, Column]


class Generate(Protocol):
    """``generate`` of a printed module."""

    def __call__(
        self,
        n: int,
        dt: float,
        seed: int,
        batch: int,
        stream: int,
        noise: bool,
        out: tuple[Float, Float, Float] | None,
    ) -> tuple[Float, Float, Float, Trials]:
        """Make one batch."""


class Timeline(Protocol):
    """``timeline`` of a printed module."""

    def __call__(self, trials: Mapping[str, Column], dt: float) -> NDArray[np.int64]:
        """Say at which step each segment stops."""


class ScoreOutputs(Protocol):
    """``score`` of a printed module."""

    def __call__(self, outputs: Float, trials: Mapping[str, Column], dt: float) -> Trials:
        """Score outputs."""


@dataclass(frozen=True, slots=True)
class Trialmaker:
    """The functions of one printed module, and what it says of itself."""

    generate: Generate
    timeline: Timeline
    score: ScoreOutputs
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    epochs: Mapping[str, tuple[int, int]]
    labels: Mapping[str, tuple[str, ...]]
    units: Mapping[str, str]


def load_module(source: str, name: str) -> Trialmaker:
    """Run a printed module; tracebacks show its lines.

    The source comes from our own printer, never from a user.
    """
    file = f"<epochal {name}>"
    module = ModuleType(f"epochal_trials_{name}")
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), module.__dict__)
    task = module.TASK
    return Trialmaker(
        generate=cast("Generate", module.generate),
        timeline=cast("Timeline", module.timeline),
        score=cast("ScoreOutputs", module.score),
        inputs=task["inputs"],
        outputs=task["outputs"],
        epochs=task["epochs"],
        labels=task["labels"],
        units=task["units"],
    )
