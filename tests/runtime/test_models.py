"""Networks of every kind are trained, kept, read and evaluated; old runs still are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from plain import Plain
from safetensors.numpy import save_file
from sides import Sides
from test_own_cell import CODE, Softplus

from epochal.runtime import backend, update
from epochal.runtime.backend import Tensor, tf
from epochal.runtime.config import (
    Adam,
    Area,
    Bce,
    Cce,
    Cosine,
    Ctrnn,
    Exponential,
    Gamma,
    Gru,
    LeakyGru,
    Lstm,
    Model,
    Mse,
    Omega,
    Optimizer,
    OwnCell,
    OwnLoss,
    Profile,
    Projection,
    RatePenalty,
    Rmsprop,
    Sgd,
    Stop,
    Training,
    WeightPenalty,
    from_json,
    to_json,
)
from epochal.runtime.errors import RunError
from epochal.runtime.evaluate import evaluate, forward_of
from epochal.runtime.experiment import train_into
from epochal.runtime.initial import initial_weights
from epochal.runtime.noise import noise_sd
from epochal.runtime.optimize import clipped, optimizer_of
from epochal.runtime.own import NO_CODE, OwnCode
from epochal.runtime.rundir import Run, read_run
from epochal.runtime.train import train
from epochal.runtime.weights import Array, Connectivity, make_masks

SPARSE = Connectivity(
    C_in=np.tri(10, 3),
    signs=np.where(np.arange(10) < 8, 1.0, -1.0),
    fixed={"W_rec": np.eye(10)},
    plasticity={"W_out": np.full((2, 10), 0.5)},
    start={"W_rec": 0.3 * np.eye(10) * np.where(np.arange(10) < 8, 1.0, -1.0)},
)
HALVES = (Area(name="a", units=5), Area(name="b", units=5))


def profile(model: Model, **training: Any) -> Profile:
    few = Training(batch=8, updates=3, every=3, trials=16, **training)
    return Profile(model=model, training=few)


SONG = profile(
    Ctrnn(
        units=10,
        dale=0.8,
        positive="rectify",
        init_rec=Gamma(),
        radius=1.5,
        persistence=0,
        noise=0.15,
        train_bias=False,
    ),
    optimizer=Sgd(),
    regularizers=(Omega(), WeightPenalty(matrix="recurrent", l2=1e-3)),
)
YANG = profile(
    Ctrnn(units=10, form="rate", activation="softplus", readout="sigmoid"),
    loss=Mse("psychrnn"),
    optimizer=Adam(clipping="value", schedule=Cosine(updates=10)),
    regularizers=(RatePenalty(l1=1e-3, l2=1e-3),),
)


class Single(Softplus):
    """The same cell in single precision."""

    def begin(self, w: Mapping[str, Tensor], n_batch: int) -> tuple[Tensor, ...]:
        return (tf.tile(w["initial"][None], [n_batch, 1]), tf.zeros([n_batch, 1]))


KINDS: dict[str, tuple[Profile, Connectivity, OwnCode]] = {
    "song": (SONG, Connectivity(), NO_CODE),
    "yang": (YANG, Connectivity(), NO_CODE),
    "signs": (profile(Ctrnn(units=10)), SPARSE, NO_CODE),
    "areas": (
        profile(
            Ctrnn(
                units=10,
                areas=HALVES,
                dale=0.6,
                projections=(Projection(source="a", target="b", density=0.5, excitatory=True),),
            )
        ),
        Connectivity(),
        NO_CODE,
    ),
    "rank": (profile(Ctrnn(units=10, rank=2)), Connectivity(), NO_CODE),
    "leaky gru": (
        profile(
            LeakyGru(units=10, readout="softmax"),
            loss=Cce(),
            optimizer=Rmsprop(schedule=Exponential(factor=0.5, updates=2)),
        ),
        Connectivity(fixed={"W_in": np.zeros((10, 3))}),
        NO_CODE,
    ),
    "lstm": (
        profile(Lstm(units=10, readout="sigmoid"), loss=Bce()),
        Connectivity(C_rec=np.tri(10)),
        NO_CODE,
    ),
    "own": (
        profile(OwnCell(cell="softplus", units=10, options={"tau": 100.0}), loss=OwnLoss("cubic")),
        Connectivity(),
        OwnCode(
            cells={"softplus": Single},
            losses={"cubic": lambda y, target, w: tf.reduce_mean(w * abs(y - target) ** 3)},
        ),
    ),
}


def outputs_of(run: Run, own: OwnCode) -> np.ndarray:
    batch = Sides().batch(4, dt=20.0, seed=1)
    noise = np.zeros((*batch.inputs.shape[1::-1], run.record.profile.model.units), np.float32)
    return forward_of(run, own)(batch.inputs, noise, int(batch.lengths.max()))


@pytest.fixture
def without_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update of so small a network takes longer to compile than to run."""
    for module in (update, backend):
        monkeypatch.setattr(module, "compiled", Plain)


