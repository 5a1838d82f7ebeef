"""Record the trials that PsychRNN's own tasks make, for `test_psychrnn_trials.py`.

PsychRNN 1.0.0 works beside TensorFlow 2.21.  In an environment of its own:

    python -m venv psychrnn && psychrnn/bin/pip install psychrnn tensorflow
    psychrnn/bin/python tests/peers/record_psychrnn.py

which writes ``tests/peers/recorded/psychrnn.json``.  Its times are drawn in continuous ms and hit
steps that lie inside of them, up to half a step later than ours: durations that are
drawn are compared as they were drawn, not in steps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from peer_statistics import Array, Collected, Recorded, Trials, recorded, write
from psychrnn.tasks.delayed_discrim import DelayedDiscrimination
from psychrnn.tasks.match_to_category import MatchToCategory
from psychrnn.tasks.perceptual_discrimination import PerceptualDiscrimination

DT, T, TRIALS, PART = 10, 2000, 6_000, 250
Params = Mapping[str, Any]


def record(
    made: Any,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    edges: Callable[[Params], Mapping[str, tuple[float, float]]],
    values: Callable[[Params], Mapping[str, object]],
    *,
    fixed: bool = False,
) -> Recorded:
    """Draw trials of one task; ``edges`` gives the times in ms that bound its epochs."""
    np.random.seed(2021)
    collected = Collected()
    for _ in range(TRIALS // PART):
        x, y, mask, params = made.get_trial_batch()
        spans = [edges(one) for one in params]
        drawn = [values(one) for one in params]
        collected.add(
            Trials(
                inputs=x,
                targets=y,
                weights=np.asarray(mask, float),
                epochs={name: steps([one[name] for one in spans], x.shape[1]) for name in spans[0]},
                values={name: np.array([one[name] for one in drawn]) for name in drawn[0]},
                input_names=inputs,
                output_names=outputs,
            ),
            steps=fixed,
        )
    return recorded(collected, DT, f"{type(made).__name__}, T = {T} ms, {TRIALS} trials")


def steps(spans: list[tuple[float, float]], n_steps: int) -> Array:
    """Give the first step at or after each start, and the first at or after each end."""
    found: Array = np.minimum(np.ceil(np.array(spans) / DT).astype(int), n_steps)
    return found


def perceptual_discrimination() -> Recorded:
    def edges(p: Params) -> dict[str, tuple[float, float]]:
        off = p["onset_time"] + p["stim_duration"]
        return {
            "onset": (0, p["onset_time"]),
            "stim": (p["onset_time"], off),
            "grace": (off, off + 20),
            "response": (off + 20, T),
        }

    def values(p: Params) -> dict[str, object]:
        return {
            "coherence": p["coherence"],
            "direction": ("first", "second")[p["direction"]],
            "onset": p["onset_time"],
            "stim": p["stim_duration"],
        }

    made = PerceptualDiscrimination(dt=DT, tau=100, T=T, N_batch=PART)
    names = ("stimulus[first]", "stimulus[second]"), ("choice[first]", "choice[second]")
    return record(made, *names, edges, values)


def delayed_discrimination() -> Recorded:
    marks = ("stimulus_1", "delay", "stimulus_2", "decision", "end")
    epochs = ("onset", "first", "delay", "second", "decision")

    def edges(p: Params) -> dict[str, tuple[float, float]]:
        times = [0, *(p[mark] for mark in marks), T]
        ends = zip((*epochs, "rest"), pairwise(times), strict=True)
        return dict(ends)

    def values(p: Params) -> dict[str, object]:
        found = {name: after - before for name, (before, after) in edges(p).items()}
        answer = ("f1_higher", "f2_higher")[p["choice"]]
        return {**found, "f1": p["f1"], "f2": p["f2"], "answer": answer}

    made = DelayedDiscrimination(dt=DT, tau=100, T=T, N_batch=PART)
    names = ("rising", "falling"), ("choice[f1_higher]", "choice[f2_higher]")
    return record(made, *names, edges, values)


def match_to_category() -> Recorded:
    def edges(_: Params) -> dict[str, tuple[float, float]]:
        return {"baseline": (0, 200), "sample": (200, 1200), "response": (1200, T)}

    def values(p: Params) -> dict[str, object]:
        return {"theta": np.degrees(p["angle"]), "category": p["category"]}

    made = MatchToCategory(dt=DT, tau=100, T=T, N_batch=PART)
    names = tuple(f"stim[{k}]" for k in range(16)), ("choice[0]", "choice[1]")
    return record(made, *names, edges, values, fixed=True)


if __name__ == "__main__":
    tasks = (perceptual_discrimination, delayed_discrimination, match_to_category)
    path = Path(__file__).parent / "recorded" / "psychrnn.json"
    write(path, "PsychRNN 1.0.0", {one.__name__: one() for one in tasks})
