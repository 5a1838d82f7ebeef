"""After training the weights in force obey every constraint, in every combination allowed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from plain import Plain

from epochal.runtime import update
from epochal.runtime.backend import tf
from epochal.runtime.config import (
    Adam,
    Area,
    Ctrnn,
    Gamma,
    Gru,
    Identity,
    LeakyGru,
    Lstm,
    Model,
    Normal,
    Orthogonal,
    Projection,
    Rmsprop,
    Sgd,
    Training,
)
from epochal.runtime.initial import initial_weights, shapes
from epochal.runtime.network import Network
from epochal.runtime.plasticity import plasticity
from epochal.runtime.weights import Array, Connectivity, effective, make_masks

N_REC, N_IN, N_OUT = 12, 3, 2
AREAS = (Area(name="near", units=8), Area(name="far", units=4, inputs=False))
FORTH = Projection(source="near", target="far", density=0.6)
DEAF = Area(name="deaf", units=8, inputs=False)
SIGNS = np.where(np.arange(N_REC) % 3 == 2, -1.0, 1.0)


@pytest.fixture(autouse=True)
def without_compiling(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update of so small a network takes longer to compile than to run."""
    monkeypatch.setattr(update, "compiled", Plain)


def trained(
    model: Model, connectivity: Connectivity, training: Training, updates: int = 1
) -> tuple[dict[str, Array], dict[str, Array]]:
    """Weights before and after some updates on random numbers."""
    masks = make_masks(model, N_IN, N_OUT, connectivity)
    before = initial_weights(model, masks, 1, connectivity)
    network = Network(model, masks, 20.0)
    factors = plasticity(model, connectivity, before)
    trainer = update.Trainer(network, before, replace(training, average=0.0), factors)
    draw = np.random.default_rng(0)
    for _ in range(updates):
        sizes = (6, 3, N_IN), (6, 3, N_OUT), (6, 3, N_OUT), (3, 6, N_REC)
        arrays = [tf.constant(draw.standard_normal(s), tf.float32) for s in sizes]
        arrays[2] = tf.abs(arrays[2])
        trainer.update(*arrays, tf.constant(3))
    return before, trainer.weights()


def connectivity_of(model: Model, *, masks: bool, fixed: bool, signs: bool) -> Connectivity:
    draw = np.random.default_rng(2)

    def some(*shape: int) -> Array:
        return (draw.random(shape) < 0.7).astype(float)

    names = [
        name for name in ("W_in", "W_rec", "U_rec", "W_out") if name in shapes(model, N_IN, N_OUT)
    ]
    return Connectivity(
        C_in=some(N_REC, N_IN) if masks else None,
        C_rec=some(N_REC, N_REC) if masks and "U_rec" not in names else None,
        C_out=some(N_OUT, N_REC) if masks else None,
        signs=SIGNS if signs else None,
        fixed={name: 1 - some(*shapes(model, N_IN, N_OUT)[name]) for name in names}
        if fixed
        else {},
    )


def check(model: Model, connectivity: Connectivity, training: Training, updates: int = 1) -> None:
    before, after = trained(model, connectivity, training, updates)
    masks = make_masks(model, N_IN, N_OUT, connectivity)
    W = effective(after, masks)
    for name, C in (("W_in", masks.C_in), ("W_rec", masks.C_rec), ("W_out", masks.C_out)):
        absent = np.broadcast_to(C == 0, W[name].shape)
        assert not W[name][absent].any(), name
        assert np.abs(after[name] - before[name]).max() > 1e-4 if name in after else True
    if not model.autapses:
        assert not np.diagonal(W["W_rec"], axis1=-2, axis2=-1).any()
    sign = connectivity.signs
    if isinstance(model, Ctrnn) and model.dale is not None:
        sizes = [area.units for area in model.areas] or [model.units]
        sign = np.concatenate([np.where(np.arange(n) < int(model.dale * n), 1, -1) for n in sizes])
    if sign is not None:
        assert (W["W_rec"] * sign >= 0).all()
        assert (W["W_rec"][:, sign < 0] < 0).any()
        assert (W["W_rec"][:, sign > 0] > 0).any()
        assert (W["W_in"] >= 0).all()
        assert (W["W_out"] >= 0).all()
        assert not W["W_out"][:, sign < 0].any()
    if isinstance(model, Ctrnn) and model.areas:
        assert not W["W_rec"][:8, 8:].any()
        assert not W["W_in"][8:].any()
        assert 0 < (W["W_rec"][8:, :8] != 0).sum() < 4 * 8
    for name, fixed in connectivity.fixed.items():
        start = before[name].astype(np.float32)
        assert (after[name][fixed == 1] == start[fixed == 1]).all(), name
        assert (after[name][fixed == 0] != start[fixed == 0]).any(), name


