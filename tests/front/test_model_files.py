"""Every model, loss, regulariser and optimiser can be written in a .train file."""

from __future__ import annotations

from pathlib import Path

import pytest

from epochal.cli.profile import profile_of
from epochal.driver import Session
from epochal.experiments.save import train_text
from epochal.prepare import prepare
from epochal.runtime.config import (
    Adam,
    Area,
    Cce,
    Cosine,
    Ctrnn,
    Gamma,
    Gru,
    LeakyGru,
    Lstm,
    Mse,
    Normal,
    Omega,
    Profile,
    Projection,
    RatePenalty,
    Sgd,
    Training,
    Uniform,
    WeightPenalty,
)

SONG = """epochal 1

experiment song:
    task: "epochal:rdm"
    dt: 20 ms
    model: ctrnn(
        100,
        tau = 100 ms,
        dale = 80%,
        positive = rectify,
        noise = 0.15,
        autapses = false,
        init_in = uniform(0.1),
        init_rec = gamma,
        radius = 1.5,
        persistence = 0,
        train_bias = false,
    )

    train:
        optimizer: sgd(1e-2, clip = 1)
        loss: mse(normalized)
        regularizers: [omega(2), weights(recurrent, l2 = 1e-4), rates(l2 = 1e-3)]
        batch: 20
"""


def read(folder: Path, text: str) -> Profile:
    path = folder / "one.train"
    path.write_text(text, "utf-8")
    session = Session()
    found = prepare(str(path), {}, session)
    assert found is not None, [one.message for one in session.diagnostics]
    return found.plan.profile


def test_a_network_of_song_2016_is_one_page(tmp_path: Path) -> None:
    model = Ctrnn(
        units=100,
        dale=0.8,
        positive="rectify",
        noise=0.15,
        autapses=False,
        init_in=Uniform(0.1),
        init_rec=Gamma(),
        radius=1.5,
        persistence=0,
        train_bias=False,
    )
    training = Training(
        optimizer=Sgd(rate=1e-2),
        regularizers=(
            Omega(),
            WeightPenalty(matrix="recurrent", l2=1e-4),
            RatePenalty(l2=1e-3),
        ),
        batch=20,
    )
    assert read(tmp_path, SONG) == Profile(model=model, training=training)


def test_an_option_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="gru has no dale: leave it out"):
        profile_of({"dale": 0.8, "units": None}, {}, None, None, Profile(model=Gru()))


PROFILES = [
    Profile(
        model=Ctrnn(
            units=10,
            areas=(Area(name="near", units=6), Area(name="far", units=4, inputs=False)),
            projections=(Projection(source="near", target="far", density=0.5),),
        )
    ),
    Profile(model=Ctrnn(form="rate", rank=2, activation="power", power=3.0)),
    Profile(
        model=Gru(readout="softmax"),
        training=Training(loss=Cce("mean"), optimizer=Adam(schedule=Cosine(updates=9), clip=None)),
    ),
    Profile(model=LeakyGru(tau=50.0), training=Training(loss=Mse("psychrnn"))),
    Profile(model=Lstm(variant="psychrnn", init_rec=Normal(0.1))),
]


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_that_is_saved_as_a_file_means_the_same(profile: Profile, tmp_path: Path) -> None:
    text = train_text("one", "epochal:rdm", "", profile, (0,)).replace('    pin: ""\n', "")
    assert read(tmp_path, text) == profile


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("ctrnn(rank = 2, dale = 80%)", "dale cannot be joined with rank"),
        ("gru(dale = 80%)", "there is no setting of `gru` `dale`"),
        ('own(cell = "mine", options = 3)', "`options` is given in Python, not in a file"),
    ],
)
def test_what_makes_no_sense_is_refused_where_it_stands(
    model: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / "one.train"
    path.write_text(
        f'epochal 1\n\nexperiment one:\n    task: "epochal:rdm"\n    model: {model}\n', "utf-8"
    )
    session = Session()
    assert prepare(str(path), {}, session) is None
    assert message in " ".join(one.message for one in session.diagnostics)
