"""NeuroGym's tasks of one step and of blocks of trials, for `record_neurogym.py`.

What follows from block to block differs on purpose; compared is what a block is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np
from neurogym.envs.collections.perceptualdecisionmaking import ibl20
from neurogym.envs.contrib.ibl import IBL, IBL_Block
from neurogym.envs.contrib.memoryrecall import MemoryRecall
from neurogym.envs.native.perceptualdecisionmaking import PerceptualDecisionMaking
from neurogym.wrappers.block import TrialHistoryV2
from neurogym_trials import DT, PART, SEED, TRIALS, Made, summed_up, together, units
from peer_statistics import Collected, Recorded

SIDES = ("left", "right")


def unchecked(kind: Any) -> Any:
    """Make a task that NeuroGym 2.3.1 refuses to make, as it has no periods."""
    env = kind.__new__(kind)
    env.__init__()
    return env


def ibl() -> Recorded:
    """Meant: the answer is not wanted in the step that first shows the stimulus."""
    env = unchecked(IBL)
    env._rng = np.random.default_rng(SEED)
    env.block_size = TRIALS
    env.new_trial()
    collected = Collected()
    for start in range(0, TRIALS, PART):
        parts = []
        for k in range(start, start + PART):
            drawn = {"answer": SIDES[env.ground_truth[k]], "coh": env.coh[k] / 100}
            target, rest = np.eye(2)[[env.ground_truth[k]]], np.zeros((1, 2))
            ob = np.concatenate((env.ob[[k]], rest))  # a step of nothing follows
            target = np.concatenate((target, rest))
            parts.append(Made(env, drawn, ob, target, {"decision": (0, 1)}, {}))
        values = together(parts, units("stimulus", SIDES), units("choice", SIDES), _drawn)
        collected.add(values, steps=False)
    return summed_up(collected, f"IBL, {TRIALS} trials", 100.0)


def _drawn(made: Made) -> Mapping[str, object]:
    return made.trial


def ibl_block() -> Recorded:
    env = unchecked(IBL_Block)
    env._rng = np.random.default_rng(SEED)

    def trials() -> Iterable[dict[str, float]]:
        while True:
            env.new_trial()
            answer = env.ground_truth[env.ind] == 1
            yield {f"right when {('rightward', 'leftward', 'even')[env.block]}": float(answer)}

    return answers(trials(), "IBL_Block")


def ibl20_blocks() -> Recorded:
    env = ibl20(dt=DT)
    env.seed(SEED)

    def trials() -> Iterable[dict[str, float]]:
        while True:
            trial = env.new_trial()
            yield {f"right when {env.schedule.i} is favoured": float(trial["ground_truth"])}

    return answers(trials(), "ibl20")


def priors() -> Recorded:
    """Meant: which of two matrices of TrialHistoryV2 holds changes from time to time."""

    def trials() -> Iterable[dict[str, float]]:
        for name, p in (("repeating", 0.9), ("alternating", 0.1)):
            matrix = np.array([[p, 1 - p], [1 - p, p]])
            env = TrialHistoryV2(PerceptualDecisionMaking(dt=DT), matrix)
            env.unwrapped.seed(SEED)
            before = env.new_trial()["ground_truth"]
            for _ in range(TRIALS // 2):
                answer = env.new_trial()["ground_truth"]
                yield {f"repeated when {name}": float(answer == before)}
                before = answer

    return answers(trials(), "TrialHistoryV2")


def answers(trials: Iterable[dict[str, float]], about: str) -> Recorded:
    """Sum up how often answers were such and such."""
    drawn = [one for one, _ in zip(trials, range(TRIALS), strict=False)]
    names = sorted({name for one in drawn for name in one})
    collected = Collected()
    for name in names:
        collected.numbers[name] = [np.array([one.get(name, np.nan) for one in drawn])]
    return summed_up(collected, f"{about}, {TRIALS} trials")


def memory_recall() -> Recorded:
    env = unchecked(MemoryRecall)
    env.seed(SEED)
    collected = Collected()
    for _ in range(TRIALS // PART):
        parts = []
        for _ in range(PART):
            env.new_trial()
            ob, gt, n = env.ob, env.gt, len(env.ob)
            shown = n - int(env.mask.sum())
            spans = {"show": (0, shown), "recall1": (shown, shown + 1), "recall2": (shown + 1, n)}
            parts.append(Made(env, {"n": n}, ob, gt, spans, {}))
        inputs = [*units("pattern", 10), "store"]
        collected.add(together(parts, inputs, units("recalled", 10), _drawn), steps=False)
    return summed_up(collected, f"MemoryRecall, {TRIALS} trials", 100.0)


BLOCKS: dict[str, Callable[[], Recorded]] = {
    "ibl": ibl,
    "ibl_block": ibl_block,
    "ibl20": ibl20_blocks,
    "memory_recall": memory_recall,
    "priors": priors,
}