SGD = Training(optimizer=Sgd(rate=0.5))
ADAM = Training(optimizer=Adam(rate=0.02))


@pytest.mark.parametrize(
    ("dale", "masks", "autapses", "areas", "fixed", "form"),
    [*product((None, 0.75, "signs"), *[(False, True)] * 4, ("current", "rate"))],
)
def test_a_ctrnn_obeys(
    dale: Any, masks: bool, autapses: bool, areas: bool, fixed: bool, form: Any
) -> None:
    model = Ctrnn(
        units=N_REC,
        dale=None if dale == "signs" else dale,
        positive="rectify" if dale and form == "rate" else "abs",
        form=form,
        activation="softplus",
        autapses=autapses,
        areas=AREAS if areas else (),
        projections=(FORTH,) if areas else (),
    )
    given = connectivity_of(model, masks=masks, fixed=fixed, signs=dale == "signs")
    check(model, given, SGD)


@pytest.mark.parametrize("positive", ["abs", "rectify"])
def test_projections_that_excite_and_areas_that_are_not_read_stay_so(positive: Any) -> None:
    mute = (Area(name="near", units=8, outputs=False), Area(name="far", units=4, inputs=False))
    model = Ctrnn(
        units=N_REC,
        dale=0.75,
        positive=positive,
        autapses=False,
        areas=mute,
        projections=(replace(FORTH, excitatory=True),),
    )
    check(model, Connectivity(), SGD, updates=3)
    _, after = trained(model, Connectivity(), SGD, updates=3)
    W = effective(after, make_masks(model, N_IN, N_OUT))
    assert not W["W_rec"][8:, 6:8].any()  # the inhibitory units of the near area
    assert (W["W_rec"][8:, :6] > 0).any()
    assert not W["W_out"][:, :8].any()
    assert (W["W_out"][:, 8:11] > 0).any()


@pytest.mark.parametrize(
    ("model", "masks", "autapses", "fixed"),
    [*product((Gru, LeakyGru, Lstm), *[(False, True)] * 3)],
)
def test_a_gated_network_obeys(model: Any, masks: bool, autapses: bool, fixed: bool) -> None:
    made = model(units=N_REC, autapses=autapses)
    check(made, connectivity_of(made, masks=masks, fixed=fixed, signs=False), SGD)


@pytest.mark.parametrize(("masks", "fixed"), [*product((False, True), (False, True))])
def test_a_network_of_low_rank_obeys_and_keeps_its_rank(masks: bool, fixed: bool) -> None:
    model = Ctrnn(units=N_REC, rank=2)
    given = connectivity_of(model, masks=masks, fixed=fixed, signs=False)
    check(model, given, ADAM)
    _, after = trained(model, given, ADAM)
    W_rec = effective(after, make_masks(model, N_IN, N_OUT, given))["W_rec"]
    assert (np.linalg.svd(W_rec)[1] > 1e-6).sum() == 2


@pytest.mark.parametrize("optimizer", [Sgd(rate=0.5, momentum=0.9), Adam(rate=0.02), Rmsprop()])
def test_fixed_weights_stay_under_every_optimizer(optimizer: Any) -> None:
    model = Ctrnn(units=N_REC)
    given = connectivity_of(model, masks=False, fixed=True, signs=False)
    check(model, given, Training(optimizer=optimizer), updates=3)