@pytest.mark.usefixtures("without_compiling")
@pytest.mark.parametrize("kind", KINDS)
def test_a_run_of_any_model_is_trained_kept_and_evaluated(kind: str, tmp_path: Path) -> None:
    wanted, connectivity, own = KINDS[kind]
    record = train_into(tmp_path, Sides(), wanted, connectivity=connectivity, own=own, seed=2)
    assert record.updates == 3
    run = read_run(tmp_path)
    assert run.record.profile == wanted
    for name in ("C_in", "C_rec", "C_out", "signs"):
        kept, given = getattr(run.connectivity, name), getattr(connectivity, name)
        assert (kept is None) == (given is None)
        if given is not None:
            np.testing.assert_array_equal(kept, given)
    for table in ("fixed", "plasticity", "start"):
        kept, given = getattr(run.connectivity, table), getattr(connectivity, table)
        assert set(kept) == set(given)
        for name, array in given.items():
            np.testing.assert_array_equal(kept[name], array.astype(np.float32))
    found = evaluate(run, Sides(), trials=20, own=own)
    assert found.total.counted == 20
    outputs = outputs_of(run, own)
    assert np.isfinite(outputs).all()
    if wanted.model.readout == "softmax":
        np.testing.assert_allclose(outputs.sum(axis=2), 1, rtol=1e-5)
    if wanted.model.readout == "sigmoid":
        assert ((outputs > 0) & (outputs < 1)).all()
    with_masks = make_masks(wanted.model, 3, 2, run.connectivity)
    again = make_masks(wanted.model, 3, 2, connectivity)
    np.testing.assert_array_equal(with_masks.C_rec, again.C_rec)


@pytest.mark.parametrize("kind", ["song", "leaky gru", "own"])
def test_the_compiled_update_is_the_plain_one(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, connectivity, own = KINDS[kind]

    def made() -> dict[str, Array]:
        return train(Sides(), wanted, connectivity=connectivity, own=own).weights

    quick = made()
    monkeypatch.setattr(update, "compiled", Plain)
    for name, expected in made().items():
        np.testing.assert_allclose(quick[name], expected, atol=1e-5, err_msg=name)


@pytest.mark.usefixtures("without_compiling")
def test_a_run_with_an_own_cell_needs_it_for_evaluation(tmp_path: Path) -> None:
    wanted, _, own = KINDS["own"]
    with pytest.raises(RunError, match="a cell of your own, 'softplus', which was not given"):
        train_into(tmp_path / "run", Sides(), wanted)
    assert not list(tmp_path.iterdir())
    train_into(tmp_path, Sides(), wanted, own=own)
    with pytest.raises(RunError, match="a cell of your own, 'softplus', which was not given"):
        evaluate(read_run(tmp_path), Sides())
    assert "softplus" in CODE.cells


def test_arrays_that_do_not_fit_leave_no_run(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="fixed: there is no weight 'W'"):
        train_into(
            tmp_path / "run", Sides(), SONG, connectivity=Connectivity(fixed={"W": np.eye(2)})
        )
    assert not list(tmp_path.iterdir())


OLD = {
    "model": {
        "units": 6,
        "tau": 80.0,
        "activation": "tanh",
        "noise": 0.1,
        "dale": 0.5,
        "autapses": False,
        "radius": 0.9,
        "persistence": 0.25,
    },
    "training": {
        "optimizer": {"rate": 0.01, "clip": 2.0, "clipping": "each", "beta1": 0.8},
        "loss": "mse",
        "batch": 64,
    },
}


def test_a_profile_from_before_there_were_several_models_reads_as_it_was_meant() -> None:
    model = Ctrnn(
        units=6,
        tau=80.0,
        activation="tanh",
        noise=0.1,
        dale=0.5,
        autapses=False,
        radius=0.9,
        persistence=0.25,
    )
    training = Training(
        optimizer=Adam(rate=0.01, clip=2.0, clipping="each", beta1=0.8),
        loss=Mse("psychrnn"),
        batch=64,
    )
    assert from_json(json.dumps(OLD)) == Profile(model=model, training=training)
    assert from_json('{"training": {"loss": "mse_normalized"}}') == Profile()


@pytest.mark.usefixtures("without_compiling")
def test_a_run_from_before_there_were_several_models_is_read(tmp_path: Path) -> None:
    old = Profile(model=Ctrnn(units=6))
    train_into(tmp_path, Sides(), profile(old.model), seed=1)
    record = json.loads((tmp_path / "run.json").read_text())
    record["profile"] = {"model": {"units": 6}, "training": {"loss": "mse_normalized"}}
    (tmp_path / "run.json").write_text(json.dumps(record))
    weights = read_run(tmp_path).weights
    save_file(weights, tmp_path / "weights.safetensors", {"model": '{"units": 6}'})
    run = read_run(tmp_path)
    assert run.record.profile == old
    assert list(run.weights) == sorted(weights)


@pytest.mark.parametrize("kind", KINDS)
def test_profiles_of_any_model_survive_json(kind: str) -> None:
    wanted, _, _ = KINDS[kind]
    assert from_json(to_json(wanted)) == wanted


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: profile(Ctrnn(), loss=Bce()), "bce needs a model with readout = sigmoid"),
        (lambda: profile(Gru(), loss=Cce()), "cce needs a model with readout = softmax"),
        (lambda: profile(Gru(), regularizers=(Omega(),)), "omega needs model = ctrnn"),
        (lambda: profile(Ctrnn(form="rate"), regularizers=(Omega(),)), "with form = current"),
        (lambda: profile(LeakyGru(tau=10.0)), "dt = 20.0 ms is longer than tau = 10.0 ms"),
        (lambda: profile("ctrnn"), "model = 'ctrnn' .* one of ctrnn, gru"),  # type: ignore[arg-type]
        (lambda: profile(Ctrnn(), optimizer="adam"), "one of adam, sgd, rmsprop"),
        (lambda: profile(Ctrnn(), regularizers=("l2",)), "of weights, rates, omega, own"),
        (lambda: Adam(clip=0.0), "clip = 0.0"),
        (lambda: Sgd(momentum=1.0), "momentum = 1.0"),
        (lambda: WeightPenalty(matrix="recurrent"), "needs l1 or l2 above 0"),
        (lambda: RatePenalty(l2=-1.0), "l2 = -1.0"),
        (lambda: Mse("sum"), "normalization = 'sum' .* normalized, psychrnn, mean"),  # type: ignore[arg-type]
        (lambda: Exponential(factor=2.0, updates=1), "factor = 2.0"),
        (lambda: Cosine(updates=0), "updates = 0"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("record", "rates"),
    [
        (Adam(rate=0.1), (0.1, 0.1)),
        (Sgd(rate=0.1, schedule=Exponential(factor=0.5, updates=10)), (0.1, 0.025)),
        (Rmsprop(rate=0.1, schedule=Cosine(updates=40)), (0.1, 0.05)),
        (Rmsprop(rate=0.1, schedule=Cosine(updates=20, final=0.25)), (0.1, 0.025)),
    ],
)
def test_learning_rates_follow_their_schedule(
    record: Optimizer, rates: tuple[float, float]
) -> None:
    optimizer = optimizer_of(record)
    found = []
    for updates in (0, 20):
        optimizer.iterations.assign(updates)
        found.append(float(optimizer.learning_rate))
    assert found == pytest.approx(rates, rel=1e-5)


