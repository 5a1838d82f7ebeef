"""Networks run in NumPy, and what may be done to them meanwhile.  No TensorFlow.

The equations are those of the forward pass that trains, to the precision of float32.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from msgspec.structs import replace

from epochal.runtime.batch import Batch, Float, Stream
from epochal.runtime.errors import RunError, check_seed
from epochal.runtime.interventions import Clamp, Held, Push, Units, held, pushed
from epochal.runtime.models import Ctrnn, LeakyGru
from epochal.runtime.noise import noise_sd, recurrent_noise
from epochal.runtime.numpy_cells import READOUTS, Stepper, flushed, stepper
from epochal.runtime.saved import Network, SavedNetwork, read_network
from epochal.runtime.weights import Array

Factor: TypeAlias = Array | Callable[[int], float | Array]
"""What multiplies the recurrent weights: an array whose first axis is steps, or a function of t."""

NOTHING = np.zeros((1, 1, 1), np.float32)


@dataclass(frozen=True, eq=False)
class Simulation:
    """What a network did.

    Attributes
    ----------
    inputs, outputs, rates
        (N_batch, N_steps, N_in), (N_batch, N_steps, N_out) and (N_batch, N_steps, N_rec), float32.
    states
        (N_batch, N_steps, N_rec): currents in the `current` form, otherwise the rates; of an
        LSTM (N_batch, N_steps, 2, N_rec), rates and cells.  ``states[:, t]`` is an ``initial``
        from which a simulation goes on.
    dt
        Step in ms.
    """

    inputs: Float
    outputs: Float
    rates: Float
    states: Float
    dt: float


def simulate(
    network: Network,
    inputs: Batch | Array | int,
    *,
    dt: float | None = None,
    initial: Array | None = None,
    noise: bool | float | Array = False,
    seed: int = 0,
    push: Sequence[Push] = (),
    clamp: Sequence[Clamp] = (),
    lesion: Units = (),
    factor: Factor | None = None,
) -> Simulation:
    """Run a saved network.

    Parameters
    ----------
    network
        The path of a run directory or of a weights file, a `Run`, or a `SavedNetwork`.
    inputs
        A batch of a task; an array (N_batch, N_steps, N_in); or a number of steps to run without
        input, as many trials as ``initial`` has.
    dt
        Step in ms; by default that of the batch, or else that of the training.
    initial
        State before the first step, of all trials or of each: (N_rec,) or (N_batch, N_rec), of an
        LSTM (2, N_rec) or (N_batch, 2, N_rec).  By default the network's own.
    noise
        Recurrent noise: none, that of the model (True), that of another ``sigma``, or an array
        (N_steps, N_batch, N_rec) that is added as it is.
    seed
        Of the noise.
    push, clamp
        Input added to units, and rates that are held, each in a span of steps.
    lesion
        Units whose rates are 0 from before the first step to the end.
    factor
        Multiplies the recurrent weights in force at each step: an array (N_steps,),
        (N_steps, N_rec, N_rec) [post, pre] or to be broadcast so, or a function of the step.  It
        reaches every gate alike.

    Raises
    ------
    RunError
        The network cannot be read, or an argument does not fit it.
    """
    saved = read_network(network)
    dt = _step_size(saved, inputs, dt)
    x, first = _inputs(saved, inputs, initial)
    n_steps, n_batch = x.shape[:2]
    weights = saved.in_force()
    cell = stepper(
        saved.model,
        dt,
        weights,
        x,
        _noise(saved, noise, seed, dt, (n_steps, n_batch)),
        pushed(push, saved.model, n_steps, n_batch),
    )
    silenced = () if np.size(lesion) == 0 else (Clamp(lesion),)
    holds = held((*clamp, *silenced), saved.model, n_steps, n_batch)
    states, rates = _run(cell, first, holds, _factors(factor, saved, n_steps))
    outputs = READOUTS[saved.model.readout](_linear(weights, rates))
    return Simulation(
        inputs=x.swapaxes(0, 1),
        outputs=outputs.swapaxes(0, 1),
        rates=rates.swapaxes(0, 1),
        states=states.swapaxes(0, 1),
        dt=dt,
    )


def _run(
    cell: Stepper, state: Float, holds: Sequence[Held], factor: Callable[[int], Float] | None
) -> tuple[Float, Float]:
    """Give states and rates of every step, time first."""
    n_steps = len(cell.drive)
    rates = cell.rates(state)
    states = np.empty((n_steps, *state.shape), np.float32)
    all_rates = states if rates is state else np.empty((n_steps, *rates.shape), np.float32)
    for hold in holds:
        hold.apply(-1, rates)
    for t in range(n_steps):
        W = cell.W_rec if factor is None else flushed(cell.W_rec * factor(t))
        state, rates = cell.step(state, rates, cell.drive[t], W)
        for hold in holds:
            hold.apply(t, rates)
        states[t], all_rates[t] = state, rates
    return states, all_rates


def _linear(w: Mapping[str, Float], rates: Float) -> Float:
    flat = rates.reshape(-1, rates.shape[-1]) @ flushed(w["W_out"].copy()).T + w["b_out"]
    linear: Float = flat.reshape(*rates.shape[:2], -1)
    return linear


def _step_size(saved: SavedNetwork, inputs: Batch | Array | int, dt: float | None) -> float:
    if isinstance(inputs, Batch):
        if dt is not None and dt != inputs.dt:
            message = f"dt = {dt:g} ms is given, and the batch has steps of {inputs.dt:g} ms"
            raise RunError(message)
        dt = inputs.dt
    found = saved.dt if dt is None else dt
    if found is None:
        if isinstance(saved.model, Ctrnn | LeakyGru):
            message = "a weights file does not say how long a step is: give dt, in ms"
            raise RunError(message)
        found = 1.0  # nothing depends on it
    if not (np.isfinite(found) and found > 0):
        message = f"dt = {found:g} is not allowed: dt is a positive time in ms"
        raise RunError(message)
    return float(found)


def _inputs(
    saved: SavedNetwork, inputs: Batch | Array | int, initial: Array | None
) -> tuple[Float, Float]:
    """Give inputs, time first, and the state before the first step."""
    own = saved.weights["initial"]
    state = np.asarray(own if initial is None else initial, np.float32)
    given = state.ndim == own.ndim + 1
    if state.shape[given:] != own.shape or not np.isfinite(state).all():
        message = f"initial has shape {state.shape}: it must be finite numbers, {own.shape} a trial"
        raise RunError(message)
    if isinstance(inputs, int | np.integer):
        x = np.zeros((len(state) if given else 1, int(inputs), saved.n_in), np.float32)
    else:
        x = np.asarray(inputs.inputs if isinstance(inputs, Batch) else inputs, np.float32)
    if x.ndim != 3 or x.shape[2] != saved.n_in or not all(x.shape[:2]):
        message = f"inputs have shape {x.shape}, expected (trials, steps, {saved.n_in}), none of 0"
        raise RunError(message)
    if given and len(state) != len(x):
        message = f"initial is of {len(state)} trials, the inputs of {len(x)}"
        raise RunError(message)
    first = np.broadcast_to(state, (len(x), *own.shape)).copy()
    return np.ascontiguousarray(x.swapaxes(0, 1)), flushed(first)


def _noise(
    saved: SavedNetwork,
    noise: bool | float | Array,
    seed: int,
    dt: float,
    size: tuple[int, int],
) -> Float:
    if isinstance(noise, np.ndarray) and noise.ndim:
        if noise.shape != (*size, saved.model.units):
            message = f"noise has shape {noise.shape}, expected {(*size, saved.model.units)}"
            raise RunError(message)
        return np.asarray(noise, np.float32)
    check_seed(seed)
    sigma = saved.model.noise if noise is True else float(noise)
    if not (np.isfinite(sigma) and sigma >= 0):
        message = f"noise = {sigma:g} is not allowed: it is 0 or more"
        raise RunError(message)
    if sigma == 0:
        return NOTHING
    sd = noise_sd(replace(saved.model, noise=sigma), dt)
    return recurrent_noise(*size, saved.model.units, sd, seed, Stream.TEST, 0)


def _factors(
    factor: Factor | None, saved: SavedNetwork, n_steps: int
) -> Callable[[int], Float] | None:
    """Give the factor of a step as a function, checked."""
    if factor is None:
        return None
    n = saved.model.units
    if not callable(factor) and len(factor) != n_steps:
        message = f"factor is of {len(factor)} steps, the inputs of {n_steps}"
        raise RunError(message)

    def at(t: int) -> Float:
        found = np.asarray(factor(t) if callable(factor) else factor[t], np.float32)
        try:
            np.broadcast_to(found, (n, n))
        except ValueError:
            message = f"factor at step {t} has shape {found.shape}, expected ({n}, {n})"
            raise RunError(message) from None
        return found

    return at