def test_the_running_average_of_a_fixed_weight_is_that_weight() -> None:
    model = Ctrnn(units=N_REC, train_bias=False, bias=0.3)
    given = connectivity_of(model, masks=False, fixed=True, signs=False)
    masks = make_masks(model, N_IN, N_OUT, given)
    before = initial_weights(model, masks, 1, given)
    network, factors = Network(model, masks, 20.0), plasticity(model, given, before)
    trainer = update.Trainer(network, before, replace(SGD, average=0.9), factors)
    sizes = (6, 3, N_IN), (6, 3, N_OUT), (6, 3, N_OUT), (3, 6, N_REC)
    feed = [tf.constant(np.random.default_rng(0).random(s), tf.float32) for s in sizes]
    for _ in range(5):
        trainer.update(*feed, tf.constant(3))
    after = trainer.weights()
    for name, fixed in (*given.fixed.items(), ("b_rec", np.ones(N_REC))):
        assert (after[name] == before[name].astype(np.float32))[fixed == 1].all(), name


@pytest.mark.parametrize("optimizer", [Sgd(rate=0.1, clip=None), Adam(rate=0.02, clip=None)])
def test_plasticity_is_what_updates_are_multiplied_by(optimizer: Any) -> None:
    def moved(factor: float) -> Array:
        factors = np.ones((N_REC, N_REC))
        factors[0] = factor
        given = Connectivity(plasticity={"W_rec": factors})
        model = Ctrnn(units=N_REC)
        masks = make_masks(model, N_IN, N_OUT, given)
        before = initial_weights(model, masks, 1, given)
        training = Training(optimizer=optimizer, average=0.0)
        trainer = update.Trainer(
            Network(model, masks, 20.0), before, training, plasticity(model, given, before)
        )
        draw = np.random.default_rng(0)
        sizes = (6, 3, N_IN), (6, 3, N_OUT), (6, 3, N_OUT), (3, 6, N_REC)
        trainer.update(*(tf.constant(draw.random(s), tf.float32) for s in sizes), tf.constant(3))
        change: Array = trainer.weights()["W_rec"] - before["W_rec"].astype(np.float32)
        return change

    whole, half = moved(1.0), moved(0.25)
    np.testing.assert_allclose(half[0], 0.25 * whole[0], atol=1e-7)
    np.testing.assert_allclose(half[1:], whole[1:], atol=1e-7)
    assert not moved(0.0)[0].any()


