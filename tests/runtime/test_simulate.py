"""The NumPy simulator is TensorFlow's forward pass, and does what is asked of it meanwhile."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from epochal.runtime.batch import Float, Stream
from epochal.runtime.errors import RunError
from epochal.runtime.initial import initial_weights
from epochal.runtime.interventions import Clamp, Push
from epochal.runtime.models import (
    Activation,
    Area,
    Ctrnn,
    Gru,
    LeakyGru,
    Lstm,
    Model,
    OwnCell,
    Projection,
)
from epochal.runtime.noise import noise_sd, recurrent_noise
from epochal.runtime.numpy_cells import TINY
from epochal.runtime.saved import SavedNetwork, read_network
from epochal.runtime.simulate import Simulation, simulate
from epochal.runtime.weights import Connectivity, make_masks

N_BATCH, N_STEPS, N_IN, N_REC, N_OUT = 3, 9, 2, 10, 2
DT = 20.0
AREAS = (Area(name="early", units=6, outputs=False), Area(name="late", units=4, inputs=False))
PROJECTIONS = (Projection(source="early", target="late", density=0.5, excitatory=True),)

MODELS: dict[str, Model] = {
    **{f: Ctrnn(activation=f, units=N_REC, dale=0.8, autapses=False) for f in get_args(Activation)},
    **{f"rate {f}": Ctrnn(activation=f, units=N_REC, form="rate") for f in get_args(Activation)},
    "rank 2": Ctrnn(units=N_REC, rank=2, activation="tanh"),
    "rectified": Ctrnn(units=N_REC, dale=0.8, positive="rectify"),
    "areas": Ctrnn(units=N_REC, dale=0.5, areas=AREAS, projections=PROJECTIONS),
    "sigmoid readout": Ctrnn(units=N_REC, readout="sigmoid"),
    "softmax readout": Ctrnn(units=N_REC, readout="softmax"),
    "gru": Gru(units=N_REC, autapses=False),
    "leaky gru": LeakyGru(units=N_REC, activation="softplus"),
    "lstm": Lstm(units=N_REC),
    "lstm of PsychRNN": Lstm(units=N_REC, variant="psychrnn", bias=1.0, autapses=False),
}
FORMS = ("relu", "rate relu", "gru", "leaky gru", "lstm")
each_form = pytest.mark.parametrize("name", FORMS)


def network(model: Model, seed: int = 3) -> SavedNetwork:
    """Make a small network with masks and biases that are not 0."""
    draw = np.random.default_rng(seed)
    low_rank = isinstance(model, Ctrnn) and model.rank is not None
    connectivity = Connectivity(
        C_in=(draw.random((N_REC, N_IN)) < 0.8).astype(float),
        C_rec=None if low_rank else (draw.random((N_REC, N_REC)) < 0.7).astype(float),
        C_out=1.5 * (draw.random((N_OUT, N_REC)) < 0.8),
    )
    masks = make_masks(model, N_IN, N_OUT, connectivity)
    weights = initial_weights(model, masks, 1, connectivity)
    for name in ("b_rec", "b_out", "initial"):
        weights[name] = 0.3 * draw.standard_normal(weights[name].shape)
    return SavedNetwork(model, weights, connectivity, DT)


def random_inputs(seed: int = 5) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal((N_BATCH, N_STEPS, N_IN))


def by_tensorflow(saved: SavedNetwork, x: NDArray[Any], noise: Float) -> tuple[Any, Any]:
    from epochal.runtime.backend import tf
    from epochal.runtime.network import Network, run

    masks = make_masks(saved.model, N_IN, N_OUT, saved.connectivity)
    weights = {name: tf.constant(array, tf.float32) for name, array in saved.weights.items()}
    ran = run(
        Network(saved.model, masks, DT),
        weights,
        tf.constant(x, tf.float32),
        tf.constant(noise),
        tf.constant(x.shape[1]),
    )
    return ran.outputs.numpy(), ran.rates.numpy().swapaxes(0, 1)


def assert_close(found: Float, expected: Float) -> None:
    """Products of other numbers of rows may be rounded otherwise."""
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", MODELS)
def test_it_is_the_forward_pass_of_tensorflow(name: str) -> None:
    saved, x = network(MODELS[name]), random_inputs()
    sd = noise_sd(saved.model, DT)
    noise = recurrent_noise(N_STEPS, N_BATCH, N_REC, sd, 7, Stream.TEST, 0)
    outputs, rates = by_tensorflow(saved, x, noise)
    ours = simulate(saved, x, noise=True, seed=7)
    np.testing.assert_allclose(ours.rates, rates, rtol=1e-5, atol=2e-6)
    np.testing.assert_allclose(ours.outputs, outputs, rtol=1e-5, atol=2e-6)
    assert np.abs(outputs).max() > 0.1
    assert {a.dtype for a in (ours.rates, ours.outputs, ours.states)} == {np.dtype("float32")}


@each_form
def test_a_simulation_goes_on_from_any_state(name: str) -> None:
    saved, x = network(MODELS[name]), random_inputs()
    whole = simulate(saved, x)
    rest = simulate(saved, x[:, 4:], initial=whole.states[:, 3])
    assert_close(rest.states, whole.states[:, 4:])
    assert_close(rest.outputs, whole.outputs[:, 4:])


@each_form
def test_without_input_it_runs_as_many_trials_as_there_are_states(name: str) -> None:
    saved = network(MODELS[name])
    begin = np.stack([saved.weights["initial"], 0 * saved.weights["initial"]])
    alone = simulate(saved, 5, initial=begin)
    assert alone.outputs.shape == (2, 5, N_OUT)
    assert_close(alone.rates[:1], simulate(saved, 5).rates)
    assert_close(alone.rates, simulate(saved, np.zeros((2, 5, N_IN)), initial=begin).rates)


@each_form
def test_a_lesion_is_a_network_without_what_the_units_send(name: str) -> None:
    saved, x, units = network(MODELS[name]), random_inputs(), [1, 4, 5]
    ours = simulate(saved, x, lesion=units)
    assert not ours.rates[:, :, units].any()
    weights = {key: array.copy() for key, array in saved.weights.items()}
    weights["W_rec"][..., units] = 0
    weights["W_out"][:, units] = 0
    cut = simulate(SavedNetwork(saved.model, weights, saved.connectivity, DT), x)
    np.testing.assert_allclose(ours.outputs, cut.outputs, rtol=1e-6, atol=1e-6)
    assert np.abs(ours.outputs - simulate(saved, x).outputs).max() > 1e-3


@each_form
def test_a_clamp_holds_rates_in_its_steps_alone(name: str) -> None:
    saved, x = network(MODELS[name]), random_inputs()
    free = simulate(saved, x)
    ours = simulate(saved, x, clamp=[Clamp([2, 3], 0.7, begin=3, end=5)])
    np.testing.assert_array_equal(ours.rates[:, :3], free.rates[:, :3])
    assert (ours.rates[:, 3:5, [2, 3]] == np.float32(0.7)).all()
    assert not (ours.rates[:, 5:, [2, 3]] == np.float32(0.7)).any()
    np.testing.assert_array_equal(ours.rates[:, 3, 4:], free.rates[:, 3, 4:])
    assert np.abs(ours.rates[:, 4, 4:] - free.rates[:, 4, 4:]).max() > 1e-4


def test_rates_held_at_what_they_are_change_nothing() -> None:
    saved, x = network(MODELS["gru"]), random_inputs()
    free = simulate(saved, x)
    held = [Clamp(range(N_REC), free.rates[:, t], t, t + 1) for t in range(1, N_STEPS)]
    assert_close(simulate(saved, x, clamp=held).outputs, free.outputs)


def test_what_rates_were_held_at_is_what_a_state_goes_on_from() -> None:
    saved, x = network(MODELS["rate relu"]), random_inputs()
    ours = simulate(saved, x, clamp=[Clamp(0, 2.0, begin=3, end=4)])
    assert (ours.states[:, 3, 0] == 2).all()
    rest = simulate(saved, x[:, 4:], initial=ours.states[:, 3])
    assert_close(rest.rates, ours.rates[:, 4:])


@each_form
def test_a_push_is_an_input_to_the_units(name: str) -> None:
    saved, x = network(MODELS[name]), random_inputs()
    ours = simulate(saved, x, push=[Push([0, 9], 0.5, begin=2, end=4)])
    more = {key: array.copy() for key, array in saved.weights.items()}
    taking = {"gru": 2, "leaky gru": 2, "lstm": 2}.get(name)
    bias = more["b_rec"] if taking is None else more["b_rec"][taking]
    bias[[0, 9]] += 0.5  # the same, for as long as it lasts
    pushed = SavedNetwork(saved.model, more, saved.connectivity, DT)
    before = simulate(saved, x[:, :2])
    during = simulate(pushed, x[:, 2:4], initial=before.states[:, -1])
    after = simulate(saved, x[:, 4:], initial=during.states[:, -1])
    parts = [one.outputs for one in (before, during, after)]
    np.testing.assert_allclose(ours.outputs, np.concatenate(parts, axis=1), rtol=1e-5, atol=1e-6)


def test_pushes_may_differ_by_trial_and_add_up() -> None:
    saved, x = network(MODELS["relu"]), random_inputs()
    sizes = np.array([[0.0], [1.0], [2.0]])
    ours = simulate(saved, x, push=[Push(0, sizes), Push(0, -1.0)])
    np.testing.assert_array_equal(ours.outputs[1], simulate(saved, x).outputs[1])
    twice = simulate(saved, x, push=[Push(0, 1.0)])
    np.testing.assert_array_equal(ours.outputs[2], twice.outputs[2])


@each_form
def test_a_factor_multiplies_the_recurrent_weights(name: str) -> None:
    saved, x = network(MODELS[name]), random_inputs()
    free = simulate(saved, x)
    ones = simulate(saved, x, factor=np.ones(N_STEPS))
    np.testing.assert_allclose(ones.outputs, free.outputs, rtol=1e-6, atol=1e-6)
    cut = np.ones((N_REC, N_REC))
    cut[3, 7] = 0  # from unit 7 to unit 3
    ours = simulate(saved, x, factor=lambda t: cut if t >= 4 else 1.0)
    weights = {key: array.copy() for key, array in saved.weights.items()}
    weights["W_rec"][..., 3, 7] = 0
    without = SavedNetwork(saved.model, weights, saved.connectivity, DT)
    rest = simulate(without, x[:, 4:], initial=free.states[:, 3])
    np.testing.assert_allclose(ours.rates[:, 4:], rest.rates, rtol=1e-6, atol=1e-6)
    by_array = simulate(
        saved, x, factor=np.stack([cut if t >= 4 else 1 + 0 * cut for t in range(9)])
    )
    np.testing.assert_array_equal(ours.outputs, by_array.outputs)


def test_noise_is_as_large_as_asked_and_the_same_for_a_seed() -> None:
    saved, x = network(MODELS["relu"]), np.zeros((50, 40, N_IN))
    quiet = simulate(saved, x)
    np.testing.assert_array_equal(quiet.rates[0], quiet.rates[1])
    ours = simulate(saved, x, noise=0.2, seed=1)
    np.testing.assert_array_equal(ours.rates, simulate(saved, x, noise=0.2, seed=1).rates)
    assert (ours.rates != simulate(saved, x, noise=0.2, seed=2).rates).any()
    first = ours.states[:, 0] - quiet.states[:, 0]
    assert first.std() == pytest.approx(np.sqrt(2 * DT / 100) * 0.2, rel=0.1)


@pytest.mark.parametrize("name", ["relu", "softplus", "power", "linear", *FORMS[1:]])
def test_no_number_decays_into_denormals(name: str) -> None:
    model = MODELS[name]
    saved = network(model)
    weights = {key: 0 * array for key, array in saved.weights.items()}
    weights["b_rec"] = np.full_like(weights["b_rec"], -85.0 if name == "softplus" else 0.0)
    weights["W_rec"] = np.full_like(weights["W_rec"], 1e-5)
    silent = SavedNetwork(model, weights, Connectivity(), DT)
    x = np.full((2, 600, N_IN), 1e-42)
    x[:, :, 1] = 0
    ran = simulate(silent, x, initial=np.full(weights["initial"].shape, 0.3))
    for array in (ran.states, ran.rates, ran.outputs):
        assert not ((array != 0) & (np.abs(array) < TINY)).any()
    if name in ("relu", "rate relu", "linear"):
        assert not ran.states[:, -1].any()
        assert ran.states[:, 0].all()


def test_units_of_an_area_go_by_its_name() -> None:
    saved, x = network(MODELS["areas"]), random_inputs()
    ours = simulate(saved, x, lesion="late")
    assert not ours.rates[:, :, 6:].any()
    assert ours.rates[:, :, :6].any()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"inputs": np.zeros((1, 2, 3))}, r"inputs have shape \(1, 2, 3\), expected .* 2\)"),
        ({"inputs": 0}, "none of 0"),
        ({"lesion": 10}, "no unit 10: the units are 0 to 9"),
        ({"lesion": [1, 1]}, "named twice"),
        ({"lesion": "early"}, "no area 'early'"),
        ({"push": [Push(0, 1.0, begin=3, end=3)]}, "not a span of the 9 steps"),
        ({"clamp": [Clamp([0, 1], np.zeros(3))]}, r"clamp of 2 units in 3 trials has shape \(3,\)"),
        ({"push": [Push(0, np.nan)]}, "finite"),
        ({"initial": np.zeros(9)}, r"initial has shape \(9,\)"),
        ({"initial": np.zeros((2, 10))}, "initial is of 2 trials, the inputs of 3"),
        ({"factor": np.ones(8)}, "factor is of 8 steps, the inputs of 9"),
        ({"factor": lambda t: np.ones(3)}, r"factor at step 0 has shape \(3,\)"),
        ({"noise": -1.0}, "noise = -1 is not allowed"),
        ({"noise": np.zeros((9, 3, 2))}, "noise has shape"),
        ({"dt": -5.0}, "dt = -5 is not allowed"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: dict[str, Any], said: str) -> None:
    given = {"inputs": random_inputs(), **arguments}
    with pytest.raises(RunError, match=said):
        simulate(network(MODELS["relu"]), **given)


def test_a_weights_file_is_a_network_that_needs_a_step(tmp_path: Path) -> None:
    saved, x = network(MODELS["rectified"]), random_inputs()
    saved.write(tmp_path / "one.safetensors")
    again: Simulation = simulate(tmp_path / "one.safetensors", x, dt=DT)
    np.testing.assert_allclose(again.outputs, simulate(saved, x).outputs, rtol=1e-5, atol=1e-6)
    with pytest.raises(RunError, match="give dt"):
        simulate(tmp_path / "one.safetensors", x)
    with pytest.raises(RunError, match="neither a run directory nor a weights file"):
        read_network(tmp_path / "two.safetensors")


def test_a_cell_of_ones_own_is_left_to_tensorflow() -> None:
    saved = network(MODELS["relu"])
    own = SavedNetwork(OwnCell(cell="mine", units=N_REC), saved.weights, saved.connectivity, DT)
    with pytest.raises(RunError, match="only TensorFlow can run it"):
        simulate(own, random_inputs())