def test_gradients_are_clipped_as_the_record_says() -> None:
    gradients = [tf.constant([3.0, 4.0]), tf.constant([0.0, 12.0])]

    def lengths(record: Optimizer) -> list[list[float]]:
        return [d.numpy().tolist() for d in clipped(gradients, record)]

    assert lengths(Adam(clip=None)) == [[3, 4], [0, 12]]
    assert lengths(Adam(clip=6.5)) == [[1.5, 2], [0, 6]]
    assert lengths(Adam(clip=10, clipping="each")) == [[3, 4], [0, 10]]
    assert lengths(Adam(clip=3.5, clipping="value")) == [[3, 3.5], [0, 3.5]]


@pytest.mark.parametrize("largest", [1e25, 1e37])
def test_a_gradient_whose_square_is_no_float32_is_clipped_like_any_other(largest: float) -> None:
    gradients = [tf.constant([0.6 * largest, 0.0]), tf.constant([0.8 * largest])]
    first, second = clipped(gradients, Adam(clip=2.0))
    np.testing.assert_allclose(first, [1.2, 0.0], rtol=1e-6)
    np.testing.assert_allclose(second, [1.6], rtol=1e-6)


def test_noise_means_as_much_at_every_step_size() -> None:
    assert noise_sd(Ctrnn(noise=0.1), 20) == pytest.approx(0.1 * np.sqrt(0.4))
    for model in (Ctrnn(noise=0.1, form="rate"), LeakyGru(noise=0.1)):
        assert noise_sd(model, 20) == pytest.approx(0.1 * np.sqrt(10))
    assert noise_sd(Gru(noise=0.1), 20) == 0.1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["song", "yang", "rank", "leaky gru", "lstm"])
def test_networks_of_every_kind_learn_a_small_task(kind: str) -> None:
    model = KINDS[kind][0].model
    training = Training(
        batch=32,
        updates=600,
        every=20,
        trials=128,
        optimizer=Adam(rate=0.01),
        stop=Stop(accuracy=0.95),
    )
    trained = train(Sides(), Profile(model=model, training=training))
    assert trained.accuracy >= 0.95
    assert initial_weights(model, make_masks(model, 3, 2), 0).keys() == trained.weights.keys()