@pytest.mark.parametrize("model", [Ctrnn, Gru, LeakyGru, Lstm])
def test_biases_and_the_first_state_may_be_fixed(model: Any) -> None:
    frozen = model(
        units=N_REC,
        bias=0.25,
        output_bias=-0.5,
        initial=0.75,
        initial_sd=0.0,
        train_bias=False,
        train_output_bias=False,
        train_initial=False,
    )
    before, after = trained(frozen, Connectivity(), ADAM)
    for name, value in (("b_out", -0.5), ("initial", 0.75)):
        assert (after[name] == value).all()
    assert (after["b_rec"] == before["b_rec"].astype(np.float32)).all()
    assert (after["b_rec"] == 0.25).any()
    free = trained(model(units=N_REC), Connectivity(), ADAM)
    assert all((free[1][name] != free[0][name]).any() for name in ("b_rec", "b_out", "initial"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Ctrnn(rank=0), "rank = 0"),
        (lambda: Ctrnn(rank=2, dale=0.8), "dale cannot be joined with rank"),
        (lambda: Ctrnn(rank=2, autapses=False), "autapses = false cannot be joined with rank"),
        (lambda: Ctrnn(rank=2, init_rec=Normal()), "init_rec other than spectral .* rank"),
        (lambda: Ctrnn(units=12, rank=2, areas=AREAS), "areas cannot be joined with rank"),
        (lambda: Ctrnn(areas=AREAS), "have 12 units together, but units = 100"),
        (lambda: Ctrnn(units=16, areas=(AREAS[0],) * 2), "areas have different names"),
        (
            lambda: Ctrnn(units=12, areas=(*AREAS[1:], DEAF)),
            "no area has inputs",
        ),
        (lambda: Ctrnn(units=12, areas=AREAS, dale=0.2), "only one kind of unit"),
        (lambda: Ctrnn(projections=(FORTH,)), "projections connect areas: give areas, too"),
        (
            lambda: Ctrnn(units=8, areas=AREAS[:1], projections=(FORTH,)),
            "projection = 'far' is not allowed: projection must be between areas: near",
        ),
        (
            lambda: Ctrnn(units=12, areas=AREAS, projections=(replace(FORTH, excitatory=True),)),
            "needs Dale's law",
        ),
        (lambda: Projection(source="a", target="a"), "another area than the source"),
        (lambda: Ctrnn(init_rec=Identity(), autapses=False), "leaves nothing without autapses"),
        (lambda: Ctrnn(init_rec=Normal(), radius=1.2), "radius and persistence are only used"),
        (lambda: Ctrnn(power=3.0), "only used with activation = power"),
        (lambda: Ctrnn(activation="power", power=0.5), "power must be 1 or more"),
        (lambda: Gru(init_rec=Gamma()), "are for ctrnn"),
        (lambda: Lstm(variant="peephole"), "variant = 'peephole' .* standard, psychrnn"),  # type: ignore[arg-type]
    ],
)
def test_a_model_that_contradicts_itself_is_refused(
    make: Callable[[], object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        make()


SMALL = Ctrnn(units=3)
ONES = np.ones((3, 3))


@pytest.mark.parametrize(
    ("model", "given", "message"),
    [
        (SMALL, Connectivity(C_rec=-ONES), "C_rec must hold 0 where there is no connection"),
        (Ctrnn(units=3, rank=1), Connectivity(C_rec=ONES), "C_rec cannot be joined with rank"),
        (Gru(units=3), Connectivity(signs=np.array([1, 1, -1])), "signs .* model = ctrnn"),
        (Ctrnn(units=3, dale=0.7), Connectivity(signs=np.array([1, 1, -1])), "leave one of them"),
        (SMALL, Connectivity(signs=np.array([1, -1])), r"shape \(2,\), but there are 3 units"),
        (SMALL, Connectivity(signs=np.array([1, 0, -1])), "signs must be 1 for excitatory"),
        (SMALL, Connectivity(signs=np.array([1, 1, 1])), "with some of each"),
        (SMALL, Connectivity(fixed={"W": ONES}), "there is no weight 'W'; there are W_in"),
        (SMALL, Connectivity(fixed={"W_rec": ONES / 2}), "fixed: W_rec must hold 1 where"),
        (SMALL, Connectivity(fixed={"W_in": ONES}), r"\(3, 3\), but .* \(3, 2\)"),
        (SMALL, Connectivity(plasticity={"W_rec": -ONES}), "plasticity: W_rec must hold"),
        (SMALL, Connectivity(start={"W": ONES}), "start: there is no weight 'W'"),
        (SMALL, Connectivity(start={"W_in": ONES}), r"finite numbers of shape \(3, 2\)"),
        (SMALL, Connectivity(C_rec=np.eye(3), start={"W_rec": ONES}), "allow no connection"),
        (Ctrnn(units=3, autapses=False), Connectivity(start={"W_rec": ONES}), "no connection"),
        (Ctrnn(units=3, dale=0.7), Connectivity(start={"W_rec": ONES}), "Dale's law forbids"),
        (Ctrnn(units=3, dale=0.7), Connectivity(start={"W_out": ONES[:1]}), "no connection"),
        (Ctrnn(units=3, init_rec=Gamma()), Connectivity(), "gamma needs Dale's law"),
        (Ctrnn(units=3, positive="rectify"), Connectivity(), "rectify needs Dale's law"),
        (Ctrnn(units=3, dale=0.7, init_rec=Orthogonal()), Connectivity(), "no sense under Dale"),
    ],
)
def test_arrays_that_contradict_the_model_are_refused(
    model: Model, given: Connectivity, message: str
) -> None:
    def put_together() -> None:
        masks = make_masks(model, 2, 1, given)
        plasticity(model, given, initial_weights(model, masks, 0, given))

    with pytest.raises(ValueError, match=message):
        put_together()
