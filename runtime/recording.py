"""Test trials run through a saved network in NumPy, with all that belongs to them, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from epochal.runtime.accuracy import accuracy_of
from epochal.runtime.batch import Batch, Float, Stream, TrialSource
from epochal.runtime.evaluate import check_fit
from epochal.runtime.noise import noise_sd, recurrent_noise
from epochal.runtime.npz import AnyArray
from epochal.runtime.rundir import Run
from epochal.runtime.scoring import batch_size
from epochal.runtime.simulate import Simulation, simulate


@dataclass(frozen=True, eq=False)
class Recording:
    """Arrays by name, first axis trials where a value is of a trial, and the accuracy."""

    arrays: dict[str, AnyArray]
    accuracy: float


def record(
    run: Run,
    task: TrialSource,
    trials: int,
    *,
    seed: int = 0,
    noise: bool = True,
    lesion: Sequence[int] = (),
) -> Recording:
    """Run fresh trials of the test stream through the network of a run.

    Trials and noise are those that `evaluate` measures with the same seed.

    Returns
    -------
    recording
        ``inputs``, ``outputs``, ``rates`` (N_batch, N_steps, ..), ``lengths`` (N_batch,),
        ``trials.NAME``, ``scores.NAME``, ``epochs.NAME`` (N_batch, 2), and for all trials
        ``dt``, ``lesion``, ``input_names``, ``output_names``, ``labels.NAME``, ``units.NAME``.
        Times in the trial table are whole us.

    Raises
    ------
    RunError
        The task is another than the one trained, or there are no such units.
    """
    check_fit(run, task)
    model, dt = run.record.profile.model, run.record.profile.training.dt
    size = batch_size(task, trials, model.units, dt)
    parts: list[dict[str, AnyArray]] = []
    for number, begin in enumerate(range(0, trials, size)):
        some = min(size, trials - begin)
        batch = task.batch(some, dt=dt, seed=seed, batch=number, stream=Stream.TEST)
        sd = noise_sd(model, dt) if noise else 0.0
        steps = batch.inputs.shape[1]
        drawn: Float = recurrent_noise(steps, size, model.units, sd, seed, Stream.TEST, number)
        ran = simulate(run, batch, noise=drawn[:, :some], lesion=lesion)
        parts.append(_of_trials(batch, ran, task))
    arrays = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    accuracy = accuracy_of(np.asarray(arrays["scores.correct"], np.float64)).accuracy
    return Recording({**arrays, **_of_all(task, dt, lesion)}, accuracy)


def _of_trials(batch: Batch, ran: Simulation, task: TrialSource) -> dict[str, AnyArray]:
    scores = task.score(ran.outputs, batch)
    return {
        "inputs": batch.inputs,
        "outputs": ran.outputs,
        "rates": ran.rates,
        "lengths": batch.lengths,
        **{f"trials.{name}": column for name, column in batch.trials.items()},
        **{f"scores.{name}": np.asarray(score) for name, score in scores.items()},
        **{f"epochs.{name}": span for name, span in batch.epochs.items()},
    }


def _of_all(task: TrialSource, dt: float, lesion: Sequence[int]) -> dict[str, AnyArray]:
    return {
        "dt": np.asarray(dt),
        "lesion": np.asarray(lesion, np.int64),
        "input_names": np.asarray(task.inputs, np.str_),
        "output_names": np.asarray(task.outputs, np.str_),
        **{f"labels.{name}": np.asarray(of, np.str_) for name, of in task.labels.items()},
        **{f"units.{name}": np.asarray(unit, np.str_) for name, unit in task.units.items()},
    }
