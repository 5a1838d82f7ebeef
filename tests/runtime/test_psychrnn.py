"""Weights of PsychRNN's Basic are read and written as PsychRNN 1.0.0 writes and reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from epochal.runtime.errors import RunError
from epochal.runtime.initial import initial_weights
from epochal.runtime.models import Ctrnn, Gru, Model
from epochal.runtime.psychrnn import export_psychrnn, import_psychrnn
from epochal.runtime.saved import SavedNetwork
from epochal.runtime.simulate import simulate
from epochal.runtime.weights import Connectivity, effective, make_masks

N_IN, N_REC, N_OUT, N_STEPS = 3, 10, 2, 12
Arrays = dict[str, NDArray[Any]]


def of_psychrnn(
    dale_ratio: float | None = None, *, autapses: bool = True, dale_out_fixed: bool = False
) -> dict[str, Any]:
    """Make what ``get_weights`` of a Basic returns: float32 variables, W_* as effective weights."""
    draw = np.random.default_rng(2)
    C_rec = (draw.random((N_REC, N_REC)) < 0.8).astype("f4")
    if not autapses:
        np.fill_diagonal(C_rec, 0)
    signs = np.ones(N_REC, "f4")
    if dale_ratio is not None:
        signs[int(dale_ratio * N_REC) :] = -1
    reaches = np.maximum(signs, 0) if dale_out_fixed else signs  # 1.0.0 gives Dale_rec for both
    W = {n: draw.standard_normal(s).astype("f4") for n, s in SHAPES.items()}
    W["W_rec"] = W["W_rec"] * C_rec
    if dale_ratio:
        W = {"W_in": abs(W["W_in"]), "W_rec": abs(W["W_rec"]) * signs, "W_out": abs(W["W_out"])}
        W["W_out"] = W["W_out"] * reaches
    return {
        "init_state": (0.1 + 0.01 * draw.standard_normal((1, N_REC))).astype("f4"),
        **W,
        "b_rec": 0.1 * draw.standard_normal(N_REC).astype("f4"),
        "b_out": 0.1 * draw.standard_normal(N_OUT).astype("f4"),
        "Dale_rec": np.diag(signs),
        "Dale_out": np.diag(reaches),
        "input_connectivity": np.ones((N_REC, N_IN), "f4"),
        "rec_connectivity": C_rec,
        "output_connectivity": np.ones((N_OUT, N_REC), "f4"),
        "dale_ratio": dale_ratio,  # None becomes a pickle
    }


SHAPES = {"W_in": (N_REC, N_IN), "W_rec": (N_REC, N_REC), "W_out": (N_OUT, N_REC)}


def saved(folder: Path, weights: dict[str, Any]) -> Path:
    np.savez(folder / "weights.npz", **weights)
    return folder / "weights.npz"


def by_equation(w: Arrays, x: NDArray[Any], f: Callable[..., Any]) -> tuple[Any, Any]:
    """Basic's recurrent_timestep and output_timestep, at dt 10 and tau 100."""
    s, states, outputs = w["init_state"], [], []
    for t in range(x.shape[1]):
        s = 0.9 * s + 0.1 * (f(s) @ w["W_rec"].T + x[:, t] @ w["W_in"].T + w["b_rec"])
        states.append(s)
        outputs.append(f(s) @ w["W_out"].T + w["b_out"])
    return np.stack(outputs, 1), np.stack(states, 1)


def random_inputs() -> NDArray[np.float64]:
    return np.random.default_rng(4).standard_normal((5, N_STEPS, N_IN))


