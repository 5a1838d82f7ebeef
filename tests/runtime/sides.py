"""A tiny task written by hand: say on which side a brief stimulus was."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from epochal.runtime.batch import Batch, Column, Float, Stream


@dataclass(frozen=True)
class Sides:
    """Stimulus for 100 ms, 60 to 120 ms of delay, response for 100 ms; some trials never count."""

    name: str = "sides"
    hash: str = "task1:0123456789ab"
    source: str = "epochal 1\n\ntask sides:\n"
    module_source: str = '"""Trials of sides."""\n'
    ir_json: bytes = b'{"name": "sides"}'
    inputs: tuple[str, ...] = ("stimulus[left]", "stimulus[right]", "go")
    outputs: tuple[str, ...] = ("choice[left]", "choice[right]")
    labels: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: {"side": ("left", "right"), "answer": ("left", "right")}
    )
    units: Mapping[str, str] = field(default_factory=lambda: {"delay": "us", "strength": ""})
    values: Mapping[str, object] = field(default_factory=lambda: {"sigma": 0.05})
    n_in: int = 3
    n_out: int = 2
    session: int = 1
    spread: int = 1
    spoil_after: int = 1_000_000  # batches of training; later ones are not numbers

    def n_steps(self, dt: float) -> int:
        return round(100 / dt) + round(120 / dt) + round(100 / dt)

    def batch(
        self,
        n: int,
        *,
        dt: float,
        seed: int,
        batch: int = 0,
        stream: Stream = Stream.TRAIN,
        noise: bool = True,
    ) -> Batch:
        draw = np.random.Generator(np.random.PCG64([seed, stream, batch]))
        side = draw.permutation(np.arange(n) % 2)
        strength = draw.choice([0.5, 1.0], n)
        delay = draw.integers(3, 7, n) * 20_000
        stimulus = round(100 / dt)
        step = np.arange(self.n_steps(dt))
        go = stimulus + np.rint(delay / 1000 / dt).astype(np.int64)
        end = go + round(100 / dt)
        responding = (step >= go[:, None]) & (step < end[:, None])

        inputs = np.zeros((n, len(step), 3), np.float32)
        inputs[np.arange(n), :stimulus, side] = strength[:, None]
        inputs[:, :, 2] = responding
        if noise:
            inputs[:, :, :2] += 0.05 * draw.standard_normal((n, len(step), 2))
        targets = np.zeros((n, len(step), 2), np.float32)
        targets[np.arange(n), :, side] = responding
        weights = np.repeat((step < end[:, None])[:, :, None], 2, axis=2).astype(np.float32)
        if stream == Stream.TRAIN and batch >= self.spoil_after:
            inputs[:] = np.nan
        return Batch(
            inputs=inputs,
            targets=targets,
            weights=weights,
            trials={"side": side, "strength": strength, "delay": delay},
            lengths=end,
            epochs={"response": np.stack([go, end], axis=1)},
            dt=dt,
        )

    def score(self, outputs: Float, batch: Batch) -> Mapping[str, Column]:
        answers = np.array(
            [
                response[go:end].mean(axis=0).argmax()
                for response, (go, end) in zip(outputs, batch.epochs["response"], strict=True)
            ]
        )
        correct: NDArray[np.float64] = (answers == batch.trials["side"]).astype(float)
        return {"answer": answers, "correct": correct}
