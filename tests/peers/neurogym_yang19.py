"""The twenty environments of NeuroGym's collection yang19, for `record_neurogym.py`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from neurogym.envs.collections import yang19
from neurogym_trials import DT, Made, fixation_until, raw, record, spans_of, units
from peer_statistics import Recorded

INPUTS = ["fixation", *units("mod1", 16), *units("mod2", 16)]
OUTPUTS = ["hold", *units("choice", 16)]


def reach(name: str) -> Recorded:
    """Meant: nothing."""
    reaction = name.startswith("rt")
    return record(
        getattr(yang19, name)(dt=DT),
        INPUTS,
        OUTPUTS,
        spans_of("fix=fixation decision" if reaction else "fix=fixation show=stimulus decision"),
        lambda made: {"answer": made.trial["ground_truth"]},
    )


def place(theta: float) -> int:
    return round(theta / (2 * np.pi / 16)) % 16


def shown(env: Any) -> tuple[tuple[int, float], ...]:
    """List the modalities that are shown, and how much each counts."""
    every = ((1, env.w_mod1, env.stim_mod1), (2, env.w_mod2, env.stim_mod2))
    return tuple((k, weight) for k, weight, there in every if there)


def stronger(made: Made, k: int) -> float:
    """Say by how much the first stimulus is stronger in a modality."""
    return float(made.trial[f"coh1_mod{k}"] - made.trial[f"coh2_mod{k}"])


def told_apart(made: Made) -> bool:
    """Meant: trials in which both stimuli are as strong are not among ours."""
    excess = sum(weight * stronger(made, k) for k, weight in shown(made.env))
    return abs(excess) > 1e-3


def decision(name: str, epochs: str) -> Recorded:
    """Meant: fixation is on until the decision."""

    def values(made: Made) -> dict[str, object]:
        places = {f"place{k}": place(made.trial[f"theta{k}"]) for k in (1, 2)}
        answer = int(made.target[made.spans["decision"][0]].argmax()) - 1
        sign = 1 if answer == places["place1"] else -1
        support = {f"support of {k}": sign * stronger(made, k) for k, _ in shown(made.env)}
        return {**places, "answer": answer, **support, **raw(made, fix="fixation")}

    return record(
        getattr(yang19, name)(dt=DT),
        INPUTS,
        OUTPUTS,
        spans_of(epochs),
        values,
        fixation_until("decision"),
        wanted=told_apart,
    )


def noise_on_both(made: Made) -> None:
    """Meant: noise falls on the modality that is not shown, too."""
    other = slice(17, 33) if made.ob[made.at("show"), 1:17].any() else slice(1, 17)
    for epoch in ("show", "again"):
        there = made.ob[made.at(epoch), other]
        made.ob[made.at(epoch), other] = made.random.normal(0, made.env.sigma, there.shape)


def category_of(where: int) -> int:
    return int(where >= 8)


def one_boundary(made: Made) -> None:
    """Meant: 180 deg is of the second category, for samples as for tests."""
    env = made.env
    sample, test = (place(made.trial[f"{name}_theta"]) for name in ("sample", "test"))
    match = sample == test if env.matchto == "sample" else category_of(sample) == category_of(test)
    made.target[:] = 0
    made.target[:, 0] = 1
    if match == env.matchgo:
        made.target[made.at("decision")] = np.eye(17)[1 + test]


def match(name: str) -> Recorded:
    return record(
        getattr(yang19, name)(dt=DT),
        INPUTS,
        OUTPUTS,
        spans_of("fix=fixation show=sample delay again=test decision"),
        lambda made: {key: place(made.trial[f"{key}_theta"]) for key in ("sample", "test")},
        noise_on_both,
        one_boundary,
        fixation_until("decision"),
    )


REACH = ("go", "rtgo", "dlygo", "anti", "rtanti", "dlyanti")
AT_ONCE = ("dm1", "dm2", "ctxdm1", "ctxdm2", "multidm")
DELAYED = ("dlydm1", "dlydm2", "ctxdlydm1", "ctxdlydm2", "multidlydm")
YANG19: dict[str, Callable[[], Recorded]] = {
    **{f"yang19 {name}": partial(reach, name) for name in REACH},
    **{
        f"yang19 {name}": partial(decision, name, "fix=fixation show=stimulus decision")
        for name in AT_ONCE
    },
    **{
        f"yang19 {name}": partial(decision, name, "fix=fixation stim1 delay stim2 decision")
        for name in DELAYED
    },
    **{f"yang19 {name}": partial(match, name) for name in ("dms", "dnms", "dmc", "dnmc")},
}
