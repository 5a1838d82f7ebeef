"""Trials of NeuroGym's tasks, told by our names, for `record_neurogym.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from neurogym.core import TrialEnv
from neurogym_view import MOST_INPUTS, MOST_OUTPUTS, Side, kept
from peer_statistics import Array, Collected, Recorded, Trials

DT, TRIALS, PART, SEED = 10.0, 5000, 250, 2021


@dataclass
class Made:
    """One trial of the original; what `mend` functions may change.

    ``ob`` (N_steps, N_in), ``target`` (N_steps, N_out) and ``spans`` in steps, by our names;
    ``raw`` the durations in ms as they were drawn; ``random`` is for noise that is meant.
    """

    env: Any
    trial: Mapping[str, Any]
    ob: Array
    target: Array
    spans: dict[str, tuple[int, int]]
    raw: Mapping[str, float]
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(SEED))

    def at(self, epoch: str) -> slice:
        return slice(*self.spans[epoch])


Mend = Callable[[Made], None]
Values = Callable[[Made], Mapping[str, object]]


def _keep_what_is_drawn() -> None:
    """Keep durations as they are drawn, in ``raw`` of the environment."""
    sample_time = TrialEnv.sample_time

    def kept_time(self: Any, period: str) -> float:
        dt, self.dt = self.dt, 1 / 1024
        try:
            drawn = float(sample_time(self, period))
        finally:
            self.dt = dt
        self.__dict__.setdefault("raw", {})[period] = drawn
        return float((drawn // dt) * dt)

    TrialEnv.sample_time = kept_time


_keep_what_is_drawn()


def record(
    env: Any,
    inputs: Sequence[str],
    outputs: Sequence[str],
    epochs: Mapping[str, str | tuple[float, float]],
    values: Values,
    *mends: Mend,
    dt: float = DT,
    wanted: Callable[[Made], bool] = lambda _: True,
) -> Recorded:
    """Draw trials of one task.

    ``epochs`` gives the period of each of our epochs, or its ends in ms; a trial that is not
    ``wanted`` is left out.
    """
    env.seed(SEED)
    collected = Collected()
    source = (made for made in _trials(env, len(outputs), epochs, mends, dt) if wanted(made))
    for _ in range(TRIALS // PART):
        parts = [next(source) for _ in range(PART)]
        collected.add(together(parts, inputs, outputs, values), steps=False)
    return summed_up(collected, f"{type(env.unwrapped).__name__}, {TRIALS} trials", dt)


def summed_up(collected: Collected, about: str, dt: float = DT) -> Recorded:
    """Sum up what is compared."""
    edges = {name: [_rounded(one) for one in found] for name, found in collected.edges().items()}
    tallies = {name: told for name, told in collected.tallies(edges).items() if kept(name)}
    return Recorded(dt, about, edges, tallies)


def _rounded(edge: float | str) -> float | str:
    return edge if isinstance(edge, str) else float(f"{edge:.6g}")


def _trials(
    env: Any,
    n_out: int,
    epochs: Mapping[str, str | tuple[float, float]],
    mends: Sequence[Mend],
    dt: float,
) -> Iterator[Made]:
    random = np.random.default_rng(SEED)
    while True:
        trial = env.new_trial()
        base = env.unwrapped
        ob = np.array(base.ob, float)
        spans = {name: _span(base, where, dt) for name, where in epochs.items()}
        made = Made(base, trial, ob, labels(base, len(ob), n_out), spans, dict(base.raw), random)
        for mend in mends:
            mend(made)
        yield made


def _span(base: Any, where: str | tuple[float, float], dt: float) -> tuple[int, int]:
    if isinstance(where, str):
        return base.start_ind[where], base.end_ind[where]
    return round(where[0] / dt), round(where[1] / dt)


def labels(base: Any, n_steps: int, n_out: int) -> Array:
    """Give the label as targets, (N_steps, N_out): one output an action, or as it is."""
    gt = np.zeros(n_steps, int) if not base._gt_built else np.asarray(base.gt)
    return gt.astype(float) if gt.ndim == 2 else np.eye(n_out)[gt.astype(int)]


def together(
    parts: Sequence[Made], inputs: Sequence[str], outputs: Sequence[str], values: Values
) -> Trials:
    """Join what is compared of trials, padded to the longest."""
    n_steps = max(len(one.ob) for one in parts)
    drawn = [values(one) for one in parts]
    ob, target = Side(inputs, MOST_INPUTS), Side(outputs, MOST_OUTPUTS)
    return Trials(
        inputs=np.stack([_padded(ob.few(one.ob), n_steps) for one in parts]),
        targets=np.stack([_padded(target.few(one.target), n_steps) for one in parts]),
        weights=np.ones((len(parts), n_steps, len(target.names))),
        epochs={name: np.array([one.spans[name] for one in parts]) for name in parts[0].spans},
        values={name: np.array([one[name] for one in drawn]) for name in drawn[0]},
        input_names=ob.names,
        output_names=target.names,
    )


def _padded(array: Array, n_steps: int) -> Array:
    return np.pad(array, ((0, n_steps - len(array)), (0, 0)))


def units(name: str, names: int | Sequence[str]) -> list[str]:
    """Name the units of a channel."""
    each = range(names) if isinstance(names, int) else names
    return [f"{name}[{one}]" for one in each]


def fixation_until(epoch: str, column: int = 0) -> Mend:
    """Meant: fixation is on until the decision, and without noise."""

    def mend(made: Made) -> None:
        made.ob[:, column] = 0
        made.ob[: made.spans[epoch][0], column] = 1

    return mend


def spans_of(epochs: str) -> dict[str, str]:
    """Read pairs ``ours=theirs``; one word where both have the same name."""
    pairs = (one.partition("=") for one in epochs.split())
    return {ours: theirs or ours for ours, _, theirs in pairs}


def raw(made: Made, **periods: str) -> dict[str, float]:
    """Give durations as they were drawn, by our names."""
    return {ours: made.raw[theirs] for ours, theirs in periods.items()}