@pytest.mark.parametrize("dale_ratio", [None, 0.0, 1.0, 0.8])
@pytest.mark.parametrize("autapses", [True, False])
def test_a_network_that_was_read_runs_as_in_psychrnn(
    tmp_path: Path, dale_ratio: float | None, autapses: bool
) -> None:
    weights = of_psychrnn(dale_ratio, autapses=autapses, dale_out_fixed=True)
    found = import_psychrnn(saved(tmp_path, weights), tau=100, dt=10)
    outputs, states = by_equation(weights, random_inputs(), lambda s: np.maximum(s, 0))
    ours = simulate(found, random_inputs())
    np.testing.assert_allclose(ours.states, states, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(ours.outputs, outputs, rtol=1e-5, atol=1e-5)
    assert isinstance(found.model, Ctrnn)
    assert found.model.autapses == autapses
    assert found.model.dale == (0.8 if dale_ratio == 0.8 else None)
    assert found.connectivity.C_rec is not None
    assert found.connectivity.C_in is None


def test_a_network_that_was_read_can_be_trained_further(tmp_path: Path) -> None:
    path = saved(tmp_path, of_psychrnn(0.8, autapses=False, dale_out_fixed=True))
    found = import_psychrnn(path)
    begin = replace(found.connectivity, start=found.weights)
    masks = make_masks(found.model, N_IN, N_OUT, begin)
    first = effective(initial_weights(found.model, masks, 0, begin), masks)
    for name, array in found.in_force().items():
        np.testing.assert_array_equal(first[name], array)


def test_what_the_file_does_not_say_is_given(tmp_path: Path) -> None:
    weights = of_psychrnn()
    path = saved(tmp_path, weights)
    found = import_psychrnn(path, tau=50, dt=5, noise=0.1, activation="tanh")
    assert isinstance(found.model, Ctrnn)
    assert (found.model.tau, found.dt, found.model.noise) == (50, 5, 0.1)
    ours = simulate(found, random_inputs())
    np.testing.assert_allclose(
        ours.outputs, by_equation(weights, random_inputs(), np.tanh)[0], rtol=1e-5, atol=1e-5
    )


def test_inhibitory_units_that_reach_the_outputs_need_to_be_accepted(tmp_path: Path) -> None:
    weights = of_psychrnn(0.8)
    path = saved(tmp_path, weights)
    with pytest.raises(RunError, match=r"W_out is not what Dale's law .* dale=False"):
        import_psychrnn(path)
    found = import_psychrnn(path, dale=False)
    assert isinstance(found.model, Ctrnn)
    assert found.model.dale is None
    expected = by_equation(weights, random_inputs(), lambda s: np.maximum(s, 0))[0]
    ours = simulate(found, random_inputs())
    np.testing.assert_allclose(ours.outputs, expected, rtol=1e-5, atol=1e-5)


def test_a_ratio_may_be_given_for_a_file_that_lost_it(tmp_path: Path) -> None:
    weights = of_psychrnn(0.8, dale_out_fixed=True)
    del weights["dale_ratio"]
    path = saved(tmp_path, weights)
    for given, expected in ((None, None), (0.8, 0.8)):
        model = import_psychrnn(path, dale=given).model
        assert isinstance(model, Ctrnn)
        assert model.dale == expected
    with pytest.raises(RunError, match="W_rec is not what"):
        import_psychrnn(path, dale=0.5)


class Spy:
    """Say so when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("a pickle was read",))


@pytest.mark.parametrize("entry", ["dale_ratio", "transfer_function"])
def test_no_pickle_is_read(tmp_path: Path, entry: str) -> None:
    path = saved(tmp_path, {**of_psychrnn(), entry: Spy()})
    assert import_psychrnn(path).n_in == N_IN


def test_a_pickle_in_the_place_of_weights_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path, {**of_psychrnn(), "W_in": Spy()})
    with pytest.raises(RunError, match="cannot be read as weights of PsychRNN"):
        import_psychrnn(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"W_out": None}, "lacks W_out"),
        ({"W_f": np.zeros(2)}, "an LSTM of PsychRNN"),
        ({"b_rec": np.zeros(4)}, r"is \(10, 3\), expected finite numbers, \(4, 3\)"),
        ({"b_out": np.full(2, np.nan)}, "b_out is .* expected finite"),
        ({"init_state": np.zeros((5, N_REC))}, "init_state has 50 values for 10 units"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    weights = {**of_psychrnn(), **change}
    path = saved(
        tmp_path, {name: w for name, w in weights.items() if w is not None or name[0] == "d"}
    )
    with pytest.raises(RunError, match=said):
        import_psychrnn(path)


def test_what_is_no_npz_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no")
    np.save(tmp_path / "one.npy", np.zeros(3))
    for name in ("text.npz", "one.npy", "nothing.npz"):
        with pytest.raises(RunError, match=f"{name} cannot be read as weights"):
            import_psychrnn(tmp_path / name)


def network(model: Model, connectivity: Connectivity) -> SavedNetwork:
    masks = make_masks(model, N_IN, N_OUT, connectivity)
    return SavedNetwork(model, initial_weights(model, masks, 1, connectivity), connectivity, 10.0)


ALTERNATING = np.where(np.arange(N_REC) % 2, -1.0, 1.0)


@pytest.mark.parametrize(
    ("model", "connectivity"),
    [
        (Ctrnn(units=N_REC), Connectivity()),
        (Ctrnn(units=N_REC, dale=0.8, autapses=False), Connectivity(C_in=2 * np.ones((10, 3)))),
        (Ctrnn(units=N_REC, dale=0.7, positive="rectify"), Connectivity()),
        (Ctrnn(units=N_REC), Connectivity(signs=ALTERNATING)),
        (Ctrnn(units=N_REC, rank=2, activation="tanh"), Connectivity()),
    ],
)
def test_what_is_written_is_what_psychrnn_makes_of_it(
    tmp_path: Path, model: Ctrnn, connectivity: Connectivity
) -> None:
    ours = network(model, connectivity)
    params = export_psychrnn(ours, tmp_path / "out.npz")
    assert params["load_weights_path"] == str(tmp_path / "out.npz")
    assert (params["N_in"], params["N_rec"], params["N_out"]) == (N_IN, N_REC, N_OUT)
    with np.load(tmp_path / "out.npz", allow_pickle=False) as file:
        w = dict(file)
    # rnn.py, get_effective_W_rec, _in and _out
    dale = bool(w["dale_ratio"].item())
    W_rec, W_in, W_out = (
        w[f"W_{a}"] * w[f"{b}_connectivity"]
        for a, b in (("rec", "rec"), ("in", "input"), ("out", "output"))
    )
    if dale:
        W_rec, W_in = np.abs(W_rec) @ w["Dale_rec"], np.abs(W_in)
        W_out = np.abs(W_out) @ w["Dale_out"]
    masks = make_masks(model, N_IN, N_OUT, connectivity)
    expected = effective(ours.weights, masks)
    for name, W in (("W_rec", W_rec), ("W_in", W_in), ("W_out", W_out)):
        np.testing.assert_allclose(W, expected[name], rtol=1e-6, atol=1e-7, err_msg=name)
    assert dale == (masks.sign is not None)
    assert w["init_state"].shape == (1, N_REC)
    again = import_psychrnn(tmp_path / "out.npz", activation=model.activation)
    np.testing.assert_array_equal(
        simulate(again, random_inputs()).outputs, simulate(ours, random_inputs()).outputs
    )


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (Gru(units=N_REC), "a ctrnn in the current form"),
        (Ctrnn(units=N_REC, form="rate"), "a ctrnn in the current form"),
        (Ctrnn(units=N_REC, readout="softmax"), "readout = softmax"),
    ],
)
def test_what_psychrnn_does_not_have_is_not_written(
    tmp_path: Path, model: Model, said: str
) -> None:
    with pytest.raises(RunError, match=said):
        export_psychrnn(network(model, Connectivity()), tmp_path / "out.npz")
    assert not list(tmp_path.iterdir())
